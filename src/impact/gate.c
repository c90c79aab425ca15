#include "impact/gate.h"

#include <math.h>
#include <string.h>

static const size_t looks[] = {1,  2,  3,   5,   7,   10,  14,  20,  28,   40,
                               60, 90, 130, 180, 260, 360, 520, 720, 1000, 1440};
static const double GATE_XI = 0.1; /* of the tail */
enum {
    QUIET_MIN = 40,
    LAGS_MAX = 8, /* an effect begins no later */
};

size_t gate_next_look(size_t n, size_t horizon)
{
    for (size_t i = 0; i < COUNT_OF(looks); i++)
        if (looks[i] > n)
            return looks[i] <= horizon ? looks[i] : 0;
    return 0;
}

/* The step filter's output at each look, by one pass, for all lags side by side. */
static double largest_of(const struct signs *signs, const float *scores, size_t p, size_t n)
{
    const size_t n_lags = min_size(signs->n_lags, min_size(n, LAGS_MAX) - 1);
    const float *shape = signs->shape[SIGN_STEP];
    double before[LAGS_MAX], most = 0;
    float x[SIGN_HORIZON_MAX + LAGS_MAX] = {0}, sums[LAGS_MAX] = {0};
    memcpy(x, scores + p, n * sizeof(float));
    for (size_t lag = 0; lag <= n_lags; lag++)
        before[lag] = signs_level_before(signs, scores, 0, p + lag).mean;
    size_t look = gate_next_look(0, n);
    for (size_t k = 1; k <= n && look > 0; k++) {
        for (size_t lag = 0; lag < LAGS_MAX; lag++)
            sums[lag] += shape[k - 1] * x[k - 1 + lag];
        if (k != look)
            continue;
        const double weights = signs->weights[SIGN_STEP][k];
        double largest = 0;
        for (size_t lag = 0; lag <= n_lags && lag + k <= n; lag++)
            largest = max_f64(largest, fabs((double)sums[lag] - before[lag] * weights));
        most = max_f64(most, largest / sqrt(signs->squares[SIGN_STEP][k]));
        look = gate_next_look(k, n);
    }
    return most;
}

float gate_largest(const struct signs *signs, size_t p, size_t n)
{
    double most = 0;
    for (size_t set = 0; set < COUNT_OF(signs->scores) && n > 0; set++)
        if (signs->scores[set])
            most = max_f64(most, largest_of(signs, signs->scores[set], p, n));
    return (float)most;
}

void gate_learn(const struct signs *signs, const struct usual_grid *grid, struct arena *arena,
                struct gate *out)
{
    out->stride = grid->horizon / 6 > 0 ? grid->horizon / 6 : 1;
    out->day_points = grid->day_points;
    out->n = grid->n_points / out->stride;
    out->quiet = arena_array(arena, out->n, float);
    for (size_t i = 0; i < out->n; i++) {
        size_t p = i * out->stride;
        bool is_whole = p >= 2 * grid->horizon && p + grid->horizon <= grid->n_points;
        out->quiet[i] = is_whole ? gate_largest(signs, p, grid->horizon) : -1;
    }
}

double gate_chance(const struct gate *gate, float largest, size_t before, double *scratch)
{
    size_t n = 0;
    for (size_t i = 0; i < gate->n && i * gate->stride < before; i++)
        if (gate->quiet[i] >= 0)
            scratch[n++] = (double)gate->quiet[i];
    if (n < QUIET_MIN)
        return 1;
    size_t n_larger = 0;
    for (size_t i = 0; i < n; i++)
        n_larger += scratch[i] >= (double)largest;
    if (10 * n_larger >= n)
        return (double)(n_larger + 1) / (double)(n + 1);
    struct tail tail = tail_fit(scratch, n, GATE_XI);
    tail.scale = max_f64(tail.scale, 0.2);
    return tail_claim(exp(-tail_surprise(&tail, (double)largest)),
                      (double)before / (double)gate->day_points);
}
