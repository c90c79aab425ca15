#include "base/ip.h"

#include "kit/kit.h"

TEST(tells_loopback_from_other_hosts)
{
    static const struct {
        const char *row, *peer;
        bool is_address, is_loopback;
    } rows[] = {
        {"IPv4", "127.0.0.1:2010", true, true},
        {"all of 127", "127.8.9.10:1", true, true},
        {"IPv6", "[::1]:2010", true, true},
        {"IPv4 in IPv6", "[::ffff:127.0.0.1]:2010", true, true},
        {"bare IPv6", "::1", true, true},
        {"bare IPv4", "127.0.0.1", true, true},
        {"another host", "192.0.2.1:2010", true, false},
        {"128", "128.0.0.1:1", true, false},
        {"126", "126.255.255.255:1", true, false},
        {"another IPv6 host", "[::2]:2010", true, false},
        {"a name", "localhost:2010", false, false},
        {"a name that begins so", "127.0.0.1.evil.example:80", false, false},
        {"nothing", "", false, false},
        {"a bracket", "[::1", false, false},
        {"too long", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", false, false},
        {"octal is no address", "0177.0.0.1", false, false},
        {"short form is no address", "127.1", false, false},
    };
    EACH_ROW (rows, r) {
        struct ip ip = {0};
        EXPECT_I64(ip_parse(ip_host(str_of(r->peer)), &ip), r->is_address);
        EXPECT_I64(r->is_address && ip_is_loopback(&ip), r->is_loopback);
    }
}

TEST(a_range_has_what_begins_with_its_bits)
{
    static const struct {
        const char *row, *range, *inside, *outside;
    } rows[] = {
        {"whole bytes", "10.0.0.0/8", "10.255.1.2", "11.0.0.0"},
        {"within a byte", "192.168.16.0/20", "192.168.31.255", "192.168.32.0"},
        {"one address", "192.0.2.7", "192.0.2.7", "192.0.2.6"},
        {"all of IPv4", "0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
        {"IPv6", "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"IPv4 in IPv6", "10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"},
        {"bits behind the length do not count", "10.1.2.3/8", "10.9.9.9", "11.1.2.3"},
        {"31", "192.0.2.6/31", "192.0.2.7", "192.0.2.8"},
    };
    EACH_ROW (rows, r) {
        struct ip_range range;
        struct ip ip;
        EXPECT_OK(ip_range_parse(str_of(r->range), &range, &kit_err));
        EXPECT(ip_parse(str_of(r->inside), &ip) && ip_range_has(&range, &ip));
        EXPECT(ip_parse(str_of(r->outside), &ip) && !ip_range_has(&range, &ip));
    }
}

TEST(says_what_is_no_range)
{
    static const struct {
        const char *row, *range;
    } rows[] = {{"a name", "example.org"},
                {"too many bits", "10.0.0.0/33"},
                {"no bits", "10.0.0.0/"},
                {"negative", "10.0.0.0/-1"},
                {"nothing", ""},
                {"a port", "10.0.0.0:80"},
                {"IPv6 has 128", "::1/129"},
                {"a mask", "10.0.0.0/255.0.0.0"}};
    EACH_ROW (rows, r) {
        struct ip_range range;
        EXPECT_ERR(ip_range_parse(str_of(r->range), &range, &kit_err), ERR_INPUT, r->range);
        EXPECT(strstr(kit_err.hint, "10.0.0.0/8") != NULL);
    }
}

RUN_TESTS(test_of(tells_loopback_from_other_hosts), test_of(a_range_has_what_begins_with_its_bits),
          test_of(says_what_is_no_range))
