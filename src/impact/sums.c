#include "impact/sums.h"

#include "base/arena.h"
#include "base/num.h"

struct sums sums_new(size_t n, struct arena *arena)
{
    return (struct sums){arena_array(arena, n + 1, double), arena_array(arena, n + 1, uint32_t), n};
}

void sums_fill(struct sums *sums, const double *values)
{
    double sum = 0;
    uint32_t count = 0;
    sums->sum[0] = sum;
    sums->count[0] = count;
    for (size_t i = 0; i < sums->n; i++) {
        const bool counts = !is_gap(values[i]);
        sum += counts ? values[i] : 0;
        count += counts;
        sums->sum[i + 1] = sum;
        sums->count[i + 1] = count;
    }
}
