/* When partitions are merged and written for good; that nothing changes by it. */
#include "store/merge.h"

#include "kit/kit.h"
#include "store/keeper.h"
#include "store/store.h"
#include "store/store_kit.c"

enum {
    DAY_S = 86400,
    FIRST_S = 1700006400, /* a day of slots of 10 s begins: a partition */
    SERIES = 6,
};

struct files_count {
    size_t n, n_cold;
};

static struct files_count count_files(const struct store_kit *kit, uint8_t level)
{
    struct files_version *version = files_ref(kit->store->files);
    struct files_count count = {0};
    for (size_t i = 0; i < version->n; i++) {
        const struct files_item *item = version->items[i];
        if (item->info.level != level)
            continue;
        count.n++;
        count.n_cold += block_info(item->block)->is_cold;
        EXPECT_OK(block_verify(item->block, &kit_err));
    }
    files_unref(kit->store->files, version);
    return count;
}

/* The keeper's pass after so much time. */
static void pass_after(struct store_kit *kit, int64_t wait_s)
{
    kit_now_us += wait_s * 1000000;
    EXPECT_OK(keeper_pass(kit->store, &kit_err));
}

/* Whole numbers that mostly stay as they are; each round has others. */
static void put_days(struct store_kit *kit, uint32_t n_slots, int round)
{
    double values[SERIES] = {0};
    for (uint32_t slot = 0; slot < n_slots; slot++)
        for (size_t i = 0; i < SERIES; i++) {
            values[i] += kit_random_below(5) ? 0 : (double)kit_random_below(3) - 1 + round;
            EXPECT_I64(store_kit_put(kit, i, FIRST_S + 10 * (int64_t)slot, values[i]), SINK_OK);
        }
    store_kit_commit(kit);
    EXPECT_OK(store_seal(kit->store, &kit_err));
}

static void start(struct store_kit *kit, const char *retentions, int64_t n_days)
{
    kit_now_us = (FIRST_S + n_days * DAY_S) * 1000000;
    store_kit_init(kit, retentions, "average", FIRST_S, 2 * 8640);
    EXPECT(store_kit_open(kit));
}

TEST(a_past_partition_is_written_for_good_once_it_is_quiet)
{
    struct store_kit kit;
    start(&kit, "10s:30d", 9);
    put_days(&kit, 2 * 8640, 0);
    const size_t n = count_files(&kit, 0).n;
    EXPECT(n >= 2);
    pass_after(&kit, 0);
    pass_after(&kit, 599);
    EXPECT_I64(count_files(&kit, 0).n_cold, 0);
    EXPECT_I64(count_files(&kit, 0).n, n);
    pass_after(&kit, 2); /* one partition a pass */
    EXPECT_I64(count_files(&kit, 0).n_cold, 1);
    pass_after(&kit, 0);
    EXPECT_I64(count_files(&kit, 0).n_cold, 2);
    EXPECT_I64(count_files(&kit, 0).n, 2);
    EXPECT(store_kit_agrees(&kit));
    store_kit_crash(&kit);
    EXPECT_I64(count_files(&kit, 0).n_cold, 2);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(a_partition_that_points_still_come_to_is_left_alone)
{
    struct store_kit kit;
    start(&kit, "10s:30d", 9);
    put_days(&kit, 8640, 0);
    pass_after(&kit, 0);
    for (int i = 0; i < 5; i++) {
        EXPECT_I64(store_kit_put(&kit, 1, FIRST_S + 70 * (int64_t)i, i / 8.0), SINK_OK);
        store_kit_commit(&kit);
        EXPECT_OK(store_seal(kit.store, &kit_err));
        pass_after(&kit, 500);
        EXPECT_I64(count_files(&kit, 0).n_cold, 0);
    }
    pass_after(&kit, 601);
    EXPECT_I64(count_files(&kit, 0).n_cold, 1);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(it_is_written_again_when_much_of_it_is_new_and_not_for_a_few_points)
{
    struct store_kit kit;
    start(&kit, "10s:30d", 9);
    put_days(&kit, 8640, 0);
    pass_after(&kit, 0);
    pass_after(&kit, 601);
    EXPECT_I64(count_files(&kit, 0).n_cold, 1);
    EXPECT_I64(store_kit_put(&kit, 2, FIRST_S + 4000, 0.125), SINK_OK);
    store_kit_commit(&kit);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    pass_after(&kit, 0);
    pass_after(&kit, 10000);
    EXPECT_I64(count_files(&kit, 0).n, 2);
    EXPECT_I64(count_files(&kit, 0).n_cold, 1);
    EXPECT(store_kit_agrees(&kit));
    put_days(&kit, 8000, 1);
    pass_after(&kit, 0);
    pass_after(&kit, 601);
    EXPECT_I64(count_files(&kit, 0).n, 1);
    EXPECT_I64(count_files(&kit, 0).n_cold, 1);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

/* Ten-minute points for two weeks; the fine archive keeps two days, a coarse partition is six. */
TEST(coarse_partitions_are_written_for_good_when_the_fine_ones_are_gone)
{
    struct store_kit kit;
    start(&kit, "10s:2d,60s:90d", 0);
    for (int day = 0; day < 14; day++) {
        for (int64_t at_s = 0; at_s < DAY_S; at_s += 600) {
            kit_now_us += 600 * 1000000ll;
            for (size_t i = 0; i < SERIES; i++) {
                struct sink_point point = {kit.ids[i], (uint32_t)store_kit_now_s(),
                                           (double)kit_random_below(40) / 8};
                enum sink_fate fate;
                EXPECT_I64(store_sink(kit.store).ops->put(kit.writer, &point, 1, &fate), 1);
            }
            store_kit_commit(&kit);
            EXPECT_OK(keeper_pass(kit.store, &kit_err));
        }
    }
    EXPECT(count_files(&kit, 1).n_cold >= 1);
    EXPECT(count_files(&kit, 0).n_cold >= 1);
    const int64_t until_s = store_kit_now_s();
    const struct series *before =
        store_kit_read(&kit, 3, until_s - 13 * DAY_S, until_s, 80 * DAY_S);
    EXPECT(before && before->n_points == 13 * 1440);
    size_t n_values = 0;
    for (size_t i = 0; before && i < before->n_points; i++)
        n_values += !is_gap(before->values[i]);
    EXPECT_I64(n_values, 13 * 144);
    store_kit_done(&kit);
}

TEST(heads_are_sealed_while_a_long_merge_goes_on)
{
    struct store_kit kit;
    start(&kit, "10s:30d", 9);
    kit.tuning.merge_turn_us = 0;
    store_kit_close(&kit);
    EXPECT(store_kit_open(&kit));
    put_days(&kit, 8640, 0);
    pass_after(&kit, 0);
    for (size_t i = 0; i < SERIES; i++) {
        struct sink_point point = {kit.ids[i], (uint32_t)store_kit_now_s(), (double)i};
        enum sink_fate fate;
        EXPECT_I64(store_sink(kit.store).ops->put(kit.writer, &point, 1, &fate), 1);
    }
    store_kit_commit(&kit);
    kit_now_us += 3600 * 1000000ll;
    EXPECT_OK(merge_due(kit.store, &kit_err));
    EXPECT_I64(count_files(&kit, 0).n_cold, 1);
    EXPECT_I64(count_files(&kit, 0).n, 2); /* and what was sealed */
    EXPECT(store_kit_agrees(&kit));
    const struct series *got =
        store_kit_read(&kit, 3, FIRST_S + 9 * DAY_S, FIRST_S + 9 * DAY_S + 1, DAY_S);
    EXPECT(got && got->n_points == 1);
    EXPECT_F64(got->values[0], 3, 0);
    store_kit_crash(&kit);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

RUN_TESTS(test_of(a_past_partition_is_written_for_good_once_it_is_quiet),
          test_of(a_partition_that_points_still_come_to_is_left_alone),
          test_of(it_is_written_again_when_much_of_it_is_new_and_not_for_a_few_points),
          test_of(coarse_partitions_are_written_for_good_when_the_fine_ones_are_gone),
          test_of(heads_are_sealed_while_a_long_merge_goes_on))
