/* Which addresses a webhook may be sent to: a URL that somebody typed must not make this server ask what
 * stands behind its own firewall. Pure. */
#pragma once

#include <sys/socket.h>

#include "base/err.h"

enum { GUARD_NETS_MAX = 16 };

/* Every address as IPv6, IPv4 ones mapped (::ffff:10.0.0.1). */
struct guard_net {
    unsigned char at[16];
    unsigned n_bits;
};

/* Zeroed: public addresses alone. */
struct guard {
    struct guard_net nets[GUARD_NETS_MAX]; /* allowed though private */
    size_t n_nets;
};

/* "10.1.0.0/16, fd00::/8, 127.0.0.1". err: ERR_INPUT naming the piece. */
MUST_CHECK bool guard_parse(const char *list, struct guard *out, struct err *err);
/* Is it public, or allowed? Loopback, private, link-local, shared and reserved addresses are not public, nor
 * what IPv6 wraps around them (mapped, 6to4, NAT64). err: ERR_REFUSED naming the address. self: the
 * struct guard, so that it fits a fetch_guard. */
MUST_CHECK bool guard_allows(void *self, const struct sockaddr *address, struct err *err);
/* The same for the address that a URL spells out; a name passes, and is looked at when it is resolved. */
MUST_CHECK bool guard_allows_url(struct guard *guard, const char *url, struct err *err);
