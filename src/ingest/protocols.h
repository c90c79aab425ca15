/* What a receiver speaks: a descriptor a protocol. All of them end in plaintext lines (lines.h), so that names,
 * refusals, changes and the order of commits are the same whichever way a point came in.
 * Thread: the receiver's. */
#pragma once

#include "ingest/lines.h"
#include "ingest/pickle_frames.h"
#include "ingest/statsd_lines.h"

/* What the connections and datagrams of one receiver share. */
struct protocols_desk {
    struct feed feed;
    struct order_budget order_budget;
    struct pickle_desk pickle;
    struct statsd_desk *statsd; /* NULL: this receiver has no StatsD */
};

/* The state of one connection. */
union protocols_conn {
    struct lines lines;
    struct pickle_frames pickle;
    struct statsd_lines statsd;
};

struct protocol {
    const char *name; /* of the flag and the key in plumb.conf */
    void (*open)(union protocols_conn *conn, struct protocols_desk *desk,
                 const struct net_addr *from);
    /* The next n bytes; memory as for lines_take, and everything is flushed into the feed on return. False: no
     * more is to be read from this connection; the reason is told. */
    bool (*take)(union protocols_conn *conn, struct protocols_desk *desk, char *at, size_t n);
    /* The stream is over (properly: the peer closed its side); frees what open made. */
    void (*end)(union protocols_conn *conn, struct protocols_desk *desk, bool is_proper);
    /* As lines_datagram. NULL: TCP only. */
    void (*datagram)(struct protocols_desk *desk, char *at, size_t n, const struct net_addr *from);
};

enum protocols_which { PROTOCOL_LINE, PROTOCOL_PICKLE, PROTOCOL_STATSD, PROTOCOLS };
extern const struct protocol *const protocols[PROTOCOLS];
