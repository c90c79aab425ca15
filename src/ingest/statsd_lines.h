/* StatsD out of datagrams or a stream of bytes: samples into a tally, changes and events to who hears of them,
 * and every interval the tally's lines into the feed. Format: docs/formats/statsd.md. Thread: the receiver's. */
#pragma once

#include "ingest/feed.h"
#include "ingest/tally.h"

struct statsd_desk; /* one tally, and when it is due */

MUST_CHECK struct statsd_desk *statsd_lines_desk_new(const struct tally_options *options,
                                                     const struct clock *clock,
                                                     struct order_budget *budget);
void statsd_lines_desk_free(struct statsd_desk *desk); /* NULL is fine */

/* A whole datagram, or whole lines of a stream: one packet. */
void statsd_lines_packet(struct statsd_desk *desk, struct feed *feed, struct str text,
                         const struct net_addr *from);

/* The flush is due at each whole multiple of the interval. */
int64_t statsd_lines_wait_ms(const struct statsd_desk *desk);
/* Tells of everything now, as of the last whole multiple of the interval; the last flush, before the end, as of
 * the next one: the slot of the last is whole already. between(self) is called after each piece, to read what
 * has come meanwhile. */
struct statsd_flush {
    bool is_last;
    void (*between)(void *self); /* NULL: nothing */
    void *self;
};
void statsd_lines_flush(struct statsd_desk *desk, struct feed *feed,
                        const struct statsd_flush *flush);
uint64_t statsd_lines_checks(
    const struct statsd_desk *desk); /* service checks so far. Thread: any */

/* One connection. */
struct statsd_lines {
    struct net_addr from;
    struct buf tail;  /* the begun line */
    bool is_skipping; /* inside a line that is too long */
};
void statsd_lines_init(struct statsd_lines *lines, const struct net_addr *from);
void statsd_lines_take(struct statsd_lines *lines, struct statsd_desk *desk, struct feed *feed,
                       const char *at, size_t n);
/* Properly: a last line without a newline is a line. Else it is refused. Frees it. */
void statsd_lines_end(struct statsd_lines *lines, struct statsd_desk *desk, struct feed *feed,
                      bool is_proper);
