/* IP addresses in text: peers, hosts, ranges. No names are looked up. Pure; thread: any. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum { IP_BYTES = 16, IP_BITS = 8 * IP_BYTES };

/* An IPv4 address is its IPv6 form, ::ffff:a.b.c.d, so that both spellings are one. */
struct ip {
    unsigned char at[IP_BYTES];
};

/* "127.0.0.1", "::1"; no brackets, no port. */
MUST_CHECK bool ip_parse(struct str text, struct ip *out);
/* Of "127.0.0.1:2003", "[::1]:2003", "localhost": what is before the port, without brackets. Lent. */
struct str ip_host(struct str text);
bool ip_is_loopback(const struct ip *ip); /* 127.0.0.0/8 and ::1 */

/* A CIDR range. */
struct ip_range {
    struct ip at;
    unsigned n_bits; /* of IP_BITS that must be the same */
};

/* "10.0.0.0/8", "2001:db8::/32", "192.0.2.7". err: ERR_INPUT, naming the text. */
MUST_CHECK bool ip_range_parse(struct str text, struct ip_range *out, struct err *err);
bool ip_range_has(const struct ip_range *range, const struct ip *ip);
