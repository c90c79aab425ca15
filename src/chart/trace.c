#include "chart/trace.h"

#include <math.h>

#include "base/mem.h"
#include "chart/scale.h"

/* Indices of series values: first <= i < end. */
struct window {
    int64_t first, end;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

/* What is in view, and one value more on either side so that lines run to the edge. */
static struct window window_of(const struct series *s, const struct trace_ask *ask)
{
    int64_t n = (int64_t)s->n_points;
    struct window w = {
        max_i64(floor_div(ask->from_s - s->start_s, s->step_s), 0),
        min_i64(floor_div(ask->until_s - s->start_s, s->step_s) + 2, n),
    };
    if (w.end < w.first)
        w.end = w.first;
    return w;
}

/* What can be drawn: finite, and small enough for differences to be. */
static double drawable(double v)
{
    if (!isfinite(v))
        return NAN;
    return v > SCALE_VALUE_MAX ? SCALE_VALUE_MAX : v < -SCALE_VALUE_MAX ? -SCALE_VALUE_MAX : v;
}

/* How many values become one. */
static int64_t group_of(struct window w, size_t n_max)
{
    return (int64_t)max_size(((size_t)(w.end - w.first) + n_max - 1) / n_max, 1);
}

int64_t trace_step(const struct series *series, const struct trace_ask *ask)
{
    return series->step_s * group_of(window_of(series, ask), ask->n_max);
}

static void find_band(const double *values, size_t n, double *low, double *high)
{
    *low = *high = NAN;
    for (size_t i = 0; i < n; i++) {
        if (is_gap(values[i]))
            continue;
        if (is_gap(*low) || values[i] < *low)
            *low = values[i];
        if (is_gap(*high) || values[i] > *high)
            *high = values[i];
    }
}

/* Group k of the trace is clean[begin..end). */
static void fold(const struct series *s, const double *clean, size_t n, struct trace *out, size_t k)
{
    double v = drawable(consolidate(s->consolidation, clean, n, s->x_files_factor));
    out->values[k] = v;
    if (!out->low)
        return;
    find_band(clean, n, &out->low[k], &out->high[k]);
    if (is_gap(v))
        out->low[k] = out->high[k] = NAN;
}

/* A part of a sum is no sum: a group that the window cuts would show a fall that never happened. */
static void cut_part_sums(struct trace *t, bool first_is_cut, bool last_is_cut)
{
    if (first_is_cut)
        t->values[0] = NAN;
    if (last_is_cut)
        t->values[t->n - 1] = NAN;
}

void trace_make(const struct series *series, const struct trace_ask *ask, struct arena *arena,
                struct trace *out)
{
    struct window w = window_of(series, ask);
    size_t n = (size_t)(w.end - w.first);
    double *clean = arena_array(arena, n ? n : 1, double);
    for (size_t i = 0; i < n; i++)
        clean[i] = drawable(series->values[(size_t)w.first + i]);

    int64_t group = group_of(w, ask->n_max);
    int64_t step = series->step_s * group;
    int64_t start = series->start_s + w.first * series->step_s;
    int64_t ahead = (start - floor_div(start, step) * step) / series->step_s;
    *out = (struct trace){.start_s = start - ahead * series->step_s, .step_s = step};
    out->n = (size_t)(((int64_t)n + ahead + group - 1) / group);
    out->values = group == 1 ? clean : arena_array(arena, out->n, double);
    if (group > 1 && ask->wants_band && series->consolidation == CONSOLIDATE_AVERAGE) {
        out->low = arena_array(arena, out->n, double);
        out->high = arena_array(arena, out->n, double);
    }
    for (size_t k = 0; group > 1 && k < out->n; k++) {
        int64_t begin = max_i64((int64_t)k * group - ahead, 0);
        int64_t end = min_i64((int64_t)(k + 1) * group - ahead, (int64_t)n);
        fold(series, clean + begin, (size_t)(end - begin), out, k);
    }
    if (group > 1 && series->consolidation == CONSOLIDATE_SUM && out->n > 2)
        cut_part_sums(out, ahead > 0, ((int64_t)n + ahead) % group != 0);
    for (size_t k = 0; ask->gaps_are_zero && k < out->n; k++)
        if (is_gap(out->values[k]))
            out->values[k] = 0.0;
}

double trace_at(const struct trace *trace, int64_t at_s)
{
    int64_t i = floor_div(at_s - trace->start_s, trace->step_s);
    return i >= 0 && (size_t)i < trace->n ? trace->values[i] : NAN;
}

static void widen(const double *values, size_t n, bool only_positive, double *low, double *high)
{
    double l = *low, h = *high;
    for (size_t i = 0; i < n; i++) {
        double v = values[i];
        if (is_gap(v) || (only_positive && v <= 0.0))
            continue;
        if (!(v >= l)) /* also when l is NaN */
            l = v;
        if (!(v <= h))
            h = v;
    }
    *low = l;
    *high = h;
}

void trace_widen(const struct trace *trace, bool only_positive, double *low, double *high)
{
    widen(trace->values, trace->n, only_positive, low, high);
    if (!trace->low)
        return;
    widen(trace->low, trace->n, only_positive, low, high);
    widen(trace->high, trace->n, only_positive, low, high);
}
