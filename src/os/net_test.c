#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "os/file.h"
#include "os/net.h"
#include "os/thread.h"

#include "kit/kit.h"

enum { WAIT_MS = 5000 /* far more than loopback needs */ };

static bool wait_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, WAIT_MS) == 1;
}

static bool wait_closed(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, WAIT_MS) == 1;
}

static int dial(const struct net_addr *addr, int type)
{
    int fd = socket(addr->at.ss_family, type, 0);
    EXPECT(fd >= 0);
    EXPECT_I64(connect(fd, (const struct sockaddr *)&addr->at, addr->bytes), 0);
    return fd;
}

TEST(reads_addresses)
{
    static const struct {
        const char *row, *text, *shown;
    } rows[] = {
        {"IPv4", "127.0.0.1:2003", "127.0.0.1:2003"},
        {"any port", "127.0.0.1:0", "127.0.0.1:0"},
        {"IPv6", "[::1]:2003", "[::1]:2003"},
        {"a name", "localhost:80", "127.0.0.1:80"},
        {"highest port", "10.1.2.3:65535", "10.1.2.3:65535"},
        {"off", "off", ""},
    };
    EACH_ROW (rows, r) {
        struct net_addr addr;
        char text[NET_TEXT_MAX];
        EXPECT_OK(net_parse(r->text, &addr, &kit_err));
        net_format(&addr, text);
        EXPECT_TEXT(text, r->shown);
        EXPECT_I64(addr.is_off, r->shown[0] == '\0');
    }
}

TEST(no_host_is_every_interface)
{
    struct net_addr addr;
    char text[NET_TEXT_MAX];
    EXPECT_OK(net_parse(":2003", &addr, &kit_err));
    net_format(&addr, text);
    EXPECT(strcmp(text, "[::]:2003") == 0 || strcmp(text, "0.0.0.0:2003") == 0);
    EXPECT_I64(net_port(&addr), 2003);
}

TEST(refuses_bad_addresses)
{
    static const struct {
        const char *row, *text, *why;
    } rows[] = {
        {"nothing", "", "no port"},
        {"no port", "127.0.0.1", "no port"},
        {"empty port", "127.0.0.1:", "port"},
        {"port too big", "127.0.0.1:65536", "port"},
        {"negative port", "127.0.0.1:-1", "port"},
        {"plus", "127.0.0.1:+1", "port"},
        {"port name", "127.0.0.1:http", "port"},
        {"bare IPv6", "::1:2003", "brackets"},
        {"empty brackets", "[]:2003", "brackets"},
        {"no such host", "no.such.host.invalid:1", "no such host"},
    };
    EACH_ROW (rows, r) {
        struct net_addr addr;
        EXPECT_ERR(net_parse(r->text, &addr, &kit_err), ERR_INPUT, r->why);
        EXPECT(strstr(kit_err.hint, "host:port") != NULL);
    }
}

TEST(a_long_host_is_refused)
{
    char text[600];
    struct net_addr addr;
    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 3, ":1", 3);
    EXPECT_ERR(net_parse(text, &addr, &kit_err), ERR_INPUT, "too long");
}

TEST(sockets_share_a_port_and_carry_bytes)
{
    struct net_addr addr;
    int tcp[2], udp[2];
    EXPECT_OK(net_parse("127.0.0.1:0", &addr, &kit_err));
    EXPECT_OK(net_listen(&addr, 2, tcp, udp, &kit_err));
    EXPECT(net_port(&addr) != 0);

    CLEANUP(fd_done) int out = dial(&addr, SOCK_STREAM);
    CLEANUP(fd_done) int in = -1;
    struct net_addr peer = {0};
    struct pollfd either[2] = {{.fd = tcp[0], .events = POLLIN}, {.fd = tcp[1], .events = POLLIN}};
    EXPECT_I64(poll(either, 2, WAIT_MS), 1);
    const int ready = either[0].revents ? tcp[0] : tcp[1];
    const int idle = either[0].revents ? tcp[1] : tcp[0];
    EXPECT_I64(net_accept(idle, &in, &peer), NET_ACCEPT_LATER);
    EXPECT_I64(net_accept(ready, &in, &peer), NET_ACCEPTED);
    char from[NET_TEXT_MAX];
    net_format(&peer, from);
    EXPECT(strncmp(from, "127.0.0.1:", 10) == 0);

    char bytes[16];
    size_t n = 0;
    EXPECT_I64(net_read(in, bytes, sizeof bytes, &n), NET_READ_LATER);
    EXPECT_I64(write(out, "hello", 5), 5);
    EXPECT(wait_readable(in));
    EXPECT_I64(net_waiting(in), 5);
    EXPECT_I64(net_read(in, bytes, 3, &n), NET_READ_SOME);
    EXPECT_I64(n, 3);
    EXPECT_I64(net_read(in, bytes, sizeof bytes, &n), NET_READ_SOME);
    EXPECT_I64(n, 2);
    EXPECT_I64(write(out, "!", 1), 1);
    EXPECT(wait_readable(in));
    EXPECT(!net_is_closed(in));
    fd_done(&out);
    EXPECT(wait_closed(in)); /* though a byte waits in front of the end */
    EXPECT_I64(net_read(in, bytes, sizeof bytes, &n), NET_READ_SOME);
    EXPECT(net_is_closed(in));
    EXPECT_I64(net_read(in, bytes, sizeof bytes, &n), NET_READ_END);
    for (int i = 0; i < 2; i++) {
        fd_done(&tcp[i]);
        fd_done(&udp[i]);
    }
}

TEST(a_reset_connection_is_lost_not_ended)
{
    struct net_addr addr;
    int tcp = -1;
    EXPECT_OK(net_parse("127.0.0.1:0", &addr, &kit_err));
    EXPECT_OK(net_listen(&addr, 1, &tcp, NULL, &kit_err));
    CLEANUP(fd_done) int out = dial(&addr, SOCK_STREAM);
    CLEANUP(fd_done) int in = -1;
    struct net_addr peer;
    char bytes[4];
    size_t n = 0;
    EXPECT(wait_readable(tcp));
    EXPECT_I64(net_accept(tcp, &in, &peer), NET_ACCEPTED);
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(out, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_done(&out);
    EXPECT(wait_readable(in));
    EXPECT_I64(net_read(in, bytes, sizeof bytes, &n), NET_READ_LOST);
    fd_done(&tcp);
}

TEST(reads_many_datagrams_at_once)
{
    struct net_addr addr;
    int tcp = -1, udp = -1;
    EXPECT_OK(net_parse("127.0.0.1:0", &addr, &kit_err));
    EXPECT_OK(net_listen(&addr, 1, &tcp, &udp, &kit_err));
    CLEANUP(fd_done) int out = dial(&addr, SOCK_DGRAM);
    char room[4][8];
    struct net_datagram got[4];
    uint32_t lost = 7;
    for (int i = 0; i < 4; i++)
        got[i] = (struct net_datagram){.at = room[i], .room = sizeof room[i]};
    EXPECT_I64(net_read_datagrams(udp, got, 4, &lost), 0);
    EXPECT_I64(send(out, "one", 3, 0), 3);
    EXPECT_I64(send(out, "", 0, 0), 0);
    EXPECT_I64(send(out, "three", 5, 0), 5);
    EXPECT(wait_readable(udp));
    EXPECT_I64(net_read_datagrams(udp, got, 4, &lost), 3);
    EXPECT_I64(got[0].n, 3);
    EXPECT_I64(got[1].n, 0);
    EXPECT(memcmp(room[2], "three", 5) == 0);
    char from[NET_TEXT_MAX];
    net_format(&got[2].from, from);
    EXPECT(strncmp(from, "127.0.0.1:", 10) == 0);
    fd_done(&tcp);
    fd_done(&udp);
}

TEST(a_port_in_use_is_told_with_a_hint)
{
    struct net_addr addr, again;
    int tcp = -1, udp = -1, more[2], more_udp[2];
    EXPECT_OK(net_parse("127.0.0.1:0", &addr, &kit_err));
    EXPECT_OK(net_listen(&addr, 1, &tcp, &udp, &kit_err));
    again = addr;
    char shown[NET_TEXT_MAX + 32] = "listen on ";
    net_format(&addr, shown + strlen(shown));
    EXPECT_ERR(net_listen(&again, 2, more, more_udp, &kit_err), ERR_IO, shown);
    EXPECT_I64(kit_err.sys_errno, EADDRINUSE);
    EXPECT(strstr(kit_err.hint, "ss -ltunp") != NULL);

    /* The same when only the UDP side is taken. */
    fd_done(&tcp);
    EXPECT_ERR(net_listen(&again, 1, more, more_udp, &kit_err), ERR_IO, shown);
    EXPECT_I64(more[0], -1);
    EXPECT_OK(net_listen(&again, 1, more, NULL, &kit_err));
    fd_done(&more[0]);
    fd_done(&udp);
}

TEST(an_address_of_another_machine_is_told)
{
    struct net_addr addr;
    int tcp = -1;
    EXPECT_OK(net_parse("192.0.2.1:2003", &addr, &kit_err));
    EXPECT_ERR(net_listen(&addr, 1, &tcp, NULL, &kit_err), ERR_IO, "listen on 192.0.2.1:2003");
    EXPECT(strstr(kit_err.hint, "no interface") != NULL);
}

TEST(an_ipv4_peer_of_an_ipv6_socket_is_shown_as_ipv4)
{
    struct net_addr addr = {.bytes = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *at = (struct sockaddr_in6 *)&addr.at;
    at->sin6_family = AF_INET6;
    at->sin6_port = htons(9);
    EXPECT_I64(inet_pton(AF_INET6, "::ffff:10.0.0.7", &at->sin6_addr), 1);
    char text[NET_TEXT_MAX];
    net_format(&addr, text);
    EXPECT_TEXT(text, "10.0.0.7:9");
}

TEST(the_machine_has_a_name)
{
    char name[NET_HOSTNAME_MAX];
    net_hostname(name);
    EXPECT(name[0] != '\0');
}

struct far_end {
    int listener;
    char got[16];
    size_t n;
    bool closes; /* else it breaks off */
};

static void take(void *self)
{
    struct far_end *far = self;
    CLEANUP(fd_done) int fd = accept(far->listener, NULL, NULL);
    ssize_t n = 1;
    while (n > 0 && far->n < sizeof far->got) {
        n = read(fd, far->got + far->n, sizeof far->got - far->n);
        far->n += n > 0 ? (size_t)n : 0;
    }
    const struct linger reset = {.l_onoff = 1};
    if (!far->closes)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

TEST(what_goes_out_is_known_to_have_been_read)
{
    for (int closes = 0; closes < 2; closes++) {
        struct net_addr addr;
        struct far_end far = {.closes = closes};
        struct thread thread;
        CLEANUP(fd_done) int fd = -1;
        EXPECT_OK(net_parse("127.0.0.1:0", &addr, &kit_err));
        EXPECT_OK(net_listen(&addr, 1, &far.listener, NULL, &kit_err));
        fcntl(far.listener, F_SETFL, 0); /* the thread waits */
        EXPECT_OK(thread_start(&thread, "far", take, &far, &kit_err));
        EXPECT_OK(net_connect(&addr, 5000, &fd, &kit_err));
        EXPECT_OK(net_write_all(fd, "a line\n", 7, 5000, &kit_err));
        if (closes)
            EXPECT_OK(net_finish(fd, 5000, &kit_err));
        else
            EXPECT_ERR(net_finish(fd, 5000, &kit_err), ERR_IO, "finish");
        thread_join(&thread);
        EXPECT_I64(far.n, 7);
        fd_done(&far.listener);
        int none = -1;
        EXPECT_ERR(net_connect(&addr, 5000, &none, &kit_err), ERR_IO, "connect to 127.0.0.1:");
    }
}

RUN_TESTS(test_of(reads_addresses), test_of(no_host_is_every_interface),
          test_of(refuses_bad_addresses), test_of(a_long_host_is_refused),
          test_of(sockets_share_a_port_and_carry_bytes),
          test_of(a_reset_connection_is_lost_not_ended), test_of(reads_many_datagrams_at_once),
          test_of(a_port_in_use_is_told_with_a_hint),
          test_of(an_address_of_another_machine_is_told),
          test_of(an_ipv4_peer_of_an_ipv6_socket_is_shown_as_ipv4), test_of(the_machine_has_a_name),
          test_of(what_goes_out_is_known_to_have_been_read))
