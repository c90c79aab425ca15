#include "store/store.h"

#include <math.h>
#include <stdio.h>

#include "kit/kit.h"
#include "store/keeper.h"
#include "store/seal.h"
#include "store/store_kit.c"

enum { FIRST_S = 1700000000 };

/* A point now, late, much too late or early, in a random order. */
static int64_t random_time(const struct store_kit *kit)
{
    const int64_t now_s = store_kit_now_s(), first_s = (int64_t)kit->first_slot * kit->step_s;
    const uint64_t dice = kit_random_below(10);

    if (dice < 6)
        return now_s - (int64_t)kit_random_below(5 * kit->step_s);
    if (dice < 8)
        return now_s - (int64_t)kit_random_below(100 * kit->step_s);
    if (dice < 9)
        return now_s + (int64_t)kit_random_below(31 * kit->step_s);
    return first_s + (int64_t)kit_random_below((uint64_t)(now_s - first_s) + 1);
}

/* All series slot by slot, as somebody who replays history sends them. */
static void replay_some(struct store_kit *kit)
{
    const int64_t first_s = (int64_t)kit->first_slot * kit->step_s;
    int64_t at_s = first_s + (int64_t)kit_random_below((uint64_t)(store_kit_now_s() - first_s) + 1);
    struct sink_point points[STORE_KIT_SERIES];
    enum sink_fate fates[STORE_KIT_SERIES];

    for (uint64_t n = kit_random_below(100); n > 0 && at_s <= store_kit_now_s(); n--) {
        const size_t n_series = 1 + kit_random_below(STORE_KIT_SERIES);
        for (size_t i = 0; i < n_series; i++) {
            points[i] = (struct sink_point){kit->ids[i], (uint32_t)at_s, store_kit_value()};
            kit->values[i][at_s / kit->step_s - kit->first_slot] = points[i].value;
        }
        EXPECT_I64(store_sink(kit->store).ops->put(kit->writer, points, n_series, fates), n_series);
        at_s += kit->step_s;
    }
    store_kit_commit(kit);
}

static void random_step(struct store_kit *kit)
{
    const uint64_t dice = kit_random_below(100);

    if (dice < 10) {
        replay_some(kit);
    } else if (dice < 70) {
        for (uint64_t n = kit_random_below(60); n > 0; n--) {
            size_t series = kit_random_below(STORE_KIT_SERIES);
            int64_t at_s = random_time(kit);
            EXPECT_I64(store_kit_put(kit, series, at_s, store_kit_value()), SINK_OK);
        }
        store_kit_commit(kit);
    } else if (dice < 85) {
        kit_now_us += (int64_t)(kit_random_below(40) * kit->step_s) * 1000000;
    } else if (dice < 93) {
        EXPECT_OK(keeper_pass(kit->store, &kit_err));
    } else if (dice < 95) {
        EXPECT_OK(store_seal(kit->store, &kit_err));
    } else if (dice < 97) {
        store_kit_close(kit);
        EXPECT(store_kit_open(kit));
    } else if (dice < 98) {
        store_kit_crash(kit);
    } else {
        EXPECT(store_kit_agrees(kit));
    }
}

TEST(agrees_with_a_plain_array)
{
    static const struct {
        const char *row, *retentions;
        uint32_t step_s;
    } rows[] = {
        {"ten seconds", "10s:30d", 10},
        {"a minute", "60s:10y", 60},
        {"a second", "1s:2d", 1},
        {"three archives", "10s:30d,60s:60d,600s:5y", 10},
    };
    EACH_ROW (rows, r) {
        struct store_kit kit;
        kit_now_us = (FIRST_S + 200 * (int64_t)r->step_s) * 1000000;
        store_kit_init(&kit, r->retentions, "average", FIRST_S, 12000);
        kit.tuning.late_flush_us = 500 * (int64_t)r->step_s * 1000000;
        kit.tuning.files_merge = 4;
        kit.tuning.late_run = 4;
        EXPECT(store_kit_open(&kit));
        for (int i = 0; i < 400 && kit_failures() == 0; i++)
            random_step(&kit);
        EXPECT(store_kit_agrees(&kit));
        store_kit_done(&kit);
    }
}

/* ---- coarser archives ---- */

/* What a coarse slot should be, aggregated step by step from the plain array. */
static double expected(const struct store_kit *kit, const struct schema *schema, size_t series,
                       size_t level, int64_t slot)
{
    double finer[64];

    if (level == 0) {
        int64_t at = slot - kit->first_slot;
        return at >= 0 && at < kit->n_slots ? kit->values[series][at] : (double)NAN;
    }
    const int64_t ratio = schema->archives[level].step_s / schema->archives[level - 1].step_s;
    for (int64_t i = 0; i < ratio; i++)
        finer[i] = expected(kit, schema, series, level - 1, slot * ratio + i);
    return aggregate(schema, finer, (size_t)ratio);
}

static void expect_level(struct store_kit *kit, const struct schema *schema, size_t level)
{
    const int64_t step_s = schema->archives[level].step_s;
    const int64_t age_s = shared_retention_s(schema, level);
    const int64_t oldest_s = (int64_t)kit->first_slot * kit->step_s;

    for (size_t i = 0; i < STORE_KIT_SERIES; i++) {
        const struct series *got = store_kit_read(
            kit, i, max_i64(oldest_s, store_kit_now_s() - age_s + 1), store_kit_now_s() + 1, age_s);
        EXPECT(got && got->step_s == step_s);
        for (size_t k = 0; got && k < got->n_points && kit_failures() < 5; k++) {
            double want = expected(kit, schema, i, level, got->start_s / step_s + (int64_t)k);
            EXPECT_F64(got->values[k], want, fabs(want) * 1e-12);
        }
    }
}

/* Twelve hours of seconds; the finest archive keeps one hour of them. */
static void age_day(struct store_kit *kit, const struct schema *schema)
{
    for (int i = 0; i < 12 * 3600 / 40 && kit_failures() == 0; i++) {
        kit_now_us += 40 * 1000000ll;
        for (int k = 0; k < 60; k++) {
            int64_t late_s = kit_random_below(8) ? 40 : 3500;
            int64_t at_s = store_kit_now_s() - (int64_t)kit_random_below((uint64_t)late_s);
            if (at_s < (int64_t)kit->first_slot)
                continue;
            (void)store_kit_put(kit, kit_random_below(STORE_KIT_SERIES), at_s,
                                (double)kit_random_below(1000));
        }
        store_kit_commit(kit);
        EXPECT_OK(keeper_pass(kit->store, &kit_err));
        if (i % 211 == 200)
            store_kit_crash(kit);
        if (i % 100 == 99)
            for (size_t level = 0; level < schema->n_archives; level++)
                expect_level(kit, schema, level);
    }
}

TEST(coarser_archives_follow_the_finest)
{
    static const struct {
        const char *row, *aggregation;
    } rows[] = {{"average", "average"}, {"sum", "sum"}, {"last", "last"}, {"max", "max"}};
    const char *retentions = "1s:1h,10s:6h,60s:30d";

    EACH_ROW (rows, r) {
        struct store_kit kit;
        struct schema schema = {0};
        struct store_stats stats;
        bool is_default;

        kit_now_us = FIRST_S * 1000000ll;
        store_kit_init(&kit, retentions, r->aggregation, FIRST_S, 13 * 3600);
        kit.tuning.late_flush_us = 600 * 1000000ll;
        kit.tuning.late_run = 2;
        EXPECT(store_kit_open(&kit));
        schema = schemas_find(kit.schemas, str_of("prod.host00.load"), &is_default);
        age_day(&kit, &schema);
        store_stats(kit.store, &stats);
        EXPECT(stats.n_files > 0 && stats.n_files < 60);
        store_kit_done(&kit);
    }
}

TEST(late_points_count_in_what_is_rolled_up)
{
    enum { PARTITION_S = 1699997760 /* the first second of one of 8640 */, LAST_S = 8640 };
    struct store_kit kit;
    struct sink_point points[STORE_KIT_SERIES];
    enum sink_fate fates[STORE_KIT_SERIES];

    kit_now_us = (PARTITION_S + 8000) * 1000000ll;
    store_kit_init(&kit, "1s:1h,60s:1d", "average", PARTITION_S, 20000);
    kit.tuning.late_run = 4;
    kit.tuning.late_flush_us = 86400 * 1000000ll;
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s(), 7.0), SINK_OK);
    EXPECT_OK(store_seal(kit.store, &kit_err));

    kit_now_us = (PARTITION_S + LAST_S + 1200) * 1000000ll;
    for (int at = LAST_S - 60; at < LAST_S; at++) {
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            points[i] = (struct sink_point){kit.ids[i], (uint32_t)(PARTITION_S + at), at % 60};
        EXPECT_I64(store_sink(kit.store).ops->put(kit.writer, points, STORE_KIT_SERIES, fates),
                   STORE_KIT_SERIES);
    }
    store_kit_commit(&kit);
    for (int i = 0; i < 3; i++) {
        const struct series *got =
            store_kit_read(&kit, 5, PARTITION_S + LAST_S - 60, PARTITION_S + LAST_S, 7200);
        EXPECT_I64(got ? got->step_s : 0, 60);
        EXPECT_F64(got ? got->values[0] : 0, 29.5, 0);
        kit_now_us = (PARTITION_S + LAST_S + 3700 + i * 10) * 1000000ll;
        EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s(), 7.0), SINK_OK);
        EXPECT_OK(keeper_pass(kit.store, &kit_err)); /* the fine partition goes */
        EXPECT(i == 0 || seal_late(kit.store, &kit_err));
    }
    store_kit_done(&kit);
}

/* ---- spans ---- */

TEST(clips_spans_as_the_contract_says)
{
    static const struct {
        const char *row;
        int64_t from, until; /* from now */
        int64_t start, n;    /* n 0: no series */
    } rows[] = {
        {"a minute", -60, 0, -60, 6},
        {"up to now and no further", -20, 500, -20, 3},
        {"one second that holds a slot", 0, 1, 0, 1},
        {"no slot inside: the first one after", -15, -12, -10, 1},
        {"after now", 10, 20, 0, 0},
        {"before everything", -90000, -86500, 0, 0},
        {"partly before everything", -90000, -86380, -86390, 1},
    };
    struct store_kit kit;
    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(&kit, "10s:1d", "average", FIRST_S, 10);
    EXPECT(store_kit_open(&kit));
    EACH_ROW (rows, r) {
        const struct series *got =
            store_kit_read(&kit, 0, FIRST_S + r->from, FIRST_S + r->until, 60);
        EXPECT_I64(got ? got->n_points : 0, r->n);
        if (got && r->n > 0)
            EXPECT_I64(got->start_s - FIRST_S, r->start);
    }
    store_kit_done(&kit);
}

TEST(refuses_what_is_too_old_or_too_new)
{
    static const struct {
        const char *row;
        int64_t at; /* from now */
        enum sink_fate fate;
    } rows[] = {
        {"now", 0, SINK_OK},
        {"a little ahead", 320, SINK_OK},
        {"far ahead", 340, SINK_TOO_NEW},
        {"years ahead", 400000000, SINK_TOO_NEW},
        {"as old as can be", -86399, SINK_OK},
        {"too old", -86400, SINK_TOO_OLD},
    };
    struct store_kit kit;
    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(&kit, "10s:1d", "average", FIRST_S - 86400, 10000);
    EXPECT(store_kit_open(&kit));
    EACH_ROW (rows, r) {
        EXPECT_I64(store_kit_put(&kit, 0, FIRST_S + r->at, 1.5), r->fate);
    }
    store_kit_commit(&kit);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

/* ---- clocks, silence, backfill ---- */

TEST(a_clock_set_back_loses_nothing)
{
    struct store_kit kit;
    kit_now_us = (FIRST_S + 100000) * 1000000ll;
    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 12000);
    EXPECT(store_kit_open(&kit));
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 50; i++)
            (void)store_kit_put(&kit, (size_t)i % 12, store_kit_now_s() - i * 10, i + round * 100);
        store_kit_commit(&kit);
        EXPECT_OK(keeper_pass(kit.store, &kit_err));
        const int64_t now_us = kit_now_us;
        kit_now_us = (FIRST_S + 119990) * 1000000ll;
        EXPECT(store_kit_agrees(&kit));
        store_kit_crash(&kit);
        EXPECT(store_kit_agrees(&kit));
        kit_now_us = now_us - 20000 * 1000000ll + (round == 2 ? 50000 * 1000000ll : 0);
    }
    store_kit_done(&kit);
}

TEST(a_series_that_stopped_is_sealed)
{
    struct store_kit kit;
    struct store_stats stats;

    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(&kit, "10s:30d", "average", FIRST_S - 1000, 1000);
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(store_kit_put(&kit, 3, FIRST_S, 42.0), SINK_OK);
    store_kit_commit(&kit);
    kit_now_us += 7200 * 1000000ll;
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    store_stats(kit.store, &stats);
    EXPECT_I64(stats.n_files, 1);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(backfill_of_past_days_series_by_series)
{
    struct store_kit kit;
    const int64_t month_s = 30 * 86400;

    kit_now_us = (FIRST_S + month_s) * 1000000ll;
    store_kit_init(&kit, "60s:10y", "average", FIRST_S, 30 * 1440);
    EXPECT(store_kit_open(&kit));
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        for (int64_t k = 0; k < 2880; k++)
            EXPECT_I64(store_kit_put(&kit, i, FIRST_S + k * 60, (double)k / 4), SINK_OK);
    store_kit_commit(&kit);
    EXPECT(store_kit_agrees(&kit));
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT_I64(store_kit_put(&kit, 5, FIRST_S + 600, -1.25), SINK_OK);
    store_kit_commit(&kit);
    EXPECT(store_kit_agrees(&kit));
    store_kit_crash(&kit);
    EXPECT(store_kit_agrees(&kit));
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(waits_for_the_disk_when_told_to)
{
    struct store_kit kit;
    struct sink_writer *writer;

    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(&kit, "10s:30d", "average", FIRST_S - 1000, 1000);
    kit.tuning.has_no_threads = false;
    struct store_options options = store_kit_options(&kit);
    options.fsync_interval_ms = 0;
    options.writers_max = 1;
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    const struct sink_ops *ops = store_sink(kit.store).ops;
    EXPECT_OK(ops->writer_open(kit.store, &kit.writer, &kit_err));
    EXPECT_ERR(ops->writer_open(kit.store, &writer, &kit_err), ERR_LIMIT, "writers");
    for (int i = 0; i < 20; i++) {
        EXPECT_I64(store_kit_put(&kit, 0, FIRST_S - i * 10, i), SINK_NAME_BAD); /* no such id yet */
        struct str name = str_of("prod.host00.load");
        enum sink_fate fate;
        ops->resolve(kit.writer, &name, 1, &kit.ids[0], &fate);
        EXPECT_I64(store_kit_put(&kit, 0, FIRST_S - i * 10, i), SINK_OK);
        store_kit_commit(&kit);
        EXPECT_OK(ops->barrier(kit.store, &kit_err));
        kit.ids[0] = 77;
    }
    kit.ids[0] = 0;
    const struct series *got = store_kit_read(&kit, 0, FIRST_S - 190, FIRST_S + 1, 60);
    for (int i = 0; i < 20; i++)
        EXPECT_F64(got->values[19 - i], i, 0);
    store_kit_done(&kit);
}

RUN_TESTS(test_of(agrees_with_a_plain_array), test_of(coarser_archives_follow_the_finest),
          test_of(late_points_count_in_what_is_rolled_up),
          test_of(clips_spans_as_the_contract_says), test_of(refuses_what_is_too_old_or_too_new),
          test_of(a_clock_set_back_loses_nothing), test_of(a_series_that_stopped_is_sealed),
          test_of(backfill_of_past_days_series_by_series), test_of(waits_for_the_disk_when_told_to))
