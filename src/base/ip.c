#include "base/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/num.h"

enum { V4_BITS = 32, V4_AT = 12 /* where an IPv4 address stands in the IPv6 form */ };

static bool parse(struct str text, struct ip *out, bool *out_is_v4)
{
    char copy[INET6_ADDRSTRLEN];
    struct ip ip = {0};
    if (text.n >= sizeof copy || memchr(text.at, '\0', text.n))
        return false;
    if (text.n)
        memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    *out_is_v4 = inet_pton(AF_INET, copy, ip.at + V4_AT) == 1;
    if (*out_is_v4)
        ip.at[10] = ip.at[11] = 0xff;
    else if (inet_pton(AF_INET6, copy, ip.at) != 1)
        return false;
    *out = ip;
    return true;
}

bool ip_parse(struct str text, struct ip *out)
{
    bool is_v4;
    return parse(text, out, &is_v4);
}

struct str ip_host(struct str text)
{
    if (text.n && text.at[0] == '[') {
        const char *end = memchr(text.at, ']', text.n);
        return end ? str_make(text.at + 1, (size_t)(end - text.at) - 1) : text;
    }
    const char *colon = memchr(text.at, ':', text.n);
    const bool is_v6 = colon && memchr(colon + 1, ':', text.n - (size_t)(colon - text.at) - 1);
    return colon && !is_v6 ? str_make(text.at, (size_t)(colon - text.at)) : text;
}

bool ip_is_loopback(const struct ip *ip)
{
    static const struct ip v6 = {{[15] = 1}};
    static const struct ip_range v4 = {{{[10] = 0xff, [11] = 0xff, [12] = 127}},
                                       IP_BITS - V4_BITS + 8};
    return memcmp(ip->at, v6.at, IP_BYTES) == 0 || ip_range_has(&v4, ip);
}

bool ip_range_parse(struct str text, struct ip_range *out, struct err *err)
{
    const char *slash = memchr(text.at, '/', text.n);
    const size_t n_address = slash ? (size_t)(slash - text.at) : text.n;
    struct ip_range range = {.n_bits = IP_BITS};
    bool is_v4;
    int64_t bits = 0;
    bool is_ok = parse(str_make(text.at, n_address), &range.at, &is_v4);
    if (is_ok && slash)
        is_ok = num_parse_i64(slash + 1, text.n - n_address - 1, &bits) && bits >= 0 &&
                bits <= (is_v4 ? V4_BITS : IP_BITS);
    if (!is_ok) {
        err_set(err, ERR_INPUT, "'%.*s' is no range of addresses", (int)min_size(text.n, 80),
                text.at);
        err_hint(err, "as in 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7");
        return false;
    }
    if (slash)
        range.n_bits = (unsigned)bits + (is_v4 ? IP_BITS - V4_BITS : 0);
    *out = range;
    return true;
}

bool ip_range_has(const struct ip_range *range, const struct ip *ip)
{
    const unsigned n_bytes = range->n_bits / 8, n_rest = range->n_bits % 8;
    if (memcmp(range->at.at, ip->at, n_bytes) != 0)
        return false;
    const unsigned mask = (0xff00u >> n_rest) & 0xffu;
    return !n_rest || ((range->at.at[n_bytes] ^ ip->at[n_bytes]) & mask) == 0;
}
