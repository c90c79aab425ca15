#include "os/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/transfer.h"
#include "os/url.h"

struct fetch {
    struct transfer transfer;
    struct err refusal; /* of the request's guard */
    int64_t retry_after_s;
};

/* What the guard is asked with. */
struct gate {
    const struct fetch_guard *guard;
    struct err *refusal;
};

static size_t take_body(char *bytes, size_t size, size_t n, void *self)
{
    struct buf *body = self;
    const size_t n_bytes = mul_size(size, n);
    buf_add(body, bytes, n_bytes);
    return body->is_full ? 0 : n_bytes;
}

bool fetch_open(struct fetch **out, struct err *err)
{
    struct transfer transfer;
    if (!transfer_open(&transfer, err))
        return false;
    struct fetch *fetch = mem_zalloc(sizeof *fetch);
    fetch->transfer = transfer;
    *out = fetch;
    return true;
}

void fetch_close(struct fetch *fetch)
{
    if (!fetch)
        return;
    transfer_close(&fetch->transfer);
    mem_free(fetch);
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
    for (size_t i = 0; i < request->n_headers; i++)
        headers = curl_slist_append(headers, request->headers[i]);
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

/* signature is libcurl's. No socket is made for an address that the guard refuses. */
static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    const struct gate *gate = self;
    if (!gate->guard->allows(gate->guard->self, &address->addr, gate->refusal))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void ask(struct fetch *fetch, const struct fetch_request *request,
                struct curl_slist *headers, struct gate *gate)
{
    CURL *curl = fetch->transfer.curl;
    transfer_begin(&fetch->transfer, request->wait_ms, request->is_ending);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "plumb/" PLUMB_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, request->guard ? "*" : unproxied());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    if (request->guard) {
        curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, gate);
    }
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->n_body);
    }
    if (request->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static bool fail(struct fetch *fetch, const struct fetch_request *request, CURLcode code,
                 struct err *err)
{
    char origin[URL_ORIGIN_BYTES];
    url_origin(request->url, origin);
    if (code == CURLE_COULDNT_CONNECT && fetch->refusal.kind != ERR_NONE) {
        if (err)
            *err = fetch->refusal;
        err_prefix(err, "%s", origin);
        return false;
    }
    return transfer_fail(&fetch->transfer, code, origin, request->wait_ms, err);
}

bool fetch_run(struct fetch *fetch, const struct fetch_request *request, struct buf *out_body,
               int *out_status, struct err *err)
{
    CURL *curl = fetch->transfer.curl;
    struct curl_slist *headers = headers_of(request);
    struct gate gate = {request->guard, &fetch->refusal};
    err_clear(&fetch->refusal);
    ask(fetch, request, headers, &gate);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out_body);
    CURLcode code = transfer_run(&fetch->transfer);
    long status = 0;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (request->is_status_enough && status >= 200)
        code = CURLE_OK;
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    fetch->retry_after_s = max_i64(retry_after_s, 0);
    const bool is_ok = code == CURLE_OK || fail(fetch, request, code, err);
    /* These are ours, and curl would remember them. */
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, NULL);
    curl_slist_free_all(headers);
    if (is_ok)
        *out_status = (int)status;
    return is_ok;
}

int64_t fetch_retry_after_s(const struct fetch *fetch)
{
    return fetch->retry_after_s;
}
