#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "ingest/plain.h"
#include "ingest/plain_fast.h"

#include "kit/kit.h"

enum {
    NOW_S = 1700000123,
    N_RANDOM = 300000,
    LINE_ROOM = 256,
};

/* The fast path over a whole line with its newline: false when it leaves the line to plain_parse. */
static bool fast(const char *line, struct plain_point *out)
{
    struct plain_clock clock = plain_clock_new();
    const char *end = strchr(line, '\n');
    const size_t n_name = plain_fast_name(line, end + 1);
    if (n_name == 0)
        return false;
    struct plain_point point = {.name = str_make(line, n_name)};
    const char *next = plain_fast_rest(line + n_name + 1, &clock, &point.value);
    if (!next)
        return false;
    EXPECT(next == end + 1);
    point.at_s = clock.at_s;
    *out = point;
    return true;
}

/* Line with a newline and readable bytes after it that must not matter. */
static const char *padded(const char *line)
{
    static char room[LINE_ROOM + PLAIN_SLACK];
    const size_t n = min_size(strlen(line), LINE_ROOM - 1);
    memset(room, '7', sizeof room);
    memcpy(room, line, n);
    room[n] = '\n';
    return room;
}

TEST(reads_lines)
{
    static const struct {
        const char *row, *line, *name;
        double value;
        int64_t at_s;
        bool is_fast;
    } rows[] = {
        {"integer", "a.b 3 1500000000", "a.b", 3, 1500000000, true},
        {"decimal", "a.b 12.34 1500000000", "a.b", 12.34, 1500000000, true},
        {"no digit before the dot", "a .5 1500000000", "a", 0.5, 1500000000, true},
        {"no digit after the dot", "a 5. 1500000000", "a", 5, 1500000000, true},
        {"negative", "a -1.25 1500000000", "a", -1.25, 1500000000, true},
        {"minus zero", "a -0 1500000000", "a", -0.0, 1500000000, true},
        {"plus", "a +5 1500000000", "a", 5, 1500000000, false},
        {"zero", "a 0 1500000000", "a", 0, 1500000000, true},
        {"zeroes", "a 0000000000000000 1500000000", "a", 0, 1500000000, true},
        {"8 bytes", "a 12345678 1500000000", "a", 12345678, 1500000000, true},
        {"8 bytes, dot at the end", "a 1234567. 1500000000", "a", 1234567, 1500000000, true},
        {"8 bytes, dot at the start", "a .1234567 1500000000", "a", .1234567, 1500000000, true},
        {"9 bytes", "a 123456789 1500000000", "a", 123456789, 1500000000, true},
        {"9 bytes, dot last", "a 12345678. 1500000000", "a", 12345678, 1500000000, true},
        {"9 bytes, dot 8th", "a 1234567.8 1500000000", "a", 1234567.8, 1500000000, true},
        {"16 digits", "a 1234567890123456 1500000000", "a", 1234567890123456, 1500000000, true},
        {"2^53 - 1", "a 9007199254740991 1500000000", "a", 9007199254740991, 1500000000, true},
        {"2^53", "a 9007199254740992 1500000000", "a", 9007199254740992, 1500000000, false},
        {"15 decimals", "a .123456789012345 1500000000", "a", .123456789012345, 1500000000, true},
        {"17 bytes", "a 0.123456789012345 1500000000", "a", .123456789012345, 1500000000, false},
        {"16 bytes and a sign", "a -123456789.123456 1500000000", "a", -123456789.123456,
         1500000000, true},
        {"exponent", "a 1e3 1500000000", "a", 1000, 1500000000, false},
        {"many digits", "a 0.1000000000000000055511151231257827 1500000000", "a", 0.1, 1500000000,
         false},
        {"tab", "a\t3\t1500000000", "a", 3, 1500000000, false},
        {"tab and double space", "a.b  3\t1500000000", "a.b", 3, 1500000000, false},
        {"CR LF", "a.b 3 1500000000\r", "a.b", 3, 1500000000, false},
        {"blanks around", "  a.b 3 1500000000  ", "a.b", 3, 1500000000, false},
        {"fraction of a second", "a 3 1500000000.9", "a", 3, 1500000000, false},
        {"time with exponent", "a 3 1.5e9", "a", 3, 1500000000, false},
        {"short time", "a 3 60", "a", 3, 60, false},
        {"time zero", "a 3 0", "a", 3, 0, false},
        {"just before 1970", "a 3 -0.5", "a", 3, 0, false},
        {"last second", "a 3 4294967295", "a", 3, 4294967295, true},
        {"-1 means now", "a.b 3 -1", "a.b", 3, NOW_S, false},
        {"-1.0 means now", "a.b 3 -1.0", "a.b", 3, NOW_S, false},
        {"-1.9 means now, as in carbon", "a.b 3 -1.9", "a.b", 3, NOW_S, false},
        {"N means now", "a.b 3 N", "a.b", 3, NOW_S, false},
        {"tags", "a.b;host=x;dc=y 3 1500000000", "a.b;host=x;dc=y", 3, 1500000000, true},
        {"UTF-8 name", "caf\xc3\xa9.temp 3 1500000000", "caf\xc3\xa9.temp", 3, 1500000000, true},
        {"empty node", "stats..rate 3 1500000000", "stats..rate", 3, 1500000000, true},
        {"a name like a number", "1 2 1500000000", "1", 2, 1500000000, true},
    };
    EACH_ROW (rows, r) {
        struct plain_point got = {0};
        EXPECT_I64(plain_parse(r->line, strlen(r->line), NOW_S, &got), PLAIN_OK);
        EXPECT(str_is(got.name, r->name));
        EXPECT_F64(got.value, r->value, 0.0);
        EXPECT_I64(signbit(got.value) != 0, signbit(r->value) != 0);
        EXPECT_I64(got.at_s, r->at_s);

        struct plain_point quick = {0};
        EXPECT_I64(fast(padded(r->line), &quick), r->is_fast);
        if (!r->is_fast)
            continue;
        EXPECT(str_eq(quick.name, got.name));
        EXPECT(memcmp(&quick.value, &got.value, sizeof got.value) == 0);
        EXPECT_I64(quick.at_s, got.at_s);
    }
}

TEST(refuses_lines)
{
    static const struct {
        const char *row, *line;
        enum plain_fate fate;
    } rows[] = {
        {"empty", "", PLAIN_BLANK},
        {"CR only", "\r", PLAIN_BLANK},
        {"blanks", " \t\v\f ", PLAIN_BLANK},
        {"one field", "a", PLAIN_FIELDS},
        {"two fields", "a 1", PLAIN_FIELDS},
        {"four fields", "a 1 1500000000 b", PLAIN_FIELDS},
        {"a blank in the name", "a b 1 1500000000", PLAIN_FIELDS},
        {"word for a value", "a one 1500000000", PLAIN_VALUE},
        {"hex", "a 0x10 1500000000", PLAIN_VALUE},
        {"two dots", "a 1.2.3 1500000000", PLAIN_VALUE},
        {"two dots, long", "a 1.2345678.9 1500000000", PLAIN_VALUE},
        {"dot only", "a . 1500000000", PLAIN_VALUE},
        {"minus only", "a - 1500000000", PLAIN_VALUE},
        {"minus dot", "a -. 1500000000", PLAIN_VALUE},
        {"two signs", "a --1 1500000000", PLAIN_VALUE},
        {"decimal comma", "a 1,5 1500000000", PLAIN_VALUE},
        {"NaN", "a nan 1500000000", PLAIN_GAP},
        {"NaN, other case", "a NaN 1500000000", PLAIN_GAP},
        {"NaN at a bad time", "a nan never", PLAIN_TIME},
        {"infinite", "a inf 1500000000", PLAIN_INFINITE},
        {"minus infinite", "a -Inf 1500000000", PLAIN_INFINITE},
        {"word for a time", "a 1 yesterday", PLAIN_TIME},
        {"n is not N", "a 1 n", PLAIN_TIME},
        {"negative time", "a 1 -2", PLAIN_TIME},
        {"time too large", "a 1 4294967296", PLAIN_TIME},
        {"milliseconds", "a 1 1500000000000", PLAIN_TIME},
        {"NaN time", "a 1 nan", PLAIN_TIME},
        {"infinite time", "a 1 inf", PLAIN_TIME},
        {"NUL bytes for a time", "a 1 ", PLAIN_FIELDS},
    };
    EACH_ROW (rows, r) {
        struct plain_point got = {.at_s = 77};
        EXPECT_I64(plain_parse(r->line, strlen(r->line), NOW_S, &got), r->fate);
        EXPECT_I64(got.at_s, 77);
        EXPECT(!fast(padded(r->line), &got));
    }
}

TEST(bytes_of_zero_are_no_time)
{
    char line[64 + PLAIN_SLACK] = "a 1 ";
    struct plain_clock clock = plain_clock_new();
    double value;
    line[4 + PLAIN_TIME_BYTES + 1] = '\n';
    EXPECT(plain_fast_rest(line + 2, &clock, &value) == NULL);
}

TEST(a_repeated_time_is_read_once_and_a_new_one_again)
{
    struct plain_clock clock = plain_clock_new();
    double value = 0;
    static const struct {
        const char *row, *text;
        int64_t at_s;
    } rows[] = {
        {"first", "1 1500000000", 1500000000},      {"again", "2 1500000000", 1500000000},
        {"last digit", "3 1500000001", 1500000001}, {"first digit", "4 2500000001", 2500000001},
        {"8th digit", "5 2500000101", 2500000101},  {"9th digit", "6 2500000111", 2500000111},
        {"the first text", "7 0000000000", 0},
    };
    EACH_ROW (rows, r) {
        EXPECT(plain_fast_rest(padded(r->text), &clock, &value) != NULL);
        EXPECT_I64(clock.at_s, r->at_s);
    }
    EXPECT(plain_fast_rest(padded("8 250000011"), &clock, &value) == NULL);
    EXPECT(plain_fast_rest(padded("8 25000001111"), &clock, &value) == NULL);
    EXPECT(plain_fast_rest(padded("8 2500000111\r"), &clock, &value) == NULL);
    EXPECT_I64(clock.at_s, 0);
}

/* A value as agents print them, now and then one that they do not. */
static void random_value(char *out, size_t room)
{
    static const char odd[] = "0123456789.-+eE,xn ";
    size_t n = 0;
    if (kit_random_below(3) == 0)
        out[n++] = '-';
    const uint64_t n_before = kit_random_below(12), n_after = kit_random_below(8);
    for (uint64_t i = 0; i < n_before && n + 2 < room; i++)
        out[n++] = (char)('0' + kit_random_below(10));
    if (kit_random_below(2))
        out[n++] = '.';
    for (uint64_t i = 0; i < n_after && n + 2 < room; i++)
        out[n++] = (char)('0' + kit_random_below(10));
    if (n > 0 && kit_random_below(20) == 0)
        out[kit_random_below(n)] = odd[kit_random_below(sizeof odd - 1)];
    out[n] = '\0';
}

/* Both ways, and libc's scanf as a third opinion on the value. */
static void compare(const char *line, const char *value_text, unsigned *io_fast)
{
    struct plain_point careful = {0}, quick = {0};
    const char *whole = padded(line);
    const enum plain_fate fate =
        plain_parse(whole, (size_t)(strchr(whole, '\n') - whole), NOW_S, &careful);
    double third = 0;
    if (fate == PLAIN_OK) {
        EXPECT_I64(sscanf(value_text, "%lf", &third), 1);
        EXPECT_F64(careful.value, third, 0.0);
    }
    if (!fast(whole, &quick))
        return;
    ++*io_fast;
    EXPECT_I64(fate, PLAIN_OK);
    EXPECT(str_eq(quick.name, careful.name));
    EXPECT(memcmp(&quick.value, &careful.value, sizeof quick.value) == 0);
    EXPECT_I64(quick.at_s, careful.at_s);
}

TEST(fast_and_careful_agree_on_random_lines)
{
    unsigned n_fast = 0;
    for (int i = 0; i < N_RANDOM && kit_failures() == 0; i++) {
        char value[32], line[LINE_ROOM];
        random_value(value, sizeof value);
        const uint64_t at_s = kit_random_below(8) ? 1000000000 + kit_random_below(4000000000)
                                                  : kit_random_below(100000000000);
        snprintf(line, sizeof line, "servers.web-%u.load %s %lu", (unsigned)kit_random_below(1000),
                 value, (unsigned long)at_s);
        kit_row(line);
        compare(line, value, &n_fast);
    }
    kit_row(NULL);
    EXPECT(n_fast > N_RANDOM / 3);
    EXPECT(n_fast < N_RANDOM);
}

TEST(agrees_with_what_num_prints)
{
    for (int i = 0; i < N_RANDOM / 3 && kit_failures() == 0; i++) {
        char value[NUM_TEXT_MAX], line[LINE_ROOM];
        const double mantissa = (double)(int64_t)kit_random_below(1ull << 53);
        const double sent = mantissa / (double)(1 + kit_random_below(1000000));
        struct plain_point got = {0};
        num_format(value, sent);
        snprintf(line, sizeof line, "a %s 1500000000", value);
        kit_row(line);
        EXPECT_I64(plain_parse(line, strlen(line), NOW_S, &got), PLAIN_OK);
        EXPECT(memcmp(&got.value, &sent, sizeof sent) == 0);
    }
    kit_row(NULL);
}

TEST(the_documented_example_decodes)
{
    size_t n = 0;
    const char *line = kit_hex_example("docs/formats/plain.md", &n), *end = line + n;
    static const struct {
        const char *row, *name;
        double value;
        int64_t at_s;
    } rows[] = {
        {"plain", "web.logins", 412, 1291803600},
        {"tags", "disk.used;host=db1", 0.75, 1291803600},
        {"now, CR LF", "web.errors", -1.5, NOW_S},
    };
    EACH_ROW (rows, r) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        struct plain_point got = {0};
        EXPECT(newline != NULL);
        if (!newline)
            continue;
        EXPECT_I64(plain_parse(line, (size_t)(newline - line), NOW_S, &got), PLAIN_OK);
        EXPECT(str_is(got.name, r->name));
        EXPECT_F64(got.value, r->value, 0.0);
        EXPECT_I64(got.at_s, r->at_s);
        line = newline + 1;
    }
    EXPECT(line == end);
}

RUN_TESTS(test_of(reads_lines), test_of(refuses_lines), test_of(bytes_of_zero_are_no_time),
          test_of(a_repeated_time_is_read_once_and_a_new_one_again),
          test_of(fast_and_careful_agree_on_random_lines), test_of(agrees_with_what_num_prints),
          test_of(the_documented_example_decodes))
