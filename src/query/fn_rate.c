/* Graphite's Transform group, the part that compares each value with those before it. */
#include <math.h>

#include "query/fn.h"
#include "query/make.h"

/* A derived series "name(x)" beside each of the list, tag name=1, ready to be filled. */
static bool derive(struct call *call, struct series *from, struct series **out, struct err *err)
{
    const struct shape shape = make_shape(from);
    const char *function = call_name(call);
    make_tag(call, from, function, "1");
    const char *name = arena_printf(call_arena(call), "%s(%s)", function, from->name);
    return make_derived(call, from, name, &shape, out, err);
}

static bool run_derivative(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        const struct series *from = io->items[k];
        struct series *made;
        if (!derive(call, io->items[k], &made, err))
            return false;
        for (size_t i = 1; i < from->n_points; i++)
            made->values[i] =
                from->values[i] - from->values[i - 1]; /* a gap on either side is one */
        io->items[k] = made;
    }
    return true;
}

const struct function fn_derivative = {
    .name = "derivative",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_derivative,
    .about = "The change from point to point; a gap where either is missing.",
    .example = "derivative(net.eth0.rx)",
};

/* The bounds of a counter; NaN: not given. */
struct bounds {
    double max, min;
};

static struct bounds bounds_of(const struct call *call)
{
    return (struct bounds){fn_xff(call, 1), fn_xff(call, 2)};
}

/* How much the counter grew. *io_previous is the reading before, and becomes this one. */
static double growth(double value, double *io_previous, const struct bounds *bounds)
{
    const double previous = *io_previous;
    *io_previous = value;
    if (value > bounds->max || value < bounds->min) {
        *io_previous = NAN; /* no reading at all */
        return NAN;
    }
    if (is_gap(value) || is_gap(previous))
        return NAN;
    if (value >= previous)
        return value - previous;
    if (!isnan(bounds->max)) /* it wrapped */
        return bounds->max + 1 + value - previous - (isnan(bounds->min) ? 0 : bounds->min);
    return value - bounds->min; /* it was reset; without a bound nobody knows to what */
}

static bool run_non_negative(struct call *call, struct series_list *io, struct err *err)
{
    const struct bounds bounds = bounds_of(call);
    for (size_t k = 0; k < io->n; k++) {
        const struct series *from = io->items[k];
        struct series *made;
        double previous = NAN;
        if (!derive(call, io->items[k], &made, err))
            return false;
        for (size_t i = 0; i < from->n_points; i++)
            made->values[i] = growth(from->values[i], &previous, &bounds);
        io->items[k] = made;
    }
    return true;
}

/* clang-format off */
#define FN_BOUNDS                                                                                  \
    {"maxValue", PARAM_FLOAT, .is_optional = true}, {"minValue", PARAM_FLOAT, .is_optional = true}
/* clang-format on */

const struct function fn_non_negative_derivative = {
    .name = "nonNegativeDerivative",
    .group = "Transform",
    .params = {FN_LIST, FN_BOUNDS},
    .run = run_non_negative,
    .about =
        "How much a counter grew from point to point. A fall is a gap, or with maxValue a wrap "
        "past it, or with minValue a reset to it. Readings outside the bounds are dropped.",
    .example = "nonNegativeDerivative(net.eth0.rx,4294967295)",
};

static bool run_per_second(struct call *call, struct series_list *io, struct err *err)
{
    const struct bounds bounds = bounds_of(call);
    for (size_t k = 0; k < io->n; k++) {
        const struct series *from = io->items[k];
        struct series *made;
        double previous = NAN;
        if (!derive(call, io->items[k], &made, err))
            return false;
        for (size_t i = 0; i < from->n_points; i++) {
            double grown = growth(from->values[i], &previous, &bounds);
            made->values[i] = make_round(grown / (double)from->step_s, 6);
        }
        io->items[k] = made;
    }
    return true;
}

const struct function fn_per_second = {
    .name = "perSecond",
    .group = "Transform",
    .params = {FN_LIST, FN_BOUNDS},
    .run = run_per_second,
    .about = "How much a counter grew a second, as nonNegativeDerivative divided by the step.",
    .example = "perSecond(net.eth0.rx)",
};

static bool run_integral(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        const struct series *from = io->items[k];
        struct series *made;
        double total = 0;
        if (!derive(call, io->items[k], &made, err))
            return false;
        for (size_t i = 0; i < from->n_points; i++) {
            if (is_gap(from->values[i]))
                continue;
            total += from->values[i];
            made->values[i] = total;
        }
        io->items[k] = made;
    }
    return true;
}

const struct function fn_integral = {
    .name = "integral",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_integral,
    .about = "The running sum. A gap stays one and does not start it anew.",
    .example = "integral(web.logins.errors.www1)",
};

/* Which interval since the request's start a time lies in; Python's floor division. */
static int64_t interval_of(int64_t at_s, int64_t start_s, int64_t interval_s)
{
    int64_t past = at_s - start_s, rest = past % interval_s;
    return (past - rest) / interval_s - (rest < 0);
}

static bool run_integral_by_interval(struct call *call, struct series_list *io, struct err *err)
{
    const char *typed = call_text(call, 1);
    int64_t interval_s;
    if (!interval_parse(typed, &interval_s, err))
        return false;
    interval_s = interval_s < 0 ? -interval_s : interval_s;
    if (interval_s == 0)
        return FAIL_AT(call, 1, err, "'%s' is no time at all", typed);
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k], *made;
        const struct shape shape = make_shape(from);
        make_tag(call, from, "integralByInterval", typed);
        const char *name =
            arena_printf(call_arena(call), "integralByInterval(%s,'%s')", from->name, typed);
        if (!make_derived(call, from, name, &shape, &made, err))
            return false;
        double total = 0;
        for (size_t i = 0; i < shape.n_points; i++) {
            int64_t at_s = shape.start_s + (int64_t)i * shape.step_s;
            if (interval_of(at_s, call_from_s(call), interval_s) !=
                interval_of(at_s - shape.step_s, call_from_s(call), interval_s))
                total = 0;
            total += is_gap(from->values[i]) ? 0 : from->values[i];
            made->values[i] = total;
        }
        io->items[k] = made;
    }
    return true;
}

const struct function fn_integral_by_interval = {
    .name = "integralByInterval",
    .group = "Transform",
    .params = {FN_LIST, {"intervalUnit", PARAM_STRING}},
    .run = run_integral_by_interval,
    .about =
        "The running sum, begun anew at each interval since the start of the range. A gap shows "
        "the sum so far.",
    .example = "integralByInterval(web.logins.errors.www1,'1d')",
};
