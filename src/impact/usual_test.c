#include "impact/usual.h"

#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 5 * DAY };

static const struct usual_grid grid = {
    .n_points = N_POINTS, .day_points = DAY, .horizon = 60, .history = N_POINTS - 300};

static struct usual learn(const double *values)
{
    struct usual usual;
    usual_learn(values, &grid, &kit_arena, &kit_arena, &usual);
    return usual;
}

static double *noise(double level, double sd)
{
    double *values = arena_array(&kit_arena, N_POINTS, double);
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] = level + sd * site_normal();
    return values;
}

TEST(chooses_the_scale_by_the_history)
{
    double *counts = noise(0, 1), *wide = noise(0, 1), *rates = noise(0, 1);
    for (size_t i = 0; i < N_POINTS; i++) {
        counts[i] = site_count(3);
        wide[i] = exp(site_normal());
        rates[i] = counts[i] * 1e6;
    }
    EXPECT_I64(learn(noise(100, 1)).form, USUAL_PLAIN);
    EXPECT_I64(learn(noise(0, 1)).form, USUAL_PLAIN);
    EXPECT_I64(learn(counts).form, USUAL_COUNT);
    EXPECT_I64(learn(wide).form, USUAL_RATIO);
    EXPECT_I64(learn(rates).form, USUAL_RATIO);
    for (size_t i = grid.history; i < N_POINTS; i++)
        counts[i] = -0.5; /* later: no reason to see the history otherwise */
    EXPECT_I64(learn(counts).form, USUAL_COUNT);
}

/* The width of a small step is the derivative of the inverse. */
TEST(a_width_is_that_of_a_small_step_on_the_scale)
{
    for (int form = USUAL_PLAIN; form <= USUAL_RATIO; form++) {
        const struct usual usual = {.form = (enum usual_form)form, .offset = 0.7};
        for (double value = 0; value < 50; value += 3) {
            double dy = 1e-6, width = usual_width(&usual, value, dy);
            EXPECT_F64(usual_transform(&usual, value + width) - usual_transform(&usual, value), dy,
                       1e-9);
        }
    }
}

TEST(noise_has_its_own_spread_whatever_else_there_is)
{
    double *values = noise(100, 2);
    EXPECT_F64(learn(values).sd, 2, 0.1);
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] += 40 * sin(2 * M_PI * (double)i / DAY);
    EXPECT_F64(learn(values).sd, 2, 0.15);
    for (size_t i = 7; i < N_POINTS; i += 500)
        values[i] += 50; /* what is far out counts little */
    EXPECT_F64(learn(values).sd, 2, 0.5);
}

TEST(a_shift_shows_at_once_and_is_taken_in)
{
    struct usual usual = learn(noise(100, 1));
    EXPECT_F64(usual.response[0], 1, 1e-9);
    for (size_t k = 1; k < USUAL_RESPONSE; k++)
        EXPECT(usual.response[k] <= usual.response[k - 1] + 0.05);
    EXPECT(usual.response[USUAL_RESPONSE - 1] < 0.3);
}

TEST(innovations_are_gaps_where_values_are)
{
    double *values = noise(100, 1);
    for (size_t i = 3000; i < 3060; i++)
        values[i] = (double)NAN;
    struct usual usual = learn(values);
    EXPECT(usual.is_known && !usual.is_constant);
    for (size_t i = 0; i < N_POINTS; i++) {
        EXPECT(is_gap(usual.innovation[i]) == (i < 3 || (i >= 3000 && i < 3060)));
        EXPECT(is_gap(usual.y[i]) == (i >= 3000 && i < 3060));
    }
}

TEST(knows_what_it_does_not_know)
{
    double *values = noise(100, 1);
    for (size_t i = 0; i < N_POINTS; i++)
        if (i < grid.history - 40)
            values[i] = (double)NAN;
    EXPECT(!learn(values).is_known);
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] = (double)NAN;
    EXPECT(!learn(values).is_known);
}

TEST(a_constant_is_one_until_it_moves)
{
    double *values = noise(5, 0);
    values[grid.history + 10] = 6;
    struct usual usual = learn(values);
    EXPECT(usual.is_known && usual.is_constant);
    EXPECT(usual.sd > 0);
    EXPECT_F64(usual.innovation[100], 0, 0);
    EXPECT(usual.innovation[grid.history + 10] > usual.sd);
    EXPECT(usual.row == NULL);
}

TEST(controls_take_out_what_is_common)
{
    enum { N = 5 };
    double *values[N], *common = noise(0, 2);
    struct usual all[N];
    for (size_t m = 0; m < N; m++) {
        values[m] = noise(100, 1);
        for (size_t i = 0; i < N_POINTS; i++)
            values[m][i] += m < N - 1 ? common[i] : 0;
        all[m] = learn(values[m]);
    }
    const bool apart[N] = {false, true, true, true, true}, none[N] = {false};
    struct controls few, any, of_none;
    usual_controls(all, N, 0, apart, &few, &any);
    EXPECT_I64(few.n, 3);
    EXPECT_I64(any.n, 3); /* not the one that is alone */
    const double *less_few = usual_less_apart(all, 0, &few, &grid, &kit_arena);
    const double *less_any = usual_less_any(all, 0, &any, &grid, &kit_arena);
    EXPECT(less_few && usual_sd(less_few, grid.history, &kit_arena) < 0.6 * all[0].sd);
    EXPECT(less_any && usual_sd(less_any, grid.history, &kit_arena) < 0.75 * all[0].sd);
    usual_controls(all, N, 0, none, &of_none, &any);
    EXPECT(usual_less_apart(all, 0, &of_none, &grid, &kit_arena) == NULL);
    usual_controls(all, N, N - 1, apart, &few, &any);
    EXPECT(usual_less_any(all, N - 1, &any, &grid, &kit_arena) == NULL);
}

TEST(scores_are_normal_over_the_history)
{
    double *values = noise(0, 1);
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] = exp(2 * site_normal()) * (kit_random_below(2) ? 1 : -1);
    values[50] = (double)NAN;
    values[grid.history + 5] = 1e9;
    const double sd = usual_sd(values, grid.history, &kit_arena);
    float *spread = usual_spreads(values, sd, &grid, &kit_arena, &kit_arena);
    float *scores = usual_scores(values, spread, &grid, &kit_arena, &kit_arena);
    float *wild = usual_wildness(values, spread, &grid, &kit_arena, &kit_arena);
    double sum = 0, squares = 0, wild_sum = 0, wild_squares = 0;
    for (size_t i = 0; i < grid.history; i++) {
        sum += (double)scores[i];
        squares += (double)scores[i] * (double)scores[i];
        wild_sum += (double)wild[i];
        wild_squares += (double)wild[i] * (double)wild[i];
    }
    double n = (double)grid.history;
    EXPECT_F64(sum / n, 0, 0.03);
    EXPECT_F64(squares / n, 1, 0.01);
    EXPECT_F64(wild_sum / n, 0, 0.01);
    EXPECT_F64(wild_squares / n, 1, 0.01);
    EXPECT_F64((double)scores[50], 0, 0);
    for (size_t i = 0; i < N_POINTS; i++) {
        EXPECT(fabsf(scores[i]) <= 4.2f); /* 3.5, made to have variance 1 */
        EXPECT(spread[i] > 0);
    }
    EXPECT(scores[grid.history + 5] > 3);
    EXPECT(wild[grid.history + 5] > 3);
}

/* Spread and score of a point come from what was before it and its rank in the history. */
TEST(scores_do_not_look_ahead)
{
    double *values = noise(0, 1);
    float *spread = usual_spreads(values, 1, &grid, &kit_arena, &kit_arena);
    float *before = usual_scores(values, spread, &grid, &kit_arena, &kit_arena);
    for (size_t i = grid.history + 50; i < N_POINTS; i++)
        values[i] *= 20;
    float *spread_after = usual_spreads(values, 1, &grid, &kit_arena, &kit_arena);
    float *after = usual_scores(values, spread_after, &grid, &kit_arena, &kit_arena);
    for (size_t i = 0; i < grid.history + 50; i++)
        EXPECT(before[i] == after[i] && spread[i] == spread_after[i]);
    EXPECT(spread_after[N_POINTS - 1] > spread[N_POINTS - 1]);
}

/* The score of a point is what its rank in the history says: as if all were sorted and compared one by one. */
TEST(a_score_is_by_rank_among_the_history)
{
    enum { N = 600 };
    static const struct usual_grid few = {
        .n_points = N, .day_points = DAY, .horizon = 60, .history = 500};
    double values[N];
    float spread[N];
    for (size_t i = 0; i < N; i++) {
        values[i] = i % 3 ? site_normal() : (double)kit_random_below(3) - 1; /* some are alike */
        spread[i] = 1;
    }
    values[7] = -0.0;
    values[8] = (double)NAN;
    const float *scores = usual_scores(values, spread, &few, &kit_arena, &kit_arena);
    const float *wild = usual_wildness(values, spread, &few, &kit_arena, &kit_arena);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            if (i == 8 || k == 8)
                continue;
            const float a = (float)values[i], b = (float)values[k];
            EXPECT(a > b ? scores[i] >= scores[k] : a < b || scores[i] == scores[k]);
            EXPECT(fabsf(a) > fabsf(b) ? wild[i] >= wild[k]
                                       : fabsf(a) < fabsf(b) || wild[i] == wild[k]);
        }
    size_t n_below = 0;
    for (size_t k = 0; k < few.history; k++)
        n_below += (float)values[k] < (float)values[1];
    EXPECT_F64((double)scores[1],
               numbers_normal_quantile(((double)n_below + 1) / (double)few.history), 0.1);
}

RUN_TESTS(test_of(chooses_the_scale_by_the_history),
          test_of(a_width_is_that_of_a_small_step_on_the_scale),
          test_of(noise_has_its_own_spread_whatever_else_there_is),
          test_of(a_shift_shows_at_once_and_is_taken_in),
          test_of(innovations_are_gaps_where_values_are), test_of(knows_what_it_does_not_know),
          test_of(a_constant_is_one_until_it_moves), test_of(controls_take_out_what_is_common),
          test_of(scores_are_normal_over_the_history), test_of(scores_do_not_look_ahead),
          test_of(a_score_is_by_rank_among_the_history))
