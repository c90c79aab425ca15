#include "chart/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

/* Steps and limits are compared with this much tolerance, in steps: far less than a pixel. */
#define SLACK 1e-4
/* A range this small beside its values is rounding noise: the line counts as flat. */
#define FLAT_SHARE 1e-12
/* Smaller than this is nothing: it keeps steps clear of denormal numbers. */
#define TINY 1e-290

struct unit {
    const char *text;
    double size;
};

static const struct unit si_units[] = {{"Y", 1e24}, {"Z", 1e21}, {"E", 1e18},
                                       {"P", 1e15}, {"T", 1e12}, {"G", 1e9},
                                       {"M", 1e6},  {"k", 1e3},  {"", 1.0}};
static const struct unit binary_units[] = {{"Yi", 0x1p80}, {"Zi", 0x1p70}, {"Ei", 0x1p60},
                                           {"Pi", 0x1p50}, {"Ti", 0x1p40}, {"Gi", 0x1p30},
                                           {"Mi", 0x1p20}, {"Ki", 0x1p10}, {"", 1.0}};
static const struct unit sec_units[] = {{"Y", 31536000.0}, {"M", 2592000.0}, {"D", 86400.0},
                                        {"H", 3600.0},     {"m", 60.0},      {"", 1.0}};
static const struct unit msec_units[] = {{"Y", 31536e6}, {"M", 2592e6}, {"D", 864e5}, {"H", 36e5},
                                         {"m", 6e4},     {"s", 1e3},    {"", 1.0}};
static const struct unit no_units[] = {{"", 1.0}};

/* Largest first; ends with size 1. */
static const struct unit *units_of(enum unit_system system)
{
    static const struct unit *const all[] = {
        [UNITS_SI] = si_units,   [UNITS_BINARY] = binary_units, [UNITS_NONE] = no_units,
        [UNITS_SEC] = sec_units, [UNITS_MSEC] = msec_units,
    };
    return all[system];
}

/* A fitting distance to the other limit when only one is known. */
static double span_beside(double value)
{
    return fabs(value) < 1e-9 ? 1.0 : 0.1 * fabs(value);
}

static double tame(double v)
{
    if (fabs(v) < TINY)
        return 0.0;
    return fmax(-SCALE_VALUE_MAX, fmin(SCALE_VALUE_MAX, v));
}

/* The range to show before it is rounded; fixed_low, fixed_high: somebody asked for that end. */
struct range {
    double low, high;
    bool fixed_low, fixed_high;
};

static void spread_flat(struct range *r, bool is_logarithmic)
{
    double size = fmax(fabs(r->low), fabs(r->high));
    if (r->high - r->low > FLAT_SHARE * size)
        return;
    double span = span_beside(size);
    if (size == 0.0 && !r->fixed_low && !r->fixed_high) {
        r->high = 1.0; /* nothing but zeros stands on the bottom line */
        return;
    }
    if (is_logarithmic && size > 0.0)
        span = fmin(span, 0.5 * size);
    if (!r->fixed_low)
        r->low = r->low - span;
    if (!r->fixed_high)
        r->high = r->high + span;
}

static bool find_range(const struct scale_ask *ask, struct range *out, struct err *err)
{
    struct range r = {tame(ask->low), tame(ask->high), !isnan(ask->axis.min),
                      !isnan(ask->axis.max)};
    if (isnan(ask->low) || isnan(ask->high)) {
        r.low = ask->log_base > 0.0 ? 1.0 : 0.0;
        r.high = ask->log_base > 0.0 ? ask->log_base : 1.0;
    }
    if (ask->from_zero && ask->log_base == 0.0) {
        r.low = fmin(r.low, 0.0);
        r.high = fmax(r.high, 0.0);
    }
    if (r.fixed_low)
        r.low = tame(ask->axis.min);
    if (r.fixed_high)
        r.high = tame(ask->axis.max);
    if (!isnan(ask->axis.limit) && ask->axis.limit < r.high) {
        r.high = tame(ask->axis.limit);
        r.fixed_high = true;
    }
    if (r.fixed_low && r.fixed_high && !(r.low < r.high))
        return FAIL(err, ERR_INPUT, "yMin must be less than yMax and yLimit");
    if (r.low > r.high) { /* one end was asked for, and all data lies beyond it */
        if (r.fixed_low)
            r.high = r.low + span_beside(r.low);
        else
            r.low = r.high - span_beside(r.high);
    }
    spread_flat(&r, ask->log_base > 0.0);
    if (!(r.high - r.low > FLAT_SHARE * fmax(fabs(r.low), fabs(r.high))))
        return FAIL(err, ERR_INPUT, "yMin and yMax are too close together");
    *out = r;
    return true;
}

/* What is left over when n steps cover the range, or infinity if they do not. */
static double slack_of(const struct range *r, double step, unsigned n)
{
    double bottom = step * floor(r->low / step + SLACK);
    double top = bottom + step * n;
    if (top < r->high - SLACK * step)
        return INFINITY;
    return fmax(top - r->high, r->low - bottom);
}

/* The i-th round step at or above smallest: 1, 2, 5 times a power of ten, in units of base; for
 * binary units a power of two. */
static double round_step(double smallest, double base, bool is_binary, unsigned i)
{
    static const double mantissas[] = {1.0, 2.0, 5.0};
    if (is_binary)
        return exp2(ceil(log2(smallest) - SLACK) + i);
    double share = smallest / base;
    double exponent = floor(log10(share) + SLACK);
    unsigned k = 0;
    while (k < 3 && mantissas[k] * pow(10.0, exponent) < share * (1.0 - SLACK))
        k++;
    k += i;
    double power = exponent + k / 3;
    /* Dividing by a whole power of ten keeps 0.1 and 0.2 the nearest doubles to what they say. */
    return base *
           (power < 0 ? mantissas[k % 3] / pow(10.0, -power) : mantissas[k % 3] * pow(10.0, power));
}

/* The unit of time in which steps are round: the largest that the range holds. */
static double step_base(const struct scale_ask *ask, const struct range *r)
{
    if (ask->units != UNITS_SEC && ask->units != UNITS_MSEC)
        return 1.0;
    const struct unit *unit = units_of(ask->units);
    while (unit->size > 1.0 && unit->size > r->high - r->low)
        unit++;
    return unit->size;
}

/* The step that covers the range with one of the welcome numbers of divisions and the least
 * slack. */
static double choose_step(const struct scale_ask *ask, const struct range *r)
{
    unsigned most = 0, least = ~0u;
    for (size_t i = 0; i < ask->n_divisors; i++) {
        most = ask->divisors[i] > most ? ask->divisors[i] : most;
        least = ask->divisors[i] < least ? ask->divisors[i] : least;
    }
    double span = r->high - r->low, base = step_base(ask, r);
    double best_slack = INFINITY, best = 0.0;
    for (unsigned i = 0; i < 40; i++) {
        double step = round_step(span / most, base, ask->units == UNITS_BINARY, i);
        if (best > 0.0 && step * least >= 2.0 * best_slack + span)
            break;
        for (size_t k = 0; k < ask->n_divisors; k++) {
            double slack = slack_of(r, step, ask->divisors[k]);
            if (slack < best_slack) {
                best_slack = slack;
                best = step;
            }
        }
    }
    return best > 0.0 ? best : span;
}

static void add_tick(struct scale *s, double value)
{
    if (s->n_ticks < SCALE_TICKS_MAX)
        s->ticks[s->n_ticks++] = value;
}

/* Digits behind the point that a step needs in that unit. */
static int decimals_for(double step, double unit)
{
    double share = step / unit;
    for (int n = 0; n < 15; n++) {
        double scaled = share * pow(10.0, n);
        if (fabs(scaled - floor(scaled + 0.5)) < 1e-6 * fmax(1.0, scaled))
            return n;
    }
    return 15;
}

static size_t longest_label(const struct scale *s)
{
    size_t longest = 0;
    char text[SCALE_LABEL_BYTES];
    for (size_t i = 0; i < s->n_ticks; i++) {
        scale_label(s, s->ticks[i], text);
        longest = max_size(longest, strlen(text));
    }
    return longest;
}

/* All labels are divided by one unit: that which makes the longest label shortest; between equals
 * the one tried first. */
static void try_unit(struct scale *s, const char *text, double size, double step, size_t *best)
{
    struct scale trial = *s;
    trial.unit = size;
    trial.unit_text = text;
    trial.n_decimals = decimals_for(step, size);
    size_t n = longest_label(&trial);
    if (n >= *best)
        return;
    *best = n;
    s->unit = trial.unit;
    s->unit_text = trial.unit_text;
    s->n_decimals = trial.n_decimals;
}

/* Very large and very small values get a common power of ten. */
static void use_exponent(struct scale *s, double size, double step)
{
    int exponent = (int)floor(log10(size) + SLACK);
    (void)snprintf(s->exponent, sizeof s->exponent, "e%d", exponent);
    s->unit = pow(10.0, exponent);
    s->unit_text = NULL;
    s->n_decimals = decimals_for(step, s->unit);
}

static void choose_unit(struct scale *s, double step)
{
    double size = fmax(fabs(s->bottom), fabs(s->top));
    const struct unit *unit = units_of(s->units);
    double largest = s->units == UNITS_NONE ? 1e15 : unit[0].size * 1e3;
    s->unit = 1.0;
    s->unit_text = "";
    if (size < 1e-4 || size >= largest) {
        use_exponent(s, size, step);
        return;
    }
    while (unit->size > 1.0 && unit->size > size)
        unit++;
    if (s->units == UNITS_SEC || s->units == UNITS_MSEC) {
        while (unit->size > 1.0 && unit->size > step)
            unit++;
        s->unit = unit->size;
        s->unit_text = unit->text;
        s->n_decimals = decimals_for(step, s->unit);
        return;
    }
    size_t best = SIZE_MAX;
    try_unit(s, "", 1.0, step, &best);
    for (; unit->size > 1.0; unit++)
        try_unit(s, unit->text, unit->size, step, &best);
}

/* Powers of the base; thinned when there are more than the welcome number of divisions, and joined
 * by 2 and 5 between powers of ten when there are only one or two. */
static void make_logarithmic(const struct scale_ask *ask, const struct range *r, struct scale *s)
{
    double base = ask->log_base;
    double high = r->high > 0.0 ? r->high : base,
           low = r->low > 0.0 ? r->low : fmin(1.0, high / base);
    double first = floor(log(low) / log(base) + SLACK), last = ceil(log(high) / log(base) - SLACK);
    if (!(last > first))
        last = first + 1.0;
    s->log_base = base;
    s->bottom = r->fixed_low && r->low > 0.0 ? low : fmax(pow(base, first), TINY);
    s->top = r->fixed_high && r->high > s->bottom ? high : fmin(pow(base, last), SCALE_VALUE_MAX);
    if (!(s->top > s->bottom))
        s->top = s->bottom * base;
    double every = fmax(1.0, ceil((last - first) / (double)SCALE_TICKS_MAX * 4.0));
    for (double k = first; k <= last; k += every) {
        double value = pow(base, k);
        if (value >= s->bottom * (1.0 - SLACK) && value <= s->top * (1.0 + SLACK))
            add_tick(s, value);
        for (unsigned m = 2; base == 10.0 && last - first <= 2.0 && m <= 5; m += 3)
            if (value * m > s->bottom && value * m < s->top)
                add_tick(s, value * m);
    }
    s->step = 0.0;
}

static void make_linear(const struct scale_ask *ask, const struct range *r, struct scale *s)
{
    double step = ask->axis.step;
    if (isnan(step) || (r->high - r->low) / step > SCALE_TICKS_MAX - 2)
        step = choose_step(ask, r);
    s->step = step;
    s->bottom = r->fixed_low ? r->low : step * floor(r->low / step + SLACK);
    s->top = r->fixed_high ? r->high : step * ceil(r->high / step - SLACK);
    if (ask->axis.ends_at_data)
        s->top = r->high;
    if (!isnan(ask->axis.limit))
        s->top = fmin(s->top, fmax(ask->axis.limit, r->high));
    if (ask->keeps_divisions && !r->fixed_low && !r->fixed_high)
        s->top = fmax(s->top, s->bottom + step * ask->divisors[0]);
    if (!(s->top > s->bottom))
        s->top = s->bottom + step;
    double first = ceil(s->bottom / step - SLACK);
    for (double k = first; k * step <= s->top + SLACK * step && s->n_ticks < SCALE_TICKS_MAX; k++)
        add_tick(s, k == 0.0 ? 0.0 : k * step);
}

bool scale_make(const struct scale_ask *ask, struct scale *out, struct err *err)
{
    struct range range;
    if (!find_range(ask, &range, err))
        return false;
    struct scale s = {.units = ask->units};
    if (ask->log_base > 0.0)
        make_logarithmic(ask, &range, &s);
    else
        make_linear(ask, &range, &s);
    if (s.log_base == 0.0)
        choose_unit(&s, s.step);
    *out = s;
    return true;
}

void scale_of_graphite(const struct graphite_axis *axis, double log_base, struct scale *out)
{
    struct scale s = {
        .bottom = axis->bottom,
        .top = axis->top,
        .step = isnan(axis->step) ? 0.0 : axis->step,
        .log_base = log_base,
        .units = axis->units,
        .is_graphite = true,
        .graphite = *axis,
        .unit = 1.0,
        .unit_text = "",
    };
    size_t every = (axis->n_values + SCALE_TICKS_MAX - 1) / SCALE_TICKS_MAX;
    for (size_t i = 0; i < axis->n_values; i += every)
        add_tick(&s, axis->values[i]);
    *out = s;
}

double scale_share(const struct scale *scale, double value)
{
    double share;
    if (is_gap(value))
        return NAN;
    if (scale->log_base > 0.0) {
        if (value <= 0.0)
            return NAN;
        share = (log(value) - log(scale->bottom)) / (log(scale->top) - log(scale->bottom));
    } else {
        share = (value - scale->bottom) / (scale->top - scale->bottom);
    }
    return fmax(-100.0, fmin(100.0, share));
}

/* Without the blank that it always ends with. */
static void label_graphite(const struct scale *s, double value, char out[SCALE_LABEL_BYTES])
{
    char text[GRAPHITE_AXIS_LABEL_BYTES];
    graphite_axis_label(&s->graphite, value, text);
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        text[--n] = '\0';
    (void)text_copy(out, SCALE_LABEL_BYTES, text);
}

/* Each label has its own unit: the labels of a logarithmic axis are decades apart. */
static void label_logarithmic(const struct scale *s, double value, char out[SCALE_LABEL_BYTES])
{
    const struct unit *unit = units_of(s->units);
    while (unit->size > 1.0 && unit->size > fabs(value) * (1.0 + SLACK))
        unit++;
    char number[NUM_TEXT_MAX];
    num_format_g(number, value / unit->size, 6);
    (void)snprintf(out, SCALE_LABEL_BYTES, "%s%s", number, unit->text);
}

void scale_label(const struct scale *scale, double value, char out[SCALE_LABEL_BYTES])
{
    if (scale->is_graphite) {
        label_graphite(scale, value, out);
        return;
    }
    if (value == 0.0) {
        (void)text_copy(out, SCALE_LABEL_BYTES, "0");
        return;
    }
    if (scale->log_base > 0.0) {
        label_logarithmic(scale, value, out);
        return;
    }
    char number[NUM_TEXT_MAX];
    num_format_fixed(number, sizeof number, value / scale->unit, scale->n_decimals);
    const char *unit = scale->unit_text ? scale->unit_text : scale->exponent;
    (void)snprintf(out, SCALE_LABEL_BYTES, "%s%s", number, unit);
}
