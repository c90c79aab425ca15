/* Graphite's Calculate group, the part that looks back over a window of points. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "query/fn.h"
#include "query/make.h"
#include "query/window.h"

/* ---- the window argument: points, or an interval ---- */

struct span {
    bool is_interval;
    int64_t points;     /* when not an interval */
    int64_t preview_s;  /* how much before the range must be read */
    const char *shown;  /* as in tags: 5 or 5min */
    const char *quoted; /* as in names: 5 or "5min" */
};

/* A function of the movingWindow family. */
struct moving {
    const char *function; /* movingAverage */
    enum agg how;
    double x_files_factor; /* NaN: each series' own */
    struct span span;
};

static bool parse_span(struct call *call, const struct series_list *list, size_t argument,
                       struct span *out, struct err *err)
{
    static const int64_t POINTS_MAX = 100000000; /* past every limit on values */
    struct span span = {.shown = call_tag_text(call, argument)};
    span.is_interval = call_kind(call, argument) == VALUE_TEXT;
    span.quoted = span.shown;
    if (span.is_interval) {
        if (!interval_parse(span.shown, &span.preview_s, err))
            return false;
        span.preview_s = span.preview_s < 0 ? -span.preview_s : span.preview_s;
        span.quoted = arena_printf(call_arena(call), "\"%s\"", span.shown);
        *out = span;
        return true;
    }
    span.points = call_i64(call, argument);
    if (span.points < 0 || span.points > POINTS_MAX)
        return FAIL_AT(call, argument, err, "a window of %s points is out of range", span.shown);
    for (size_t k = 0; k < list->n; k++)
        span.preview_s = max_i64(span.preview_s, list->items[k]->step_s * span.points);
    *out = span;
    return true;
}

static size_t span_points(const struct span *span, const struct series *series)
{
    return (size_t)(span->is_interval ? span->preview_s / series->step_s : span->points);
}

/* The call's series again, from a preview before the range on. */
static bool read_preview(struct call *call, int64_t preview_s, struct series_list *out,
                         struct err *err)
{
    return call_again(call, 0, call_from_s(call) - preview_s, call_until_s(call), out, err);
}

/* ---- movingAverage and theirs ---- */

/* "moving" and the function's name as Python's capitalize() writes it. */
static const char *moving_name(struct call *call, const char *func)
{
    char *name = arena_printf(call_arena(call), "moving%s", func);
    char *first = name + strlen("moving");
    text_lower(first);
    *first = (char)toupper((unsigned char)*first);
    return name;
}

static bool move_one(struct call *call, struct series *from, const struct moving *moving,
                     struct series **out, struct err *err)
{
    const struct span *span = &moving->span;
    const bool has_xff = !isnan(moving->x_files_factor);
    const struct window window = {
        .values = from->values,
        .n = from->n_points,
        .width = span_points(span, from),
        .x_files_factor = has_xff ? moving->x_files_factor : from->x_files_factor,
        .how = moving->how,
    };
    struct shape shape = make_shape(from);
    shape.start_s += span->preview_s;
    shape.n_points = window.n > window.width ? window.n - window.width : 0;
    make_tag(call, from, moving->function, span->shown);
    const char *name =
        arena_printf(call_arena(call), "%s(%s,%s)", moving->function, from->name, span->quoted);
    return make_derived(call, from, name, &shape, out, err) &&
           window_slide(&window, (*out)->values, err);
}

static bool move(struct call *call, struct series_list *io, const char *func, size_t xff_argument,
                 struct err *err)
{
    struct moving moving = {.function = moving_name(call, func),
                            .x_files_factor = fn_xff(call, xff_argument)};
    struct series_list preview = {0};
    if (!agg_parse(func, &moving.how, err) || !parse_span(call, io, 1, &moving.span, err))
        return false;
    if (io->n == 0)
        return true;
    if (!read_preview(call, moving.span.preview_s, &preview, err))
        return false;
    for (size_t k = 0; k < preview.n; k++)
        if (!move_one(call, preview.items[k], &moving, &preview.items[k], err))
            return false;
    *io = preview;
    return true;
}

/* clang-format off */
#define FN_WINDOW {"windowSize", PARAM_INT_OR_INTERVAL}
/* clang-format on */

static bool run_moving_average(struct call *call, struct series_list *io, struct err *err)
{
    return move(call, io, "average", 2, err);
}

const struct function fn_moving_average = {
    .name = "movingAverage",
    .group = "Calculate",
    .params = {FN_LIST, FN_WINDOW, FN_XFF},
    .run = run_moving_average,
    .about =
        "The average of the last points, or of the last interval, at each point. What lies before "
        "the range is read too.",
    .example = "movingAverage(servers.web01.load,'5min')",
};

static bool run_moving_median(struct call *call, struct series_list *io, struct err *err)
{
    return move(call, io, "median", 2, err);
}

const struct function fn_moving_median = {
    .name = "movingMedian",
    .group = "Calculate",
    .params = {FN_LIST, FN_WINDOW, FN_XFF},
    .run = run_moving_median,
    .about = "The median of the last points, or of the last interval, at each point.",
    .example = "movingMedian(servers.web01.load,10)",
};

static bool run_moving_sum(struct call *call, struct series_list *io, struct err *err)
{
    return move(call, io, "sum", 2, err);
}

const struct function fn_moving_sum = {
    .name = "movingSum",
    .group = "Calculate",
    .params = {FN_LIST, FN_WINDOW, FN_XFF},
    .run = run_moving_sum,
    .about = "The sum of the last points, or of the last interval, at each point.",
    .example = "movingSum(web.logins.errors.www1,'1h')",
};

static bool run_moving_min(struct call *call, struct series_list *io, struct err *err)
{
    return move(call, io, "min", 2, err);
}

const struct function fn_moving_min = {
    .name = "movingMin",
    .group = "Calculate",
    .params = {FN_LIST, FN_WINDOW, FN_XFF},
    .run = run_moving_min,
    .about = "The smallest of the last points, or of the last interval, at each point.",
    .example = "movingMin(servers.web01.cpu.idle,10)",
};

static bool run_moving_max(struct call *call, struct series_list *io, struct err *err)
{
    return move(call, io, "max", 2, err);
}

const struct function fn_moving_max = {
    .name = "movingMax",
    .group = "Calculate",
    .params = {FN_LIST, FN_WINDOW, FN_XFF},
    .run = run_moving_max,
    .about = "The largest of the last points, or of the last interval, at each point.",
    .example = "movingMax(servers.web01.load,10)",
};

static bool run_moving_window(struct call *call, struct series_list *io, struct err *err)
{
    return move(call, io, call_text(call, 2), 3, err);
}

const struct function fn_moving_window = {
    .name = "movingWindow",
    .group = "Calculate",
    .params = {FN_LIST,
               FN_WINDOW,
               {"func", PARAM_AGG_FUNC, .is_optional = true, .fallback = "\"average\""},
               FN_XFF},
    .run = run_moving_window,
    .about = "Any aggregate of the last points, or of the last interval, at each point.",
    .example = "movingWindow(servers.web01.load,'10min','stddev')",
};

/* ---- exponentialMovingAverage ---- */

static bool smooth_one(struct call *call, struct series *from, const struct span *span,
                       double weight, struct series **out, struct err *err)
{
    const size_t width = span_points(span, from), n = from->n_points;
    const double seed = agg_average(from->values, min_size(width, n));
    double average = is_gap(seed) ? 0 : seed;
    struct shape shape = make_shape(from);
    shape.start_s += span->preview_s;
    shape.n_points = 1 + (n > width ? n - width : 0);
    make_tag(call, from, "exponentialMovingAverage", span->shown);
    const char *name =
        arena_printf(call_arena(call), "exponentialMovingAverage(%s,%s)", from->name, span->quoted);
    if (!make_derived(call, from, name, &shape, out, err))
        return false;
    (*out)->values[0] = make_round(average, 6);
    for (size_t i = width; i < n; i++) {
        if (is_gap(from->values[i]))
            continue;
        average = weight * from->values[i] + (1 - weight) * average;
        (*out)->values[i - width + 1] = make_round(average, 6);
    }
    return true;
}

static bool run_exponential(struct call *call, struct series_list *io, struct err *err)
{
    struct series_list preview = {0};
    struct span span;
    if (!parse_span(call, io, 1, &span, err))
        return false;
    if (io->n == 0)
        return true;
    if (!read_preview(call, span.preview_s, &preview, err))
        return false;
    /* Graphite counts an interval in seconds here, not in points. */
    const double width = (double)(span.is_interval ? span.preview_s : span.points);
    for (size_t k = 0; k < preview.n; k++)
        if (!smooth_one(call, preview.items[k], &span, 2 / (width + 1), &preview.items[k], err))
            return false;
    *io = preview;
    return true;
}

const struct function fn_exponential_moving_average = {
    .name = "exponentialMovingAverage",
    .group = "Calculate",
    .params = {FN_LIST, FN_WINDOW},
    .run = run_exponential,
    .about =
        "An average that forgets: each point weighs 2 / (window + 1), what was before it the rest.",
    .example = "exponentialMovingAverage(servers.web01.load,10)",
};

/* ---- stdev ---- */

struct moments {
    double n, sum, squares;
};

static void add_moment(struct moments *moments, double value, int sign)
{
    if (is_gap(value))
        return;
    moments->n += sign;
    moments->sum += sign * value;
    moments->squares += sign * (value * value);
}

/* As Graphite computes it: by running sums, so that values of very different size leave traces. */
static void fill_stdev(const struct series *from, size_t width, double tolerance,
                       struct series *made)
{
    struct moments moments = {0};
    for (size_t i = 0; i < from->n_points; i++) {
        if (i >= width)
            add_moment(&moments, from->values[i - width], -1);
        add_moment(&moments, from->values[i], 1);
        if (moments.n > 0 && moments.n / (double)width >= tolerance)
            made->values[i] =
                sqrt(moments.n * moments.squares - moments.sum * moments.sum) / moments.n;
    }
}

static bool run_stdev(struct call *call, struct series_list *io, struct err *err)
{
    const int64_t points = call_i64(call, 1);
    const double tolerance = call_f64(call, 2);
    if (points < 0)
        return FAIL_AT(call, 1, err, "points must not be negative");
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k], *made;
        const struct shape shape = make_shape(from);
        make_tag(call, from, "stdev", call_tag_text(call, 1));
        const char *name =
            arena_printf(call_arena(call), "stdev(%s,%lld)", from->name, (long long)points);
        if (!make_derived(call, from, name, &shape, &made, err))
            return false;
        fill_stdev(from, (size_t)points, tolerance, made);
        io->items[k] = made;
    }
    return true;
}

const struct function fn_stdev = {
    .name = "stdev",
    .group = "Calculate",
    .params = {FN_LIST,
               {"points", PARAM_INT},
               {"windowTolerance", PARAM_FLOAT, .is_optional = true, .fallback = "0.1"}},
    .run = run_stdev,
    .about =
        "The standard deviation of the last points; a gap where fewer than windowTolerance of them "
        "have a value.",
    .example = "stdev(servers.web01.load,10)",
};
