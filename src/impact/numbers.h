/* Small statistics over arrays of numbers. Pure. A gap is NAN. */
#pragma once

#include "base/base.h"
#include "base/num.h"

/* From the median of absolute values to a normal's standard deviation. */
static const double NUMBERS_MAD_TO_SD = 1.4826;

/* The k-th smallest (k from 0) of n > k numbers without gaps; their order changes: then none before it is
 * larger, none after it smaller. */
double numbers_select(double *values, size_t n, size_t k);
/* 0 of none. Their order changes. */
double numbers_median(double *values, size_t n);
/* Of a few: the mean of the middle two when n is even, NAN of none. Their order changes. */
double numbers_median_few(double *values, size_t n);
/* Of values[from..until); NAN when there are none but gaps. */
double numbers_mean(const double *values, size_t from, size_t until);

double numbers_sum(const float *values, size_t n);
/* Sum of products. */
double numbers_dot(const float *a, const float *b, size_t n);
/* Makes the sum of squares 1, or leaves all as 0. */
void numbers_make_unit(float *values, size_t n);

static inline double numbers_clip(double v, double limit)
{
    return max_f64(-limit, min_f64(limit, v));
}

/* The days before, whose values at this time of day say what is usual then: the last ones, and a week ago. */
enum { NUMBERS_SEASON_DAYS = 5 };
extern const uint32_t numbers_season_days[NUMBERS_SEASON_DAYS];
/* out[p]: the median of what there was at this time on those days before point p; NAN when nothing was. */
void numbers_seasonal(const double *values, size_t n, size_t day_points, double *out);

/* z with Phi(z) = p, for 0 < p < 1, to 1e-9 (Acklam 2003). */
double numbers_normal_quantile(double p);

/* Solves the symmetric system a x = b of n <= NUMBERS_UNKNOWNS_MAX unknowns, whose rows hold a, then b.
 * False: it is singular. */
enum { NUMBERS_UNKNOWNS_MAX = 12 };
MUST_CHECK bool numbers_solve(double rows[][NUMBERS_UNKNOWNS_MAX + 1], size_t n, double *x);
