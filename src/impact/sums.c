#include "impact/sums.h"

#include <math.h>

#include "base/arena.h"
#include "base/num.h"

struct sums sums_new(size_t n, struct arena *arena)
{
    return (struct sums){arena_array(arena, n + 1, double), arena_array(arena, n + 1, uint32_t), n};
}

void sums_fill(struct sums *sums, const double *values)
{
    sums->sum[0] = 0;
    sums->count[0] = 0;
    for (size_t i = 0; i < sums->n; i++) {
        bool counts = !is_gap(values[i]);
        sums->sum[i + 1] = sums->sum[i] + (counts ? values[i] : 0);
        sums->count[i + 1] = sums->count[i] + counts;
    }
}

double sums_mean(const struct sums *sums, int64_t from, int64_t until, double share_min)
{
    if (from < 0)
        return NAN;
    if (until > (int64_t)sums->n)
        until = (int64_t)sums->n;
    if (until <= from)
        return NAN;
    uint32_t count = sums->count[until] - sums->count[from];
    if (count == 0 || count < share_min * (double)(until - from))
        return NAN;
    return (sums->sum[until] - sums->sum[from]) / count;
}

double sums_mean_any(const struct sums *sums, int64_t from, int64_t until)
{
    return sums_mean(sums, from < 0 ? 0 : from, until, 0);
}
