#include "announce/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

enum {
    MAPPED_BYTES = 12, /* before the IPv4 address in a mapped one */
    MAPPED_BITS = 96,
    V6_BITS = 128,
    HOST_BYTES_MAX = 256,
};

static const unsigned char mapped[MAPPED_BYTES] = {[10] = 0xFF, [11] = 0xFF};

static bool is_within(const unsigned char *at, const unsigned char *net, unsigned n_bits)
{
    const size_t n = n_bits / 8;
    const unsigned n_left = n_bits % 8;
    if (memcmp(at, net, n) != 0)
        return false;
    return n_left == 0 || ((at[n] ^ net[n]) & (0xFF00u >> n_left) & 0xFFu) == 0;
}

/* Not for the open net (IANA's registries of special-purpose addresses). */
static bool is_private_v4(const unsigned char *at)
{
    static const struct {
        unsigned char net[4];
        unsigned n_bits;
    } nets[] = {
        {{0}, 8},         {{10}, 8},       {{100, 64}, 10},      {{127}, 8},
        {{169, 254}, 16}, {{172, 16}, 12}, {{192, 0, 0}, 24},    {{192, 0, 2}, 24},
        {{192, 168}, 16}, {{198, 18}, 15}, {{198, 51, 100}, 24}, {{203, 0, 113}, 24},
        {{224}, 3},
    };
    for (size_t i = 0; i < COUNT_OF(nets); i++)
        if (is_within(at, nets[i].net, nets[i].n_bits))
            return true;
    return false;
}

static bool is_private(const unsigned char at[16])
{
    static const struct {
        unsigned char net[4];
        unsigned n_bits;
    } nets[] = {
        {{0xFC}, 7}, {{0xFE, 0x80}, 10}, {{0xFE, 0xC0}, 10}, {{0xFF}, 8}, {{0x20, 0x01}, 32}};
    static const unsigned char nat64[MAPPED_BYTES] = {0, 0x64, 0xFF, 0x9B}, compatible[16] = {0};
    if (memcmp(at, mapped, MAPPED_BYTES) == 0 || memcmp(at, nat64, MAPPED_BYTES) == 0 ||
        memcmp(at, compatible, MAPPED_BYTES) == 0) /* ::1 and :: are 0.0.0.1 and 0.0.0.0 here */
        return is_private_v4(at + MAPPED_BYTES);
    if (at[0] == 0x20 && at[1] == 0x02) /* 6to4 */
        return is_private_v4(at + 2);
    for (size_t i = 0; i < COUNT_OF(nets); i++)
        if (is_within(at, nets[i].net, nets[i].n_bits))
            return true;
    return false;
}

static bool bytes_of(const struct sockaddr *address, unsigned char out[16])
{
    if (address->sa_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
        return true;
    }
    if (address->sa_family != AF_INET)
        return false;
    memcpy(out, mapped, MAPPED_BYTES);
    memcpy(out + MAPPED_BYTES, &((const struct sockaddr_in *)address)->sin_addr, 4);
    return true;
}

static bool is_allowed(const struct guard *guard, const unsigned char at[16])
{
    for (size_t i = 0; i < guard->n_nets; i++)
        if (is_within(at, guard->nets[i].at, guard->nets[i].n_bits))
            return true;
    return !is_private(at);
}

static bool check(const struct guard *guard, const unsigned char at[16], struct err *err)
{
    char shown[INET6_ADDRSTRLEN] = "";
    if (is_allowed(guard, at))
        return true;
    const bool is_v4 = memcmp(at, mapped, MAPPED_BYTES) == 0;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? at + MAPPED_BYTES : at, shown, sizeof shown);
    err_set(err, ERR_REFUSED, "%s is not a public address; say allow = %s if it is meant", shown,
            shown);
    return false;
}

bool guard_allows(void *self, const struct sockaddr *address, struct err *err)
{
    unsigned char at[16];
    if (!bytes_of(address, at))
        return FAIL(err, ERR_REFUSED, "it is neither an IPv4 nor an IPv6 address");
    return check(self, at, err);
}

/* An address as text; false: a name. */
static bool parse_address(const char *text, unsigned char out[16], bool *out_is_v4)
{
    *out_is_v4 = inet_pton(AF_INET, text, out + MAPPED_BYTES) == 1;
    if (!*out_is_v4)
        return inet_pton(AF_INET6, text, out) == 1;
    memcpy(out, mapped, MAPPED_BYTES);
    return true;
}

bool guard_allows_url(struct guard *guard, const char *url, struct err *err)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t n = strcspn(host, "/?#");
    const char *at_sign = memrchr(host, '@', n);
    if (at_sign) {
        n -= (size_t)(at_sign + 1 - host);
        host = at_sign + 1;
    }
    const bool is_bracketed = host[0] == '[';
    host += is_bracketed;
    n = min_size(n - is_bracketed, strcspn(host, is_bracketed ? "]" : ":"));
    char text[HOST_BYTES_MAX];
    unsigned char at[16];
    bool is_v4;
    if (n >= sizeof text)
        return FAIL(err, ERR_INPUT, "the host of the url is too long");
    memcpy(text, host, n);
    text[n] = '\0';
    if (strcmp(text, "localhost") == 0)
        memcpy(text, "127.0.0.1", sizeof "127.0.0.1");
    return !parse_address(text, at, &is_v4) || check(guard, at, err);
}

static bool parse_net(struct str piece, struct guard_net *out, struct err *err)
{
    char text[INET6_ADDRSTRLEN + 8] = "";
    bool is_v4;
    int64_t n_bits = -1;
    memcpy(text, piece.at, min_size(piece.n, sizeof text - 1));
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    const bool is_address = piece.n < sizeof text && parse_address(text, out->at, &is_v4);
    const unsigned n_max = is_address && is_v4 ? V6_BITS - MAPPED_BITS : V6_BITS;
    const bool is_number = !slash || num_parse_i64(slash + 1, strlen(slash + 1), &n_bits);
    if (!slash)
        n_bits = n_max;
    if (!is_address || !is_number || n_bits < 0 || n_bits > n_max) {
        err_set(err, ERR_INPUT, "allow: '" STR_FMT "' is no network", (int)min_size(piece.n, 60),
                piece.at);
        err_hint(err, "write networks such as 10.1.0.0/16 or fd00::/8, with commas between them");
        return false;
    }
    out->n_bits = (unsigned)n_bits + V6_BITS - n_max;
    return true;
}

bool guard_parse(const char *list, struct guard *out, struct err *err)
{
    struct guard guard = {0};
    struct str rest = str_of(list), piece;
    while (str_split(&rest, ',', &piece)) {
        piece = str_trim(piece);
        if (piece.n == 0)
            continue;
        if (guard.n_nets == GUARD_NETS_MAX)
            return FAIL(err, ERR_INPUT, "allow: more than %d networks", GUARD_NETS_MAX);
        if (!parse_net(piece, &guard.nets[guard.n_nets++], err))
            return false;
    }
    *out = guard;
    return true;
}
