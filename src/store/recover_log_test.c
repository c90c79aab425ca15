/* What the log alone holds after a crash, of more series than a page of the head has: in runs and in an
 * order of their own, some of it in files already. */
#include <math.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "store/keeper.h"
#include "store/lowmark.h"
#include "store/store.h"
#include "store/store_kit.c"
#include "store/sync.h"
#include "store/wal.h"

enum {
    SERIES = 5000, /* more than a tablet; a page has 512 */
    SLOTS = 12,    /* of the array, of which some are late and some are recent */
    LATE_SLOTS = 6,
    STEP_S = 10,
    NOW_S = 1700000000,
    EARLY_S = NOW_S - 20000, /* below the window of the head */
    AT_ONCE = 700,           /* points of a put, so that they straddle pages */
};

struct world {
    struct store_kit kit;
    const struct sink_ops *ops;
    uint32_t *ids;
    double *values; /* [SLOTS][SERIES] */
};

static uint32_t at_of(size_t slot)
{
    return (uint32_t)(slot < LATE_SLOTS ? EARLY_S : NOW_S - 500) + (uint32_t)slot * STEP_S;
}

static void open_world(struct world *world)
{
    EXPECT(store_kit_open_bare(&world->kit));
    world->ops = store_sink(world->kit.store).ops;
}

/* As a kill leaves it. */
static void crash(struct world *world)
{
    store_kit_kill(&world->kit);
    open_world(world);
}

static void begin(struct world *world)
{
    kit_now_us = NOW_S * 1000000ll;
    *world = (struct world){.ids = mem_array(SERIES, uint32_t),
                            .values = mem_array(SERIES * SLOTS, double)};
    store_kit_init(&world->kit, "10s:30d", "average", EARLY_S, 10);
    world->kit.tuning.wal_segment_bytes = 32 << 10;
    open_world(world);
    for (size_t i = 0; i < SERIES; i++) {
        const struct str name = str_of(arena_printf(&kit_arena, "s.%05zu", i));
        enum sink_fate fate;
        world->ops->resolve(world->kit.writer, &name, 1, &world->ids[i], &fate);
        EXPECT_I64(fate, SINK_OK);
    }
    for (size_t i = 0; i < SERIES * SLOTS; i++)
        world->values[i] = (double)NAN;
}

static void end(struct world *world)
{
    store_kit_done(&world->kit);
    mem_free(world->ids);
    mem_free(world->values);
}

/* One value each of the first series, in one batch. */
static void put_first(struct world *world, size_t slot, size_t n)
{
    struct sink_point points[AT_ONCE];
    enum sink_fate fates[AT_ONCE];

    for (size_t i = 0; i < n; i++) {
        const double value = world->values[slot * SERIES + i] = store_kit_value();
        points[i] = (struct sink_point){world->ids[i], at_of(slot), value};
    }
    EXPECT_I64(world->ops->put(world->kit.writer, points, n, fates), n);
    EXPECT_OK(world->ops->commit(world->kit.writer, &kit_err));
}

/* One value of each series, in groups of so many that stay together. */
static void put(struct world *world, size_t slot, size_t group)
{
    CLEANUP(mem_done) struct sink_point *points = mem_array(SERIES, struct sink_point);
    CLEANUP(mem_done) uint32_t *order = mem_array(SERIES / group + 1, uint32_t);
    enum sink_fate fates[AT_ONCE];
    const size_t n_groups = (SERIES + group - 1) / group;
    size_t n = 0;

    for (uint32_t i = 0; i < n_groups; i++)
        order[i] = i;
    for (size_t i = n_groups; i > 1 && group < SERIES; i--) {
        const size_t other = kit_random_below(i);
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = order[g] * group; i < min_size(SERIES, (order[g] + 1) * group); i++) {
            const double value = store_kit_value();
            world->values[slot * SERIES + i] = value;
            points[n++] = (struct sink_point){world->ids[i], at_of(slot), value};
        }
    for (size_t i = 0; i < n; i += AT_ONCE) {
        const size_t n_put = min_size(AT_ONCE, n - i);
        EXPECT_I64(world->ops->put(world->kit.writer, points + i, n_put, fates), n_put);
        EXPECT_OK(world->ops->commit(world->kit.writer, &kit_err));
    }
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* How many values are not what was put, of slots [from, until), which follow each other in time. */
static size_t n_wrong(struct world *world, size_t from, size_t until)
{
    const struct source_span span = {at_of(from), at_of(until - 1) + STEP_S, NOW_S, 60};
    size_t n_series, n = 0;
    struct series **all = store_kit_read_all(&world->kit, &span, &n_series);

    EXPECT_I64(n_series, SERIES);
    for (size_t i = 0; i < n_series; i++) {
        size_t series = 0;
        for (const char *at = all[i]->name + 2; *at; at++)
            series = series * 10 + (size_t)(*at - '0');
        EXPECT_I64(all[i]->n_points, until - from);
        for (size_t k = from; k < until; k++)
            n += !same(all[i]->values[k - from], world->values[k * SERIES + series]);
    }
    return n;
}

static void expect_all(struct world *world)
{
    EXPECT_I64(n_wrong(world, 0, LATE_SLOTS), 0);
    EXPECT_I64(n_wrong(world, LATE_SLOTS, SLOTS), 0);
}

static uint64_t n_recovered(const struct world *world)
{
    struct store_stats stats;
    store_stats(world->kit.store, &stats);
    EXPECT_I64(world->kit.store->n_damaged, 0);
    return stats.n_points_recovered;
}

/* first: in what order the series get their lanes */
static void all_orders(size_t first)
{
    const size_t groups[LATE_SLOTS] = {first, 1, SERIES, 20, 700, SERIES};
    struct world world;

    begin(&world);
    for (size_t i = 0; i < LATE_SLOTS; i++)
        put(&world, i, groups[i]);
    for (size_t i = 0; i < LATE_SLOTS; i++)
        put(&world, LATE_SLOTS + i, groups[i]);
    put(&world, 3, SERIES); /* anew: the later counts */
    put(&world, SLOTS - 1, 100);
    expect_all(&world);
    crash(&world);
    EXPECT_I64(n_recovered(&world), (SLOTS + 2) * SERIES);
    expect_all(&world);
    end(&world);
}

TEST(all_orders_come_back_bit_by_bit)
{
    all_orders(SERIES);
    all_orders(100);
    all_orders(1);
}

/* The one in the middle has no lane yet: those behind it are of its time, not of that before. */
TEST(a_new_series_within_a_run_leaves_the_others_in_their_time)
{
    CLEANUP(mem_done) struct sink_point *points = mem_array(SERIES, struct sink_point);
    CLEANUP(mem_done) enum sink_fate *fates = mem_array(SERIES, enum sink_fate);
    struct world world;
    const uint32_t new = 3000, n = SERIES - 1;

    begin(&world);
    for (uint32_t i = 0; i < n; i++)
        points[i] = (struct sink_point){world.ids[i + (i >= new)], at_of(6), i};
    EXPECT_I64(world.ops->put(world.kit.writer, points, n, fates), n);
    EXPECT_OK(world.ops->commit(world.kit.writer, &kit_err));
    for (uint32_t i = 0; i < n; i++) {
        const size_t slot = i < new ? 8 : 7;
        world.values[6 * SERIES + i + (i >= new)] = i;
        world.values[slot * SERIES + i] = i + 0.5;
        points[i] = (struct sink_point){world.ids[i], at_of(slot), i + 0.5};
    }
    EXPECT_I64(world.ops->put(world.kit.writer, points, n, fates), n);
    EXPECT_OK(world.ops->commit(world.kit.writer, &kit_err));
    crash(&world);
    EXPECT_I64(n_wrong(&world, LATE_SLOTS, SLOTS), 0);
    end(&world);
}

TEST(what_is_in_files_is_passed_over)
{
    struct world world;

    begin(&world);
    for (size_t i = 0; i < LATE_SLOTS; i++)
        put(&world, i, SERIES);
    for (size_t i = LATE_SLOTS; i < SLOTS - 1; i++)
        put(&world, i, SERIES);
    put_first(&world, 1, 100);
    EXPECT_OK(keeper_seal(world.kit.store, &kit_err));
    put_first(&world, 1, 100); /* late, and newer than the file's */
    put(&world, SLOTS - 1, SERIES);
    crash(&world);
    EXPECT_I64(n_recovered(&world), SERIES + 100);
    expect_all(&world);
    end(&world);
}

/* The head is empty while history comes; then the first recent points come. From there on it holds the
 * log back, not from where the keeper wrote that down last. */
TEST(a_head_that_was_empty_holds_the_log_back_only_from_there)
{
    struct world world;

    begin(&world);
    for (size_t i = 0; i < LATE_SLOTS; i++) {
        put(&world, i, SERIES);
        EXPECT_OK(keeper_pass(world.kit.store, &kit_err));
    }
    struct store *store = world.kit.store;
    const uint64_t lsn = wal_next_lsn(store->wal);
    put(&world, LATE_SLOTS, SERIES);
    put(&world, 0, SERIES);
    put_first(&world, 0, 100);
    store->tuning.late_flush_bytes = 1;
    EXPECT_OK(keeper_pass(store, &kit_err));
    EXPECT_I64(lowmark_of_all(manifest_state(store->manifest), store->head), lsn);
    put_first(&world, 0, 100); /* the same page and time again, but this is in no file */
    for (size_t i = LATE_SLOTS + 1; i < SLOTS; i++)
        put(&world, i, SERIES);
    crash(&world);
    EXPECT_I64(n_recovered(&world), (SLOTS - LATE_SLOTS) * SERIES + 100);
    expect_all(&world);
    end(&world);
}

/* Further ahead than the ring reaches, points wait among the late ones, and the head is empty. */
TEST(a_point_ahead_of_the_ring_holds_the_log_back)
{
    struct world world;
    enum sink_fate fate;

    begin(&world);
    kit_now_us += 200 * 1000000ll;
    const struct sink_point ahead = {world.ids[7], NOW_S + 500, 4.5};
    EXPECT_I64(world.ops->put(world.kit.writer, &ahead, 1, &fate), 1);
    EXPECT_OK(world.ops->commit(world.kit.writer, &kit_err));
    for (size_t i = 0; i < LATE_SLOTS; i++)
        put(&world, i, SERIES);
    EXPECT_OK(
        sync_pass(world.kit.store, &kit_err)); /* closed segments are what the keeper looks for */
    EXPECT_OK(keeper_pass(world.kit.store, &kit_err));
    const struct manifest_state *state = manifest_state(world.kit.store->manifest);
    EXPECT_I64(state->classes[0].checkpoint_lsn, 0);
    crash(&world);
    EXPECT_I64(n_recovered(&world), LATE_SLOTS * SERIES + 1);
    end(&world);
}

RUN_TESTS(test_of(all_orders_come_back_bit_by_bit),
          test_of(a_new_series_within_a_run_leaves_the_others_in_their_time),
          test_of(what_is_in_files_is_passed_over),
          test_of(a_head_that_was_empty_holds_the_log_back_only_from_there),
          test_of(a_point_ahead_of_the_ring_holds_the_log_back))
