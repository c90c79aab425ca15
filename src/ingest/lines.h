/* Plaintext lines out of a stream of bytes, cut anywhere, or out of datagrams; each goes into a feed.
 * Format: docs/formats/plain.md. Owner: one stream, one thread. */
#pragma once

#include "ingest/feed.h"
#include "ingest/lines_avx2.h"
#include "ingest/order.h"
#include "ingest/plain_fast.h"

enum {
    /* writable bytes before the bytes of a stream */
    LINES_BEFORE = PLAIN_LINE_MAX + LINES_AVX2_BEFORE,
    LINES_AFTER = 1 + PLAIN_SLACK, /* writable, then readable, bytes after them */
};

struct lines {
    struct order order;
    uint64_t n_renamings; /* the feed's, as the order knows the series */
    struct plain_clock clock;
    struct net_addr from;
    char *tail; /* the begun line: n_tail bytes, LINES_AFTER more are allocated */
    size_t n_tail, tail_cap;
    bool has_avx2;
    bool is_skipping; /* inside a line that is too long: until its newline */
};

void lines_init(struct lines *lines, const struct net_addr *from, struct order_budget *budget);
void lines_done(struct lines *lines);

/* The next n bytes of the stream. at[-LINES_BEFORE .. n + LINES_AFTER) is the caller's memory, and is
 * changed. Everything is flushed into the feed on return. */
void lines_take(struct lines *lines, struct feed *feed, char *at, size_t n);
/* The stream is over. Properly: a last line without a newline is a line. Else it is refused. */
void lines_end(struct lines *lines, struct feed *feed, bool is_proper);

/* A whole datagram; memory as for lines_take, LINES_BEFORE is not needed. Not flushed: its bytes stay
 * until the caller calls feed_flush. */
void lines_datagram(struct feed *feed, char *at, size_t n, const struct net_addr *from);
