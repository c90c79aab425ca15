#include "impact/signs.h"

#include "impact/weigh_kit.h"

enum { DAY = 1440, N_POINTS = 5 * DAY, HORIZON = 60, AT = N_POINTS - 200 };

static const struct usual_grid grid = {
    .n_points = N_POINTS, .day_points = DAY, .horizon = HORIZON, .history = N_POINTS - 300};

struct seen {
    struct usual usual;
    struct signs signs;
    float *look[SIGNS];
};

static struct seen *see(const double *values)
{
    struct seen *seen = arena_zalloc(&kit_arena, sizeof *seen);
    usual_learn(values, &grid, &kit_arena, &kit_arena, &seen->usual);
    const double *innovation = seen->usual.innovation;
    float *spread = usual_spreads(innovation, seen->usual.sd, &grid, &kit_arena, &kit_arena);
    seen->signs.spread = spread;
    seen->signs.scores[0] = usual_scores(innovation, spread, &grid, &kit_arena, &kit_arena);
    seen->signs.wild = usual_wildness(innovation, spread, &grid, &kit_arena, &kit_arena);
    const struct signs_contrast_input input = {.y = seen->usual.y, .noise_sd = seen->usual.sd};
    signs_learn(&seen->usual, &grid, &input, &kit_arena, &kit_arena, &seen->signs);
    for (size_t s = 0; s < SIGNS; s++)
        seen->look[s] = arena_zarray(&kit_arena, N_POINTS, float);
    return seen;
}

static void look(struct seen *seen, size_t from, size_t until)
{
    const struct signs_span span = {.from = from, .until = until};
    signs_look(&seen->signs, &span, seen->look);
}

static double *noise(void)
{
    double *values = arena_array(&kit_arena, N_POINTS, double);
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] = 100 + site_normal();
    return values;
}

/* Mean and mean square over the history of each sign that there is. */
TEST(filters_are_about_normal_where_nothing_happens)
{
    struct seen *seen = see(noise());
    look(seen, 0, N_POINTS);
    for (size_t s = 0; s <= SIGN_WILD; s++) {
        double sum = 0, squares = 0, n = 0;
        for (size_t p = 500; p < grid.history - HORIZON; p++, n++) {
            sum += (double)seen->look[s][p];
            squares += (double)seen->look[s][p] * (double)seen->look[s][p];
        }
        bool is_peer = s >= SIGN_PEER_STEP && s <= SIGN_PEER_SOFT; /* there are none */
        EXPECT(seen->signs.has[s] == !is_peer);
        EXPECT_F64(sum / n, 0, 0.25);
        EXPECT(is_peer ? squares == 0 : squares / n > 0.6 && squares / n < 1.6);
    }
}

TEST(each_shape_is_best_seen_by_its_filter_at_its_beginning)
{
    static const struct {
        const char *row;
        enum sign sign;
    } rows[] = {
        {"step", SIGN_STEP}, {"pulse", SIGN_PULSE}, {"ramp", SIGN_RAMP}, {"soft", SIGN_SOFT}};
    EACH_ROW (rows, r) {
        double *values = noise();
        for (size_t k = 0; AT + k < N_POINTS; k++)
            values[AT + k] += r->sign == SIGN_STEP    ? 5
                              : r->sign == SIGN_PULSE ? (k < 20 ? 5 : 0)
                              : r->sign == SIGN_SOFT  ? (k < 2 ? 5 * (double)(k + 1) / 3 : 5)
                                                      : 0.15 * (double)(k + 1);
        struct seen *seen = see(values);
        look(seen, AT - HORIZON, AT + HORIZON);
        for (size_t s = 0; s < SIGN_SHAPES; s++)
            EXPECT(seen->look[r->sign][HORIZON] >= seen->look[s][HORIZON] - 0.5f);
        size_t best = 0;
        for (size_t i = 0; i < 2 * HORIZON; i++)
            if (seen->look[r->sign][i] > seen->look[r->sign][best])
                best = i;
        EXPECT(best + (r->sign == SIGN_RAMP ? 15 : 2) >= HORIZON);
        EXPECT(best <= HORIZON + (r->sign == SIGN_RAMP ? 15 : 2));
        EXPECT(seen->look[r->sign][HORIZON] > 4);
    }
}

TEST(a_look_rests_on_the_points_before_until)
{
    double *values = noise();
    struct seen *seen = see(values);
    float kept[SIGNS][2 * HORIZON];
    look(seen, AT - HORIZON, AT + 10);
    for (size_t s = 0; s < SIGNS; s++)
        memcpy(kept[s], seen->look[s], sizeof kept[s]);
    for (size_t i = AT + 10; i < N_POINTS; i++)
        values[i] += 50;
    seen = see(values);
    look(seen, AT - HORIZON, AT + 10);
    for (size_t s = 0; s < SIGNS; s++)
        for (size_t i = 0; i < HORIZON + 10; i++)
            EXPECT_F64((double)seen->look[s][i], (double)kept[s][i], 0);
}

/* A look at a part says what a look at all says, but for what the end cuts off. */
TEST(a_part_of_a_look_is_the_same)
{
    struct seen *seen = see(noise());
    look(seen, 0, AT);
    float *whole = arena_array(&kit_arena, N_POINTS, float);
    memcpy(whole, seen->look[SIGN_STEP], AT * sizeof *whole);
    look(seen, AT - 100, AT);
    for (size_t i = 0; i < 100; i++)
        EXPECT_F64((double)seen->look[SIGN_STEP][i], (double)whole[AT - 100 + i], 1e-3);
}

TEST(contrasts_tell_the_whole_horizon_from_the_one_before)
{
    double *values = noise();
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] += 30 * sin(2 * M_PI * (double)i / DAY) + (i >= AT ? 3 : 0);
    struct seen *seen = see(values);
    EXPECT(seen->signs.has[SIGN_WHOLE] && seen->signs.has[SIGN_LATE]);
    EXPECT(seen->signs.contrast[0][AT] > 4);
    EXPECT(seen->signs.contrast[1][AT] > 3);
    EXPECT(seen->signs.contrast_sd[AT] > 0);
    EXPECT(seen->signs.season_weight > 0.9 && seen->signs.season_weight <= 1);
    EXPECT_F64((double)seen->signs.contrast[0][N_POINTS - HORIZON + 1], 0, 0); /* not over yet */
    EXPECT(see(noise())->signs.season_weight < 0.2);
}

TEST(a_whole_contrast_is_less_its_usual_one)
{
    double *values = noise();
    for (size_t i = 0; i < N_POINTS; i++)
        values[i] += 30 * sin(2 * M_PI * (double)i / DAY) + (i >= AT ? 4 : 0);
    const float *contrast = signs_whole_contrast(values, &grid, &kit_arena, &kit_arena).contrast;
    double squares = 0;
    for (size_t p = 2 * DAY; p < 4 * DAY; p++)
        squares += (double)contrast[p] * (double)contrast[p] / (2 * DAY);
    EXPECT(squares > 0.5 && squares < 2.5);
    EXPECT(contrast[AT] > 3.5f);
}

TEST(sizes_have_no_sign_and_wildness_only_grows)
{
    EXPECT_F64((double)signs_size(SIGN_STEP, -3), 3, 0);
    EXPECT_F64((double)signs_size(SIGN_WILD, -3), 0, 0);
    EXPECT_F64((double)signs_size(SIGN_WILD, 3), 3, 0);
    EXPECT(signs_is_contrast(SIGN_WHOLE) && signs_is_contrast(SIGN_LATE));
    EXPECT(!signs_is_contrast(SIGN_WILD));
}

TEST(surprise_names_the_most_surprising_sign)
{
    struct signs signs = {.n_points = 1};
    bool known[SIGNS] = {false};
    float values[SIGNS] = {0};
    enum sign best = SIGN_LATE;
    EXPECT_F64(signs_surprise(&signs, values, known, &best), 0, 0);
    for (size_t s = 0; s < SIGNS; s++) {
        signs.has[s] = known[s] = true;
        signs.tails[s] = (struct tail){2, 1, 0.05, 0.1};
        values[s] = 1;
    }
    values[SIGN_RAMP] = 6;
    double surprise = signs_surprise(&signs, values, known, &best);
    EXPECT_I64(best, SIGN_RAMP);
    /* the mean of 1/p over nine signs */
    double most = tail_surprise(&signs.tails[0], 6), other = tail_surprise(&signs.tails[0], 1);
    EXPECT_F64(surprise, log((exp(most) + (SIGNS - 1) * exp(other)) / SIGNS), 1e-9);
    known[SIGN_RAMP] = false;
    EXPECT_F64(signs_surprise(&signs, values, known, &best), other, 1e-9);
}

RUN_TESTS(test_of(filters_are_about_normal_where_nothing_happens),
          test_of(each_shape_is_best_seen_by_its_filter_at_its_beginning),
          test_of(a_look_rests_on_the_points_before_until), test_of(a_part_of_a_look_is_the_same),
          test_of(contrasts_tell_the_whole_horizon_from_the_one_before),
          test_of(a_whole_contrast_is_less_its_usual_one),
          test_of(sizes_have_no_sign_and_wildness_only_grows),
          test_of(surprise_names_the_most_surprising_sign))
