/* How rare are the largest of a set of numbers, and what is larger than all of them? Pure. */
#pragma once

#include "base/base.h"

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
/* With less than three days of history no small chance can be claimed: it is raised to a smaller power. */
double tail_claim(double chance, double days);
