/* Graphite's Transform group, the part that changes each value by itself. */
#include <math.h>

#include "query/agg.h"
#include "query/fn.h"
#include "query/make.h"

/* ---- how names are given: "scale(x,2)" ---- */

/* name(x), and a tag of the same key. */
static bool name_plain(struct call *call, struct series *series, const char *tag, struct err *err)
{
    const char *name = call_name(call);
    if (tag)
        make_tag(call, series, name, tag);
    return series_rename(series, call_arena(call), err, "%s(%s)", name, series->name);
}

/* name(x,argument), and the argument as a tag. */
static bool name_with(struct call *call, struct series *series, const char *argument,
                      struct err *err)
{
    const char *name = call_name(call);
    make_tag(call, series, name, call_tag_text(call, 1));
    return series_rename(series, call_arena(call), err, "%s(%s,%s)", name, series->name, argument);
}

/* What a change of one value needs to know besides it. */
struct change_by {
    double a, b;
};
typedef double change_fn(double value, const struct change_by *by);

/* Gaps stay gaps. */
static void change_values(struct series *series, change_fn *change, const struct change_by *by)
{
    for (size_t i = 0; i < series->n_points; i++)
        if (!is_gap(series->values[i]))
            series->values[i] = change(series->values[i], by);
}

static bool change_plain(struct call *call, struct series_list *io, change_fn *change,
                         const char *tag, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        change_values(io->items[k], change, NULL);
        if (!name_plain(call, io->items[k], tag, err))
            return false;
    }
    return true;
}

/* By the call's one number, which the name shows as %g. */
static bool change_by_number(struct call *call, struct series_list *io, change_fn *change,
                             struct err *err)
{
    const struct change_by by = {.a = call_f64(call, 1)};
    const char *shown = name_g(call_arena(call), by.a);
    for (size_t k = 0; k < io->n; k++) {
        change_values(io->items[k], change, &by);
        if (!name_with(call, io->items[k], shown, err))
            return false;
    }
    return true;
}

/* A pow, exp or log that leaves the numbers is a gap. */
static double in_range(double result, double from)
{
    return isinf(result) && isfinite(from) ? NAN : result;
}

/* ---- by a number ---- */

static double times(double value, const struct change_by *by)
{
    return value * by->a;
}

static bool run_scale(struct call *call, struct series_list *io, struct err *err)
{
    return change_by_number(call, io, times, err);
}

const struct function fn_scale = {
    .name = "scale",
    .group = "Transform",
    .params = {FN_LIST, {"factor", PARAM_FLOAT}},
    .run = run_scale,
    .about = "Multiplies every point by factor.",
    .example = "scale(web.requests.rate,60)",
};

static double plus(double value, const struct change_by *by)
{
    return value + by->a;
}

static bool run_offset(struct call *call, struct series_list *io, struct err *err)
{
    return change_by_number(call, io, plus, err);
}

const struct function fn_offset = {
    .name = "offset",
    .group = "Transform",
    .params = {FN_LIST, {"factor", PARAM_FLOAT}},
    .run = run_offset,
    .about = "Adds factor to every point.",
    .example = "offset(servers.web01.load,-1)",
};

static bool run_add(struct call *call, struct series_list *io, struct err *err)
{
    const struct change_by by = {.a = call_f64(call, 1)};
    const char *shown = make_text_d(call, by.a); /* the name shows whole numbers only */
    for (size_t k = 0; k < io->n; k++) {
        change_values(io->items[k], plus, &by);
        if (!name_with(call, io->items[k], shown, err))
            return false;
    }
    return true;
}

const struct function fn_add = {
    .name = "add",
    .group = "Transform",
    .params = {FN_LIST, {"constant", PARAM_FLOAT}},
    .run = run_add,
    .about = "Adds a constant to every point. The name shows its whole part only.",
    .example = "add(servers.web01.load,10)",
};

static double power(double value, const struct change_by *by)
{
    return in_range(pow(value, by->a), value);
}

static bool run_pow(struct call *call, struct series_list *io, struct err *err)
{
    return change_by_number(call, io, power, err);
}

const struct function fn_pow = {
    .name = "pow",
    .group = "Transform",
    .params = {FN_LIST, {"factor", PARAM_FLOAT}},
    .run = run_pow,
    .about = "Raises every point to a power. What has no result becomes a gap.",
    .example = "pow(servers.web01.load,2)",
};

static double to_seconds(double value, const struct change_by *by)
{
    return make_round(value * by->a, 6);
}

static bool run_scale_to_seconds(struct call *call, struct series_list *io, struct err *err)
{
    const double seconds = call_f64(call, 1);
    const char *shown = make_text_d(call, seconds);
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        const struct change_by by = {.a = seconds / (double)series->step_s};
        change_values(series, to_seconds, &by);
        if (!name_with(call, series, shown, err))
            return false;
    }
    return true;
}

const struct function fn_scale_to_seconds = {
    .name = "scaleToSeconds",
    .group = "Transform",
    .params = {FN_LIST, {"seconds", PARAM_FLOAT}},
    .run = run_scale_to_seconds,
    .about = "Makes values per step values per so many seconds.",
    .example = "scaleToSeconds(web.requests.count,1)",
};

static double round_to(double value, const struct change_by *by)
{
    return make_round(value, (int64_t)by->a);
}

static bool run_round(struct call *call, struct series_list *io, struct err *err)
{
    const bool has_precision = call_has(call, 1);
    const int64_t precision = has_precision ? call_i64(call, 1) : 0;
    const struct change_by by = {.a = (double)precision};
    const char *shown = name_g(call_arena(call), by.a);
    for (size_t k = 0; k < io->n; k++) {
        change_values(io->items[k], round_to, &by);
        if (!(has_precision ? name_with(call, io->items[k], shown, err)
                            : name_plain(call, io->items[k], "0", err)))
            return false;
    }
    return true;
}

const struct function fn_round = {
    .name = "round",
    .group = "Transform",
    .params = {FN_LIST, {"precision", PARAM_INT, .is_optional = true, .fallback = "0"}},
    .run = run_round,
    .about = "Rounds every point to so many decimals, halves to the even neighbour; a negative "
             "precision rounds to tens, hundreds, ...",
    .example = "round(servers.web01.load,1)",
};

/* ---- by nothing but itself ---- */

static double magnitude(double value, const struct change_by *by UNUSED)
{
    return fabs(value);
}

static bool run_absolute(struct call *call, struct series_list *io, struct err *err)
{
    return change_plain(call, io, magnitude, "1", err);
}

const struct function fn_absolute = {
    .name = "absolute",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_absolute,
    .about = "Every point without its sign.",
    .example = "absolute(derivative(queue.length))",
};

static double reciprocal(double value, const struct change_by *by UNUSED)
{
    return in_range(1 / value, value);
}

static bool run_invert(struct call *call, struct series_list *io, struct err *err)
{
    return change_plain(call, io, reciprocal, "1", err);
}

const struct function fn_invert = {
    .name = "invert",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_invert,
    .about = "One divided by every point; 0 becomes a gap.",
    .example = "invert(app.seconds_per_request)",
};

static double root(double value, const struct change_by *by UNUSED)
{
    return pow(value, 0.5);
}

static bool run_square_root(struct call *call, struct series_list *io, struct err *err)
{
    return change_plain(call, io, root, "1", err);
}

const struct function fn_square_root = {
    .name = "squareRoot",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_square_root,
    .about = "The square root of every point; a negative one becomes a gap.",
    .example = "squareRoot(app.variance)",
};

static double exponential(double value, const struct change_by *by UNUSED)
{
    return in_range(exp(value), value);
}

static bool run_exp(struct call *call, struct series_list *io, struct err *err)
{
    return change_plain(call, io, exponential, "e", err);
}

const struct function fn_exp = {
    .name = "exp",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_exp,
    .about = "e to the power of every point; what is too large becomes a gap.",
    .example = "exp(app.log_odds)",
};

static double sigmoid_of(double value, const struct change_by *by UNUSED)
{
    return 1 / (1 + exp(-value));
}

static bool run_sigmoid(struct call *call, struct series_list *io, struct err *err)
{
    return change_plain(call, io, sigmoid_of, "sigmoid", err);
}

const struct function fn_sigmoid = {
    .name = "sigmoid",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_sigmoid,
    .about = "1 / (1 + e^-x) of every point.",
    .example = "sigmoid(app.log_odds)",
};

static double logit_of(double value, const struct change_by *by UNUSED)
{
    return in_range(log(value / (1 - value)), value);
}

static bool run_logit(struct call *call, struct series_list *io, struct err *err)
{
    return change_plain(call, io, logit_of, "logit", err);
}

const struct function fn_logit = {
    .name = "logit",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_logit,
    .about = "log(x / (1 - x)) of every point between 0 and 1; any other becomes a gap.",
    .example = "logit(app.success_share)",
};

static double logarithm(double value, const struct change_by *by)
{
    return value > 0 ? log(value) / by->a : NAN;
}

static bool run_log(struct call *call, struct series_list *io, struct err *err)
{
    const double base = call_has(call, 1) ? call_f64(call, 1) : 10;
    const char *shown = call_has(call, 1) ? call_tag_text(call, 1) : "10";
    const struct change_by by = {.a = log(base)};
    if (!(base > 0) || base == 1)
        return FAIL_AT(call, 1, err, "base must be above 0 and not 1, not %s", shown);
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k], *made;
        const struct shape shape = make_shape(from);
        make_tag(call, from, "log", shown);
        const char *name = arena_printf(call_arena(call), "log(%s, %s)", from->name, shown);
        if (!make_derived(call, from, name, &shape, &made, err))
            return false;
        for (size_t i = 0; i < shape.n_points; i++)
            made->values[i] = logarithm(from->values[i], &by);
        io->items[k] = made;
    }
    return true;
}

const struct function fn_log = {
    .name = "log",
    .group = "Transform",
    .params = {FN_LIST, {"base", PARAM_INT, .is_optional = true, .fallback = "10"}},
    .run = run_log,
    .about = "The logarithm of every point; what is not above 0 becomes a gap.",
    .example = "log(web.requests.rate,10)",
};

/* ---- by the series' own extremes ---- */

static double from_low(double value, const struct change_by *by)
{
    return value - by->a;
}

static bool run_offset_to_zero(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        const struct change_by by = {.a = agg_run(AGG_MIN, series->values, series->n_points, NULL)};
        change_values(series, from_low, &by);
        if (!name_plain(call, series, make_text(call, by.a), err))
            return false;
    }
    return true;
}

const struct function fn_offset_to_zero = {
    .name = "offsetToZero",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_offset_to_zero,
    .about = "Subtracts the series' own smallest value, so that it begins at 0.",
    .example = "offsetToZero(servers.*.response_time)",
};

static double share_of(double value, const struct change_by *by)
{
    return by->b == by->a ? 0 : (value - by->a) / (by->b - by->a);
}

static bool run_min_max(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        const struct change_by by = {agg_run(AGG_MIN, series->values, series->n_points, NULL),
                                     agg_run(AGG_MAX, series->values, series->n_points, NULL)};
        change_values(series, share_of, &by);
        if (!name_plain(call, series, NULL, err))
            return false;
    }
    return true;
}

const struct function fn_min_max = {
    .name = "minMax",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_min_max,
    .about = "Stretches the series to the range from 0 to 1; a flat one becomes 0.",
    .example = "minMax(servers.*.load)",
};
