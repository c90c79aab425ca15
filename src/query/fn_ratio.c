/* Graphite's Combine group, the part that divides: asPercent, divideSeries, weightedAverage. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "query/combine.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/node.h"
#include "query/normalise.h"

static double safe_div(double a, double b)
{
    return b == 0 ? NAN : a / b;
}

static double value_at(const struct agg_column *column, size_t i)
{
    return i < column->n ? column->values[i] : NAN;
}

/* factor * a / b over the rows, on a shape whose number of points is taken from the longer column. */
struct quotient {
    struct agg_column a, b;
    double factor;
    struct shape shape;
};

static bool make_quotient(struct call *call, const char *name, struct quotient *quotient,
                          struct series **out, struct err *err)
{
    quotient->shape.n_points = max_size(quotient->a.n, quotient->b.n);
    if (!make_series(call, name, &quotient->shape, out, err))
        return false;
    double *values = (*out)->values;
    for (size_t i = 0; i < quotient->shape.n_points; i++)
        values[i] =
            safe_div(value_at(&quotient->a, i), value_at(&quotient->b, i)) * quotient->factor;
    return true;
}

/* The quotient of a pair, both brought to one step. */
static bool divide_pair(struct call *call, struct series *const pair[2], struct quotient *out,
                        struct err *err)
{
    struct normal normal;
    if (!normalise(call, pair, 2, &normal, err))
        return false;
    out->a = normal.columns[0];
    out->b = normal.columns[1];
    out->shape = (struct shape){normal.start_s, normal.end_s, normal.step_s, 0};
    return true;
}

/* ---- divideSeries ---- */

static bool divide_named(struct call *call, struct series *dividend, struct series *divisor,
                         struct series **out, struct err *err)
{
    struct quotient quotient = {.factor = 1};
    struct series *const pair[2] = {dividend, divisor};
    const char *name =
        arena_printf(call_arena(call), "divideSeries(%s,%s)", dividend->name, divisor->name);
    return divide_pair(call, pair, &quotient, err) &&
           make_quotient(call, name, &quotient, out, err);
}

static bool divide_by_nothing(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        if (!series_rename(series, call_arena(call), err, "divideSeries(%s,MISSING)", series->name))
            return false;
        for (size_t i = 0; i < series->n_points; i++)
            series->values[i] = NAN;
    }
    return true;
}

static bool divide_series(struct call *call, struct series_list *io, struct err *err)
{
    const struct series_list *divisor = call_series(call, 1);
    if (divisor->n == 0)
        return divide_by_nothing(call, io, err);
    if (divisor->n > 1)
        return FAIL_AT(call, 1, err, "second argument must reference exactly 1 series (got %zu)",
                       divisor->n);
    for (size_t k = 0; k < io->n; k++)
        if (!divide_named(call, io->items[k], divisor->items[0], &io->items[k], err))
            return false;
    return true;
}

const struct function fn_divide_series = {
    .name = "divideSeries",
    .group = "Combine",
    .params = {{"dividendSeriesList", PARAM_SERIES_LIST}, {"divisorSeries", PARAM_SERIES_LIST}},
    .run = divide_series,
    .about = "Divides every series by one other. A divisor of 0 makes a gap.",
    .example = "divideSeries(web.logins.errors.*,web.logins.all)",
};

static bool divide_series_lists(struct call *call, struct series_list *io, struct err *err)
{
    const struct series_list *divisors = call_series(call, 1);
    if (divisors->n != io->n)
        return FAIL_AT(
            call, 1, err,
            "dividendSeriesList and divisorSeriesList must have equal length, not %zu and "
            "%zu series",
            io->n, divisors->n);
    for (size_t k = 0; k < io->n; k++)
        if (!divide_named(call, io->items[k], divisors->items[k], &io->items[k], err))
            return false;
    return true;
}

const struct function fn_divide_series_lists = {
    .name = "divideSeriesLists",
    .group = "Combine",
    .params = {{"dividendSeriesList", PARAM_SERIES_LIST}, {"divisorSeriesList", PARAM_SERIES_LIST}},
    .run = divide_series_lists,
    .about = "Divides two lists pair by pair. A divisor of 0 makes a gap.",
    .example = "divideSeriesLists(web.logins.errors.*,web.logins.success.*)",
};

/* ---- asPercent ---- */

/* Sum of a list as a bare column; what the total of the row is. */
static bool sum_column(struct call *call, const struct normal *normal, struct agg_column *out,
                       struct err *err)
{
    if (!call_spend(call, normal->n_rows, err))
        return false;
    double *values = arena_array(call_arena(call), normal->n_rows, double);
    double *scratch = arena_array(call_arena(call), 2 * normal->n_rows + normal->n_columns, double);
    const struct agg_table table = {normal->columns, normal->n_columns, normal->n_rows, 0};
    agg_rows(AGG_SUM, &table, scratch, values);
    *out = (struct agg_column){values, normal->n_rows};
    return true;
}

static const char *percent_name(struct call *call, const char *series, const char *total)
{
    return arena_printf(call_arena(call), "asPercent(%s,%s)", series, total);
}

/* Every series of the normal by one total. As in Graphite the results keep each series' own start, end
 * and step even where the values were consolidated. */
static bool percent_of_column(struct call *call, struct series_list *io,
                              const struct normal *normal, const struct agg_column *total,
                              const char *total_name, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        const struct series *series = io->items[k];
        struct quotient quotient = {normal->columns[k], *total, 100, make_shape(series)};
        const char *name = percent_name(call, series->name, total_name);
        if (!make_quotient(call, name, &quotient, &io->items[k], err))
            return false;
    }
    return true;
}

static bool percent_of_sum(struct call *call, struct series_list *io, struct err *err)
{
    struct normal normal;
    struct agg_column total;
    if (!normalise(call, io->items, io->n, &normal, err) || !sum_column(call, &normal, &total, err))
        return false;
    const char *name =
        arena_printf(call_arena(call), "sumSeries(%s)", normalise_paths(call, io->items, io->n));
    return percent_of_column(call, io, &normal, &total, name, err);
}

static bool percent_of_number(struct call *call, struct series_list *io, struct err *err)
{
    struct normal normal;
    const size_t n = io->items[0]->n_points;
    const double number = call_f64(call, 1);
    if (!call_spend(call, n, err) || !normalise(call, io->items, io->n, &normal, err))
        return false;
    double *values = arena_array(call_arena(call), n, double);
    for (size_t i = 0; i < n; i++)
        values[i] = number;
    const struct agg_column total = {values, n};
    return percent_of_column(call, io, &normal, &total, call_tag_text(call, 1), err);
}

static bool percent_of_pair(struct call *call, struct series *series, struct series *total,
                            struct series **out, struct err *err)
{
    struct quotient quotient = {.factor = 100};
    struct series *const pair[2] = {series, total};
    return divide_pair(call, pair, &quotient, err) &&
           make_quotient(call, percent_name(call, series->name, total->name), &quotient, out, err);
}

static int compare_names(const void *a, const void *b)
{
    const struct series *x = *(struct series *const *)a, *y = *(struct series *const *)b;
    return strcmp(x->name, y->name);
}

static struct series **sorted_by_name(struct call *call, const struct series_list *list)
{
    struct series **items = arena_array(call_arena(call), list->n, struct series *);
    memcpy(items, list->items, list->n * sizeof(items[0]));
    qsort(items, list->n, sizeof(items[0]), compare_names);
    return items;
}

static bool percent_of_list(struct call *call, struct series_list *io, struct err *err)
{
    const struct series_list *total = call_series(call, 1);
    if (total->n == io->n) {
        struct series **a = sorted_by_name(call, io), **b = sorted_by_name(call, total);
        for (size_t k = 0; k < io->n; k++)
            if (!percent_of_pair(call, a[k], b[k], &io->items[k], err))
                return false;
        return true;
    }
    if (total->n != 1)
        return FAIL_AT(call, 1, err,
                       "second argument must be missing, a single digit, reference exactly 1 "
                       "series or reference the same number of series as the first argument");
    struct normal normal;
    struct series **all = arena_array(call_arena(call), io->n + 1, struct series *);
    memcpy(all, io->items, io->n * sizeof(all[0]));
    all[io->n] = total->items[0];
    return normalise(call, all, io->n + 1, &normal, err) &&
           percent_of_column(call, io, &normal, &normal.columns[io->n], total->items[0]->name, err);
}

/* ---- asPercent by nodes ---- */

/* The one series of a group, or the sum of them. */
static bool group_total(struct call *call, const struct series_list *group, struct series **out,
                        struct err *err)
{
    struct normal normal;
    struct agg_column sum;
    if (group->n == 1) {
        *out = group->items[0];
        return true;
    }
    if (!normalise(call, group->items, group->n, &normal, err) ||
        !sum_column(call, &normal, &sum, err))
        return false;
    const char *name = arena_printf(call_arena(call), "sumSeries(%s)",
                                    normalise_paths(call, group->items, group->n));
    const struct shape shape = {normal.start_s, normal.end_s, normal.step_s, normal.n_rows};
    if (!make_series(call, name, &shape, out, err))
        return false;
    memcpy((*out)->values, sum.values, sum.n * sizeof(sum.values[0]));
    return true;
}

struct by_nodes {
    struct node_groups series, totals;
    struct shape shape; /* of the latest normalisation: what gaps without a partner are given */
};

static void done_by_nodes(struct by_nodes *by)
{
    node_groups_done(&by->series);
    node_groups_done(&by->totals);
}

static bool add_missing(struct call *call, struct by_nodes *by, const char *name, size_t n,
                        struct series_list *out, struct err *err)
{
    struct series *made;
    struct shape shape = by->shape;
    shape.n_points = n;
    if (shape.step_s == 0)
        return FAIL(err, ERR_INPUT, "no series shares a node with a total");
    if (!make_series(call, name, &shape, &made, err))
        return false;
    series_list_add(out, made, call_arena(call));
    return true;
}

static bool percent_of_group(struct call *call, struct by_nodes *by, const struct node_group *group,
                             struct series_list *out, struct err *err)
{
    const struct node_group *partner = node_groups_find(&by->totals, group->key);
    for (size_t k = 0; k < group->list.n; k++) {
        struct series *series = group->list.items[k], *made;
        const char *name = percent_name(call, series->name, "MISSING");
        if (!partner) {
            if (!add_missing(call, by, name, series->n_points, out, err))
                return false;
            continue;
        }
        if (!percent_of_pair(call, series, partner->list.items[0], &made, err))
            return false;
        by->shape = make_shape(made);
        series_list_add(out, made, call_arena(call));
    }
    return true;
}

/* Totals' groups become one series each. */
static bool fold_totals(struct call *call, struct by_nodes *by, struct err *err)
{
    for (size_t g = 0; g < by->totals.n; g++) {
        struct series_list *list = &by->totals.items[g].list;
        struct series *total;
        if (!group_total(call, list, &total, err))
            return false;
        if (list->n > 1)
            by->shape = make_shape(total);
        *list = (struct series_list){0};
        series_list_add(list, total, call_arena(call));
    }
    return true;
}

static bool percent_by_nodes(struct call *call, struct series_list *io, struct err *err)
{
    CLEANUP(done_by_nodes) struct by_nodes by = {0};
    const struct node_args nodes = {2, call_n(call) - 2};
    node_groups_init(&by.series);
    node_groups_init(&by.totals);
    if (call_has(call, 1) && call_kind(call, 1) != VALUE_SERIES)
        return FAIL_AT(call, 1, err, "with nodes total must be None or a seriesList");
    node_groups_fill(&by.series, call, io, nodes);
    node_groups_fill(&by.totals, call, call_has(call, 1) ? call_series(call, 1) : io, nodes);
    *io = (struct series_list){0};
    if (!fold_totals(call, &by, err))
        return false;
    for (size_t g = 0; g < by.series.n; g++)
        if (!percent_of_group(call, &by, &by.series.items[g], io, err))
            return false;
    for (size_t g = 0; g < by.totals.n; g++) {
        const struct node_group *group = &by.totals.items[g];
        const struct series *total = group->list.items[0];
        if (!node_groups_find(&by.series, group->key) &&
            !add_missing(call, &by, percent_name(call, "MISSING", total->name), total->n_points, io,
                         err))
            return false;
    }
    return true;
}

static bool as_percent(struct call *call, struct series_list *io, struct err *err)
{
    if (io->n == 0)
        return true;
    if (call_n(call) > 2)
        return percent_by_nodes(call, io, err);
    if (!call_has(call, 1))
        return percent_of_sum(call, io, err);
    const enum value_kind kind = call_kind(call, 1);
    if (kind == VALUE_SERIES)
        return percent_of_list(call, io, err);
    if (kind != VALUE_INT && kind != VALUE_FLOAT)
        return FAIL_AT(call, 1, err, "total must be a number or series, not '%s'",
                       call_text(call, 1));
    return percent_of_number(call, io, err);
}

const struct function fn_as_percent = {
    .name = "asPercent",
    .group = "Combine",
    .params = {FN_LIST,
               {"total", PARAM_ANY, .is_optional = true},
               {"nodes", PARAM_NODE_OR_TAG, .is_optional = true, .is_multiple = true}},
    .run = as_percent,
    .about =
        "Each series as a percentage of a total: of the sum of all, of a number, of one series, "
        "or of its partner in a list; with nodes, of the total that has the same nodes.",
    .example = "asPercent(web.logins.errors.*,web.logins.all)",
};

/* ---- weightedAverage ---- */

static bool multiply_pair(struct call *call, const struct series *average,
                          const struct series *weight, struct series_list *products,
                          struct err *err)
{
    struct shape shape = make_shape(average);
    struct series *made;
    const char *name =
        arena_printf(call_arena(call), "product(%s,%s)", weight->name, average->name);
    shape.n_points = max_size(average->n_points, weight->n_points);
    if (!make_series(call, name, &shape, &made, err))
        return false;
    for (size_t i = 0; i < min_size(average->n_points, weight->n_points); i++)
        made->values[i] = average->values[i] * weight->values[i];
    series_list_add(products, made, call_arena(call));
    return true;
}

/* Of several series with one key the last one counts. */
static bool multiply_by_nodes(struct call *call, const struct series_list *averages,
                              struct series_list *products, struct err *err)
{
    const struct node_args nodes = {2, call_n(call) > 2 ? call_n(call) - 2 : 0};
    CLEANUP(done_by_nodes) struct by_nodes by = {0};
    node_groups_init(&by.series);
    node_groups_init(&by.totals);
    node_groups_fill(&by.series, call, averages, nodes);
    node_groups_fill(&by.totals, call, call_series(call, 1), nodes);
    for (size_t g = 0; g < by.series.n; g++) {
        const struct series_list *own = &by.series.items[g].list;
        const struct node_group *partner = node_groups_find(&by.totals, by.series.items[g].key);
        if (partner && !multiply_pair(call, own->items[own->n - 1],
                                      partner->list.items[partner->list.n - 1], products, err))
            return false;
    }
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The distinct path expressions, sorted, joined by commas. */
static const char *sorted_paths(struct call *call, const struct series_list *list)
{
    CLEANUP(buf_done) struct buf out = {0};
    const char **paths = arena_array(call_arena(call), list->n, const char *);
    buf_init(&out, SIZE_MAX / 2);
    for (size_t k = 0; k < list->n; k++)
        paths[k] = list->items[k]->path_expression;
    if (list->n)
        qsort(paths, list->n, sizeof(paths[0]), compare_texts);
    for (size_t k = 0; k < list->n; k++)
        if (k == 0 || strcmp(paths[k], paths[k - 1]) != 0)
            buf_printf(&out, "%s%s", k ? "," : "", paths[k]);
    return arena_strdup(call_arena(call), buf_text(&out));
}

static const char *weighted_name(struct call *call, const struct series_list *averages)
{
    const char *nodes = "";
    for (size_t i = 2; i < call_n(call); i++)
        nodes = arena_printf(call_arena(call), "%s%s%s", nodes, i > 2 ? "," : "",
                             call_tag_text(call, i));
    return arena_printf(call_arena(call), "weightedAverage(%s, %s, %s)",
                        sorted_paths(call, averages), sorted_paths(call, call_series(call, 1)),
                        nodes);
}

static bool weighted_average(struct call *call, struct series_list *io, struct err *err)
{
    const struct series_list *weights = call_series(call, 1);
    const struct combine sum = {AGG_SUM, "sum", NAN};
    struct series_list products = {0};
    struct series *above, *below, *made;
    if (weights->n != io->n)
        return FAIL_AT(call, 1, err,
                       "must receive the same number of series for seriesListAvg and "
                       "seriesListWeight but received respectively %zu and %zu",
                       io->n, weights->n);
    if (!multiply_by_nodes(call, io, &products, err))
        return false;
    if (products.n == 0) {
        *io = (struct series_list){0};
        return true;
    }
    if (!combine_series(call, &products, &sum, &above, err) ||
        !combine_series(call, weights, &sum, &below, err))
        return false;
    struct quotient quotient = {
        {above->values, above->n_points}, {below->values, below->n_points}, 1, make_shape(above)};
    if (!make_quotient(call, weighted_name(call, io), &quotient, &made, err))
        return false;
    combine_only(call, io, made);
    return true;
}

const struct function fn_weighted_average = {
    .name = "weightedAverage",
    .group = "Combine",
    .params = {{"seriesListAvg", PARAM_SERIES_LIST},
               {"seriesListWeight", PARAM_SERIES_LIST},
               {"nodes", PARAM_NODE_OR_TAG, .is_optional = true, .is_multiple = true}},
    .run = weighted_average,
    .about = "The average of averages, each weighted by the series that has the same nodes.",
    .example = "weightedAverage(app.*.latency,app.*.requests,1)",
};
