#include "os/fetch_plain.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "os/answer.h"
#include "os/child.h"
#include "os/fetch.h"
#include "os/file.h"
#include "os/hold.h"
#include "os/realtime.h"
#include "os/url.h"

enum {
    LOOK_MS = 100, /* between two looks whether it is still wanted */
    READ_BYTES = 16 * 1024,
    HEAD_BYTES_MAX = 64 * 1024, /* of a request: more than any server takes */
};

struct fetch {
    int fd;                        /* -1: none */
    char origin[URL_ORIGIN_BYTES]; /* with whom */
    int64_t retry_after_s;
    struct answer answer;
};

/* One exchange. */
struct exchange {
    struct fetch *fetch;
    const struct fetch_request *request;
    struct url url;
    char origin[URL_ORIGIN_BYTES];
    int64_t until_us;
    struct buf *body;
    bool is_heard; /* at least a byte came */
};

enum outcome {
    ANSWERED,
    UNHEARD, /* the connection broke before a byte came; err says so */
    FAILED,
};

static const char *env(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody here changes it */
    return value && value[0] ? value : NULL;
}

/* As libcurl has it, with fetch.c's exceptions for this machine. */
static bool has_proxy(struct str host)
{
    if (!env("http_proxy") && !env("all_proxy") && !env("ALL_PROXY"))
        return false;
    const bool is_here =
        str_is(host, "localhost") || str_is(host, "127.0.0.1") || str_is(host, "::1");
    return !is_here || env("no_proxy") || env("NO_PROXY");
}

bool fetch_plain_takes(const char *url)
{
    struct url parsed;
    return url_parse(url, &parsed) && !has_proxy(parsed.host);
}

bool fetch_open(struct fetch **out, struct err *err)
{
    (void)err;
    struct fetch *fetch = mem_zalloc(sizeof *fetch);
    fetch->fd = -1;
    *out = fetch;
    return true;
}

static void hang_up(struct fetch *fetch)
{
    fd_done(&fetch->fd);
    fetch->fd = -1;
}

void fetch_close(struct fetch *fetch)
{
    if (!fetch)
        return;
    hang_up(fetch);
    mem_free(fetch);
}

int64_t fetch_retry_after_s(const struct fetch *fetch)
{
    return fetch->retry_after_s;
}

/* Until the socket is ready for one of events. err: ERR_BUSY, ERR_IO */
MUST_CHECK static bool await(const struct exchange *x, short events, struct err *err)
{
    const _Atomic bool *is_ending = x->request->is_ending;
    for (;;) {
        const int64_t left_us = x->until_us - monotonic_us();
        if ((is_ending && *is_ending) || child_waiting_signal() != 0)
            return FAIL(err, ERR_BUSY, "%s: interrupted", x->origin);
        if (left_us <= 0)
            return FAIL(err, ERR_BUSY, "%s: no answer within %lld ms", x->origin,
                        (long long)x->request->wait_ms);
        struct pollfd ready = {.fd = x->fetch->fd, .events = events};
        const int n = poll(&ready, 1, (int)min_i64(left_us / 1000 + 1, LOOK_MS));
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return FAIL(err, ERR_IO, "%s", x->origin);
    }
}

MUST_CHECK static bool connect_to(struct exchange *x, const struct sockaddr_storage *place,
                                  struct err *err)
{
    const struct sockaddr *address = (const struct sockaddr *)place;
    const struct fetch_guard *guard = x->request->guard;
    const int yes = 1;
    int failed = 0;
    socklen_t n = sizeof failed;
    hang_up(x->fetch);
    if (guard && !guard->allows(guard->self, address, err)) {
        err_prefix(err, "%s", x->origin);
        return false;
    }
    const int fd = socket(place->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    x->fetch->fd = fd;
    if (fd < 0)
        return FAIL(err, ERR_IO, "%s", x->origin);
    if (connect(fd, address, url_place_bytes(place)) != 0) {
        if (errno != EINPROGRESS)
            return FAIL(err, ERR_IO, "%s", x->origin);
        if (!await(x, POLLOUT, err))
            return false;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n);
        errno = failed;
        if (failed)
            return FAIL(err, ERR_IO, "%s", x->origin);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return true;
}

/* err: of the last place that was tried */
MUST_CHECK static bool connect_anew(struct exchange *x, struct err *err)
{
    struct fetch *fetch = x->fetch;
    struct err why = {0};
    bool is_there = false;
    for (size_t i = 0; i < x->url.n_places && !is_there; i++) {
        is_there = connect_to(x, &x->url.places[i], &why);
        if (!is_there && why.kind == ERR_BUSY)
            break;
    }
    if (!is_there) {
        hang_up(fetch);
        if (err)
            *err = why;
        return false;
    }
    memcpy(fetch->origin, x->origin, sizeof fetch->origin);
    return true;
}

static bool has_own_authorization(const struct fetch_request *request)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strncasecmp(request->headers[i], "authorization:", strlen("authorization:")) == 0)
            return true;
    return false;
}

static void add_authorization(const struct exchange *x, struct buf *out)
{
    const struct str user = x->url.user;
    if (x->request->bearer) {
        buf_printf(out, "Authorization: Bearer %s\r\n", x->request->bearer);
    } else if (user.n && !has_own_authorization(x->request)) {
        CLEANUP(buf_done) struct buf pair;
        buf_init(&pair, HEAD_BYTES_MAX);
        buf_add(&pair, user.at, user.n);
        if (!memchr(user.at, ':', user.n))
            buf_add_char(&pair, ':');
        buf_add_str(out, "Authorization: Basic ");
        buf_add_base64(out, pair.at, pair.n);
        buf_add_str(out, "\r\n");
    }
}

static const char *method_of(const struct fetch_request *request)
{
    if (request->method)
        return request->method;
    return request->body ? "POST" : "GET";
}

/* The whole request: one segment, as a rule. */
static void write_request(const struct exchange *x, struct buf *out)
{
    const struct fetch_request *request = x->request;
    const struct url *url = &x->url;
    const bool has_slash = str_starts(url->path, "/");
    buf_printf(out, "%s %s" STR_FMT " HTTP/1.1\r\nHost: " STR_FMT "\r\n", method_of(request),
               has_slash ? "" : "/", STR_ARG(url->path), STR_ARG(url->authority));
    buf_printf(out, "User-Agent: plumb/" PLUMB_VERSION "\r\nAccept: %s\r\n",
               request->accept ? request->accept : "*/*");
    add_authorization(x, out);
    if (request->body)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", request->content_type,
                   request->n_body);
    for (size_t i = 0; i < request->n_headers; i++)
        buf_printf(out, "%s\r\n", request->headers[i]);
    buf_add_str(out, "\r\n");
    if (request->body)
        buf_add(out, request->body, request->n_body);
}

/* Sends it, or as much as the server wants: one that answers before it has heard all, or hangs up, has said
 * what there is to read. err: as await */
MUST_CHECK static bool send_request(const struct exchange *x, const struct buf *text,
                                    bool *out_is_whole, struct err *err)
{
    size_t n_sent = 0;
    while (n_sent < text->n) {
        const ssize_t n = send(x->fetch->fd, text->at + n_sent, text->n - n_sent, MSG_NOSIGNAL);
        if (n >= 0) {
            n_sent += (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            break;
        if (!await(x, POLLIN | POLLOUT, err))
            return false;
        struct pollfd heard = {.fd = x->fetch->fd, .events = POLLIN};
        if (poll(&heard, 1, 0) > 0)
            break;
    }
    *out_is_whole = n_sent == text->n;
    return true;
}

static enum outcome lost(const struct exchange *x, struct err *err)
{
    errno = 0; /* the text says it all */
    err_set(err, ERR_IO, "%s: %s", x->origin,
            x->is_heard ? "the answer broke off" : "it hung up without an answer");
    return x->is_heard ? FAILED : UNHEARD;
}

static enum outcome read_answer(struct exchange *x, struct err *err)
{
    struct answer *answer = &x->fetch->answer;
    enum answer_state state = ANSWER_MORE;
    char bytes[READ_BYTES];
    while (state == ANSWER_MORE) {
        const ssize_t n = recv(x->fetch->fd, bytes, sizeof bytes, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!await(x, POLLIN, err))
                return FAILED;
            continue;
        }
        if (n < 0)
            return lost(x, err);
        x->is_heard = x->is_heard || n > 0;
        state = n > 0 ? answer_take(answer, bytes, (size_t)n, x->body) : answer_end(answer);
        if (n == 0 && state == ANSWER_BROKEN)
            return lost(x, err);
    }
    if (state == ANSWER_WHOLE)
        return ANSWERED;
    errno = 0;
    if (state == ANSWER_LONG)
        err_set(err, ERR_LIMIT, "%s: the answer is too long", x->origin);
    else
        err_set(err, ERR_IO, "%s: what answers there speaks no HTTP", x->origin);
    return FAILED;
}

/* On the connection that there is. */
static enum outcome exchange(struct exchange *x, const struct buf *text, struct err *err)
{
    struct fetch *fetch = x->fetch;
    bool is_whole = false;
    answer_init(&fetch->answer, strcmp(method_of(x->request), "HEAD") != 0);
    enum outcome outcome = send_request(x, text, &is_whole, err) ? read_answer(x, err) : FAILED;
    if (outcome != ANSWERED || !is_whole || !fetch->answer.keeps)
        hang_up(fetch);
    if (x->request->is_status_enough && fetch->answer.status)
        outcome = ANSWERED;
    return outcome;
}

static bool run(struct exchange *x, struct err *err)
{
    struct fetch *fetch = x->fetch;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, HEAD_BYTES_MAX + x->request->n_body);
    write_request(x, &text);
    if (text.is_full)
        return FAIL(err, ERR_INPUT, "%s: the request is too long", x->origin);
    if (fetch->fd >= 0 && strcmp(fetch->origin, x->origin) == 0) {
        /* Kept open from before: the server may have tired of it meanwhile, which is nobody's fault. */
        const enum outcome outcome = exchange(x, &text, err);
        if (outcome != UNHEARD)
            return outcome == ANSWERED;
    }
    return connect_anew(x, err) && exchange(x, &text, err) == ANSWERED;
}

bool fetch_run(struct fetch *fetch, const struct fetch_request *request, struct buf *out_body,
               int *out_status, struct err *err)
{
    struct exchange x = {.fetch = fetch, .request = request, .body = out_body};
    BUG_IF(request->wait_ms <= 0);
    url_origin(request->url, x.origin);
    fetch->retry_after_s = 0;
    if (!url_parse(request->url, &x.url))
        return FAIL(err, ERR_INPUT, "'%s' is no http:// address in numbers", x.origin);
    x.until_us = monotonic_us() + request->wait_ms * 1000;
    struct hold signals;
    hold_begin(&signals);
    const bool is_ok = run(&x, err);
    hold_end(&signals);
    if (!is_ok)
        return false;
    fetch->retry_after_s = fetch->answer.retry_after_s;
    *out_status = fetch->answer.status;
    return true;
}
