/* Filters and lines by percentiles and bounds: Graphite's Filter Data group, and what else asks for a
 * percentile of a series. */
#include <math.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/regex.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/rank.h"

/* The percentile of a series' values. *out is a gap when it has none; false: the rank lies outside. */
static bool series_percentile(const struct series *series, double percent, double *out)
{
    CLEANUP(mem_done) double *sorted = mem_array(max_size(series->n_points, 1), double);
    const size_t n = agg_sorted(series->values, series->n_points, sorted);
    *out = NAN;
    return n == 0 || agg_percentile(sorted, n, percent, false, out);
}

static bool check_percent(struct call *call, double percent, struct err *err)
{
    if (percent != 0)
        return true;
    return FAIL_AT(call, 1, err, "The requested percent is required to be greater than 0");
}

static bool run_n_percentile(struct call *call, struct series_list *io, struct err *err)
{
    const double percent = call_f64(call, 1);
    const struct series_list list = *io;
    if (!check_percent(call, percent, err))
        return false;
    *io = (struct series_list){0};
    for (size_t k = 0; k < list.n; k++) {
        struct series *from = list.items[k], *made;
        struct shape shape = make_shape(from);
        double value;
        if (!series_percentile(from, percent, &value))
            return FAIL_AT(call, 1, err, "%s has no %s-th percentile", from->name,
                           name_g(call_arena(call), percent));
        if (is_gap(value))
            continue;
        shape.n_points = (size_t)(max_i64(shape.end_s - shape.start_s, 0) / shape.step_s);
        make_tag(call, from, "nPercentile", call_tag_text(call, 1));
        const char *name = arena_printf(call_arena(call), "nPercentile(%s, %s)", from->name,
                                        name_g(call_arena(call), percent));
        if (!make_derived(call, from, name, &shape, &made, err))
            return false;
        for (size_t i = 0; i < shape.n_points; i++)
            made->values[i] = value;
        series_list_add(io, made, call_arena(call));
    }
    return true;
}

const struct function fn_n_percentile = {
    .name = "nPercentile",
    .group = "Calculate",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_n_percentile,
    .about = "A line at the n-th percentile of each series; series without values are left out.",
    .example = "nPercentile(servers.web01.load,95)",
};

/* ---- removing points ---- */

/* Makes gaps of what lies above (sign 1) or below (sign -1) the bound. */
static void remove_beyond(struct series *series, double sign, double bound)
{
    for (size_t i = 0; i < series->n_points; i++)
        if (sign * series->values[i] > sign * bound)
            series->values[i] = NAN;
}

static bool remove_by_value(struct call *call, struct series_list *io, double sign, struct err *err)
{
    const double bound = call_f64(call, 1);
    for (size_t k = 0; k < io->n; k++) {
        remove_beyond(io->items[k], sign, bound);
        if (!series_rename(io->items[k], call_arena(call), err, "%s(%s, %s)", call_name(call),
                           io->items[k]->name, name_g(call_arena(call), bound)))
            return false;
    }
    return true;
}

static bool run_remove_above_value(struct call *call, struct series_list *io, struct err *err)
{
    return remove_by_value(call, io, 1, err);
}

const struct function fn_remove_above_value = {
    .name = "removeAboveValue",
    .group = "Filter Data",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_remove_above_value,
    .about = "Makes gaps of the points above n.",
    .example = "removeAboveValue(servers.*.load,10)",
};

static bool run_remove_below_value(struct call *call, struct series_list *io, struct err *err)
{
    return remove_by_value(call, io, -1, err);
}

const struct function fn_remove_below_value = {
    .name = "removeBelowValue",
    .group = "Filter Data",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_remove_below_value,
    .about = "Makes gaps of the points below n.",
    .example = "removeBelowValue(servers.*.load,0)",
};

static bool remove_by_percentile(struct call *call, struct series_list *io, double sign,
                                 struct err *err)
{
    const double percent = call_f64(call, 1);
    if (!check_percent(call, percent, err))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        double bound;
        if (series_percentile(series, percent, &bound) && !is_gap(bound)) {
            make_tag(call, series, "nPercentile", call_tag_text(call, 1));
            remove_beyond(series, sign, bound);
        }
        if (!series_rename(series, call_arena(call), err, "%s(%s, %s)", call_name(call),
                           series->name, name_g(call_arena(call), percent)))
            return false;
    }
    return true;
}

static bool run_remove_above_percentile(struct call *call, struct series_list *io, struct err *err)
{
    return remove_by_percentile(call, io, 1, err);
}

const struct function fn_remove_above_percentile = {
    .name = "removeAbovePercentile",
    .group = "Filter Data",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_remove_above_percentile,
    .about = "Makes gaps of the points above the series' n-th percentile.",
    .example = "removeAbovePercentile(servers.*.load,95)",
};

static bool run_remove_below_percentile(struct call *call, struct series_list *io, struct err *err)
{
    return remove_by_percentile(call, io, -1, err);
}

const struct function fn_remove_below_percentile = {
    .name = "removeBelowPercentile",
    .group = "Filter Data",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_remove_below_percentile,
    .about = "Makes gaps of the points below the series' n-th percentile.",
    .example = "removeBelowPercentile(servers.*.load,5)",
};

/* ---- removing series ---- */

/* What lies strictly between is inside. */
struct band {
    double low, high;
};

static bool is_inside(double value, const struct band *band)
{
    return band->low < value && value < band->high;
}

/* n of a hundred and its mirror image, of n values. False: a rank lies outside. */
static bool percentile_band(const double *values, size_t n, double percent, double *scratch,
                            struct band *out)
{
    const double high = percent < 50 ? 100 - percent : percent;
    const size_t count = agg_sorted(values, n, scratch);
    *out = (struct band){NAN, NAN};
    return count == 0 || (agg_percentile(scratch, count, 100 - high, false, &out->low) &&
                          agg_percentile(scratch, count, high, false, &out->high));
}

static bool no_percentile(struct call *call, struct err *err)
{
    return FAIL_AT(call, 1, err, "n must be a percentage from 0 to 100");
}

static bool run_average_outside(struct call *call, struct series_list *io, struct err *err)
{
    struct band band;
    const double *averages = rank_keys(call, io, AGG_AVERAGE);
    double *scratch = arena_array(call_arena(call), io->n, double);
    size_t n = 0;
    if (!percentile_band(averages, io->n, call_f64(call, 1), scratch, &band))
        return no_percentile(call, err);
    for (size_t k = 0; k < io->n; k++)
        if (!is_gap(averages[k]) && !is_inside(averages[k], &band))
            io->items[n++] = io->items[k];
    io->n = n;
    return true;
}

const struct function fn_average_outside_percentile = {
    .name = "averageOutsidePercentile",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_average_outside,
    .about =
        "Keeps the series whose averages lie outside the middle: above the n-th percentile of all, "
        "or below the (100 - n)-th.",
    .example = "averageOutsidePercentile(servers.*.load,90)",
};

/* Marks the series that at this row lie outside the band of all. */
static bool mark_outsiders(struct call *call, const struct series_list *list, size_t row,
                           double *scratch, bool *is_kept)
{
    struct band band;
    double *values = scratch + list->n;
    for (size_t k = 0; k < list->n; k++)
        values[k] = list->items[k]->values[row];
    if (!percentile_band(values, list->n, call_f64(call, 1), scratch, &band))
        return false;
    for (size_t k = 0; k < list->n; k++)
        is_kept[k] |= !is_gap(values[k]) && !is_inside(values[k], &band);
    return true;
}

static bool run_remove_between(struct call *call, struct series_list *io, struct err *err)
{
    bool *is_kept = arena_zarray(call_arena(call), io->n, bool);
    double *scratch = arena_array(call_arena(call), 2 * io->n, double);
    size_t rows = io->n ? io->items[0]->n_points : 0, n = 0;
    for (size_t k = 0; k < io->n; k++)
        rows = min_size(rows, io->items[k]->n_points);
    for (size_t row = 0; row < rows; row++)
        if (!mark_outsiders(call, io, row, scratch, is_kept))
            return no_percentile(call, err);
    for (size_t k = 0; k < io->n; k++)
        if (is_kept[k])
            io->items[n++] = io->items[k];
    io->n = n;
    return true;
}

const struct function fn_remove_between_percentile = {
    .name = "removeBetweenPercentile",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_remove_between,
    .about = "Keeps the series that at some point lie outside the middle of all series.",
    .example = "removeBetweenPercentile(servers.*.load,30)",
};

/* ---- useSeriesAbove ---- */

static void done_regex(struct regex **regex)
{
    regex_free(*regex);
}

static bool run_use_series_above(struct call *call, struct series_list *io, struct err *err)
{
    CLEANUP(done_regex) struct regex *regex = NULL;
    const double *highest = rank_keys(call, io, AGG_MAX);
    CLEANUP(buf_done) struct buf target = {0};
    struct series_list found = {0};
    buf_init(&target, SIZE_MAX / 2);
    if (!regex_compile(call_text(call, 2), &regex, err))
        return BLAME(call, 2);
    for (size_t k = 0; k < io->n; k++) {
        const struct series *series = io->items[k];
        const char *name;
        if (!(highest[k] > call_f64(call, 1)) ||
            agg_count(series->values, series->n_points) < series->n_points)
            continue; /* Graphite passes over series with gaps */
        if (!regex_sub(regex, call_text(call, 3), series->name, call_arena(call), &name, err))
            return BLAME(call, 3);
        buf_printf(&target, "%s%s", target.n ? "," : "group(", name);
    }
    *io = (struct series_list){0};
    if (target.n == 0)
        return true;
    buf_add_char(&target, ')');
    if (!call_target(call, arena_strdup(call_arena(call), buf_text(&target)), &found, err))
        return false;
    for (size_t k = 0; k < found.n; k++)
        if (found.items[k]->n_points)
            series_list_add(io, found.items[k], call_arena(call));
    return true;
}

const struct function fn_use_series_above = {
    .name = "useSeriesAbove",
    .group = "Filter Series",
    .params = {FN_LIST,
               {"value", PARAM_FLOAT},
               {"search", PARAM_STRING},
               {"replace", PARAM_STRING}},
    .run = run_use_series_above,
    .about =
        "For each series without gaps that rises above value, another one, whose name is made by a "
        "regular expression.",
    .example = "useSeriesAbove(web.logins.*.errors,10,'errors','success')",
};
