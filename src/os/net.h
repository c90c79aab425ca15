/* Addresses as people write them ("127.0.0.1:2003", "[::1]:2003", "localhost:2003", ":2003", "off") and
 * the sockets behind them. All sockets are non-blocking and close-on-exec. Thread: any. */
#pragma once

#include <sys/socket.h>

#include "base/err.h"
#include "base/ip.h"

enum {
    NET_TEXT_MAX = 64,      /* "[IPv6]:port" with its NUL: 54 at most */
    NET_HOSTNAME_MAX = 256, /* with its NUL; the kernel's limit is 64 */
    NET_SOCKETS_MAX = 64,   /* sockets that share one port: one a receiver */
};

/* Zeroed: nothing. is_off: the text was "off". */
struct net_addr {
    struct sockaddr_storage at;
    socklen_t bytes;
    bool is_off;
};

/* host: an address, a bracketed IPv6 address, a name (an IPv4 address is preferred), or nothing: every
 * interface. Port 0: any free one.
 *   err  ERR_INPUT, naming the text; a hint shows the forms that work */
MUST_CHECK bool net_parse(const char *text, struct net_addr *out, struct err *err);
/* "127.0.0.1:2003", "[::1]:2003"; an IPv4 peer of an IPv6 socket is shown as IPv4; "" when off. */
void net_format(const struct net_addr *addr, char out[NET_TEXT_MAX]);
/* False: it has none (off). */
MUST_CHECK bool net_ip(const struct net_addr *addr, struct ip *out);
unsigned net_port(const struct net_addr *addr);

/* Opens n listening sockets (1 <= n <= NET_SOCKETS_MAX) on one port; the kernel deals connections over
 * them. With out_udp not NULL, also n datagram sockets on the same port number. io_addr gets the port
 * really bound. Each socket is the caller's to close.
 *   err  ERR_IO "listen on 127.0.0.1:2003: Address already in use", with a hint. A port that any other
 *        socket listens on is refused, also one that would share it.
 *   on false nothing stays open */
MUST_CHECK bool net_listen(struct net_addr *io_addr, unsigned n, int *out_tcp, int *out_udp,
                           struct err *err);

enum net_accept_result {
    NET_ACCEPTED = 0,
    NET_ACCEPT_LATER, /* nobody is waiting */
    NET_ACCEPT_FULL,  /* out of descriptors or memory: wait before trying again */
};
/* Takes one waiting connection, with keepalive on, so that a peer that vanished is noticed in a few
 * minutes. */
MUST_CHECK enum net_accept_result net_accept(int listener, int *out_fd, struct net_addr *out_peer);

enum net_read_result {
    NET_READ_SOME = 0,
    NET_READ_LATER, /* nothing has arrived */
    NET_READ_END,   /* the peer closed its side properly */
    NET_READ_LOST,  /* reset, timed out: what was under way is lost */
};
/* So many bytes may arrive before they are read: room for them in the kernel from the start, which else
 * grows with what is read. A hint. */
void net_expect(int fd, int n_bytes);
/* Reads what has arrived, at most room bytes (> 0). *out_n is set on NET_READ_SOME. */
MUST_CHECK enum net_read_result net_read(int fd, void *out, size_t room, size_t *out_n);
/* Has the peer closed its side, or is the connection lost? Looks past bytes that wait to be read. */
bool net_is_closed(int fd);
/* Bytes waiting to be read; 0 when not known. */
size_t net_waiting(int fd);

/* One datagram. at and room are the caller's and are kept; the rest is filled in. */
struct net_datagram {
    char *at;
    size_t room, n;
    struct net_addr from;
};
enum { NET_DATAGRAMS_MAX = 32 /* read by one call */ };
/* Reads up to n waiting datagrams with one system call; returns how many. io_lost: the socket's count of
 * datagrams that the kernel dropped because nobody read them in time, brought up to date. */
size_t net_read_datagrams(int fd, struct net_datagram *io, size_t n, uint32_t *io_lost);

/* ---- outwards ---- */
/* A connection, within wait_ms. err: ERR_IO, naming the address. */
MUST_CHECK bool net_connect(const struct net_addr *addr, int64_t wait_ms, int *out_fd,
                            struct err *err);
/* All n bytes, waiting for room at most wait_ms at a time. err: ERR_IO. */
MUST_CHECK bool net_write_all(int fd, const void *bytes, size_t n, int64_t wait_ms,
                              struct err *err);
/* Says that nothing more will be sent, and waits (wait_ms at most) until the peer has read it all and closes
 * its side, too. err: ERR_IO it broke off: what was sent last may be lost. */
MUST_CHECK bool net_finish(int fd, int64_t wait_ms, struct err *err);

/* This machine's name, whole. */
void net_hostname(char out[NET_HOSTNAME_MAX]);
