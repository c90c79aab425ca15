/* Writers, readers, the keeper and the commit thread at once; meant for the thread sanitizer too. */
#include "kit/kit.h"
#include "os/thread.h"
#include "store/store.h"
#include "store/store_kit.c"

enum { WRITERS = 3, READERS = 2, ROUNDS = 4000, PER_WRITER = 4, FIRST_S = 1700000000 };

static int64_t now_us; /* atomic */

static int64_t moving_now_us(void *self)
{
    (void)self;
    return __atomic_load_n(&now_us, __ATOMIC_SEQ_CST);
}

/* The clock follows the fastest writer; the others are late. */
static void clock_raise(int64_t at_us)
{
    int64_t seen = __atomic_load_n(&now_us, __ATOMIC_SEQ_CST);
    while (seen < at_us && !__atomic_compare_exchange_n(&now_us, &seen, at_us, false,
                                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        continue;
}

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
        clock_raise((FIRST_S + round * 10ll) * 1000000);
    }
    if (worker->is_ok)
        sink.ops->writer_close(writer);
}

/* Whatever is there must be what was written. */
static bool read_all(struct store *store)
{
    const struct source source = store_source(store);
    const int64_t now_s = __atomic_load_n(&now_us, __ATOMIC_SEQ_CST) / 1000000;
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
    __atomic_store_n(&now_us, FIRST_S * 1000000ll, __ATOMIC_SEQ_CST);
    struct store_options options = store_kit_options(&kit);
    options.clock = (struct clock){moving_now_us, NULL};
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

RUN_TESTS(test_of(writers_readers_and_the_keeper_at_once))
