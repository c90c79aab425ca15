#include "ingest/receiver.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ingest/lines.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/thread.h"

enum {
    READ_BYTES = 256 * 1024, /* of one read: measured, more gains nothing */
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
    struct conn *prev, *next;
    int fd;
    struct loop_watch *watch;
    size_t read_bytes; /* of the next read */
    struct lines lines;
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
    struct loop_watch *listen_watch, *udp_watch;
    bool is_accepting; /* false while descriptors are short */
    struct conn *conns;
    struct order_budget budget;
    uint32_t n_lost; /* datagrams, as the kernel counts */
    char *bytes;     /* LINES_BEFORE, READ_BYTES, LINES_AFTER */
    char *datagrams; /* NET_DATAGRAMS_MAX times DATAGRAM_BYTES */
    struct feed feed;

    _Atomic uint64_t n_bytes, n_connections, n_datagrams, n_datagrams_lost;
};

static void conn_close(struct conn *conn, bool is_proper)
{
    struct receiver *receiver = conn->receiver;
    lines_end(&conn->lines, &receiver->feed, is_proper);
    lines_done(&conn->lines);
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
        const uint64_t n_resolved = receiver->feed.n_resolved;
        feed_count(&receiver->n_bytes, n);
        lines_take(&conn->lines, &receiver->feed, at, n);
        const bool is_new = receiver->feed.n_resolved - n_resolved > n / READ_PER_NEW;
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
static void conn_open(struct receiver *receiver, int fd, const struct net_addr *from)
{
    const struct str no_line = str_make("", 0);
    feed_begin(&receiver->feed);
    if (!feed_admits(&receiver->feed, from)) {
        fd_done(&fd);
        return;
    }
    if (atomic_fetch_add(receiver->options.n_connections_now, 1) >= CONNECTIONS_MAX) {
        atomic_fetch_sub(receiver->options.n_connections_now, 1);
        feed_reject(&receiver->feed, REJECT_CONNECTIONS, from, "too many connections", no_line);
        fd_done(&fd);
        return;
    }
    struct conn *conn = mem_zalloc(sizeof *conn);
    conn->receiver = receiver;
    conn->fd = fd;
    conn->read_bytes = READ_BYTES_NEW;
    net_expect(fd, READ_BYTES); /* else short reads would keep the sender's window small for long */
    lines_init(&conn->lines, from, &receiver->budget);
    conn->next = receiver->conns;
    if (conn->next)
        conn->next->prev = conn;
    receiver->conns = conn;
    feed_count(&receiver->n_connections, 1);

    struct err err;
    if (!loop_watch_open(receiver->loop, fd, on_conn, conn, &conn->watch, &err)) {
        feed_reject(&receiver->feed, REJECT_CONNECTIONS, from, err.text, no_line);
        conn_close(conn, false);
    }
}

/* At most n_max waiting connections. False: there is no room for more now. */
static bool accept_some(struct receiver *receiver, int n_max)
{
    for (int i = 0; i < n_max; i++) {
        struct net_addr from;
        int fd = -1;
        switch (net_accept(receiver->options.listener, &fd, &from)) {
        case NET_ACCEPTED:
            conn_open(receiver, fd, &from);
            break;
        case NET_ACCEPT_LATER:
            return true;
        case NET_ACCEPT_FULL:
            return false;
        }
    }
    return true;
}

static void on_listener(void *self)
{
    struct receiver *receiver = self;
    const bool was_accepting = receiver->is_accepting;
    receiver->is_accepting = accept_some(receiver, ACCEPTS_MAX);
    if (receiver->is_accepting)
        return;
    if (was_accepting)
        log_warn("no descriptors left for more connections: new ones wait");
    loop_watch_pause(receiver->listen_watch);
    loop_timer(receiver->loop, ACCEPT_WAIT_MS);
}

static void on_timer(void *self)
{
    struct receiver *receiver = self;
    struct err err;
    if (!receiver->listen_watch)
        return;
    if (!loop_watch_resume(receiver->listen_watch, &err))
        log_error("%s", err.text);
}

/* Reads waiting datagrams once; returns how many. */
static size_t udp_read(struct receiver *receiver)
{
    struct net_datagram got[NET_DATAGRAMS_MAX];
    for (size_t i = 0; i < NET_DATAGRAMS_MAX; i++)
        got[i] = (struct net_datagram){.at = receiver->datagrams + i * DATAGRAM_BYTES,
                                       .room = DATAGRAM_ROOM};
    const uint32_t lost = receiver->n_lost;
    const size_t n =
        net_read_datagrams(receiver->options.udp, got, NET_DATAGRAMS_MAX, &receiver->n_lost);
    feed_count(&receiver->n_datagrams_lost, receiver->n_lost - lost);
    feed_begin(&receiver->feed);
    for (size_t i = 0; i < n; i++) {
        feed_count(&receiver->n_bytes, got[i].n);
        if (feed_admits(&receiver->feed, &got[i].from))
            lines_datagram(&receiver->feed, got[i].at, got[i].n, &got[i].from);
    }
    feed_flush(&receiver->feed);
    feed_count(&receiver->n_datagrams, n);
    return n;
}

static void on_udp(void *self)
{
    (void)udp_read(self);
}

static void on_pass(void *self)
{
    feed_commit(&((struct receiver *)self)->feed);
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
    if (!atomic_load(&receiver->is_stopping))
        return;
    (void)accept_some(receiver, STOP_ACCEPTS_MAX);
    loop_watch_close(receiver->listen_watch);
    receiver->listen_watch = NULL;
    fd_done(&receiver->options.listener);
    while (receiver->conns)
        drain_conn(receiver->conns);
    for (int i = 0; i < STOP_DATAGRAM_READS && udp_read(receiver) > 0; i++)
        continue;
    loop_watch_close(receiver->udp_watch);
    receiver->udp_watch = NULL;
    feed_commit(&receiver->feed);
    loop_stop(receiver->loop);
}

static bool open_all(struct receiver *receiver, struct err *err)
{
    const struct receiver_options *options = &receiver->options;
    if (!feed_open(&receiver->feed, &options->feed, err))
        return false;
    if (!loop_watch_open(receiver->loop, options->listener, on_listener, receiver,
                         &receiver->listen_watch, err))
        return false;
    return loop_watch_open(receiver->loop, options->udp, on_udp, receiver, &receiver->udp_watch,
                           err);
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
    loop_watch_close(receiver->listen_watch);
    loop_watch_close(receiver->udp_watch);
    feed_close(&receiver->feed);
}

/* Ends a receiver whose thread has ended, or never ran. */
static void receiver_free(struct receiver *receiver)
{
    loop_close(receiver->loop);
    fd_done(&receiver->options.listener);
    fd_done(&receiver->options.udp);
    pthread_mutex_destroy(&receiver->mutex);
    pthread_cond_destroy(&receiver->started);
    mem_free(receiver->bytes);
    mem_free(receiver->datagrams);
    mem_free(receiver);
}

static bool start_thread(struct receiver *receiver, struct err *err)
{
    const struct loop_handlers handlers = {on_wake, on_pass, on_timer, receiver};
    char name[16];
    if (!loop_open(&handlers, &receiver->loop, err))
        return false;
    snprintf(name, sizeof name, "receive-%u", receiver->options.i);
    if (!thread_start(&receiver->thread, name, run, receiver, err))
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
    receiver->is_accepting = true;
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
    io->n_points += atomic_load(&receiver->feed.n_points);
    io->n_changes += atomic_load(&receiver->feed.n_changes);
    io->n_bytes += atomic_load(&receiver->n_bytes);
    io->n_connections += atomic_load(&receiver->n_connections);
    io->n_datagrams += atomic_load(&receiver->n_datagrams);
    io->n_datagrams_lost += atomic_load(&receiver->n_datagrams_lost);
}
