/* History that is replayed as fast as it goes, by several senders that are not in step. */
#include <math.h>

#include "kit/kit.h"
#include "os/thread.h"
#include "store/store.h"
#include "store/store_kit.c"
#include "store/sync.h"

enum {
    WRITERS = 4,
    PER_WRITER = 100, /* series */
    SLOTS = 2160,     /* six hours */
    PHASE_SLOTS = 100,
    STEP_S = 10,
    FIRST_S = 1700000000,
    ALL = WRITERS * PER_WRITER,
};

struct worker {
    struct store *store;
    unsigned no;
    bool is_ok;
    struct thread thread;
};

static double value_of(uint32_t slot, unsigned writer, size_t series)
{
    return slot + writer * 0.25 + (double)series * 10000;
}

static void name_series(char text[static 8], unsigned writer, size_t series)
{
    text[0] = 'w';
    text[1] = (char)('0' + writer);
    text[2] = '.';
    text[3] = 's';
    text[4] = (char)('0' + series / 10);
    text[5] = (char)('0' + series % 10);
    text[6] = '\0';
}

/* Each begins elsewhere and goes round, so that they are up to three phases apart all the time. */
static void write_all(void *self)
{
    struct worker *worker = self;
    const struct sink sink = store_sink(worker->store);
    struct sink_writer *writer;
    struct err err;
    uint32_t ids[PER_WRITER];
    enum sink_fate fates[PER_WRITER];

    worker->is_ok = sink.ops->writer_open(sink.self, &writer, &err);
    for (size_t i = 0; i < PER_WRITER && worker->is_ok; i++) {
        char text[8];
        name_series(text, worker->no, i);
        struct str name = {text, 6};
        sink.ops->resolve(writer, &name, 1, &ids[i], fates);
        worker->is_ok = fates[0] == SINK_OK;
    }
    for (uint32_t k = 0; k < SLOTS && worker->is_ok; k++) {
        const uint32_t slot = (k + worker->no * PHASE_SLOTS) % SLOTS;
        struct sink_point points[PER_WRITER];
        for (size_t i = 0; i < PER_WRITER; i++)
            points[i] =
                (struct sink_point){ids[i], FIRST_S + slot * STEP_S, value_of(slot, worker->no, i)};
        worker->is_ok = sink.ops->put(writer, points, PER_WRITER, fates) == PER_WRITER &&
                        (k % 8 != 0 || sink.ops->commit(writer, &err));
    }
    if (worker->is_ok)
        sink.ops->writer_close(writer);
}

static size_t n_wrong(const struct store_kit *kit)
{
    const struct source_span span = {FIRST_S, FIRST_S + SLOTS * STEP_S, store_kit_now_s(), 60};
    size_t n_series, n = 0;
    struct series **all = store_kit_read_all(kit, &span, &n_series);

    EXPECT_I64(n_series, ALL);
    for (size_t i = 0; i < n_series; i++) {
        const struct series *got = all[i];
        const char *path = got ? got->name : "w0.s00";
        const size_t series = (size_t)(path[4] - '0') * 10 + (size_t)(path[5] - '0');
        EXPECT_I64(got ? got->n_points : 0, SLOTS);
        for (uint32_t k = 0; got && k < got->n_points; k++)
            n += got->values[k] != value_of(k, (unsigned)(path[1] - '0'), series);
    }
    return n;
}

TEST(replayed_history_goes_through_columns_and_is_read_at_once)
{
    struct store_kit kit;
    struct worker workers[WRITERS] = {0};
    struct store_stats stats;

    kit_now_us = (FIRST_S + 86400) * 1000000ll;
    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 10);
    kit.tuning.has_no_threads = false;
    kit.tuning.late_flush_bytes = 4 << 20; /* written while more comes ... */
    kit.tuning.late_bytes_max = 8 << 20;   /* ... for which the senders must wait */
    struct store_options options = store_kit_options(&kit);
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    for (unsigned i = 0; i < WRITERS; i++) {
        workers[i] = (struct worker){.store = kit.store, .no = i};
        EXPECT_OK(thread_start(&workers[i].thread, "test", write_all, &workers[i], &kit_err));
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        thread_join(&workers[i].thread);
        EXPECT(workers[i].is_ok);
    }
    store_stats(kit.store, &stats);
    EXPECT_I64(stats.n_points_stored, ALL * SLOTS);
    EXPECT(stats.n_late_points < ALL * SLOTS / 100);
    EXPECT_I64(n_wrong(&kit), 0);

    store_close(kit.store); /* the rest is in the log */
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    EXPECT_I64(n_wrong(&kit), 0);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT_I64(n_wrong(&kit), 0);
    store_kit_done(&kit);
}

TEST(new_names_beyond_the_share_of_a_minute_are_refused)
{
    struct store_kit kit;
    struct sink_writer *writer;
    uint32_t id;
    enum sink_fate fate;

    kit_now_us = (FIRST_S / 60 * 60) * 1000000ll;
    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 10);
    struct store_options options = store_kit_options(&kit);
    options.creates_per_minute_max = 3;
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    const struct sink_ops *ops = store_sink(kit.store).ops;
    EXPECT_OK(ops->writer_open(kit.store, &writer, &kit_err));
    for (int minute = 0; minute < 3; minute++) {
        for (size_t i = 0; i < 5; i++) {
            char text[8];
            name_series(text, (unsigned)minute, i);
            struct str name = {text, 6};
            ops->resolve(writer, &name, 1, &id, &fate);
            EXPECT_I64(fate, i < 3 ? SINK_OK : SINK_NAME_LIMIT);
            EXPECT(i >= 3 || id == (uint32_t)minute * 3 + i);
            ops->resolve(writer, &name, 1, &id, &fate); /* a known one is no creation */
            EXPECT_I64(fate, i < 3 ? SINK_OK : SINK_NAME_LIMIT);
        }
        kit_now_us += 60 * 1000000ll;
    }
    ops->writer_close(writer);
    store_kit_done(&kit);
}

/* The disk is behind, not the limit reached: senders wait, and nothing is lost. */
TEST(new_names_wait_for_the_disk_when_too_many_are_not_on_it)
{
    struct store_kit kit;
    char text[NAME_BYTES_MAX];
    enum sink_fate fate = SINK_OK;
    uint32_t id, n = 0;

    kit_now_us = FIRST_S * 1000000ll;
    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 10);
    EXPECT(store_kit_open_bare(&kit));
    const struct sink_ops *ops = store_sink(kit.store).ops;
    memset(text, 'x', sizeof text);
    const struct str name = {text, sizeof text};
    for (; fate == SINK_OK && n < (1u << 20); n++) {
        for (size_t k = 0; k < 8; k++)
            text[k] = (char)('a' + (n >> 4 * k & 15));
        ops->resolve(kit.writer, &name, 1, &id, &fate);
        EXPECT_OK(ops->commit(kit.writer, &kit_err));
    }
    EXPECT_I64(fate, SINK_DISK);
    EXPECT(n > 10000);
    EXPECT_OK(sync_pass(kit.store, &kit_err));
    ops->resolve(kit.writer, &name, 1, &id, &fate);
    EXPECT_I64(fate, SINK_OK);
    EXPECT_I64(id, n - 1);
    store_kit_done(&kit);
}

RUN_TESTS(test_of(replayed_history_goes_through_columns_and_is_read_at_once),
          test_of(new_names_beyond_the_share_of_a_minute_are_refused),
          test_of(new_names_wait_for_the_disk_when_too_many_are_not_on_it))
