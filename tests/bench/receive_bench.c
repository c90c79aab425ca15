/* What the receive path costs without a network: lines of known series, foreseen and parsed, stored, and
 * handed to the log; and what the keeper does with them after. One thread, no waiting; the clock is the
 * bench's own, so a lap is a step of the finest archive and hours pass in seconds.
 *
 *   receive_bench SERIES LAPS FOLDER
 *
 * Prints CPU time a point, of laps in which the columns of the head are touched for the first time (the
 * first HEAD_SLOTS) and of those in which they have been before. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"
#include "ingest/lines.h"
#include "model/schema.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/head.h"
#include "store/keeper.h"
#include "store/shared.h"

enum {
    STEP_S = 10,
    VARIANTS = 4, /* of a lap's values */
    READ_BYTES = 256 << 10,
    LINE_ROOM = 96,
    TIME_DIGITS = 10,
    LEARNING_LAPS = 2, /* names are new, then their order is */
};

struct lap {
    char *text;
    size_t n;
    uint32_t *times; /* where each line's ten digits are */
};

struct bench {
    size_t n_series;
    int64_t now_s;
    struct lap laps[VARIANTS];
    struct feed *feed;
    struct lines lines;
    char *room;
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t now_us(void *self)
{
    const struct bench *bench = self;
    return bench->now_s * 1000000;
}

/* ---- the lines ---- */

static uint32_t rolled(uint64_t *io)
{
    *io = *io * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*io >> 33);
}

/* Counters, and gauges of no to three decimals. */
static int value_write(char *at, size_t i, unsigned variant, uint64_t *io)
{
    const unsigned v = rolled(io) % 100000;
    switch (i % 5) {
    case 0:
        return snprintf(at, LINE_ROOM, "%u", v / 100);
    case 1:
        return snprintf(at, LINE_ROOM, "%u.%u", v / 1000, v % 10);
    case 2:
        return snprintf(at, LINE_ROOM, "%u.%02u", v / 1000, v % 100);
    case 3:
        return snprintf(at, LINE_ROOM, "%u.%03u", v / 10000, v % 1000);
    default:
        return snprintf(at, LINE_ROOM, "%zu", i * 1000 + variant * 37 + v % 37);
    }
}

static void lap_make(struct bench *bench, unsigned variant)
{
    struct lap *lap = &bench->laps[variant];
    uint64_t seed = variant;

    lap->text = mem_alloc(bench->n_series * LINE_ROOM);
    lap->times = mem_array(bench->n_series, uint32_t);
    for (size_t i = 0; i < bench->n_series; i++) {
        lap->n += (size_t)snprintf(lap->text + lap->n, LINE_ROOM,
                                   "prod.eu-west-1.web-%06zu.system.cpu%02zu.metric_%02zu ",
                                   i / 100, i / 10 % 10, i % 10);
        lap->n += (size_t)value_write(lap->text + lap->n, i, variant, &seed);
        lap->text[lap->n++] = ' ';
        lap->times[i] = (uint32_t)lap->n;
        lap->n += TIME_DIGITS;
        lap->text[lap->n++] = '\n';
    }
}

static void lap_date(struct bench *bench, struct lap *lap)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)bench->now_s);
    for (size_t i = 0; i < bench->n_series; i++)
        memcpy(lap->text + lap->times[i], digits, TIME_DIGITS);
}

/* One lap as the receiver would read it; CPU seconds of taking it. */
static double lap_take(struct bench *bench, struct lap *lap)
{
    double took = 0;

    lap_date(bench, lap);
    for (size_t i = 0; i < lap->n; i += READ_BYTES) {
        const size_t n = min_size(READ_BYTES, lap->n - i);
        memcpy(bench->room + LINES_BEFORE, lap->text + i, n);
        const double begun = cpu_s();
        lines_take(&bench->lines, bench->feed, bench->room + LINES_BEFORE, n);
        feed_commit(bench->feed);
        took += cpu_s() - begun;
    }
    return took;
}

/* ---- a sink that drops ---- */

static bool drop_open(void *self, struct sink_writer **out, struct err *err)
{
    (void)err;
    *out = self;
    return true;
}

static void drop_close(struct sink_writer *writer)
{
    (void)writer;
}

static size_t drop_put(struct sink_writer *writer, const struct sink_point *points, size_t n,
                       enum sink_fate *fates)
{
    (void)writer, (void)points, (void)fates;
    return n;
}

static bool drop_commit(struct sink_writer *writer, struct err *err)
{
    (void)writer, (void)err;
    return true;
}

static struct sink_writer *of_names; /* the store's: names are its, though it gets no points */
static struct sink store_of_names;

static void drop_resolve(struct sink_writer *writer, const struct str *names, size_t n,
                         uint32_t *ids, enum sink_fate *fates)
{
    (void)writer;
    store_of_names.ops->resolve(of_names, names, n, ids, fates);
}

static struct sink_name drop_name(struct sink_writer *writer, uint32_t id)
{
    (void)writer;
    return store_of_names.ops->name(of_names, id);
}

static const struct sink_ops drop_ops = {
    .writer_open = drop_open,
    .writer_close = drop_close,
    .resolve = drop_resolve,
    .name = drop_name,
    .put = drop_put,
    .commit = drop_commit,
};

/* ---- runs ---- */

struct figures {
    double fresh_s, warm_s, keeper_s; /* CPU */
    size_t n_fresh, n_warm;           /* laps */
};

static void run(struct bench *bench, struct sink sink, struct store *store, unsigned n_laps,
                struct figures *out)
{
    struct order_budget budget = {0};
    struct net_addr from;
    struct err err;
    atomic_bool is_stopping = false;
    struct rejects *rejects = rejects_new();
    const struct feed_options options = {
        .sink = sink,
        .clock = {now_us, bench},
        .rejects = rejects,
        .is_stopping = &is_stopping,
    };

    err_clear(&err);
    bench->feed = mem_zalloc(sizeof *bench->feed);
    BUG_IF(!net_parse("127.0.0.1:2003", &from, &err) || !feed_open(bench->feed, &options, &err));
    lines_init(&bench->lines, &from, &budget);
    for (unsigned i = 0; i < n_laps; i++, bench->now_s += STEP_S) {
        const double took = lap_take(bench, &bench->laps[i % VARIANTS]);
        const bool is_warm = i >= HEAD_SLOTS;
        if (i >= LEARNING_LAPS)
            *(is_warm ? &out->warm_s : &out->fresh_s) += took;
        out->n_fresh += !is_warm && i >= LEARNING_LAPS;
        out->n_warm += is_warm;
        const double begun = cpu_s();
        BUG_IF(!keeper_pass(store, &err));
        out->keeper_s += cpu_s() - begun;
    }
    lines_done(&bench->lines);
    feed_close(bench->feed);
    mem_free(bench->feed);
    rejects_free(rejects);
}

static void show(const struct bench *bench, const char *what, const struct figures *figures)
{
    const double n = (double)bench->n_series / 1e9;
    printf("%-34s %6.1f", what, figures->fresh_s / (double)figures->n_fresh / n);
    if (figures->n_warm > 0)
        printf(" %8.1f", figures->warm_s / (double)figures->n_warm / n);
    else
        printf(" %8s", "");
    printf(" %8.1f\n", figures->keeper_s / (double)(figures->n_fresh + figures->n_warm) / n);
}

static void measure(struct bench *bench, const char *dir, unsigned n_laps, struct err *err)
{
    struct schemas *schemas;
    struct store *store;
    struct figures parsed = {0}, stored = {0};
    const char *rules = "[all]\npattern = .*\nretentions = 10s:2d\n";
    struct shared_tuning tuning = shared_tuning_usual();

    tuning.has_no_threads = true;
    BUG_IF(!schemas_parse("built in", rules, "none", "", &schemas, err));
    const struct store_options options = {dir, schemas, {now_us, bench}, 1000, 4, 0, 0, 0};
    BUG_IF(!shared_open(&options, &tuning, &store, err));
    store_of_names = store_sink(store);
    BUG_IF(!store_of_names.ops->writer_open(store_of_names.self, &of_names, err));

    printf("%zu series, ns of CPU a point\n%-34s %6s %8s %8s\n", bench->n_series, "", "fresh",
           "warm", "keeper");
    const struct sink drop = {&drop_ops, of_names};
    run(bench, drop, store, LEARNING_LAPS + 4, &parsed);
    show(bench, "foreseen and parsed", &parsed);
    run(bench, store_of_names, store, n_laps, &stored);
    show(bench, "... stored and handed to the log", &stored);
    struct store_stats stats;
    store_stats(store, &stats);
    printf("late %llu, seals %llu, log %.2f bytes a point\n",
           (unsigned long long)stats.n_late_points, (unsigned long long)stats.n_seals,
           (double)stats.wal_bytes / (double)stats.n_points_stored);
    store_of_names.ops->writer_close(of_names);
    store_close(store);
    schemas_free(schemas);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct err err;
    int64_t n_series, n_laps;

    err_clear(&err);
    if (argc != 4 || !num_parse_i64(argv[1], strlen(argv[1]), &n_series) || n_series < 1 ||
        n_series > 10000000 || !num_parse_i64(argv[2], strlen(argv[2]), &n_laps) ||
        n_laps <= LEARNING_LAPS || n_laps > 100000 || file_exists(argv[3])) {
        (void)fprintf(stderr,
                      "usage: receive_bench SERIES LAPS FOLDER (which is made and removed)\n");
        return 2;
    }
    const struct clock clock = clock_system();
    bench.n_series = (size_t)n_series;
    bench.now_s = clock_s(&clock) / STEP_S * STEP_S;
    bench.room = mem_zalloc(LINES_BEFORE + READ_BYTES + LINES_AFTER);
    for (unsigned i = 0; i < VARIANTS; i++)
        lap_make(&bench, i);
    measure(&bench, argv[3], (unsigned)n_laps, &err);
    return dir_remove(argv[3], &err) ? 0 : 1;
}
