#include "os/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "os/file.h"

enum {
    HOST_BYTES_MAX = 256, /* a DNS name has at most 253 */
    PORT_MAX = 65535,
    BACKLOG = 4096,               /* connections waiting to be accepted: a fleet that reconnects */
    UDP_BUFFER_BYTES = 4 << 20,   /* a burst waits here; the kernel cuts it to net.core.rmem_max */
    KEEPALIVE_IDLE_S = 120,       /* silence before the first probe */
    KEEPALIVE_PROBE_S = 30,       /* between probes */
    KEEPALIVE_PROBES = 4,         /* unanswered ones before the connection is given up */
    ANY_PORT_TRIES = 16,          /* port 0: the TCP port found may be taken on UDP */
    PRIVILEGED_PORTS_UNTIL = 1024 /* below it root or a capability is needed */
};

static bool bad_addr(const char *text, struct err *err, const char *why)
{
    (void)FAIL(err, ERR_INPUT, "bad address '%.80s': %s", text, why);
    err_hint(err, "write host:port, [IPv6]:port, :port (every interface) or off");
    return false;
}

static bool is_v4_mapped(const struct in6_addr *at)
{
    return IN6_IS_ADDR_V4MAPPED(at);
}

/* Every interface, both families where the kernel has IPv6. */
static void any_addr(uint16_t port, struct net_addr *out)
{
    CLEANUP(fd_done) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        struct sockaddr_in6 *at = (struct sockaddr_in6 *)&out->at;
        *at = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
        out->bytes = sizeof *at;
        return;
    }
    struct sockaddr_in *at = (struct sockaddr_in *)&out->at;
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    out->bytes = sizeof *at;
}

/* The first address of host, an IPv4 one if there is one. */
static bool resolve(const char *host, const char *port, struct net_addr *out)
{
    const struct addrinfo want = {.ai_family = AF_UNSPEC,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1"; /* whatever the hosts file says, or where there is none */
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &want, &found) != 0 || !found)
        return false;
    const struct addrinfo *best = found;
    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            best = at;
            break;
        }
    }
    memcpy(&out->at, best->ai_addr, best->ai_addrlen);
    out->bytes = best->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool net_parse(const char *text, struct net_addr *out, struct err *err)
{
    struct net_addr addr = {0};
    if (strcmp(text, "off") == 0) {
        addr.is_off = true;
        *out = addr;
        return true;
    }
    const char *colon = strrchr(text, ':');
    if (!colon)
        return bad_addr(text, err, "no port");

    int64_t port = 0;
    if (!num_parse_i64(colon + 1, strlen(colon + 1), &port) || port < 0 || port > PORT_MAX ||
        colon[1] == '+' || colon[1] == '-')
        return bad_addr(text, err, "the port must be a number up to 65535");

    struct str host = str_make(text, (size_t)(colon - text));
    const bool is_bracketed = host.n >= 2 && host.at[0] == '[' && host.at[host.n - 1] == ']';
    if (is_bracketed)
        host = str_make(host.at + 1, host.n - 2);
    else if (memchr(host.at, ':', host.n))
        return bad_addr(text, err, "an IPv6 address stands in brackets");
    if (host.n >= HOST_BYTES_MAX)
        return bad_addr(text, err, "the host is too long");
    if (host.n == 0 && is_bracketed)
        return bad_addr(text, err, "the brackets are empty");
    if (host.n == 0) {
        any_addr((uint16_t)port, &addr);
        *out = addr;
        return true;
    }
    char name[HOST_BYTES_MAX];
    memcpy(name, host.at, host.n);
    name[host.n] = '\0';
    if (!resolve(name, colon + 1, &addr))
        return bad_addr(text, err, "there is no such host");
    *out = addr;
    return true;
}

unsigned net_port(const struct net_addr *addr)
{
    if (addr->at.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&addr->at)->sin_port);
    if (addr->at.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&addr->at)->sin6_port);
    return 0;
}

static void set_port(struct net_addr *addr, unsigned port)
{
    if (addr->at.ss_family == AF_INET)
        ((struct sockaddr_in *)&addr->at)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)&addr->at)->sin6_port = htons((uint16_t)port);
}

bool net_ip(const struct net_addr *addr, struct ip *out)
{
    static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
    if (addr->at.ss_family == AF_INET) {
        const struct sockaddr_in *at = (const struct sockaddr_in *)&addr->at;
        memcpy(out->at, v4_prefix, sizeof v4_prefix);
        memcpy(out->at + sizeof v4_prefix, &at->sin_addr, sizeof at->sin_addr);
        return true;
    }
    if (addr->at.ss_family != AF_INET6)
        return false;
    memcpy(out->at, &((const struct sockaddr_in6 *)&addr->at)->sin6_addr, IP_BYTES);
    return true;
}

void net_format(const struct net_addr *addr, char out[NET_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (addr->at.ss_family == AF_INET) {
        const struct sockaddr_in *at = (const struct sockaddr_in *)&addr->at;
        inet_ntop(AF_INET, &at->sin_addr, host, sizeof host);
        snprintf(out, NET_TEXT_MAX, "%s:%u", host, net_port(addr));
    } else if (addr->at.ss_family == AF_INET6) {
        const struct in6_addr *at = &((const struct sockaddr_in6 *)&addr->at)->sin6_addr;
        const bool is_v4 = is_v4_mapped(at);
        if (is_v4)
            inet_ntop(AF_INET, &at->s6_addr[12], host, sizeof host);
        else
            inet_ntop(AF_INET6, at, host, sizeof host);
        snprintf(out, NET_TEXT_MAX, is_v4 ? "%s:%u" : "[%s]:%u", host, net_port(addr));
    }
}

/* Fails as errno says; the reason that a person can act on goes into the hint. */
static bool listen_failed(const struct net_addr *addr, struct err *err)
{
    char text[NET_TEXT_MAX];
    const int reason = errno;
    const unsigned port = net_port(addr);
    net_format(addr, text);
    errno = reason;
    (void)FAIL(err, ERR_IO, "listen on %s", text);
    if (reason == EADDRINUSE)
        err_hint(err,
                 "another program (carbon, or another plumb?) has port %u: "
                 "`ss -ltunp 'sport = :%u'` shows which",
                 port, port);
    else if (reason == EADDRNOTAVAIL)
        err_hint(err, "no interface of this machine has that address");
    else if (reason == EACCES && port < PRIVILEGED_PORTS_UNTIL)
        err_hint(err, "ports below 1024 need root or CAP_NET_BIND_SERVICE");
    return false;
}

static void set_option(int fd, int level, int option, int value)
{
    /* Each of these only makes things better: a kernel that refuses one is no reason to stop. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* A bound socket, or -1 with errno. */
static int bound_socket(const struct net_addr *addr, int type, bool shares)
{
    CLEANUP(fd_done) int fd = socket(addr->at.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (addr->at.ss_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (type == SOCK_STREAM) /* a port whose old connections linger may be taken again */
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shares)
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind(fd, (const struct sockaddr *)&addr->at, addr->bytes) != 0)
        return -1;
    return take_fd(&fd);
}

/* Sharing sockets would happily join those of another plumb and take half of its connections. A socket
 * that does not share is refused in that case, so one is tried first. */
static bool is_free(const struct net_addr *addr, int type)
{
    CLEANUP(fd_done) int fd = bound_socket(addr, type, false);
    if (fd < 0)
        return false;
    return type != SOCK_STREAM || listen(fd, 1) == 0;
}

static void close_all(int *fds, unsigned n)
{
    for (unsigned i = 0; fds && i < n; i++) {
        const int reason = errno;
        fd_done(&fds[i]);
        errno = reason;
    }
}

/* The i-th TCP socket, listening. The first one finds the port. */
static bool open_tcp(struct net_addr *io_addr, int *out)
{
    CLEANUP(fd_done) int fd = bound_socket(io_addr, SOCK_STREAM, true);
    if (fd < 0 || listen(fd, BACKLOG) != 0)
        return false;
    struct net_addr bound = {.bytes = sizeof bound.at};
    if (getsockname(fd, (struct sockaddr *)&bound.at, &bound.bytes) != 0)
        return false;
    set_port(io_addr, net_port(&bound));
    *out = take_fd(&fd);
    return true;
}

static bool open_udp(const struct net_addr *addr, int *out)
{
    const int fd = bound_socket(addr, SOCK_DGRAM, true);
    if (fd < 0)
        return false;
    set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES);
    set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1); /* tells of datagrams that did not fit */
    *out = fd;
    return true;
}

/* One try. False with errno, nothing left open. */
static bool open_all(struct net_addr *io_addr, unsigned n, int *out_tcp, int *out_udp)
{
    for (unsigned i = 0; i < n; i++) {
        out_tcp[i] = -1;
        if (out_udp)
            out_udp[i] = -1;
    }
    if (net_port(io_addr) != 0 && !is_free(io_addr, SOCK_STREAM))
        return false;
    bool is_open = true;
    for (unsigned i = 0; i < n && is_open; i++)
        is_open = open_tcp(io_addr, &out_tcp[i]);
    if (out_udp)
        is_open = is_open && is_free(io_addr, SOCK_DGRAM);
    for (unsigned i = 0; i < n && is_open && out_udp; i++)
        is_open = open_udp(io_addr, &out_udp[i]);
    if (!is_open) {
        close_all(out_tcp, n);
        close_all(out_udp, n);
    }
    return is_open;
}

bool net_listen(struct net_addr *io_addr, unsigned n, int *out_tcp, int *out_udp, struct err *err)
{
    BUG_IF(n == 0 || n > NET_SOCKETS_MAX);
    BUG_IF(io_addr->is_off);
    const bool is_any_port = net_port(io_addr) == 0;
    for (int i = 0; i < ANY_PORT_TRIES; i++) {
        struct net_addr addr = *io_addr;
        if (open_all(&addr, n, out_tcp, out_udp)) {
            *io_addr = addr;
            return true;
        }
        if (!is_any_port || errno != EADDRINUSE)
            break;
    }
    return listen_failed(io_addr, err);
}

enum net_accept_result net_accept(int listener, int *out_fd, struct net_addr *out_peer)
{
    struct net_addr peer = {.bytes = sizeof peer.at};
    const int fd =
        accept4(listener, (struct sockaddr *)&peer.at, &peer.bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        const bool is_full =
            errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return is_full ? NET_ACCEPT_FULL : NET_ACCEPT_LATER;
    }
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_PROBE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    *out_peer = peer;
    *out_fd = fd;
    return NET_ACCEPTED;
}

void net_expect(int fd, int n_bytes)
{
    set_option(fd, SOL_SOCKET, SO_RCVLOWAT, n_bytes); /* the buffer grows to that, and stays so */
    set_option(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
}

enum net_read_result net_read(int fd, void *out, size_t room, size_t *out_n)
{
    BUG_IF(room == 0);
    const ssize_t n = recv(fd, out, room, 0);
    if (n > 0) {
        *out_n = (size_t)n;
        return NET_READ_SOME;
    }
    if (n == 0)
        return NET_READ_END;
    const bool is_later = errno == EAGAIN || errno == EINTR;
    return is_later ? NET_READ_LATER : NET_READ_LOST;
}

bool net_is_closed(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0;
}

size_t net_waiting(int fd)
{
    int n = 0;
    if (ioctl(fd, FIONREAD, &n) != 0 || n < 0)
        return 0;
    return (size_t)n;
}

/* The kernel's count of dropped datagrams rides along with each message. */
static void read_lost(struct msghdr *msg, uint32_t *io_lost)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
            memcpy(io_lost, CMSG_DATA(c), sizeof *io_lost);
    }
}

size_t net_read_datagrams(int fd, struct net_datagram *io, size_t n, uint32_t *io_lost)
{
    struct mmsghdr msgs[NET_DATAGRAMS_MAX];
    struct iovec at[NET_DATAGRAMS_MAX];
    _Alignas(struct cmsghdr) char control[NET_DATAGRAMS_MAX][CMSG_SPACE(sizeof(uint32_t))];
    n = min_size(n, NET_DATAGRAMS_MAX);
    for (size_t i = 0; i < n; i++) {
        at[i] = (struct iovec){.iov_base = io[i].at, .iov_len = io[i].room};
        msgs[i].msg_hdr = (struct msghdr){.msg_name = &io[i].from.at,
                                          .msg_namelen = sizeof io[i].from.at,
                                          .msg_iov = &at[i],
                                          .msg_iovlen = 1,
                                          .msg_control = control[i],
                                          .msg_controllen = sizeof control[i]};
    }
    const int got = recvmmsg(fd, msgs, (unsigned)n, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        io[i].n = msgs[i].msg_len;
        io[i].from.bytes = msgs[i].msg_hdr.msg_namelen;
        io[i].from.is_off = false;
        read_lost(&msgs[i].msg_hdr, io_lost);
    }
    return got > 0 ? (size_t)got : 0;
}

void net_hostname(char out[NET_HOSTNAME_MAX])
{
    if (gethostname(out, NET_HOSTNAME_MAX) != 0)
        out[0] = '\0';
    out[NET_HOSTNAME_MAX - 1] = '\0';
    if (out[0] == '\0')
        snprintf(out, NET_HOSTNAME_MAX, "localhost");
}

/* ---- outwards ---- */

/* Waits until the descriptor is ready for events. False with errno: it is not, in time. */
static bool await(int fd, short events, int64_t wait_ms)
{
    struct pollfd ready = {.fd = fd, .events = events};
    const int n = poll(&ready, 1, (int)min_i64(max_i64(wait_ms, 0), 3600000));
    if (n == 0)
        errno = ETIMEDOUT;
    return n > 0;
}

bool net_connect(const struct net_addr *addr, int64_t wait_ms, int *out_fd, struct err *err)
{
    char shown[NET_TEXT_MAX];
    net_format(addr, shown);
    CLEANUP(fd_done)
    int fd = socket(addr->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return FAIL(err, ERR_IO, "connect to %s", shown);
    if (connect(fd, (const struct sockaddr *)&addr->at, addr->bytes) != 0) {
        int failed = 0;
        socklen_t n = sizeof failed;
        if (errno != EINPROGRESS || !await(fd, POLLOUT, wait_ms))
            return FAIL(err, ERR_IO, "connect to %s", shown);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n);
        errno = failed;
        if (failed)
            return FAIL(err, ERR_IO, "connect to %s", shown);
    }
    *out_fd = take_fd(&fd);
    return true;
}

bool net_write_all(int fd, const void *bytes, size_t n, int64_t wait_ms, struct err *err)
{
    const char *at = bytes;
    while (n > 0) {
        const ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent > 0) {
            at += sent;
            n -= (size_t)sent;
        } else if (errno == EAGAIN ? !await(fd, POLLOUT, wait_ms) : errno != EINTR) {
            return FAIL(err, ERR_IO, "send");
        }
    }
    return true;
}

bool net_finish(int fd, int64_t wait_ms, struct err *err)
{
    char bytes[512];
    if (shutdown(fd, SHUT_WR) != 0)
        return FAIL(err, ERR_IO, "finish");
    while (await(fd, POLLIN, wait_ms)) {
        const ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n == 0)
            return true;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return FAIL(err, ERR_IO, "finish");
    }
    return true; /* it does not say, and nothing is against it */
}
