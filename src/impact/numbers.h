/* Small statistics over arrays of numbers. Pure. A gap is NAN. */
#pragma once

#include "base/base.h"
#include "base/num.h"

/* The k-th smallest (k from 0) of n > k numbers without gaps; their order changes. */
double numbers_select(double *values, size_t n, size_t k);
/* 0 of none. Their order changes. */
double numbers_median(double *values, size_t n);
/* Of a few: the mean of the middle two when n is even, NAN of none. Sorts them. */
double numbers_median_few(double *values, size_t n);

/* The days before, whose values at this time of day say what is usual then: the last ones, and a week ago. */
enum { NUMBERS_SEASON_DAYS = 5 };
extern const uint32_t numbers_season_days[NUMBERS_SEASON_DAYS];

/* z with Phi(z) = p, for 0 < p < 1, to 1e-9 (Acklam 2003). */
double numbers_normal_quantile(double p);

/* Solves the symmetric system a x = b of n <= NUMBERS_UNKNOWNS_MAX unknowns, whose rows hold a, then b.
 * False: it is singular. */
enum { NUMBERS_UNKNOWNS_MAX = 12 };
MUST_CHECK bool numbers_solve(double rows[][NUMBERS_UNKNOWNS_MAX + 1], size_t n, double *x);
