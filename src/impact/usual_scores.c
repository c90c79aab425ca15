/* Innovations as normal scores: see usual.h. */
#include <math.h>
#include <string.h>

#include "impact/numbers.h"
#include "impact/usual.h"

enum {
    DAYS_MAX = 7,      /* whose spread at this time of day counts */
    RANKED_MAX = 4096, /* a rank among more says little more */
};

static const double SCORE_MAX = 3.5;
/* The spread is a geometric mean: of the last horizon, of the last eight, and of this time of day. The weights
 * are 6, 1 and 3 tenths. */
static const double SPREAD_MIN = 0.3; /* of sd */
static const double SPREAD_MAX = 1e5; /* in sd: a float holds its sixth power */
static const double ABS_TO_SD = 1.25; /* of a normal's mean absolute value */

/* ---- spreads ---- */

/* How wide this time of day was on earlier days, as a share of the usual. sizes: of innovations, in sd. */
static double daily_spread(const double *sizes, const struct usual_grid *grid, size_t t)
{
    int64_t width = (int64_t)grid->horizon / 2, stride = width / 3 > 0 ? width / 3 : 1;
    double sum = 0;
    size_t n = 0;
    for (int64_t d = 1; d <= DAYS_MAX; d++) {
        int64_t then = (int64_t)t - d * (int64_t)grid->day_points;
        if (then - width < 0)
            break;
        if (then + width >= (int64_t)t) /* a day shorter than that: it would be the present */
            continue;
        for (int64_t k = then - width; k <= then + width; k += stride)
            if (!is_gap(sizes[k])) {
                sum += min_f64(sizes[k], 5);
                n++;
            }
    }
    return n > 6 ? (ABS_TO_SD * sum / (double)n + 0.3) / 1.3 : 1;
}

float *usual_spreads(const double *innovation, double sd, const struct usual_grid *grid,
                     struct arena *arena, struct arena *work)
{
    float *spread = arena_array(arena, grid->n_points, float);
    double *sizes = arena_array(work, grid->n_points, double); /* in sd, as all here */
    for (size_t t = 0; t < grid->n_points; t++)
        sizes[t] = fabs(innovation[t]) / sd;
    double lately = 1 / ABS_TO_SD, last = lately, daily = 1;
    double slow = 1 - exp(-1 / (8.0 * (double)grid->horizon));
    double quick = 1 - exp(-1 / (double)grid->horizon);
    size_t daily_stride = grid->horizon / 6 + 1;
    for (size_t t = 0; t < grid->n_points; t++) {
        if (t % daily_stride == 0 && t >= 2 * grid->day_points)
            daily = daily_spread(sizes, grid, t);
        double x = min_f64(max_f64(SPREAD_MIN, ABS_TO_SD * last), SPREAD_MAX), xxx = x * x * x;
        double y = max_f64(SPREAD_MIN, ABS_TO_SD * lately);
        double s = (double)powf((float)(xxx * xxx * y * daily * daily * daily), 0.1F);
        s = max_f64(s, SPREAD_MIN);
        spread[t] = (float)(s * sd);
        if (is_gap(sizes[t]))
            continue;
        lately += slow * (min_f64(sizes[t], 4) - lately);
        last += quick * (min_f64(sizes[t], 3 * s) - last);
    }
    return spread;
}

/* ---- ranks ---- */

/* What is at each point, and how many of the history's it is larger than. */
struct ranks {
    const float *z; /* NAN at gaps */
    uint32_t
        *twice; /* twice the rank of each point: how many are below, and how many are no larger */
    size_t n;   /* that are ranked among */
    float least, most; /* of those */
};

/* Numbers in the order of the floats. */
static uint32_t order_of(float v)
{
    uint32_t bits;
    v += 0.0F; /* there are two kinds of 0 */
    memcpy(&bits, &v, sizeof bits);
    return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

/* Sorts by the upper half, as an item's lower half says whose it is: three times by 11 bits, the lowest first. */
static uint64_t *sort_items(uint64_t *items, uint64_t *other, size_t n)
{
    enum { BITS = 11, BUCKETS = 1 << BITS };
    for (uint32_t shift = 32; shift < 64; shift += BITS) {
        uint32_t begin[BUCKETS + 1] = {0};
        for (size_t i = 0; i < n; i++)
            begin[(items[i] >> shift) % BUCKETS + 1]++;
        for (size_t b = 0; b < BUCKETS; b++)
            begin[b + 1] += begin[b];
        for (size_t i = 0; i < n; i++)
            other[begin[(items[i] >> shift) % BUCKETS]++] = items[i];
        uint64_t *sorted = other;
        other = items;
        items = sorted;
    }
    return items;
}

/* Ranks every point among the history's values, or evenly spread ones of a long one. */
static struct ranks rank_all(const float *z, const struct usual_grid *grid, struct arena *work)
{
    const size_t n_points = grid->n_points, stride = grid->history / RANKED_MAX + 1;
    uint64_t *items = arena_array(work, n_points, uint64_t);
    size_t n = 0;
    for (size_t t = 0; t < n_points; t++)
        if (!isnan(z[t]))
            items[n++] = (uint64_t)order_of(z[t]) << 32 | t;
    items = sort_items(items, arena_array(work, n_points, uint64_t), n);
    struct ranks ranks = {.z = z, .twice = arena_array(work, n_points, uint32_t)};
    for (size_t i = 0; i < n;) {
        size_t end = i; /* of those that are alike */
        uint32_t below = (uint32_t)ranks.n;
        for (; end < n && items[end] >> 32 == items[i] >> 32; end++) {
            const size_t t = (uint32_t)items[end];
            if (t >= grid->history || t % stride != 0)
                continue;
            if (ranks.n == 0)
                ranks.least = z[t];
            ranks.most = z[t];
            ranks.n++;
        }
        for (; i < end; i++)
            ranks.twice[(uint32_t)items[i]] = below + (uint32_t)ranks.n;
    }
    return ranks;
}

/* ---- scores ---- */

/* Mean 0 (when centred) and variance 1 over the history; what hardly varies is nothing. */
static void standardise(float *scores, const float *z, const struct usual_grid *grid,
                        bool is_centred)
{
    double sum = 0, squares = 0;
    size_t n = 0;
    for (size_t t = 0; t < grid->history; t++)
        if (!isnan(z[t])) {
            sum += (double)scores[t];
            squares += (double)scores[t] * (double)scores[t];
            n++;
        }
    double mean = n && is_centred ? sum / (double)n : 0;
    double variance = n ? squares / (double)n - mean * mean : 0;
    double scale = variance > 1e-6 ? 1 / sqrt(variance) : 0;
    if (!is_centred && scale == 0)
        scale = 1;
    for (size_t t = 0; t < grid->n_points; t++)
        scores[t] = isnan(z[t]) ? 0 : (float)(((double)scores[t] - mean) * scale);
}

/* Beyond all that was seen a score goes on growing, by little. */
static double beyond(float v, float edge)
{
    double ratio = edge != 0 ? (double)v / (double)edge : 1;
    return ratio > 1 ? min_f64(1, 0.3 * log(ratio)) : 0;
}

static double score_of(float z, double usual, const struct ranks *ranks)
{
    if (z > ranks->most)
        usual = max_f64(usual, 0) + (ranks->most > 0 ? beyond(z, ranks->most) : 1);
    if (z < ranks->least)
        usual = min_f64(usual, 0) - (ranks->least < 0 ? beyond(z, ranks->least) : 1);
    return numbers_clip(usual, SCORE_MAX);
}

static float *z_of(const double *innovation, const float *spread, size_t n, struct arena *work)
{
    float *z = arena_array(work, n, float);
    for (size_t t = 0; t < n; t++)
        z[t] = is_gap(innovation[t]) ? NAN : (float)(innovation[t] / (double)spread[t]);
    return z;
}

/* The share of the history that is below a rank, never 0 or 1. */
static double share_below(const struct ranks *ranks, size_t twice)
{
    return (0.5 * (double)twice + 0.5) / ((double)ranks->n + 1);
}

float *usual_scores(const double *innovation, const float *spread, const struct usual_grid *grid,
                    struct arena *arena, struct arena *work)
{
    float *scores = arena_array(arena, grid->n_points, float);
    const float *z = z_of(innovation, spread, grid->n_points, work);
    const struct ranks ranks = rank_all(z, grid, work);
    double *of_rank = arena_array(work, 2 * ranks.n + 1, double);
    for (size_t i = 0; i <= 2 * ranks.n; i++)
        of_rank[i] = numbers_normal_quantile(share_below(&ranks, i));
    for (size_t t = 0; t < grid->n_points; t++)
        scores[t] = isnan(z[t]) || ranks.n == 0
                        ? 0
                        : (float)score_of(z[t], of_rank[ranks.twice[t]], &ranks);
    standardise(scores, z, grid, false);
    return scores;
}

/* Savage (1956) scores of the absolute values: -log of the share of the history that is further out. */
float *usual_wildness(const double *innovation, const float *spread, const struct usual_grid *grid,
                      struct arena *arena, struct arena *work)
{
    float *scores = arena_array(arena, grid->n_points, float);
    float *z = z_of(innovation, spread, grid->n_points, work);
    for (size_t t = 0; t < grid->n_points; t++)
        z[t] = fabsf(z[t]);
    const struct ranks ranks = rank_all(z, grid, work);
    double *of_rank = arena_array(work, 2 * ranks.n + 1, double);
    for (size_t i = 0; i <= 2 * ranks.n; i++)
        of_rank[i] = -log(1 - share_below(&ranks, i)) - 1;
    for (size_t t = 0; t < grid->n_points; t++)
        scores[t] = isnan(z[t]) ? 0 : (float)of_rank[ranks.twice[t]];
    standardise(scores, z, grid, true);
    return scores;
}
