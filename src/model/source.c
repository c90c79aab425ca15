#include "model/source.h"

#include <string.h>

bool tag_expr_parse(const char *text, struct arena *arena, struct tag_expr *out, struct err *err)
{
    const size_t n_key = strcspn(text, ";!=");
    const char *sign = text + n_key;
    const bool is_negated = sign[0] == '!';
    const char *equals = sign + is_negated;
    if (n_key == 0 || equals[0] != '=') {
        err_set(err, ERR_INPUT, "'%.200s' is not a tag expression", text);
        err_hint(err, "write tag=value, tag!=value, tag=~regex or tag!=~regex");
        return false;
    }
    const bool is_regex = equals[1] == '~';
    const char *value = equals + 1 + is_regex;
    if (strchr(value, ';') != NULL)
        return FAIL(err, ERR_INPUT, "tag expression '%.200s': a value cannot hold ';'", text);

    out->key = arena_strndup(arena, text, n_key);
    out->value = arena_strdup(arena, value);
    if (is_regex)
        out->op = is_negated ? TAG_MATCHES_NOT : TAG_MATCHES;
    else
        out->op = is_negated ? TAG_IS_NOT : TAG_IS;
    return true;
}
