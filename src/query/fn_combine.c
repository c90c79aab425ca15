/* Graphite's Combine group, the part that makes one series of a list or of two lists. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "query/combine.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/node.h"
#include "query/normalise.h"

/* ---- one of a list ---- */

static bool combine_as(struct call *call, struct series_list *io, const char *func, struct err *err)
{
    struct combine combine;
    return combine_parse(call, func, &combine, err) && combine_list(call, io, &combine, err);
}

static bool sum_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "sum", err);
}

const struct function fn_sum_series = {
    .name = "sumSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = sum_series,
    .folds = "sum",
    .about = "Adds the series up, point by point. Gaps are left out of the sum.",
    .example = "sumSeries(web.logins.success.*)",
};

static bool average_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "average", err);
}

const struct function fn_average_series = {
    .name = "averageSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = average_series,
    .folds = "average",
    .about = "Averages the series, point by point. Gaps do not count.",
    .example = "averageSeries(servers.*.load)",
};

static bool min_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "min", err);
}

const struct function fn_min_series = {
    .name = "minSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = min_series,
    .folds = "min",
    .about = "The smallest value of all series at each point.",
    .example = "minSeries(servers.*.cpu.idle)",
};

static bool max_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "max", err);
}

const struct function fn_max_series = {
    .name = "maxSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = max_series,
    .folds = "max",
    .about = "The largest value of all series at each point.",
    .example = "maxSeries(servers.*.load)",
};

static bool diff_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "diff", err);
}

const struct function fn_diff_series = {
    .name = "diffSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = diff_series,
    .folds = "diff",
    .about =
        "The first series minus all others. Where the first has a gap, the next one that has a "
        "value takes its place.",
    .example = "diffSeries(web.requests.all,web.requests.failed)",
};

static bool stddev_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "stddev", err);
}

const struct function fn_stddev_series = {
    .name = "stddevSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = stddev_series,
    .about = "The standard deviation (of the population) over the series at each point.",
    .example = "stddevSeries(servers.*.load)",
};

static bool range_of_series(struct call *call, struct series_list *io, struct err *err)
{
    return combine_as(call, io, "rangeOf", err);
}

const struct function fn_range_of_series = {
    .name = "rangeOfSeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = range_of_series,
    .about = "The largest minus the smallest value of all series at each point.",
    .example = "rangeOfSeries(servers.*.load)",
};

static bool multiply_series(struct call *call, struct series_list *io, struct err *err)
{
    if (call_n(call) == 1 && io->n == 1)
        return true; /* Graphite hands a single series through, name and all */
    return combine_as(call, io, "multiply", err);
}

const struct function fn_multiply_series = {
    .name = "multiplySeries",
    .group = "Combine",
    .params = {FN_LISTS},
    .run = multiply_series,
    .about = "The product of all series; a gap in one is a gap in the product.",
    .example = "multiplySeries(shop.orders,shop.average_value)",
};

static bool aggregate_any(struct call *call, struct series_list *io, struct err *err)
{
    struct combine combine;
    if (!combine_parse(call, call_text(call, 1), &combine, err))
        return false;
    combine.x_files_factor = fn_xff(call, 2);
    return combine_list(call, io, &combine, err);
}

const struct function fn_aggregate = {
    .name = "aggregate",
    .group = "Combine",
    .params = {FN_LIST, {"func", PARAM_AGG_FUNC}, FN_XFF},
    .run = aggregate_any,
    .about = "Makes one series of the list by an aggregation function. A point with fewer than "
             "xFilesFactor of the series is a gap.",
    .example = "aggregate(servers.*.load,'median')",
};

static bool count_series(struct call *call, struct series_list *io, struct err *err)
{
    struct series *made;
    struct normal normal;
    if (call_n(call) == 0) {
        if (!make_line(call, "0", 0, &made, err))
            return false;
        made->path_expression = "countSeries()";
        combine_only(call, io, made);
        return true;
    }
    if (io->n == 0)
        return true;
    if (!normalise(call, io->items, io->n, &normal, err))
        return false;
    const struct shape shape = {normal.start_s, normal.end_s, normal.step_s, normal.n_rows};
    const char *name =
        arena_printf(call_arena(call), "countSeries(%s)", normalise_paths(call, io->items, io->n));
    if (!make_series(call, name, &shape, &made, err))
        return false;
    for (size_t i = 0; i < made->n_points; i++)
        made->values[i] = (double)io->n;
    combine_only(call, io, made);
    return true;
}

const struct function fn_count_series = {
    .name = "countSeries",
    .group = "Combine",
    .params = {{"seriesLists", PARAM_SERIES_LISTS, .is_multiple = true, .is_optional = true}},
    .run = count_series,
    .about = "How many series there are, with or without a value.",
    .example = "countSeries(servers.*.load)",
};

static bool group_lists(struct call *call UNUSED, struct series_list *io UNUSED,
                        struct err *err UNUSED)
{
    return true; /* the lists are joined already */
}

const struct function fn_group = {
    .name = "group",
    .group = "Combine",
    .params = {{"seriesLists", PARAM_SERIES_LISTS, .is_multiple = true, .is_optional = true}},
    .run = group_lists,
    .about = "Makes one list of several.",
    .example = "group(web.logins.*,php.warnings.*)",
};

/* pow, where a domain error or overflow is a gap. */
static double safe_pow(double base, double exponent)
{
    double power = pow(base, exponent);
    return isinf(power) && isfinite(base) && isfinite(exponent) ? NAN : power;
}

static void power_row(const struct normal *normal, size_t i, double *out)
{
    for (size_t k = 0; k < normal->n_columns; k++) {
        const struct agg_column *column = &normal->columns[k];
        double v = i < column->n ? column->values[i] : NAN;
        if (k == 0)
            *out = v;
        else
            *out = is_gap(v) || is_gap(*out) ? NAN : safe_pow(*out, v);
    }
}

static bool pow_series(struct call *call, struct series_list *io, struct err *err)
{
    CLEANUP(buf_done) struct buf name = {0};
    struct normal normal;
    struct series *made;
    if (io->n == 0)
        return true;
    if (!normalise(call, io->items, io->n, &normal, err))
        return false;
    buf_init(&name, SIZE_MAX / 2);
    for (size_t k = 0; k < io->n; k++)
        buf_printf(&name, "%s%s", k ? "," : "powSeries(", io->items[k]->name);
    buf_add_char(&name, ')');
    const struct shape shape = {normal.start_s, normal.end_s, normal.step_s, normal.n_rows};
    if (!make_series(call, arena_strdup(call_arena(call), buf_text(&name)), &shape, &made, err))
        return false;
    for (size_t i = 0; i < normal.n_rows; i++)
        power_row(&normal, i, &made->values[i]);
    combine_only(call, io, made);
    return true;
}

const struct function fn_pow_series = {
    .name = "powSeries",
    .group = "Combine",
    .params = {{"seriesList", PARAM_SERIES_LISTS, .is_multiple = true}},
    .run = pow_series,
    .about =
        "Raises the first series to the power of the second, that to the power of the third, and "
        "so on; a gap in one is a gap in all.",
    .example = "powSeries(app.base,app.exponent)",
};

static bool percentile_rows(const struct normal *normal, double percent, bool interpolates,
                            struct series *made, struct err *err)
{
    CLEANUP(mem_done) double *row = mem_array(2 * normal->n_columns, double);
    double *sorted = row + normal->n_columns;
    for (size_t i = 0; i < normal->n_rows; i++) {
        for (size_t k = 0; k < normal->n_columns; k++)
            row[k] = i < normal->columns[k].n ? normal->columns[k].values[i] : NAN;
        size_t n = agg_sorted(row, normal->n_columns, sorted);
        if (n && !agg_percentile(sorted, n, percent, interpolates, &made->values[i]))
            return FAIL(err, ERR_INPUT, "n must be a percentage up to 100");
    }
    return true;
}

static bool percentile_of_series(struct call *call, struct series_list *io, struct err *err)
{
    const double percent = call_f64(call, 1);
    struct normal normal;
    struct series *made;
    if (!(percent > 0))
        return FAIL_AT(call, 1, err, "The requested percent is required to be greater than 0");
    if (io->n == 0)
        return true;
    if (!normalise(call, io->items, io->n, &normal, err))
        return false;
    const struct shape shape = {normal.start_s, normal.end_s, normal.step_s, normal.n_rows};
    const char *name =
        arena_printf(call_arena(call), "percentileOfSeries(%s,%s)", io->items[0]->path_expression,
                     name_g(call_arena(call), percent));
    if (!make_series(call, name, &shape, &made, err) ||
        !percentile_rows(&normal, percent, call_bool(call, 2), made, err))
        return false;
    combine_only(call, io, made);
    return true;
}

const struct function fn_percentile_of_series = {
    .name = "percentileOfSeries",
    .group = "Combine",
    .params = {FN_LIST,
               {"n", PARAM_FLOAT},
               {"interpolate", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = percentile_of_series,
    .about = "The n-th percentile over the series at each point.",
    .example = "percentileOfSeries(servers.*.load,95)",
};

/* ---- two lists, pair by pair ---- */

static bool combine_pair(struct call *call, struct series *const pair[2],
                         const struct combine *combine, struct series **out, struct err *err)
{
    struct series *both[2] = {pair[0], pair[1]};
    const struct series_list list = {both, 2, 2};
    if (!combine_series(call, &list, combine, out, err))
        return false;
    (*out)->name = arena_printf(call_arena(call), "%sSeries(%s,%s)", combine->func, pair[0]->name,
                                pair[1]->name);
    return true;
}

static bool combine_lists(struct call *call, struct series_list *io, const struct combine *combine,
                          struct err *err)
{
    const struct series_list *second = call_series(call, 1);
    if (second->n != io->n)
        return FAIL_AT(call, 1, err, "the two lists must have equal length, not %zu and %zu series",
                       io->n, second->n);
    for (size_t k = 0; k < io->n; k++) {
        struct series *pair[2] = {io->items[k], second->items[k]};
        if (!combine_pair(call, pair, combine, &io->items[k], err))
            return false;
    }
    return true;
}

static bool aggregate_series_lists(struct call *call, struct series_list *io, struct err *err)
{
    struct combine combine;
    if (!combine_parse(call, call_text(call, 2), &combine, err))
        return false;
    combine.x_files_factor = fn_xff(call, 3);
    return combine_lists(call, io, &combine, err);
}

/* clang-format off */
#define FN_TWO_LISTS                                                                               \
    {"seriesListFirstPos", PARAM_SERIES_LIST}, {"seriesListSecondPos", PARAM_SERIES_LIST}
/* clang-format on */

const struct function fn_aggregate_series_lists = {
    .name = "aggregateSeriesLists",
    .group = "Combine",
    .params = {FN_TWO_LISTS, {"func", PARAM_AGG_FUNC}, FN_XFF},
    .run = aggregate_series_lists,
    .about = "Combines two lists pair by pair with an aggregation function.",
    .example = "aggregateSeriesLists(web.logins.success.*,web.logins.errors.*,'sum')",
};

static bool combine_lists_as(struct call *call, struct series_list *io, const char *func,
                             struct err *err)
{
    struct combine combine;
    return combine_parse(call, func, &combine, err) && combine_lists(call, io, &combine, err);
}

static bool sum_series_lists(struct call *call, struct series_list *io, struct err *err)
{
    return combine_lists_as(call, io, "sum", err);
}

const struct function fn_sum_series_lists = {
    .name = "sumSeriesLists",
    .group = "Combine",
    .params = {FN_TWO_LISTS},
    .run = sum_series_lists,
    .about = "Adds two lists up pair by pair.",
    .example = "sumSeriesLists(web.logins.success.*,web.logins.errors.*)",
};

static bool diff_series_lists(struct call *call, struct series_list *io, struct err *err)
{
    return combine_lists_as(call, io, "diff", err);
}

const struct function fn_diff_series_lists = {
    .name = "diffSeriesLists",
    .group = "Combine",
    .params = {FN_TWO_LISTS},
    .run = diff_series_lists,
    .about = "Subtracts the second list from the first pair by pair.",
    .example = "diffSeriesLists(web.logins.all.*,web.logins.errors.*)",
};

static bool multiply_series_lists(struct call *call, struct series_list *io, struct err *err)
{
    return combine_lists_as(call, io, "multiply", err);
}

const struct function fn_multiply_series_lists = {
    .name = "multiplySeriesLists",
    .group = "Combine",
    .params = {FN_TWO_LISTS},
    .run = multiply_series_lists,
    .about = "Multiplies two lists pair by pair.",
    .example = "multiplySeriesLists(shop.orders.*,shop.average_value.*)",
};
