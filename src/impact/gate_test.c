#include "impact/gate.h"

#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 6 * DAY, HORIZON = 60 };

static const struct usual_grid grid = {
    .n_points = N_POINTS, .day_points = DAY, .horizon = HORIZON, .history = N_POINTS - DAY};

/* Scores of noise, and a step filter that is even: what the gate sees of a metric that is noise alone. */
static struct signs *noise_signs(float **out_scores)
{
    struct signs *signs = arena_zalloc(&kit_arena, sizeof *signs);
    float *scores = *out_scores = arena_array(&kit_arena, N_POINTS, float);
    for (size_t i = 0; i < N_POINTS; i++)
        scores[i] = (float)site_normal();
    signs->n_points = N_POINTS;
    signs->horizon = HORIZON;
    signs->n_lags = 4;
    signs->scores[0] = scores;
    signs->shape[SIGN_STEP] = arena_array(&kit_arena, HORIZON, float);
    signs->weights[SIGN_STEP] = arena_array(&kit_arena, HORIZON + 1, double);
    signs->squares[SIGN_STEP] = arena_array(&kit_arena, HORIZON + 1, double);
    for (size_t k = 0; k <= HORIZON; k++) {
        if (k < HORIZON)
            signs->shape[SIGN_STEP][k] = 1;
        signs->weights[SIGN_STEP][k] = signs->squares[SIGN_STEP][k] = (double)k;
    }
    return signs;
}

TEST(looks_go_on_to_the_horizon)
{
    EXPECT_I64(gate_next_look(0, 60), 1);
    EXPECT_I64(gate_next_look(1, 60), 2);
    EXPECT_I64(gate_next_look(3, 60), 5);
    EXPECT_I64(gate_next_look(40, 60), 60);
    EXPECT_I64(gate_next_look(60, 60), 0);
    EXPECT_I64(gate_next_look(40, 59), 0);
    EXPECT_I64(gate_next_look(1440, 9999), 0);
}

TEST(the_largest_look_is_that_of_the_step)
{
    float *scores;
    struct signs *signs = noise_signs(&scores);
    for (size_t i = 0; i < N_POINTS; i++)
        scores[i] = i >= 5000 ? 2 : 0;
    /* a sum of n twos over the root of n */
    for (size_t n = 1; n; n = gate_next_look(n, HORIZON))
        EXPECT_F64((double)gate_largest(signs, 5000, n), 2 * sqrt((double)n), 1e-6);
    EXPECT_F64((double)gate_largest(signs, 4000, HORIZON), 0, 0);
    /* a look ends at n points: nothing of what comes after */
    EXPECT_F64((double)gate_largest(signs, 4990, 10), 0, 0);
    EXPECT((double)gate_largest(signs, 4990, 14) > 0);
}

TEST(a_larger_one_is_rarer_and_the_chance_is_that_of_quiet_times)
{
    float *scores;
    struct signs *signs = noise_signs(&scores);
    struct gate gate;
    gate_learn(signs, &grid, &kit_arena, &gate);
    double *scratch = arena_array(&kit_arena, gate.n, double), last = 1;
    for (float size = 0; size < 10; size += 0.05f) {
        double chance = gate_chance(&gate, size, N_POINTS, scratch);
        EXPECT(chance > 0 && chance <= last * 1.2); /* the tail meets the ranks, roughly */
        last = fmin(chance, last);
    }
    EXPECT(last < 1e-4);
    int n_rare = 0;
    for (size_t i = 0; i < 200; i++)
        n_rare += gate_chance(&gate, gate_largest(signs, 500 + 40 * i, HORIZON), N_POINTS,
                              scratch) < 0.05;
    EXPECT(n_rare >= 2 && n_rare <= 20);
}

TEST(with_little_history_less_is_claimed)
{
    float *scores;
    struct signs *signs = noise_signs(&scores);
    struct gate gate;
    gate_learn(signs, &grid, &kit_arena, &gate);
    double *scratch = arena_array(&kit_arena, gate.n, double);
    EXPECT_F64(gate_chance(&gate, 9, 0, scratch), 1, 0);
    EXPECT_F64(gate_chance(&gate, 9, 200, scratch), 1, 0);
    double day = gate_chance(&gate, 9, DAY, scratch),
           days = gate_chance(&gate, 9, 4 * DAY, scratch);
    EXPECT(day < 1 && days < day / 10);
}

RUN_TESTS(test_of(looks_go_on_to_the_horizon), test_of(the_largest_look_is_that_of_the_step),
          test_of(a_larger_one_is_rarer_and_the_chance_is_that_of_quiet_times),
          test_of(with_little_history_less_is_claimed))
