#include "ingest/receiver.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/thread.h"

enum {
    READ_BYTES = 1024 * 1024, /* of one read; measured: long ones wake the sender less often */
    /* A new name costs thirty times a known one, and what is read but not yet in the log is lost with
     * the process: so reads are short, some 400 lines, until a connection's names are known. */
    READ_BYTES_NEW = 16 * 1024,
    READ_GROWS = 4,        /* times as much after each read with few new names */
    READ_PER_NEW = 512,    /* bytes: new names further apart are few */
    ACCEPTS_MAX = 64,      /* of one round, so that readers are not kept waiting */
    DATAGRAM_ROOM = 65536, /* no UDP datagram is larger */
    DATAGRAM_BYTES = DATAGRAM_ROOM + LINES_AFTER,
    ACCEPT_WAIT_MS = 100,       /* out of descriptors: until one may be free */
    STOP_ACCEPTS_MAX = 65536,   /* at the end: more than any backlog */
    STOP_DATAGRAM_READS = 4096, /* at the end: more than any socket buffer holds */
};

enum state { STATE_STARTING, STATE_RUNNING, STATE_FAILED };

struct conn {
    struct receiver *receiver;
    const struct protocol *protocol;
    struct conn *prev, *next;
    int fd;
    struct loop_watch *watch;
    size_t read_bytes; /* of the next read */
    union protocols_conn state;
};

struct door {
    struct receiver *receiver;
    struct receiver_door is;
    struct loop_watch *listen_watch, *udp_watch;
    bool is_accepting; /* false while descriptors are short */
    uint32_t n_lost;   /* datagrams, as the kernel counts */
};

struct receiver {
    struct receiver_options options;
    struct thread thread;
    atomic_bool is_stopping;

    pthread_mutex_t mutex; /* of state and start_err: the thread tells how its start went */
    pthread_cond_t started;
    enum state state;
    struct err start_err;

    /* From here on: the thread's. */
    struct loop *loop;
    struct door doors[PROTOCOLS];
    struct conn *conns;
    char *bytes;     /* LINES_BEFORE, READ_BYTES, LINES_AFTER */
    char *datagrams; /* NET_DATAGRAMS_MAX times DATAGRAM_BYTES */
    struct protocols_desk desk;

    _Atomic uint64_t n_bytes, n_connections, n_datagrams, n_datagrams_lost;
};

static void conn_close(struct conn *conn, bool is_proper)
{
    struct receiver *receiver = conn->receiver;
    conn->protocol->end(&conn->state, &receiver->desk, is_proper);
    loop_watch_close(conn->watch);
    fd_done(&conn->fd);
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        receiver->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    atomic_fetch_sub(receiver->options.n_connections_now, 1);
    mem_free(conn);
}

/* One read. False: the connection is gone, and so is conn. */
static bool conn_read(struct conn *conn, size_t *out_n)
{
    struct receiver *receiver = conn->receiver;
    char *at = receiver->bytes + LINES_BEFORE;
    size_t n = 0;
    const enum net_read_result got = net_read(conn->fd, at, conn->read_bytes, &n);
    if (got == NET_READ_END || got == NET_READ_LOST) {
        conn_close(conn, got == NET_READ_END);
        return false;
    }
    if (got == NET_READ_SOME) {
        const uint64_t n_resolved = receiver->desk.feed.n_resolved;
        feed_count(&receiver->n_bytes, n);
        if (!conn->protocol->take(&conn->state, &receiver->desk, at, n)) {
            conn_close(conn, false);
            return false;
        }
        const bool is_new = receiver->desk.feed.n_resolved - n_resolved > n / READ_PER_NEW;
        conn->read_bytes =
            is_new ? READ_BYTES_NEW : min_size(READ_GROWS * conn->read_bytes, READ_BYTES);
    }
    *out_n = n;
    return true;
}

static void on_conn(void *self)
{
    size_t n;
    (void)conn_read(self, &n);
}

/* A connection that was accepted. fd is handed over. */
static void conn_open(struct door *door, int fd, const struct net_addr *from)
{
    struct receiver *receiver = door->receiver;
    struct feed *feed = &receiver->desk.feed;
    const struct str no_line = str_make("", 0);
    feed_begin(feed);
    if (!feed_admits(feed, from)) {
        fd_done(&fd);
        return;
    }
    if (atomic_fetch_add(receiver->options.n_connections_now, 1) >= CONNECTIONS_MAX) {
        atomic_fetch_sub(receiver->options.n_connections_now, 1);
        feed_reject(feed, REJECT_CONNECTIONS, from, "too many connections", no_line);
        fd_done(&fd);
        return;
    }
    struct conn *conn = mem_zalloc(sizeof *conn);
    conn->receiver = receiver;
    conn->protocol = door->is.protocol;
    conn->fd = fd;
    conn->read_bytes = READ_BYTES_NEW;
    net_expect(fd, READ_BYTES); /* else short reads would keep the sender's window small for long */
    conn->protocol->open(&conn->state, &receiver->desk, from);
    conn->next = receiver->conns;
    if (conn->next)
        conn->next->prev = conn;
    receiver->conns = conn;
    feed_count(&receiver->n_connections, 1);

    struct err err;
    if (!loop_watch_open(receiver->loop, fd, on_conn, conn, &conn->watch, &err)) {
        feed_reject(feed, REJECT_CONNECTIONS, from, err.text, no_line);
        conn_close(conn, false);
    }
}

/* At most n_max waiting connections. False: there is no room for more now. */
static bool accept_some(struct door *door, int n_max)
{
    for (int i = 0; i < n_max; i++) {
        struct net_addr from;
        int fd = -1;
        switch (net_accept(door->is.listener, &fd, &from)) {
        case NET_ACCEPTED:
            conn_open(door, fd, &from);
            break;
        case NET_ACCEPT_LATER:
            return true;
        case NET_ACCEPT_FULL:
            return false;
        }
    }
    return true;
}

/* One timer for all that waits: StatsD's flush, and doors that are short of descriptors. */
static void set_timer(struct receiver *receiver)
{
    int64_t wait_ms = INT64_MAX;
    if (receiver->desk.statsd)
        wait_ms = max_i64(statsd_lines_wait_ms(receiver->desk.statsd), 1);
    for (unsigned i = 0; i < receiver->options.n_doors; i++) {
        if (!receiver->doors[i].is_accepting)
            wait_ms = min_i64(wait_ms, ACCEPT_WAIT_MS);
    }
    if (wait_ms < INT64_MAX)
        loop_timer(receiver->loop, (uint64_t)wait_ms);
}

static void on_listener(void *self)
{
    struct door *door = self;
    const bool was_accepting = door->is_accepting;
    door->is_accepting = accept_some(door, ACCEPTS_MAX);
    if (door->is_accepting)
        return;
    if (was_accepting)
        log_warn("no descriptors left for more connections: new ones wait");
    loop_watch_pause(door->listen_watch);
    set_timer(door->receiver);
}

/* Reads waiting datagrams once; returns how many. */
static size_t udp_read(struct door *door)
{
    struct receiver *receiver = door->receiver;
    struct net_datagram got[NET_DATAGRAMS_MAX];
    for (size_t i = 0; i < NET_DATAGRAMS_MAX; i++)
        got[i] = (struct net_datagram){.at = receiver->datagrams + i * DATAGRAM_BYTES,
                                       .room = DATAGRAM_ROOM};
    const uint32_t lost = door->n_lost;
    const size_t n = net_read_datagrams(door->is.udp, got, NET_DATAGRAMS_MAX, &door->n_lost);
    feed_count(&receiver->n_datagrams_lost, door->n_lost - lost);
    feed_begin(&receiver->desk.feed);
    for (size_t i = 0; i < n; i++) {
        feed_count(&receiver->n_bytes, got[i].n);
        if (feed_admits(&receiver->desk.feed, &got[i].from))
            door->is.protocol->datagram(&receiver->desk, got[i].at, got[i].n, &got[i].from);
    }
    feed_flush(&receiver->desk.feed);
    feed_count(&receiver->n_datagrams, n);
    return n;
}

static void on_udp(void *self)
{
    (void)udp_read(self);
}

/* Between two pieces of a flush: datagrams have only the kernel's buffer to wait in. */
static void read_meanwhile(void *self)
{
    struct receiver *receiver = self;
    for (unsigned i = 0; i < receiver->options.n_doors; i++) {
        struct door *door = &receiver->doors[i];
        if (door->udp_watch && door->is.protocol == protocols[PROTOCOL_STATSD])
            (void)udp_read(door);
    }
}

static void flush_statsd(struct receiver *receiver, bool is_last)
{
    const struct statsd_flush flush = {is_last, is_last ? NULL : read_meanwhile, receiver};
    if (receiver->desk.statsd)
        statsd_lines_flush(receiver->desk.statsd, &receiver->desk.feed, &flush);
}

static void on_timer(void *self)
{
    struct receiver *receiver = self;
    struct err err;
    for (unsigned i = 0; i < receiver->options.n_doors; i++) {
        struct door *door = &receiver->doors[i];
        if (!door->listen_watch || door->is_accepting)
            continue;
        if (!loop_watch_resume(door->listen_watch, &err))
            log_error("%s", err.text);
    }
    if (receiver->desk.statsd && statsd_lines_wait_ms(receiver->desk.statsd) == 0)
        flush_statsd(receiver, false);
    set_timer(receiver);
}

static void on_pass(void *self)
{
    feed_commit(&((struct receiver *)self)->desk.feed);
}

/* What had arrived when the stop was heard, no more: a sender that goes on cannot hold us. */
static void drain_conn(struct conn *conn)
{
    size_t left = net_waiting(conn->fd), n = 1;
    while (left > 0 && n > 0) {
        if (!conn_read(conn, &n))
            return;
        left -= min_size(left, n);
    }
    /* Perhaps the peer closed after its last bytes: then a last line without a newline is whole. */
    if (conn_read(conn, &n))
        conn_close(conn, false);
}

static void on_wake(void *self)
{
    struct receiver *receiver = self;
    const unsigned n_doors = receiver->options.n_doors;
    if (!atomic_load(&receiver->is_stopping))
        return;
    for (unsigned i = 0; i < n_doors; i++) {
        struct door *door = &receiver->doors[i];
        (void)accept_some(door, STOP_ACCEPTS_MAX);
        loop_watch_close(door->listen_watch);
        door->listen_watch = NULL;
        fd_done(&door->is.listener);
    }
    while (receiver->conns)
        drain_conn(receiver->conns);
    for (unsigned i = 0; i < n_doors; i++) {
        struct door *door = &receiver->doors[i];
        for (int k = 0; door->udp_watch && k < STOP_DATAGRAM_READS && udp_read(door) > 0; k++)
            continue;
        loop_watch_close(door->udp_watch);
        door->udp_watch = NULL;
    }
    flush_statsd(receiver, true);
    feed_commit(&receiver->desk.feed);
    loop_stop(receiver->loop);
}

static bool open_door(struct door *door, struct err *err)
{
    struct loop *loop = door->receiver->loop;
    if (!loop_watch_open(loop, door->is.listener, on_listener, door, &door->listen_watch, err))
        return false;
    return door->is.udp < 0 ||
           loop_watch_open(loop, door->is.udp, on_udp, door, &door->udp_watch, err);
}

static bool open_all(struct receiver *receiver, struct err *err)
{
    if (!feed_open(&receiver->desk.feed, &receiver->options.feed, err))
        return false;
    for (unsigned i = 0; i < receiver->options.n_doors; i++) {
        if (!open_door(&receiver->doors[i], err))
            return false;
    }
    set_timer(receiver);
    return true;
}

static void tell(struct receiver *receiver, enum state state)
{
    pthread_mutex_lock(&receiver->mutex);
    receiver->state = state;
    pthread_cond_signal(&receiver->started);
    pthread_mutex_unlock(&receiver->mutex);
}

static void run(void *self)
{
    struct receiver *receiver = self;
    const bool is_open = open_all(receiver, &receiver->start_err);
    tell(receiver, is_open ? STATE_RUNNING : STATE_FAILED);
    if (is_open)
        loop_run(receiver->loop);
    for (unsigned i = 0; i < receiver->options.n_doors; i++) {
        loop_watch_close(receiver->doors[i].listen_watch);
        loop_watch_close(receiver->doors[i].udp_watch);
    }
    feed_close(&receiver->desk.feed);
}

/* Ends a receiver whose thread has ended, or never ran. */
static void receiver_free(struct receiver *receiver)
{
    loop_close(receiver->loop);
    for (unsigned i = 0; i < receiver->options.n_doors; i++) {
        fd_done(&receiver->doors[i].is.listener);
        fd_done(&receiver->doors[i].is.udp);
    }
    statsd_lines_desk_free(receiver->desk.statsd);
    pickle_frames_desk_done(&receiver->desk.pickle);
    pthread_mutex_destroy(&receiver->mutex);
    pthread_cond_destroy(&receiver->started);
    mem_free(receiver->bytes);
    mem_free(receiver->datagrams);
    mem_free(receiver);
}

static bool start_thread(struct receiver *receiver, struct err *err)
{
    const struct loop_handlers handlers = {on_wake, on_pass, on_timer, receiver};
    if (!loop_open(&handlers, &receiver->loop, err))
        return false;
    if (!thread_start(&receiver->thread, receiver->options.name, run, receiver, err))
        return false;
    pthread_mutex_lock(&receiver->mutex);
    while (receiver->state == STATE_STARTING)
        pthread_cond_wait(&receiver->started, &receiver->mutex);
    const enum state state = receiver->state;
    pthread_mutex_unlock(&receiver->mutex);
    if (state == STATE_RUNNING)
        return true;
    thread_join(&receiver->thread);
    if (err)
        *err = receiver->start_err;
    return false;
}

bool receiver_start(const struct receiver_options *options, struct receiver **out, struct err *err)
{
    struct receiver *receiver = mem_zalloc(sizeof *receiver);
    receiver->options = *options;
    receiver->options.feed.is_stopping = &receiver->is_stopping;
    receiver->options.statsd = NULL;
    for (unsigned i = 0; i < options->n_doors; i++)
        receiver->doors[i] =
            (struct door){.receiver = receiver, .is = options->doors[i], .is_accepting = true};
    if (options->statsd)
        receiver->desk.statsd = statsd_lines_desk_new(options->statsd, &options->feed.clock,
                                                      &receiver->desk.order_budget);
    pthread_mutex_init(&receiver->mutex, NULL);
    cond_init(&receiver->started);
    receiver->bytes = mem_zalloc(LINES_BEFORE + READ_BYTES + LINES_AFTER);
    receiver->datagrams = mem_zalloc((size_t)NET_DATAGRAMS_MAX * DATAGRAM_BYTES);
    if (!start_thread(receiver, err)) {
        receiver_free(receiver);
        return false;
    }
    *out = receiver;
    return true;
}

void receiver_ask_stop(struct receiver *receiver)
{
    atomic_store(&receiver->is_stopping, true);
    loop_wake(receiver->loop);
}

void receiver_stop(struct receiver *receiver)
{
    if (!receiver)
        return;
    receiver_ask_stop(receiver);
    thread_join(&receiver->thread);
    receiver_free(receiver);
}

void receiver_stats(const struct receiver *receiver, struct ingest_stats *io)
{
    io->n_points += atomic_load(&receiver->desk.feed.n_points);
    io->n_changes += atomic_load(&receiver->desk.feed.n_changes);
    io->n_bytes += atomic_load(&receiver->n_bytes);
    io->n_connections += atomic_load(&receiver->n_connections);
    io->n_datagrams += atomic_load(&receiver->n_datagrams);
    io->n_datagrams_lost += atomic_load(&receiver->n_datagrams_lost);
    if (receiver->desk.statsd)
        io->n_service_checks += statsd_lines_checks(receiver->desk.statsd);
}
