#include "impact/panel.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "impact/panel_parts.h"
#include "model/name.h"
#include "query/query.h"

enum {
    FIND_MAX = 200000, /* nodes of the whole tree; with more, only a service's own are looked for */
    TAG_KEYS_MAX = 64,
    GROUP_SERIES_MAX = 100, /* of one target */
    MISSING_MAX = 100,
    ALIVE_S = 2 * 3600, /* a series without a point in so long before the change is not looked at */
};

/* A choice while it is made. */
struct choosing {
    const struct panel_question *question;
    struct arena *arena;
    struct panel_list list;
    struct map *seen;     /* name → anything */
    struct map *services; /* name → number + 1 */
    size_t cap, cap_missing;
    struct impact_vital *vitals; /* the wish's, then the rules' */
    size_t n_vitals;
};

static const struct source *source_of(const struct choosing *c)
{
    return &c->question->options->source;
}

static const struct impact_rules *rules_of(const struct choosing *c)
{
    return c->question->options->rules;
}

static struct source_span alive_span(const struct panel_question *question)
{
    const int64_t from_s = question->at_s - ALIVE_S;
    return (struct source_span){.from_s = from_s,
                                .until_s = question->until_s,
                                .now_s = question->now_s,
                                .age_s = question->now_s - from_s};
}

/* ---- finding ---- */

static bool find_path(const struct choosing *c, const char *pattern, const struct source_span *span,
                      struct source_nodes *out, struct err *err)
{
    struct glob_path path;
    return glob_path_compile(pattern, c->arena, &path, err) &&
           source_of(c)->ops->find(source_of(c)->self, &path, span, FIND_MAX, c->arena, out, err);
}

/* One tagged series, by its whole name. */
static bool find_named(const struct choosing *c, const char *name, struct source_nodes *out,
                       struct err *err)
{
    struct tag *tags;
    const size_t n = name_tags(name, c->arena, &tags);
    struct tag_expr *exprs = arena_array(c->arena, n, struct tag_expr);
    for (size_t i = 0; i < n; i++)
        exprs[i] = (struct tag_expr){tags[i].key, tags[i].value, TAG_IS};
    return source_of(c)->ops->find_tagged(source_of(c)->self, exprs, n, FIND_MAX, c->arena, out,
                                          err);
}

static bool find_glob(const struct choosing *c, const struct impact_glob *glob,
                      struct source_nodes *out, struct err *err)
{
    return strchr(glob->text, ';') ? find_named(c, glob->text, out, err)
                                   : find_path(c, glob->text, NULL, out, err);
}

/* Series with any tag: those of each tag there is. */
static bool find_all_tagged(const struct choosing *c, struct source_nodes *out, struct err *err)
{
    const struct source *source = source_of(c);
    const struct source_tag_query query = {.n_max = TAG_KEYS_MAX};
    struct source_tags keys = {0};
    if (!source->ops->tags(source->self, &query, c->arena, &keys, err))
        return false;
    for (size_t i = 0; i < keys.n; i++) {
        const struct tag_expr expr = {keys.items[i].text, "", TAG_IS_NOT};
        struct source_nodes found = {0};
        if (strcmp(expr.key, "name") == 0)
            continue;
        if (!source->ops->find_tagged(source->self, &expr, 1, FIND_MAX, c->arena, &found, err))
            return false;
        arena_grow(c->arena, &out->items, &out->cap, out->n + found.n, sizeof *out->items);
        memcpy(out->items + out->n, found.items, found.n * sizeof *found.items);
        out->n += found.n;
    }
    return true;
}

/* ---- adding ---- */

static uint32_t service_number(struct map *services, const char *name)
{
    const struct str service = rules_service_of(name);
    const uintptr_t known = (uintptr_t)map_get(services, service.at, service.n);
    if (known)
        return (uint32_t)known;
    const uintptr_t number = map_count(services) + 1;
    map_put(services, service.at, service.n, (void *)number); /* NOLINT: a number */
    return (uint32_t)number;
}

static bool is_sum(const struct choosing *c, const char *name)
{
    const struct schemas *schemas = c->question->options->schemas;
    return schemas && schemas_find(schemas, str_of(name), NULL).aggregation == AGGREGATE_SUM;
}

/* NULL: it is there already. */
static struct panel_metric *add(struct choosing *c, const char *name, bool is_asked)
{
    struct panel_list *list = &c->list;
    if (map_get(c->seen, name, strlen(name)))
        return NULL;
    map_put(c->seen, name, strlen(name), c);
    arena_grow(c->arena, &list->items, &c->cap, list->n + 1, sizeof *list->items);
    struct panel_metric *metric = &list->items[list->n++];
    *metric = (struct panel_metric){
        .name = name,
        .is_asked = is_asked,
        .vital = rules_find_vital(c->vitals, c->n_vitals, name),
        .in_scope = rules_in_scope(rules_of(c), c->question->service, name),
        .is_sum = is_sum(c, name),
        .service = service_number(c->services, name),
    };
    return metric;
}

static void add_nodes(struct choosing *c, const struct source_nodes *nodes, bool is_asked)
{
    for (size_t i = 0; i < nodes->n; i++) {
        if (!nodes->items[i].is_leaf || change_name_is(str_of(nodes->items[i].path)))
            continue;
        struct panel_metric *metric = add(c, nodes->items[i].path, is_asked);
        if (metric)
            metric->node = nodes->items[i];
    }
}

static void add_missing(struct choosing *c, const char *name)
{
    struct panel_list *list = &c->list;
    if (list->n_missing == MISSING_MAX)
        return;
    arena_grow(c->arena, &list->missing, &c->cap_missing, list->n_missing + 1,
               sizeof *list->missing);
    list->missing[list->n_missing++] = name;
}

static bool add_asked(struct choosing *c, const struct impact_glob *glob, struct err *err)
{
    struct source_nodes found = {0};
    const size_t n_before = c->list.n;
    if (!find_glob(c, glob, &found, err))
        return false;
    add_nodes(c, &found, true);
    if (c->list.n == n_before && found.n == 0)
        add_missing(c, glob->text);
    return true;
}

/* ---- targets ---- */

/* The target's series over so much history; alive is what they are made of, so the arena is one to drop. */
static bool run_target(const struct panel_question *question, const char *target, int64_t history_s,
                       struct arena *arena, struct series_list *out, struct err *err)
{
    const struct query_env env = {.source = question->options->source,
                                  .changes = question->options->changes,
                                  .limits = query_limits_default(),
                                  .clock = question->options->clock};
    const struct query_request request = {
        .from_s = question->at_s - history_s - 1,
        .until_s = question->until_s - 1,
        .now_s = question->now_s,
        .tz = tz_utc(),
        .x_files_factor = (double)NAN,
        .targets = &target,
        .n_targets = 1,
    };
    return query_run(&env, &request, arena, out, err);
}

static void keep_series(struct choosing *c, const struct series *series, int64_t history_s)
{
    const int64_t step_s = max_i64(series->step_s, c->question->step_s);
    struct panel_metric *metric = add(c, arena_strdup(c->arena, series->name), true);
    if (!metric)
        return;
    const struct panel_grid grid = panel_parts_grid(c->question, step_s, history_s);
    metric->step_s = step_s;
    metric->history_s = history_s;
    metric->row = arena_array(c->arena, grid.n, double);
    panel_parts_fit(series, &grid, false, metric->row);
}

/* With the longest history in which it is as fine as wanted, else with the longest. */
static bool add_target(struct choosing *c, const char *target, size_t n_max, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct series_list list = {0};
    size_t h = 0;
    for (;; h++) {
        arena_reset(&arena);
        list = (struct series_list){0};
        if (!run_target(c->question, target, panel_parts_histories[h], &arena, &list, err))
            return false;
        if (!list.n || list.items[0]->step_s <= c->question->step_s ||
            h + 1 == PANEL_PARTS_HISTORIES)
            break;
    }
    if (list.n > n_max)
        return FAIL(err, ERR_LIMIT, "'%.100s' gives %zu series, at most %zu are weighed", target,
                    list.n, n_max);
    for (size_t i = 0; i < list.n; i++)
        keep_series(c, list.items[i], panel_parts_histories[h]);
    if (!list.n)
        add_missing(c, arena_strdup(c->arena, target));
    return true;
}

/* ---- what is chosen ---- */

static bool is_left_out(const struct choosing *c, const char *name)
{
    static const char *const own[] = {"plumb.", "dora.", "events."};
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (text_starts(name, own[i]))
            return true;
    return rules_globs_fit(&rules_of(c)->ignore, name) ||
           rules_globs_fit(&rules_of(c)->members, name);
}

static void drop_left_out(const struct choosing *c, struct source_nodes *nodes, bool only_tagged)
{
    size_t n = 0;
    for (size_t i = 0; i < nodes->n; i++) {
        const struct source_node *node = &nodes->items[i];
        if (node->is_leaf && !is_left_out(c, node->path) &&
            (!only_tagged || strchr(node->path, ';')))
            nodes->items[n++] = *node;
    }
    nodes->n = n;
}

/* Where there are too many names to look at all. */
static bool add_own(struct choosing *c, struct err *err)
{
    const char *service = c->question->service;
    const char *slash = strrchr(service, '/');
    const char *last = slash ? slash + 1 : service;
    static const char *const shapes[] = {"", "*.", "*.*.", "*.*.*."};
    c->list.is_too_many = true;
    for (size_t i = 0; i < COUNT_OF(shapes) && last[0]; i++) {
        struct source_nodes found = {0};
        const char *pattern = arena_printf(c->arena, "%s%s.**", shapes[i], last);
        if (glob_has_pattern(last) || !find_path(c, pattern, NULL, &found, err))
            continue;
        drop_left_out(c, &found, false);
        add_nodes(c, &found, false);
    }
    return true;
}

/* Whole services stay near each other in a list that is cut: it is the names' own order. */
static bool add_living(struct choosing *c, struct err *err)
{
    const struct source_span span = alive_span(c->question);
    struct source_nodes plain = {0}, tagged = {0};
    if (!find_path(c, "**", &span, &plain, err) || !find_all_tagged(c, &tagged, err))
        return err->kind == ERR_LIMIT && add_own(c, err);
    drop_left_out(c, &plain, false);
    drop_left_out(c, &tagged, true);
    add_nodes(c, &plain, false);
    add_nodes(c, &tagged, false);
    return true;
}

static bool take_vitals(struct choosing *c, struct err *err)
{
    const struct impact_wish *wish = c->question->wish;
    const struct impact_rules *rules = rules_of(c);
    c->vitals = arena_array(c->arena, wish->n_vitals + rules->n_vitals + 1, struct impact_vital);
    for (size_t i = 0; i < wish->n_vitals; i++)
        if (!rules_parse_vital(wish->vitals[i], c->arena, &c->vitals[c->n_vitals++], err))
            return false;
    for (size_t i = 0; i < rules->n_vitals; i++)
        c->vitals[c->n_vitals++] = rules->vitals[i];
    return true;
}

static bool add_vitals(struct choosing *c, struct err *err)
{
    const struct impact_wish *wish = c->question->wish;
    const size_t n = wish->n_globs ? wish->n_vitals : c->n_vitals;
    for (size_t i = 0; i < n; i++)
        if (!add_asked(c, &c->vitals[i].glob, err))
            return false;
    return true;
}

static bool add_globs(struct choosing *c, struct err *err)
{
    const struct impact_wish *wish = c->question->wish;
    for (size_t i = 0; i < wish->n_globs; i++) {
        struct impact_glob glob;
        if (strchr(wish->globs[i], '(')) {
            if (!add_target(c, wish->globs[i], GROUP_SERIES_MAX, err))
                return false;
        } else if (!rules_parse_glob(wish->globs[i], c->arena, &glob, err) ||
                   !add_asked(c, &glob, err)) {
            return false;
        }
    }
    return true;
}

static bool add_groups(struct choosing *c, struct err *err)
{
    for (size_t i = 0; i < rules_of(c)->n_groups; i++)
        if (!add_target(c, rules_of(c)->groups[i], GROUP_SERIES_MAX, err))
            return false;
    return true;
}

/* Those past n_max are left out: first of what is not the service's own, evenly over the names. */
static void cut(struct choosing *c, size_t n_asked)
{
    struct panel_list *list = &c->list;
    const size_t n_max = c->question->n_max;
    list->n_known = list->n;
    if (list->n <= n_max)
        return;
    struct panel_metric *kept = arena_array(c->arena, n_max, struct panel_metric);
    size_t n = n_asked, n_rest = 0;
    memcpy(kept, list->items, n_asked * sizeof *kept);
    struct panel_metric *rest = arena_array(c->arena, list->n, struct panel_metric);
    for (size_t i = n_asked; i < list->n; i++) {
        if (list->items[i].in_scope && n < n_max)
            kept[n++] = list->items[i];
        else
            rest[n_rest++] = list->items[i];
    }
    const size_t n_room = n_max - n;
    for (size_t i = 0; i < n_room; i++)
        kept[n++] = rest[i * n_rest / n_room];
    list->items = kept;
    list->n = n;
}

static bool choose(struct choosing *c, struct err *err)
{
    if (!take_vitals(c, err) || !add_vitals(c, err))
        return false;
    const bool has_globs = c->question->wish->n_globs > 0;
    if (has_globs ? !add_globs(c, err) : !add_groups(c, err))
        return false;
    const size_t n_asked = c->list.n;
    if (n_asked > c->question->n_max) {
        err_set(err, ERR_LIMIT, "%zu metrics were asked for by name, at most %zu are weighed",
                n_asked, c->question->n_max);
        err_hint(err, "name fewer, or raise metrics-max in [impact]");
        return false;
    }
    if (!has_globs && !add_living(c, err))
        return false;
    cut(c, n_asked);
    return panel_parts_probe(c->question, c->list.items, c->list.n, err);
}

static void mark_scope(struct panel_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        list->has_own_scope |= list->items[i].in_scope;
    for (size_t i = 0; i < list->n && !list->has_own_scope; i++)
        list->items[i].in_scope = true;
}

bool panel_choose(const struct panel_question *question, struct arena *arena,
                  struct panel_list *out, struct err *err)
{
    struct choosing c = {
        .question = question, .arena = arena, .seen = map_new(), .services = map_new()};
    const bool is_ok = choose(&c, err);
    map_free(c.seen);
    map_free(c.services);
    if (!is_ok)
        return false;
    mark_scope(&c.list);
    *out = c.list;
    return true;
}

bool panel_add_near(const struct panel_question *question, size_t n_max, struct arena *arena,
                    struct panel_list *io, struct err *err)
{
    struct choosing c = {.question = question, .arena = arena};
    const char *name = io->items[0].name, *dot = strrchr(name, '.');
    const struct source_span span = alive_span(question);
    struct source_nodes found = {0};
    if (!dot || strpbrk(name, "(;") || glob_has_pattern(name))
        return true;
    const char *pattern = arena_printf(arena, "%.*s.*", (int)(dot - name), name);
    if (!find_path(&c, pattern, &span, &found, err))
        return false;
    drop_left_out(&c, &found, false);
    c.seen = map_new();
    c.services = map_new();
    for (size_t i = 0; i < io->n; i++)
        *add(&c, io->items[i].name, true) = io->items[i];
    found.n = min_size(found.n, n_max);
    add_nodes(&c, &found, false);
    map_free(c.seen);
    map_free(c.services);
    *io = c.list;
    return panel_parts_probe(question, io->items + 1, io->n - 1, err);
}
