#include "impact/rules.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "model/name.h"
#include "query/query.h"

enum {
    METRICS_DEFAULT = 10000,
    METRICS_MAX = 100000,
    LIST_MAX = 1000, /* globs or targets of one key */
    WORDS_MAX = 64,  /* of a name */
    WORD_BYTES = 32, /* longer words have no rule */
};

/* ---- what words say ---- */

enum meaning {
    NO_MEANING,
    UP_IS_BAD,   /* and down is good */
    DOWN_IS_BAD, /* and up is good */
    LOSS_IS_BAD, /* down is bad; more of it is neither */
};

struct word {
    const char *text; /* a '*' at its end: all that begin so */
    enum meaning meaning;
};

/* The last word of a name that is here decides: web.requests.errors is about errors. */
static const struct word words[] = {
    /* what went wrong */
    {"error*", UP_IS_BAD},
    {"err", UP_IS_BAD},
    {"errs", UP_IS_BAD},
    {"fail*", UP_IS_BAD},
    {"exception*", UP_IS_BAD},
    {"fatal*", UP_IS_BAD},
    {"panic*", UP_IS_BAD},
    {"crash*", UP_IS_BAD},
    {"warn*", UP_IS_BAD},
    {"5xx", UP_IS_BAD},
    {"4xx", UP_IS_BAD},
    {"timeout*", UP_IS_BAD},
    {"retry", UP_IS_BAD},
    {"retries", UP_IS_BAD},
    {"drop*", UP_IS_BAD},
    {"refuse*", UP_IS_BAD},
    {"reject*", UP_IS_BAD},
    {"denied", UP_IS_BAD},
    {"abort*", UP_IS_BAD},
    {"lost", UP_IS_BAD},
    {"loss", UP_IS_BAD},
    {"miss", UP_IS_BAD},
    {"misses", UP_IS_BAD},
    {"missed", UP_IS_BAD},
    {"restart*", UP_IS_BAD},
    {"oom*", UP_IS_BAD},
    {"deadlock*", UP_IS_BAD},
    {"throttled", UP_IS_BAD},
    {"evict*", UP_IS_BAD},
    {"unavailable", UP_IS_BAD},
    {"unhealthy", UP_IS_BAD},
    {"bounce*", UP_IS_BAD},
    /* how long it takes */
    {"latency", UP_IS_BAD},
    {"latencies", UP_IS_BAD},
    {"duration", UP_IS_BAD},
    {"elapsed", UP_IS_BAD},
    {"delay*", UP_IS_BAD},
    {"lag", UP_IS_BAD},
    {"ms", UP_IS_BAD},
    {"time", UP_IS_BAD},
    {"timer*", UP_IS_BAD},
    {"ttfb", UP_IS_BAD},
    {"slow", UP_IS_BAD},
    {"wait*", UP_IS_BAD},
    /* what piles up or runs out */
    {"queue*", UP_IS_BAD},
    {"backlog", UP_IS_BAD},
    {"depth", UP_IS_BAD},
    {"cpu", UP_IS_BAD},
    {"load", UP_IS_BAD},
    {"iowait", UP_IS_BAD},
    {"steal", UP_IS_BAD},
    {"swap", UP_IS_BAD},
    {"used", UP_IS_BAD},
    {"usage", UP_IS_BAD},
    {"utilization", UP_IS_BAD},
    {"utilisation", UP_IS_BAD},
    {"idle", DOWN_IS_BAD},
    {"free", DOWN_IS_BAD},
    {"available", DOWN_IS_BAD},
    /* what is wanted */
    {"ok", DOWN_IS_BAD},
    {"success*", DOWN_IS_BAD},
    {"succeeded", DOWN_IS_BAD},
    {"login*", DOWN_IS_BAD},
    {"signup*", DOWN_IS_BAD},
    {"signin*", DOWN_IS_BAD},
    {"registration*", DOWN_IS_BAD},
    {"order*", DOWN_IS_BAD},
    {"post", DOWN_IS_BAD},
    {"posts", DOWN_IS_BAD},
    {"conversion*", DOWN_IS_BAD},
    {"hit", DOWN_IS_BAD},
    {"hits", DOWN_IS_BAD},
    {"availability", DOWN_IS_BAD},
    {"apdex", DOWN_IS_BAD},
    {"healthy", DOWN_IS_BAD},
    {"delivered", DOWN_IS_BAD},
    /* how much comes */
    {"sale*", LOSS_IS_BAD},
    {"revenue", LOSS_IS_BAD},
    {"request*", LOSS_IS_BAD},
    {"reqs", LOSS_IS_BAD},
    {"rps", LOSS_IS_BAD},
    {"qps", LOSS_IS_BAD},
    {"throughput", LOSS_IS_BAD},
    {"traffic", LOSS_IS_BAD},
    {"visit*", LOSS_IS_BAD},
    {"pageview*", LOSS_IS_BAD},
    {"views", LOSS_IS_BAD},
    {"2xx", LOSS_IS_BAD},
};

/* p50, p95, p999 */
static bool is_percentile(const char *word)
{
    return word[0] == 'p' && word[1] && !word[1 + strspn(word + 1, "0123456789")];
}

/* A status that a server gave. */
static bool is_bad_status(const char *word)
{
    return strlen(word) == 3 && (word[0] == '4' || word[0] == '5') &&
           isdigit((unsigned char)word[1]) && isdigit((unsigned char)word[2]);
}

static enum meaning meaning_of(const char *word)
{
    if (is_percentile(word) || is_bad_status(word))
        return UP_IS_BAD;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        const size_t n = strlen(words[i].text);
        const bool is_beginning = words[i].text[n - 1] == '*';
        if (is_beginning ? strncmp(word, words[i].text, n - 1) == 0
                         : strcmp(word, words[i].text) == 0)
            return words[i].meaning;
    }
    return NO_MEANING;
}

/* StatsD's count of a timer is how often it was told, not how long it took. */
static bool is_timer_count(struct str name)
{
    return str_starts(name, "stats.timers.") &&
           (str_ends(name, ".count") || str_ends(name, ".count_ps"));
}

/* What the words say: a name without its tags, of a target only up to its first comma. */
static struct str words_part(const char *name)
{
    struct str part = name_path(name);
    const char *comma = memchr(part.at, '(', part.n) ? memchr(part.at, ',', part.n) : NULL;
    if (comma)
        part.n = (size_t)(comma - part.at);
    return part;
}

static enum meaning meaning_of_name(const char *name)
{
    const struct str part = words_part(name);
    if (is_timer_count(part))
        return LOSS_IS_BAD;
    size_t end = part.n;
    while (end > 0) {
        char word[WORD_BYTES];
        if (!isalnum((unsigned char)part.at[end - 1])) {
            end--;
            continue;
        }
        size_t begin = end;
        while (begin > 0 && isalnum((unsigned char)part.at[begin - 1]))
            begin--;
        const size_t n = min_size(end - begin, sizeof word - 1);
        memcpy(word, part.at + begin, n);
        word[n] = '\0';
        text_lower(word);
        const enum meaning meaning = meaning_of(word);
        if (meaning != NO_MEANING)
            return meaning;
        end = begin;
    }
    return NO_MEANING;
}

static enum meaning configured(const struct impact_rules *rules, const struct impact_vital *vital,
                               const char *name)
{
    if (vital && vital->bad != IMPACT_BAD_UNKNOWN)
        return vital->bad == IMPACT_BAD_UP ? UP_IS_BAD : DOWN_IS_BAD;
    if (rules_globs_fit(&rules->bad_up, name))
        return UP_IS_BAD;
    return rules_globs_fit(&rules->bad_down, name) ? DOWN_IS_BAD : NO_MEANING;
}

enum verdict_harm rules_harm(const struct impact_rules *rules, const struct impact_vital *vital,
                             const char *name, enum verdict_direction direction)
{
    enum meaning meaning = configured(rules, vital, name);
    if (meaning == NO_MEANING)
        meaning = meaning_of_name(name);
    if (meaning == NO_MEANING || direction == VERDICT_ERRATIC)
        return VERDICT_NO_RULE;
    if (meaning == UP_IS_BAD)
        return direction == VERDICT_UP ? VERDICT_BAD : VERDICT_GOOD;
    if (direction == VERDICT_DOWN)
        return VERDICT_BAD;
    return meaning == DOWN_IS_BAD ? VERDICT_GOOD : VERDICT_NO_RULE;
}

/* ---- globs ---- */

bool rules_parse_glob(const char *text, struct arena *arena, struct impact_glob *out,
                      struct err *err)
{
    struct impact_glob glob = {.text = arena_strdup(arena, text)};
    const struct str path = name_path(text);
    if (!glob_path_compile(arena_strndup(arena, path.at, path.n), arena, &glob.path, err)) {
        err_prefix(err, "'%.100s'", text);
        return false;
    }
    *out = glob;
    return true;
}

bool rules_parse_vital(const char *text, struct arena *arena, struct impact_vital *out,
                       struct err *err)
{
    struct impact_vital vital = {.bad = IMPACT_BAD_UNKNOWN};
    const char *colon = strrchr(text, ':');
    size_t n = strlen(text);
    if (colon) {
        if (strcmp(colon, ":up") != 0 && strcmp(colon, ":down") != 0) {
            err_set(err, ERR_INPUT, "'%.100s' ends neither in :up nor in :down", text);
            err_hint(err, "which way is harm: web.errors:up, web.logins:down");
            return false;
        }
        vital.bad = strcmp(colon, ":up") == 0 ? IMPACT_BAD_UP : IMPACT_BAD_DOWN;
        n = (size_t)(colon - text);
    }
    if (!rules_parse_glob(arena_strndup(arena, text, n), arena, &vital.glob, err))
        return false;
    *out = vital;
    return true;
}

bool rules_glob_fits(const struct impact_glob *glob, const char *name)
{
    char path[NAME_BYTES_MAX + 1];
    if (strchr(glob->text, ';'))
        return strcmp(glob->text, name) == 0;
    const struct str part = name_path(name);
    if (part.n > NAME_BYTES_MAX)
        return false;
    if (!name[part.n])
        return glob_path_match(&glob->path, name);
    memcpy(path, part.at, part.n);
    path[part.n] = '\0';
    return glob_path_match(&glob->path, path);
}

bool rules_globs_fit(const struct impact_globs *globs, const char *name)
{
    for (size_t i = 0; i < globs->n; i++)
        if (rules_glob_fits(&globs->items[i], name))
            return true;
    return false;
}

const struct impact_vital *rules_find_vital(const struct impact_vital *vitals, size_t n,
                                            const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (rules_glob_fits(&vitals[i].glob, name))
            return &vitals[i];
    return NULL;
}

/* ---- services ---- */

static struct str last_part(const char *service)
{
    const char *slash = strrchr(service, '/');
    return str_of(slash ? slash + 1 : service);
}

/* The value of the tag service in a canonical name. */
static bool service_tag(const char *name, struct str *out)
{
    struct str rest = str_of(name), piece;
    (void)str_split(&rest, ';', &piece);
    while (str_split(&rest, ';', &piece))
        if (str_starts(piece, "service=")) {
            *out = str_make(piece.at + strlen("service="), piece.n - strlen("service="));
            return true;
        }
    return false;
}

static bool is_service(struct str text, const char *service)
{
    return str_is(text, service) || str_eq(text, last_part(service));
}

/* Parts of a name, or of the names in a target. */
static bool has_part(const char *name, const char *service)
{
    static const char between[] = ".(), '\"";
    const struct str path = name_path(name);
    const char *at = path.at, *end = path.at + path.n;
    while (at < end) {
        const size_t n = min_size(strcspn(at, between), (size_t)(end - at));
        if (n && is_service(str_make(at, n), service))
            return true;
        at += n + 1;
    }
    return false;
}

bool rules_in_scope(const struct impact_rules *rules, const char *service, const char *name)
{
    struct str tag;
    if (!service[0])
        return false;
    for (size_t i = 0; i < rules->n_scopes; i++)
        if (strcmp(rules->scopes[i].service, service) == 0)
            return rules_globs_fit(&rules->scopes[i].globs, name);
    if (service_tag(name, &tag) && is_service(tag, service))
        return true;
    return has_part(name, service);
}

struct str rules_service_of(const char *name)
{
    struct str rest = name_path(name), first, second, tag;
    if (service_tag(name, &tag))
        return tag;
    if (!str_split(&rest, '.', &first) || !str_split(&rest, '.', &second))
        return first;
    return rest.at ? second : first;
}

/* ---- [impact] ---- */

struct impact_rules rules_default(void)
{
    return (struct impact_rules){.n_metrics_max = METRICS_DEFAULT, .cpu_share = 0.05};
}

/* Cuts at the first comma or line end that is in no bracket and no quotes. */
static bool next_item(const char **at, struct str *out)
{
    const char *begin = *at;
    char quote = '\0';
    int depth = 0;
    if (!*begin)
        return false;
    const char *end = begin;
    for (; *end; end++) {
        if (quote) {
            quote = *end == quote ? '\0' : quote;
            continue;
        }
        if (*end == '\'' || *end == '"')
            quote = *end;
        else if (strchr("([{", *end))
            depth++;
        else if (strchr(")]}", *end))
            depth--;
        else if (depth <= 0 && (*end == ',' || *end == '\n'))
            break;
    }
    *out = str_trim(str_make(begin, (size_t)(end - begin)));
    *at = *end ? end + 1 : end;
    return true;
}

/* All items of a list, without empty ones; at least one. */
static bool split_list(const char *value, struct arena *arena, const char ***out, size_t *out_n,
                       struct err *err)
{
    const char **items = NULL;
    size_t n = 0, cap = 0;
    struct str item;
    while (next_item(&value, &item)) {
        if (!item.n)
            continue;
        if (n == LIST_MAX)
            return FAIL(err, ERR_INPUT, "more than %d", LIST_MAX);
        arena_grow(arena, &items, &cap, n + 1, sizeof *items);
        items[n++] = arena_strndup(arena, item.at, item.n);
    }
    *out = items;
    *out_n = n;
    return n > 0 || FAIL(err, ERR_INPUT, "it is empty; leave the key out");
}

static bool read_globs(const char *value, struct arena *arena, struct impact_globs *out,
                       struct err *err)
{
    const char **texts;
    size_t n;
    if (!split_list(value, arena, &texts, &n, err))
        return false;
    struct impact_glob *globs = arena_array(arena, n, struct impact_glob);
    for (size_t i = 0; i < n; i++)
        if (!rules_parse_glob(texts[i], arena, &globs[i], err))
            return false;
    *out = (struct impact_globs){globs, n};
    return true;
}

static bool read_vitals(const char *value, struct arena *arena, struct impact_rules *rules,
                        struct err *err)
{
    const char **texts;
    size_t n;
    if (!split_list(value, arena, &texts, &n, err))
        return false;
    struct impact_vital *vitals = arena_array(arena, n, struct impact_vital);
    for (size_t i = 0; i < n; i++)
        if (!rules_parse_vital(texts[i], arena, &vitals[i], err))
            return false;
    rules->vitals = vitals;
    rules->n_vitals = n;
    return true;
}

/* A source without a series, so that targets can be tried for their grammar. */
static bool find_none(void *self, const struct glob_path *pattern, const struct source_span *span,
                      size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err)
{
    (void)self, (void)pattern, (void)span, (void)n_max, (void)arena, (void)err;
    *out = (struct source_nodes){0};
    return true;
}

static bool find_none_tagged(void *self, const struct tag_expr *exprs, size_t n, size_t n_max,
                             struct arena *arena, struct source_nodes *out, struct err *err)
{
    (void)self, (void)exprs, (void)n, (void)n_max, (void)arena, (void)err;
    *out = (struct source_nodes){0};
    return true;
}

static bool list_no_changes(void *self, const struct change_query *query, struct arena *arena,
                            struct change_list *out, struct err *err)
{
    (void)self, (void)query, (void)arena, (void)err;
    *out = (struct change_list){0};
    return true;
}

static int64_t no_time(void *self UNUSED)
{
    return 0;
}

static bool check_target(const char *target, struct arena *arena, struct err *err)
{
    static const struct source_ops source = {.find = find_none, .find_tagged = find_none_tagged};
    static const struct changes_ops changes = {.list = list_no_changes};
    const struct query_env env = {.source = {.ops = &source},
                                  .changes = {.ops = &changes},
                                  .limits = query_limits_default(),
                                  .clock = {.now_us = no_time}};
    const struct query_request request = {.from_s = 1000000,
                                          .until_s = 1003600,
                                          .now_s = 1003600,
                                          .tz = tz_utc(),
                                          .x_files_factor = (double)NAN,
                                          .targets = &target,
                                          .n_targets = 1};
    struct series_list list = {0};
    if (query_run(&env, &request, arena, &list, err) || err->kind != ERR_INPUT)
        return true;
    err_prefix(err, "'%.100s'", target);
    return false;
}

/* A path in a target: what stands between brackets, commas and quotes, but is no number. */
static bool is_path(struct str text)
{
    double number;
    return text.n && !num_parse_f64(text.at, text.n, &number) &&
           (memchr(text.at, '.', text.n) || memchr(text.at, '*', text.n));
}

/* The paths of a target, for what is not to be asked one by one: a word too much does no harm. */
static void add_members(const char *target, struct arena *arena, struct impact_glob *globs,
                        size_t *io_n)
{
    static const char ends[] = "(), \t\"'|";
    const char *at = target;
    while (*(at += strspn(at, ends))) {
        const char *begin = at;
        for (int depth = 0; *at && (depth > 0 || !strchr(ends, *at)); at++)
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        const struct str text = str_make(begin, (size_t)(at - begin));
        struct err ignored;
        if (*io_n < LIST_MAX && *at != '(' && is_path(text) &&
            rules_parse_glob(arena_strndup(arena, text.at, text.n), arena, &globs[*io_n], &ignored))
            ++*io_n;
    }
}

static bool read_groups(const char *value, struct arena *arena, struct impact_rules *rules,
                        struct err *err)
{
    const char **targets;
    if (!split_list(value, arena, &targets, &rules->n_groups, err))
        return false;
    for (size_t i = 0; i < rules->n_groups; i++)
        if (!check_target(targets[i], arena, err))
            return false;
    struct impact_glob *members = arena_array(arena, LIST_MAX, struct impact_glob);
    size_t n = 0;
    for (size_t i = 0; i < rules->n_groups; i++)
        add_members(targets[i], arena, members, &n);
    rules->members = (struct impact_globs){members, n};
    rules->groups = targets;
    return true;
}

static bool read_metrics_max(const char *value, struct impact_rules *rules, struct err *err)
{
    int64_t n;
    if (!num_parse_i64(value, strlen(value), &n) || n < 1 || n > METRICS_MAX)
        return FAIL(err, ERR_INPUT, "'%.40s' is no whole number from 1 to %d", value, METRICS_MAX);
    rules->n_metrics_max = (size_t)n;
    return true;
}

static bool read_cpu_share(const char *value, struct impact_rules *rules, struct err *err)
{
    const size_t n = strlen(value);
    double percent;
    if (strcmp(value, "off") == 0) {
        rules->cpu_share = 0;
        return true;
    }
    if (n < 2 || value[n - 1] != '%' || !num_parse_f64(value, n - 1, &percent) ||
        !(percent > 0 && percent <= 100))
        return FAIL(
            err, ERR_INPUT,
            "'%.40s' is neither off nor a share of one processor such as 5%%, at most 100%%",
            value);
    rules->cpu_share = percent / 100;
    return true;
}

static bool read_scope(const struct ini_entry *entry, struct arena *arena, struct impact_scope *out,
                       struct err *err)
{
    out->service = entry->key + strlen("scope.");
    if (!out->service[0]) {
        err_set(err, ERR_INPUT, "it names no service");
        err_hint(err, "such as scope.web/checkout = shop.checkout.*");
        return false;
    }
    return read_globs(entry->value, arena, &out->globs, err);
}

/* A section while it is read. */
struct reading {
    struct arena *arena;
    struct impact_rules rules;
    struct impact_scope *scopes;
};

static bool read_entry(struct reading *r, const struct ini_entry *entry, struct err *err)
{
    static const char *const keys[] = {"vital",  "bad-up",      "bad-down",  "groups",
                                       "ignore", "metrics-max", "cpu-share", "scope.SERVICE"};
    struct impact_rules *rules = &r->rules;
    const char *key = entry->key, *value = entry->value;
    if (text_starts(key, "scope."))
        return read_scope(entry, r->arena, &r->scopes[rules->n_scopes++], err);
    if (strcmp(key, "vital") == 0)
        return read_vitals(value, r->arena, rules, err);
    if (strcmp(key, "bad-up") == 0)
        return read_globs(value, r->arena, &rules->bad_up, err);
    if (strcmp(key, "bad-down") == 0)
        return read_globs(value, r->arena, &rules->bad_down, err);
    if (strcmp(key, "groups") == 0)
        return read_groups(value, r->arena, rules, err);
    if (strcmp(key, "ignore") == 0)
        return read_globs(value, r->arena, &rules->ignore, err);
    if (strcmp(key, "metrics-max") == 0)
        return read_metrics_max(value, rules, err);
    if (strcmp(key, "cpu-share") == 0)
        return read_cpu_share(value, rules, err);
    const char *near = text_nearest(key, keys, COUNT_OF(keys));
    err_set(err, ERR_INPUT, "there is no such key");
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    else
        err_hint(err, "vital, bad-up, bad-down, groups, ignore, metrics-max, cpu-share and "
                      "scope.SERVICE are known");
    return false;
}

bool rules_read(const struct ini *ini, struct arena *arena, struct impact_rules *out,
                struct err *err)
{
    const struct ini_section *section = ini_section_find(ini, "impact");
    struct reading reading = {.arena = arena, .rules = rules_default()};
    const size_t n = section ? section->n_entries : 0;
    reading.scopes = arena_zarray(arena, n + 1, struct impact_scope);
    reading.rules.scopes = reading.scopes;
    for (size_t i = 0; i < n; i++) {
        if (read_entry(&reading, &section->entries[i], err))
            continue;
        err_prefix(err, "%s:%u: [impact] %s", ini->file, section->entries[i].line,
                   section->entries[i].key);
        return false;
    }
    *out = reading.rules;
    return true;
}
