#include "announce/filter.h"

#include <fnmatch.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const common_keys[] = {"type",  "enabled", "services", "envs",
                                          "kinds", "moments", "verdicts"};

const char *filter_text(const struct ini_section *section, const char *key, const char *fallback)
{
    const struct ini_entry *entry = ini_entry_find(section, key);
    return entry ? entry->value : fallback;
}

bool filter_switch(const struct ini_section *section, const char *key, bool fallback, bool *out,
                   struct err *err)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};
    const char *text = filter_text(section, key, fallback ? "on" : "off");
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *out = i % 2 == 1;
        return true;
    }
    return FAIL(err, ERR_INPUT, "%s = '%.60s' is neither on nor off", key, text);
}

size_t filter_list(const char *text, struct arena *arena, const char *const **out)
{
    static const char apart[] = " \t\r\n,";
    const char **items = NULL;
    size_t n = 0, cap = 0;
    for (text += strspn(text, apart); *text; text += strspn(text, apart)) {
        const size_t n_piece = strcspn(text, apart);
        arena_grow(arena, &items, &cap, n + 1, sizeof *items);
        items[n++] = arena_strndup(arena, text, n_piece);
        text += n_piece;
    }
    *out = items;
    return n;
}

static bool read_kinds(const struct ini_section *section, struct arena *arena, struct filter *out,
                       struct err *err)
{
    const char *const *names;
    const size_t n = filter_list(filter_text(section, "kinds", ""), arena, &names);
    for (size_t i = 0; i < CHANGE_KINDS; i++)
        out->kinds[i] = n == 0;
    for (size_t i = 0; i < n; i++) {
        enum change_kind kind;
        if (!change_kind_parse(str_of(names[i]), &kind)) {
            err_set(err, ERR_INPUT, "kinds: '%.60s' is no kind of change", names[i]);
            err_hint(err, "deploy, config, flag, infra, data, incident, thirdparty, freeze, note");
            return false;
        }
        out->kinds[kind] = true;
    }
    return true;
}

static bool read_moments(const struct ini_section *section, struct arena *arena, struct filter *out,
                         struct err *err)
{
    const char *const *names;
    const size_t n = filter_list(filter_text(section, "moments", "start,end"), arena, &names);
    for (size_t i = 0; i < n; i++) {
        out->start |= strcmp(names[i], "start") == 0;
        out->end |= strcmp(names[i], "end") == 0;
        if (strcmp(names[i], "start") != 0 && strcmp(names[i], "end") != 0)
            return FAIL(err, ERR_INPUT, "moments: '%.60s' is neither start nor end", names[i]);
    }
    return n > 0 || FAIL(err, ERR_INPUT, "moments is empty: say start, end or both");
}

static bool read_verdicts(const struct ini_section *section, struct filter *out, struct err *err)
{
    static const char *const names[] = {[FILTER_VERDICTS_CHANGED] = "changed",
                                        [FILTER_VERDICTS_HARM] = "harm",
                                        [FILTER_VERDICTS_ALL] = "all",
                                        [FILTER_VERDICTS_NONE] = "none"};
    const char *text = filter_text(section, "verdicts", "changed");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        out->verdicts = (enum filter_verdicts)i;
        return true;
    }
    return FAIL(err, ERR_INPUT, "verdicts = '%.60s': harm, changed, all and none are known", text);
}

/* A name that does not exist is most often one that was mistyped. */
static bool refuse(const char *key, const struct channel_kind *kind, struct err *err)
{
    const char *known[64];
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(common_keys); i++)
        known[n++] = common_keys[i];
    for (size_t i = 0; kind->keys[i] && n < COUNT_OF(known); i++)
        known[n++] = kind->keys[i];
    const char *near = text_nearest(key, known, n);
    err_set(err, ERR_INPUT, "a channel of type %s has no key '%.60s'", kind->name, key);
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    return false;
}

static bool check_keys(const struct ini *ini, const struct ini_section *section,
                       const struct channel_kind *kind, struct err *err)
{
    for (size_t i = 0; i < section->n_entries; i++) {
        const struct ini_entry *entry = &section->entries[i];
        bool is_known = false;
        for (size_t k = 0; k < COUNT_OF(common_keys) && !is_known; k++)
            is_known = strcmp(common_keys[k], entry->key) == 0;
        for (size_t k = 0; kind->keys[k] && !is_known; k++)
            is_known = strcmp(kind->keys[k], entry->key) == 0;
        if (is_known)
            continue;
        (void)refuse(entry->key, kind, err);
        err_prefix(err, "%s:%u", ini->file, entry->line);
        return false;
    }
    return true;
}

bool filter_read(const struct ini *ini, const struct ini_section *section,
                 const struct channel_kind *kind, struct arena *arena, struct filter *out,
                 struct err *err)
{
    struct filter filter = {0};
    if (!check_keys(ini, section, kind, err))
        return false;
    filter.n_services = filter_list(filter_text(section, "services", ""), arena, &filter.services);
    filter.n_envs = filter_list(filter_text(section, "envs", ""), arena, &filter.envs);
    if (!read_kinds(section, arena, &filter, err) || !read_moments(section, arena, &filter, err) ||
        !read_verdicts(section, &filter, err) ||
        !filter_switch(section, "enabled", true, &filter.is_enabled, err)) {
        err_prefix(err, "%s:%u: [%s]", ini->file, section->line, section->name);
        return false;
    }
    *out = filter;
    return true;
}

/* "web" also takes what is below it: web/checkout. */
static bool fits(const char *glob, const char *text)
{
    if (fnmatch(glob, text, 0) == 0)
        return true;
    const char *slash = strchr(text, '/');
    for (; slash; slash = strchr(slash + 1, '/')) {
        char above[CHANGE_FIELD_MAX + 1];
        const size_t n = min_size((size_t)(slash - text), sizeof above - 1);
        memcpy(above, text, n);
        above[n] = '\0';
        if (fnmatch(glob, above, 0) == 0)
            return true;
    }
    return false;
}

static bool takes(const char *const *globs, size_t n, const char *text)
{
    bool is_taken = n == 0 || globs[0][0] == '!'; /* a list of exceptions begins with all */
    for (size_t i = 0; i < n; i++) {
        const bool is_exception = globs[i][0] == '!';
        if (fits(globs[i] + is_exception, text))
            is_taken = !is_exception;
    }
    return is_taken;
}

bool filter_takes(const struct filter *filter, const struct change *change)
{
    return filter->kinds[change->kind] &&
           takes(filter->services, filter->n_services, change->service) &&
           takes(filter->envs, filter->n_envs, change->env);
}

static bool wants_verdict(const struct filter *filter, const struct verdict *verdict,
                          const struct moments_told *told)
{
    const bool is_harm = verdict->state == VERDICT_HARM, was_harm = told->verdict == VERDICT_HARM;
    const bool is_change = is_harm || verdict->state == VERDICT_IMPROVED ||
                           verdict->state == VERDICT_MOVED || told->verdict != VERDICT_PENDING;
    switch (filter->verdicts) {
    case FILTER_VERDICTS_HARM:
        return is_harm || was_harm;
    case FILTER_VERDICTS_CHANGED:
        return is_change;
    case FILTER_VERDICTS_ALL:
        return is_change || (told->is_known && verdict->stage >= VERDICT_1H);
    case FILTER_VERDICTS_NONE:
        break;
    }
    return false;
}

bool filter_wants(const struct filter *filter, enum moment moment, const struct change *change,
                  const struct moments_told *told)
{
    if (moment == MOMENT_VERDICT)
        return change->verdict && wants_verdict(filter, change->verdict, told);
    return moment == MOMENT_START ? filter->start : filter->end;
}
