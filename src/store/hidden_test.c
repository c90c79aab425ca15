#include "store/hidden.h"

#include <math.h>
#include <stdio.h>

#include "kit/kit.h"
#include "store/keeper.h"
#include "store/store_kit.c"

enum { FIRST_S = 1700000000 };

static const char *const SERIES = "prod.host00.load"; /* the kit's first */

static void start(struct store_kit *kit)
{
    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(kit, "10s:30d", "average", FIRST_S - 1000, 1000);
    EXPECT(store_kit_open(kit));
}

static bool is_seen(const struct store_kit *kit, const char *name)
{
    const struct source source = store_source(kit->store);
    const struct tag_expr expr = {.key = "name", .value = name, .op = TAG_IS};
    struct source_nodes nodes = {0};
    EXPECT_OK(source.ops->find_tagged(source.self, &expr, 1, 10, &kit_arena, &nodes, &kit_err));
    return nodes.n > 0;
}

static void hide(const struct store_kit *kit, const char *name, bool is_hidden)
{
    const struct str text = str_of(name);
    EXPECT_OK(store_hide(kit->store, &text, 1, is_hidden, &kit_err));
}

TEST(stays_hidden_until_told_again)
{
    struct store_kit kit;
    start(&kit);
    EXPECT(is_seen(&kit, SERIES));
    hide(&kit, "prod..host00.load", true); /* any spelling */
    EXPECT(!is_seen(&kit, SERIES));
    EXPECT(is_seen(&kit, "prod.host01.load"));
    hide(&kit, "no.such", true); /* which is fine, and makes none */
    EXPECT(!is_seen(&kit, "no.such"));
    store_kit_close(&kit);
    EXPECT(store_kit_open(&kit));
    EXPECT(!is_seen(&kit, SERIES));
    hide(&kit, SERIES, false);
    EXPECT(is_seen(&kit, SERIES));
    store_kit_crash(&kit);
    EXPECT(is_seen(&kit, SERIES));
    store_kit_done(&kit);
}

TEST(keeps_its_points_and_its_place_in_the_tree)
{
    struct store_kit kit;
    struct source_nodes nodes = {0};
    start(&kit);
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S, 7), SINK_OK);
    hide(&kit, SERIES, true);
    EXPECT_F64(store_kit_read(&kit, 0, FIRST_S, FIRST_S + 1, 60)->values[0], 7, 0);
    const struct source source = store_source(kit.store);
    EXPECT_OK(source.ops->all(source.self, &kit_arena, &nodes, &kit_err));
    EXPECT_I64(nodes.n, STORE_KIT_SERIES);
    store_kit_done(&kit);
}

TEST(comes_back_with_a_later_point_only)
{
    struct store_kit kit;
    start(&kit);
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S - 10, 1), SINK_OK);
    hide(&kit, SERIES, true);
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S, 1), SINK_OK); /* of the slot that was running */
    store_kit_commit(&kit);
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    EXPECT(!is_seen(&kit, SERIES));
    kit_now_us += 10000000;
    EXPECT_I64(store_kit_put(&kit, 0, FIRST_S + 10, 1), SINK_OK);
    store_kit_commit(&kit);
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    EXPECT(is_seen(&kit, SERIES));
    store_kit_close(&kit);
    EXPECT(store_kit_open(&kit));
    EXPECT(is_seen(&kit, SERIES));
    store_kit_done(&kit);
}

TEST(what_is_no_name_is_refused_whole)
{
    struct store_kit kit;
    start(&kit);
    const struct str mixed[] = {str_of(SERIES), str_of("a;b")};
    EXPECT_ERR(store_hide(kit.store, mixed, 2, true, &kit_err), ERR_INPUT, "'a;b': bad tag");
    EXPECT(is_seen(&kit, SERIES));
    store_kit_done(&kit);
}

RUN_TESTS(test_of(stays_hidden_until_told_again),
          test_of(keeps_its_points_and_its_place_in_the_tree),
          test_of(comes_back_with_a_later_point_only), test_of(what_is_no_name_is_refused_whole))
