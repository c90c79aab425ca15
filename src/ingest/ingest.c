#include "ingest/ingest.h"

#include "base/mem.h"
#include "ingest/receiver.h"
#include "os/file.h"
#include "os/thread.h"

enum { RECEIVERS_DEFAULT_MAX = 16 /* more cores have other work: rendering, sealing */ };

struct ingest {
    struct rejects *rejects;
    struct receiver *receivers[NET_SOCKETS_MAX];
    unsigned n_receivers;
    char line_addr[NET_TEXT_MAX];
    _Atomic uint64_t n_connections_now;
};

static unsigned receivers_wanted(const struct ingest_options *options)
{
    if (options->n_receivers == 0)
        return (unsigned)min_i64(thread_cpus(), RECEIVERS_DEFAULT_MAX);
    return (unsigned)min_i64(options->n_receivers, NET_SOCKETS_MAX);
}

/* Sockets are handed to the receivers one by one; on false the rest is closed. */
static bool start_all(struct ingest *ingest, const struct ingest_options *options, int *tcp,
                      int *udp, unsigned n, struct err *err)
{
    struct receiver_options each = {
        .feed = {.sink = options->sink,
                 .clock = options->clock,
                 .rejects = ingest->rejects,
                 .allow = options->allow,
                 .n_allow = options->n_allow,
                 .on_change = options->on_change,
                 .on_change_self = options->on_change_self},
        .n_connections_now = &ingest->n_connections_now,
    };
    bool is_good = true;
    for (unsigned i = 0; i < n; i++) {
        each.i = i;
        each.listener = take_fd(&tcp[i]);
        each.udp = take_fd(&udp[i]);
        if (is_good && receiver_start(&each, &ingest->receivers[i], err)) {
            ingest->n_receivers++;
            continue;
        }
        if (!is_good) {
            fd_done(&each.listener);
            fd_done(&each.udp);
        }
        is_good = false;
    }
    return is_good;
}

bool ingest_start(const struct ingest_options *options, struct ingest **out, struct err *err)
{
    struct net_addr addr;
    if (!net_parse(options->line_addr, &addr, err))
        return false;
    int tcp[NET_SOCKETS_MAX], udp[NET_SOCKETS_MAX];
    const unsigned n = receivers_wanted(options);
    if (!addr.is_off && !net_listen(&addr, n, tcp, udp, err))
        return false;

    struct ingest *ingest = mem_zalloc(sizeof *ingest);
    ingest->rejects = rejects_new();
    net_format(&addr, ingest->line_addr);
    if (!addr.is_off && !start_all(ingest, options, tcp, udp, n, err)) {
        ingest_stop(ingest);
        return false;
    }
    *out = ingest;
    return true;
}

void ingest_stop(struct ingest *ingest)
{
    if (!ingest)
        return;
    for (unsigned i = 0; i < ingest->n_receivers; i++)
        receiver_ask_stop(ingest->receivers[i]);
    for (unsigned i = 0; i < ingest->n_receivers; i++)
        receiver_stop(ingest->receivers[i]);
    rejects_free(ingest->rejects);
    mem_free(ingest);
}

const char *ingest_line_addr(const struct ingest *ingest)
{
    return ingest->line_addr;
}

void ingest_stats(const struct ingest *ingest, struct ingest_stats *out)
{
    struct ingest_stats stats = {.n_lines_refused = rejects_total(ingest->rejects)};
    for (unsigned i = 0; i < ingest->n_receivers; i++)
        receiver_stats(ingest->receivers[i], &stats);
    stats.n_connections_now = atomic_load(&ingest->n_connections_now);
    *out = stats;
}

void ingest_write_rejects(const struct ingest *ingest, size_t n_max, struct jsonw *json)
{
    rejects_write(ingest->rejects, n_max, json);
}
