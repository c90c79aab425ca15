#include "impact/slice.h"

#include "impact/world_kit.h"
#include "kit/fake_weigh.h"

static const int64_t MIN = 60, HOUR = 3600;

/* A slice of web.logins, with shop.sales as its control, weighed around an hour ago. */
static struct slice load(struct world *world, enum panel_lack lacks[1])
{
    static const struct impact_wish wish;
    const struct panel_question question = {.options = &world->options,
                                            .wish = &wish,
                                            .service = "web",
                                            .at_s = WORLD_NOW_S - HOUR,
                                            .until_s = WORLD_NOW_S,
                                            .now_s = WORLD_NOW_S,
                                            .step_s = 60,
                                            .n_max = 10};
    struct panel_list list = {0};
    struct panel_slice *cut, one;
    struct slice slice = {0};
    size_t n;
    EXPECT_OK(panel_choose(&question, &kit_arena, &list, &kit_err));
    panel_cut(&question, &list, &kit_arena, &cut, &n);
    EXPECT_I64(cut[0].n, 2);
    one = cut[0];
    one.n = one.n_controls = 1;
    if (strcmp(one.metrics[0]->name, "web.logins") != 0) {
        struct panel_metric *first = one.metrics[0];
        one.metrics[0] = one.metrics[1];
        one.metrics[1] = first;
    }
    EXPECT_OK(slice_load(&question, &one, HOUR, &kit_arena, lacks, &slice, &kit_err));
    return slice;
}

TEST(a_slice_begins_with_its_own_first_point)
{
    struct world *world = world_new();
    double *logins = world_add(world, "web.logins");
    enum panel_lack lack;
    (void)world_add(world, "shop.sales");
    struct slice slice = load(world, &lack);
    EXPECT_I64(slice.grid.from_s, WORLD_NOW_S - (int64_t)WORLD_DAYS * 86400);
    for (int64_t i = 0; i < WORLD_POINTS - 5 * 60; i++)
        logins[i] = (double)NAN;
    slice = load(world, &lack);
    EXPECT_I64(lack, PANEL_HAS_ALL);
    EXPECT_I64(slice.grid.from_s, WORLD_NOW_S - 5 * HOUR);
    EXPECT_I64(slice.grid.n, 5 * 60);
    EXPECT_I64(slice.first, 4 * 60);
    EXPECT_I64(slice.horizon, 60);
    EXPECT(slice.n == 2 && slice.n_own == 1 && slice.weigh);
    EXPECT_F64(slice.rows[0][0], logins[WORLD_POINTS - 5 * 60], 0);
}

TEST(a_slice_without_a_metric_to_weigh_is_not_learned)
{
    struct world *world = world_new();
    double *logins = world_add(world, "web.logins");
    enum panel_lack lack;
    (void)world_add(world, "shop.sales");
    for (int64_t i = 0; i < WORLD_POINTS - 90; i++)
        logins[i] = (double)NAN;
    const struct slice slice = load(world, &lack);
    EXPECT_I64(lack, PANEL_SHORT);
    EXPECT(slice.n_own == 0 && !slice.weigh);
}

TEST(changes_have_their_place_and_their_scope)
{
    struct world *world = world_new();
    enum panel_lack lack;
    (void)world_add(world, "web.logins");
    (void)world_add(world, "shop.sales");
    world_change(world, "web", -HOUR + 90);
    world_change(world, "shop", 10 * HOUR);
    world_change(world, "shop", -100 * HOUR);
    const struct slice slice = load(world, &lack);
    const struct weigh_change *changes =
        slice_changes(&slice, &world->rules, world->list, 3, &kit_arena).items;
    EXPECT_I64(changes[0].first, slice.first + 1);
    EXPECT(changes[0].in_scope[0] && !changes[0].in_scope[1]);
    EXPECT_I64(changes[1].first, slice.grid.n);
    EXPECT(!changes[1].in_scope[0] && changes[1].in_scope[1]);
    EXPECT_I64(changes[2].first, 0);
}

TEST(a_short_horizon_and_a_long_one_have_their_step)
{
    EXPECT_I64(slice_step_s(15 * MIN), 60);
    EXPECT_I64(slice_step_s(6 * HOUR), 60);
    EXPECT_I64(slice_step_s(24 * HOUR), 900);
}

RUN_TESTS(test_of(a_slice_begins_with_its_own_first_point),
          test_of(a_slice_without_a_metric_to_weigh_is_not_learned),
          test_of(changes_have_their_place_and_their_scope),
          test_of(a_short_horizon_and_a_long_one_have_their_step))
