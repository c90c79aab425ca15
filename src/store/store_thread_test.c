/* Writers, readers, the keeper and the commit thread at once; meant for the thread sanitizer too. */
#include "kit/kit.h"
#include "os/realtime.h"
#include "os/thread.h"
#include "store/keeper.h"
#include "store/store.h"
#include "store/store_kit.c"

enum { WRITERS = 3, READERS = 2, ROUNDS = 4000, PER_WRITER = 4, FIRST_S = 1700000000 };

struct worker {
    struct store *store;
    unsigned no;
    bool is_ok;
    uint32_t ids[PER_WRITER];
    bool *is_stopping; /* atomic */
    struct thread thread;
};

static double value_of(int round, unsigned writer, size_t series)
{
    return round + writer * 0.25 + (double)series * 1000;
}

static void write_rounds(void *self)
{
    struct worker *worker = self;
    const struct sink sink = store_sink(worker->store);
    struct sink_writer *writer;
    struct err err;
    enum sink_fate fates[PER_WRITER];

    worker->is_ok = sink.ops->writer_open(sink.self, &writer, &err);
    for (size_t i = 0; i < PER_WRITER && worker->is_ok; i++) {
        char text[] = "w0.s0";
        text[1] = (char)('0' + worker->no);
        text[4] = (char)('0' + i);
        struct str name = {text, 5};
        sink.ops->resolve(writer, &name, 1, &worker->ids[i], fates);
        worker->is_ok = fates[0] == SINK_OK;
    }
    for (int round = 0; round < ROUNDS && worker->is_ok; round++) {
        struct sink_point points[PER_WRITER];
        for (size_t i = 0; i < PER_WRITER; i++)
            points[i] = (struct sink_point){worker->ids[i], FIRST_S + (uint32_t)round * 10,
                                            value_of(round, worker->no, i)};
        worker->is_ok = sink.ops->put(writer, points, PER_WRITER, fates) == PER_WRITER &&
                        sink.ops->commit(writer, &err);
        kit_now_raise((FIRST_S + round * 10ll) * 1000000);
    }
    if (worker->is_ok)
        sink.ops->writer_close(writer);
}

/* Whatever is there must be what was written. */
static bool read_all(struct store *store)
{
    const struct source source = store_source(store);
    const int64_t now_s = __atomic_load_n(&kit_now_us, __ATOMIC_SEQ_CST) / 1000000;
    const struct source_span span = {FIRST_S, now_s + 1, now_s, 60};
    CLEANUP(arena_done) struct arena arena;
    struct source_nodes nodes = {0};
    struct err err;
    bool is_ok = true;

    arena_init(&arena);
    if (!source.ops->all(source.self, &arena, &nodes, &err))
        return false;
    for (size_t i = 0; i < nodes.n && is_ok; i++) {
        struct series *got = NULL;
        unsigned writer = (unsigned)(nodes.items[i].path[1] - '0');
        size_t series = (size_t)(nodes.items[i].path[4] - '0');
        is_ok = source.ops->read(source.self, &nodes.items[i], 1, &span, &arena, &got, &err);
        for (size_t k = 0; is_ok && got && k < got->n_points; k++) {
            int round = (int)((got->start_s - FIRST_S) / 10) + (int)k;
            is_ok = isnan(got->values[k]) || got->values[k] == value_of(round, writer, series);
        }
    }
    return is_ok;
}

static void read_on(void *self)
{
    struct worker *worker = self;
    worker->is_ok = true;
    while (worker->is_ok && !__atomic_load_n(worker->is_stopping, __ATOMIC_SEQ_CST))
        worker->is_ok = read_all(worker->store);
}

static size_t n_missing(struct store *store)
{
    const struct source source = store_source(store);
    const int64_t now_s = FIRST_S + (ROUNDS - 1) * 10;
    const struct source_span span = {FIRST_S, now_s + 1, now_s, 60};
    struct source_nodes nodes = {0};
    size_t n = 0;

    EXPECT_OK(source.ops->all(source.self, &kit_arena, &nodes, &kit_err));
    EXPECT_I64(nodes.n, WRITERS * PER_WRITER);
    for (size_t i = 0; i < nodes.n; i++) {
        struct series *got = NULL;
        EXPECT_OK(
            source.ops->read(source.self, &nodes.items[i], 1, &span, &kit_arena, &got, &kit_err));
        EXPECT_I64(got ? got->n_points : 0, ROUNDS);
        for (size_t k = 0; got && k < got->n_points; k++)
            n += isnan(got->values[k]);
    }
    return n;
}

static void on_finding(void *self, const struct store_finding *finding)
{
    (void)self;
    if (!finding->is_note)
        EXPECT_TEXT(finding->what, "");
}

/* Copies the store while all the others are at it; the copy and the store itself are sound. */
static void copy(struct store *store)
{
    const struct store_verifier verifier = {.on_finding = on_finding};
    const char *dir = kit_path(new_dir(), "copy");
    struct store_verified out;
    struct store_copy copied;

    EXPECT_OK(store_snapshot(store, dir, &copied, &kit_err));
    EXPECT_OK(store_verify(dir, &verifier, &out, &kit_err));
    EXPECT_OK(store_verify(store->dir, &verifier, &out, &kit_err));
}

TEST(writers_readers_and_the_keeper_at_once)
{
    struct store_kit kit;
    struct worker workers[WRITERS + READERS] = {0};
    bool is_stopping = false;

    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 10);
    kit.tuning.has_no_threads = false;
    __atomic_store_n(&kit_now_us, FIRST_S * 1000000ll, __ATOMIC_SEQ_CST);
    struct store_options options = store_kit_options(&kit);
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    for (unsigned i = 0; i < WRITERS + READERS; i++) {
        workers[i] = (struct worker){.store = kit.store, .no = i, .is_stopping = &is_stopping};
        EXPECT_OK(thread_start(&workers[i].thread, "test", i < WRITERS ? write_rounds : read_on,
                               &workers[i], &kit_err));
    }
    for (int i = 0; i < 60; i++) {
        EXPECT_OK(store_seal(kit.store, &kit_err));
        if (i % 20 == 10)
            copy(kit.store);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        thread_join(&workers[i].thread);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT_OK(store_sink(kit.store).ops->barrier(kit.store, &kit_err));
    __atomic_store_n(&is_stopping, true, __ATOMIC_SEQ_CST);
    for (unsigned i = WRITERS; i < WRITERS + READERS; i++)
        thread_join(&workers[i].thread);
    for (unsigned i = 0; i < WRITERS + READERS; i++)
        EXPECT(workers[i].is_ok);
    EXPECT_I64(n_missing(kit.store), 0);
    store_close(kit.store);
    kit.store = NULL;
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    EXPECT_I64(n_missing(kit.store), 0);
    store_kit_done(&kit);
}

/* ---- everything at once ---- */

enum {
    BUSY_ROUNDS = 3000, /* of ten seconds: partitions of one second age and go */
    KINDS = 3,          /* rules, see busy_schemas */
    BUSY_SERIES = 4 * KINDS,
    BURST = 24, /* slots of history in one go */
    STEP_S = 10,
};

/* A value tells the second it was written for, and the how-manieth it is for that. */
struct busy {
    struct worker worker;
    struct sink_writer *writer;
    uint64_t random;
    uint32_t ids[BUSY_SERIES];
    double last[BUSY_SERIES][BUSY_ROUNDS]; /* what the series' slots must hold; 0: nothing */
};

static uint64_t busy_below(struct busy *busy, uint64_t n)
{
    busy->random = busy->random * 6364136223846793005u + 1442695040888963407u;
    return (busy->random >> 33) % n;
}

static bool busy_put(struct busy *busy, size_t first, size_t n, int round)
{
    const struct sink sink = store_sink(busy->worker.store);
    struct sink_point points[BUSY_SERIES];
    enum sink_fate fates[BUSY_SERIES];

    for (size_t i = 0; i < n; i++) {
        const double before = busy->last[first + i][round];
        const double at_s = FIRST_S + round * STEP_S;
        points[i] = (struct sink_point){busy->ids[first + i], (uint32_t)at_s,
                                        before == 0 ? at_s : at_s + fmod(before + 0.125, 1)};
    }
    (void)sink.ops->put(busy->writer, points, n, fates);
    for (size_t i = 0; i < n; i++) {
        if (fates[i] == SINK_OK)
            busy->last[first + i][round] = points[i].value;
        else if (fates[i] != SINK_TOO_NEW) /* the clock is back just now */
            return false;
    }
    return true;
}

static bool busy_name(struct busy *busy, const char *text, uint32_t *out_id)
{
    const struct sink sink = store_sink(busy->worker.store);
    struct str name = str_of(text);
    enum sink_fate fate;
    sink.ops->resolve(busy->writer, &name, 1, out_id, &fate);
    return fate == SINK_OK;
}

/* History: all series slot by slot, or one series here and there. */
static bool busy_late(struct busy *busy, int round)
{
    const bool is_old = busy_below(busy, 4) == 0;
    const int reach = is_old || round < 400 ? round : 400;
    int at = round - (int)busy_below(busy, (uint64_t)reach + 1);
    const size_t series = busy_below(busy, BUSY_SERIES);
    const bool is_pane = busy_below(busy, 2) == 0;
    bool is_ok = true;

    for (int i = 0; i < BURST && at <= round && is_ok; i++, at++)
        is_ok = is_pane ? busy_put(busy, 0, BUSY_SERIES, at)
                        : busy_put(busy, series, 1, round - (int)busy_below(busy, reach + 1u));
    return is_ok;
}

static bool busy_round(struct busy *busy, int round)
{
    const struct sink sink = store_sink(busy->worker.store);
    struct err err;
    char text[32];
    uint32_t id;

    bool is_ok = busy_put(busy, 0, BUSY_SERIES, round);
    if (is_ok && busy_below(busy, 12) == 0)
        is_ok = busy_late(busy, round);
    if (is_ok && busy_below(busy, 50) == 0) {
        (void)snprintf(text, sizeof text, "new.w%u.r%d", busy->worker.no, round);
        is_ok = busy_name(busy, text, &id);
    }
    return is_ok && (busy_below(busy, 3) == 0 || sink.ops->commit(busy->writer, &err));
}

static void busy_write(void *self)
{
    struct busy *busy = self;
    const struct sink sink = store_sink(busy->worker.store);
    struct err err;
    char text[32];

    bool is_ok = sink.ops->writer_open(sink.self, &busy->writer, &err);
    for (unsigned i = 0; i < BUSY_SERIES && is_ok; i++) {
        (void)snprintf(text, sizeof text, "k%u.w%u.s%u", i % KINDS, busy->worker.no, i);
        is_ok = busy_name(busy, text, &busy->ids[i]);
    }
    for (int round = 0; round < BUSY_ROUNDS && is_ok; round++) {
        is_ok = busy_round(busy, round);
        kit_now_raise((FIRST_S + (int64_t)round * STEP_S) * 1000000);
    }
    busy->worker.is_ok = is_ok && sink.ops->commit(busy->writer, &err);
    if (busy->writer)
        sink.ops->writer_close(busy->writer);
}

static bool busy_read(struct store *store, const struct source_node *node, int64_t age_s,
                      struct arena *arena, struct series **out)
{
    const struct source source = store_source(store);
    const int64_t now_s = FIRST_S + BUSY_ROUNDS * STEP_S;
    const struct source_span span = {FIRST_S, now_s, now_s, age_s};
    struct err err;
    return source.ops->read(source.self, node, 1, &span, arena, out, &err);
}

/* Each value is one that was written for a second of its slot. */
static bool busy_read_all(struct store *store)
{
    const struct source source = store_source(store);
    static const int64_t ages_s[] = {3600, 86400 * 20};
    CLEANUP(arena_done) struct arena arena;
    struct source_nodes nodes = {0};
    struct err err;

    arena_init(&arena);
    bool is_ok = source.ops->all(source.self, &arena, &nodes, &err);
    for (size_t i = 0; i < 2 * nodes.n && is_ok; i++) {
        struct series *got = NULL;
        is_ok = busy_read(store, &nodes.items[i / 2], ages_s[i % 2], &arena, &got);
        for (size_t k = 0; is_ok && got && k < got->n_points; k++) {
            const double at_s = (double)(got->start_s + (int64_t)k * got->step_s);
            const double value = got->values[k];
            is_ok = isnan(value) || (value >= at_s && value < at_s + (double)got->step_s);
        }
    }
    return is_ok;
}

static void busy_read_on(void *self)
{
    struct worker *worker = self;
    struct store_stats stats;
    worker->is_ok = true;
    while (worker->is_ok && !__atomic_load_n(worker->is_stopping, __ATOMIC_SEQ_CST)) {
        worker->is_ok = busy_read_all(worker->store);
        store_stats(worker->store, &stats);
    }
}

/* The last value written for a second of the slot; 0: none. */
static double busy_wanted(const struct busy *busy, size_t series, int64_t at_s, int64_t step_s)
{
    for (int64_t s = at_s + step_s - 1; s >= at_s; s--)
        if (s % STEP_S == 0 && s < FIRST_S + BUSY_ROUNDS * STEP_S &&
            busy->last[series][(s - FIRST_S) / STEP_S] != 0)
            return busy->last[series][(s - FIRST_S) / STEP_S];
    return 0;
}

/* From the floor on all is known for sure; below it a late point may have come before the roll-up or
 * after. */
static size_t busy_differs(struct store *store, const struct busy *busy, size_t series,
                           int64_t age_s)
{
    struct files_version *version = files_ref(store->files);
    const struct head_class *of =
        head_class(store->head, names_class(store->names, busy->ids[series]));
    const int64_t floor_s = shared_floor_s(version, of, 0);
    const struct source_node node = {names_text(store->names, busy->ids[series]), busy->ids[series],
                                     true, false};
    const int64_t kept_s = FIRST_S + BUSY_ROUNDS * STEP_S + 1;
    struct series *got = NULL;
    size_t n = 0;

    files_unref(store->files, version);
    EXPECT(busy_read(store, &node, age_s, &kit_arena, &got));
    const size_t level = got && got->step_s > (int64_t)of->schema.archives[0].step_s;
    const int64_t oldest_s = kept_s - shared_retention_s(&of->schema, level);
    for (size_t k = 0; got && k < got->n_points; k++) {
        const int64_t at_s = got->start_s + (int64_t)k * got->step_s;
        const double want = busy_wanted(busy, series, at_s, got->step_s);
        const double value = isnan(got->values[k]) ? 0 : got->values[k];
        if (at_s >= oldest_s && (level == 0 || at_s >= floor_s))
            n += value != want;
        else if (level > 0)
            n += (want == 0) != (value == 0);
    }
    return n + (got == NULL);
}

static void busy_compare(struct store *store, const struct busy *all)
{
    for (size_t i = 0; i < WRITERS * BUSY_SERIES; i++) {
        EXPECT_I64(busy_differs(store, &all[i / BUSY_SERIES], i % BUSY_SERIES, 3600), 0);
        EXPECT_I64(busy_differs(store, &all[i / BUSY_SERIES], i % BUSY_SERIES, 86400 * 20), 0);
    }
}

/* What the keeper, an administrator and a bad clock do meanwhile. */
static void busy_disturb(struct store *store, unsigned i)
{
    const struct str name = str_of(i % 2 ? "k0.w0.s0" : "k1.w1.s4");
    struct err err;

    keeper_wake(store);
    EXPECT(store_hide(store, &name, 1, i % 4 < 2, &err));
    if (i % 3 == 0)
        EXPECT_OK(store_seal(store, &kit_err));
    if (i % 7 == 6) /* back by up to an hour, or two hours ahead for a moment */
        (void)__atomic_sub_fetch(&kit_now_us, (i % 4) * 900 * 1000000ll, __ATOMIC_SEQ_CST);
    if (i % 11 == 10) {
        (void)__atomic_add_fetch(&kit_now_us, 7200 * 1000000ll, __ATOMIC_SEQ_CST);
        keeper_wake(store);
        sleep_us(2000);
        (void)__atomic_sub_fetch(&kit_now_us, 7200 * 1000000ll, __ATOMIC_SEQ_CST);
    }
    sleep_us(2000);
}

static void busy_schemas(struct store_kit *kit)
{
    schemas_free(kit->schemas);
    EXPECT_OK(schemas_parse("s",
                            "[a]\npattern = ^k0\nretentions = 10s:30d\n"
                            "[b]\npattern = ^k1\nretentions = 10s:1d,60s:60d\n"
                            "[c]\npattern = .*\nretentions = 1s:1h,60s:30d\n",
                            "a",
                            "[b]\npattern = ^k1\nxFilesFactor = 0\naggregationMethod = last\n"
                            "[c]\npattern = .*\nxFilesFactor = 0\naggregationMethod = max\n",
                            &kit->schemas, &kit_err));
    kit->tuning.has_no_threads = false;
    kit->tuning.wal_bytes_max = 256 << 10;
    kit->tuning.late_flush_bytes = 64 << 10;
    kit->tuning.late_run = 2;
    kit->tuning.files_merge = 3;
}

static bool is_any_running(const unsigned *n_done)
{
    return __atomic_load_n(n_done, __ATOMIC_SEQ_CST) < WRITERS;
}

static unsigned n_writers_done; /* atomic */

static void busy_write_all(void *self)
{
    busy_write(self);
    (void)__atomic_add_fetch(&n_writers_done, 1, __ATOMIC_SEQ_CST);
}

TEST(late_points_roll_ups_merges_hides_and_clocks_at_once)
{
    struct store_kit kit;
    struct busy *all = mem_array(WRITERS, struct busy);
    struct worker readers[READERS];
    bool is_stopping = false;

    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 10);
    busy_schemas(&kit);
    __atomic_store_n(&n_writers_done, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&kit_now_us, FIRST_S * 1000000ll, __ATOMIC_SEQ_CST);
    struct store_options options = store_kit_options(&kit);
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    for (unsigned i = 0; i < WRITERS; i++) {
        all[i].worker = (struct worker){.store = kit.store, .no = i};
        all[i].random = kit_random();
        EXPECT_OK(thread_start(&all[i].worker.thread, "test", busy_write_all, &all[i], &kit_err));
    }
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (struct worker){.store = kit.store, .is_stopping = &is_stopping};
        EXPECT_OK(thread_start(&readers[i].thread, "test", busy_read_on, &readers[i], &kit_err));
    }
    for (unsigned i = 0; is_any_running(&n_writers_done); i++)
        busy_disturb(kit.store, i);
    for (unsigned i = 0; i < WRITERS; i++) {
        thread_join(&all[i].worker.thread);
        EXPECT(all[i].worker.is_ok);
    }
    __atomic_store_n(&is_stopping, true, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < READERS; i++) {
        thread_join(&readers[i].thread);
        EXPECT(readers[i].is_ok);
    }
    __atomic_store_n(&kit_now_us, (FIRST_S + BUSY_ROUNDS * STEP_S) * 1000000ll, __ATOMIC_SEQ_CST);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    busy_compare(kit.store, all);
    store_close(kit.store);
    kit.store = NULL;
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    busy_compare(kit.store, all);
    store_kit_done(&kit);
    mem_free(all);
}

RUN_TESTS(test_of(writers_readers_and_the_keeper_at_once),
          test_of(late_points_roll_ups_merges_hides_and_clocks_at_once))
