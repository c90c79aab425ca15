/* Small statistics over arrays of numbers. Pure. A gap is NAN. */
#pragma once

#include "base/base.h"
#include "base/num.h"

/* The k-th smallest (k from 0) of n > k numbers without gaps; their order changes. */
double numbers_select(double *values, size_t n, size_t k);
/* 0 of none. Their order changes. */
double numbers_median(double *values, size_t n);

/* z with Phi(z) = p, for 0 < p < 1, to 1e-9 (Acklam 2003). */
double numbers_normal_quantile(double p);

/* Solves the symmetric system a x = b of n <= NUMBERS_UNKNOWNS_MAX unknowns, whose rows hold a, then b.
 * False: it is singular. */
enum { NUMBERS_UNKNOWNS_MAX = 12 };
MUST_CHECK bool numbers_solve(double rows[][NUMBERS_UNKNOWNS_MAX + 1], size_t n, double *x);

/* Sums up to each point, so that the mean of any window is one subtraction. */
struct sums {
    double *sum;     /* sum[i]: of the values before point i */
    uint32_t *count; /* how many of them are no gaps */
    size_t n;
};

struct arena;
struct sums sums_new(size_t n, struct arena *arena);
/* Gaps do not count. */
void sums_fill(struct sums *sums, const double *values);

/* Mean of [from, until) cut to what there is; NAN when fewer than that share of the window's points are
 * there. A window that begins before 0 has no mean. */
double sums_mean(const struct sums *sums, int64_t from, int64_t until, double share_min);
/* The same of whatever part of the window there is. */
double sums_mean_any(const struct sums *sums, int64_t from, int64_t until);

/* What is seen beyond the most of it: ranks up to the threshold, a generalised Pareto tail past it
 * (Pickands 1975), whose shape xi is given and whose scale is that of the mean excess. */
struct tail {
    double threshold, scale, xi;
    double share; /* of all that was seen, beyond the threshold */
};

/* Of n >= 40 values (their order changes); the top tenth is the tail. */
struct tail tail_fit(double *values, size_t n, double xi);
/* -log of the chance of v or more; below the threshold roughly. */
double tail_surprise(const struct tail *tail, double v);
