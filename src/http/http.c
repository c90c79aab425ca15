#include "http/http.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/deadline.h"
#include "http/exchange.h"
#include "http/feeds.h"
#include "os/file.h"
#include "os/net.h"
#include "os/queue.h"
#include "os/realtime.h"
#include "os/thread.h"

enum {
    BODY_BYTES_MAX = 4 * 1024 * 1024,       /* a dashboard's form, a hook's payload */
    RESPONSE_BYTES_MAX = 512 * 1024 * 1024, /* 20 M points of JSON */
    READ_DEADLINE_MS = 15000,
    SEND_DEADLINE_MS = 600000, /* the largest answer over a slow line */
    SEND_IDLE_S = 90,          /* a client that takes nothing of its answer is gone */
    KEEP_ALIVE_MS = 75000,     /* idle between two requests */
    STOP_WAIT_US = 5000000,    /* for clients to take the last answers */
    CONNECTIONS_MAX = 2000,
    CONNECTION_MEMORY_BYTES = 64 * 1024, /* the longest GET line and headers */
    QUEUED_MAX = 1000,                   /* requests waiting for a worker */
    WORKERS_MAX = 64,
    FEEDS_MAX = 64, /* open at once: dashboards and bots, not whole floors of browsers */
};

struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct deadline *deadline;
    struct feeds *feeds;
    struct queue *queue; /* of struct exchange */
    struct thread *workers;
    unsigned n_workers;
    char addr[NET_TEXT_MAX];
    _Atomic uint64_t n_requests, n_refused, n_connections;
    _Atomic int64_t n_open;
    pthread_mutex_t running_mutex;
    pthread_cond_t none_running;
    /* Requests that came whole before the stop and whose answers are not sent; under the mutex. */
    size_t n_running;
};

const char *http_field(const struct http_request *request, const char *key)
{
    for (size_t i = 0; i < request->n_fields; i++)
        if (strcmp(request->fields[i].key, key) == 0)
            return request->fields[i].value;
    return NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcasecmp(request->headers[i].key, name) == 0)
            return request->headers[i].value;
    return NULL;
}

void http_response_header(struct http_response *response, const char *key, const char *value)
{
    BUG_IF(response->n_headers == COUNT_OF(response->headers));
    response->headers[response->n_headers++] = (struct http_field){key, value};
}

bool http_is_gone(const struct http_request *request)
{
    return request->exchange && exchange_is_gone(request->exchange);
}

static void answer(struct http *http, struct exchange *exchange)
{
    http->options.handler(http->options.handler_self, &exchange->request, &exchange->response);
    exchange->state = EXCHANGE_ANSWERED;
}

static void work(void *self)
{
    struct http *http = self;
    struct exchange *exchange;
    while ((exchange = queue_pop(http->queue, -1))) {
        answer(http, exchange);
        MHD_resume_connection(exchange->connection);
    }
}

/* Those that come while it is stopping are not waited for: there may be no end of them. */
static void start_counting(struct http *http, struct exchange *exchange)
{
    if (queue_is_closed(http->queue))
        return;
    exchange->is_counted = true;
    pthread_mutex_lock(&http->running_mutex);
    http->n_running++;
    pthread_mutex_unlock(&http->running_mutex);
}

static void stop_counting(struct http *http, const struct exchange *exchange)
{
    if (!exchange || !exchange->is_counted)
        return;
    pthread_mutex_lock(&http->running_mutex);
    if (--http->n_running == 0)
        pthread_cond_broadcast(&http->none_running);
    pthread_mutex_unlock(&http->running_mutex);
}

/* Until every answer is with its client, or a client takes too long. */
static void wait_for_answers(struct http *http)
{
    int64_t until = monotonic_us() + STOP_WAIT_US;
    pthread_mutex_lock(&http->running_mutex);
    for (int64_t left; http->n_running && (left = until - monotonic_us()) > 0;)
        cond_wait_us(&http->none_running, &http->running_mutex, left);
    pthread_mutex_unlock(&http->running_mutex);
}

/* Becomes the exchange of the request whose line has just arrived. */
static void *on_target(void *self, const char *uri, struct MHD_Connection *connection)
{
    struct http *http = self;
    deadline_set(http->deadline, exchange_socket(connection), http->options.read_deadline_ms);
    return exchange_new(uri, http->options.body_bytes_max, http->options.response_bytes_max);
}

static void hand_to_worker(struct http *http, struct exchange *exchange)
{
    exchange->state = EXCHANGE_QUEUED;
    MHD_suspend_connection(exchange->connection);
    if (queue_push(http->queue, exchange))
        return;
    bool is_stopping = queue_is_closed(http->queue);
    exchange->refused_status = 503;
    exchange->refused_text =
        is_stopping ? "the server is stopping" : "too many requests are waiting; try again";
    atomic_fetch_add(&http->n_refused, 1);
    http_response_header(&exchange->response, "Retry-After", "1");
    exchange_refuse(exchange);
    MHD_resume_connection(exchange->connection);
}

/* Without a deadline: it may go on for days. A client that takes nothing is cut off all the same. */
static enum MHD_Result send_feed(struct http *http, struct exchange *exchange)
{
    struct http_response *from = &exchange->response;
    struct MHD_Response *response =
        feeds_add(http->feeds, &from->feed, exchange->connection, &from->body);
    if (response) {
        from->feed = (struct http_feed){0};
        deadline_clear(http->deadline, exchange_socket(exchange->connection));
        return exchange_send_body(exchange, response);
    }
    char *text = arena_printf(&exchange->arena, "%zu streams are open, which is all there may be",
                              feeds_n_max(http->feeds));
    exchange->refused_status = 503;
    exchange->refused_text = text;
    from->n_headers = 0;
    http_response_header(from, "Retry-After", "10");
    atomic_fetch_add(&http->n_refused, 1);
    exchange_refuse(exchange);
    return exchange_send(exchange);
}

static enum MHD_Result send_answer(struct http *http, struct exchange *exchange)
{
    if (exchange->response.feed.more && !exchange->refused_status)
        return send_feed(http, exchange);
    deadline_set(http->deadline, exchange_socket(exchange->connection),
                 http->options.send_deadline_ms);
    return exchange_send(exchange);
}

static enum MHD_Result send_refusal(struct http *http, struct exchange *exchange)
{
    atomic_fetch_add(&http->n_refused, 1);
    exchange_refuse(exchange);
    return send_answer(http, exchange);
}

/* What is stopping refuses, as it does all others. */
static bool is_quick(struct http *http, const struct exchange *exchange)
{
    const struct http_options *options = &http->options;
    return options->is_quick && options->is_quick(options->handler_self, &exchange->request) &&
           !queue_is_closed(http->queue);
}

/* The signature is the library's. */
static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **slot)
{
    (void)url, (void)version;
    struct http *http = self;
    struct exchange *exchange = *slot;
    if (!exchange->connection) {
        exchange_begin(exchange, connection, method);
        if (exchange->is_unread)
            return send_refusal(http, exchange);
        return MHD_YES; /* the body, if any, comes next */
    }
    if (*upload_n) {
        exchange_add_body(exchange, upload, *upload_n);
        *upload_n = 0;
        return MHD_YES;
    }
    if (exchange->state == EXCHANGE_ANSWERED)
        return send_answer(http, exchange);
    deadline_clear(http->deadline, exchange_socket(connection));
    atomic_fetch_add(&http->n_requests, 1);
    start_counting(http, exchange);
    exchange_complete(exchange);
    if (exchange->refused_status)
        return send_refusal(http, exchange);
    if (is_quick(http, exchange)) {
        answer(http, exchange);
        return send_answer(http, exchange);
    }
    hand_to_worker(http, exchange);
    return MHD_YES;
}

static void on_completed(void *self, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    struct http *http = self;
    stop_counting(http, *slot);
    exchange_free(*slot);
    *slot = NULL;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        deadline_set(http->deadline, exchange_socket(connection), KEEP_ALIVE_MS);
}

static void on_connection(void *self, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)slot;
    struct http *http = self;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        atomic_fetch_add(&http->n_connections, 1);
        atomic_fetch_add(&http->n_open, 1);
        deadline_set(http->deadline, exchange_socket(connection), http->options.read_deadline_ms);
    } else {
        atomic_fetch_sub(&http->n_open, 1);
        deadline_clear(http->deadline, exchange_socket(connection));
    }
}

__attribute__((format(printf, 2, 0))) static void on_log(void *self, const char *fmt, va_list args)
{
    (void)self, (void)fmt, (void)args; /* what clients abort is no news */
}

static void set_defaults(struct http_options *options)
{
    if (!options->n_loops)
        options->n_loops = 1 + thread_cpus() / 8;
    if (!options->n_workers)
        options->n_workers = (unsigned)max_size(2, thread_cpus());
    options->n_workers = (unsigned)min_size(options->n_workers, WORKERS_MAX);
    if (!options->body_bytes_max)
        options->body_bytes_max = BODY_BYTES_MAX;
    if (!options->response_bytes_max)
        options->response_bytes_max = RESPONSE_BYTES_MAX;
    if (!options->read_deadline_ms)
        options->read_deadline_ms = READ_DEADLINE_MS;
    if (!options->send_deadline_ms)
        options->send_deadline_ms = SEND_DEADLINE_MS;
    if (!options->feeds_max)
        options->feeds_max = FEEDS_MAX;
    if (!options->connections_max)
        options->connections_max = CONNECTIONS_MAX;
}

static bool start_daemon(struct http *http, int fd, struct err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    const struct http_options *options = &http->options;
    /* One loop runs in the daemon's own thread; the pool option wants at least two. */
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->n_loops, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (options->n_loops < 2)
        pool[0].option = MHD_OPTION_END;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, options->connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SEND_IDLE_S, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    if (!http->daemon)
        return FAIL(err, ERR_IO, "start the HTTP loops on %s", http->addr);
    return true;
}

static bool start_workers(struct http *http, struct err *err)
{
    http->queue = queue_new(QUEUED_MAX);
    http->workers = mem_array(http->options.n_workers, struct thread);
    for (; http->n_workers < http->options.n_workers; http->n_workers++)
        if (!thread_start(&http->workers[http->n_workers], "render", work, http, err))
            return false;
    return true;
}

static bool listen_and_start(struct http *http, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    struct net_addr addr;
    if (!net_parse(http->options.addr, &addr, err))
        return false;
    if (addr.is_off)
        return true;
    if (!net_listen(&addr, 1, &fd, NULL, err))
        return false;
    net_format(&addr, http->addr);
    if (!deadline_new(&http->deadline, err) ||
        !feeds_new(http->options.feeds_max, &http->feeds, err) || !start_workers(http, err) ||
        !start_daemon(http, fd, err))
        return false;
    fd = -1; /* the daemon closes it */
    return true;
}

bool http_start(const struct http_options *options, struct http **out, struct err *err)
{
    struct http *http = mem_zalloc(sizeof *http);
    http->options = *options;
    pthread_mutex_init(&http->running_mutex, NULL);
    cond_init(&http->none_running);
    set_defaults(&http->options);
    if (!listen_and_start(http, err)) {
        http_stop(http);
        return false;
    }
    *out = http;
    return true;
}

void http_stop(struct http *http)
{
    if (!http)
        return;
    /* Whoever asks from now on hears that we are stopping. MHD_quiesce_daemon would turn away the newly come, but
     * it and the loops take the listener out of the same epoll set, and who comes second aborts the process. */
    if (http->queue)
        queue_close(http->queue);
    for (unsigned i = 0; i < http->n_workers; i++)
        thread_join(&http->workers[i]);
    feeds_end(http->feeds);
    wait_for_answers(http);
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    deadline_free(http->deadline);
    feeds_free(http->feeds);
    queue_free(http->queue);
    pthread_cond_destroy(&http->none_running);
    pthread_mutex_destroy(&http->running_mutex);
    mem_free(http->workers);
    mem_free(http);
}

const char *http_addr(const struct http *http)
{
    return http->addr;
}

void http_stats(const struct http *http, struct http_stats *out)
{
    *out = (struct http_stats){
        .n_requests = atomic_load(&http->n_requests),
        .n_refused = atomic_load(&http->n_refused),
        .n_connections = atomic_load(&http->n_connections),
        .n_connections_now = (uint64_t)atomic_load(&http->n_open),
    };
}
