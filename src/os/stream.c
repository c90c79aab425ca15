#include "os/stream.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

enum { PORT_MAX = 65535, SERVER_BYTES_MAX = 260, WAIT_MS_MAX = 3600 * 1000 };

struct stream {
    struct stream_peer peer;
    CURLM *multi; /* outlives connections: it is what others wake */
    CURL *easy;   /* the connection; NULL: idle */
    bool is_ready;
    struct buf unsent;
    char reason[CURL_ERROR_SIZE];
};

bool stream_check_server(const char *server, struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:[]";
    const char *colon = strrchr(server, ':');
    const size_t n = strlen(server);
    int64_t port = 0;
    const bool is_ok = colon && colon != server && n <= SERVER_BYTES_MAX &&
                       strspn(server, allowed) == n && colon[1] != '+' && colon[1] != '-' &&
                       num_parse_i64(colon + 1, strlen(colon + 1), &port) && port > 0 &&
                       port <= PORT_MAX;
    const bool is_bare_v6 =
        is_ok && memchr(server, ':', (size_t)(colon - server)) && colon[-1] != ']';
    if (is_ok && !is_bare_v6)
        return true;
    err_set(err, ERR_INPUT, "'%.80s' is no server", server);
    err_hint(err, "write host:port, or [IPv6]:port");
    return false;
}

bool stream_open(const struct stream_peer *peer, struct stream **out, struct err *err)
{
    CURLM *multi = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_multi_init() : NULL;
    if (!multi)
        return FAIL(err, ERR_BUSY, "the network library did not start");
    struct stream *stream = mem_zalloc(sizeof *stream);
    stream->peer = *peer;
    stream->multi = multi;
    buf_init(&stream->unsent, STREAM_UNSENT_MAX);
    *out = stream;
    return true;
}

void stream_drop(struct stream *stream)
{
    if (stream->easy) {
        curl_multi_remove_handle(stream->multi, stream->easy);
        curl_easy_cleanup(stream->easy);
    }
    stream->easy = NULL;
    stream->is_ready = false;
    buf_clear(&stream->unsent);
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    stream_drop(stream);
    curl_multi_cleanup(stream->multi);
    buf_done(&stream->unsent);
    mem_free(stream);
}

enum stream_state stream_state(const struct stream *stream)
{
    if (!stream->easy)
        return STREAM_IDLE;
    return stream->is_ready ? STREAM_READY : STREAM_CONNECTING;
}

/* The connection is over. Always false. */
static bool lose(struct stream *stream, const char *what, struct err *err)
{
    err_set(err, ERR_BUSY, "%s: %s", stream->peer.server, what);
    stream_drop(stream);
    return false;
}

static bool set_up(struct stream *stream)
{
    char url[SERVER_BYTES_MAX + 16];
    CURL *easy = stream->easy;
    const struct stream_peer *peer = &stream->peer;
    snprintf(url, sizeof url, "%s://%s", peer->has_tls ? "https" : "http", peer->server);
    bool is_ok = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L) == CURLE_OK;
    is_ok =
        is_ok && curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, stream->reason) == CURLE_OK;
    is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                                      (long)STREAM_CONNECT_MS_MAX) == CURLE_OK;
    if (peer->ca_file[0])
        is_ok = is_ok && curl_easy_setopt(easy, CURLOPT_CAINFO, peer->ca_file) == CURLE_OK;
    return is_ok;
}

bool stream_connect(struct stream *stream, struct err *err)
{
    BUG_IF(stream->easy != NULL);
    stream->reason[0] = '\0';
    CURL *easy = curl_easy_init();
    if (!easy)
        return FAIL(err, ERR_BUSY, "the network library has no room");
    stream->easy = easy;
    if (!set_up(stream) || curl_multi_add_handle(stream->multi, easy) != CURLM_OK)
        return lose(stream, "the network library cannot connect there", err);
    return true;
}

/* Has connecting come to its end? */
static bool go_on_connecting(struct stream *stream, struct err *err)
{
    int n_running, n_left;
    if (curl_multi_perform(stream->multi, &n_running) != CURLM_OK)
        return lose(stream, "the network library failed", err);
    const CURLMsg *told = curl_multi_info_read(stream->multi, &n_left);
    if (!told || told->msg != CURLMSG_DONE)
        return true;
    const CURLcode code = told->data.result;
    if (code != CURLE_OK)
        return lose(stream, stream->reason[0] ? stream->reason : curl_easy_strerror(code), err);
    stream->is_ready = true;
    return true;
}

static bool send_some(struct stream *stream, struct err *err)
{
    while (stream->unsent.n) {
        size_t n = 0;
        const CURLcode code = curl_easy_send(stream->easy, stream->unsent.at, stream->unsent.n, &n);
        if (code == CURLE_AGAIN)
            return true;
        if (code != CURLE_OK)
            return lose(stream, "the connection was lost", err);
        memmove(stream->unsent.at, stream->unsent.at + n, stream->unsent.n - n);
        stream->unsent.n -= n;
    }
    return true;
}

bool stream_wait(struct stream *stream, int64_t wait_ms, struct err *err)
{
    struct curl_waitfd own = {.fd = -1, .events = CURL_WAIT_POLLIN};
    const bool was_ready = stream->is_ready;
    int n_ready;
    if (stream->easy && !stream->is_ready && !go_on_connecting(stream, err))
        return false;
    if (stream->is_ready && (!was_ready || !send_some(stream, err)))
        return stream->is_ready;
    if (stream->is_ready) {
        curl_socket_t fd = CURL_SOCKET_BAD;
        (void)curl_easy_getinfo(stream->easy, CURLINFO_ACTIVESOCKET, &fd);
        if (fd == CURL_SOCKET_BAD)
            return lose(stream, "the connection was lost", err);
        own.fd = fd;
        if (stream->unsent.n)
            own.events |= CURL_WAIT_POLLOUT;
    }
    const int ms = (int)min_i64(max_i64(wait_ms, 0), WAIT_MS_MAX);
    if (curl_multi_poll(stream->multi, &own, own.fd >= 0, ms, &n_ready) != CURLM_OK)
        return lose(stream, "the network library failed", err);
    if (stream->easy && !stream->is_ready)
        return go_on_connecting(stream, err);
    return !stream->is_ready || send_some(stream, err);
}

bool stream_read(struct stream *stream, void *out, size_t room, size_t *out_n, struct err *err)
{
    *out_n = 0;
    if (!stream->is_ready)
        return true;
    const CURLcode code = curl_easy_recv(stream->easy, out, room, out_n);
    if (code == CURLE_AGAIN)
        return true;
    if (code != CURLE_OK)
        return lose(stream, "the connection was lost", err);
    return *out_n > 0 || lose(stream, "the server closed the connection", err);
}

bool stream_write(struct stream *stream, const void *bytes, size_t n, struct err *err)
{
    if (!stream->is_ready)
        return FAIL(err, ERR_BUSY, "%s: not connected", stream->peer.server);
    buf_add(&stream->unsent, bytes, n);
    if (stream->unsent.is_full) {
        (void)lose(stream, "it takes nothing any more", err);
        err->kind = ERR_LIMIT;
        return false;
    }
    return send_some(stream, err);
}

size_t stream_unsent(const struct stream *stream)
{
    return stream->unsent.n;
}

void stream_wake(struct stream *stream)
{
    (void)curl_multi_wakeup(stream->multi);
}
