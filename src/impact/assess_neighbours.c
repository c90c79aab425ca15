/* Which other changes may have done it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "impact/assess.h"

enum {
    RUNS_MAX_S = 6 * 3600, /* one that began so long before may end within the window */
    NEIGHBOURS_MAX = 200,
};

bool assess_can_move(const struct change *change)
{
    const bool is_told = change->kind != CHANGE_NOTE && change->kind != CHANGE_FREEZE &&
                         change->kind != CHANGE_INCIDENT;
    return is_told && !change->is_retracted && change->status != STATUS_PLANNED &&
           change->status != STATUS_QUEUED;
}

static bool is_same_id(const char *a, const char *b)
{
    return a[0] && strcmp(a, b) == 0;
}

/* Of one train, or one the whole and the other a part of it. */
static bool is_one_undertaking(const struct change *a, const struct change *b)
{
    return is_same_id(a->id, b->id) || is_same_id(a->parent, b->parent) ||
           is_same_id(a->parent, b->id) || is_same_id(b->parent, a->id);
}

/* A run that began before the window counts from its end. */
static bool take(const struct change *other, const int64_t window_s[2], struct change *out)
{
    *out = *other;
    if (other->start_ms / 1000 < window_s[0]) {
        if (other->end_ms / 1000 < window_s[0])
            return false;
        out->start_ms = other->end_ms;
    }
    return out->start_ms / 1000 < window_s[1];
}

static int64_t distance(const struct change *change, int64_t at_s)
{
    const int64_t d = change->start_ms - at_s * 1000;
    return d < 0 ? -d : d;
}

static int by_distance(const void *a, const void *b, void *at_s)
{
    const int64_t x = distance(a, *(int64_t *)at_s), y = distance(b, *(int64_t *)at_s);
    return x != y ? (x > y) - (x < y)
                  : strcmp(((const struct change *)a)->id, ((const struct change *)b)->id);
}

bool assess_neighbours(const struct impact_options *options, const struct change *change,
                       int64_t at_s, const int64_t window_s[2], struct arena *arena,
                       struct change_list *out, struct err *err)
{
    const struct change_query query = {
        .from_ms = (window_s[0] - RUNS_MAX_S) * 1000, .until_ms = window_s[1] * 1000, .kind = -1};
    struct change_list all = {0}, near = {0};
    if (!options->changes.ops->list(options->changes.self, &query, arena, &all, err))
        return false;
    near.items = arena_array(arena, all.n + 1, struct change);
    for (size_t i = 0; i < all.n; i++) {
        const struct change *other = &all.items[i];
        if (!assess_can_move(other) ||
            (change && (is_one_undertaking(change, other) || strcmp(change->env, other->env) != 0)))
            continue;
        near.n += take(other, window_s, &near.items[near.n]);
    }
    if (near.n)
        qsort_r(near.items, near.n, sizeof *near.items, by_distance, &at_s);
    near.n = min_size(near.n, NEIGHBOURS_MAX);
    *out = near;
    return true;
}
