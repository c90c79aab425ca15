#include "impact/onset.h"

#include "kit/kit.h"

enum { FROM = 1000, N = 120 };

static const struct onset_prior prior = {
    .lag_points = 4, .late_share = 0.1, .horizon = 60, .none_weight = 1};

/* As likely as that at one point, and nothing elsewhere. */
static struct onset onset_at(size_t at, double likely)
{
    struct onset onset = {FROM, FROM + N, arena_zarray(&kit_arena, N, double)};
    onset.likely[at - FROM] = likely;
    return onset;
}

TEST(shares_and_the_rest_are_one)
{
    struct onset onset = onset_at(1050, 12);
    for (size_t i = 0; i < N; i++)
        onset.likely[i] += kit_random_share();
    const struct onset_candidate candidates[] = {{1049, 1}, {1030, 3},     {1080, 1},
                                                 {900, 1},  {FROM + N, 1}, {FROM + N + 500, 3}};
    double shares[COUNT_OF(candidates)];
    double sum = onset_shares(&onset, candidates, COUNT_OF(candidates), &prior, shares);
    for (size_t c = 0; c < COUNT_OF(candidates); c++) {
        EXPECT(shares[c] >= 0 && shares[c] <= 1);
        sum += shares[c];
    }
    EXPECT_F64(sum, 1, 1e-12);
    EXPECT_F64(shares[4] + shares[5], 0, 0); /* later than all points */
}

TEST(the_last_change_before_the_onset_began_it)
{
    struct onset onset = onset_at(1050, 12);
    const struct onset_candidate candidates[] = {{1049, 1}, {1039, 1}, {1051, 1}};
    double shares[3];
    EXPECT(onset_shares(&onset, candidates, 3, &prior, shares) < 0.2);
    EXPECT(shares[0] > 0.7);
    EXPECT(shares[1] < shares[0] / 5);
    EXPECT(shares[2] < 0.01);
}

/* The formula, of one candidate and one possible point. */
TEST(a_lag_costs_what_the_prior_says)
{
    struct onset onset = {FROM, FROM + N, arena_array(&kit_arena, N, double)};
    for (size_t i = 0; i < N; i++)
        onset.likely[i] = 0; /* all points alike: the posterior is the prior */
    const struct onset_candidate candidate = {FROM + 10, 3};
    double share, none = onset_shares(&onset, &candidate, 1, &prior, &share);
    EXPECT_F64(none, 0.25, 1e-12);
    EXPECT_F64(share, 0.75, 1e-12);
    onset = onset_at(1050, 40); /* all of it at one point, 5 after the change */
    const struct onset_candidate before = {1045, 1};
    none = onset_shares(&onset, &before, 1, &prior, &share);
    double soon = 0;
    for (size_t lag = 0; lag < FROM + N - 1045; lag++)
        soon += exp(-(double)lag / 4);
    double likely = 0.9 * exp(-5.0 / 4) / soon + 0.1 / 30;
    EXPECT_F64(share, likely / (likely + 1.0 / N), 1e-6);
    EXPECT_F64(none, 1 - share, 1e-12);
}

TEST(where_nothing_can_be_the_onset_it_is_nobodys)
{
    struct onset onset = onset_at(1050, 0);
    for (size_t i = 0; i < N; i++)
        onset.likely[i] = -INFINITY;
    const struct onset_candidate candidate = {1040, 3};
    double share = 7;
    EXPECT_F64(onset_shares(&onset, &candidate, 1, &prior, &share), 1, 0);
    EXPECT_F64(share, 0, 0);
}

TEST(the_likeliest_point_is_the_first_of_the_largest)
{
    struct onset onset = onset_at(1050, 3);
    onset.likely[80] = 3;
    size_t at = 0;
    EXPECT_F64(onset_most(&onset, &at), 3, 0);
    EXPECT_I64(at, 1050);
}

TEST(several_metrics_say_more_and_one_alone_can_be_wrong)
{
    struct onset sum = onset_at(1050, 0), wrong = onset_at(1020, 100);
    for (int k = 0; k < 3; k++) {
        struct onset right = onset_at(1050, 6);
        onset_add(&right, &sum);
    }
    size_t at = 0;
    onset_most(&sum, &at);
    EXPECT_I64(at, 1050);
    onset_add(&wrong, &sum);
    onset_most(&sum, &at);
    EXPECT_I64(at, 1050);
    EXPECT(sum.likely[0] >= -4 * 8);
}

/* Scores of nothing but a pulse, with metrics that answer a shift at once, or first more than later. */
TEST(a_pulse_of_any_length_is_dated_by_its_beginning)
{
    enum { POINTS = 600, HORIZON = 60, AT = 500 };
    static const struct {
        const char *row;
        size_t n;
        double first;
    } rows[] = {
        {"2 points", 2, 1},   {"7", 7, 1},   {"20", 20, 1}, {"31", 31, 1},
        {"first more", 7, 3}, {"20", 20, 3}, {"31", 31, 3}, {"its end is not seen", 200, 3},
    };
    EACH_ROW (rows, r) {
        struct usual usual = {.is_known = true};
        for (size_t k = 0; k < USUAL_RESPONSE; k++)
            usual.response[k] = k < 3 ? r->first : 1;
        double y[POINTS];
        float scores[POINTS], spread[POINTS];
        for (size_t i = 0; i < POINTS; i++) {
            size_t k = i - AT, ended = k - r->n;
            y[i] = i % 2 ? 0.1 : -0.1;
            if (i >= AT)
                y[i] += 3 * usual.response[min_size(k, USUAL_RESPONSE - 1)];
            if (i >= AT + r->n)
                y[i] -= 3 * usual.response[min_size(ended, USUAL_RESPONSE - 1)];
            scores[i] = (float)y[i];
            spread[i] = 1;
        }
        struct signs signs = {.scores = {scores}, .wild = scores, .spread = spread};
        const struct usual_grid grid = {POINTS, 1440, HORIZON, AT};
        const struct signs_contrast_input input = {.y = y, .noise_sd = 1};
        signs_learn(&usual, &grid, &input, &kit_arena, &kit_arena, &signs);
        const struct signs_span span = {.from = AT - HORIZON, .until = AT + HORIZON};
        float *look[SIGNS];
        for (size_t s = 0; s < SIGNS; s++)
            look[s] = arena_zarray(&kit_arena, N, float);
        struct onset onset = {.likely = arena_zarray(&kit_arena, N, double)};
        signs_look(&signs, &span, look);
        onset_from_look(&signs, &span, look, false, &onset);
        size_t at = 0;
        EXPECT(onset_most(&onset, &at) > 0);
        EXPECT_I64(at, AT);
    }
}

TEST(only_points_of_both_are_added)
{
    double few[3] = {0, 5, 0};
    struct onset shorter = {1049, 1052, few}, sum = onset_at(1000, 0);
    onset_add(&shorter, &sum);
    EXPECT_F64(sum.likely[48], 0, 0);
    EXPECT_F64(sum.likely[49], -5, 0);
    EXPECT_F64(sum.likely[50], 0, 0);
    EXPECT_F64(sum.likely[52], 0, 0);
}

RUN_TESTS(test_of(shares_and_the_rest_are_one), test_of(the_last_change_before_the_onset_began_it),
          test_of(a_lag_costs_what_the_prior_says),
          test_of(where_nothing_can_be_the_onset_it_is_nobodys),
          test_of(the_likeliest_point_is_the_first_of_the_largest),
          test_of(several_metrics_say_more_and_one_alone_can_be_wrong),
          test_of(a_pulse_of_any_length_is_dated_by_its_beginning),
          test_of(only_points_of_both_are_added))
