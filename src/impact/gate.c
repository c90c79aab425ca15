#include "impact/gate.h"

#include <math.h>

static const size_t looks[] = {1,  2,  3,   5,   7,   10,  14,  20,  28,   40,
                               60, 90, 130, 180, 260, 360, 520, 720, 1000, 1440};
static const double GATE_XI = 0.1; /* of the tail */
enum { QUIET_MIN = 40 };

size_t gate_next_look(size_t n, size_t horizon)
{
    for (size_t i = 0; i < COUNT_OF(looks); i++)
        if (looks[i] > n)
            return looks[i] <= horizon ? looks[i] : 0;
    return 0;
}

/* The step filter's output at each look, by one pass. */
static double largest_of(const struct signs *signs, const float *scores, size_t p, size_t n)
{
    const float *shape = signs->shape[SIGN_STEP];
    double before = signs_level_before(signs, scores, 0, p).mean, sum = 0, most = 0;
    size_t look = gate_next_look(0, n);
    for (size_t k = 1; k <= n && look > 0; k++) {
        sum += (double)shape[k - 1] * (double)scores[p + k - 1];
        if (k != look)
            continue;
        double weights = signs->weights[SIGN_STEP][k], squares = signs->squares[SIGN_STEP][k];
        most = max_f64(most, fabs(sum - before * weights) / sqrt(squares));
        look = gate_next_look(k, n);
    }
    return most;
}

float gate_largest(const struct signs *signs, size_t p, size_t n)
{
    double most = 0;
    for (size_t lag = 0; lag <= signs->n_lags && lag < n; lag++)
        for (size_t set = 0; set < COUNT_OF(signs->scores); set++)
            if (signs->scores[set])
                most = max_f64(most, largest_of(signs, signs->scores[set], p + lag, n - lag));
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
