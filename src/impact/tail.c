#include "impact/tail.h"

#include <math.h>

#include "impact/numbers.h"

struct tail tail_fit(double *values, size_t n, double xi)
{
    size_t n_beyond = n / 10 > 8 ? n / 10 : 8;
    double threshold = numbers_select(values, n, n - n_beyond - 1);
    double excess = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] > threshold)
            excess += values[i] - threshold;
    return (struct tail){
        .threshold = threshold,
        .scale = excess / (double)n_beyond * (1 - xi),
        .xi = xi,
        .share = (double)(n_beyond + 1) / (double)(n + 1),
    };
}

double tail_surprise(const struct tail *tail, double v)
{
    double at_threshold = -log(tail->share);
    if (v <= tail->threshold)
        return v <= 0 ? 0 : at_threshold * v / tail->threshold;
    return at_threshold + log1p(tail->xi * (v - tail->threshold) / tail->scale) / tail->xi;
}

double tail_claim(double chance, double days)
{
    static const double DAYS_FOR_FULL_CLAIM = 3;
    return days < DAYS_FOR_FULL_CLAIM ? pow(chance, days / DAYS_FOR_FULL_CLAIM) : chance;
}
