/* Graphite's Filter Series and Filter Data groups. */
#include <math.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/regex.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/rank.h"

/* Keeps the series that is_kept marks. */
static void keep(struct series_list *io, const bool *is_kept)
{
    size_t n = 0;
    for (size_t k = 0; k < io->n; k++)
        if (is_kept[k])
            io->items[n++] = io->items[k];
    io->n = n;
}

/* ---- by an aggregate against a threshold ---- */

/* A gap is below everything. False: no such operator. */
static bool compare(double value, const char *op, double threshold, bool *out)
{
    const bool is_none = is_gap(value);
    if (strcmp(op, "=") == 0)
        *out = value == threshold;
    else if (strcmp(op, "!=") == 0)
        *out = value != threshold;
    else if (strcmp(op, ">") == 0)
        *out = value > threshold;
    else if (strcmp(op, ">=") == 0)
        *out = value >= threshold;
    else if (strcmp(op, "<") == 0)
        *out = is_none || value < threshold;
    else if (strcmp(op, "<=") == 0)
        *out = is_none || value <= threshold;
    else
        return false;
    return true;
}

static bool filter(struct call *call, struct series_list *io, enum agg how, const char *op,
                   double threshold)
{
    const double *keys = rank_keys(call, io, how);
    bool *is_kept = arena_array(call_arena(call), io->n, bool);
    bool is_operator = true;
    for (size_t k = 0; k < io->n && is_operator; k++)
        is_operator = compare(keys[k], op, threshold, &is_kept[k]);
    if (is_operator)
        keep(io, is_kept);
    return is_operator;
}

static bool run_filter_series(struct call *call, struct series_list *io, struct err *err)
{
    const char *op = call_text(call, 2);
    enum agg how;
    bool is_true;
    if (!agg_parse(call_text(call, 1), &how, err))
        return BLAME(call, 1);
    if (!compare(0, op, 0, &is_true))
        return FAIL_AT(call, 2, err, "Unsupported operator: %s", op);
    filter(call, io, how, op, call_f64(call, 3));
    return true;
}

const struct function fn_filter_series = {
    .name = "filterSeries",
    .group = "Filter Series",
    .params = {FN_LIST,
               {"func", PARAM_AGG_FUNC},
               {"operator", PARAM_STRING},
               {"threshold", PARAM_FLOAT}},
    .run = run_filter_series,
    .about =
        "Keeps the series whose aggregate is = != > >= < or <= the threshold. A series without "
        "values is below everything.",
    .example = "filterSeries(servers.*.load,'max','>',2)",
};

static bool run_average_above(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_AVERAGE, ">", call_f64(call, 1));
}

const struct function fn_average_above = {
    .name = "averageAbove",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_average_above,
    .about = "Keeps the series whose average is above n.",
    .example = "averageAbove(servers.*.load,2)",
};

static bool run_average_below(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_AVERAGE, "<=", call_f64(call, 1));
}

const struct function fn_average_below = {
    .name = "averageBelow",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_average_below,
    .about = "Keeps the series whose average is n or below.",
    .example = "averageBelow(servers.*.load,2)",
};

static bool run_current_above(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_LAST, ">", call_f64(call, 1));
}

const struct function fn_current_above = {
    .name = "currentAbove",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_current_above,
    .about = "Keeps the series whose last value is above n.",
    .example = "currentAbove(servers.*.load,2)",
};

static bool run_current_below(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_LAST, "<=", call_f64(call, 1));
}

const struct function fn_current_below = {
    .name = "currentBelow",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_current_below,
    .about = "Keeps the series whose last value is n or below.",
    .example = "currentBelow(servers.*.load,2)",
};

static bool run_maximum_above(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_MAX, ">", call_f64(call, 1));
}

const struct function fn_maximum_above = {
    .name = "maximumAbove",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_maximum_above,
    .about = "Keeps the series whose largest value is above n.",
    .example = "maximumAbove(servers.*.load,2)",
};

static bool run_maximum_below(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_MAX, "<=", call_f64(call, 1));
}

const struct function fn_maximum_below = {
    .name = "maximumBelow",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_maximum_below,
    .about = "Keeps the series whose largest value is n or below.",
    .example = "maximumBelow(servers.*.load,2)",
};

static bool run_minimum_above(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_MIN, ">", call_f64(call, 1));
}

const struct function fn_minimum_above = {
    .name = "minimumAbove",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_minimum_above,
    .about = "Keeps the series whose smallest value is above n.",
    .example = "minimumAbove(servers.*.load,2)",
};

static bool run_minimum_below(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    return filter(call, io, AGG_MIN, "<=", call_f64(call, 1));
}

const struct function fn_minimum_below = {
    .name = "minimumBelow",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_FLOAT)},
    .run = run_minimum_below,
    .about = "Keeps the series whose smallest value is n or below.",
    .example = "minimumBelow(servers.*.load,2)",
};

/* ---- the first n in some order ---- */

static void first_of(struct call *call, struct series_list *io, enum agg how, bool is_highest)
{
    rank_by_agg(call, io, how, is_highest);
    rank_cut(io, call_i64(call, 1));
}

static bool run_highest(struct call *call, struct series_list *io, struct err *err)
{
    enum agg how;
    if (!agg_parse(call_text(call, 2), &how, err))
        return BLAME(call, 2);
    first_of(call, io, how, true);
    return true;
}

/* clang-format off */
#define FN_RANK_FUNC {"func", PARAM_AGG_FUNC, .is_optional = true, .fallback = "\"average\""}
/* clang-format on */

const struct function fn_highest = {
    .name = "highest",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT), FN_RANK_FUNC},
    .run = run_highest,
    .about = "The n series with the highest aggregate, the highest first.",
    .example = "highest(servers.*.load,5,'max')",
};

static bool run_lowest(struct call *call, struct series_list *io, struct err *err)
{
    enum agg how;
    if (!agg_parse(call_text(call, 2), &how, err))
        return BLAME(call, 2);
    first_of(call, io, how, false);
    return true;
}

const struct function fn_lowest = {
    .name = "lowest",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT), FN_RANK_FUNC},
    .run = run_lowest,
    .about = "The n series with the lowest aggregate, the lowest first.",
    .example = "lowest(servers.*.load,5,'max')",
};

static bool run_highest_average(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    first_of(call, io, AGG_AVERAGE, true);
    return true;
}

const struct function fn_highest_average = {
    .name = "highestAverage",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_highest_average,
    .about = "The n series with the highest average.",
    .example = "highestAverage(servers.*.load,5)",
};

static bool run_highest_current(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    first_of(call, io, AGG_LAST, true);
    return true;
}

const struct function fn_highest_current = {
    .name = "highestCurrent",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_highest_current,
    .about = "The n series with the highest last value.",
    .example = "highestCurrent(servers.*.load,5)",
};

static bool run_highest_max(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    first_of(call, io, AGG_MAX, true);
    return true;
}

const struct function fn_highest_max = {
    .name = "highestMax",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_highest_max,
    .about = "The n series with the highest peak.",
    .example = "highestMax(servers.*.load,5)",
};

static bool run_lowest_average(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    first_of(call, io, AGG_AVERAGE, false);
    return true;
}

const struct function fn_lowest_average = {
    .name = "lowestAverage",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_lowest_average,
    .about = "The n series with the lowest average.",
    .example = "lowestAverage(servers.*.load,5)",
};

static bool run_lowest_current(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    first_of(call, io, AGG_LAST, false);
    return true;
}

const struct function fn_lowest_current = {
    .name = "lowestCurrent",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_lowest_current,
    .about = "The n series with the lowest last value.",
    .example = "lowestCurrent(servers.*.load,5)",
};

static bool run_limit(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    rank_cut(io, call_i64(call, 1));
    return true;
}

const struct function fn_limit = {
    .name = "limit",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_limit,
    .about = "The first n series; a negative n leaves out the last ones.",
    .example = "limit(servers.*.load,5)",
};

static double variance(const struct series *series)
{
    const double mean = agg_average(series->values, series->n_points);
    double squares = 0;
    for (size_t i = 0; i < series->n_points; i++)
        if (!is_gap(series->values[i]))
            squares += (series->values[i] - mean) * (series->values[i] - mean);
    return squares / (double)agg_count(series->values, series->n_points);
}

static bool run_most_deviant(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    double *keys = arena_array(call_arena(call), io->n, double);
    size_t n = 0;
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        if (agg_count(series->values, series->n_points) == 0)
            continue;
        keys[n] = variance(series);
        io->items[n++] = series;
    }
    io->n = n;
    rank_by(call, io, keys, true);
    rank_cut(io, call_i64(call, 1));
    return true;
}

const struct function fn_most_deviant = {
    .name = "mostDeviant",
    .group = "Filter Series",
    .params = {FN_LIST, FN_N(PARAM_INT)},
    .run = run_most_deviant,
    .about = "The n series that vary most (by variance), the most varying first.",
    .example = "mostDeviant(servers.*.load,5)",
};

/* ---- by name ---- */

static void done_regex(struct regex **regex)
{
    regex_free(*regex);
}

static bool filter_names(struct call *call, struct series_list *io, bool wants_match,
                         struct err *err)
{
    CLEANUP(done_regex) struct regex *regex = NULL;
    if (!regex_compile(call_text(call, 1), &regex, err))
        return BLAME(call, 1);
    bool *is_kept = arena_array(call_arena(call), io->n, bool);
    for (size_t k = 0; k < io->n; k++) {
        const char *name = io->items[k]->name;
        is_kept[k] = regex_search(regex, name, strlen(name)) == wants_match;
    }
    keep(io, is_kept);
    return true;
}

static bool run_grep(struct call *call, struct series_list *io, struct err *err)
{
    return filter_names(call, io, true, err);
}

const struct function fn_grep = {
    .name = "grep",
    .group = "Filter Series",
    .params = {FN_LIST, {"pattern", PARAM_STRING}},
    .run = run_grep,
    .about = "Keeps the series in whose names the regular expression is found.",
    .example = "grep(servers.*.load,'web0[12]')",
};

static bool run_exclude(struct call *call, struct series_list *io, struct err *err)
{
    return filter_names(call, io, false, err);
}

const struct function fn_exclude = {
    .name = "exclude",
    .group = "Filter Series",
    .params = {FN_LIST, {"pattern", PARAM_STRING}},
    .run = run_exclude,
    .about = "Leaves out the series in whose names the regular expression is found.",
    .example = "exclude(servers.*.load,'db')",
};

static bool run_unique(struct call *call UNUSED, struct series_list *io, struct err *err UNUSED)
{
    CLEANUP(map_done) struct map *seen = map_new();
    size_t n = 0;
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        if (!map_put(seen, series->name, strlen(series->name), series))
            io->items[n++] = series;
    }
    io->n = n;
    return true;
}

const struct function fn_unique = {
    .name = "unique",
    .group = "Filter Series",
    .params = {FN_LISTS},
    .run = run_unique,
    .about = "The first series of each name.",
    .example = "unique(servers.web*.load,servers.*1.load)",
};
