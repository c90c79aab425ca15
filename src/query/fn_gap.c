/* Graphite's Transform group, the part that is about gaps. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "query/agg.h"
#include "query/fn.h"
#include "query/make.h"

/* Points in a row that may be filled; INFINITY: any number. */
static double limit_of(const struct call *call)
{
    return call_has(call, 1) ? call_f64(call, 1) : HUGE_VAL;
}

/* A run of gaps: from..until, until excluded. */
struct gap {
    size_t from, until;
};

/* The next run of gaps at or after *at, which moves behind it. */
static bool next_gap(const struct series *series, size_t *at, struct gap *out)
{
    while (*at < series->n_points && !is_gap(series->values[*at]))
        ++*at;
    out->from = *at;
    while (*at < series->n_points && is_gap(series->values[*at]))
        ++*at;
    out->until = *at;
    return out->from < out->until;
}

/* clang-format off */
#define FN_LIMIT {"limit", PARAM_INT_OR_INF, .is_optional = true, .fallback = "1e9999"}
/* clang-format on */

static void hold(struct series *series, const struct gap *gap)
{
    for (size_t i = gap->from; i < gap->until; i++)
        series->values[i] = series->values[gap->from - 1];
}

static bool run_keep_last_value(struct call *call, struct series_list *io, struct err *err)
{
    const double limit = limit_of(call);
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        struct gap gap;
        for (size_t at = 0; next_gap(series, &at, &gap);) {
            if (gap.from > 0 && (double)(gap.until - gap.from) <= limit)
                hold(series, &gap);
        }
        if (!series_rename(series, call_arena(call), err, "keepLastValue(%s)", series->name))
            return false;
    }
    return true;
}

const struct function fn_keep_last_value = {
    .name = "keepLastValue",
    .group = "Transform",
    .params = {FN_LIST, FN_LIMIT},
    .run = run_keep_last_value,
    .about = "Fills a gap with the value before it, unless it is longer than limit points.",
    .example = "keepLastValue(servers.web01.load,5)",
};

static void bridge(struct series *series, const struct gap *gap)
{
    const double from = series->values[gap->from - 1], until = series->values[gap->until];
    const double steps = (double)(gap->until - gap->from + 1);
    for (size_t i = gap->from; i < gap->until; i++)
        series->values[i] = from + (double)(i - gap->from + 1) * (until - from) / steps;
}

static bool run_interpolate(struct call *call, struct series_list *io, struct err *err)
{
    const double limit = limit_of(call);
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        struct gap gap;
        for (size_t at = 0; next_gap(series, &at, &gap);) {
            bool is_inner = gap.from > 0 && gap.until < series->n_points;
            if (is_inner && (double)(gap.until - gap.from) <= limit)
                bridge(series, &gap);
        }
        if (!series_rename(series, call_arena(call), err, "interpolate(%s)", series->name))
            return false;
    }
    return true;
}

const struct function fn_interpolate = {
    .name = "interpolate",
    .group = "Transform",
    .params = {FN_LIST, FN_LIMIT},
    .run = run_interpolate,
    .about =
        "Draws a straight line over a gap, unless it is longer than limit points. Gaps at the ends "
        "stay.",
    .example = "interpolate(servers.web01.load,5)",
};

/* Which rows have a value in any of the references; *out_n rows. */
static bool *rows_with_value(struct call *call, const struct series_list *references, size_t *out_n)
{
    size_t n = 0;
    for (size_t k = 0; k < references->n; k++)
        n = max_size(n, references->items[k]->n_points);
    bool *rows = arena_zarray(call_arena(call), n, bool);
    for (size_t k = 0; k < references->n; k++)
        for (size_t i = 0; i < references->items[k]->n_points; i++)
            rows[i] |= !is_gap(references->items[k]->values[i]);
    *out_n = n;
    return rows;
}

/* With more rows than points Graphite keeps the last ones: the series slides to the left. */
static void fill_where(struct series *series, const bool *rows, size_t n_rows, double with)
{
    const size_t n = series->n_points, shift = n_rows > n ? n_rows - n : 0;
    for (size_t i = 0; i < n; i++) {
        const size_t from = i + shift;
        const double value = from < n ? series->values[from] : NAN;
        series->values[i] = is_gap(value) && from < n_rows && rows[from] ? with : value;
    }
}

static void fill_all(struct series *series, double with)
{
    for (size_t i = 0; i < series->n_points; i++)
        if (is_gap(series->values[i]))
            series->values[i] = with;
}

static bool run_transform_null(struct call *call, struct series_list *io, struct err *err)
{
    const double with = call_f64(call, 1);
    const char *shown = name_g(call_arena(call), with);
    const struct series_list *references = call_series(call, 2);
    const bool has_references = references && references->n > 0;
    size_t n_rows = 0;
    const bool *rows = has_references ? rows_with_value(call, references, &n_rows) : NULL;
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        make_tag(call, series, "transformNull", call_has(call, 1) ? call_tag_text(call, 1) : "0");
        if (has_references) {
            make_tag(call, series, "referenceSeries", "1");
            fill_where(series, rows, n_rows, with);
        } else {
            fill_all(series, with);
        }
        if (!series_rename(series, call_arena(call), err, "transformNull(%s,%s%s)", series->name,
                           shown, has_references ? ",referenceSeries" : ""))
            return false;
    }
    return true;
}

const struct function fn_transform_null = {
    .name = "transformNull",
    .group = "Transform",
    .params = {FN_LIST,
               {"default", PARAM_FLOAT, .is_optional = true, .fallback = "0"},
               {"referenceSeries", PARAM_SERIES_LIST, .is_optional = true}},
    .run = run_transform_null,
    .about =
        "Puts a value into every gap; with reference series, only where one of them has a value.",
    .example = "transformNull(web.logins.errors.*,0)",
};

static bool run_is_non_null(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        make_tag(call, series, "isNonNull", "1");
        for (size_t i = 0; i < series->n_points; i++)
            series->values[i] = is_gap(series->values[i]) ? 0 : 1;
        if (!series_rename(series, call_arena(call), err, "isNonNull(%s)", series->name))
            return false;
    }
    return true;
}

const struct function fn_is_non_null = {
    .name = "isNonNull",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_is_non_null,
    .about = "1 where there is a value, 0 where there is a gap.",
    .example = "sumSeries(isNonNull(servers.*.load))",
};

static bool run_remove_empty(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    const double share = call_has(call, 1) ? call_f64(call, 1) : 0;
    size_t n = 0;
    for (size_t k = 0; k < io->n; k++) {
        const struct series *series = io->items[k];
        size_t count = agg_count(series->values, series->n_points);
        if (count && (double)count / (double)series->n_points >= share)
            io->items[n++] = io->items[k];
    }
    io->n = n;
    return true;
}

const struct function fn_remove_empty_series = {
    .name = "removeEmptySeries",
    .group = "Filter Series",
    .params = {FN_LIST, FN_XFF},
    .run = run_remove_empty,
    .about =
        "Leaves out series without any value, or with fewer than xFilesFactor of their points.",
    .example = "removeEmptySeries(servers.*.load)",
};
