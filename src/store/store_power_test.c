/* Power cuts at every change to a file that the engine makes: what a completed barrier covers is there
 * afterwards with its last value or a later one, nothing is there that was never put, nothing counts as
 * damage, and the store goes on.
 *   PLUMB_POWER_SEEDS=n  cuts each change in n more ways (default: a plain one and a chosen one)
 *   PLUMB_POWER_SEED=s   the script's and the cuts' seed */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "kit/kit.h"
#include "kit/power.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/store.h"
#include "store/store_kit.c"

enum {
    PARTITION_S = FILES_PARTITION_SLOTS, /* of the fast class: a slot is a second */
    FIRST_S = 196760 * PARTITION_S,
    SPAN_S = 10 * 3600,
    FINE_S = 3 * 3600, /* the fine archive keeps it */
    COARSE_S = 10,
    SLOW_S = 60, /* step of the slow class */
    N_GROWN = 10,
    N_SLOW = 4,
    N_SERIES = STORE_KIT_SERIES + N_GROWN + N_SLOW,
    FIRST_SLOW = STORE_KIT_SERIES + N_GROWN,
    MAY_MAX = 12,
    WINDOW_S = 60,
    AGAIN_EACH = 20, /* one in so many cuts comes with others, during the start after it */
    AGAIN_PLACES = 4,
};

static const char *const SCHEMAS = "[slow]\npattern = ^slow\nretentions = 60s:30d\n"
                                   "[all]\npattern = .*\nretentions = 1s:3h,10s:3d\n";

/* ---- what was promised ---- */

/* What a second of a series may hold. */
struct cell {
    uint32_t at_s;
    uint16_t series;
    int n;
    bool may_be_absent;
    bool is_coarse; /* put when the fine archive no longer had its time */
    double may[MAY_MAX];
};

struct promise {
    struct cell *cells;
    size_t n, cap;
    int32_t *at;  /* [N_SERIES][SPAN_S]: a cell's place + 1 */
    size_t *open; /* cells that were put since the last barrier */
    size_t n_open, cap_open;
};

enum deed_kind { DEED_PUT, DEED_PUT_COARSE, DEED_BARRIER, DEED_CLOCK };

/* What the script did, when so many changes to files had been made. */
struct deed {
    size_t n_changes;
    enum deed_kind kind;
    uint16_t series;
    uint32_t at_s;
    double value;
    int64_t now_us;
};

static void promise_init(struct promise *promise)
{
    *promise = (struct promise){.at = mem_array((size_t)N_SERIES * SPAN_S, int32_t)};
}

static void promise_done(struct promise *promise)
{
    mem_free(promise->cells);
    mem_free(promise->at);
    mem_free(promise->open);
}

/* As a cut finds it: no later barrier covers what was put before. */
static void promise_copy(struct promise *to, const struct promise *from)
{
    promise_init(to);
    mem_grow(&to->cells, &to->cap, from->n + 1, sizeof(struct cell));
    if (from->n > 0)
        memcpy(to->cells, from->cells, from->n * sizeof(struct cell));
    memcpy(to->at, from->at, (size_t)N_SERIES * SPAN_S * sizeof(int32_t));
    to->n = from->n;
}

static int32_t *place_of(const struct promise *promise, size_t series, uint32_t at_s)
{
    BUG_IF(at_s < FIRST_S || at_s - FIRST_S >= SPAN_S);
    return &promise->at[series * SPAN_S + (at_s - FIRST_S)];
}

static const struct cell *cell_of(const struct promise *promise, size_t series, uint32_t at_s)
{
    if (at_s < FIRST_S || at_s - FIRST_S >= SPAN_S)
        return NULL;
    const int32_t at = *place_of(promise, series, at_s);
    return at ? &promise->cells[at - 1] : NULL;
}

static void promise_put(struct promise *promise, const struct deed *deed)
{
    int32_t *at = place_of(promise, deed->series, deed->at_s);
    if (*at == 0) {
        mem_grow(&promise->cells, &promise->cap, promise->n + 1, sizeof(struct cell));
        promise->cells[promise->n++] = (struct cell){.at_s = deed->at_s,
                                                     .series = deed->series,
                                                     .may_be_absent = true,
                                                     .is_coarse = deed->kind == DEED_PUT_COARSE};
        *at = (int32_t)promise->n;
    }
    struct cell *cell = &promise->cells[*at - 1];
    BUG_IF(cell->n == MAY_MAX);
    cell->may[cell->n++] = deed->value;
    mem_grow(&promise->open, &promise->cap_open, promise->n_open + 1, sizeof(size_t));
    promise->open[promise->n_open++] = (size_t)*at - 1;
}

static void promise_apply(struct promise *promise, const struct deed *deed)
{
    if (deed->kind == DEED_CLOCK)
        return;
    if (deed->kind != DEED_BARRIER) {
        promise_put(promise, deed);
        return;
    }
    for (size_t i = 0; i < promise->n_open; i++) {
        struct cell *cell = &promise->cells[promise->open[i]];
        cell->may[0] = cell->may[cell->n - 1];
        cell->n = 1;
        cell->may_be_absent = false;
    }
    promise->n_open = 0;
}

static bool cell_allows(const struct cell *cell, double value)
{
    if (isnan(value))
        return !cell || cell->may_be_absent;
    for (size_t i = 0; cell && i < (size_t)cell->n; i++)
        if (memcmp(&cell->may[i], &value, sizeof value) == 0)
            return true;
    return false;
}

/* ---- the store that is looked at ---- */

struct world {
    struct store_kit kit;
    uint32_t ids[N_SERIES];
    struct promise promise;
    struct deed *deeds; /* NULL: a copy that is only looked at */
    size_t n_deeds, cap_deeds;
    struct power *power; /* NULL: not recorded */
    bool is_recorded;
    bool is_first_look; /* what is seen now stays so */
};

static const char *name_of_series(size_t series)
{
    static char name[64];
    if (series < STORE_KIT_SERIES)
        (void)snprintf(name, sizeof name, "prod.host%02zu.load", series);
    else if (series < FIRST_SLOW)
        (void)snprintf(name, sizeof name, "grown.%zu.of_a_longer_name", series);
    else
        (void)snprintf(name, sizeof name, "slow.%zu", series);
    return name;
}

static void world_init(struct world *world)
{
    *world = (struct world){0};
    store_kit_init(&world->kit, "1s:3h,10s:3d", "average", FIRST_S, 1);
    schemas_free(world->kit.schemas);
    EXPECT_OK(schemas_parse("s", SCHEMAS, "a",
                            "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n",
                            &world->kit.schemas, &kit_err));
    world->kit.tuning.wal_segment_bytes = 4 << 10;
    world->kit.tuning.wal_bytes_max = 20 << 10;
    world->kit.tuning.files_merge = 3;
    world->kit.tuning.late_flush_us = 90 * 1000000ll;
    world->kit.tuning.late_run = 6;
    promise_init(&world->promise);
    kit_now_us = (FIRST_S + 100) * 1000000ll;
}

static void world_done(struct world *world)
{
    promise_done(&world->promise);
    store_kit_done(&world->kit);
    mem_free(world->deeds);
}

static void resolve(struct world *world, size_t series)
{
    const struct str name = str_of(name_of_series(series));
    enum sink_fate fate;

    store_sink(world->kit.store)
        .ops->resolve(world->kit.writer, &name, 1, &world->ids[series], &fate);
    EXPECT_I64(fate, SINK_OK);
}

static bool open_store(struct world *world)
{
    if (!store_kit_open(&world->kit))
        return false;
    memset(world->ids, 0xFF, sizeof world->ids);
    memcpy(world->ids, world->kit.ids, sizeof world->kit.ids);
    return true;
}

static void note(struct world *world, struct deed deed)
{
    promise_apply(&world->promise, &deed);
    if (!world->is_recorded)
        return;
    deed.n_changes = power_count(world->power);
    deed.now_us = kit_now_us;
    mem_grow(&world->deeds, &world->cap_deeds, world->n_deeds + 1, sizeof(struct deed));
    world->deeds[world->n_deeds++] = deed;
}

static void put_as(struct world *world, enum deed_kind kind, size_t series, int64_t at_s)
{
    const struct sink_point point = {world->ids[series], (uint32_t)at_s, store_kit_value()};
    enum sink_fate fate = SINK_OK;

    /* before it is tried: a long batch is written at once */
    note(world, (struct deed){.kind = kind,
                              .series = (uint16_t)series,
                              .at_s = (uint32_t)(series < FIRST_SLOW ? at_s : at_s - at_s % SLOW_S),
                              .value = point.value});
    (void)store_sink(world->kit.store).ops->put(world->kit.writer, &point, 1, &fate);
    EXPECT_I64(fate, SINK_OK);
}

static void put(struct world *world, size_t series, int64_t at_s)
{
    put_as(world, DEED_PUT, series, at_s);
}

static void barrier(struct world *world)
{
    EXPECT_OK(store_sink(world->kit.store).ops->commit(world->kit.writer, &kit_err));
    EXPECT_OK(store_sink(world->kit.store).ops->barrier(world->kit.store, &kit_err));
    note(world, (struct deed){.kind = DEED_BARRIER});
}

static void clock_move(struct world *world, int64_t by_s)
{
    kit_now_us += by_s * 1000000;
    note(world, (struct deed){.kind = DEED_CLOCK});
}

/* ---- looking ---- */

static struct arena look_arena;

static const struct series *read_series(struct world *world, size_t series, int64_t from_s,
                                        int64_t until_s, int64_t age_s)
{
    const struct source_node leaf = {
        .path = name_of_series(series), .id = world->ids[series], .is_leaf = true};
    const struct source_span span = {from_s, until_s, store_kit_now_s(), age_s};
    struct series *out = NULL;

    if (world->ids[series] == SINK_ID_NONE)
        return NULL; /* the script has not come to it */
    EXPECT_OK(store_source(world->kit.store)
                  .ops->read(world->kit.store, &leaf, 1, &span, &look_arena, &out, &kit_err));
    return out;
}

static bool complain(const struct world *world, size_t series, int64_t at_s, double got)
{
    const struct cell *cell = cell_of(&world->promise, series, (uint32_t)at_s);
    char text[NUM_TEXT_MAX];

    num_format(text, got);
    (void)fprintf(stderr, "%s at %lld (now %lld): got %s, may be", name_of_series(series),
                  (long long)(at_s - FIRST_S), (long long)(store_kit_now_s() - FIRST_S), text);
    for (size_t i = 0; cell && i < (size_t)cell->n; i++) {
        num_format(text, cell->may[i]);
        (void)fprintf(stderr, " %s", text);
    }
    (void)fprintf(stderr, "%s\n", !cell || cell->may_be_absent ? " or nothing" : "");
    return false;
}

/* After a cut a value may be there or not; but not now so and then so. */
static void settle(struct world *world, size_t series, int64_t at_s, double value)
{
    if (!world->is_first_look || !cell_of(&world->promise, series, (uint32_t)at_s))
        return;
    struct cell *cell =
        &world->promise.cells[*place_of(&world->promise, series, (uint32_t)at_s) - 1];
    cell->may_be_absent = isnan(value);
    cell->n = !isnan(value);
    cell->may[0] = value;
}

static bool fine_agrees(struct world *world, size_t series, int64_t from_s, int64_t until_s)
{
    const struct series *got = read_series(world, series, from_s, until_s, 0);

    for (size_t i = 0; got && i < got->n_points; i++) {
        const int64_t at_s = got->start_s + (int64_t)i * got->step_s;
        if (at_s <= store_kit_now_s() - FINE_S || at_s < from_s || at_s >= until_s)
            continue;
        if (!cell_allows(cell_of(&world->promise, series, (uint32_t)at_s), got->values[i]))
            return complain(world, series, at_s, got->values[i]);
        settle(world, series, at_s, got->values[i]);
    }
    return true;
}

/* Does any choice of what the seconds of a coarse slot may hold give this? */
static bool coarse_allows(const struct schema *schema, const struct cell *const cells[COARSE_S],
                          double *values, size_t n, double got)
{
    if (n == COARSE_S) {
        const double want = aggregate(schema, values, COARSE_S);
        return (isnan(want) && isnan(got)) || memcmp(&want, &got, sizeof got) == 0;
    }
    values[n] = (double)NAN;
    if ((!cells[n] || cells[n]->may_be_absent || cells[n]->is_coarse) &&
        coarse_allows(schema, cells, values, n + 1, got))
        return true;
    for (size_t i = 0; cells[n] && !cells[n]->is_coarse && i < (size_t)cells[n]->n; i++) {
        values[n] = cells[n]->may[i];
        if (coarse_allows(schema, cells, values, n + 1, got))
            return true;
    }
    return false;
}

static bool coarse_agrees(struct world *world, size_t series, int64_t from_s, int64_t until_s)
{
    const struct series *got = read_series(world, series, from_s, until_s, FINE_S + 1);
    const struct schema schema =
        schemas_find(world->kit.schemas, str_of(name_of_series(series)), NULL);

    for (size_t i = 0; got && i < got->n_points; i++) {
        const int64_t at_s = got->start_s + (int64_t)i * COARSE_S;
        const struct cell *cells[COARSE_S], *direct = NULL;
        double values[COARSE_S];
        for (uint32_t k = 0; k < COARSE_S; k++) {
            cells[k] = cell_of(&world->promise, series, (uint32_t)at_s + k);
            if (cells[k] && cells[k]->is_coarse)
                direct = cells[k];
        }
        if (direct && cell_allows(direct, got->values[i]))
            continue;
        if (direct || !coarse_allows(&schema, cells, values, 0, got->values[i]))
            return complain(world, series, at_s, got->values[i]);
    }
    return true;
}

static bool slow_agrees(struct world *world, size_t series)
{
    const struct series *got =
        read_series(world, series, FIRST_S, min_i64(store_kit_now_s() + 1, FIRST_S + SPAN_S), 0);

    for (size_t i = 0; got && i < got->n_points; i++) {
        const int64_t at_s = got->start_s + (int64_t)i * SLOW_S;
        if (!cell_allows(cell_of(&world->promise, series, (uint32_t)at_s), got->values[i]))
            return complain(world, series, at_s, got->values[i]);
        settle(world, series, at_s, got->values[i]);
    }
    return true;
}

/* Windows in which anything was ever put, in any series. */
static void windows_of(const struct promise *promise, bool windows[SPAN_S / WINDOW_S])
{
    memset(windows, 0, SPAN_S / WINDOW_S);
    for (size_t i = 0; i < promise->n; i++)
        if (promise->cells[i].series < FIRST_SLOW)
            windows[(promise->cells[i].at_s - FIRST_S) / WINDOW_S] = true;
}

static bool agrees(struct world *world)
{
    bool windows[SPAN_S / WINDOW_S];
    const int64_t fine_s = store_kit_now_s() - FINE_S;

    arena_reset(&look_arena);
    windows_of(&world->promise, windows);
    for (size_t i = 0; i < FIRST_SLOW; i++)
        for (int64_t w = 0, end; w < SPAN_S / WINDOW_S; w = end + 1) {
            for (end = w; end < SPAN_S / WINDOW_S && windows[end];)
                end++;
            const int64_t from_s = FIRST_S + w * WINDOW_S;
            const int64_t until_s = min_i64(FIRST_S + end * WINDOW_S, store_kit_now_s() + 1);
            if (from_s >= until_s || end == w)
                continue;
            if (until_s > fine_s && !fine_agrees(world, i, max_i64(from_s, fine_s + 1), until_s))
                return false;
            if (from_s < fine_s && !coarse_agrees(world, i, from_s, min_i64(until_s, fine_s)))
                return false;
        }
    for (size_t i = FIRST_SLOW; i < N_SERIES; i++)
        if (!slow_agrees(world, i))
            return false;
    return true;
}

/* ---- the script ---- */

static size_t n_known; /* grown names so far */

static void round_put(struct world *world, int round)
{
    const int64_t now_s = store_kit_now_s();

    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        if ((i + (size_t)round) % 5 != 0)
            put(world, i, now_s - (int64_t)(i % 3));
    for (size_t i = 0; i < n_known; i++)
        put(world, STORE_KIT_SERIES + i, now_s);
    if (round % 6 == 5 && n_known < N_GROWN) {
        resolve(world, STORE_KIT_SERIES + n_known);
        put(world, STORE_KIT_SERIES + n_known++, now_s - 1);
    }
    for (size_t i = FIRST_SLOW; i < N_SERIES && round > 3; i++)
        put(world, i, now_s);
    if (round % 4 == 1) /* late ones of any age, and one again */
        for (int k = 0; k < 3; k++)
            put(world, kit_random_below(STORE_KIT_SERIES),
                max_i64(FIRST_S, now_s - (int64_t)kit_random_below(400)));
    if (round % 9 == 8) /* a column: into a pane */
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            put(world, i, max_i64(FIRST_S, now_s - 300));
}

static void rounds(struct world *world, int n)
{
    for (int round = 0; round < n; round++) {
        if (round == 3)
            for (size_t i = FIRST_SLOW; i < N_SERIES; i++)
                resolve(world, i);
        round_put(world, round);
        EXPECT_OK(store_sink(world->kit.store).ops->commit(world->kit.writer, &kit_err));
        if (round % 3 == 2)
            barrier(world);
        clock_move(world, 7);
        if (round % 4 == 3)
            EXPECT_OK(keeper_pass(world->kit.store, &kit_err));
    }
}

/* A sync of the manifest fails once: it is written anew. */
static void manifest_again(struct world *world)
{
    const struct file_fault fault = {3, 1, FILE_CALL_SYNC, EIO, false};
    struct err err;

    barrier(world);
    put(world, 0, store_kit_now_s() - 350);
    EXPECT_OK(store_sink(world->kit.store).ops->commit(world->kit.writer, &kit_err));
    (void)file_fault_plan(&fault); /* behind those of the block file and its folder */
    EXPECT(!store_seal(world->kit.store, &err));
    (void)file_fault_plan(NULL);
    const size_t before = power_count(world->power);
    EXPECT_OK(store_seal(world->kit.store, &kit_err));
    bool is_rewritten = false;
    for (size_t i = before; i < power_count(world->power); i++)
        is_rewritten |= strstr(power_text(world->power, i), "MANIFEST.tmp to MANIFEST") != NULL;
    EXPECT(is_rewritten);
}

static void script(struct world *world)
{
    n_known = 0;
    EXPECT(open_store(world));
    rounds(world, 40);
    EXPECT_OK(store_seal(world->kit.store, &kit_err));
    EXPECT(agrees(world));
    rounds(world, 16);
    manifest_again(world);
    EXPECT(agrees(world));
    clock_move(world, 6 * 3600);      /* the first partition leaves the fine archive */
    put(world, 0, store_kit_now_s()); /* by the points, not by the clock alone */
    EXPECT_OK(keeper_pass(world->kit.store, &kit_err));
    EXPECT(agrees(world));
    for (size_t i = 0; i < 3; i++)
        put_as(world, DEED_PUT_COARSE, i, FIRST_S + 3000 + 20 * (int64_t)i);
    rounds(world, 16);
    EXPECT_OK(store_seal(world->kit.store, &kit_err));
    EXPECT(agrees(world));
    barrier(world);
    store_kit_close(&world->kit);
}

/* ---- the cuts ---- */

static uint64_t n_damaged(const struct world *world)
{
    struct store_stats stats;
    store_stats(world->kit.store, &stats);
    return stats.n_files_corrupt;
}

/* It goes on taking points, seals, and is opened once more. */
static bool goes_on(struct world *world)
{
    for (size_t i = 0; i < N_SERIES; i++)
        put(world, i, store_kit_now_s());
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        put(world, i, max_i64(FIRST_S, store_kit_now_s() - 200));
    barrier(world);
    clock_move(world, 100);
    EXPECT_OK(keeper_pass(world->kit.store, &kit_err));
    EXPECT_OK(store_seal(world->kit.store, &kit_err));
    if (!agrees(world))
        return false;
    store_kit_close(&world->kit);
    EXPECT(open_store(world));
    if (!world->kit.store)
        return false;
    for (size_t i = STORE_KIT_SERIES; i < N_SERIES; i++)
        resolve(world, i);
    EXPECT_I64(n_damaged(world), 0);
    return agrees(world);
}

static bool look(struct world *world)
{
    EXPECT(store_kit_is_sound(world->kit.dir));
    const bool is_open = open_store(world);
    EXPECT(is_open);
    if (!is_open) {
        (void)fprintf(stderr, "%s\n", kit_err.text);
        return false;
    }
    for (size_t i = STORE_KIT_SERIES; i < N_SERIES; i++)
        resolve(world, i);
    EXPECT_I64(n_damaged(world), 0);
    world->is_first_look = true;
    const bool is_right = agrees(world);
    world->is_first_look = false;
    return is_right && goes_on(world) && store_kit_is_sound(world->kit.dir);
}

/* A world of its own on what is left after the cut. */
static struct world cut_world(const struct world *from, size_t n, uint64_t seed)
{
    struct world world = *from;

    world.power = NULL;
    world.is_recorded = false;
    world.kit.store = NULL;
    world.kit.writer = NULL;
    world.kit.dir = new_dir();
    power_cut(from->power, n, seed, world.kit.dir);
    return world;
}

static bool cut_one(const struct world *from, const struct promise *promise, size_t n,
                    uint64_t seed)
{
    const int64_t now_us = kit_now_us;
    const unsigned n_failures = kit_failures();
    struct world world = cut_world(from, n, seed);

    promise_copy(&world.promise, promise);
    const bool is_ok = look(&world) && kit_failures() == n_failures;
    store_kit_close(&world.kit);
    if (is_ok)
        EXPECT_OK(dir_remove(world.kit.dir, &kit_err));
    else
        (void)fprintf(stderr, "power cut at change %zu (%s), seed %llu, left in %s\n", n,
                      power_text(from->power, n), (unsigned long long)seed, world.kit.dir);
    EXPECT(is_ok);
    promise_done(&world.promise);
    kit_now_us = now_us;
    return is_ok;
}

/* The power fails again while the store is opened after a cut, and what it has in memory written. */
static void cut_again(const struct world *from, const struct promise *promise, size_t n,
                      uint64_t seed)
{
    const int64_t now_us = kit_now_us;
    struct world world = cut_world(from, n, seed);

    world.power = power_begin(world.kit.dir);
    EXPECT(open_store(&world));
    EXPECT_OK(keeper_pass(world.kit.store, &kit_err));
    EXPECT_OK(store_seal(world.kit.store, &kit_err));
    store_kit_close(&world.kit);
    power_stop(world.power);
    for (uint64_t i = 0; i < AGAIN_PLACES && kit_failures() == 0; i++)
        (void)cut_one(&world, promise, kit_random_below(power_count(world.power) + 1), seed + i);
    if (kit_failures() > 0)
        (void)fprintf(stderr, "after one at change %zu (%s), seed %llu\n", n,
                      power_text(from->power, n), (unsigned long long)seed);
    power_end(world.power);
    EXPECT_OK(dir_remove(world.kit.dir, &kit_err));
    kit_now_us = now_us;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    int64_t value = 0;
    return text && num_parse_i64(text, strlen(text), &value) ? (uint64_t)value : otherwise;
}

/* Cuts every change of a recording; promises are those of the deeds before it. With the sanitizers, which
 * make it take minutes, one in a few, others each time, unless more ways are asked for. */
#ifdef __SANITIZE_ADDRESS__
enum { CUT_EACH = 9 };
#else
enum { CUT_EACH = 1 };
#endif

static void cut_all(const struct world *world)
{
    const uint64_t first = kit_random_below(CUT_EACH);
    const uint64_t n_seeds = number_of("PLUMB_POWER_SEEDS", 0);
    const uint64_t base = POWER_PLAIN_SEEDS + 1000 * number_of("PLUMB_POWER_SEED", 0);
    const int64_t now_us = kit_now_us;
    struct promise promise;
    size_t next = 0;

    promise_init(&promise);
    for (size_t n = 0; n <= power_count(world->power) && kit_failures() == 0; n++) {
        for (; next < world->n_deeds && world->deeds[next].n_changes <= n; next++) {
            promise_apply(&promise, &world->deeds[next]);
            kit_now_us = world->deeds[next].now_us;
        }
        if (n_seeds == 0 && n % CUT_EACH != first)
            continue;
        (void)cut_one(world, &promise, n, n % POWER_PLAIN_SEEDS);
        for (uint64_t i = 0; i < 1 + n_seeds && kit_failures() == 0; i++)
            (void)cut_one(world, &promise, n, base + i);
        if (n % AGAIN_EACH == first && kit_failures() == 0)
            cut_again(world, &promise, n, base + n);
        for (uint64_t i = 0; i < POWER_PLAIN_SEEDS && n_seeds > 0 && kit_failures() == 0; i++)
            (void)cut_one(world, &promise, n, i);
    }
    promise_done(&promise);
    kit_now_us = now_us;
}

TEST(a_power_cut_costs_nothing_that_a_barrier_covers)
{
    struct world world;

    kit_temp_in_memory();
    arena_init(&look_arena);
    world_init(&world);
    world.power = power_begin(world.kit.dir);
    world.is_recorded = true;
    script(&world);
    power_stop(world.power);
    (void)fprintf(stderr, "%zu changes, %zu cells\n", power_count(world.power), world.promise.n);
    cut_all(&world);
    power_end(world.power);
    world_done(&world);
    arena_done(&look_arena);
}

RUN_TESTS(test_of(a_power_cut_costs_nothing_that_a_barrier_covers))
