/* The engine against plain arrays (plain_kit.h), operation by operation: several series of several
 * classes, every kind of point, time that goes on, jumps and falls back, everything the keeper does,
 * restarts, crashes, changed rules. Rounds are independent; each has a folder and a seed of its own.
 *   PLUMB_MODEL_OPS    operations in all; a point is one, and so is each act and each read
 *   PLUMB_MODEL_ROUND  runs the one round of this seed, as a failure prints it
 *   PLUMB_MODEL_TRACE  prints every act
 *   PLUMB_MODEL_CHECK  from this operation on all is checked after each act */
#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/world_kit.c"

/* ---- the keeper ---- */

/* Where a floor falls to when the clock was set back: where points are taken as recent again. */
static bool is_window_floor(const struct plain_kit_class *of, size_t level, int64_t floor_s)
{
    const int64_t window_s =
        (int64_t)head_window_at(&of->schema, store_kit_now_s()) * of->schema.archives[0].step_s;
    return floor_s == window_s - window_s % of->schema.archives[level + 1].step_s;
}

/* A level may lose what lies before. */
static int64_t limit_of(const struct world *world, const struct plain_kit_class *of, size_t level)
{
    const int64_t slack_s = (int64_t)NEWEST_SLACK_SLOTS * 3600;
    return min_i64(store_kit_now_s(), world->newest_s + slack_s) -
           plain_kit_retention_s(&of->schema, level);
}

/* The floors are the engine's to choose, in bounds: see what it chose. Expiry may go as far as the older
 * of the clock and the newest point allows, in whole slots of the coarser level. */
static void floors_follow(struct world *world, unsigned series)
{
    const unsigned class_no = world->plain.series[series].class_no;
    struct plain_kit_class *of = &world->plain.classes[class_no];
    const size_t last = of->schema.n_archives - 1;
    struct files_version *version = files_ref(world->store->files);

    of->gone_s = max_i64(of->gone_s, limit_of(world, of, last));
    for (size_t level = 0; level < last; level++) {
        const int64_t limit_s = limit_of(world, of, level);
        const int64_t floor_s = shared_floor_s(version, engine_class(world, series), level);
        if (floor_s == of->floors_s[level])
            continue;
        trace(world, "floor of class %u archive %zu: %lld", class_no, level, (long long)floor_s);
        if (floor_s < of->floors_s[level] && is_window_floor(of, level, floor_s)) {
            of->floors_s[level] = floor_s;
            continue;
        }
        if (floor_s < of->floors_s[level] || floor_s > limit_s ||
            floor_s % of->schema.archives[level + 1].step_s != 0)
            wrong(world, "class %u archive %zu: floor moved from %lld to %lld, limit %lld",
                  class_no, level, (long long)of->floors_s[level], (long long)floor_s,
                  (long long)limit_s);
        plain_kit_floor_raise(&world->plain, class_no, level, floor_s);
    }
    files_unref(world->store->files, version);
}

static void all_floors_follow(struct world *world)
{
    for (unsigned i = 0; i < world->plain.n_series; i++)
        floors_follow(world, i); /* again for the next of a class: nothing has moved then */
}

/* Commits first: points that are rolled up before they are in the log come back, when it is replayed, as
 * points of the coarse archive. */
static void keep(struct world *world)
{
    commit(world);
    trace(world, "pass");
    EXPECT_OK(keeper_pass(world->store, &kit_err));
    world->has_failed = false;
    all_floors_follow(world);
}

static void seal(struct world *world)
{
    commit(world);
    trace(world, "seal");
    EXPECT_OK(store_seal(world->store, &kit_err));
    world->has_failed = false;
    all_floors_follow(world);
}

/* ---- starts ---- */

static bool is_same_cell(const struct change *a, const struct change *b)
{
    return a->series == b->series && a->level == b->level && a->slot == b->slot;
}

/* Could the slot of this change, the first of it, hold the value? */
static bool is_possible(const struct world *world, const struct change *first, double value)
{
    const struct plain_kit_class *of = plain_kit_class_of(&world->plain, first->series);
    const int64_t at_s = first->slot * of->schema.archives[first->level].step_s;
    bool is = is_same(value, first->before) || at_s < of->gone_s;
    for (const struct change *also = first; also < world->changes + world->n_changes; also++)
        is |= is_same_cell(also, first) && is_same(value, also->after);
    return is;
}

static bool is_first(const struct world *world, const struct change *change)
{
    for (const struct change *before = world->changes; before < change; before++)
        if (is_same_cell(before, change))
            return false;
    return true;
}

/* What the slot of a change holds now. */
static double value_after(struct world *world, const struct change *change)
{
    const struct schema *schema = &plain_kit_class_of(&world->plain, change->series)->schema;
    const int64_t step_s = schema->archives[change->level].step_s;
    const int64_t at_s = change->slot * step_s;
    const struct source_node leaf = {.path = world->members[change->series].name,
                                     .id = world->members[change->series].id,
                                     .is_leaf = true};
    const struct source_span span = {at_s, at_s + 1, at_s + step_s,
                                     plain_kit_retention_s(schema, change->level)};
    struct series *got = NULL;

    arena_reset(&world->arena);
    EXPECT_OK(store_source(world->store)
                  .ops->read(world->store, &leaf, 1, &span, &world->arena, &got, &kit_err));
    return got ? got->values[0] : (double)NAN;
}

/* What was not committed is there or not; see which, slot by slot. */
static void settle(struct world *world)
{
    for (size_t i = 0; i < world->n_changes && !world->is_wrong; i++) {
        const struct change *change = &world->changes[i];
        if (!is_first(world, change))
            continue;
        const double value = value_after(world, change);
        if (!is_possible(world, change, value))
            wrong(world, "series %u archive %zu slot %lld: %.17g after a crash was never written",
                  change->series, change->level, (long long)change->slot, value);
        plain_kit_set(&world->plain, change->series, change->level, change->slot, value);
    }
    world->n_changes = 0;
}

static void crash(struct world *world)
{
    const char *from = world->dir, *to = dir_new(world);

    trace(world, "crash, %zu points not committed", world->n_changes);
    store_kit_copy(from, to);
    world_close(world);
    EXPECT_OK(dir_remove(from, &kit_err));
    world->dir = to;
    world_open(world);
    settle(world);
    all_floors_follow(world);
}

static void keep_with_fault(struct world *world)
{
    struct err err;
    const uint64_t n = 1 + (uint64_t)below(world, 60);

    commit(world);
    err_clear(&err);
    (void)file_faults(n, 28 /* ENOSPC */);
    const bool is_ok = keeper_pass(world->store, &err);
    (void)file_faults(0, 0);
    world->has_failed = !is_ok;
    trace(world, "pass with fault %llu: %s", (unsigned long long)n, is_ok ? "ok" : err.text);
    all_floors_follow(world);
    if (!is_ok && one_in(world, 2))
        crash(world);
}

static void crash_any_time(struct world *world)
{
    if (world->has_failed) /* else the arrays cannot know when the open edit was made */
        keep(world);
    crash(world);
}

static void restart(struct world *world)
{
    if (world->has_failed)
        keep(world);
    const bool is_changed = one_in(world, 3);

    trace(world, "restart%s", is_changed ? " with other rules" : "");
    world_close(world);
    world->n_changes = 0;
    if (is_changed) {
        rule_choose(world, (unsigned)below(world, GROUPS));
        schemas_free(world->schemas);
        schemas_make(world);
    }
    world_open(world);
    all_floors_follow(world);
}

/* ---- time ---- */

static void time_goes_on(struct world *world)
{
    static const int64_t spans_s[] = {600,   600,        7200,        7200,
                                      43200, 86400 * 3L, 86400 * 30L, 86400 * 400L};
    const int64_t span_s =
        one_in(world, 4) ? spans_s[below(world, COUNT_OF(spans_s))] : 60 * world->pace_s;
    kit_now_us += below(world, span_s) * 1000000;
    trace(world, "on");
}

static void clock_falls_back(struct world *world)
{
    const int64_t span_s = one_in(world, 3) ? 86400 * 10 : 300 * world->pace_s;
    kit_now_us -= below(world, span_s) * 1000000;
    trace(world, "back");
}

/* A clock that is far ahead for a while, and points that bear its time. */
static void clock_runs_wild(struct world *world)
{
    const int64_t now_us = kit_now_us;
    const bool has_points = one_in(world, 2);

    kit_now_us += (86400 + below(world, 86400 * 500)) * 1000000;
    trace(world, "wild");
    if (has_points)
        put_anything(world);
    commit(world);
    if (one_in(world, 2))
        keep(world);
    if (one_in(world, 2))
        check_touched(world);
    kit_now_us = now_us;
    trace(world, "right again");
}

/* ---- a round ---- */

static void act(struct world *world)
{
    const int64_t dice = below(world, 1000);

    world->n_ops++;
    if (dice < 250)
        put_anything(world);
    else if (dice < 330)
        put_live(world);
    else if (dice < 350)
        put_history(world);
    else if (dice < 370)
        put_backfill(world);
    else if (dice < 500)
        time_goes_on(world);
    else if (dice < 505)
        clock_falls_back(world);
    else if (dice < 507)
        clock_runs_wild(world);
    else if (dice < 620)
        commit(world);
    else if (dice < 760)
        keep(world);
    else if (dice < 780)
        keep_with_fault(world);
    else if (dice < 800)
        seal(world);
    else if (dice < 810)
        crash_any_time(world);
    else if (dice < 818)
        restart(world);
    else if (dice < 825)
        series_add(world);
    else if (dice < 850)
        anchor_choose(world);
    else if (dice < 860)
        check_names(world);
    else if (dice < 870)
        check_all(world);
    else
        check_anywhere(world);
}

/* Changes nothing of what comes. */
static void check_aside(struct world *world)
{
    const uint64_t n_ops = world->n_ops, random = world->random;
    check_all(world);
    world->n_ops = n_ops;
    world->random = random;
}

static uint64_t n_values_all;

static uint64_t round_of(uint64_t seed)
{
    struct world *world = mem_zalloc(sizeof(struct world));

    world_init(world, seed);
    const uint64_t n_ops = 2000 + (uint64_t)below(world, one_in(world, 4) ? 40000 : 20000);
    while (world->n_ops < n_ops && !world->is_wrong && kit_failures() == 0 &&
           store_kit_now_s() < END_S) {
        act(world);
        if (world->n_ops >= world->check_from)
            check_aside(world);
        check_touched(world);
    }
    check_all(world);
    world_close(world);
    world_open(world);
    check_all(world);
    if (kit_failures() > 0)
        (void)fprintf(stderr, "PLUMB_MODEL_ROUND=%llu ends at operation %llu\n",
                      (unsigned long long)seed, (unsigned long long)world->n_ops);
    n_values_all += world->n_values;
    const uint64_t n = world->n_ops;
    world_done(world);
    mem_free(world);
    return n;
}

TEST(agrees_with_plain_arrays_whatever_comes)
{
    const uint64_t n_wanted = number_of("PLUMB_MODEL_OPS", OPS_USUAL);
    const uint64_t round = number_of("PLUMB_MODEL_ROUND", 0);
    uint64_t n = 0, n_rounds = 0;

    if (access("/dev/shm", W_OK) == 0) /* thousands of syncs, and nobody cuts the power here */
        (void)setenv("TMPDIR", "/dev/shm", 0);
    while (n < n_wanted && kit_failures() == 0) {
        const uint64_t seed = round ? round : kit_random() >> 2;
        n += round_of(seed);
        n_rounds++;
        if (round)
            break;
    }
    print_message("%llu operations in %llu rounds, %llu values compared\n", (unsigned long long)n,
                  (unsigned long long)n_rounds, (unsigned long long)n_values_all);
}

RUN_TESTS(test_of(agrees_with_plain_arrays_whatever_comes))
