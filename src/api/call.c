#include "api/call.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"

const char *call_param(const struct api_call *call, const char *key)
{
    for (size_t i = call->request->n_fields; i-- > 0;)
        if (strcmp(call->request->fields[i].key, key) == 0)
            return call->request->fields[i].value;
    return NULL;
}

bool call_flag(const struct api_call *call, const char *key)
{
    const char *value = call_param(call, key);
    return value && value[0] && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

bool call_param_int(const struct api_call *call, const char *key, int64_t fallback, int64_t *out,
                    struct err *err)
{
    const char *value = call_param(call, key);
    if (!value) {
        *out = fallback;
        return true;
    }
    if (!num_parse_i64(value, strlen(value), out))
        return FAIL(err, ERR_INPUT, "%s='%.100s' is not a whole number", key, value);
    return true;
}

const struct tz *call_zone(const struct api_call *call)
{
    const char *name = call_param(call, "tz");
    const struct tz *tz = name ? call->api->deps.zone_find(name) : NULL;
    return tz ? tz : call->api->deps.tz;
}

int64_t call_clock_s(const struct api_call *call)
{
    return clock_s(&call->api->deps.clock);
}

bool call_is_awaited(const struct api_call *call, struct err *err)
{
    if (http_is_gone(call->request))
        return FAIL(err, ERR_BUSY, "the client has closed its connection");
    return true;
}

static bool is_jsonp_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_.$[]";
    size_t n = strlen(name);
    return n > 0 && n <= 200 && strspn(name, allowed) == n;
}

bool call_json(struct api_call *call, struct jsonw *json, struct err *err)
{
    const char *jsonp = call_param(call, "jsonp");
    if (jsonp && !is_jsonp_name(jsonp))
        return FAIL(err, ERR_INPUT, "jsonp='%.100s' is not the name of a function", jsonp);
    call->response->content_type =
        jsonp ? "text/javascript; charset=utf-8" : "application/json; charset=utf-8";
    if (jsonp)
        buf_printf(&call->response->body, "%s(", jsonp);
    jsonw_init(json, &call->response->body, call_flag(call, "pretty") ? 2 : 0);
    return true;
}

void call_json_end(struct api_call *call)
{
    if (call_param(call, "jsonp"))
        buf_add_char(&call->response->body, ')');
    else if (call_flag(call, "pretty"))
        buf_add_char(&call->response->body, '\n');
}

void call_text_answer(struct api_call *call, const char *content_type, const char *text)
{
    call->response->content_type = content_type;
    buf_add_str(&call->response->body, text);
}

static int status_of(enum err_kind kind)
{
    switch (kind) {
    case ERR_INPUT:
        return 400;
    case ERR_LIMIT:
        return 413;
    case ERR_MISSING:
        return 404;
    case ERR_BUSY:
        return 503;
    case ERR_REFUSED:
        return 403;
    case ERR_NONE:
    case ERR_IO:
    case ERR_CORRUPT:
        break;
    }
    return 500;
}

/* What a terminal would obey is not sent to one. */
static void add_clean(struct buf *out, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
        const bool is_high = c == 0xC2 && next >= 0x80 && next < 0xA0; /* U+0080 to U+009F */
        if (is_high)
            text++;
        buf_add_char(out, is_high || c < ' ' || c == 0x7F ? ' ' : *text);
    }
    buf_add_char(out, '\n');
}

void call_refuse(struct api_call *call, int status, const char *text, const char *hint)
{
    struct http_response *response = call->response;
    buf_clear(&response->body);
    response->status = status;
    const char *accept = http_header(call->request, "Accept");
    if (!accept || !strstr(accept, "application/json")) {
        response->content_type = "text/plain; charset=utf-8";
        add_clean(&response->body, text);
        if (hint[0])
            add_clean(&response->body, hint);
        return;
    }
    struct jsonw json;
    response->content_type = "application/json; charset=utf-8";
    jsonw_init(&json, &response->body, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "error", text);
    if (hint[0]) {
        jsonw_put_text(&json, "hint", hint);
    }
    if (call->is_denied) {
        jsonw_put_bool(&json, "denied", true);
    }
    jsonw_end(&json);
}

void call_fail(struct api_call *call, const struct err *err)
{
    const bool is_limited = err->kind == ERR_BUSY && call->retry_after_s;
    call_refuse(call, is_limited ? 429 : status_of(err->kind), err->text, err->hint);
    if (err->kind == ERR_BUSY)
        http_response_header(
            call->response, "Retry-After",
            arena_printf(call->arena, "%lld", (long long)max_i64(call->retry_after_s, 1)));
}
