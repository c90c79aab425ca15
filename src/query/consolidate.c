#include "query/consolidate.h"

#include <math.h>

#include "base/mem.h"

/* A last bucket that is not full must still hold its share of a full one. */
static double consolidate_bucket(const struct series *series, const double *values, size_t n,
                                 size_t n_full)
{
    if (n == n_full)
        return consolidate(series->consolidation, values, n, series->x_files_factor);
    size_t n_known = 0;
    for (size_t i = 0; i < n; i++)
        n_known += !is_gap(values[i]);
    if (!n_known || (double)n_known / (double)n_full < series->x_files_factor)
        return (double)NAN;
    return consolidate(series->consolidation, values, n, 0);
}

struct series *consolidate_series(const struct series *from, size_t n_drop, size_t n_points,
                                  struct arena *arena)
{
    BUG_IF(!n_points);
    size_t n_left = n_drop < from->n_points ? from->n_points - n_drop : 0;
    size_t n_out = n_left / n_points + (n_left % n_points != 0);
    struct series *series = arena_alloc(arena, sizeof *series);
    *series = *from;
    series->values = arena_array(arena, n_out + 1, double);
    series->n_points = n_out;
    series->per_point = (int64_t)n_points;
    series->step_s = from->step_s * (int64_t)n_points;
    series->end_s = series->start_s + (int64_t)n_out * series->step_s;
    for (size_t i = 0; i < n_out; i++) {
        size_t n = min_size(n_points, n_left - i * n_points);
        series->values[i] =
            consolidate_bucket(from, from->values + n_drop + i * n_points, n, n_points);
    }
    return series;
}

/* Answers of one time range: the points that fit up to and including the series' end. */
static void cut_at(struct series *series, int64_t end_s)
{
    int64_t n = end_s < series->start_s ? 0 : (end_s - series->start_s) / series->step_s + 1;
    if ((int64_t)series->n_points > n)
        series->n_points = (size_t)n;
    series->end_s = series->start_s + (int64_t)series->n_points * series->step_s;
}

/* Buckets begin at multiples of their length, so that they stay where they are when the range moves
 * on; and as the start moves one step further than the points that are dropped for it, each
 * bucket's time is one step late. */
static struct series *aligned(const struct series *from, size_t n_points, struct arena *arena)
{
    int64_t step_s = from->step_s;
    int64_t bucket_s = step_s * (int64_t)n_points;
    int64_t over_step = ((from->start_s % step_s) + step_s) % step_s;
    int64_t over_bucket = ((from->start_s % bucket_s) + bucket_s) % bucket_s;
    int64_t nudge_s = bucket_s + over_step - over_bucket;
    size_t n_drop = (size_t)(nudge_s / step_s) - 1;
    struct series *series = consolidate_series(from, n_drop, n_points, arena);
    series->start_s += nudge_s;
    cut_at(series, from->end_s);
    return series;
}

static struct series *fitted(struct series *series, double range_s, size_t n_max,
                             struct arena *arena)
{
    if (n_max == 1)
        return series->n_points ? consolidate_series(series, 0, series->n_points, arena) : series;
    double n = range_s / (double)series->step_s;
    if ((double)n_max >= n)
        return series;
    return aligned(series, (size_t)ceil(n / (double)n_max), arena);
}

void query_consolidate(struct series_list *list, size_t n_max, struct arena *arena)
{
    BUG_IF(!n_max);
    int64_t start_s = INT64_MAX, end_s = INT64_MIN;
    for (size_t i = 0; i < list->n; i++) {
        start_s = min_i64(start_s, list->items[i]->start_s);
        end_s = max_i64(end_s, list->items[i]->end_s);
    }
    for (size_t i = 0; i < list->n; i++)
        list->items[i] = fitted(list->items[i], (double)(end_s - start_s), n_max, arena);
}
