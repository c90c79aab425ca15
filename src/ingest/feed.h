/* One receiver's way into the sink: points are gathered into batches, names that nothing foresaw are
 * resolved a batch at a time, what the sink refuses becomes a reject, and a disk that refuses is waited
 * for, so that nothing read from a connection is dropped while the process lives.
 *
 *   feed_begin(...); feed_add(...) ...; feed_flush(...);   for each buffer of bytes
 *   feed_commit(...);                                      after each round of the loop
 *
 * Invariants
 *   1. Between feed_begin and feed_flush the bytes that points and names lie in do not move.
 *   2. After feed_flush nothing is held: every point is stored or is a counted reject.
 *   3. A point that was put is committed about FEED_COMMIT_US after it was read, or as soon as the disk
 *      allows.
 *   4. Who remembers ids drops them when n_renamings has changed: a line that was read after a series was
 *      deleted or renamed is never one of it. Lines read before may be.
 * Owner: one thread. Counters are read by others. */
#pragma once

#include <stdatomic.h>

#include "ingest/ingest.h"
#include "ingest/order.h"
#include "ingest/plain.h"
#include "ingest/rejects.h"
#include "os/net.h"

enum {
    FEED_BATCH = 1024, /* points of one put: fits the first-level caches */
    /* kill -9 loses nothing read more than 10 ms before: a commit is due at 3 ms after the oldest read,
     * which leaves the rest for the batch in hand (1,024 new names take some ms) and the commit. */
    FEED_COMMIT_US = 3000,
    FEED_DISK_WAIT_US = 100000 /* between tries while the disk refuses */
};

struct feed_options {
    struct sink sink;
    struct clock clock;
    struct rejects *rejects;      /* borrowed, shared by all receivers */
    const struct ip_range *allow; /* senders; n_allow 0: everybody */
    size_t n_allow;
    ingest_change_fn on_change;     /* NULL: change lines are ordinary points */
    ingest_event_fn on_event;       /* NULL: events are refused */
    void *on_change_self;           /* of both */
    const atomic_bool *is_stopping; /* set by any thread: waiting for the disk ends */
};

/* A point's line, for its reject. */
struct feed_origin {
    const char *line; /* ends at its newline */
    const struct net_addr *from;
};

struct feed {
    struct feed_options options;
    struct sink_writer *writer;
    int64_t now_s;          /* of this buffer */
    int64_t read_us;        /* when the buffer in hand was read */
    uint64_t n_renamings;   /* the sink's, since the buffer in hand was read */
    int64_t dirty_since_us; /* when the oldest of what is not committed was read; 0: all is */
    bool is_waiting;        /* for the disk; told once */

    size_t n;
    size_t n_gone; /* of those being put: moved to the front, their names are resolved again */
    struct sink_point points[FEED_BATCH];
    struct feed_origin origins[FEED_BATCH];
    enum sink_fate fates[FEED_BATCH];

    /* Names without an id yet. Their points hold SINK_ID_NONE. */
    size_t n_unknown;
    uint64_t n_resolved; /* names that were asked of the sink, ever */
    struct str names[FEED_BATCH];
    struct feed_unknown {
        uint32_t i;          /* of the point */
        struct order *order; /* that learns the id, or NULL */
        struct order_place place;
    } unknown[FEED_BATCH];
    uint32_t ids[FEED_BATCH];

    _Atomic uint64_t n_points, n_changes;
};

/* Call on the thread that will feed. feed is large: not on a stack. err: as the sink's. */
MUST_CHECK bool feed_open(struct feed *feed, const struct feed_options *options, struct err *err);
/* Accepts a zeroed feed. */
void feed_close(struct feed *feed);

/* Before each buffer of bytes. */
void feed_begin(struct feed *feed);
/* After it, and whenever a batch is full: puts what is gathered, and commits when the oldest read of what
 * is not committed is FEED_COMMIT_US ago. */
void feed_flush(struct feed *feed);
void feed_commit(struct feed *feed);

/* A point whose series is not known. order may be NULL. */
void feed_add_unknown(struct feed *feed, const struct plain_point *point, struct feed_origin origin,
                      struct order *order);
/* A change line, if there is somebody to hear of it. False: it is an ordinary point. */
MUST_CHECK bool feed_change(struct feed *feed, const struct plain_point *point,
                            struct feed_origin origin);
/* A change that was not told by a line. err: ERR_REFUSED when nobody hears of them, or as on_event. */
MUST_CHECK bool feed_event(struct feed *feed, const struct change *change, struct err *err);
/* detail may be NULL; line is cut at its newline. */
void feed_reject(struct feed *feed, enum reject_reason reason, const struct net_addr *from,
                 const char *detail, struct str line);

/* May that sender send? If not it is rejected: a connection or a datagram, not a line. */
MUST_CHECK bool feed_admits(struct feed *feed, const struct net_addr *from);

/* A counter that only its owner changes. */
static inline void feed_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* A point of a known series. */
static inline void feed_add(struct feed *feed, uint32_t id, uint32_t at_s, double value,
                            struct feed_origin origin)
{
    if (UNLIKELY(feed->n == FEED_BATCH))
        feed_flush(feed);
    feed->points[feed->n] = (struct sink_point){.id = id, .at_s = at_s, .value = value};
    feed->origins[feed->n] = origin;
    feed->n++;
}
