#include "os/url.h"

#include <arpa/inet.h>

#include "kit/kit.h"

static const char *place(const struct sockaddr_storage *at)
{
    char text[INET6_ADDRSTRLEN];
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
    if (at->ss_family == AF_INET)
        return arena_printf(&kit_arena, "%s %u",
                            inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text),
                            ntohs(v4->sin_port));
    return arena_printf(&kit_arena, "%s %u", inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text),
                        ntohs(v6->sin6_port));
}

TEST(takes_an_address_apart)
{
    static const struct {
        const char *row, *text, *user, *authority, *host, *path, *place;
        size_t n_places;
    } rows[] = {
        {"usual", "http://127.0.0.1:2010/api?x=1", "", "127.0.0.1:2010", "127.0.0.1", "/api?x=1",
         "127.0.0.1 2010", 1},
        {"no port", "http://10.1.2.3", "", "10.1.2.3", "10.1.2.3", "", "10.1.2.3 80", 1},
        {"IPv6", "http://[2001:db8::7]:81/a", "", "[2001:db8::7]:81", "2001:db8::7", "/a",
         "2001:db8::7 81", 1},
        {"IPv6 without a port", "http://[::1]?q", "", "[::1]", "::1", "?q", "::1 80", 1},
        {"a name known everywhere", "http://localhost:9/", "", "localhost:9", "localhost", "/",
         "::1 9", 2},
        {"a user", "http://me:a@b@127.0.0.1/", "me:a@b", "127.0.0.1", "127.0.0.1", "/",
         "127.0.0.1 80", 1},
        {"a fragment is nobody's", "http://127.0.0.1/a#b?c", "", "127.0.0.1", "127.0.0.1", "/a",
         "127.0.0.1 80", 1},
    };
    EACH_ROW (rows, r) {
        struct url url;
        const bool is_taken = url_parse(r->text, &url);
        EXPECT(is_taken);
        if (!is_taken)
            continue;
        EXPECT(str_is(url.user, r->user));
        EXPECT(str_is(url.authority, r->authority));
        EXPECT(str_is(url.host, r->host));
        EXPECT(str_is(url.path, r->path));
        EXPECT_I64(url.n_places, r->n_places);
        EXPECT_TEXT(place(&url.places[0]), r->place);
    }
}

TEST(leaves_what_needs_more_than_a_socket)
{
    static const char *const rows[] = {
        "https://127.0.0.1/",
        "http://plumb.example/",
        "http://",
        "http://:2010/",
        "http://127.0.0.1:/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:8x/",
        "http://127.0.0.1:+80/",
        "http://127.1/",
        "http://::1/",
        "http://[::1",
        "http://[::1]80/",
        "http://[localhost]/",
        "http://[fe80::1%25eth0]/",
        "http://a%40b@127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a\r\nX: y",
        "127.0.0.1:2010",
        "",
        "HTTP//127.0.0.1/",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct url url;
        kit_expect(!url_parse(rows[i], &url), __FILE__, __LINE__, "'%s' was taken", rows[i]);
    }
}

RUN_TESTS(test_of(takes_an_address_apart), test_of(leaves_what_needs_more_than_a_socket))
