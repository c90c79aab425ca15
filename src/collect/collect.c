#include "collect/collect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "collect/sampler.h"
#include "os/net.h"
#include "os/thread.h"

enum {
    INTERVAL_S = 10,       /* the finest archive of the default schema */
    SELF_VALUES_MAX = 256, /* of plumb's own */
    VALUES_MAX = SAMPLER_VALUES_MAX + SELF_VALUES_MAX,
    HOST_NODE_MAX = 80,   /* the kernel's host names are at most 64 bytes */
    NAME_MAX_BYTES = 256, /* "servers." + host + name */
};

struct collect {
    struct collect_options options;
    char host[HOST_NODE_MAX];
    struct thread thread;

    pthread_mutex_t mutex; /* of is_stopping */
    pthread_cond_t woken;
    bool is_stopping;

    /* From here on: the thread's. */
    struct sink_writer *writer;
    struct sampler *sampler;
    struct sampler_values values; /* of the machine */
    size_t n;                     /* what goes to the sink this time */
    char names[VALUES_MAX][NAME_MAX_BYTES];
    struct str name_texts[VALUES_MAX];
    struct sink_point points[VALUES_MAX];
    uint32_t ids[VALUES_MAX];
    enum sink_fate fates[VALUES_MAX];
    bool has_complained; /* that the sink refuses; told once */
};

static void add(struct collect *collect, const char *tree, const char *name, double value)
{
    if (collect->n == VALUES_MAX || !isfinite(value))
        return;
    char *to = collect->names[collect->n];
    const int n = snprintf(to, NAME_MAX_BYTES, "%s.%s.%s", tree, collect->host, name);
    if (n < 0 || n >= NAME_MAX_BYTES)
        return;
    collect->name_texts[collect->n] = str_make(to, (size_t)n);
    collect->points[collect->n++].value = value;
}

static void gather(struct collect *collect, int64_t now_us)
{
    const struct collect_options *options = &collect->options;
    collect->n = 0;
    if (options->host) {
        sampler_take(collect->sampler, now_us, &collect->values);
        for (size_t i = 0; i < collect->values.n; i++)
            add(collect, "servers", collect->values.items[i].name, collect->values.items[i].value);
    }
    if (options->self && options->self_values) {
        struct collect_value values[SELF_VALUES_MAX];
        const size_t n = options->self_values(options->self_values_self, values, SELF_VALUES_MAX);
        for (size_t i = 0; i < min_size(n, SELF_VALUES_MAX); i++)
            add(collect, "plumb", values[i].name, values[i].value);
    }
}

/* These values are worth less than anything a user sends: what the sink refuses is told once and left. */
static void complain(struct collect *collect, const char *why)
{
    if (!collect->has_complained)
        log_warn("this machine's own metrics are not kept: %s", why);
    collect->has_complained = true;
}

static void store(struct collect *collect, uint32_t at_s)
{
    const struct sink_ops *ops = collect->options.sink.ops;
    size_t n = 0;
    ops->resolve(collect->writer, collect->name_texts, collect->n, collect->ids, collect->fates);
    for (size_t i = 0; i < collect->n; i++) {
        if (collect->fates[i] != SINK_OK)
            continue;
        collect->points[n++] = (struct sink_point){
            .id = collect->ids[i], .at_s = at_s, .value = collect->points[i].value};
    }
    if (n < collect->n)
        complain(collect, "the store takes no more names");
    if (n == 0)
        return;
    struct err err;
    if (ops->put(collect->writer, collect->points, n, collect->fates) < n)
        complain(collect, "the store refuses points");
    if (!ops->commit(collect->writer, &err))
        complain(collect, err.text);
}

/* Sleeps until wait_us have passed. False: it is time to end. */
static bool wait(struct collect *collect, int64_t wait_us)
{
    pthread_mutex_lock(&collect->mutex);
    if (!collect->is_stopping && wait_us > 0)
        (void)cond_wait_us(&collect->woken, &collect->mutex, wait_us);
    const bool goes_on = !collect->is_stopping;
    pthread_mutex_unlock(&collect->mutex);
    return goes_on;
}

static void run(void *self)
{
    struct collect *collect = self;
    struct err err;
    if (!collect->options.sink.ops->writer_open(collect->options.sink.self, &collect->writer,
                                                &err)) {
        log_error("this machine's own metrics are not kept: %s", err.text);
        return;
    }
    const int64_t interval_us = collect->options.interval_s * 1000000;
    int64_t next_us = 0;
    do {
        const int64_t now_us = clock_us(&collect->options.clock);
        /* Also when the clock was set back by more than it takes to come here again. */
        if (now_us >= next_us || now_us < next_us - interval_us) {
            const int64_t slot_us = now_us - now_us % interval_us;
            gather(collect, now_us);
            store(collect, (uint32_t)(slot_us / 1000000));
            next_us = slot_us + interval_us;
        }
    } while (wait(collect, min_i64(next_us - clock_us(&collect->options.clock), interval_us)));
    collect->options.sink.ops->writer_close(collect->writer);
}

static void collect_free(struct collect *collect)
{
    pthread_mutex_destroy(&collect->mutex);
    pthread_cond_destroy(&collect->woken);
    sampler_free(collect->sampler);
    mem_free(collect);
}

bool collect_start(const struct collect_options *options, struct collect **out, struct err *err)
{
    char host[NET_HOSTNAME_MAX];
    struct collect *collect = mem_zalloc(sizeof *collect);
    collect->options = *options;
    if (collect->options.interval_s <= 0)
        collect->options.interval_s = INTERVAL_S;
    net_hostname(host);
    sampler_node(options->hostname ? options->hostname : host, collect->host, sizeof collect->host);
    collect->sampler = sampler_new(options->proc_dir ? options->proc_dir : "/proc", "/");
    pthread_mutex_init(&collect->mutex, NULL);
    cond_init(&collect->woken);
    const bool has_work = options->host || options->self;
    if (has_work && !thread_start(&collect->thread, "collect", run, collect, err)) {
        collect_free(collect);
        return false;
    }
    *out = collect;
    return true;
}

void collect_stop(struct collect *collect)
{
    if (!collect)
        return;
    pthread_mutex_lock(&collect->mutex);
    collect->is_stopping = true;
    pthread_cond_signal(&collect->woken);
    pthread_mutex_unlock(&collect->mutex);
    thread_join(&collect->thread);
    collect_free(collect);
}
