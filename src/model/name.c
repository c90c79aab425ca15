#include "model/name.h"

#include <string.h>

enum {
    N_TAGS_HINT = 8, /* array sizes that fit most names */
};

/* One tag while a name is put in order; both lent from the raw bytes. */
struct raw_tag {
    struct str key, value;
    bool has_escapes; /* OpenMetrics: \" and \\ still stand in value */
};

struct raw_tags {
    struct raw_tag items[NAME_TAGS_MAX];
    size_t n;
};

const char *name_fault_text(enum name_fault fault)
{
    switch (fault) {
    case NAME_OK:
        return "ok";
    case NAME_EMPTY:
        return "empty name";
    case NAME_TOO_LONG:
        return "name too long";
    case NAME_NOT_UTF8:
        return "name is not UTF-8 or holds a control character or blank";
    case NAME_BAD_TAG:
        return "bad tag";
    case NAME_TOO_MANY_TAGS:
        return "too many tags";
    }
    return "unknown";
}

/* Blank, C0 control or DEL. */
static bool is_unprintable(unsigned char c)
{
    return c <= ' ' || c == 0x7F;
}

/* Valid UTF-8 without blanks and without control characters, C1 (U+0080..9F) included: terminals
 * obey those. */
static bool is_clean(struct str text)
{
    bool is_ascii = true;
    for (size_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        if (is_unprintable(c))
            return false;
        is_ascii = is_ascii && c < 0x80;
    }
    if (is_ascii)
        return true;
    for (size_t i = 0; i + 1 < text.n; i++) {
        const unsigned char second = (unsigned char)text.at[i + 1];
        if ((unsigned char)text.at[i] == 0xC2 && second >= 0x80 && second < 0xA0)
            return false;
    }
    return text_is_utf8(text.at, text.n);
}

/* Order of the canonical form, which is Graphite's: by the text "key=value", so "host2=b" comes
 * before "host=a". Keys differ. */
static int tag_cmp(const struct raw_tag *a, const struct raw_tag *b)
{
    const size_t n = min_size(a->key.n, b->key.n);
    const int order = memcmp(a->key.at, b->key.at, n);
    if (order != 0)
        return order;
    const unsigned char next_a = a->key.n > n ? (unsigned char)a->key.at[n] : '=';
    const unsigned char next_b = b->key.n > n ? (unsigned char)b->key.at[n] : '=';
    return (int)next_a - (int)next_b;
}

/* Inserts in order; a key that is there already gets the new value. */
static enum name_fault tags_put(struct raw_tags *tags, struct raw_tag tag)
{
    if (str_is(tag.key, "name")) /* the path is the tag "name", whatever was sent */
        return NAME_OK;
    size_t at = tags->n;
    while (at > 0) {
        const struct raw_tag *before = &tags->items[at - 1];
        if (str_eq(before->key, tag.key)) {
            tags->items[at - 1] = tag;
            return NAME_OK;
        }
        if (tag_cmp(before, &tag) < 0)
            break;
        at--;
    }
    if (tags->n == NAME_TAGS_MAX)
        return NAME_TOO_MANY_TAGS;
    memmove(&tags->items[at + 1], &tags->items[at], (tags->n - at) * sizeof(tag));
    tags->items[at] = tag;
    tags->n++;
    return NAME_OK;
}

static bool tag_is_good(struct str key, struct str value)
{
    if (key.n == 0 || value.n == 0 || value.at[0] == '~')
        return false;
    for (size_t i = 0; i < key.n; i++) {
        if (strchr(";!^=", key.at[i]) != NULL)
            return false;
    }
    return memchr(value.at, ';', value.n) == NULL;
}

/* "k=v;k2=v2" */
static enum name_fault tags_of_carbon(struct str rest, struct raw_tags *out)
{
    size_t at = 0;
    while (at <= rest.n) {
        const char *piece = rest.at + at;
        const char *end = memchr(piece, ';', rest.n - at);
        const size_t n = end ? (size_t)(end - piece) : rest.n - at;
        const char *equals = memchr(piece, '=', n);
        if (equals == NULL)
            return NAME_BAD_TAG;
        const size_t n_key = (size_t)(equals - piece);
        struct raw_tag tag = {str_make(piece, n_key), str_make(equals + 1, n - n_key - 1), false};
        if (!tag_is_good(tag.key, tag.value))
            return NAME_BAD_TAG;
        enum name_fault fault = tags_put(out, tag);
        if (fault != NAME_OK)
            return fault;
        at += n + 1;
    }
    return NAME_OK;
}

/* The value between quotes at the start of text (past the first quote): *out lent, escapes inside.
 * False when it does not end or escapes anything but a quote or a backslash. */
static bool quoted(struct str text, struct raw_tag *out, size_t *out_used)
{
    out->has_escapes = false;
    size_t i = 0;
    while (i < text.n && text.at[i] != '"') {
        if (text.at[i] == '\\') {
            out->has_escapes = true;
            i++;
            if (i == text.n || (text.at[i] != '"' && text.at[i] != '\\'))
                return false;
        }
        i++;
    }
    if (i == text.n)
        return false;
    out->value = str_make(text.at, i);
    *out_used = i + 1;
    return true;
}

/* k="v",k2="v2" */
static enum name_fault tags_of_openmetrics(struct str rest, struct raw_tags *out)
{
    while (rest.n > 0) {
        const char *equals = memchr(rest.at, '=', rest.n);
        const size_t n_key = equals ? (size_t)(equals - rest.at) : 0;
        if (n_key + 2 >= rest.n || n_key == 0 || equals[1] != '"')
            return NAME_BAD_TAG;
        struct raw_tag tag = {.key = str_make(rest.at, n_key)};
        size_t used = 0;
        if (!quoted(str_make(equals + 2, rest.n - n_key - 2), &tag, &used) ||
            !tag_is_good(tag.key, tag.value))
            return NAME_BAD_TAG;
        enum name_fault fault = tags_put(out, tag);
        if (fault != NAME_OK)
            return fault;
        used += n_key + 2;
        if (used < rest.n && rest.at[used] != ',')
            return NAME_BAD_TAG;
        used = min_size(used + 1, rest.n);
        rest = str_make(rest.at + used, rest.n - used);
    }
    return NAME_OK;
}

/* Copies the path with single dots inside and none at the ends, and without leading '~' (a tag
 * value, which the path is, cannot begin with it). */
static size_t put_path(struct str path, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < path.n; i++) {
        const char c = path.at[i];
        if (n == 0 && (c == '.' || c == '~'))
            continue;
        if (c == '.' && out[n - 1] == '.')
            continue;
        out[n++] = c;
    }
    while (n > 0 && out[n - 1] == '.')
        n--;
    return n;
}

static size_t put_tag(const struct raw_tag *tag, char *out)
{
    size_t n = 0;
    out[n++] = ';';
    memcpy(out + n, tag->key.at, tag->key.n);
    n += tag->key.n;
    out[n++] = '=';
    if (!tag->has_escapes) {
        memcpy(out + n, tag->value.at, tag->value.n);
        return n + tag->value.n;
    }
    for (size_t i = 0; i < tag->value.n; i++) {
        if (tag->value.at[i] == '\\')
            i++;
        out[n++] = tag->value.at[i];
    }
    return n;
}

/* Of a name without ';'. */
static bool is_openmetrics(struct str name)
{
    return str_ends(name, "\"}") && memchr(name.at, '{', name.n) != NULL;
}

/* A ';' anywhere means carbon's syntax (OpenMetrics values cannot hold one). Without it, a name
 * that has a '{' and ends in "} is OpenMetrics; dots after that are dropped as after any name. */
static enum name_fault split(struct str raw, struct str *out_path, struct raw_tags *out_tags)
{
    const char *semicolon = memchr(raw.at, ';', raw.n);
    if (semicolon != NULL) {
        const size_t n = (size_t)(semicolon - raw.at);
        *out_path = str_make(raw.at, n);
        return tags_of_carbon(str_make(semicolon + 1, raw.n - n - 1), out_tags);
    }
    while (raw.n > 0 && raw.at[raw.n - 1] == '.')
        raw.n--;
    *out_path = raw;
    if (!is_openmetrics(raw))
        return NAME_OK;
    const char *brace = memchr(raw.at, '{', raw.n);
    const size_t n = (size_t)(brace - raw.at);
    *out_path = str_make(raw.at, n);
    return tags_of_openmetrics(str_make(brace + 1, raw.n - n - 2), out_tags);
}

enum name_fault name_normalise(struct str raw, char *out, size_t *out_n)
{
    if (raw.n == 0)
        return NAME_EMPTY;
    if (raw.n > NAME_BYTES_MAX) /* the canonical form is never longer than the raw one */
        return NAME_TOO_LONG;
    if (!is_clean(raw))
        return NAME_NOT_UTF8;

    struct raw_tags tags;
    tags.n = 0;
    struct str path;
    enum name_fault fault = split(raw, &path, &tags);
    if (fault != NAME_OK)
        return fault;
    size_t n = put_path(path, out);
    if (n == 0)
        return NAME_EMPTY;
    if (tags.n == 0 && is_openmetrics(str_make(out, n))) /* x{"};name=y: no tag is left */
        return NAME_BAD_TAG;
    for (size_t i = 0; i < tags.n; i++)
        n += put_tag(&tags.items[i], out + n);
    out[n] = '\0';
    *out_n = n;
    return NAME_OK;
}

/* Tags after the path: each good, in order, none twice, none called "name". */
static bool tags_are_canonical(struct str rest)
{
    struct raw_tag before = {.key = {"", 0}};
    size_t n_tags = 0;
    size_t at = 0;
    while (at <= rest.n) {
        const char *piece = rest.at + at;
        const char *end = memchr(piece, ';', rest.n - at);
        const size_t n = end ? (size_t)(end - piece) : rest.n - at;
        const char *equals = memchr(piece, '=', n);
        if (equals == NULL)
            return false;
        const size_t n_key = (size_t)(equals - piece);
        struct raw_tag tag = {str_make(piece, n_key), str_make(equals + 1, n - n_key - 1), false};
        if (!tag_is_good(tag.key, tag.value) || str_is(tag.key, "name"))
            return false;
        if (n_tags > 0 && (str_eq(before.key, tag.key) || tag_cmp(&before, &tag) > 0))
            return false;
        if (++n_tags > NAME_TAGS_MAX)
            return false;
        before = tag;
        at += n + 1;
    }
    return true;
}

bool name_is_canonical(struct str raw)
{
    if (raw.n == 0 || raw.n > NAME_BYTES_MAX || raw.at[0] == '~')
        return false;
    bool has_high = false;
    char before = '.';
    size_t i = 0;
    for (; i < raw.n && raw.at[i] != ';'; i++) {
        const char c = raw.at[i];
        if (is_unprintable((unsigned char)c) || (c == '.' && before == '.'))
            return false;
        has_high = has_high || (unsigned char)c >= 0x80;
        before = c;
    }
    if (before == '.') /* also when there is no path */
        return false;
    if (i == raw.n)
        return !is_openmetrics(raw) && (!has_high || is_clean(raw));
    return is_clean(raw) && tags_are_canonical(str_make(raw.at + i + 1, raw.n - i - 1));
}

struct str name_path(const char *canonical)
{
    return str_make(canonical, strcspn(canonical, ";"));
}

size_t name_tags(const char *canonical, struct arena *arena, struct tag **out)
{
    struct tag *tags = NULL;
    size_t cap = 0;
    size_t n = 0;
    arena_grow(arena, &tags, &cap, N_TAGS_HINT, sizeof(*tags));

    const struct str path = name_path(canonical);
    tags[n++] = (struct tag){"name", arena_strndup(arena, path.at, path.n)};
    const char *rest = path.at + path.n;
    while (*rest == ';') {
        const char *key = rest + 1;
        const size_t n_all = strcspn(key, ";");
        const char *equals = memchr(key, '=', n_all);
        BUG_IF(equals == NULL); /* not a canonical name */
        const size_t n_key = (size_t)(equals - key);
        arena_grow(arena, &tags, &cap, n + 1, sizeof(*tags));
        tags[n++] = (struct tag){arena_strndup(arena, key, n_key),
                                 arena_strndup(arena, equals + 1, n_all - n_key - 1)};
        rest = key + n_all;
    }
    *out = tags;
    return n;
}
