#include "store/read.h"

#include <math.h>
#include <stdint.h>

#include "store/shared.h"
#include "store/view.h"

enum { READ_POINTS_MAX = 1 << 27 /* of one series: four years of seconds, 1 GB */ };

static bool find(void *self, const struct glob_path *pattern, const struct source_span *span,
                 size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct store *store = self;
    struct idle_ask idle;
    const bool has_filter = span && idle_ask_init(&idle, store, span);
    const struct index_alive alive = {idle_is_alive, &idle};
    const struct index_ask ask = {pattern, n_max, has_filter ? &alive : NULL};
    return index_find_alive(store->index, &ask, arena, out, err);
}

static bool find_tagged(void *self, const struct tag_expr *exprs, size_t n, size_t n_max,
                        struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct store *store = self;
    return index_find_tagged(store->index, exprs, n, n_max, arena, out, err);
}

static bool all(void *self, struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct store *store = self;
    return index_all(store->index, arena, out, err);
}

static bool tags(void *self, const struct source_tag_query *query, struct arena *arena,
                 struct source_tags *out, struct err *err)
{
    struct store *store = self;
    return index_tags(store->index, query, arena, out, err);
}

/* The slots of a level that a span covers once it is clipped. */
struct slots {
    size_t level;
    int64_t step_s, first, end;
    int64_t oldest; /* slots before it are out of the level's retention */
};

/* False: the span holds nothing that could ever have been kept. */
static bool slots_of(const struct schema *schema, const struct source_span *span, struct slots *out)
{
    const int64_t kept_s = shared_retention_s(schema, schema->n_archives - 1);
    const int64_t from_s = max_i64(span->from_s, span->now_s - kept_s + 1);
    const int64_t until_s = min_i64(span->until_s, span->now_s + 1);

    if (span->from_s > span->now_s || span->until_s <= span->now_s - kept_s + 1)
        return false;
    out->level = 0;
    while (out->level + 1 < schema->n_archives &&
           shared_retention_s(schema, out->level) < span->age_s)
        out->level++;
    out->step_s = schema->archives[out->level].step_s;
    out->first = (max_i64(from_s, 0) + out->step_s - 1) / out->step_s;
    out->end = (max_i64(until_s, 0) + out->step_s - 1) / out->step_s;
    if (out->end <= out->first)
        out->end = out->first + 1;
    const int64_t oldest_s = span->now_s - shared_retention_s(schema, out->level) + 1;
    out->oldest = (max_i64(oldest_s, 0) + out->step_s - 1) / out->step_s;
    return true;
}

static bool read_one(struct store *store, const struct source_node *leaf,
                     const struct source_span *span, struct arena *arena, struct series **out,
                     struct err *err)
{
    struct slots slots;
    struct view view;
    const uint32_t id = leaf->id;

    *out = NULL;
    if (leaf->is_leaf && leaf->id < SINK_ID_NONE && names_is_dead(store->names, id))
        return true; /* deleted since it was found */
    if (!leaf->is_leaf || leaf->id >= SINK_ID_NONE || !names_text(store->names, id))
        return FAIL(err, ERR_MISSING, "no series '%s'", leaf->path);
    const struct head_class *of = head_class(store->head, names_class(store->names, id));
    if (!slots_of(&of->schema, span, &slots))
        return true;
    if (slots.end - slots.first > READ_POINTS_MAX)
        return FAIL(err, ERR_LIMIT, "'%s' would have more than %d points", leaf->path,
                    READ_POINTS_MAX);

    struct series *series = series_new_unset(arena, slots.first * slots.step_s, slots.step_s,
                                             (size_t)(slots.end - slots.first));
    series->name = series->path_expression = leaf->path;
    view_open(&view, store, id, arena);
    bool is_ok =
        view_values(&view, slots.level, slots.first, series->n_points, series->values, err);
    view_close(&view);
    for (int64_t slot = slots.first; slot < min_i64(slots.oldest, slots.end); slot++)
        series->values[slot - slots.first] = (double)NAN;
    if (is_ok)
        *out = series;
    return is_ok;
}

static bool read(void *self, const struct source_node *leaves, size_t n,
                 const struct source_span *span, struct arena *arena, struct series **out,
                 struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!read_one(self, &leaves[i], span, arena, &out[i], err))
            return false;
    return true;
}

const struct source_ops read_source_ops = {
    .find = find,
    .find_tagged = find_tagged,
    .tags = tags,
    .read = read,
    .all = all,
};
