/* Innovations as normal scores: see usual.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "impact/numbers.h"
#include "impact/usual.h"

enum {
    DAYS_MAX = 7,      /* whose spread at this time of day counts */
    RANKED_MAX = 4096, /* a rank among more says little more */
};

static const double SCORE_MAX = 3.5;
/* The spread is a geometric mean: of the last horizon, of the last eight, and of this time of day. */
static const double WEIGHT_LAST = 0.6, WEIGHT_LATELY = 0.1, WEIGHT_DAILY = 0.3;
static const double SPREAD_MIN = 0.3; /* of sd */
static const double ABS_TO_SD = 1.25; /* of a normal's mean absolute value */

/* How wide this time of day was on earlier days, as a share of the usual. */
static double daily_spread(const double *innovation, double sd, const struct usual_grid *grid,
                           size_t t)
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
            if (!is_gap(innovation[k])) {
                sum += min_f64(fabs(innovation[k]), 5 * sd);
                n++;
            }
    }
    return n > 6 ? (ABS_TO_SD * sum / (double)n / sd + 0.3) / 1.3 : 1;
}

static void find_spreads(const double *innovation, double sd, const struct usual_grid *grid,
                         float *spread)
{
    double lately = sd / ABS_TO_SD, last = lately;
    double slow = 1 - exp(-1 / (8.0 * (double)grid->horizon));
    double quick = 1 - exp(-1 / (double)grid->horizon);
    double least = SPREAD_MIN * sd;
    double daily = 1;
    size_t daily_stride = grid->horizon / 6 + 1;
    for (size_t t = 0; t < grid->n_points; t++) {
        if (t % daily_stride == 0 && t >= 2 * grid->day_points)
            daily = daily_spread(innovation, sd, grid, t);
        double s = exp(WEIGHT_LAST * log(max_f64(least, ABS_TO_SD * last)) +
                       WEIGHT_LATELY * log(max_f64(least, ABS_TO_SD * lately)) +
                       WEIGHT_DAILY * log(sd * daily));
        s = max_f64(s, least);
        spread[t] = (float)s;
        if (is_gap(innovation[t]))
            continue;
        lately += slow * (min_f64(fabs(innovation[t]), 4 * sd) - lately);
        last += quick * (min_f64(fabs(innovation[t]), 3 * s) - last);
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Of n sorted values: how many are below v, ties half. */
static double rank_of(const float *sorted, size_t n, float v)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    size_t below = low;
    for (high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= v)
            low = middle + 1;
        else
            high = middle;
    }
    return 0.5 * (double)(below + low);
}

/* Mean 0 (when centred) and variance 1 over the history; what hardly varies is nothing. */
static void standardise(float *scores, const float *z, size_t n_points, size_t history,
                        bool is_centred)
{
    double sum = 0, squares = 0;
    size_t n = 0;
    for (size_t t = 0; t < history; t++)
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
    for (size_t t = 0; t < n_points; t++)
        scores[t] = isnan(z[t]) ? 0 : (float)(((double)scores[t] - mean) * scale);
}

/* The history's values, or evenly spread ones of a long one, sorted: all else is a rank among them. */
static size_t sort_history(const float *z, size_t history, bool is_absolute, float *sorted)
{
    size_t n = 0, stride = history / RANKED_MAX + 1;
    for (size_t t = 0; t < history; t += stride)
        if (!isnan(z[t]))
            sorted[n++] = is_absolute ? fabsf(z[t]) : z[t];
    qsort(sorted, n, sizeof *sorted, by_value);
    return n;
}

/* Beyond all that was seen a score goes on growing, by little. */
static double beyond(float v, float edge)
{
    double ratio = edge != 0 ? (double)v / (double)edge : 1;
    return ratio > 1 ? min_f64(1, 0.3 * log(ratio)) : 0;
}

static float *normal_scores(const float *z, const struct usual_grid *grid, float *sorted,
                            struct arena *arena)
{
    float *scores = arena_array(arena, grid->n_points, float);
    size_t n = sort_history(z, grid->history, false, sorted);
    for (size_t t = 0; t < grid->n_points; t++) {
        if (isnan(z[t]) || n == 0) {
            scores[t] = 0;
            continue;
        }
        double rank = rank_of(sorted, n, z[t]);
        double score = numbers_normal_quantile((rank + 0.5) / ((double)n + 1));
        if (z[t] > sorted[n - 1])
            score = max_f64(score, 0) + (sorted[n - 1] > 0 ? beyond(z[t], sorted[n - 1]) : 1);
        if (z[t] < sorted[0])
            score = min_f64(score, 0) - (sorted[0] < 0 ? beyond(z[t], sorted[0]) : 1);
        scores[t] = (float)numbers_clip(score, SCORE_MAX);
    }
    standardise(scores, z, grid->n_points, grid->history, false);
    return scores;
}

/* Savage (1956) scores of the absolute values: -log of the share of the history that is further out. */
static float *wild_scores(const float *z, const struct usual_grid *grid, float *sorted,
                          struct arena *arena)
{
    float *scores = arena_array(arena, grid->n_points, float);
    size_t n = sort_history(z, grid->history, true, sorted);
    for (size_t t = 0; t < grid->n_points; t++) {
        double rank = isnan(z[t]) ? 0 : rank_of(sorted, n, fabsf(z[t]));
        scores[t] = (float)(-log(1 - (rank + 0.5) / ((double)n + 1)) - 1);
    }
    standardise(scores, z, grid->n_points, grid->history, true);
    return scores;
}

float *usual_scores(const double *innovation, double sd, const struct usual_grid *grid,
                    struct arena *arena, float **out_spread, float **out_wild)
{
    struct arena work;
    arena_init(&work);
    float *z = arena_array(&work, grid->n_points, float);
    float *sorted = arena_array(&work, grid->n_points, float);
    float *spread = arena_array(out_spread ? arena : &work, grid->n_points, float);
    find_spreads(innovation, sd, grid, spread);
    for (size_t t = 0; t < grid->n_points; t++)
        z[t] = is_gap(innovation[t]) ? NAN : (float)(innovation[t] / (double)spread[t]);
    float *scores = normal_scores(z, grid, sorted, arena);
    if (out_spread)
        *out_spread = spread;
    if (out_wild)
        *out_wild = wild_scores(z, grid, sorted, arena);
    arena_done(&work);
    return scores;
}
