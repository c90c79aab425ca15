/* The expected numbers are what Etsy's statsd 0.9.0 told of the same samples; tests/e2e/test_statsd.py has it run
 * beside this server. */
#include "ingest/tally.h"

#include <stdio.h>

#include "base/num.h"

#include "kit/kit.h"

enum { STARTED_S = 1500000000, AT_S = 1500000010 };

struct fixture {
    struct tally *tally;
    struct buf told;
    unsigned n_pieces;
};

static void open_fixture(struct fixture *f, const struct tally_options *options)
{
    static const struct tally_options usual = {.interval_s = 10, .percents = {90}, .n_percents = 1};
    *f = (struct fixture){.tally = tally_new(options ? options : &usual, STARTED_S)};
    buf_init(&f->told, 64 << 20);
    tally_count_packet(f->tally);
}

static void close_fixture(struct fixture *f)
{
    tally_free(f->tally);
    buf_done(&f->told);
}

static void hear(void *self, const char *lines, size_t n)
{
    struct fixture *f = self;
    buf_add(&f->told, lines, n);
    f->n_pieces++;
}

static enum tally_fate send(struct fixture *f, const char *text)
{
    struct statsd_line line;
    struct statsd_sample sample;
    enum statsd_fate fate = statsd_begin(&line, str_of(text));
    enum tally_fate last = TALLY_OK;
    EXPECT_I64(fate, STATSD_OK);
    while (statsd_next(&line, &sample, &fate)) {
        EXPECT_I64(fate, STATSD_OK);
        last = tally_add(f->tally, line.key, &sample);
    }
    return last;
}

static void flush(struct fixture *f, int64_t at_s)
{
    buf_clear(&f->told);
    tally_flush(f->tally, at_s, 3, hear, f);
}

/* The value text of a name in the last flush; "" if it was not told of. */
static const char *told(const struct fixture *f, const char *name)
{
    const char *wanted = arena_printf(&kit_arena, "%s ", name);
    struct str rest = str_make(f->told.at, f->told.n), line;
    while (str_split(&rest, '\n', &line)) {
        if (!str_starts(line, wanted))
            continue;
        const size_t n = strlen(wanted);
        const char *end = memchr(line.at + n, ' ', line.n - n);
        return arena_strndup(&kit_arena, line.at + n, (size_t)(end - line.at) - n);
    }
    return "";
}

TEST(counters_are_told_as_rate_and_count_and_go_on_with_zero)
{
    struct fixture f;
    open_fixture(&f, NULL);
    send(&f, "hits:1|c");
    send(&f, "hits:2|c|@0.1");
    send(&f, "hits;dc=x:5|c");
    flush(&f, AT_S);
    EXPECT_TEXT(told(&f, "stats.hits"), "2.1");
    EXPECT_TEXT(told(&f, "stats_counts.hits"), "21");
    EXPECT_TEXT(told(&f, "stats_counts.hits;dc=x"), "5");
    EXPECT(strstr(buf_text(&f.told), "stats.hits 2.1 1500000010\n") != NULL);
    flush(&f, AT_S + 10);
    EXPECT_TEXT(told(&f, "stats.hits"), "0");
    EXPECT_TEXT(told(&f, "stats_counts.hits"), "0");
    close_fixture(&f);
}

TEST(gauges_keep_their_last_value)
{
    struct fixture f;
    open_fixture(&f, NULL);
    send(&f, "a:10|g");
    send(&f, "a:-4|g");
    send(&f, "a:+1|g");
    send(&f, "new:-3|g");
    flush(&f, AT_S);
    EXPECT_TEXT(told(&f, "stats.gauges.a"), "7");
    EXPECT_TEXT(told(&f, "stats.gauges.new"), "-3");
    EXPECT_TEXT(told(&f, "stats.gauges.statsd.timestamp_lag"), "");
    send(&f, "a:+1|g");
    flush(&f, AT_S + 12);
    EXPECT_TEXT(told(&f, "stats.gauges.a"), "8");
    EXPECT_TEXT(told(&f, "stats.gauges.new"), "-3");
    EXPECT_TEXT(told(&f, "stats.gauges.statsd.timestamp_lag"), "2");
    close_fixture(&f);
}

TEST(timers_have_their_shares)
{
    static const struct {
        const char *row, *name, *value;
    } rows[] = {
        {"", "count", "11"},
        {"", "count_ps", "1.1"},
        {"", "lower", "10"},
        {"", "upper", "100"},
        {"", "sum", "550"},
        {"", "sum_squares", "38500"},
        {"", "mean", "55"},
        {"", "median", "55"},
        {"", "std", "28.722813232690143"},
        {"", "count_90", "9"},
        {"", "mean_90", "50"},
        {"", "upper_90", "90"},
        {"", "sum_90", "450"},
        {"", "sum_squares_90", "28500"},
        {"", "count_99_9", "10"},
        {"", "count_top25", "3"},
        {"", "lower_top25", "80"},
        {"", "sum_top25", "270"},
        {"", "sum_squares_top25", "24500"},
        {"", "mean_top25", "90"},
        {"", "upper_top25", ""},
        {"a share of nothing", "count_1", ""},
    };
    const struct tally_options options = {
        .interval_s = 10, .percents = {90, 99.9, -25, 1}, .n_percents = 4};
    struct fixture f;
    open_fixture(&f, &options);
    for (int i = 10; i >= 1; i--)
        send(&f, arena_printf(&kit_arena, "t:%d|ms%s", i * 10, i == 10 ? "|@0.5" : ""));
    flush(&f, AT_S);
    EACH_ROW (rows, r) {
        const char *name = arena_printf(&kit_arena, "stats.timers.t.%s", r->name);
        EXPECT_TEXT(told(&f, name), r->value);
    }
    flush(&f, AT_S + 10);
    EXPECT_TEXT(told(&f, "stats.timers.t.count"), "0");
    EXPECT_TEXT(told(&f, "stats.timers.t.count_ps"), "0");
    EXPECT_TEXT(told(&f, "stats.timers.t.mean"), "");
    close_fixture(&f);
}

TEST(one_value_and_an_even_number_of_them)
{
    struct fixture f;
    open_fixture(&f, NULL);
    send(&f, "one:5|ms");
    send(&f, "two;x=1:3:8|h");
    flush(&f, AT_S);
    EXPECT_TEXT(told(&f, "stats.timers.one.mean_90"), "5");
    EXPECT_TEXT(told(&f, "stats.timers.one.std"), "0");
    EXPECT_TEXT(told(&f, "stats.timers.two.median;x=1"), "5.5");
    EXPECT_TEXT(told(&f, "stats.timers.two.upper_90;x=1"), "8");
    close_fixture(&f);
}

TEST(sets_count_what_differs)
{
    struct fixture f;
    open_fixture(&f, NULL);
    for (int i = 0; i < 1000; i++)
        send(&f, arena_printf(&kit_arena, "users:u%d|s", i % 300));
    send(&f, "users:|s");
    send(&f, "users:0|s");
    flush(&f, AT_S);
    EXPECT_TEXT(told(&f, "stats.sets.users.count"), "301");
    send(&f, "users:u1|s");
    flush(&f, AT_S + 10);
    EXPECT_TEXT(told(&f, "stats.sets.users.count"), "1");
    flush(&f, AT_S + 20);
    EXPECT_TEXT(told(&f, "stats.sets.users.count"), "0");
    close_fixture(&f);
}

TEST(it_tells_of_itself)
{
    struct fixture f;
    open_fixture(&f, NULL);
    tally_count_line(f.tally);
    tally_count_line(f.tally);
    tally_count_bad(f.tally);
    send(&f, "a:1|g");
    flush(&f, AT_S);
    EXPECT_TEXT(told(&f, "stats_counts.statsd.packets_received"), "1");
    EXPECT_TEXT(told(&f, "stats_counts.statsd.metrics_received"), "2");
    EXPECT_TEXT(told(&f, "stats_counts.statsd.bad_lines_seen"), "1");
    EXPECT_TEXT(told(&f, "stats.statsd.bad_lines_seen"), "0.1");
    EXPECT_TEXT(told(&f, "statsd.numStats"), "4");
    EXPECT_TEXT(told(&f, "stats.statsd.graphiteStats.last_flush"), "1500000000");
    EXPECT_TEXT(told(&f, "stats.statsd.graphiteStats.flush_length"), "0");
    EXPECT_TEXT(told(&f, "stats.statsd.graphiteStats.flush_time"), "3");
    const char *n_bytes = arena_printf(&kit_arena, "%zu", f.told.n);
    flush(&f, AT_S + 10);
    EXPECT_TEXT(told(&f, "stats.statsd.graphiteStats.last_flush"), "1500000010");
    EXPECT_TEXT(told(&f, "stats.statsd.graphiteStats.flush_length"), n_bytes);
    close_fixture(&f);
}

TEST(before_the_first_packet_there_is_nothing_to_tell)
{
    static const struct tally_options usual = {.interval_s = 10};
    struct fixture f = {.tally = tally_new(&usual, STARTED_S)};
    buf_init(&f.told, 1 << 20);
    flush(&f, AT_S);
    EXPECT_I64(f.told.n, 0);
    tally_count_packet(f.tally);
    flush(&f, AT_S + 10);
    EXPECT_TEXT(told(&f, "stats_counts.statsd.packets_received"), "1");
    close_fixture(&f);
}

TEST(idle_names_may_be_left_out)
{
    const struct tally_options options = {
        .interval_s = 10, .percents = {90}, .n_percents = 1, .deletes_idle = true};
    struct fixture f;
    open_fixture(&f, &options);
    send(&f, "c:1|c");
    send(&f, "g:1|g");
    send(&f, "t:1|ms");
    send(&f, "s:1|s");
    flush(&f, AT_S);
    EXPECT_TEXT(told(&f, "stats_counts.c"), "1");
    EXPECT_TEXT(told(&f, "statsd.numStats"), "7");
    send(&f, "g:+1|g");
    flush(&f, AT_S + 10);
    EXPECT_TEXT(told(&f, "stats_counts.c"), "");
    EXPECT_TEXT(told(&f, "stats.gauges.g"), "1");
    EXPECT_TEXT(told(&f, "stats.timers.t.count"), "");
    EXPECT_TEXT(told(&f, "stats.sets.s.count"), "");
    EXPECT_TEXT(told(&f, "stats_counts.statsd.packets_received"), "0");
    close_fixture(&f);
}

TEST(what_names_its_time_is_told_at_once)
{
    struct fixture f;
    struct buf out;
    const struct str key = str_of("a;b=c");
    struct statsd_sample sample = {STATSD_COUNTER, 4, 2, {"", 0}, 1400000000};
    open_fixture(&f, NULL);
    buf_init(&out, 1 << 16);
    EXPECT(tally_write_timed(f.tally, key, &sample, &out));
    EXPECT_TEXT(buf_text(&out), "stats_counts.a;b=c 8 1400000000\nstats.a;b=c 0.8 1400000000\n");
    buf_clear(&out);
    sample.type = STATSD_GAUGE;
    EXPECT(tally_write_timed(f.tally, key, &sample, &out));
    EXPECT_TEXT(buf_text(&out), "stats.gauges.a;b=c 4 1400000000\n");
    buf_clear(&out);
    sample.type = STATSD_TIMER;
    EXPECT(!tally_write_timed(f.tally, key, &sample, &out));
    buf_done(&out);
    close_fixture(&f);
}

static void hear_and_send(void *self, const char *lines, size_t n)
{
    struct fixture *f = self;
    hear(f, lines, n);
    send(f, "n0:1|c");
    send(f, "n1:7|ms");
    send(f, "n2:x|s");
    send(f, arena_printf(&kit_arena, "meanwhile%u:1|c", f->n_pieces));
}

/* The sum over two flushes, the second of which is quiet. */
static double total(struct fixture *f, const char *name, const char *first)
{
    double a = 0, b = 0;
    const char *second = told(f, name);
    EXPECT(num_parse_f64(first, strlen(first), &a));
    EXPECT(num_parse_f64(second, strlen(second), &b));
    return a + b;
}

TEST(samples_that_come_during_a_flush_are_in_this_one_or_the_next)
{
    struct fixture f;
    open_fixture(&f, NULL);
    for (int i = 0; i < 3000; i++) {
        send(&f, arena_printf(&kit_arena, "n%d:1|c", i));
        send(&f, arena_printf(&kit_arena, "n%d:1|ms", i));
        send(&f, arena_printf(&kit_arena, "n%d:y|s", i));
    }
    tally_flush(f.tally, AT_S, 0, hear_and_send, &f);
    const unsigned n_pieces = f.n_pieces;
    EXPECT(n_pieces > 10);
    const char *count = told(&f, "stats_counts.n0"), *times = told(&f, "stats.timers.n1.count");
    flush(&f, AT_S + 10);
    EXPECT_F64(total(&f, "stats_counts.n0", count), 1 + n_pieces, 0);
    EXPECT_F64(total(&f, "stats.timers.n1.count", times), 1 + n_pieces, 0);
    EXPECT_TEXT(told(&f, "stats.sets.n2.count"), "1");
    EXPECT_TEXT(told(&f, "stats_counts.meanwhile1"), "1");
    close_fixture(&f);
}

TEST(names_and_values_have_a_limit)
{
    const struct statsd_sample hit = {.type = STATSD_COUNTER, .value = 1, .weight = 1};
    const struct statsd_sample time = {.type = STATSD_TIMER, .value = 1, .weight = 1};
    struct fixture f;
    char name[32];
    open_fixture(&f, NULL);
    send(&f, "t:1|ms");
    size_t n = 0;
    for (enum tally_fate fate = TALLY_OK; fate == TALLY_OK && n <= TALLY_KEYS_MAX; n++) {
        const int bytes = snprintf(name, sizeof name, "n%zu", n);
        fate = tally_add(f.tally, str_make(name, (size_t)bytes), &hit);
        EXPECT(fate == TALLY_OK || fate == TALLY_KEYS_FULL);
    }
    EXPECT_I64(n - 1, TALLY_KEYS_MAX - 4); /* three are its own */
    EXPECT_I64(send(&f, "n0:1|c"), TALLY_OK);
    EXPECT_I64(send(&f, "fresh:1|g"), TALLY_KEYS_FULL);
    n = 1;
    while (tally_add(f.tally, str_of("t"), &time) == TALLY_OK)
        n++;
    EXPECT_I64(n, TALLY_VALUES_MAX);
    EXPECT_I64(send(&f, "t:1|ms"), TALLY_VALUES_FULL);
    flush(&f, AT_S);
    EXPECT_I64(send(&f, "t:1|ms"), TALLY_OK);
    close_fixture(&f);
}

RUN_TESTS(test_of(counters_are_told_as_rate_and_count_and_go_on_with_zero),
          test_of(gauges_keep_their_last_value), test_of(timers_have_their_shares),
          test_of(one_value_and_an_even_number_of_them), test_of(sets_count_what_differs),
          test_of(it_tells_of_itself), test_of(before_the_first_packet_there_is_nothing_to_tell),
          test_of(idle_names_may_be_left_out), test_of(what_names_its_time_is_told_at_once),
          test_of(samples_that_come_during_a_flush_are_in_this_one_or_the_next),
          test_of(names_and_values_have_a_limit))
