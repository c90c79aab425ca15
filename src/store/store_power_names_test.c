/* Power cuts at every change to a file while series are created, deleted and renamed: what was answered
 * with yes holds afterwards, what was under way is done or not, and no name shows another's points. Then
 * cuts while a names log is written anew.
 *   PLUMB_POWER_SEEDS=n  cuts each change in n more ways
 *   PLUMB_POWER_SEED=s   the cuts' seed */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "kit/kit.h"
#include "kit/power.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/names_log.h"
#include "store/removal.h"
#include "store/store_kit.c"
#include "store/sync.h"

enum {
    FIRST_S = 1700006400,
    NAMES = 20,
    LIVES_MAX = 300, /* series that ever were; each has one point, whose value is its number */
    STEPS_MAX = 500,
    AT_ONCE = 3,
    AGAIN_EACH = 8, /* so many cuts come with others, during the start after them */
    AGAIN_PLACES = 3,
    NONE = 0,
    EMPTY = -1, /* created, its point not yet safe */
    WRONG = -2,
};
#ifdef __SANITIZE_ADDRESS__
enum { CUT_EACH = 9 };
#else
enum { CUT_EACH = 1 };
#endif

/* Which series stands under each name. */
struct state {
    int lives[NAMES];
    int n_lives;
};

/* Something that was asked for; until it ended it may be done or not. */
struct step {
    size_t begun, ended; /* changes to files that had been made */
    int64_t now_us;
    struct state after;
};

struct world {
    struct store_kit kit;
    struct power *power; /* NULL: not recorded */
    struct state now;
    int64_t at_s[LIVES_MAX + 1]; /* of each life's point */
    struct step steps[STEPS_MAX];
    size_t n_steps;
};

static void world_init(struct world *world)
{
    *world = (struct world){0};
    kit_now_us = (FIRST_S + 100) * 1000000ll;
    store_kit_init(&world->kit, "10s:30d", "average", FIRST_S, 1);
    world->kit.tuning.wal_segment_bytes = 4 << 10;
    world->kit.tuning.files_merge = 3;
}

static void world_done(struct world *world)
{
    store_kit_done(&world->kit);
    mem_free(world);
}

static const char *text_of(size_t name)
{
    return arena_printf(&kit_arena, "own.n%zu.of_a_longer_name", name);
}

/* ---- what is done ---- */

static void step_begin(struct world *world)
{
    BUG_IF(world->n_steps == STEPS_MAX);
    if (world->power)
        world->steps[world->n_steps++] =
            (struct step){.begun = power_count(world->power), .now_us = kit_now_us};
}

static void step_end(struct world *world)
{
    if (!world->power)
        return;
    world->steps[world->n_steps - 1].ended = power_count(world->power);
    world->steps[world->n_steps - 1].after = world->now;
}

/* Up to n names, any, that are there or free; how many. */
static size_t pick(const struct world *world, bool is_there, size_t n, size_t out[AT_ONCE])
{
    const size_t first = kit_random_below(NAMES);
    size_t n_found = 0;
    for (size_t i = 0; i < NAMES && n_found < n; i++)
        if ((world->now.lives[(first + i) % NAMES] != NONE) == is_there)
            out[n_found++] = (first + i) % NAMES;
    return n_found;
}

static void create(struct world *world, size_t n)
{
    const struct sink_ops *ops = store_sink(world->kit.store).ops;
    size_t names[AT_ONCE];

    n = pick(world, false, n, names);
    step_begin(world);
    for (size_t i = 0; i < n; i++) {
        const struct str text = str_of(text_of(names[i]));
        const int life = ++world->now.n_lives;
        struct sink_point point = {0, (uint32_t)store_kit_now_s(), life};
        enum sink_fate fate;
        BUG_IF(life > LIVES_MAX);
        ops->resolve(world->kit.writer, &text, 1, &point.id, &fate);
        (void)ops->put(world->kit.writer, &point, 1, &fate);
        EXPECT_I64(fate, SINK_OK);
        world->at_s[life] = point.at_s;
        world->now.lives[names[i]] = life;
    }
    EXPECT_OK(ops->commit(world->kit.writer, &kit_err));
    EXPECT_OK(ops->barrier(world->kit.store, &kit_err));
    step_end(world);
}

static void sync_fails_once(void)
{
    const struct file_fault fault = {1, 1, FILE_CALL_SYNC, EIO, false};
    (void)file_fault_plan(&fault);
}

/* fails: the disk refuses at first; then it is asked for again until it says yes. */
static void delete (struct world *world, size_t n, bool fails)
{
    size_t names[AT_ONCE], n_deleted;
    struct str texts[AT_ONCE];
    struct err err;

    n = pick(world, true, n, names);
    step_begin(world);
    for (size_t i = 0; i < n; i++) {
        texts[i] = str_of(text_of(names[i]));
        world->now.lives[names[i]] = NONE;
    }
    if (fails)
        sync_fails_once();
    bool is_ok = store_delete(world->kit.store, texts, n, &n_deleted, &err);
    EXPECT_I64(n_deleted, n);
    EXPECT(is_ok == !fails || n == 0);
    (void)file_fault_plan(NULL);
    for (int i = 0; i < 3 && !is_ok; i++) {
        is_ok = store_delete(world->kit.store, texts, n, &n_deleted, &err);
        if (!is_ok)
            EXPECT_OK(keeper_pass(world->kit.store, &kit_err));
    }
    EXPECT(is_ok);
    step_end(world);
}

static void change_names(struct world *world, size_t n)
{
    size_t from[AT_ONCE], to[AT_ONCE];
    struct name_change changes[AT_ONCE];

    n = pick(world, true, n, from);
    n = pick(world, false, n, to);
    step_begin(world);
    for (size_t i = 0; i < n; i++) {
        changes[i] = (struct name_change){str_of(text_of(from[i])), str_of(text_of(to[i]))};
        world->now.lives[to[i]] = world->now.lives[from[i]];
        world->now.lives[from[i]] = NONE;
    }
    EXPECT_OK(store_rename(world->kit.store, changes, n, &kit_err));
    step_end(world);
}

/* Points of others, and the keeper at work. */
static void live(struct world *world, int i)
{
    for (size_t k = 0; k < STORE_KIT_SERIES; k++)
        (void)store_kit_put(&world->kit, k, store_kit_now_s(), store_kit_value());
    store_kit_commit(&world->kit);
    kit_now_us += 70 * 1000000ll;
    if (i % 4 == 3)
        EXPECT_OK(keeper_pass(world->kit.store, &kit_err));
    if (i % 16 == 15)
        EXPECT_OK(store_seal(world->kit.store, &kit_err));
    step_begin(world);
    step_end(world);
}

static void script(struct world *world, int n_deeds)
{
    for (int i = 0; i < n_deeds; i++) {
        const size_t n = 1 + kit_random_below(AT_ONCE);
        if (i % 4 == 0)
            create(world, n);
        else if (i % 4 == 1)
            change_names(world, n);
        else if (i % 4 == 2)
            delete (world, n, i % 24 == 22);
        else
            create(world, 1);
        live(world, i);
    }
}

/* ---- what is seen ---- */

static struct arena look_arena;

static int life_of(struct world *world, size_t name)
{
    const struct source source = store_source(world->kit.store);
    const struct source_span span = {FIRST_S, store_kit_now_s() + 1, store_kit_now_s(), 0};
    struct source_nodes nodes = {0};
    struct glob_path path;
    struct series *got = NULL;
    int life = EMPTY;

    EXPECT_OK(glob_path_compile(text_of(name), &look_arena, &path, &kit_err));
    EXPECT_OK(source.ops->find(source.self, &path, NULL, 10, &look_arena, &nodes, &kit_err));
    if (nodes.n == 0)
        return NONE;
    EXPECT_OK(source.ops->read(source.self, nodes.items, 1, &span, &look_arena, &got, &kit_err));
    for (size_t i = 0; got && i < got->n_points; i++) {
        const int64_t at_s = got->start_s + (int64_t)i * got->step_s;
        const double value = got->values[i];
        if (isnan(value))
            continue;
        const bool is_known = life == EMPTY && value >= 1 && value <= LIVES_MAX &&
                              world->at_s[(int)value] / got->step_s == at_s / got->step_s;
        life = is_known ? (int)value : WRONG;
    }
    return life;
}

static bool has(const struct state *state, int life)
{
    for (size_t i = 0; i < NAMES; i++)
        if (state->lives[i] == life)
            return true;
    return false;
}

/* All is as before or as after. What is seen becomes what is known. */
static bool agrees(struct world *world, const struct state *before, const struct state *after)
{
    struct source_nodes all = {0};
    size_t n_there = 0;

    arena_reset(&look_arena);
    for (size_t i = 0; i < NAMES; i++) {
        const int was = before->lives[i], is = after->lives[i], got = life_of(world, i);
        const bool may_be_empty = is > before->n_lives;
        world->now.lives[i] = got;
        n_there += got != NONE;
        if (got == was || got == is || (got == EMPTY && may_be_empty))
            continue;
        (void)fprintf(stderr, "%s: %d, may be %d or %d\n", text_of(i), got, was, is);
        return false;
    }
    for (size_t i = 0; i < NAMES; i++)
        if (before->lives[i] > 0 && has(after, before->lives[i]) &&
            !has(&world->now, before->lives[i])) {
            (void)fprintf(stderr, "series %d is lost\n", before->lives[i]);
            return false;
        }
    EXPECT_OK(
        store_source(world->kit.store).ops->all(world->kit.store, &look_arena, &all, &kit_err));
    EXPECT_I64(all.n, STORE_KIT_SERIES + n_there);
    return true;
}

static bool reopen(struct world *world)
{
    store_kit_close(&world->kit);
    const bool is_open = store_kit_open(&world->kit);
    EXPECT(is_open);
    if (!is_open)
        (void)fprintf(stderr, "%s\n", kit_err.text);
    else
        EXPECT_I64(world->kit.store->n_damaged, 0);
    return is_open;
}

static bool look(struct world *world, const struct state *before, const struct state *after)
{
    EXPECT(store_kit_is_sound(world->kit.dir));
    if (!reopen(world) || !agrees(world, before, after))
        return false;
    /* it goes on */
    world->now.n_lives = after->n_lives;
    delete (world, 1, false);
    change_names(world, 1);
    create(world, 1);
    const struct state then = world->now;
    const bool is_right = reopen(world) && agrees(world, &then, &then);
    EXPECT(store_kit_is_sound(world->kit.dir));
    return is_right;
}

/* ---- the cuts ---- */

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    int64_t value = 0;
    return text && num_parse_i64(text, strlen(text), &value) ? (uint64_t)value : otherwise;
}

/* A world of its own on what is left after the cut. */
static struct world *cut_world(const struct world *from, size_t n, uint64_t seed)
{
    struct world *world = mem_alloc(sizeof *world);
    *world = *from;
    world->power = NULL;
    world->kit.store = NULL;
    world->kit.writer = NULL;
    world->kit.dir = new_dir();
    power_cut(from->power, n, seed, world->kit.dir);
    return world;
}

static void cut_one(const struct world *from, size_t n, uint64_t seed, const struct state may[2])
{
    const int64_t now_us = kit_now_us;
    const unsigned n_failures = kit_failures();
    struct world *world = cut_world(from, n, seed);

    const bool is_ok = look(world, &may[0], &may[1]) && kit_failures() == n_failures;
    store_kit_close(&world->kit);
    if (is_ok)
        EXPECT_OK(dir_remove(world->kit.dir, &kit_err));
    else
        (void)fprintf(stderr, "power cut at change %zu (%s), seed %llu, left in %s\n", n,
                      power_text(from->power, n), (unsigned long long)seed, world->kit.dir);
    EXPECT(is_ok);
    mem_free(world);
    kit_now_us = now_us;
}

/* The power fails again while the store is opened after a cut. */
static void cut_again(const struct world *from, size_t n, uint64_t seed, const struct state may[2])
{
    struct world *world = cut_world(from, n, seed);

    world->power = power_begin(world->kit.dir);
    if (reopen(world))
        EXPECT_OK(keeper_pass(world->kit.store, &kit_err));
    store_kit_close(&world->kit);
    power_stop(world->power);
    for (uint64_t i = 0; i < AGAIN_PLACES && kit_failures() == 0; i++)
        cut_one(world, kit_random_below(power_count(world->power) + 1), i + seed, may);
    if (kit_failures() > 0)
        (void)fprintf(stderr, "after one at change %zu (%s), seed %llu\n", n,
                      power_text(from->power, n), (unsigned long long)seed);
    power_end(world->power);
    EXPECT_OK(dir_remove(world->kit.dir, &kit_err));
    mem_free(world);
}

static void cut_all(const struct world *world)
{
    const uint64_t n_seeds = number_of("PLUMB_POWER_SEEDS", 0);
    const uint64_t base = POWER_PLAIN_SEEDS + 1000 * number_of("PLUMB_POWER_SEED", 0);
    const uint64_t first = kit_random_below(CUT_EACH);
    struct state may[2] = {0};
    size_t next = 0;

    for (size_t n = 0; n <= power_count(world->power) && kit_failures() == 0; n++) {
        for (; next < world->n_steps && world->steps[next].begun <= n; next++) {
            may[0] = may[1];
            may[1] = world->steps[next].after;
            kit_now_us = world->steps[next].now_us;
        }
        if (next > 0 && world->steps[next - 1].ended <= n)
            may[0] = may[1];
        if (n_seeds == 0 && n % CUT_EACH != first)
            continue;
        cut_one(world, n, n % POWER_PLAIN_SEEDS, may);
        for (uint64_t i = 0; i < 1 + n_seeds && kit_failures() == 0; i++)
            cut_one(world, n, base + i, may);
        if (n % AGAIN_EACH == 0 && kit_failures() == 0)
            cut_again(world, n, base + n_seeds, may);
    }
}

TEST(what_was_said_of_names_holds_after_a_power_cut)
{
    struct world *world = mem_zalloc(sizeof *world);

    kit_temp_in_memory();
    arena_init(&look_arena);
    world_init(world);
    world->power = power_begin(world->kit.dir);
    EXPECT(store_kit_open(&world->kit));
    script(world, 60);
    store_kit_close(&world->kit);
    power_stop(world->power);
    (void)fprintf(stderr, "%zu changes, %d series\n", power_count(world->power),
                  world->now.n_lives);
    cut_all(world);
    power_end(world->power);
    world_done(world);
    arena_done(&look_arena);
}

/* ---- what comes while a sync runs ---- */

enum { MEANWHILE_SEEDS = 60 };

struct meanwhile {
    struct store_kit kit;
    struct power *power;
    int n_points; /* that come with the name; many fill the segment */
    bool is_done;
};

static void put_under(struct store_kit *kit, const char *name, int n)
{
    const struct sink_ops *ops = store_sink(kit->store).ops;
    const struct str text = str_of(name);
    struct sink_point point = {0, (uint32_t)store_kit_now_s(), 0};
    enum sink_fate fate;

    ops->resolve(kit->writer, &text, 1, &point.id, &fate);
    for (int i = 0; i < n; i++) {
        point.value = i + 0.1234567891;
        (void)ops->put(kit->writer, &point, 1, &fate);
        EXPECT_OK(ops->commit(kit->writer, &kit_err));
    }
}

/* A name and its points come when names.log has just been synced, and the points' stream has not. */
static void then_come(void *self, size_t i)
{
    struct meanwhile *meanwhile = self;

    if (meanwhile->is_done || strcmp(power_text(meanwhile->power, i), "sync names.log") != 0)
        return;
    meanwhile->is_done = true;
    put_under(&meanwhile->kit, "meanwhile.second", meanwhile->n_points);
}

TEST(points_whose_names_a_power_cut_took_are_no_damage)
{
    static const struct {
        const char *row;
        int n_points;
    } rows[] = {{"in the open segment", 2}, {"in a segment that is full by then", 150}};

    kit_temp_in_memory();
    EACH_ROW (rows, r) {
        struct meanwhile meanwhile = {.n_points = r->n_points};
        struct store_kit *kit = &meanwhile.kit;

        kit_now_us = (FIRST_S + 100) * 1000000ll;
        store_kit_init(kit, "10s:30d", "average", FIRST_S, 1);
        kit->tuning.wal_segment_bytes = 4 << 10;
        meanwhile.power = power_begin(kit->dir);
        EXPECT(store_kit_open(kit));
        put_under(kit, "meanwhile.first", 1);
        power_then(meanwhile.power, then_come, &meanwhile);
        EXPECT_OK(sync_pass(kit->store, &kit_err));
        EXPECT(meanwhile.is_done);
        put_under(kit, "meanwhile.first", 2);
        power_stop(meanwhile.power);
        for (uint64_t seed = 0; seed < MEANWHILE_SEEDS; seed++) {
            const char *dir = new_dir();
            power_cut(meanwhile.power, power_count(meanwhile.power), seed, dir);
            EXPECT(store_kit_is_sound(dir));
        }
        power_end(meanwhile.power);
        store_kit_done(kit);
    }
}

/* ---- a names log that is written anew ---- */

enum harm { HARM_OLDER, HARM_TORN, HARM_DAMAGED };

/* Of version 1, or with a bad byte in the record of this name. */
static void harm(const char *dir, enum harm harm, const char *name)
{
    const char *path = kit_path(dir, "names.log");
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    EXPECT_OK(file_read_all(path, &bytes, &kit_err));
    if (harm == HARM_OLDER) {
        bytes.at[8] = 1;
        const uint32_t crc = hash_crc32c(0, bytes.at, NAMES_LOG_HEADER_BYTES - 4);
        memcpy(bytes.at + NAMES_LOG_HEADER_BYTES - 4, &crc, 4);
    } else {
        char *at = memmem(bytes.at, bytes.n, name, strlen(name));
        BUG_IF(!at);
        *at = (char)(*at ^ 4);
    }
    EXPECT_OK(file_replace(path, bytes.at, bytes.n, &kit_err));
    buf_done(&bytes);
}

/* All names, when a store is opened there. */
static const char *names_in(struct world *world, const char *dir, bool *out_is_damaged)
{
    struct source_nodes all = {0};
    struct buf text;

    world->kit.dir = dir;
    buf_init(&text, 1 << 20);
    EXPECT(store_kit_open(&world->kit));
    *out_is_damaged = world->kit.store->n_damaged > 0;
    EXPECT_OK(
        store_source(world->kit.store).ops->all(world->kit.store, &kit_arena, &all, &kit_err));
    for (size_t i = 0; i < all.n; i++)
        buf_printf(&text, "%s\n", all.items[i].path);
    store_kit_close(&world->kit);
    const char *kept = arena_strdup(&kit_arena, buf_text(&text));
    buf_done(&text);
    return kept;
}

/* A folder whose names log wants to be written anew. */
static const char *harmed(struct world *world, enum harm what)
{
    const char *dir = new_dir();
    enum sink_fate fate;

    world_init(world);
    EXPECT(store_kit_open(&world->kit));
    script(world, 16);
    for (int i = 0; i < 8 && what == HARM_TORN; i++) { /* not synced */
        const struct str name = str_of(arena_printf(&kit_arena, "late.n%d", i));
        uint32_t id;
        store_sink(world->kit.store).ops->resolve(world->kit.writer, &name, 1, &id, &fate);
    }
    store_kit_commit(&world->kit);
    if (what != HARM_TORN)
        store_kit_close(&world->kit);
    store_kit_copy(world->kit.dir, dir);
    store_kit_close(&world->kit);
    harm(dir, what, what == HARM_TORN ? "late.n3" : "own.n");
    EXPECT(store_kit_is_sound(dir) == (what != HARM_DAMAGED));
    return dir;
}

static void cut_rewrite(struct world *world, const struct power *power, size_t n, uint64_t seed,
                        const char *want, enum harm harm)
{
    const char *dir = new_dir();
    bool is_damaged;

    power_cut(power, n, seed, dir);
    const bool has_copy = file_exists(kit_path(dir, "corrupt/names.log"));
    const char *got = names_in(world, dir, &is_damaged);
    EXPECT_TEXT(got, want);
    EXPECT(harm != HARM_DAMAGED || is_damaged || has_copy); /* what it was is not gone */
}

TEST(a_names_log_is_written_anew_at_once_or_not_at_all)
{
    static const struct {
        const char *row;
        enum harm harm;
    } rows[] = {
        {"of an older version", HARM_OLDER},
        {"torn by a power cut", HARM_TORN},
        {"damaged", HARM_DAMAGED},
    };

    kit_temp_in_memory();
    EACH_ROW (rows, r) {
        struct world *world = mem_zalloc(sizeof *world);
        const char *dir = harmed(world, r->harm), *copy = new_dir();
        bool is_damaged, is_rewritten = false;

        store_kit_copy(dir, copy);
        const char *want = names_in(world, copy, &is_damaged);
        EXPECT(is_damaged == (r->harm == HARM_DAMAGED));
        EXPECT(r->harm != HARM_TORN ||
               (strstr(want, "late.n2") && !strstr(want, "late.n3") && strstr(want, "late.n4")));
        struct power *power = power_begin(dir);
        EXPECT_TEXT(names_in(world, dir, &is_damaged), want);
        power_stop(power);
        for (size_t n = 0; n <= power_count(power); n++) {
            is_rewritten |= strstr(power_text(power, n), "names.log.tmp to names.log") != NULL;
            for (uint64_t seed = 0; seed < 2 * POWER_PLAIN_SEEDS; seed++)
                cut_rewrite(world, power, n, seed, want, r->harm);
        }
        EXPECT(is_rewritten);
        power_end(power);
        world_done(world);
    }
}

RUN_TESTS(test_of(points_whose_names_a_power_cut_took_are_no_damage),
          test_of(a_names_log_is_written_anew_at_once_or_not_at_all),
          test_of(what_was_said_of_names_holds_after_a_power_cut))
