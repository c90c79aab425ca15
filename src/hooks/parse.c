#include "hooks/parse.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/tz.h"
#include "model/glob.h"
#include "model/service.h"

enum { HMAC_BYTES = 32 };

const char *parse_header(const struct hook_call *call, const char *name)
{
    for (size_t i = 0; i < call->n_headers; i++)
        if (strcasecmp(call->headers[i].key, name) == 0)
            return call->headers[i].value;
    return "";
}

void parse_done(json_t **root)
{
    json_decref(*root);
}

bool parse_object(const struct hook_call *call, json_t **out, struct err *err)
{
    json_error_t why;
    json_t *root = json_loadb(call->body, call->n_body, 0, &why);
    if (!root)
        return FAIL(err, ERR_INPUT, "the body is not JSON: line %d, column %d: %s", why.line,
                    why.column, why.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return FAIL(err, ERR_INPUT, "the body is not a JSON object");
    }
    *out = root;
    return true;
}

json_t *parse_at(const json_t *root, const char *path)
{
    char key[64];
    json_t *at = (json_t *)(uintptr_t)root; /* jansson lends without const */
    for (struct str rest = str_of(path), piece; at && str_split(&rest, '.', &piece);) {
        BUG_IF(piece.n >= sizeof key);
        memcpy(key, piece.at, piece.n);
        key[piece.n] = '\0';
        at = json_object_get(at, key);
    }
    return at;
}

const char *parse_text(const struct hook_call *call, const json_t *root, const char *path)
{
    const json_t *value = parse_at(root, path);
    if (json_is_number(value)) {
        char digits[NUM_TEXT_MAX];
        num_format_short(digits, json_number_value(value));
        return arena_strdup(call->arena, digits);
    }
    const char *text = json_string_value(value);
    if (!text || strcmp(text, "<no value>") == 0 || strcmp(text, "<nil>") == 0)
        return "";
    return arena_strdup(call->arena, text);
}

const char *parse_fit(const struct hook_call *call, const char *text)
{
    size_t n = strlen(text);
    if (n <= CHANGE_FIELD_MAX)
        return text;
    for (n = CHANGE_FIELD_MAX; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;)
        n--;
    return arena_strndup(call->arena, text, n);
}

const char *parse_field(const struct hook_call *call, const json_t *root, const char *path)
{
    return parse_fit(call, parse_text(call, root, path));
}

const char *parse_url(const struct hook_call *call, const json_t *root, const char *path)
{
    const char *text = parse_text(call, root, path);
    bool is_http = text_starts(text, "https://") || text_starts(text, "http://");
    return is_http && strlen(text) <= CHANGE_FIELD_MAX ? text : "";
}

/* n digits, as a number. */
static bool take_digits(const char **io, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        const char c = (*io)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *io += n;
    *out = value;
    return true;
}

static bool take_char(const char **io, const char *allowed)
{
    if (!**io || !strchr(allowed, **io))
        return false;
    (*io)++;
    return true;
}

/* Z, +hh:mm, +hhmm, also behind a blank. */
static bool take_offset(const char **io, int *out_s)
{
    int hours, minutes;
    while (**io == ' ')
        (*io)++;
    *out_s = 0;
    if (take_char(io, "Zz") || strcmp(*io, "UTC") == 0)
        return **io == '\0' || strcmp(*io, "UTC") == 0;
    const bool is_west = **io == '-';
    if (!take_char(io, "+-") || !take_digits(io, 2, &hours))
        return false;
    (void)take_char(io, ":");
    if (!take_digits(io, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *out_s = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return **io == '\0';
}

/* What follows the point; digits past the third say nothing here. */
static bool take_fraction(const char **io, int *out_ms)
{
    int digit, n = 0;
    *out_ms = 0;
    if (!take_char(io, ".,"))
        return true;
    for (int weight = 100; take_digits(io, 1, &digit); weight /= 10, n++)
        *out_ms += digit * weight;
    return n > 0;
}

bool parse_time(const char *text, int64_t *out_ms)
{
    struct civil c = {0};
    int ms, offset_s;
    const char *at = text;
    if (!take_digits(&at, 4, &c.year) || !take_char(&at, "-") || !take_digits(&at, 2, &c.month) ||
        !take_char(&at, "-") || !take_digits(&at, 2, &c.day) || !take_char(&at, "Tt ") ||
        !take_digits(&at, 2, &c.hour) || !take_char(&at, ":") || !take_digits(&at, 2, &c.minute) ||
        !take_char(&at, ":") || !take_digits(&at, 2, &c.second) || !take_fraction(&at, &ms) ||
        !take_offset(&at, &offset_s))
        return false;
    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || c.hour > 23 || c.minute > 59 ||
        c.second > 60)
        return false;
    const int64_t at_ms = (tz_instant(tz_utc(), &c) - offset_s) * 1000 + ms;
    if (at_ms <= 0)
        return false;
    *out_ms = at_ms;
    return true;
}

bool parse_time_at(const struct hook_call *call, const json_t *root, const char *path,
                   int64_t *out_ms, struct err *err)
{
    const char *text = parse_text(call, root, path);
    *out_ms = 0;
    if (!text[0] || parse_time(text, out_ms))
        return true;
    err_set(err, ERR_INPUT, "%s: '%.60s' is not a time", path, text);
    err_hint(err, "as in 2026-11-22T14:05:00Z");
    return false;
}

int parse_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool parse_is_signed(const struct hook_call *call, const char *hex, size_t n_hex)
{
    unsigned char given[HMAC_BYTES], ours[HMAC_BYTES];
    if (n_hex != 2 * sizeof given)
        return false;
    for (size_t i = 0; i < sizeof given; i++) {
        const int high = parse_hex_digit(hex[2 * i]), low = parse_hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        given[i] = (unsigned char)(high << 4 | low);
    }
    bool is_signed = false;
    for (size_t i = 0; i < call->settings->n_secrets; i++) {
        const char *secret = call->settings->secrets[i];
        BUG_IF(gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret, strlen(secret), call->body, call->n_body,
                                ours) != 0);
        is_signed |= gnutls_memcmp(given, ours, sizeof ours) == 0;
    }
    return is_signed;
}

/* Names of senders hold dots; what a glob knows as a node does not. */
static struct str undotted(const struct hook_call *call, const char *text)
{
    char *copy = arena_strdup(call->arena, text);
    for (char *at = copy; *at; at++)
        if (*at == '.')
            *at = '\x01';
    return str_of(copy);
}

const char *parse_mapped_service(const struct hook_call *call, const char *name)
{
    const struct hook_settings *settings = call->settings;
    for (size_t i = 0; i < settings->n_services; i++) {
        struct glob *glob;
        if (glob_compile(undotted(call, settings->services[i].key), call->arena, &glob, NULL) &&
            glob_match(glob, undotted(call, name)))
            return settings->services[i].value;
    }
    return NULL;
}

const char *parse_service(const struct hook_call *call, const char *name)
{
    const char *mapped = parse_mapped_service(call, name);
    if (mapped)
        return mapped;
    const char *slash = strrchr(name, '/');
    return service_slug(slash ? slash + 1 : name, call->arena);
}

const char *parse_env(const struct hook_call *call, const char *name)
{
    for (size_t i = 0; i < call->settings->n_envs; i++)
        if (strcmp(call->settings->envs[i].key, name) == 0)
            return call->settings->envs[i].value;
    return parse_fit(call, name);
}

void parse_tag(const struct hook_call *call, struct change *change, struct tag tag)
{
    if (!tag.key[0] || !tag.value[0] || change->n_tags == CHANGE_TAGS_MAX)
        return;
    if (!change->tags)
        change->tags = arena_array(call->arena, CHANGE_TAGS_MAX, struct tag);
    change->tags[change->n_tags++] =
        (struct tag){parse_fit(call, tag.key), parse_fit(call, tag.value)};
}

void parse_add(const struct hook_call *call, struct hook_result *io, const struct change *change)
{
    const size_t n = io->n_changes;
    if ((n & (n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        struct change *items = arena_array(call->arena, n ? 2 * n : 1, struct change);
        if (n)
            memcpy(items, io->changes, n * sizeof items[0]);
        io->changes = items;
    }
    io->changes[io->n_changes++] = *change;
    io->fate = HOOK_TAKEN;
}

bool parse_ignore(struct hook_result *out, const char *reason)
{
    out->fate = HOOK_IGNORED;
    out->reason = reason;
    return true;
}
