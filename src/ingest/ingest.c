#include "ingest/ingest.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "ingest/receiver.h"
#include "os/file.h"
#include "os/thread.h"

enum {
    RECEIVERS_DEFAULT_MAX = 16, /* more cores have other work: rendering, sealing */
    STATSD_INTERVAL_S = 10,
    STATSD_PERCENT = 90,
};

/* The sockets of one protocol, one of each a receiver, until they are handed over. */
struct sockets {
    int tcp[NET_SOCKETS_MAX], udp[NET_SOCKETS_MAX]; /* -1: none */
    unsigned n;
};

struct ingest {
    struct rejects *rejects;
    struct receiver *receivers[NET_SOCKETS_MAX + 1]; /* StatsD's has no protocol beside it */
    unsigned n_receivers;
    char addrs[PROTOCOLS][NET_TEXT_MAX];
    _Atomic uint64_t n_connections_now;
};

static unsigned receivers_wanted(const struct ingest_options *options)
{
    if (options->n_receivers == 0)
        return (unsigned)min_i64(thread_cpus(), RECEIVERS_DEFAULT_MAX);
    return (unsigned)min_i64(options->n_receivers, NET_SOCKETS_MAX);
}

static const char *addr_of(const struct ingest_options *options, enum protocols_which which)
{
    const char *const addrs[PROTOCOLS] = {
        [PROTOCOL_LINE] = options->line_addr,
        [PROTOCOL_PICKLE] = options->pickle_addr,
        [PROTOCOL_STATSD] = options->statsd_addr,
    };
    return addrs[which] ? addrs[which] : "off";
}

/* ---- sockets ---- */

static void sockets_init(struct sockets *sockets)
{
    sockets->n = 0;
    for (unsigned i = 0; i < NET_SOCKETS_MAX; i++)
        sockets->tcp[i] = sockets->udp[i] = -1;
}

static void sockets_done(struct sockets all[PROTOCOLS])
{
    for (int which = 0; which < PROTOCOLS; which++) {
        for (unsigned i = 0; i < NET_SOCKETS_MAX; i++) {
            fd_done(&all[which].tcp[i]);
            fd_done(&all[which].udp[i]);
        }
    }
}

/* Says whose port it is, and what to type when somebody else has it. */
static bool listen_failed(const char *name, const struct net_addr *addr, struct err *err)
{
    if (!err)
        return false;
    err_prefix(err, "%s", name);
    if (err->sys_errno == EADDRINUSE)
        err_hint(err,
                 "another program (carbon, statsd, another plumb?) has port %u: `ss -ltunp 'sport "
                 "= :%u'` shows which; --%s off does without it, --%s HOST:PORT takes another",
                 net_port(addr), net_port(addr), name, name);
    return false;
}

/* out_text: the address really bound, "" when off. */
static bool open_sockets(const char *text, enum protocols_which which, struct sockets *io,
                         char out_text[NET_TEXT_MAX], struct err *err)
{
    struct net_addr addr;
    const struct protocol *protocol = protocols[which];
    if (!net_parse(text, &addr, err)) {
        if (err)
            err_prefix(err, "%s", protocol->name);
        return false;
    }
    if (addr.is_off) {
        io->n = 0;
        out_text[0] = '\0';
        return true;
    }
    if (!net_listen(&addr, io->n, io->tcp, protocol->datagram ? io->udp : NULL, err))
        return listen_failed(protocol->name, &addr, err);
    net_format(&addr, out_text);
    return true;
}

/* ---- receivers ---- */

/* The i-th sockets of a protocol, if it is on. */
static void add_door(struct receiver_options *options, enum protocols_which which,
                     struct sockets *sockets, unsigned i)
{
    if (i >= sockets->n)
        return;
    options->doors[options->n_doors++] = (struct receiver_door){
        protocols[which], take_fd(&sockets->tcp[i]), take_fd(&sockets->udp[i])};
}

static bool start_one(struct ingest *ingest, const struct receiver_options *options,
                      struct err *err)
{
    if (options->n_doors == 0)
        return true;
    if (!receiver_start(options, &ingest->receivers[ingest->n_receivers], err))
        return false;
    ingest->n_receivers++;
    return true;
}

static struct tally_options tally_of(const struct ingest_statsd *statsd)
{
    struct tally_options options = {
        .interval_s = statsd->interval_s > 0 ? statsd->interval_s : STATSD_INTERVAL_S,
        .percents = {STATSD_PERCENT},
        .n_percents = 1,
        .deletes_idle = statsd->deletes_idle,
    };
    for (size_t i = 0; i < min_size(statsd->n_percents, TALLY_PERCENTS_MAX); i++) {
        options.percents[i] = statsd->percents[i];
        options.n_percents = i + 1;
    }
    return options;
}

/* Sockets are handed to the receivers one by one. */
static bool start_all(struct ingest *ingest, const struct ingest_options *options,
                      struct sockets all[PROTOCOLS], struct err *err)
{
    const struct receiver_options blank = {
        .feed = {.sink = options->sink,
                 .clock = options->clock,
                 .rejects = ingest->rejects,
                 .allow = options->allow,
                 .n_allow = options->n_allow,
                 .on_change = options->on_change,
                 .on_event = options->on_event,
                 .on_change_self = options->on_change_self},
        .n_connections_now = &ingest->n_connections_now,
    };
    char name[16];
    for (unsigned i = 0; i < receivers_wanted(options); i++) {
        struct receiver_options each = blank;
        (void)snprintf(name, sizeof name, "receive-%u", i);
        each.name = name;
        add_door(&each, PROTOCOL_LINE, &all[PROTOCOL_LINE], i);
        add_door(&each, PROTOCOL_PICKLE, &all[PROTOCOL_PICKLE], i);
        if (!start_one(ingest, &each, err))
            return false;
    }
    /* One thread: what is summed up has one owner, gauges change in the order that they came in, and a flush
     * holds up no line. */
    const struct tally_options tally = tally_of(&options->statsd);
    struct receiver_options statsd = blank;
    statsd.name = "receive-statsd";
    statsd.statsd = &tally;
    add_door(&statsd, PROTOCOL_STATSD, &all[PROTOCOL_STATSD], 0);
    return start_one(ingest, &statsd, err);
}

bool ingest_start(const struct ingest_options *options, struct ingest **out, struct err *err)
{
    struct sockets all[PROTOCOLS];
    struct ingest *ingest = mem_zalloc(sizeof *ingest);
    bool is_good = true;
    ingest->rejects = rejects_new();
    for (int which = 0; which < PROTOCOLS; which++) {
        sockets_init(&all[which]);
        all[which].n = which == PROTOCOL_STATSD ? 1 : receivers_wanted(options);
    }
    for (int which = 0; which < PROTOCOLS && is_good; which++)
        is_good = open_sockets(addr_of(options, (enum protocols_which)which),
                               (enum protocols_which)which, &all[which], ingest->addrs[which], err);
    if (!is_good || !start_all(ingest, options, all, err)) {
        sockets_done(all);
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
    return ingest->addrs[PROTOCOL_LINE];
}

const char *ingest_pickle_addr(const struct ingest *ingest)
{
    return ingest->addrs[PROTOCOL_PICKLE];
}

const char *ingest_statsd_addr(const struct ingest *ingest)
{
    return ingest->addrs[PROTOCOL_STATSD];
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
