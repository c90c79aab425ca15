/* The receivers: sockets in, points to a sink. R threads, each with its own loop, its own listening
 * sockets (SO_REUSEPORT) and its own sink writer. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "model/sink.h"

struct ingest;

/* Hears of each change line (name is one of change_name_is). Called on a receiver thread; must not
 * block for long. False: refused, with the reason in err (kept as a reject). */
typedef bool (*ingest_change_fn)(void *self, struct str name, double value, int64_t at_s,
                                 struct err *err);

struct ingest_options {
    const char *line_addr; /* "host:port", ":port", "off": TCP and UDP */
    unsigned n_receivers;  /* 0: one a processor, at most 16 */
    struct clock clock;
    struct sink sink;
    const struct ip_range *allow; /* senders; others are refused and counted. Lent */
    size_t n_allow;               /* 0: everybody */
    ingest_change_fn on_change;   /* NULL: change lines are ordinary metrics */
    void *on_change_self;
};

/* Listens and starts the receivers. err: ERR_IO "listen on 127.0.0.1:2003: Address already in use"
 * with a hint; ERR_INPUT for a bad address. */
MUST_CHECK bool ingest_start(const struct ingest_options *options, struct ingest **out,
                             struct err *err);
/* Stops accepting, reads what has arrived, commits, ends the threads. NULL is fine. */
void ingest_stop(struct ingest *ingest);

/* The address really bound ("127.0.0.1:2003"), "" when off. Lent until ingest_stop. */
const char *ingest_line_addr(const struct ingest *ingest);

struct ingest_stats {
    uint64_t n_points, n_lines_refused, n_bytes, n_connections, n_connections_now, n_datagrams;
    uint64_t n_changes;
    uint64_t n_datagrams_lost; /* dropped by the kernel: not read in time */
};
void ingest_stats(const struct ingest *ingest, struct ingest_stats *out);

/* {"counts":{"reason":n,...},"rejects":[{"at":s,"from":"1.2.3.4:5","reason":"...","why":"...",
 * "line":"..."}]}, newest first, at most 1,000; why only where the reason has more to say. The reasons
 * are in docs/formats/plain.md; "nan" is counted but not refused. Thread: any. */
void ingest_write_rejects(const struct ingest *ingest, size_t n_max, struct jsonw *json);
