#include "query/normalise.h"

#include <math.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

static const int64_t STEP_MAX_S = 3153600000; /* a century: no step of two series needs more */

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool lcm(int64_t a, int64_t b, int64_t *out, struct err *err)
{
    if (__builtin_mul_overflow(a / gcd(a, b), b, out) || *out > STEP_MAX_S)
        return FAIL(err, ERR_LIMIT,
                    "steps of %lld s and %lld s have no common multiple in a century", (long long)a,
                    (long long)b);
    return true;
}

/* Graphite counts what is there against the full bucket, the last one too. */
static double bucket(const struct series *series, const double *values, size_t n, size_t full)
{
    double share = (double)agg_count(values, n) / (double)full;
    if (share == 0 || share < series->x_files_factor)
        return NAN;
    return consolidate(series->consolidation, values, n, 0);
}

bool normalise_column(struct call *call, const struct series *series, int64_t per_point,
                      struct agg_column *out, struct err *err)
{
    if (per_point == 1) {
        *out = (struct agg_column){series->values, series->n_points};
        return true;
    }
    const size_t full = (size_t)per_point;
    size_t n = (series->n_points + full - 1) / full;
    if (!call_spend(call, n, err))
        return false;
    double *values = arena_array(call_arena(call), n, double);
    for (size_t i = 0; i < n; i++) {
        size_t at = i * full;
        values[i] =
            bucket(series, series->values + at, min_size(full, series->n_points - at), full);
    }
    *out = (struct agg_column){values, n};
    return true;
}

bool normalise(struct call *call, struct series *const *items, size_t n, struct normal *out,
               struct err *err)
{
    BUG_IF(n == 0);
    struct normal made = {
        .start_s = items[0]->start_s, .end_s = items[0]->end_s, .step_s = items[0]->step_s};
    for (size_t k = 1; k < n; k++) {
        made.start_s = min_i64(made.start_s, items[k]->start_s);
        made.end_s = max_i64(made.end_s, items[k]->end_s);
        if (!lcm(made.step_s, items[k]->step_s, &made.step_s, err))
            return false;
    }
    made.end_s -= (made.end_s - made.start_s) % made.step_s;
    made.columns = arena_array(call_arena(call), n, struct agg_column);
    made.n_columns = n;
    for (size_t k = 0; k < n; k++) {
        if (!normalise_column(call, items[k], made.step_s / items[k]->step_s, &made.columns[k],
                              err))
            return false;
        made.n_rows = max_size(made.n_rows, made.columns[k].n);
    }
    *out = made;
    return true;
}

const char *normalise_paths(struct call *call, struct series *const *items, size_t n)
{
    CLEANUP(map_done) struct map *seen = map_new();
    size_t bytes = 1;
    for (size_t k = 0; k < n; k++) {
        const char *path = items[k]->path_expression;
        if (!map_put(seen, path, strlen(path), items[k]))
            bytes += strlen(path) + 1;
    }
    char *text = arena_alloc(call_arena(call), bytes), *at = text;
    for (size_t i = 0; i < map_count(seen); i++) {
        const char *path = map_key(seen, i);
        if (i > 0)
            *at++ = ',';
        memcpy(at, path, strlen(path));
        at += strlen(path);
    }
    *at = '\0';
    return text;
}
