#include "chart/graphite_axis.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"

/* What counts as equal, in steps. */
#define SLACK 1e-4
/* Values beyond this are drawn at it, so that no difference of two overflows. */
#define VALUE_MAX 1e300
/* An axis longer than this many steps gets labels at another step. */
#define STEPS_MAX 1000.0
/* More steps than this to a limit are beyond counting. */
#define FINEST 1e200
/* Numbers from here on are written with an exponent. */
#define LONG_NUMBER 1e20

enum { STEPS_TRIED_MAX = 200 /* two or three suffice; a guard against rounding at the extremes */ };

struct unit {
    const char *text;
    double size;
};

static const struct unit si_units[] = {{"P", 1e15}, {"T", 1e12}, {"G", 1e9},
                                       {"M", 1e6},  {"k", 1e3},  {"", 0.0}};
static const struct unit binary_units[] = {{"Pi", 0x1p50}, {"Ti", 0x1p40}, {"Gi", 0x1p30},
                                           {"Mi", 0x1p20}, {"Ki", 0x1p10}, {"", 0.0}};
static const struct unit sec_units[] = {{"Y", 31536000.0}, {"M", 2592000.0}, {"D", 86400.0},
                                        {"H", 3600.0},     {"m", 60.0},      {"", 0.0}};
static const struct unit msec_units[] = {{"Y", 31536e6}, {"M", 2592e6}, {"D", 864e5}, {"H", 36e5},
                                         {"m", 6e4},     {"s", 1e3},    {"", 0.0}};
static const struct unit no_units[] = {{"", 0.0}};

static const struct unit *const systems[] = {
    [UNITS_SI] = si_units,   [UNITS_BINARY] = binary_units, [UNITS_NONE] = no_units,
    [UNITS_SEC] = sec_units, [UNITS_MSEC] = msec_units,
};

/* An axis being found; is_min, is_max: somebody asked for that end; keeps_top: it is not rounded
 * up. limit NaN: none. */
struct range {
    double low, high, limit;
    bool is_min, is_max, keeps_top;
};

static double tame(double v)
{
    return fmax(-VALUE_MAX, fmin(VALUE_MAX, v));
}

/* How far the other end is when only one is known. */
static double span_beside(double v)
{
    return fabs(v) < 1e-9 ? 1.0 : 0.1 * fabs(v);
}

static bool part_ends(struct range *r, struct err *err)
{
    if (r->low < r->high)
        return true;
    if (r->is_min && r->is_max)
        return FAIL(err, ERR_INPUT, "yMin must be less than yMax and yLimit");
    if (r->is_min) {
        r->high = r->low + span_beside(r->low);
    } else if (r->is_max) {
        r->low = r->high - span_beside(r->high);
    } else {
        double span = span_beside(fmax(fabs(r->low), fabs(r->high)));
        double middle = (r->low + r->high) / 2.0;
        r->low = middle - span;
        r->high = middle + span;
    }
    if (!(r->low < r->high))
        return FAIL(err, ERR_INPUT, "yMin and yMax are too close together");
    return true;
}

static bool find_range(const struct graphite_axis_ask *ask, struct range *out, struct err *err)
{
    bool has_data = !isnan(ask->low) && !isnan(ask->high), is_log = ask->log_base > 0.0;
    struct range r = {.low = has_data ? tame(ask->low)
                             : is_log ? 1.0
                                      : 0.0,
                      .high = has_data ? tame(ask->high)
                              : is_log ? ask->log_base
                                       : 1.0,
                      .limit = NAN,
                      .keeps_top = ask->axis.ends_at_data};
    double least = is_log ? 0.0 : -INFINITY; /* ends that no logarithm has are as good as none */
    if (ask->axis.min > least) {
        r.low = tame(ask->axis.min);
        r.is_min = true;
    }
    if (ask->axis.max > least && !ask->axis.ends_at_data) {
        r.high = tame(ask->axis.max);
        r.is_max = r.keeps_top = true;
    }
    if (ask->axis.limit > least && ask->axis.limit < r.high) {
        r.high = tame(ask->axis.limit);
        r.is_max = r.keeps_top = true;
    } else {
        r.limit = ask->axis.limit;
    }
    if (!part_ends(&r, err))
        return false;
    *out = r;
    return true;
}

/* What is left over when n steps cover the range; NaN if they do not. */
static double slack_of(const struct range *r, double step, unsigned n)
{
    double bottom = step * floor(r->low / step + SLACK), top = bottom + step * n;
    return top >= r->high - SLACK * step ? fmax(top - r->high, r->low - bottom) : NAN;
}

/* Round steps from smallest on: 1, 2, 5 times a power of ten, or powers of two. */
struct steps {
    double smallest, base, exponent;
    bool is_binary;
    unsigned i;
};

static double next_step(struct steps *s)
{
    static const double mantissas[] = {1.0, 2.0, 5.0};
    unsigned n = s->is_binary ? 1 : 3;
    for (;;) {
        double step = mantissas[s->i % n] * pow(s->base, s->exponent + s->i / n);
        s->i++;
        if (step >= s->smallest * (1.0 - SLACK))
            return step;
    }
}

struct divisors {
    const unsigned *items;
    size_t n;
    unsigned least, most;
};

static struct divisors divisors_of(const unsigned *items, size_t n)
{
    static const unsigned usual[] = {4, 5, 6};
    struct divisors d = {n ? items : usual, n ? n : COUNT_OF(usual), ~0u, 0};
    for (size_t i = 0; i < d.n; i++) {
        d.least = d.items[i] < d.least ? d.items[i] : d.least;
        d.most = d.items[i] > d.most ? d.items[i] : d.most;
    }
    return d;
}

/* The step that covers the range in a welcome number of divisions with the least left over. */
static double choose_step(const struct range *r, const struct divisors *d, bool is_binary)
{
    double span = r->high - r->low, best = NAN, best_slack = INFINITY;
    struct steps steps = {.smallest = fmax(span / d->most, DBL_MIN), .is_binary = is_binary};
    steps.base = is_binary ? 2.0 : 10.0;
    steps.exponent = floor((is_binary ? log2(steps.smallest) : log10(steps.smallest)) - SLACK);
    for (unsigned tried = 0; tried < STEPS_TRIED_MAX; tried++) {
        double step = next_step(&steps);
        if (!isnan(best) && step * d->least >= 2.0 * best_slack + span)
            break;
        for (size_t i = 0; i < d->n; i++) {
            double slack = slack_of(r, step, d->items[i]);
            if (slack < best_slack) {
                best_slack = slack;
                best = step;
            }
        }
    }
    return isnan(best) ? span : best;
}

/* Labels at whole steps inside the limits. */
static void find_values(const struct range *r, struct arena *arena, struct graphite_axis *a)
{
    double step = a->step;
    if (a->span > STEPS_MAX * step) {
        struct divisors usual = divisors_of(NULL, 0);
        step = choose_step(r, &usual, false);
    }
    a->label_step = step;
    double first = step * ceil(a->bottom / step - SLACK), last = a->top + SLACK * step;
    double count = floor((last - first) / step) + 2.0;
    size_t n_max = (size_t)fmax(1.0, fmin(count, GRAPHITE_AXIS_LABELS_MAX)), n = 0;
    double *values = arena_array(arena, n_max, double);
    for (size_t i = 0; i < n_max && first + (double)i * step <= last; i++)
        values[n++] = first + (double)i * step;
    a->values = values;
    a->n_values = n;
}

static void make_linear(const struct graphite_axis_ask *ask, const struct range *r,
                        struct arena *arena, struct graphite_axis *a)
{
    struct divisors d = divisors_of(ask->divisors, ask->n_divisors);
    a->step = ask->axis.step;
    if (!(fmax(fabs(r->low), fabs(r->high)) / a->step < FINEST))
        a->step = choose_step(r, &d, ask->units == UNITS_BINARY);
    a->bottom = r->is_min ? r->low : a->step * floor(r->low / a->step + SLACK);
    a->top = r->high;
    if (!r->keeps_top) {
        a->top = a->step * ceil(r->high / a->step - SLACK);
        if (a->top > r->limit + SLACK * a->step)
            a->top = r->limit;
    }
    if (!(a->top > a->bottom))
        a->top = a->bottom + 1.0;
    if (!(a->top > a->bottom)) /* 1 is nothing beside such a number */
        a->top = a->bottom + span_beside(a->bottom);
    a->span = a->top - a->bottom;
    find_values(r, arena, a);
}

static void make_logarithmic(double base, const struct range *r, struct arena *arena,
                             struct graphite_axis *a)
{
    a->step = a->label_step = NAN;
    a->bottom = fmax(pow(base, floor(log(r->low) / log(base))), DBL_MIN);
    a->top = fmin(pow(base, ceil(log(r->high) / log(base))), VALUE_MAX * 10.0);
    if (!(a->top > a->bottom * (1.0 + 1e-9)))
        a->top = a->bottom * fmax(base, 1.1);
    a->span = a->top - a->bottom;

    double *values = arena_array(arena, GRAPHITE_AXIS_LABELS_MAX, double);
    double value = pow(base, ceil(log(a->bottom) / log(base) - SLACK));
    size_t n = 0;
    for (; n < GRAPHITE_AXIS_LABELS_MAX && value < a->top * (1.0 + SLACK); value *= base)
        values[n++] = value;
    a->values = values;
    a->n_values = n;
}

bool graphite_axis_make(const struct graphite_axis_ask *ask, struct arena *arena,
                        struct graphite_axis *out, struct err *err)
{
    struct range range;
    struct graphite_axis a = {.units = ask->units};
    if (!find_range(ask, &range, err))
        return false;
    if (ask->log_base > 0.0)
        make_logarithmic(ask->log_base, &range, arena, &a);
    else
        make_linear(ask, &range, arena, &a);
    *out = a;
    return true;
}

/* In the largest unit that value and step reach; just under a whole number becomes it. */
static double scaled(const struct graphite_axis *a, double v, const struct unit **out_unit)
{
    const struct unit *unit = systems[a->units];
    while (unit->size > 0.0 && !(fabs(v) >= unit->size && !(a->label_step < unit->size)))
        unit++;
    double in_units = unit->size > 0.0 ? v / unit->size : v;
    *out_unit = unit;
    return in_units - floor(in_units) < 1e-11 && v > 1.0 ? floor(in_units) : in_units;
}

void graphite_axis_label(const struct graphite_axis *axis, double value,
                         char out[GRAPHITE_AXIS_LABEL_BYTES])
{
    const struct unit *unit, *span_unit;
    double v = scaled(axis, value, &unit), span = scaled(axis, axis->span, &span_unit);
    bool has_unit = unit->size > 0.0 || span_unit->size > 0.0;
    char number[NUM_TEXT_MAX];
    if (v < 0.1 || v >= LONG_NUMBER)
        num_format_g(number, v, 6);
    else if (v < 1.0)
        num_format_fixed(number, sizeof number, v, 2);
    else if (span > 3.0 || has_unit)
        num_format_fixed(number, sizeof number, v, 1);
    else if (span > 0.1)
        num_format_fixed(number, sizeof number, v, 2);
    else
        num_format_g(number, v, 6);
    (void)snprintf(out, GRAPHITE_AXIS_LABEL_BYTES, "%s %s%s", number, unit->text,
                   unit->text[0] ? " " : "");
}
