#include "ledger/events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/regex.h"
#include "model/name.h"

enum {
    POINTS_MAX = 100000, /* of one answer: a finer step is coarsened to stay within */
    STEP_DEFAULT_S = 1,  /* where no rule of a schemas file names the series */
};

/* One change in its series. */
struct moment {
    int64_t at_ms;
    double value;  /* 1, -1, or a number that somebody sent */
    uint32_t seat; /* which change, so that a later telling finds it */
    uint32_t is_failed;
};

struct event_series {
    char *name; /* lent for ever */
    uint32_t step_s;
    struct moment *moments; /* by time */
    size_t n, cap;
};

/* Where a change's moment is now. */
struct seat {
    uint32_t series;
    int64_t at_ms;
    uint32_t number;
};

struct events {
    const struct schemas *schemas;
    bool posted_apart;
    pthread_rwlock_t lock;
    struct event_series **series; /* id = index; only grows */
    size_t n_series, cap_series;
    struct map *by_name; /* → struct event_series id + 1, as a pointer's number */
    struct map *seats;   /* change id → struct seat */
    uint32_t n_seats;
};

struct events *events_new(const struct schemas *schemas, bool posted_apart)
{
    struct events *events = mem_zalloc(sizeof *events);
    events->schemas = schemas;
    events->posted_apart = posted_apart;
    /* Graphs ask all the time; a change must not wait for a moment when none does. */
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&events->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    events->by_name = map_new();
    events->seats = map_new();
    return events;
}

void events_free(struct events *events)
{
    if (!events)
        return;
    for (size_t i = 0; i < events->n_series; i++) {
        mem_free(events->series[i]->name);
        mem_free(events->series[i]->moments);
        mem_free(events->series[i]);
    }
    for (size_t i = 0; i < map_count(events->seats); i++)
        mem_free(map_value(events->seats, i));
    mem_free(events->series);
    map_free(events->by_name);
    map_free(events->seats);
    pthread_rwlock_destroy(&events->lock);
    mem_free(events);
}

static uint32_t step_of(const struct events *events, const char *name)
{
    bool is_default = true;
    struct schema schema = {0};
    if (events->schemas)
        schema = schemas_find(events->schemas, str_of(name), &is_default);
    return is_default || schema.n_archives == 0 ? STEP_DEFAULT_S : schema.archives[0].step_s;
}

/* The series' id, made if new. Under the write lock. */
static uint32_t series_id(struct events *events, const char *name)
{
    uintptr_t known = (uintptr_t)map_get(events->by_name, name, strlen(name));
    if (known)
        return (uint32_t)(known - 1);
    struct event_series *series = mem_zalloc(sizeof *series);
    series->name = mem_strdup(name);
    series->step_s = step_of(events, name);
    mem_grow(&events->series, &events->cap_series, events->n_series + 1,
             sizeof(struct event_series *));
    events->series[events->n_series++] = series;
    map_put(events->by_name, name, strlen(name), (void *)(uintptr_t)events->n_series);
    return (uint32_t)(events->n_series - 1);
}

bool events_has(struct events *events, const char *name)
{
    pthread_rwlock_rdlock(&events->lock);
    const bool has_name = map_get(events->by_name, name, strlen(name)) != NULL;
    pthread_rwlock_unlock(&events->lock);
    return has_name;
}

/* First moment at or after at_ms. */
static size_t lower_bound(const struct event_series *series, int64_t at_ms)
{
    size_t low = 0, high = series->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->moments[middle].at_ms < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct event_series *series, struct moment moment)
{
    mem_grow(&series->moments, &series->cap, series->n + 1, sizeof *series->moments);
    size_t at = lower_bound(series, moment.at_ms + 1); /* behind those of the same time */
    memmove(series->moments + at + 1, series->moments + at,
            (series->n - at) * sizeof *series->moments);
    series->moments[at] = moment;
    series->n++;
}

static void take_out(struct event_series *series, const struct seat *seat)
{
    for (size_t i = lower_bound(series, seat->at_ms); i < series->n; i++) {
        if (series->moments[i].seat != seat->number)
            continue;
        memmove(series->moments + i, series->moments + i + 1,
                (series->n - i - 1) * sizeof *series->moments);
        series->n--;
        return;
    }
}

static struct seat *seat_of(struct events *events, const char *id)
{
    struct seat *seat = map_get(events->seats, id, strlen(id));
    if (seat) {
        take_out(events->series[seat->series], seat);
        return seat;
    }
    seat = mem_zalloc(sizeof *seat);
    seat->number = ++events->n_seats;
    map_put(events->seats, id, strlen(id), seat);
    return seat;
}

void events_put(struct events *events, const struct change *change)
{
    if (events->posted_apart && change->is_posted)
        return;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const char *name = change_series_name(change, &arena);
    if (!name[0])
        return; /* a note about no service */
    pthread_rwlock_wrlock(&events->lock);
    struct seat *seat = seat_of(events, change->id); /* it is nowhere now */
    if (change->is_retracted) {
        pthread_rwlock_unlock(&events->lock);
        return;
    }
    seat->series = series_id(events, name);
    seat->at_ms = change->start_ms;
    bool is_rollback = strcmp(change->action, "rollback") == 0;
    insert(events->series[seat->series],
           (struct moment){.at_ms = change->start_ms,
                           .value = is_rollback ? -1.0 : change->value,
                           .is_failed = change->status == STATUS_FAILED,
                           .seat = seat->number});
    pthread_rwlock_unlock(&events->lock);
}

/* ---- as a source ---- */

/* Names as they now are; they are never freed. */
static size_t copy_names(struct events *events, struct arena *arena, const char ***out)
{
    pthread_rwlock_rdlock(&events->lock);
    size_t n = events->n_series;
    *out = arena_array(arena, n, const char *);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = events->series[i]->name;
    pthread_rwlock_unlock(&events->lock);
    return n;
}

static void add_node(struct source_nodes *nodes, const char *path, uint32_t id, bool is_leaf,
                     struct arena *arena)
{
    arena_grow(arena, &nodes->items, &nodes->cap, nodes->n + 1, sizeof *nodes->items);
    nodes->items[nodes->n++] =
        (struct source_node){.path = path, .id = id, .is_leaf = is_leaf, .is_branch = !is_leaf};
}

/* Every prefix of name that ends at a node and matches. */
static void match_prefixes(struct source_nodes *nodes, const struct glob_path *pattern,
                           const char *name, uint32_t id, struct arena *arena)
{
    for (size_t i = 0, n = strlen(name); i <= n; i++) {
        if (name[i] != '.' && i != n)
            continue;
        const char *path = i == n ? name : arena_strndup(arena, name, i);
        if (glob_path_match(pattern, path))
            add_node(nodes, path, id, i == n, arena);
    }
}

static int by_path(const void *a, const void *b)
{
    const struct source_node *left = a, *right = b;
    return strcmp(left->path, right->path);
}

/* Sorts, and joins what has the same path. */
static void settle(struct source_nodes *nodes)
{
    if (nodes->n == 0)
        return;
    qsort(nodes->items, nodes->n, sizeof *nodes->items, by_path);
    size_t kept = 0;
    for (size_t i = 1; i < nodes->n; i++) {
        struct source_node *last = &nodes->items[kept];
        const struct source_node *node = &nodes->items[i];
        if (strcmp(last->path, node->path) != 0) {
            nodes->items[++kept] = *node;
            continue;
        }
        if (node->is_leaf)
            last->id = node->id;
        last->is_leaf |= node->is_leaf;
        last->is_branch |= node->is_branch;
    }
    nodes->n = kept + 1;
}

static bool find(void *self, const struct glob_path *pattern, const struct source_span *span,
                 size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err)
{
    (void)span;
    const char **names;
    size_t n = copy_names(self, arena, &names);
    struct source_nodes nodes = {0};
    for (size_t i = 0; i < n; i++)
        match_prefixes(&nodes, pattern, names[i], (uint32_t)i, arena);
    settle(&nodes);
    if (n_max && nodes.n > n_max)
        return FAIL(err, ERR_LIMIT, "the pattern matches more than %zu names", n_max);
    *out = nodes;
    return true;
}

/* An event series has one tag: name. */
static bool satisfies(const char *name, const struct tag_expr *expr, const struct regex *regex)
{
    const char *value = strcmp(expr->key, "name") == 0 ? name : "";
    switch (expr->op) {
    case TAG_IS:
        return strcmp(value, expr->value) == 0;
    case TAG_IS_NOT:
        return strcmp(value, expr->value) != 0;
    case TAG_MATCHES:
        return regex_match(regex, value, strlen(value));
    case TAG_MATCHES_NOT:
        return !regex_match(regex, value, strlen(value));
    }
    return false;
}

struct regexes {
    struct regex *items[NAME_TAGS_MAX];
    size_t n;
};

static void regexes_done(struct regexes *regexes)
{
    for (size_t i = 0; i < regexes->n; i++)
        regex_free(regexes->items[i]);
}

static bool compile_all(const struct tag_expr *exprs, size_t n, struct regexes *out,
                        struct err *err)
{
    if (n > NAME_TAGS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d tag expressions", NAME_TAGS_MAX);
    for (size_t i = 0; i < n; i++) {
        bool is_regex = exprs[i].op == TAG_MATCHES || exprs[i].op == TAG_MATCHES_NOT;
        if (is_regex && !regex_compile(exprs[i].value, &out->items[i], err))
            return false;
        out->n = i + 1;
    }
    return true;
}

static bool find_tagged(void *self, const struct tag_expr *exprs, size_t n, size_t n_max,
                        struct arena *arena, struct source_nodes *out, struct err *err)
{
    CLEANUP(regexes_done) struct regexes regexes = {0};
    if (!compile_all(exprs, n, &regexes, err))
        return false;
    const char **names;
    size_t n_names = copy_names(self, arena, &names);
    struct source_nodes nodes = {0};
    for (size_t i = 0; i < n_names; i++) {
        bool is_match = true;
        for (size_t k = 0; k < n && is_match; k++)
            is_match = satisfies(names[i], &exprs[k], regexes.items[k]);
        if (is_match)
            add_node(&nodes, names[i], (uint32_t)i, true, arena);
    }
    settle(&nodes);
    if (n_max && nodes.n > n_max)
        return FAIL(err, ERR_LIMIT, "the expressions match more than %zu series", n_max);
    *out = nodes;
    return true;
}

/* The one tag of event series is name. */
static bool tags(void *self, const struct source_tag_query *query, struct arena *arena,
                 struct source_tags *out, struct err *err)
{
    struct source_tags found = {0};
    struct regex *regex = NULL;
    const char **names;
    size_t n = copy_names(self, arena, &names);
    if (query->regex && !regex_compile(query->regex, &regex, err))
        return false;
    if (query->key && strcmp(query->key, "name") != 0)
        n = 0;
    if (!query->key)
        n = n > 0;
    for (size_t i = 0; i < n; i++) {
        const char *text = query->key ? names[i] : "name";
        if ((!query->prefix || text_starts(text, query->prefix)) &&
            (!regex || regex_search(regex, text, strlen(text))))
            source_tags_add(&found, (struct source_tag){text, query->key != NULL}, query->n_max,
                            arena);
    }
    regex_free(regex);
    source_tags_finish(&found, query->n_max);
    *out = found;
    return true;
}

static bool all(void *self, struct arena *arena, struct source_nodes *out, struct err *err)
{
    (void)err;
    const char **names;
    size_t n = copy_names(self, arena, &names);
    struct source_nodes nodes = {0};
    for (size_t i = 0; i < n; i++)
        add_node(&nodes, names[i], (uint32_t)i, true, arena);
    settle(&nodes);
    *out = nodes;
    return true;
}

/* The grid of an answer: every multiple of the step in the span, at least one. */
struct grid {
    int64_t start_s, step_s;
    size_t n;
};

static int64_t round_up(int64_t value, int64_t step)
{
    int64_t rest = value % step;
    return rest ? value - rest + step : value;
}

static struct grid grid_of(int64_t from_s, int64_t until_s, int64_t step_s)
{
    int64_t factor = (until_s - from_s) / step_s / POINTS_MAX + 1;
    step_s *= factor;
    /* A coarsened slot may begin before the span: what happened in the span must be in some slot. */
    int64_t start_s = factor > 1 ? from_s - from_s % step_s : round_up(from_s, step_s);
    struct grid grid = {.start_s = start_s, .step_s = step_s};
    int64_t end_s = round_up(until_s, step_s);
    grid.n = end_s > grid.start_s ? (size_t)((end_s - grid.start_s) / step_s) : 1;
    return grid;
}

/* A change is never lost to a slot: one that happened outshines a rollback or a nothing. */
static void fill(struct series *series, const struct moment *moments, size_t n, struct arena *arena)
{
    struct series_mark *marks = arena_array(arena, n, struct series_mark);
    for (size_t i = 0; i < n; i++) {
        const struct moment *moment = &moments[i];
        int64_t slot = (moment->at_ms / 1000 - series->start_s) / series->step_s;
        double *value = &series->values[slot];
        if (is_gap(*value) || moment->value > *value)
            *value = moment->value;
        marks[i] = (struct series_mark){.at_ms = moment->at_ms,
                                        .value = moment->value,
                                        .label = "",
                                        .is_failed = moment->is_failed};
    }
    series->marks = marks;
    series->n_marks = n;
}

static struct series *read_one(struct events *events, uint32_t id, const struct source_span *span,
                               struct arena *arena)
{
    const struct event_series *from = events->series[id];
    int64_t until_s = min_i64(span->until_s, span->now_s + 1);
    if (span->from_s > span->now_s)
        return NULL;
    struct grid grid = grid_of(span->from_s, until_s, from->step_s);
    struct series *series = series_new(arena, grid.start_s, grid.step_s, grid.n);
    series->name = from->name;
    series->path_expression = from->name;
    size_t first = lower_bound(from, series->start_s * 1000);
    size_t last = lower_bound(from, series->end_s * 1000);
    fill(series, from->moments + first, last - first, arena);
    return series;
}

static bool read(void *self, const struct source_node *leaves, size_t n,
                 const struct source_span *span, struct arena *arena, struct series **out,
                 struct err *err)
{
    (void)err;
    struct events *events = self;
    for (size_t i = 0; i < n; i++) { /* one at a time: a wide read holds nobody up */
        pthread_rwlock_rdlock(&events->lock);
        BUG_IF(leaves[i].id >= events->n_series);
        out[i] = read_one(events, leaves[i].id, span, arena);
        pthread_rwlock_unlock(&events->lock);
    }
    return true;
}

struct source events_source(struct events *events)
{
    static const struct source_ops ops = {
        .find = find, .find_tagged = find_tagged, .tags = tags, .read = read, .all = all};
    return (struct source){.ops = &ops, .self = events};
}
