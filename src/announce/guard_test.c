#include "announce/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "kit/kit.h"

static bool allows(struct guard *guard, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return guard_allows(guard, (const struct sockaddr *)&v4, &kit_err);
    EXPECT(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    return guard_allows(guard, (const struct sockaddr *)&v6, &kit_err);
}

TEST(public_addresses_alone)
{
    static const struct {
        const char *row, *inside, *outside; /* neighbours across the border */
    } rows[] = {
        {"this host", "0.0.0.0", "1.0.0.0"},
        {"10/8", "10.255.255.255", "11.0.0.0"},
        {"shared", "100.64.0.1", "100.128.0.1"},
        {"loopback", "127.0.0.1", "128.0.0.1"},
        {"link-local, and a cloud's own data", "169.254.169.254", "169.253.1.1"},
        {"172.16/12", "172.31.255.255", "172.32.0.0"},
        {"192.168/16", "192.168.1.1", "192.169.0.1"},
        {"benchmarks", "198.19.0.1", "198.20.0.1"},
        {"multicast", "224.0.0.1", "223.255.255.255"},
        {"broadcast", "255.255.255.255", "8.8.8.8"},
        {"IPv6 loopback", "::1", "2606:4700::1111"},
        {"IPv6 any", "::", "2a00::1"},
        {"unique local", "fd12:3456::1", "fb00::1"},
        {"IPv6 link-local", "fe80::1", "2400::1"},
        {"IPv6 multicast", "ff02::1", "2620::1"},
        {"mapped", "::ffff:127.0.0.1", "::ffff:8.8.8.8"},
        {"mapped private", "::ffff:192.168.0.1", "::ffff:1.1.1.1"},
        {"compatible", "::10.0.0.1", "::8.8.8.8"},
        {"NAT64", "64:ff9b::a00:1", "64:ff9b::808:808"},
        {"6to4", "2002:7f00:1::", "2002:808:808::"},
        {"Teredo", "2001:0:1::1", "2001:4860:4860::8888"},
    };
    EACH_ROW (rows, r) {
        struct guard guard = {0};
        EXPECT_ERR(allows(&guard, r->inside), ERR_REFUSED, "not a public address");
        EXPECT_OK(allows(&guard, r->outside));
    }
    struct guard guard = {0};
    const struct sockaddr_un local = {.sun_family = AF_UNIX};
    EXPECT_ERR(guard_allows(&guard, (const struct sockaddr *)&local, &kit_err), ERR_REFUSED,
               "neither");
}

TEST(what_is_meant_is_allowed)
{
    struct guard guard;
    EXPECT_OK(guard_parse(" 10.1.0.0/16, fd00::/8 ,192.168.7.7,", &guard, &kit_err));
    EXPECT_OK(allows(&guard, "10.1.255.1"));
    EXPECT_OK(allows(&guard, "::ffff:10.1.2.3"));
    EXPECT_OK(allows(&guard, "fdab::1"));
    EXPECT_OK(allows(&guard, "192.168.7.7"));
    EXPECT_ERR(allows(&guard, "10.2.0.1"), ERR_REFUSED, "10.2.0.1");
    EXPECT_ERR(allows(&guard, "192.168.7.8"), ERR_REFUSED, "192.168.7.8");
    EXPECT_ERR(allows(&guard, "fc00::1"), ERR_REFUSED, "fc00::1");
    EXPECT_OK(guard_parse("0.0.0.0/0", &guard, &kit_err));
    EXPECT_OK(allows(&guard, "127.0.0.1"));
    EXPECT_ERR(allows(&guard, "::1"), ERR_REFUSED, "::1"); /* IPv6 was not meant */
    EXPECT_OK(guard_parse("", &guard, &kit_err));
    EXPECT_I64(guard.n_nets, 0);
}

TEST(networks_that_are_none)
{
    static const struct {
        const char *row, *text;
    } rows[] = {{"a name", "mail.example.org"},
                {"too many bits", "10.0.0.0/33"},
                {"negative", "10.0.0.0/-1"},
                {"not a number", "10.0.0.0/x"},
                {"half", "10.0/8"},
                {"nothing behind it", "10.0.0.0/"},
                {"bits of IPv6", "fd00::/129"},
                {"long", "fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00:fd00/8"}};
    EACH_ROW (rows, r) {
        struct guard guard;
        EXPECT_ERR(guard_parse(r->text, &guard, &kit_err), ERR_INPUT, "is no network");
    }
}

TEST(an_address_in_the_url_is_known_at_once)
{
    static const struct {
        const char *row, *url;
        bool is_allowed;
    } rows[] = {
        {"a name waits", "https://hooks.example.org/x", true},
        {"public", "https://8.8.8.8:8443/x", true},
        {"private", "http://10.0.0.1/x", false},
        {"with a port", "http://127.0.0.1:9000", false},
        {"localhost", "http://localhost:9000/", false},
        {"IPv6", "http://[::1]:80/", false},
        {"IPv6 outside", "http://[2606:4700::1111]/", true},
        {"behind a user", "http://a:b@127.0.0.1/", false},
        {"a user that looks like one", "http://127.0.0.1@hooks.example.org/", true},
        {"in the path", "http://hooks.example.org/127.0.0.1", true},
    };
    EACH_ROW (rows, r) {
        struct guard guard = {0};
        EXPECT(guard_allows_url(&guard, r->url, &kit_err) == r->is_allowed);
    }
}

RUN_TESTS(test_of(public_addresses_alone), test_of(what_is_meant_is_allowed),
          test_of(networks_that_are_none), test_of(an_address_in_the_url_is_known_at_once))
