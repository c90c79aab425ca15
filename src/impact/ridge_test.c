#include "impact/ridge.h"

#include "impact/weigh_kit.h"

enum { N = 1000, WIDTH = 3 };

static const double truth[WIDTH] = {2, -300, 0.5};
static const struct ridge_options options = {.strength = 1e-4, .clip_sd = 4, .passes = 3};

/* y = x * truth + noise; regressors of very different sizes, the last one always 1. */
static struct ridge_rows make(double noise)
{
    struct ridge_rows rows = {.y = arena_array(&kit_arena, N, float), .n = N, .width = WIDTH};
    rows.x = arena_zalloc(&kit_arena, N * sizeof *rows.x);
    for (size_t i = 0; i < N; i++) {
        float *x = rows.x[i];
        x[0] = (float)(100 * site_normal());
        x[1] = (float)(0.01 * site_normal());
        x[2] = 1;
        double y = noise * site_normal();
        for (size_t c = 0; c < WIDTH; c++)
            y += truth[c] * (double)x[c];
        rows.y[i] = (float)y;
    }
    return rows;
}

TEST(finds_what_rows_were_made_from)
{
    const struct ridge_rows rows = make(1);
    double weights[WIDTH];
    EXPECT(ridge_fit(&rows, &options, &kit_arena, weights));
    EXPECT_F64(weights[0], truth[0], 0.002);
    EXPECT_F64(weights[1], truth[1], 20);
    EXPECT_F64(weights[2], truth[2], 0.15);
}

TEST(a_few_wild_targets_spoil_little)
{
    double weights[WIDTH];
    for (int passes = 1; passes <= 3; passes++) {
        const struct ridge_options some = {.strength = 1e-4, .clip_sd = 4, .passes = passes};
        const struct ridge_rows rows = make(1);
        for (size_t i = 0; i < N; i += 50)
            rows.y[i] += 1e4F; /* 200 on the mean */
        EXPECT(ridge_fit(&rows, &some, &kit_arena, weights));
        EXPECT(passes == 1 ? weights[2] > 150 : weights[2] < 40);
    }
    EXPECT_F64(weights[2], truth[2], 10);
}

TEST(strength_draws_weights_to_nothing)
{
    const struct ridge_rows rows = make(0);
    const struct ridge_options strong = {.strength = 1, .clip_sd = 4, .passes = 1};
    double weights[WIDTH];
    EXPECT(ridge_fit(&rows, &strong, &kit_arena, weights));
    EXPECT_F64(weights[0], truth[0] / 2, 0.2);
}

TEST(what_never_differs_from_nothing_has_no_weight)
{
    const struct ridge_rows rows = make(1);
    for (size_t i = 0; i < N; i++)
        rows.x[i][1] = 0;
    double weights[WIDTH];
    EXPECT(ridge_fit(&rows, &options, &kit_arena, weights));
    EXPECT_F64(weights[1], 0, 1e-6);
}

RUN_TESTS(test_of(finds_what_rows_were_made_from), test_of(a_few_wild_targets_spoil_little),
          test_of(strength_draws_weights_to_nothing),
          test_of(what_never_differs_from_nothing_has_no_weight))
