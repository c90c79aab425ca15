#include "ingest/protocols.h"

static void line_open(union protocols_conn *conn, struct protocols_desk *desk,
                      const struct net_addr *from)
{
    lines_init(&conn->lines, from, &desk->order_budget);
}

static bool line_take(union protocols_conn *conn, struct protocols_desk *desk, char *at, size_t n)
{
    lines_take(&conn->lines, &desk->feed, at, n);
    return true;
}

static void line_end(union protocols_conn *conn, struct protocols_desk *desk, bool is_proper)
{
    lines_end(&conn->lines, &desk->feed, is_proper);
    lines_done(&conn->lines);
}

static void line_datagram(struct protocols_desk *desk, char *at, size_t n,
                          const struct net_addr *from)
{
    lines_datagram(&desk->feed, at, n, from);
}

static void pickle_open(union protocols_conn *conn, struct protocols_desk *desk,
                        const struct net_addr *from)
{
    pickle_frames_init(&conn->pickle, from, &desk->order_budget);
}

static bool pickle_take(union protocols_conn *conn, struct protocols_desk *desk, char *at, size_t n)
{
    return pickle_frames_take(&conn->pickle, &desk->pickle, &desk->feed, at, n);
}

static void pickle_end(union protocols_conn *conn, struct protocols_desk *desk, bool is_proper)
{
    (void)is_proper; /* a frame says how long it is: half of one is never whole */
    pickle_frames_end(&conn->pickle, &desk->pickle, &desk->feed);
}

static void statsd_open(union protocols_conn *conn, struct protocols_desk *desk,
                        const struct net_addr *from)
{
    (void)desk;
    statsd_lines_init(&conn->statsd, from);
}

static bool statsd_take(union protocols_conn *conn, struct protocols_desk *desk, char *at, size_t n)
{
    statsd_lines_take(&conn->statsd, desk->statsd, &desk->feed, at, n);
    return true;
}

static void statsd_end(union protocols_conn *conn, struct protocols_desk *desk, bool is_proper)
{
    statsd_lines_end(&conn->statsd, desk->statsd, &desk->feed, is_proper);
}

static void statsd_datagram(struct protocols_desk *desk, char *at, size_t n,
                            const struct net_addr *from)
{
    statsd_lines_packet(desk->statsd, &desk->feed, str_make(at, n), from);
}

static const struct protocol line = {"line", line_open, line_take, line_end, line_datagram};
static const struct protocol pickle = {"pickle", pickle_open, pickle_take, pickle_end, NULL};
static const struct protocol statsd = {"statsd", statsd_open, statsd_take, statsd_end,
                                       statsd_datagram};

const struct protocol *const protocols[PROTOCOLS] = {
    [PROTOCOL_LINE] = &line,
    [PROTOCOL_PICKLE] = &pickle,
    [PROTOCOL_STATSD] = &statsd,
};
