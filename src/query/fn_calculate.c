/* Graphite's Calculate group, the part that draws lines: aggregateLine, linearRegression. */
#include <math.h>

#include "base/mem.h"
#include "query/agg.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/query.h"
#include "query/rank.h"

/* ---- aggregateLine ---- */

static bool flat_copy(struct call *call, const struct series *from, const char *name, double value,
                      struct series **out, struct err *err)
{
    const struct shape shape = make_shape(from);
    if (!make_derived(call, from, name, &shape, out, err))
        return false;
    for (size_t i = 0; i < shape.n_points; i++)
        (*out)->values[i] = value;
    return true;
}

static bool run_aggregate_line(struct call *call, struct series_list *io, struct err *err)
{
    enum agg how;
    if (!agg_parse(call_text(call, 1), &how, err))
        return BLAME(call, 1);
    const double *values = rank_keys(call, io, how);
    for (size_t k = 0; k < io->n; k++) {
        struct arena *arena = call_arena(call);
        const double value = values[k];
        const char *shown = is_gap(value) ? "None" : name_g(arena, value);
        const char *text = how == AGG_COUNT ? make_text_d(call, value) : make_text(call, value);
        const char *name = arena_printf(arena, "aggregateLine(%s, %s)", io->items[k]->name, shown);
        if (call_bool(call, 2)) {
            if (!flat_copy(call, io->items[k], name, value, &io->items[k], err))
                return false;
        } else if (!make_line(call, text, value, &io->items[k], err) ||
                   !series_rename(io->items[k], arena, err, "%s", name)) {
            return false;
        }
    }
    return true;
}

const struct function fn_aggregate_line = {
    .name = "aggregateLine",
    .group = "Calculate",
    .params = {FN_LIST,
               {"func", PARAM_AGG_FUNC, .is_optional = true, .fallback = "\"average\""},
               {"keepStep", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = run_aggregate_line,
    .about = "A line at an aggregate of each series.",
    .example = "aggregateLine(servers.web01.load,'max')",
};

/* ---- linearRegression ---- */

struct regression {
    double slope, offset; /* value = offset + time * slope */
};

/* Least squares over the points' numbers. False: fewer than two values. */
static bool regress(const struct series *series, struct regression *out)
{
    __int128 n = 0, sum_i = 0, sum_ii = 0; /* exact, as Python's integers */
    double sum_v = 0, sum_iv = 0;
    for (size_t i = 0; i < series->n_points; i++) {
        const double v = series->values[i];
        if (is_gap(v))
            continue;
        n++;
        sum_i += (__int128)i;
        sum_ii += (__int128)i * (__int128)i;
        sum_v += v;
        sum_iv += (double)i * v;
    }
    const double denominator = (double)(n * sum_ii - sum_i * sum_i);
    if (denominator == 0)
        return false;
    out->slope =
        ((double)n * sum_iv - (double)sum_i * sum_v) / denominator / (double)series->step_s;
    out->offset = ((double)sum_ii * sum_v - sum_iv * (double)sum_i) / denominator -
                  out->slope * (double)series->start_s;
    return true;
}

static bool source_time(struct call *call, size_t i, int64_t *io_s, struct err *err)
{
    return !call_has(call, i) ||
           query_parse_time(call_text(call, i), call_tz(call), call_now_s(call), io_s, err) ||
           BLAME(call, i);
}

static bool regress_one(struct call *call, struct series *series, const char *range,
                        const struct regression *line, struct series **out, struct err *err)
{
    const struct shape shape = make_shape(series);
    const char *name =
        arena_printf(call_arena(call), "linearRegression(%s, %s)", series->name, range);
    make_tag(call, series, "linearRegressions", range);
    if (!make_derived(call, series, name, &shape, out, err))
        return false;
    (*out)->consolidation = CONSOLIDATE_AVERAGE;
    for (size_t i = 0; i < shape.n_points; i++)
        (*out)->values[i] =
            line->offset + (double)(shape.start_s + (int64_t)i * shape.step_s) * line->slope;
    return true;
}

static bool run_linear_regression(struct call *call, struct series_list *io, struct err *err)
{
    int64_t from_s = call_from_s(call), until_s = call_until_s(call);
    struct series_list sources = {0};
    if (!source_time(call, 1, &from_s, err) || !source_time(call, 2, &until_s, err) ||
        !call_again(call, 0, from_s, until_s, &sources, err))
        return false;
    const char *range =
        arena_printf(call_arena(call), "%lld, %lld", (long long)from_s, (long long)until_s);
    size_t n = 0;
    for (size_t k = 0; k < min_size(io->n, sources.n); k++) {
        struct regression line;
        if (!regress(sources.items[k], &line))
            continue;
        if (!regress_one(call, io->items[k], range, &line, &io->items[n], err))
            return false;
        n++;
    }
    io->n = n;
    return true;
}

const struct function fn_linear_regression = {
    .name = "linearRegression",
    .group = "Calculate",
    .params = {FN_LIST,
               {"startSourceAt", PARAM_DATE, .is_optional = true},
               {"endSourceAt", PARAM_DATE, .is_optional = true}},
    .run = run_linear_regression,
    .about =
        "The straight line that fits the series best over the source range, drawn over the range "
        "asked for.",
    .example = "linearRegression(servers.db01.disk.used_bytes,'-7d')",
};
