#include "hooks/pick.h"

#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "hooks/stamp.h"

enum { NAME_MAX_BYTES = 100 }; /* of one name in our own paths */

bool pick_any(const struct hook_call *call, json_t **out, struct err *err)
{
    json_error_t why;
    const char *text = call->payload ? call->payload : call->body;
    json_t *root = json_loadb(text, call->payload ? strlen(text) : call->n_body, 0, &why);
    if (!root)
        return FAIL(err, ERR_INPUT, "the body is not JSON: line %d, column %d: %s", why.line,
                    why.column, why.text);
    *out = root;
    return true;
}

bool pick_parse(const struct hook_call *call, json_t **out, struct err *err)
{
    if (!pick_any(call, out, err))
        return false;
    return json_is_object(*out) || FAIL(err, ERR_INPUT, "the body is not a JSON object");
}

const json_t *pick_at(const json_t *from, const char *path)
{
    struct str rest = str_of(path), name;
    while (from && str_split(&rest, '.', &name)) {
        char key[NAME_MAX_BYTES];
        BUG_IF(name.n >= sizeof key);
        memcpy(key, name.at, name.n);
        key[name.n] = '\0';
        from = json_object_get(from, key);
    }
    return from;
}

/* What Go's templates write where they have nothing. */
static bool is_nothing(const char *text)
{
    return strcmp(text, "<no value>") == 0 || strcmp(text, "<nil>") == 0;
}

const char *pick_text(const struct hook_call *call, const json_t *from, const char *path)
{
    const json_t *value = pick_at(from, path);
    char number[NUM_TEXT_MAX];
    const char *text = json_string_value(value);
    if (text)
        return is_nothing(text) ? "" : arena_strdup(call->arena, text);
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (!json_is_integer(value))
        return "";
    num_format_i64(number, json_integer_value(value));
    return arena_strdup(call->arena, number);
}

const char *pick_either(const struct hook_call *call, const json_t *from, const char *path,
                        const char *other)
{
    const char *text = pick_text(call, from, path);
    return text[0] ? text : pick_text(call, from, other);
}

int64_t pick_i64(const json_t *from, const char *path)
{
    return json_integer_value(pick_at(from, path)); /* 0 for what is none */
}

bool pick_time(const struct hook_call *call, const json_t *from, const char *path, int64_t *out_ms,
               struct err *err)
{
    const char *text = pick_text(call, from, path);
    *out_ms = stamp_ms(text);
    if (!text[0] || *out_ms)
        return true;
    err_set(err, ERR_INPUT, "%s: '%.60s' is not a time", path, text);
    err_hint(err, "as in 2026-11-22T14:05:00Z");
    return false;
}

bool pick_is_true(const json_t *from, const char *path)
{
    return json_is_true(pick_at(from, path));
}

bool pick_need(const struct hook_call *call, const json_t *from, const char *path, const char **out,
               struct err *err)
{
    const char *text = pick_text(call, from, path);
    if (!text[0])
        return FAIL(err, ERR_INPUT, "%s is missing, or is no text", path);
    *out = text;
    return true;
}
