/* Writers, readers, the keeper and somebody who deletes and renames, at once; for the thread sanitizer too. */
#include "kit/kit.h"
#include "os/thread.h"
#include "store/store_kit.c"

enum { WRITERS = 2, SERIES = 6, ROUNDS = 2000, FIRST_S = 1700000000, NAME_ROOM = 32 };

struct worker {
    struct store *store;
    unsigned no;
    bool is_ok;
    bool *is_stopping; /* atomic */
    int n_rounds;      /* done; atomic */
    struct thread thread;
};

static const char *name_for(unsigned writer, unsigned series, char out[NAME_ROOM])
{
    (void)snprintf(out, NAME_ROOM, "w%u.s%u.load", writer, series);
    return out;
}

/* Puts a point until it is taken, as a receiver does. */
static bool put_one(struct worker *worker, struct sink_writer *writer, unsigned series, int round,
                    uint32_t *id)
{
    const struct sink sink = store_sink(worker->store);
    enum sink_fate fate = SINK_GONE;
    for (int i = 0; i < 1000 && fate == SINK_GONE; i++) {
        char text[NAME_ROOM];
        const struct str name = str_of(name_for(worker->no, series, text));
        const struct sink_point point = {*id, FIRST_S + (uint32_t)round * 10, round};
        if (*id != SINK_ID_NONE)
            (void)sink.ops->put(writer, &point, 1, &fate);
        if (fate == SINK_GONE)
            sink.ops->resolve(writer, &name, 1, id, &(enum sink_fate){SINK_OK});
    }
    return fate == SINK_OK;
}

static void write_rounds(void *self)
{
    struct worker *worker = self;
    const struct sink sink = store_sink(worker->store);
    struct sink_writer *writer;
    struct err err;
    uint32_t ids[SERIES];

    worker->is_ok = sink.ops->writer_open(sink.self, &writer, &err);
    for (unsigned i = 0; i < SERIES; i++)
        ids[i] = SINK_ID_NONE;
    for (int round = 0; round < ROUNDS && worker->is_ok; round++) {
        uint64_t n_renamings = sink.ops->n_renamings(sink.self);
        for (unsigned i = 0; i < SERIES && worker->is_ok; i++) {
            if (sink.ops->n_renamings(sink.self) != n_renamings) { /* forget all */
                n_renamings = sink.ops->n_renamings(sink.self);
                for (unsigned k = 0; k < SERIES; k++)
                    ids[k] = SINK_ID_NONE;
            }
            worker->is_ok = put_one(worker, writer, i, round, &ids[i]);
        }
        worker->is_ok = worker->is_ok && sink.ops->commit(writer, &err);
        __atomic_store_n(&worker->n_rounds, round + 1, __ATOMIC_SEQ_CST);
        kit_now_raise((FIRST_S + round * 10ll) * 1000000);
    }
    if (worker->is_ok)
        sink.ops->writer_close(writer);
}

/* Searches with and without a span, and reads what it finds: a value is its round. */
static bool look(struct store *store, const char *pattern, int least)
{
    const struct source source = store_source(store);
    const int64_t now_s = FIRST_S + ROUNDS * 10;
    const struct source_span span = {FIRST_S, now_s + 1, now_s, 60};
    CLEANUP(arena_done) struct arena arena;
    struct glob_path path;
    struct source_nodes nodes = {0};
    struct err err;

    arena_init(&arena);
    bool is_ok = glob_path_compile(pattern, &arena, &path, &err) &&
                 source.ops->find(source.self, &path, &span, 1000, &arena, &nodes, &err);
    for (size_t i = 0; i < nodes.n && is_ok; i++) {
        struct series *got = NULL;
        if (!nodes.items[i].is_leaf)
            continue;
        is_ok = source.ops->read(source.self, &nodes.items[i], 1, &span, &arena, &got, &err);
        for (size_t k = 0; is_ok && got && k < got->n_points; k++)
            is_ok = isnan(got->values[k]) ||
                    (got->values[k] >= least &&
                     (int64_t)got->values[k] == (got->start_s - FIRST_S) / 10 + (int64_t)k);
    }
    return is_ok;
}

static void read_on(void *self)
{
    struct worker *worker = self;
    worker->is_ok = true;
    while (worker->is_ok && !__atomic_load_n(worker->is_stopping, __ATOMIC_SEQ_CST))
        worker->is_ok = look(worker->store, "**", 0);
}

/* Nothing that was put before a deletion began is there after it. */
static void remove_one(struct worker *writers, struct store *store, unsigned i, int least[SERIES])
{
    char text[NAME_ROOM];
    struct str name = str_of(name_for(i % WRITERS, i / WRITERS, text));
    const struct name_change change = {name, str_of("elsewhere")};
    size_t n;

    if (i % 3 == 0 && store_rename(store, &change, 1, &kit_err))
        name = change.to;
    const int n_rounds = __atomic_load_n(&writers[i % WRITERS].n_rounds, __ATOMIC_SEQ_CST);
    EXPECT_OK(store_delete(store, &name, 1, &n, &kit_err));
    if (str_eq(name, change.to))
        return; /* the old name may have been made anew before */
    least[i / WRITERS] = n_rounds;
    EXPECT(look(store, text, n_rounds));
}

TEST(deletions_beside_everything_else)
{
    struct store_kit kit;
    struct worker workers[WRITERS + 1] = {0};
    int least[WRITERS][SERIES] = {0};
    bool is_stopping = false;
    char text[NAME_ROOM];

    store_kit_init(&kit, "10s:30d", "average", FIRST_S, 10);
    kit.tuning.has_no_threads = false;
    __atomic_store_n(&kit_now_us, FIRST_S * 1000000ll, __ATOMIC_SEQ_CST);
    struct store_options options = store_kit_options(&kit);
    options.hide_idle_after_s = 1000;
    EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    for (unsigned i = 0; i <= WRITERS; i++) {
        workers[i] = (struct worker){.store = kit.store, .no = i, .is_stopping = &is_stopping};
        EXPECT_OK(thread_start(&workers[i].thread, "test", i < WRITERS ? write_rounds : read_on,
                               &workers[i], &kit_err));
    }
    for (unsigned i = 0; i < 60; i++) {
        const unsigned at = (unsigned)kit_random_below(WRITERS * SERIES);
        err_clear(&kit_err);
        remove_one(workers, kit.store, at, least[at % WRITERS]);
        if (i % 6 == 0)
            EXPECT_OK(store_seal(kit.store, &kit_err));
    }
    for (unsigned i = 0; i < WRITERS; i++)
        thread_join(&workers[i].thread);
    EXPECT_OK(store_seal(kit.store, &kit_err));
    __atomic_store_n(&is_stopping, true, __ATOMIC_SEQ_CST);
    thread_join(&workers[WRITERS].thread);
    for (unsigned i = 0; i <= WRITERS; i++)
        EXPECT(workers[i].is_ok);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < WRITERS * SERIES; i++)
            EXPECT(look(kit.store, name_for(i % WRITERS, i / WRITERS, text),
                        least[i % WRITERS][i / WRITERS]));
        store_close(kit.store);
        kit.store = NULL;
        EXPECT_OK(shared_open(&options, &kit.tuning, &kit.store, &kit_err));
    }
    store_kit_done(&kit);
}

RUN_TESTS(test_of(deletions_beside_everything_else))
