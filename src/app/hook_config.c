#include "app/hook_config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

#define SECTION "hook "

enum {
    SECRETS_MAX = 16, /* of one hook: each is tried for each delivery */
    GLOBS_MAX = 1000, /* of one key */
    SECRETS_FILE_BYTES_MAX = 64 * 1024,
};

/* A section while it is read. */
struct reading {
    struct arena *arena;
    struct hook *hook;
    const char **secrets;
};

static const char *kept(const struct reading *r, struct str text)
{
    return arena_strndup(r->arena, text.at, text.n);
}

static bool add_secret(struct reading *r, struct str secret, struct err *err)
{
    if (r->hook->settings.n_secrets == SECRETS_MAX)
        return FAIL(err, ERR_INPUT, "more than %d secrets", SECRETS_MAX);
    r->secrets[r->hook->settings.n_secrets++] = kept(r, secret);
    return true;
}

/* A secret a line. */
static bool read_secrets_file(struct reading *r, const char *path, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, SECRETS_FILE_BYTES_MAX);
    if (!file_read_all(path, &text, err))
        return false;
    const size_t n_before = r->hook->settings.n_secrets;
    struct str rest = str_of(buf_text(&text)), line;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n && !add_secret(r, line, err))
            return false;
    }
    if (r->hook->settings.n_secrets == n_before)
        return FAIL(err, ERR_INPUT, "'%s' holds no secret", path);
    return true;
}

static bool read_secrets(struct reading *r, const char *value, struct err *err)
{
    static const char prefix[] = "file:";
    r->secrets = arena_array(r->arena, SECRETS_MAX, const char *);
    r->hook->settings.secrets = r->secrets;
    struct str rest = str_of(value), line;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        const bool is_file = str_starts(line, prefix);
        const struct str path = str_make(line.at + (is_file ? sizeof prefix - 1 : 0),
                                         line.n - (is_file ? sizeof prefix - 1 : 0));
        if (is_file && !read_secrets_file(r, kept(r, path), err))
            return false;
        if (!is_file && line.n && !add_secret(r, line, err))
            return false;
    }
    /* A hook that was meant to be signed must not be open because of an empty line. */
    return r->hook->settings.n_secrets > 0 || FAIL(err, ERR_INPUT, "secret is empty");
}

/* "glob = word", a line each. */
static bool read_map(struct reading *r, const char *value, const struct tag **out, size_t *out_n,
                     struct err *err)
{
    struct tag *items = NULL;
    size_t n = 0, cap = 0;
    struct str rest = str_of(value), line;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        const char *equals = line.n ? memchr(line.at, '=', line.n) : NULL;
        if (line.n == 0)
            continue;
        const size_t n_glob = equals ? (size_t)(equals - line.at) : 0;
        const struct str glob = str_trim(str_make(line.at, n_glob));
        const struct str word =
            str_trim(str_make(line.at + n_glob + 1, equals ? line.n - n_glob - 1 : 0));
        if (!glob.n || !word.n)
            return FAIL(err, ERR_INPUT, "'" STR_FMT "' is not 'glob = name'", STR_ARG(line));
        if (n == GLOBS_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d lines", GLOBS_MAX);
        if (!hooks_check_glob(kept(r, glob), err))
            return false;
        arena_grow(r->arena, &items, &cap, n + 1, sizeof items[0]);
        items[n++] = (struct tag){kept(r, glob), kept(r, word)};
    }
    *out = items;
    *out_n = n;
    return true;
}

static bool read_refs(struct reading *r, const char *value, struct err *err)
{
    char *refs = arena_strdup(r->arena, value);
    for (char *at = refs; *at; at++)
        *at = *at == '\n' || *at == '\t' || *at == ',' ? ' ' : *at;
    struct str rest = str_of(refs), glob;
    while (str_split(&rest, ' ', &glob))
        if (glob.n && !hooks_check_glob(kept(r, glob), err))
            return false;
    r->hook->settings.push_refs = refs;
    return true;
}

static bool read_previews(struct reading *r, const char *value, struct err *err)
{
    r->hook->settings.with_previews = strcmp(value, "on") == 0;
    return r->hook->settings.with_previews || strcmp(value, "off") == 0 ||
           FAIL(err, ERR_INPUT, "'%s' is neither on nor off", value);
}

static bool read_entry(struct reading *r, const struct ini_entry *entry, struct err *err)
{
    static const char *const keys[] = {"secret", "services", "envs", "push-refs", "previews"};
    struct hook_settings *settings = &r->hook->settings;
    if (strcmp(entry->key, "secret") == 0)
        return read_secrets(r, entry->value, err);
    if (strcmp(entry->key, "services") == 0)
        return read_map(r, entry->value, &settings->services, &settings->n_services, err);
    if (strcmp(entry->key, "envs") == 0)
        return read_map(r, entry->value, &settings->envs, &settings->n_envs, err);
    if (strcmp(entry->key, "push-refs") == 0)
        return read_refs(r, entry->value, err);
    if (strcmp(entry->key, "previews") == 0)
        return read_previews(r, entry->value, err);
    const char *near = text_nearest(entry->key, keys, COUNT_OF(keys));
    err_set(err, ERR_INPUT, "a hook has no such key");
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    else
        err_hint(err, "secret, services, envs, push-refs and previews are known");
    return false;
}

/* "hook github/main" */
static bool read_name(struct reading *r, const char *section, struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    struct str rest = str_trim(str_of(section + sizeof SECTION - 1)), source;
    (void)str_split(&rest, '/', &source);
    const char *name = rest.at ? kept(r, rest) : "";
    if (!name[0] || name[strspn(name, allowed)] || strlen(name) > 63) {
        err_set(err, ERR_INPUT, "[%s] is not [hook SOURCE/NAME]", section);
        err_hint(err, "such as [hook github/main], for /hook/github/main");
        return false;
    }
    r->hook->name = name;
    r->hook->source = hooks_find(kept(r, source));
    if (r->hook->source)
        return true;
    const char **names = arena_array(r->arena, n_hook_sources, const char *);
    for (size_t i = 0; i < n_hook_sources; i++)
        names[i] = hook_sources[i]->name;
    const char *near = text_nearest(kept(r, source), names, n_hook_sources);
    err_set(err, ERR_INPUT, "there is no source of hooks '" STR_FMT "'", STR_ARG(source));
    if (near)
        err_hint(err, "did you mean [hook %s/%s]?", near, name);
    return false;
}

static bool read_section(const struct ini *ini, const struct ini_section *section,
                         struct reading *r, struct err *err)
{
    r->hook->settings.push_refs = "";
    if (!read_name(r, section->name, err)) {
        err_prefix(err, "%s:%u", ini->file, section->line);
        return false;
    }
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct ini_entry *entry = &section->entries[i];
        if (read_entry(r, entry, err))
            continue;
        err_prefix(err, "%s:%u: [%s] %s", ini->file, entry->line, section->name, entry->key);
        return false;
    }
    return true;
}

bool hook_config_read(const struct ini *ini, struct arena *arena, struct hook **out, size_t *out_n,
                      struct err *err)
{
    struct hook *hooks = arena_zarray(arena, ini->n_sections + 1, struct hook);
    size_t n = 0;
    for (size_t i = 0; i < ini->n_sections; i++) {
        if (!text_starts(ini->sections[i].name, SECTION))
            continue;
        struct reading reading = {.arena = arena, .hook = &hooks[n++]};
        if (!read_section(ini, &ini->sections[i], &reading, err))
            return false;
    }
    *out = hooks;
    *out_n = n;
    return true;
}
