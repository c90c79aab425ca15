/* What history costs that comes series by series: a year of one series at one point a minute, put, logged,
 * sealed into files and read back, in CPU time of the whole process. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/num.h"
#include "model/schema.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/store.h"

enum { YEAR_POINTS = 525600, STEP_S = 60, PIECE = 1024, SERIES_MAX = 1000 };

struct bench {
    struct store *store;
    struct sink sink;
    struct sink_writer *writer;
    int64_t first_s;
    unsigned n_series;
    uint32_t ids[SERIES_MAX];
};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double value_at(unsigned series, size_t i)
{
    return (double)((i * 7919 + series * 31) % 1000 + i / 1440) / 10;
}

static void year_put(struct bench *bench, unsigned series, struct err *err)
{
    struct sink_point points[PIECE];
    enum sink_fate fates[PIECE];
    size_t n_stored = 0;

    for (size_t i = 0; i < YEAR_POINTS; i += PIECE) {
        const size_t n = min_size(PIECE, YEAR_POINTS - i);
        for (size_t k = 0; k < n; k++)
            points[k] = (struct sink_point){
                bench->ids[series],
                (uint32_t)(bench->first_s + (int64_t)(i + k) * STEP_S),
                value_at(series, i + k),
            };
        n_stored += bench->sink.ops->put(bench->writer, points, n, fates);
        BUG_IF(!bench->sink.ops->commit(bench->writer, err));
    }
    BUG_IF(n_stored != YEAR_POINTS);
}

static void names_make(struct bench *bench)
{
    for (unsigned i = 0; i < bench->n_series; i++) {
        char name[64];
        enum sink_fate fate;
        const int n = snprintf(name, sizeof name, "backfill.host-%03u.cpu.busy", i);
        const struct str text = str_make(name, (size_t)n);
        bench->sink.ops->resolve(bench->writer, &text, 1, &bench->ids[i], &fate);
        BUG_IF(fate != SINK_OK);
    }
}

static double year_read(struct bench *bench, struct err *err)
{
    struct arena arena;
    const struct source source = store_source(bench->store);
    const struct source_node node = {"backfill.host-000.cpu.busy", bench->ids[0], true, false};
    const struct source_span span = {bench->first_s, bench->first_s + YEAR_POINTS * STEP_S,
                                     bench->first_s + YEAR_POINTS * STEP_S, YEAR_POINTS * STEP_S};
    struct series *series;

    arena_init(&arena);
    const double begun = cpu_ms();
    BUG_IF(!source.ops->read(source.self, &node, 1, &span, &arena, &series, err));
    const double took = cpu_ms() - begun;
    BUG_IF(series->n_points != YEAR_POINTS);
    for (size_t i = 0; i < YEAR_POINTS; i++)
        BUG_IF(series->values[i] != value_at(0, i));
    arena_done(&arena);
    return took;
}

static void run(struct bench *bench, const char *dir, struct err *err)
{
    struct schemas *schemas;
    struct store_stats stats;
    const struct clock clock = clock_system();
    const char *rules = "[all]\npattern = .*\nretentions = 60s:2y\n";

    BUG_IF(!schemas_parse("built in", rules, "none", "", &schemas, err));
    const struct store_options options = {dir, schemas, clock, 1000, 4, 0, 0};
    BUG_IF(!store_open(&options, &bench->store, err));
    bench->sink = store_sink(bench->store);
    BUG_IF(!bench->sink.ops->writer_open(bench->sink.self, &bench->writer, err));
    bench->first_s = clock_s(&clock) / STEP_S * STEP_S - (int64_t)(YEAR_POINTS + 60) * STEP_S;
    names_make(bench);

    const double begun = cpu_ms();
    for (unsigned i = 0; i < bench->n_series; i++)
        year_put(bench, i, err);
    const double put = cpu_ms();
    BUG_IF(!store_seal(bench->store, err));
    const double sealed = cpu_ms();
    store_stats(bench->store, &stats);
    printf("%u series, %d points each: put and log %.1f ms CPU a series-year, into files %.1f ms,\n"
           "read back %.1f ms; %.3f bytes a point in files\n",
           bench->n_series, YEAR_POINTS, (put - begun) / bench->n_series,
           (sealed - put) / bench->n_series, year_read(bench, err),
           (double)stats.disk_bytes / YEAR_POINTS / bench->n_series);
    bench->sink.ops->writer_close(bench->writer);
    store_close(bench->store);
    schemas_free(schemas);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct err err;

    err_clear(&err);
    if (argc != 3) {
        (void)fprintf(stderr, "usage: backfill_bench SERIES FOLDER (which is made and removed)\n");
        return 2;
    }
    int64_t n_series;
    if (!num_parse_i64(argv[1], strlen(argv[1]), &n_series) || n_series < 1 ||
        n_series > SERIES_MAX || file_exists(argv[2])) {
        (void)fprintf(stderr, "1 to %d series; the folder must not exist\n", SERIES_MAX);
        return 2;
    }
    bench.n_series = (unsigned)n_series;
    run(&bench, argv[2], &err);
    return dir_remove(argv[2], &err) ? 0 : 1;
}
