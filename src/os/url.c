#include "os/url.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/ip.h"
#include "base/num.h"

enum { PORT_DEFAULT = 80, PORT_MAX = 65535, V4_AT = 12 /* in an IPv4 address's IPv6 form */ };

#define SCHEME "http://"

void url_origin(const char *url, char out[URL_ORIGIN_BYTES])
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t n_host = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', n_host);
    const char *shown = at ? at + 1 : host;
    n_host -= (size_t)(shown - host);
    const size_t n_scheme = min_size((size_t)(host - url), URL_ORIGIN_BYTES - 1);
    memcpy(out, url, n_scheme);
    const size_t n = min_size(n_host, URL_ORIGIN_BYTES - 1 - n_scheme);
    memcpy(out + n_scheme, shown, n);
    out[n_scheme + n] = '\0';
}

static void add_place(struct url *url, const struct ip *ip, uint16_t port)
{
    static const unsigned char v4_prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_storage *place = &url->places[url->n_places++];
    *place = (struct sockaddr_storage){0};
    if (memcmp(ip->at, v4_prefix, V4_AT) == 0) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)place;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, ip->at + V4_AT, sizeof v4->sin_addr);
        return;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)place;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    memcpy(&v6->sin6_addr, ip->at, IP_BYTES);
}

/* "host", "host:port", "[v6]:port". */
static bool take_authority(struct url *url)
{
    static const struct ip v4_local = {{[10] = 0xff, 0xff, 127, 0, 0, 1}}, v6_local = {{[15] = 1}};
    const struct str all = url->authority;
    const bool is_v6 = str_starts(all, "[");
    struct ip ip;
    int64_t port = PORT_DEFAULT;
    url->host = ip_host(all);
    const size_t n_host = url->host.n + (is_v6 ? 2 : 0);
    if (n_host > all.n || (memchr(url->host.at, ':', url->host.n) && !is_v6))
        return false;
    const struct str rest = str_make(all.at + n_host, all.n - n_host);
    if (rest.n && (rest.at[0] != ':' || rest.n == 1 || rest.at[1] < '0' || rest.at[1] > '9' ||
                   !num_parse_i64(rest.at + 1, rest.n - 1, &port) || port < 1 || port > PORT_MAX))
        return false;
    if (url->host.n == strlen("localhost") && strncasecmp(url->host.at, "localhost", 9) == 0) {
        add_place(url, &v6_local, (uint16_t)port);
        add_place(url, &v4_local, (uint16_t)port);
        return !is_v6;
    }
    if (!ip_parse(url->host, &ip))
        return false;
    add_place(url, &ip, (uint16_t)port);
    return true;
}

bool url_parse(const char *text, struct url *out)
{
    struct url url = {.path = {0}};
    if (!text_starts(text, SCHEME))
        return false;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    const char *from = text + strlen(SCHEME);
    const size_t n = strcspn(from, "/?#");
    url.path = str_make(from + n, strcspn(from + n, "#"));
    const char *at = memrchr(from, '@', n);
    if (at)
        url.user = str_make(from, (size_t)(at - from));
    url.authority = at ? str_make(at + 1, n - url.user.n - 1) : str_make(from, n);
    if ((url.user.n && memchr(url.user.at, '%', url.user.n)) || !take_authority(&url))
        return false;
    *out = url;
    return true;
}

socklen_t url_place_bytes(const struct sockaddr_storage *place)
{
    return place->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}
