#include "os/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/child.h"

enum {
    ORIGIN_BYTES = 200, /* as much of the URL as an error quotes */
};

struct fetch {
    CURL *curl;
    char reason[CURL_ERROR_SIZE];
};

/* curl may leave a thread behind that waits for a name server (that is the price of a deadline
 * which holds even then), and a thread takes its mask from the one that made it: no signal may ever
 * find it. */
struct signal_hold {
    sigset_t before;
    bool had_pipe;
};

static void hold(struct signal_hold *hold)
{
    sigset_t all, waiting;
    sigpending(&waiting);
    hold->had_pipe = sigismember(&waiting, SIGPIPE) == 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &hold->before);
}

/* A peer that went away mid-sentence is an error of this exchange, not the end of the process. */
static void release(struct signal_hold *hold)
{
    if (!hold->had_pipe) {
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        const struct timespec now = {0};
        while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &hold->before, NULL);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *self)
{
    struct buf *body = self;
    const size_t n_bytes = mul_size(size, n);
    buf_add(body, bytes, n_bytes);
    return body->is_full ? 0 : n_bytes;
}

static int is_unwanted(void *self, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
                       curl_off_t sent)
{
    (void)self, (void)to_get, (void)got, (void)to_send, (void)sent;
    return child_waiting_signal() != 0;
}

bool fetch_open(struct fetch **out, struct err *err)
{
    struct signal_hold signals;
    hold(&signals);
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    release(&signals);
    if (!curl)
        return FAIL(err, ERR_BUSY, "the HTTP library did not start");
    struct fetch *fetch = mem_zalloc(sizeof *fetch);
    fetch->curl = curl;
    *out = fetch;
    return true;
}

void fetch_close(struct fetch *fetch)
{
    if (!fetch)
        return;
    struct signal_hold signals;
    hold(&signals);
    curl_easy_cleanup(fetch->curl);
    release(&signals);
    mem_free(fetch);
}

/* "http://host:port" of the URL, without a user's name and password. */
static void origin_of(const char *url, char out[ORIGIN_BYTES])
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t n_host = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', n_host);
    const char *shown = at ? at + 1 : host;
    n_host -= (size_t)(shown - host);
    const size_t n_scheme = min_size((size_t)(host - url), ORIGIN_BYTES - 1);
    memcpy(out, url, n_scheme);
    const size_t n = min_size(n_host, ORIGIN_BYTES - 1 - n_scheme);
    memcpy(out + n_scheme, shown, n);
    out[n_scheme + n] = '\0';
}

static struct curl_slist *headers_of(const struct fetch_request *request)
{
    /* Without "Expect:" a large body would first wait a second for a permission few servers give.
     * */
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, 1024);
    if (request->accept) {
        buf_printf(&line, "Accept: %s", request->accept);
        headers = curl_slist_append(headers, buf_text(&line));
    }
    if (request->bearer) {
        buf_clear(&line);
        buf_printf(&line, "Authorization: Bearer %s", request->bearer);
        headers = curl_slist_append(headers, buf_text(&line));
    }
    if (request->body) {
        buf_clear(&line);
        buf_printf(&line, "Content-Type: %s", request->content_type);
        headers = curl_slist_append(headers, buf_text(&line));
    }
    return headers;
}

/* Machines behind a proxy seldom say that it cannot reach what runs on themselves. */
static const char *unproxied(void)
{
    static const char *const names[] = {"no_proxy", "NO_PROXY"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (getenv(names[i])) /* NOLINT(concurrency-mt-unsafe): nobody here changes it */
            return NULL;      /* curl reads it itself */
    return "localhost,127.0.0.1,::1";
}

static void ask(struct fetch *fetch, const struct fetch_request *request,
                struct curl_slist *headers, struct buf *out_body)
{
    CURL *curl = fetch->curl;
    fetch->reason[0] = '\0';
    curl_easy_reset(curl); /* connections stay */
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "plumb/" PLUMB_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->reason);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->wait_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)request->wait_ms);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, unproxied());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT,
                     1L); /* does not join a thread that looks up a name */
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_unwanted);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out_body);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->n_body);
    }
}

static bool fail(struct fetch *fetch, const struct fetch_request *request, CURLcode code,
                 struct err *err)
{
    char origin[ORIGIN_BYTES];
    origin_of(request->url, origin);
    const char *reason = fetch->reason[0] ? fetch->reason : curl_easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return FAIL(err, ERR_BUSY, "%s: no answer within %lld ms", origin,
                    (long long)request->wait_ms);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return FAIL(err, ERR_BUSY, "%s: interrupted", origin);
    if (code == CURLE_WRITE_ERROR)
        return FAIL(err, ERR_LIMIT, "%s: the answer is too long", origin);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return FAIL(err, ERR_INPUT, "'%s' is no http:// address: %s", origin, reason);
    long os_errno = 0;
    if (code == CURLE_COULDNT_CONNECT)
        curl_easy_getinfo(fetch->curl, CURLINFO_OS_ERRNO, &os_errno);
    if (os_errno == 0)
        return FAIL_SAID(err, "%s: %s", origin, reason);
    errno = (int)os_errno;
    return FAIL(err, ERR_IO, "%s", origin);
}

bool fetch_run(struct fetch *fetch, const struct fetch_request *request, struct buf *out_body,
               int *out_status, struct err *err)
{
    BUG_IF(request->wait_ms <= 0);
    struct curl_slist *headers = headers_of(request);
    ask(fetch, request, headers, out_body);
    struct signal_hold signals;
    hold(&signals);
    const CURLcode code = curl_easy_perform(fetch->curl);
    release(&signals);
    long status = 0;
    curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
    const bool is_ok = code == CURLE_OK || fail(fetch, request, code, err);
    /* The list is ours, and curl would remember it. */
    curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (is_ok)
        *out_status = (int)status;
    return is_ok;
}
