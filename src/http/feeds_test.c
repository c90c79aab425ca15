/* Bodies in pieces: order, size, clients that leave, too many of them, and the end of the server. Run it under
 * TSan and ASan, too. */
#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "kit/kit.h"
#include "os/realtime.h"

enum { WAIT_US_MAX = 20000000, LARGE_BYTES = 900 * 1024, LARGE_PIECES = 20 };

static _Atomic unsigned n_allowed, n_done, n_asked;

struct counter {
    unsigned n;
    bool is_large;
};

/* One piece a time, as many as the test allows; "/large" ends by itself. */
static bool more(void *self, struct buf *out)
{
    struct counter *counter = self;
    atomic_fetch_add(&n_asked, 1);
    if (counter->is_large) {
        memset(buf_room(out, LARGE_BYTES), 'x', LARGE_BYTES);
        out->n += LARGE_BYTES;
        return ++counter->n < LARGE_PIECES;
    }
    if (counter->n < atomic_load(&n_allowed))
        buf_printf(out, "piece %u\n", ++counter->n);
    return counter->n < 3;
}

static void done(void *self)
{
    mem_free(self);
    atomic_fetch_add(&n_done, 1);
}

static void handle(void *self, const struct http_request *request, struct http_response *response)
{
    (void)self;
    struct counter *counter = mem_zalloc(sizeof *counter);
    counter->is_large = strcmp(request->path, "/large") == 0;
    response->content_type = "text/event-stream";
    buf_add_str(&response->body, "hello\n");
    response->feed = (struct http_feed){more, done, counter};
}

static struct http *start(size_t feeds_max)
{
    struct http *http = NULL;
    const struct http_options options = {
        .addr = "127.0.0.1:0", .handler = handle, .feeds_max = feeds_max, .n_workers = 1};
    n_allowed = n_done = n_asked = 0;
    EXPECT_OK(http_start(&options, &http, &kit_err));
    return http;
}

static int ask(const struct http *http, const char *path)
{
    const char *colon = strrchr(http_addr(http), ':');
    int64_t port = 0;
    EXPECT(num_parse_i64(colon + 1, strlen(colon + 1), &port));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    const char *text =
        arena_printf(&kit_arena, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    EXPECT(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    return fd;
}

/* Reads until part has come, or the end ("" for that); what came is in the buffer. */
static bool read_until(int fd, const char *part, struct buf *io)
{
    char bytes[65536];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (!part[0] || !strstr(buf_text(io), part)) {
        const ssize_t n =
            poll(&ready, 1, WAIT_US_MAX / 1000) > 0 ? recv(fd, bytes, sizeof bytes, 0) : -1;
        if (n <= 0)
            return n == 0 && !part[0];
        buf_add(io, bytes, (size_t)n);
    }
    return true;
}

static bool comes_to(const _Atomic unsigned *value, unsigned wanted)
{
    const int64_t until = monotonic_us() + WAIT_US_MAX;
    while (atomic_load(value) < wanted && monotonic_us() < until)
        poll(NULL, 0, 5);
    return atomic_load(value) == wanted;
}

TEST(pieces_come_in_order_as_there_are_some)
{
    struct http *http = start(2);
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 65536);
    const int fd = ask(http, "/feed");
    EXPECT(read_until(fd, "hello\n", &got));
    EXPECT(strstr(got.at, "text/event-stream") && strstr(got.at, "chunked"));
    EXPECT(!strstr(got.at, "piece"));
    n_allowed = 1;
    EXPECT(read_until(fd, "piece 1\n", &got));
    EXPECT(!strstr(got.at, "piece 2"));
    n_allowed = 3;
    EXPECT(read_until(fd, "", &got)); /* the third is the last one */
    EXPECT(strstr(got.at, "piece 2\n") && strstr(got.at, "piece 3\n"));
    EXPECT(text_ends(got.at, "\r\n0\r\n\r\n"));
    EXPECT(comes_to(&n_done, 1));
    close(fd);
    http_stop(http);
}

TEST(large_pieces_arrive_whole)
{
    struct http *http = start(2);
    CLEANUP(buf_done) struct buf got;
    size_t n = 0;
    buf_init(&got, 64 << 20);
    const int fd = ask(http, "/large");
    EXPECT(read_until(fd, "", &got));
    for (size_t i = 0; i < got.n; i++)
        n += got.at[i] == 'x';
    EXPECT_I64(n, (size_t)LARGE_BYTES * LARGE_PIECES + 1); /* and that of text/event... */
    close(fd);
    http_stop(http);
    EXPECT_I64(n_done, 1);
}

TEST(a_client_that_leaves_makes_room)
{
    struct http *http = start(1);
    CLEANUP(buf_done) struct buf got, refused;
    buf_init(&got, 65536);
    buf_init(&refused, 65536);
    const int fd = ask(http, "/feed"), second = ask(http, "/feed");
    EXPECT(read_until(fd, "hello\n", &got));
    EXPECT(read_until(second, "", &refused));
    EXPECT(strstr(refused.at, "HTTP/1.1 503") && strstr(refused.at, "1 streams are open"));
    EXPECT(strstr(refused.at, "Retry-After: 10"));
    EXPECT_I64(n_done, 1); /* of the one that was refused */
    close(second);
    close(fd);
    EXPECT(comes_to(&n_done, 2)); /* nothing was sent meanwhile */
    const int third = ask(http, "/feed");
    buf_clear(&got);
    EXPECT(read_until(third, "hello\n", &got));
    close(third);
    http_stop(http);
    EXPECT_I64(n_done, 3);
}

TEST(the_end_of_the_server_ends_them)
{
    struct http *http = start(8);
    CLEANUP(buf_done) struct buf got;
    int fds[8];
    buf_init(&got, 65536);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = ask(http, "/feed");
        buf_clear(&got);
        EXPECT(read_until(fds[i], "hello\n", &got));
    }
    EXPECT(atomic_load(&n_done) == 0);
    const int64_t began_us = monotonic_us();
    http_stop(http);
    EXPECT(monotonic_us() - began_us < 4000000); /* it waits 5 s for clients that do not read */
    EXPECT_I64(n_done, 8);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        EXPECT(read_until(fds[i], "", &got));
        close(fds[i]);
    }
}

TEST(an_idle_feed_is_not_polled_in_a_circle)
{
    struct http *http = start(1);
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 65536);
    const int fd = ask(http, "/feed");
    EXPECT(read_until(fd, "hello\n", &got));
    const int64_t began_us = monotonic_us();
    const unsigned then = n_asked;
    while (atomic_load(&n_asked) < then + 3 && monotonic_us() - began_us < WAIT_US_MAX)
        poll(NULL, 0, 5);
    EXPECT(monotonic_us() - began_us > 500000);
    close(fd);
    http_stop(http);
}

RUN_TESTS(test_of(pieces_come_in_order_as_there_are_some), test_of(large_pieces_arrive_whole),
          test_of(a_client_that_leaves_makes_room), test_of(the_end_of_the_server_ends_them),
          test_of(an_idle_feed_is_not_polled_in_a_circle))
