/* The receivers: sockets in, points to a sink. R threads, each with its own loop, its own listening
 * sockets (SO_REUSEPORT) and its own sink writer. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "model/change.h"
#include "model/sink.h"

struct ingest;

/* Hears of each change line (name is one of change_name_is). Called on a receiver thread; must not
 * block for long. False: refused, with the reason in err (kept as a reject). */
typedef bool (*ingest_change_fn)(void *self, struct str name, double value, int64_t at_s,
                                 struct err *err);

/* The same for a change that came otherwise (an event of DogStatsD's); borrowed, not yet checked. */
typedef bool (*ingest_event_fn)(void *self, const struct change *change, struct err *err);

enum { INGEST_PERCENTS_MAX = 8 };

/* StatsD: what is summed up, and how often it is told. */
struct ingest_statsd {
    int64_t interval_s; /* 0: 10 */
    double percents[INGEST_PERCENTS_MAX];
    size_t n_percents;
    bool deletes_idle;
};

struct ingest_options {
    /* Each "host:port", ":port", "off"; NULL is off. */
    const char *line_addr;   /* TCP and UDP */
    const char *pickle_addr; /* TCP */
    const char *statsd_addr; /* TCP and UDP; with a thread of its own beside the receivers */
    unsigned n_receivers;    /* of lines and pickles. 0: one a processor, at most 16 */
    struct ingest_statsd statsd;
    struct clock clock;
    struct sink sink;
    const struct ip_range *allow; /* senders; others are refused and counted. Lent */
    size_t n_allow;               /* 0: everybody */
    ingest_change_fn on_change;   /* NULL: change lines are ordinary metrics */
    ingest_event_fn on_event;     /* NULL: events are refused */
    void *on_change_self;         /* of both */
};

/* Listens and starts the receivers. err: ERR_IO "pickle: listen on 127.0.0.1:2004: Address already in use" with a
 * hint that names the flag; ERR_INPUT for a bad address. */
MUST_CHECK bool ingest_start(const struct ingest_options *options, struct ingest **out,
                             struct err *err);
/* Stops accepting, reads what has arrived, commits, ends the threads. NULL is fine. */
void ingest_stop(struct ingest *ingest);

/* The address really bound ("127.0.0.1:2003"), "" when off. Lent until ingest_stop. */
const char *ingest_line_addr(const struct ingest *ingest);
const char *ingest_pickle_addr(const struct ingest *ingest);
const char *ingest_statsd_addr(const struct ingest *ingest);

struct ingest_stats {
    uint64_t n_points, n_lines_refused, n_bytes, n_connections, n_connections_now, n_datagrams;
    uint64_t n_changes, n_service_checks;
    uint64_t n_datagrams_lost; /* dropped by the kernel: not read in time */
};
void ingest_stats(const struct ingest *ingest, struct ingest_stats *out);

/* {"counts":{"reason":n,...},"rejects":[{"at":s,"from":"1.2.3.4:5","reason":"...","why":"...",
 * "line":"..."}]}, newest first, at most 1,000; why only where the reason has more to say. The reasons
 * are in docs/formats/plain.md; "nan" is counted but not refused. Thread: any. */
void ingest_write_rejects(const struct ingest *ingest, size_t n_max, struct jsonw *json);
