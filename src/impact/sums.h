/* Means of any window of an array of numbers, by one subtraction each. Pure. A gap is NAN. */
#pragma once

#include <math.h>

#include "base/base.h"

struct arena;

/* Sums up to each point, so that the mean of any window is one subtraction. */
struct sums {
    double *sum;     /* sum[i]: of the values before point i */
    uint32_t *count; /* how many of them are no gaps */
    size_t n;
};

struct sums sums_new(size_t n, struct arena *arena);
/* Gaps do not count. */
void sums_fill(struct sums *sums, const double *values);

/* Mean of [from, until) cut to what there is; NAN when fewer than that share of the window's points are
 * there. A window that begins before 0 has no mean. Inline: it is asked for many times for each point. */
static inline double sums_mean(const struct sums *sums, int64_t from, int64_t until,
                               double share_min)
{
    if (from < 0)
        return (double)NAN;
    if (until > (int64_t)sums->n)
        until = (int64_t)sums->n;
    if (until <= from)
        return (double)NAN;
    const uint32_t count = sums->count[until] - sums->count[from];
    if (count == 0 || count < share_min * (double)(until - from))
        return (double)NAN;
    return (sums->sum[until] - sums->sum[from]) / count;
}

/* The same of whatever part of the window there is. */
static inline double sums_mean_any(const struct sums *sums, int64_t from, int64_t until)
{
    return sums_mean(sums, from < 0 ? 0 : from, until, 0);
}
