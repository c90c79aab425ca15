#include "announce/http_out.h"

#include <string.h>

#include "announce/filter.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    WAIT_MS = 10000,
    ANSWER_BYTES_MAX = 64 * 1024,
    QUOTED_BYTES = 120, /* of an answer, in an error */
    RETRY_AFTER_MAX_S = 6 * 3600,
};

static bool check_url(const char *url, struct err *err)
{
    const bool is_http = text_starts(url, "http://") || text_starts(url, "https://");
    if (is_http && !url[strcspn(url, " \t\r\n")] && strstr(url, "://")[3])
        return true;
    err_set(err, ERR_INPUT, url[0] ? "url is no http:// or https:// address" : "url is missing");
    err_hint(err, "url = https://... as the receiving side shows it");
    return false;
}

bool http_out_open(const struct ini_section *section, const char *url, bool is_guarded,
                   struct http_out *out, struct err *err)
{
    struct http_out made = {.url = filter_text(section, "url", url ? url : "")};
    bool may_be_private = false;
    if (!check_url(made.url, err) ||
        !filter_switch(section, "allow-private", !is_guarded, &may_be_private, err) ||
        !guard_parse(filter_text(section, "allow", ""), &made.guard, err))
        return false;
    made.is_guarded = !may_be_private;
    if (made.is_guarded && !guard_allows_url(&made.guard, made.url, err)) {
        if (err)
            err->kind = ERR_INPUT;
        err_prefix(err, "url");
        return false;
    }
    if (!fetch_open(&made.fetch, err))
        return false;
    *out = made;
    return true;
}

void http_out_close(struct http_out *out)
{
    fetch_close(out->fetch);
    out->fetch = NULL;
}

const char *http_out_header(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = arena_vprintf(arena, fmt, args);
    va_end(args);
    for (char *at = text; *at; at++)
        *at = (unsigned char)*at < ' ' || *at == 0x7F ? ' ' : *at;
    return text;
}

/* The beginning of what the peer said, on one line. */
static void quote(const struct buf *answer, char out[QUOTED_BYTES + 1])
{
    const char *text = buf_text(answer);
    const size_t n = min_size(strlen(text), QUOTED_BYTES);
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] >= ' ' && text[i] < 0x7F ? text[i] : ' ';
    out[n] = '\0';
}

static bool judge(const struct http_out *out, struct channel *channel, int status,
                  const struct buf *answer, struct err *err)
{
    char said[QUOTED_BYTES + 1];
    if (status >= 200 && status < 300)
        return true;
    quote(answer, said);
    if (status == 410)
        return FAIL(err, ERR_MISSING, "the peer answers 410: it is gone for good");
    const int64_t retry_s = min_i64(fetch_retry_after_s(out->fetch), RETRY_AFTER_MAX_S);
    const bool is_busy = status == 408 || status == 425 || status == 429 || status >= 500;
    if (is_busy)
        channel->retry_ms = retry_s * 1000;
    const bool is_retried = is_busy || channel->kind->is_patient;
    return FAIL(err, is_retried ? ERR_BUSY : ERR_REFUSED, "the peer answers %d%s%s%s", status,
                status < 400 ? " (redirects are not followed: say the new url)" : "",
                said[0] ? ": " : "", said);
}

bool http_out_post(struct http_out *out, struct channel *channel, const struct http_post *post,
                   struct err *err)
{
    CLEANUP(buf_done) struct buf own;
    buf_init(&own, ANSWER_BYTES_MAX);
    struct buf *answer = post->answer ? post->answer : &own;
    const struct fetch_guard guard = {guard_allows, &out->guard};
    const struct fetch_request request = {
        .url = post->url ? post->url : out->url,
        .method = post->method,
        .body = post->body,
        .n_body = strlen(post->body),
        .content_type = post->type ? post->type : "application/json",
        .headers = post->headers,
        .n_headers = post->n_headers,
        .guard = out->is_guarded ? &guard : NULL,
        .is_ending = channel->is_ending,
        .is_status_enough = true, /* it took the message, whatever else it has to say */
        .wait_ms = WAIT_MS,
    };
    int status;
    return fetch_run(out->fetch, &request, answer, &status, err) &&
           judge(out, channel, status, answer, err);
}
