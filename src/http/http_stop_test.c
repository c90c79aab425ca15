/* Stopping with requests in flight, clients that die, leave or do not read, all workers busy. Run it under TSan and
 * ASan: what it looks for is mostly theirs to find. */
#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "kit/kit.h"
#include "os/realtime.h"
#include "os/thread.h"

enum {
    LARGE_BYTES = 32 * 1024 * 1024, /* more than both sockets' buffers hold */
    WAIT_US_MAX = 20000000,
};

/* What the handler under test does. */
struct stage {
    sem_t entered, go; /* "/held" waits between the two */
    _Atomic unsigned n_handled, n_left;
};

static void handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct stage *stage = self;
    atomic_fetch_add(&stage->n_handled, 1);
    if (text_starts(request->path, "/held")) {
        sem_post(&stage->entered);
        while (sem_wait(&stage->go) != 0)
            continue;
    }
    if (text_starts(request->path, "/until-gone")) {
        sem_post(&stage->entered);
        int64_t until = monotonic_us() + WAIT_US_MAX;
        while (!http_is_gone(request) && monotonic_us() < until)
            poll(NULL, 0, 1);
        atomic_fetch_add(&stage->n_left, http_is_gone(request));
    }
    if (text_ends(request->path, "large")) {
        void *room = buf_room(&response->body, LARGE_BYTES);
        memset(room, 'x', LARGE_BYTES);
        response->body.n += LARGE_BYTES;
    }
    buf_add_str(&response->body, "done");
}

static bool is_quick(void *self, const struct http_request *request)
{
    (void)self;
    return text_starts(request->path, "/quick");
}

static struct stage stage;

static struct http *start(struct http_options options)
{
    struct http *http = NULL;
    sem_init(&stage.entered, 0, 0);
    sem_init(&stage.go, 0, 0);
    stage.n_handled = 0;
    stage.n_left = 0;
    options.is_quick = is_quick;
    options.addr = "127.0.0.1:0";
    options.handler = handle;
    options.handler_self = &stage;
    EXPECT_OK(http_start(&options, &http, &kit_err));
    return http;
}

static uint16_t port_of(const struct http *http)
{
    const char *colon = strrchr(http_addr(http), ':');
    int64_t port = 0;
    EXPECT(num_parse_i64(colon + 1, strlen(colon + 1), &port));
    return (uint16_t)port;
}

/* -1: nobody listens any more. */
static int dial(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool say(int fd, const char *text)
{
    size_t n = strlen(text);
    return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Everything until the peer closes; only its first bytes are kept. */
static size_t drain(int fd, char *first, size_t n_first)
{
    static _Thread_local char bytes[65536];
    size_t total = 0;
    first[0] = '\0';
    for (ssize_t n; (n = recv(fd, bytes, sizeof bytes, 0)) > 0; total += (size_t)n)
        if (total == 0)
            snprintf(first, n_first, "%.*s", (int)min_size((size_t)n, n_first - 1), bytes);
    return total;
}

static uint64_t open_now(const struct http *http)
{
    struct http_stats stats;
    http_stats(http, &stats);
    return stats.n_connections_now;
}

/* Looks until the server has no connection left. */
static bool all_closed(const struct http *http)
{
    int64_t until = monotonic_us() + WAIT_US_MAX;
    while (open_now(http) && monotonic_us() < until)
        poll(NULL, 0, 10);
    return open_now(http) == 0;
}

static void stop(void *self)
{
    http_stop(self);
}

static void wait_entered(void)
{
    while (sem_wait(&stage.entered) != 0)
        continue;
}

TEST(what_is_running_is_answered_before_the_end)
{
    struct http *http = start((struct http_options){.n_workers = 2});
    int fd = dial(port_of(http));
    EXPECT(say(fd, "GET /held/large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    wait_entered();
    struct thread stopper = {0};
    EXPECT_OK(thread_start(&stopper, "stopper", stop, http, &kit_err));
    sem_post(&stage.go);
    char first[64];
    EXPECT(drain(fd, first, sizeof first) > LARGE_BYTES);
    EXPECT(text_starts(first, "HTTP/1.1 200"));
    close(fd);
    thread_join(&stopper);
}

/* The status line of a GET, on a connection of its own. */
static void ask(uint16_t port, const char *path, char *first, size_t n_first)
{
    char text[128];
    int fd = dial(port);
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    EXPECT(say(fd, text));
    drain(fd, first, n_first);
    close(fd);
}

TEST(who_comes_while_it_stops_is_told_so)
{
    struct http *http = start((struct http_options){.n_workers = 2});
    uint16_t port = port_of(http);
    int fd = dial(port);
    EXPECT(say(fd, "GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    wait_entered();
    struct thread stopper = {0};
    EXPECT_OK(thread_start(&stopper, "stopper", stop, http, &kit_err));
    char first[64] = "";
    int64_t until = monotonic_us() + WAIT_US_MAX;
    while (!text_starts(first, "HTTP/1.1 503") && monotonic_us() < until)
        ask(port, "/a", first, sizeof first);
    EXPECT(text_starts(first, "HTTP/1.1 503"));
    ask(port, "/quick", first, sizeof first);
    EXPECT(text_starts(first, "HTTP/1.1 503"));
    sem_post(&stage.go);
    EXPECT(drain(fd, first, sizeof first) > 0);
    EXPECT(text_starts(first, "HTTP/1.1 200"));
    close(fd);
    thread_join(&stopper);
}

TEST(a_client_that_dies_while_it_is_answered_harms_nobody)
{
    struct http *http = start((struct http_options){.n_workers = 2});
    uint16_t port = port_of(http);
    for (int i = 0; i < 20; i++) {
        int fd = dial(port);
        EXPECT(say(fd, i % 2 ? "GET /held HTTP/1.1\r\nHost: x\r\n\r\n"
                             : "GET /held/large HTTP/1.1\r\nHost: x\r\n\r\n"));
        wait_entered();
        struct linger hard = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard); /* a reset, not an end */
        close(fd);
        sem_post(&stage.go);
    }
    EXPECT(all_closed(http));
    http_stop(http);
}

TEST(what_is_quick_is_answered_while_all_workers_are_busy)
{
    struct http *http = start((struct http_options){.n_workers = 2});
    uint16_t port = port_of(http);
    int held[3];
    char first[64];
    for (size_t i = 0; i < COUNT_OF(held); i++) {
        held[i] = dial(port);
        EXPECT(say(held[i], "GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    }
    wait_entered();
    wait_entered();
    int fd = dial(port);
    EXPECT(say(fd, "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"
                   "HEAD /quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    EXPECT(drain(fd, first, sizeof first) > 0);
    EXPECT(text_starts(first, "HTTP/1.1 200"));
    EXPECT_I64(stage.n_handled, 4); /* two of them held, and the third of /held still waits */
    close(fd);
    for (size_t i = 0; i < COUNT_OF(held); i++)
        sem_post(&stage.go);
    for (size_t i = 0; i < COUNT_OF(held); i++) {
        EXPECT(drain(held[i], first, sizeof first) > 0);
        close(held[i]);
    }
    http_stop(http);
}

TEST(a_handler_hears_that_its_client_has_left)
{
    struct http *http = start((struct http_options){.n_workers = 2});
    uint16_t port = port_of(http);
    int fds[6];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = dial(port);
        /* What waits behind the request does not hide the end. */
        EXPECT(say(fds[i], i % 2 ? "GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\nGET"
                                 : "GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    wait_entered();
    EXPECT_I64(stage.n_left, 0);
    struct linger hard = {.l_onoff = 1};
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        if (i >= 3)
            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fds[i]);
    }
    EXPECT(all_closed(http));
    EXPECT_I64(stage.n_left, stage.n_handled);
    http_stop(http);
}

TEST(a_client_that_takes_nothing_is_cut_off)
{
    struct http *http = start((struct http_options){.send_deadline_ms = 100});
    int fd = dial(port_of(http));
    EXPECT(say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT(all_closed(http));
    close(fd);
    http_stop(http);
}

TEST(half_a_request_leaks_nothing)
{
    struct http *http = start((struct http_options){0});
    static const char *const halves[] = {
        "GET", "GET /a HTTP/1.1\r\n", "GET /a HTTP/1.1\r\nHost: x\r\n",
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"};
    for (size_t i = 0; i < COUNT_OF(halves); i++) {
        int fd = dial(port_of(http));
        EXPECT(say(fd, halves[i]));
        close(fd);
    }
    http_stop(http);
}

/* Clients of the stress test: many connections, some keep-alive, some that leave early. */
struct crowd {
    uint16_t port;
    _Atomic unsigned n_answers;
    _Atomic bool is_over;
};

static void crowd_member(void *self)
{
    struct crowd *crowd = self;
    static const char both[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                               "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (unsigned i = 0; !atomic_load(&crowd->is_over); i++) {
        int fd = dial(crowd->port);
        if (fd < 0)
            return;
        char first[64] = "";
        bool is_said = say(fd, i % 7 == 3 ? "POST /a HTTP/1.1\r\nContent-Le" : both);
        if (is_said && i % 7 != 3 && i % 5 != 2)
            drain(fd, first, sizeof first);
        if (text_starts(first, "HTTP/1.1 200"))
            atomic_fetch_add(&crowd->n_answers, 1);
        close(fd);
    }
}

TEST(stops_with_a_crowd_at_the_door)
{
    for (unsigned round = 0; round < 8; round++) {
        struct http *http = start((struct http_options){.n_workers = 3, .n_loops = 1 + round % 3});
        struct crowd crowd = {.port = port_of(http)};
        struct thread members[6] = {0};
        for (size_t i = 0; i < COUNT_OF(members); i++)
            EXPECT_OK(thread_start(&members[i], "crowd", crowd_member, &crowd, &kit_err));
        int64_t until = monotonic_us() + WAIT_US_MAX;
        while (atomic_load(&crowd.n_answers) < 50 && monotonic_us() < until)
            poll(NULL, 0, 1);
        EXPECT(atomic_load(&crowd.n_answers) >= 50);
        http_stop(http);
        atomic_store(&crowd.is_over, true);
        for (size_t i = 0; i < COUNT_OF(members); i++)
            thread_join(&members[i]);
    }
}

RUN_TESTS(test_of(what_is_running_is_answered_before_the_end),
          test_of(who_comes_while_it_stops_is_told_so),
          test_of(a_client_that_dies_while_it_is_answered_harms_nobody),
          test_of(what_is_quick_is_answered_while_all_workers_are_busy),
          test_of(a_handler_hears_that_its_client_has_left),
          test_of(a_client_that_takes_nothing_is_cut_off), test_of(half_a_request_leaks_nothing),
          test_of(stops_with_a_crowd_at_the_door))
