#include "http/feeds.h"

#include <string.h>

#include "base/mem.h"
#include "http/exchange.h"
#include "os/net.h"
#include "os/thread.h"

enum {
    ROUND_US = 300000,         /* between two looks for more */
    SLEEP_US = 60000000,       /* while there is no feed */
    PIECE_BYTES_MAX = 1 << 20, /* what a feed may add at once */
    BLOCK_BYTES = 16 * 1024,   /* what the library asks for */
};

struct feed {
    struct feeds *feeds;
    struct http_feed source;
    struct MHD_Connection *connection;
    struct buf next; /* the feeds' thread's own: filled there */
    /* Under the mutex. */
    struct buf ready; /* what the loop sends, from byte n_sent on */
    size_t n_sent;
    bool is_waiting; /* suspended */
    bool is_over;    /* nothing comes after ready */
    bool is_gone;    /* the connection has ended */
};

struct feeds {
    struct thread thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct feed **items; /* grown by loops, shrunk by the thread */
    size_t n, n_max;
    bool is_ending, is_hungry; /* hungry: a client has taken all of a piece */
};

static void lock(struct feeds *feeds)
{
    pthread_mutex_lock(&feeds->mutex);
}

static void unlock(struct feeds *feeds)
{
    pthread_mutex_unlock(&feeds->mutex);
}

/* ---- on a loop's thread ---- */

/* Up to n bytes; 0 none now, -1 it is over. */
static ssize_t take(struct feed *feed, char *to, size_t n)
{
    struct feeds *feeds = feed->feeds;
    lock(feeds);
    const size_t left = feed->ready.n - feed->n_sent;
    const size_t size = min_size(n, left);
    const bool is_over = feed->is_over || feeds->is_ending;
    if (size)
        memcpy(to, feed->ready.at + feed->n_sent, size);
    feed->n_sent += size;
    if (size && size == left) {
        feeds->is_hungry = true;
        pthread_cond_signal(&feeds->changed);
    }
    unlock(feeds);
    return size ? (ssize_t)size : is_over ? -1 : 0;
}

/* False: something has come meanwhile. */
static bool wait_for_more(struct feed *feed)
{
    lock(feed->feeds);
    const bool has_more = feed->is_over || feed->feeds->is_ending || feed->n_sent < feed->ready.n;
    feed->is_waiting = !has_more;
    unlock(feed->feeds);
    return !has_more;
}

/* The signature is the library's. Suspended first and looked again then: whoever resumes finds it so. */
static ssize_t read_piece(void *self, uint64_t at, char *to, size_t n)
{
    (void)at;
    struct feed *feed = self;
    const ssize_t size = take(feed, to, n);
    if (size)
        return size > 0 ? size : MHD_CONTENT_READER_END_OF_STREAM;
    MHD_suspend_connection(feed->connection);
    if (!wait_for_more(feed))
        MHD_resume_connection(feed->connection);
    return 0;
}

static void on_gone(void *self)
{
    struct feed *feed = self;
    struct feeds *feeds = feed->feeds;
    lock(feeds);
    feed->is_gone = true;
    pthread_cond_signal(&feeds->changed);
    unlock(feeds);
}

struct MHD_Response *feeds_add(struct feeds *feeds, const struct http_feed *source,
                               struct MHD_Connection *connection, struct buf *body)
{
    struct feed *feed = mem_zalloc(sizeof *feed);
    *feed = (struct feed){.feeds = feeds, .source = *source, .connection = connection};
    buf_init(&feed->next, PIECE_BYTES_MAX);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_piece, feed, on_gone);
    lock(feeds);
    const bool fits = response && !feeds->is_ending && feeds->n < feeds->n_max;
    if (fits) {
        feed->ready = *body;
        buf_init(body, body->max);
        feeds->items[feeds->n++] = feed;
        pthread_cond_signal(&feeds->changed);
    }
    unlock(feeds);
    if (fits)
        return response;
    if (response)
        MHD_destroy_response(response); /* on_gone is told, of a feed that nobody knows */
    mem_free(feed);
    return NULL;
}

/* ---- on the feeds' thread ---- */

static void feed_free(struct feed *feed)
{
    feed->source.done(feed->source.self);
    buf_done(&feed->next);
    buf_done(&feed->ready);
    mem_free(feed);
}

/* Is there enough for its client already? */
static bool is_busy(const struct feed *feed)
{
    return feed->is_over || feed->n_sent < feed->ready.n;
}

/* The piece that was made goes to the loop. Under the mutex; true: the connection is to be resumed. */
static bool publish(struct feed *feed, bool is_over)
{
    struct buf empty = feed->ready;
    if (feed->next.n) {
        feed->ready = feed->next;
        feed->n_sent = 0;
        feed->next = empty;
    }
    feed->is_over = is_over;
    const bool wakes = feed->is_waiting && (is_over || feed->n_sent < feed->ready.n);
    feed->is_waiting &= !wakes;
    return wakes;
}

/* Under the mutex, which it leaves meanwhile. */
static void ask(struct feeds *feeds, struct feed *feed)
{
    const bool may_look = feed->is_waiting;
    unlock(feeds);
    buf_clear(&feed->next);
    const bool is_left = may_look && net_is_closed(exchange_socket(feed->connection));
    const bool is_over =
        is_left || !feed->source.more(feed->source.self, &feed->next) || feed->next.is_full;
    lock(feeds);
    if (!publish(feed, is_over))
        return;
    unlock(feeds);
    MHD_resume_connection(feed->connection);
    lock(feeds);
}

static void go_round(struct feeds *feeds)
{
    for (size_t i = 0; i < feeds->n && !feeds->is_ending;) {
        struct feed *feed = feeds->items[i];
        if (feed->is_gone) {
            feeds->items[i] = feeds->items[--feeds->n];
            unlock(feeds);
            feed_free(feed);
            lock(feeds);
            continue;
        }
        if (!is_busy(feed))
            ask(feeds, feed);
        i++;
    }
}

static void run(void *self)
{
    struct feeds *feeds = self;
    lock(feeds);
    while (!feeds->is_ending) {
        feeds->is_hungry = false;
        go_round(feeds);
        if (!feeds->is_ending && !feeds->is_hungry)
            cond_wait_us(&feeds->changed, &feeds->mutex, feeds->n ? ROUND_US : SLEEP_US);
    }
    unlock(feeds);
}

/* ---- life ---- */

bool feeds_new(size_t n_max, struct feeds **out, struct err *err)
{
    struct feeds *feeds = mem_zalloc(sizeof *feeds);
    feeds->n_max = n_max;
    feeds->items = mem_array(n_max, struct feed *);
    pthread_mutex_init(&feeds->mutex, NULL);
    cond_init(&feeds->changed);
    if (!thread_start(&feeds->thread, "feeds", run, feeds, err)) {
        feeds_free(feeds);
        return false;
    }
    *out = feeds;
    return true;
}

void feeds_end(struct feeds *feeds)
{
    if (!feeds)
        return;
    lock(feeds);
    feeds->is_ending = true;
    pthread_cond_broadcast(&feeds->changed);
    unlock(feeds);
    thread_join(&feeds->thread);
    for (size_t i = 0; i < feeds->n; i++) { /* nobody adds or removes any more */
        struct feed *feed = feeds->items[i];
        lock(feeds);
        const bool wakes = feed->is_waiting;
        feed->is_waiting = false;
        unlock(feeds);
        if (wakes)
            MHD_resume_connection(feed->connection);
    }
}

void feeds_free(struct feeds *feeds)
{
    if (!feeds)
        return;
    for (size_t i = 0; i < feeds->n; i++)
        feed_free(feeds->items[i]);
    pthread_cond_destroy(&feeds->changed);
    pthread_mutex_destroy(&feeds->mutex);
    mem_free(feeds->items);
    mem_free(feeds);
}

size_t feeds_n_max(const struct feeds *feeds)
{
    return feeds->n_max;
}
