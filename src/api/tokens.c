/* Tokens over HTTP: making one, which shows it this once, listing and revoking. */
#include <jansson.h>
#include <string.h>

#include "api/routes.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/str.h"

enum { LIFE_MAX_S = 100 * 31536000LL /* years; who wants more leaves it out */ };

/* Who did it, for the chain. */
static const char *who(const struct api_call *call, const json_t *root)
{
    const char *by = json_string_value(json_object_get(root, "by"));
    if (call->caller.token)
        return arena_printf(call->arena, "token %s", call->caller.token);
    return by && by[0] ? arena_printf(call->arena, "%.200s", by) : call->request->peer;
}

/* "read,edit" or ["read", "edit"]. */
static bool read_scopes(const json_t *can, struct arena *arena, const char **out, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 2 * SCOPES_TEXT_MAX);
    if (can && !json_is_string(can) && !json_is_array(can))
        return FAIL(err, ERR_INPUT, "\"can\" must be a text or a list of texts");
    if (json_is_string(can))
        buf_add_str(&text, json_string_value(can));
    for (size_t i = 0; i < json_array_size(can); i++) {
        const char *one = json_string_value(json_array_get(can, i));
        if (!one)
            return FAIL(err, ERR_INPUT, "\"can\" must be a text or a list of texts");
        buf_printf(&text, "%s%s", i ? "," : "", one);
    }
    *out = arena_strdup(arena, buf_text(&text));
    return true;
}

static bool read_expires(const json_t *expires, int64_t now_ms, int64_t *out_ms, struct err *err)
{
    const char *text = json_string_value(expires);
    int64_t span_s;
    *out_ms = 0;
    if (!expires || json_is_null(expires))
        return true;
    if (!text || !num_parse_span(text, strlen(text), &span_s) || span_s == 0) {
        err_set(err, ERR_INPUT, "\"expires\" is no time from now: '%.50s'", text ? text : "");
        err_hint(err, "as in 90d, 36h, 1y");
        return false;
    }
    if (span_s > LIFE_MAX_S)
        return FAIL(err, ERR_INPUT, "\"expires\" is more than 100 years away");
    *out_ms = now_ms + span_s * 1000;
    return true;
}

static bool read_token(struct api_call *call, const json_t *root, struct ledger_token *out,
                       struct err *err)
{
    const char *name = json_string_value(json_object_get(root, "name"));
    if (!json_is_object(root))
        return FAIL(err, ERR_INPUT,
                    "the body is no JSON object: {\"name\": \"ci\", \"can\": \"read\"}");
    *out = (struct ledger_token){.name = name ? arena_strdup(call->arena, name) : ""};
    return read_scopes(json_object_get(root, "can"), call->arena, &out->can, err) &&
           read_expires(json_object_get(root, "expires"), clock_us(&call->api->deps.clock) / 1000,
                        &out->expires_ms, err);
}

static void put_time(struct jsonw *json, const char *key, int64_t ms)
{
    jsonw_key(json, key);
    if (ms)
        jsonw_i64(json, ms / 1000);
    else
        jsonw_null(json);
}

static void put_token(struct jsonw *json, const struct ledger_token *token)
{
    jsonw_put_text(json, "name", token->name);
    jsonw_put_text(json, "can", token->can);
    put_time(json, "created", token->created_ms);
    put_time(json, "expires", token->expires_ms);
    put_time(json, "used", token->used_ms);
    put_time(json, "revoked", token->revoked_ms);
}

static bool make(struct api_call *call, struct err *err)
{
    json_auto_t *root = json_loadb(call->request->body, call->request->n_body, 0, NULL);
    struct ledger_token token;
    char secret[LEDGER_SECRET_BYTES];
    struct jsonw json;
    if (!read_token(call, root, &token, err) ||
        !ledger_token_new(call->api->deps.ledger, &token, who(call, root), secret, err) ||
        !call_json(call, &json, err))
        return false;
    token.created_ms = clock_us(&call->api->deps.clock) / 1000;
    http_response_header(call->response, "Cache-Control", "no-store");
    jsonw_object(&json);
    jsonw_put_text(&json, "token", secret);
    put_token(&json, &token);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool tokens_all(struct api_call *call, struct err *err)
{
    if (strcmp(call->request->method, "POST") == 0)
        return make(call, err);
    size_t n;
    const struct ledger_token *tokens = ledger_token_list(call->api->deps.ledger, call->arena, &n);
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&json);
        put_token(&json, &tokens[i]);
        jsonw_end(&json);
    }
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool tokens_one(struct api_call *call, struct err *err)
{
    struct str name = str_of(call->rest);
    const bool is_post = strcmp(call->request->method, "POST") == 0;
    if (is_post && !str_ends(name, "/revoke"))
        return FAIL(err, ERR_MISSING, "POST /api/v1/tokens/NAME/revoke, or DELETE without /revoke");
    if (is_post)
        name.n -= strlen("/revoke");
    json_auto_t *root = json_loadb(call->request->body, call->request->n_body, 0, NULL);
    const char *text = arena_strndup(call->arena, name.at, name.n);
    struct jsonw json;
    if (!ledger_token_revoke(call->api->deps.ledger, text, who(call, root), err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "revoked", text);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}
