#include "model/redact.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define HIDDEN "***"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Does the word end so, in any case? */
static bool ends_so(struct str word, const char *suffix)
{
    const size_t n = strlen(suffix);
    if (word.n < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(word.at[word.n - n + i]) != suffix[i])
            return false;
    return true;
}

static bool is_secret_name(struct str name)
{
    static const char *const endings[] = {"password", "passwd", "secret",
                                          "token",    "apikey", "accesskey"};
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (ends_so(name, endings[i]))
            return true;
    /* "key" is one alone or as the last word of a name: api_key, but not monkey. */
    if (!ends_so(name, "key"))
        return false;
    return name.n == 3 || name.at[name.n - 4] == '_' || name.at[name.n - 4] == '-';
}

/* The longest run of word characters at text. */
static size_t word_bytes(const char *text)
{
    size_t n = 0;
    while (is_word(text[n]))
        n++;
    return n;
}

/* How many bytes of a value at text: up to its closing quote, else up to a blank or a separator. */
static size_t value_bytes(const char *text)
{
    if (text[0] == '"' || text[0] == '\'') {
        const char *end = strchr(text + 1, text[0]);
        return end ? (size_t)(end - text) + 1 : strlen(text);
    }
    return strcspn(text, " \t\r\n,;&\"')}]");
}

/* Behind a secret's name: how many bytes lead up to its value ("=", "\": "); 0: no value follows.
 * */
static size_t assign_bytes(const char *text)
{
    const bool is_quoted = text[0] == '"' || text[0] == '\'';
    const char *at = text + is_quoted;
    if (*at == '=') /* "key = value" is prose as often as not: no blanks */
        return (size_t)(at - text) + 1;
    if (!is_quoted || *at != ':')
        return 0;
    at++;
    at += strspn(at, " ");
    return (size_t)(at - text);
}

struct shape {
    const char *prefix;
    size_t least; /* bytes of the whole word */
};

static bool has_token_shape(struct str word)
{
    static const struct shape shapes[] = {
        {"AKIA", 20},  {"ASIA", 20},  {"ghp_", 20},   {"gho_", 20},        {"ghu_", 20},
        {"ghs_", 20},  {"ghr_", 20},  {"glpat-", 20}, {"github_pat_", 30}, {"xoxb-", 20},
        {"xoxa-", 20}, {"xoxp-", 20}, {"plb_", 16},
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (word.n >= shapes[i].least && str_starts(word, shapes[i].prefix))
            return true;
    return false;
}

/* Copies what leads up to a secret and hides it; returns how many bytes of text that took. */
static size_t hide(struct buf *out, const char *text, size_t n_lead, size_t n_secret)
{
    buf_add(out, text, n_lead);
    if (n_secret)
        buf_add_str(out, HIDDEN);
    return n_lead + n_secret;
}

/* "Authorization: Bearer abc": all that is behind the colon but the scheme; 0: not that. */
static size_t hide_authorization(struct buf *out, const char *text, struct str word)
{
    if (!ends_so(word, "authorization"))
        return 0;
    size_t n = word.n + strspn(text + word.n, "\"' ");
    if (text[n] != ':' && text[n] != '=')
        return 0;
    n++;
    n += strspn(text + n, "\"' ");
    const size_t n_scheme = word_bytes(text + n);
    const bool has_scheme = n_scheme && text[n + n_scheme] == ' ';
    if (has_scheme)
        n += n_scheme + 1;
    return hide(out, text, n, value_bytes(text + n));
}

/* From "-----BEGIN ... KEY-----" to the end of its last line, or of the text. */
static size_t hide_pem(struct buf *out, const char *text)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";
    if (!text_starts(text, begin))
        return 0;
    const char *last = strstr(text, end);
    const char *stop = last ? strstr(last + sizeof end - 1, dashes) : NULL;
    const size_t n = stop ? (size_t)(stop - text) + sizeof dashes - 1 : strlen(text);
    return hide(out, text, 0, n);
}

/* "//user:password@host" */
static size_t hide_userinfo(struct buf *out, const char *text)
{
    if (!text_starts(text, "//"))
        return 0;
    const size_t n = strcspn(text + 2, "/?# \t\r\n\"'<>");
    const char *at = memrchr(text + 2, '@', n);
    if (!at || at == text + 2)
        return 0;
    return hide(out, text, 2, (size_t)(at - text) - 2);
}

/* One word, with what belongs to it. */
static size_t copy_word(struct buf *out, const char *text)
{
    const struct str word = str_make(text, word_bytes(text));
    const size_t n_authorization = hide_authorization(out, text, word);
    if (n_authorization)
        return n_authorization;
    const size_t n_assign = is_secret_name(word) ? assign_bytes(text + word.n) : 0;
    if (n_assign)
        return hide(out, text, word.n + n_assign, value_bytes(text + word.n + n_assign));
    if (has_token_shape(word))
        return hide(out, text, 0, word.n);
    buf_add(out, text, word.n);
    return word.n;
}

const char *redact_text(const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    /* At worst "x=y" becomes "x=***", over and over. */
    buf_init(&out, 3 * strlen(text) + 16);
    for (const char *at = text; *at;) {
        size_t n = hide_pem(&out, at);
        if (!n)
            n = hide_userinfo(&out, at);
        if (!n && is_word(*at))
            n = copy_word(&out, at);
        if (!n)
            buf_add_char(&out, *at);
        at += n ? n : 1;
    }
    BUG_IF(out.is_full);
    return strcmp(buf_text(&out), text) == 0 ? text : arena_strdup(arena, buf_text(&out));
}

const char *redact_tag(const char *name, const char *value, struct arena *arena)
{
    if (value[0] && is_secret_name(str_of(name)))
        return HIDDEN;
    return redact_text(value, arena);
}

struct change redact_change(const struct change *change, struct arena *arena)
{
    struct change clean = *change;
    const char **texts[] = {&clean.msg, &clean.url,       &clean.diff,     &clean.data,
                            &clean.by,  &clean.old_value, &clean.new_value};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = redact_text(*texts[i], arena);
    clean.tags = arena_array(arena, change->n_tags, struct tag);
    for (size_t i = 0; i < change->n_tags; i++) {
        const struct tag *tag = &change->tags[i];
        clean.tags[i] = (struct tag){tag->key, redact_tag(tag->key, tag->value, arena)};
    }
    return clean;
}
