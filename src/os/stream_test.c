#include "os/stream.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kit/kit.h"
#include "os/file.h"
#include "os/net.h"
#include "os/realtime.h"
#include "os/thread.h"

enum { PATIENCE_MS = 10000 };

/* A server for one connection: says hello, echoes until "bye\n". */
struct echo {
    struct net_addr addr;
    struct thread thread;
    int listener;
    char server[NET_TEXT_MAX];
};

static void serve(void *self)
{
    struct echo *echo = self;
    const int fd = accept4(echo->listener, NULL, NULL, SOCK_CLOEXEC);
    char bytes[256] = "hello\n";
    ssize_t n = 6;
    while (n > 0) {
        if (write(fd, bytes, (size_t)n) != n)
            break;
        n = read(fd, bytes, sizeof bytes);
        if (n >= 4 && memcmp(bytes, "bye\n", 4) == 0)
            break;
    }
    close(fd);
}

static void echo_start(struct echo *echo)
{
    EXPECT_OK(net_parse("127.0.0.1:0", &echo->addr, &kit_err));
    EXPECT_OK(net_listen(&echo->addr, 1, &echo->listener, NULL, &kit_err));
    net_format(&echo->addr, echo->server);
    /* The listener is non-blocking; accept4 below shall wait. */
    EXPECT(fcntl(echo->listener, F_SETFL, 0) == 0);
    EXPECT_OK(thread_start(&echo->thread, "echo", serve, echo, &kit_err));
}

static void echo_stop(struct echo *echo)
{
    thread_join(&echo->thread);
    close(echo->listener);
}

/* Reads until n bytes are there, or it is lost. */
static const char *read_n(struct stream *stream, size_t n)
{
    static char text[256];
    size_t have = 0;
    const int64_t until_us = monotonic_us() + PATIENCE_MS * 1000LL;
    text[0] = '\0';
    while (have < n && monotonic_us() < until_us) {
        size_t more = 0;
        if (!stream_wait(stream, 100, &kit_err) ||
            !stream_read(stream, text + have, sizeof text - have - 1, &more, &kit_err))
            return kit_err.text;
        have += more;
        text[have] = '\0';
    }
    return text;
}

TEST(bytes_go_there_and_back)
{
    struct echo echo;
    struct stream *stream;
    echo_start(&echo);
    const struct stream_peer peer = {.server = echo.server, .ca_file = ""};
    EXPECT_OK(stream_open(&peer, &stream, &kit_err));
    EXPECT_I64(stream_state(stream), STREAM_IDLE);
    EXPECT_OK(stream_connect(stream, &kit_err));
    EXPECT_I64(stream_state(stream), STREAM_CONNECTING);
    EXPECT_ERR(stream_write(stream, "x", 1, &kit_err), ERR_BUSY, "not connected");
    EXPECT_TEXT(read_n(stream, 6), "hello\n");
    EXPECT_I64(stream_state(stream), STREAM_READY);
    EXPECT_OK(stream_write(stream, "again\n", 6, &kit_err));
    EXPECT_TEXT(read_n(stream, 6), "again\n");
    EXPECT_I64(stream_unsent(stream), 0);
    EXPECT_OK(stream_write(stream, "bye\n", 4, &kit_err));
    EXPECT(strstr(read_n(stream, 1), "the server closed the connection") != NULL);
    EXPECT_I64(kit_err.kind, ERR_BUSY);
    EXPECT_I64(stream_state(stream), STREAM_IDLE);
    stream_close(stream);
    echo_stop(&echo);
}

TEST(nobody_there_is_said_with_the_server)
{
    struct echo echo;
    struct stream *stream;
    echo_start(&echo);
    const struct stream_peer tls = {.server = echo.server, .has_tls = true, .ca_file = ""};
    EXPECT_OK(stream_open(&tls, &stream, &kit_err));
    EXPECT_OK(stream_connect(stream, &kit_err)); /* it does not speak TLS */
    EXPECT(strstr(read_n(stream, 1), echo.server) != NULL);
    EXPECT_I64(stream_state(stream), STREAM_IDLE);
    echo_stop(&echo);
    EXPECT_OK(stream_connect(stream, &kit_err)); /* and now nobody listens */
    EXPECT(strstr(read_n(stream, 1), echo.server) != NULL);
    EXPECT_I64(stream_state(stream), STREAM_IDLE);
    stream_close(stream);
}

static void wake(void *self)
{
    stream_wake(self);
}

TEST(anybody_wakes_who_waits)
{
    struct stream *stream;
    struct thread thread;
    const struct stream_peer peer = {.server = "127.0.0.1:1", .ca_file = ""};
    EXPECT_OK(stream_open(&peer, &stream, &kit_err));
    const int64_t began_us = monotonic_us();
    EXPECT_OK(thread_start(&thread, "wake", wake, stream, &kit_err));
    EXPECT_OK(stream_wait(stream, 60000, &kit_err));
    EXPECT(monotonic_us() - began_us < 30000000);
    thread_join(&thread);
    stream_close(stream);
}

TEST(a_server_is_a_host_and_a_port)
{
    static const struct {
        const char *row, *server;
        bool is_ok;
    } rows[] = {
        {"name", "irc.example.org:6697", true},
        {"address", "127.0.0.1:6667", true},
        {"IPv6", "[::1]:6667", true},
        {"no port", "irc.example.org", false},
        {"no host", ":6667", false},
        {"port 0", "a:0", false},
        {"port", "a:65536", false},
        {"sign", "a:+1", false},
        {"bare IPv6", "::1:6667", false},
        {"a path", "a/b:1", false},
        {"a user", "a@b:1", false},
        {"nothing", "", false},
    };
    EACH_ROW (rows, r) {
        EXPECT_I64(stream_check_server(r->server, &kit_err), r->is_ok);
    }
}

RUN_TESTS(test_of(bytes_go_there_and_back), test_of(nobody_there_is_said_with_the_server),
          test_of(anybody_wakes_who_waits), test_of(a_server_is_a_host_and_a_port))
