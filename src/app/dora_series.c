#include "app/dora_series.h"

#include <math.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/thread.h"

#define DAY_MS INT64_C(86400000)

enum {
    INTERVAL_S = 300,
    DAYS = 30,
    METRICS = 5,
    SERVICES_MAX = 10000, /* of more, the first by name */
};

struct dora_series {
    struct dora_series_options options;
    struct thread thread;

    pthread_mutex_t mutex; /* of is_stopping */
    pthread_cond_t woken;
    bool is_stopping;

    /* From here on: the thread's. */
    struct sink_writer *writer;
    bool has_complained;
};

/* What goes to the sink in one round. */
struct round {
    struct arena *arena;
    struct str *names;
    struct sink_point *points;
    size_t n;
    uint32_t at_s;
};

static void complain(struct dora_series *series, const char *why)
{
    if (!series->has_complained)
        log_warn("the delivery metrics are not kept as series: %s", why);
    series->has_complained = true;
}

static void add(struct round *round, const char *service, const char *metric, double value)
{
    if (!isfinite(value))
        return;
    char *name = arena_printf(round->arena, "dora.%s.%s", service, metric);
    for (char *at = name; *at; at++)
        *at = *at == '/' ? '.' : *at;
    round->names[round->n] = str_of(name);
    round->points[round->n++] = (struct sink_point){.at_s = round->at_s, .value = value};
}

static void add_service(struct round *round, const char *service, const struct dora *dora)
{
    add(round, service, "deploys", (double)dora->n_deploys);
    add(round, service, "lead_s", dora->lead_s.value);
    add(round, service, "failed", dora->fail.value);
    add(round, service, "recovery_s", dora->recovery_s.value);
    add(round, service, "rework", dora->rework.value);
}

static bool measure(const struct dora_series *series, struct round *round, int64_t now_ms,
                    struct err *err)
{
    struct change_list changes;
    const char *const *services;
    struct dora_wish wish = {.env = "production",
                             .from_ms = now_ms - DAYS * DAY_MS,
                             .until_ms = now_ms,
                             .now_ms = now_ms,
                             .commits = dora_read_commits,
                             .self = series->options.ledger};
    if (!dora_read_changes(series->options.ledger, wish.from_ms, round->arena, &changes, err))
        return false;
    wish.changes = changes.items;
    wish.n_changes = changes.n;
    const size_t n = min_size(dora_read_services(&wish, round->arena, &services), SERVICES_MAX);
    round->names = arena_array(round->arena, n * METRICS, struct str);
    round->points = arena_array(round->arena, n * METRICS, struct sink_point);
    for (size_t i = 0; i < n; i++) {
        struct dora dora;
        wish.service = services[i];
        if (!dora_measure(&wish, round->arena, &dora, err))
            return false;
        add_service(round, services[i], &dora);
    }
    return true;
}

static void store(struct dora_series *series, const struct round *round)
{
    const struct sink_ops *ops = series->options.sink.ops;
    uint32_t *ids = arena_array(round->arena, round->n, uint32_t);
    enum sink_fate *fates = arena_array(round->arena, round->n, enum sink_fate);
    struct err err;
    size_t n = 0;
    ops->resolve(series->writer, round->names, round->n, ids, fates);
    for (size_t i = 0; i < round->n; i++) {
        if (fates[i] != SINK_OK)
            continue;
        round->points[n] = round->points[i];
        round->points[n++].id = ids[i];
    }
    if (n < round->n)
        complain(series, "the store takes no more names");
    if (n && ops->put(series->writer, round->points, n, fates) < n)
        complain(series, "the store refuses points");
    if (n && !ops->commit(series->writer, &err))
        complain(series, err.text);
}

static void tell(struct dora_series *series, int64_t slot_s, int64_t now_ms)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct round round = {.arena = &arena, .at_s = (uint32_t)slot_s};
    struct err err;
    if (!measure(series, &round, now_ms, &err))
        complain(series, err.text);
    else if (round.n)
        store(series, &round);
}

/* Sleeps until wait_us have passed. False: it is time to end. */
static bool wait(struct dora_series *series, int64_t wait_us)
{
    pthread_mutex_lock(&series->mutex);
    if (!series->is_stopping && wait_us > 0)
        (void)cond_wait_us(&series->woken, &series->mutex, wait_us);
    const bool goes_on = !series->is_stopping;
    pthread_mutex_unlock(&series->mutex);
    return goes_on;
}

static void run(void *self)
{
    struct dora_series *series = self;
    const struct sink sink = series->options.sink;
    const int64_t interval_us = series->options.interval_s * 1000000;
    struct err err;
    int64_t next_us = 0;
    if (!sink.ops->writer_open(sink.self, &series->writer, &err)) {
        complain(series, err.text);
        return;
    }
    do {
        const int64_t now_us = clock_us(&series->options.clock);
        /* Also when the clock was set back by more than it takes to come here again. */
        if (now_us >= next_us || now_us < next_us - interval_us) {
            const int64_t slot_us = now_us - now_us % interval_us;
            tell(series, slot_us / 1000000, now_us / 1000);
            next_us = slot_us + interval_us;
        }
    } while (wait(series, min_i64(next_us - clock_us(&series->options.clock), interval_us)));
    sink.ops->writer_close(series->writer);
}

static void free_all(struct dora_series *series)
{
    pthread_mutex_destroy(&series->mutex);
    pthread_cond_destroy(&series->woken);
    mem_free(series);
}

bool dora_series_start(const struct dora_series_options *options, struct dora_series **out,
                       struct err *err)
{
    struct dora_series *series = mem_zalloc(sizeof *series);
    series->options = *options;
    if (series->options.interval_s <= 0)
        series->options.interval_s = INTERVAL_S;
    pthread_mutex_init(&series->mutex, NULL);
    cond_init(&series->woken);
    if (!thread_start(&series->thread, "dora", run, series, err)) {
        free_all(series);
        return false;
    }
    *out = series;
    return true;
}

void dora_series_stop(struct dora_series *series)
{
    if (!series)
        return;
    pthread_mutex_lock(&series->mutex);
    series->is_stopping = true;
    pthread_cond_signal(&series->woken);
    pthread_mutex_unlock(&series->mutex);
    thread_join(&series->thread);
    free_all(series);
}
