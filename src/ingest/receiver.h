/* One receiver thread: its loop, its doors (a listening socket and perhaps a datagram socket, for one protocol),
 * its connections, its feed. */
#pragma once

#include "ingest/protocols.h"

enum {
    CONNECTIONS_MAX = 10000, /* of all receivers; an idle one costs a descriptor and some 10 KB */
};

struct receiver;

struct receiver_door {
    const struct protocol *protocol;
    int listener, udp; /* handed over; closed by receiver_stop. udp -1: none */
};

struct receiver_options {
    const char *name; /* of the thread; at most 15 bytes */
    struct receiver_door doors[PROTOCOLS];
    unsigned n_doors;
    struct feed_options feed;            /* is_stopping is the receiver's own */
    const struct tally_options *statsd;  /* if a door is StatsD's; borrowed for the call */
    _Atomic uint64_t *n_connections_now; /* of all receivers */
};

/* Starts the thread and returns once it has its writer. err: as the sink's writer_open, ERR_IO.
 * The sockets are closed on false too. */
MUST_CHECK bool receiver_start(const struct receiver_options *options, struct receiver **out,
                               struct err *err);
/* Asks the thread to end: it takes what has arrived, commits, closes. Does not wait. */
void receiver_ask_stop(struct receiver *receiver);
/* Waits for that and frees. NULL is fine. */
void receiver_stop(struct receiver *receiver);
/* Adds this receiver's counters to io. Thread: any. */
void receiver_stats(const struct receiver *receiver, struct ingest_stats *io);
