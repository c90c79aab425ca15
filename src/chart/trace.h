/* A series made ready for a given number of pixels: the part that is in view, consolidated to at
 * most one value a pixel by the series' own function, and what that hides: the smallest and
 * largest value of each group. Pure; thread: any. */
#pragma once

#include "base/arena.h"
#include "model/series.h"

struct trace_ask {
    int64_t from_s, until_s;
    size_t n_max; /* values that there is room for; >= 1 */
    bool gaps_are_zero;
    bool wants_band;
};

/* Value i stands for start_s + i * step_s. All arrays hold n values; a gap is NaN; nothing
 * infinite. */
struct trace {
    int64_t start_s, step_s;
    size_t n;
    double *values;
    double *low, *high; /* of each group; NULL where nothing was hidden or nobody asked */
};

/* Groups begin at multiples of their length since 1970, so a picture does not flicker as it
 * moves. */
void trace_make(const struct series *series, const struct trace_ask *ask, struct arena *arena,
                struct trace *out);

/* The step that trace_make would give it: traces of one series and span with equal steps are equal. */
int64_t trace_step(const struct series *series, const struct trace_ask *ask);

/* The value whose group holds that second; a gap outside. */
double trace_at(const struct trace *trace, int64_t at_s);

/* Widens [*low, *high] by the trace, band included; NaN, NaN is the empty range. only_positive:
 * for a logarithmic scale. */
void trace_widen(const struct trace *trace, bool only_positive, double *low, double *high);
