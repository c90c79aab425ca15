#include <stdio.h>

#include "base/mem.h"
#include "ingest/lines.h"
#include "kit/fake_sink.h"

#include "kit/kit.h"

enum {
    PIECE_MAX = 1 << 20,
    AT_S = 1500000000,
};

/* One stream into a feed into a fake sink. */
struct fixture {
    struct fake_sink *sink;
    struct rejects *rejects;
    struct feed *feed;
    struct order_budget budget;
    struct lines lines;
    atomic_bool is_stopping;
    unsigned n_changes;
    bool refuses_changes;
    char change[256];
};

static bool on_change(void *self, struct str name, double value, int64_t at_s, struct err *err)
{
    struct fixture *f = self;
    snprintf(f->change, sizeof f->change, STR_FMT " %d %ld", STR_ARG(name), (int)value, (long)at_s);
    f->n_changes++;
    return !f->refuses_changes || FAIL(err, ERR_INPUT, "no such service");
}

static void open_fixture(struct fixture *f, bool hears_changes)
{
    *f = (struct fixture){.sink = fake_sink_new(), .rejects = rejects_new()};
    f->feed = mem_zalloc(sizeof *f->feed);
    const struct feed_options options = {
        .sink = fake_sink(f->sink),
        .clock = kit_clock(),
        .rejects = f->rejects,
        .on_change = hears_changes ? on_change : NULL,
        .on_change_self = f,
        .is_stopping = &f->is_stopping,
    };
    struct net_addr from;
    EXPECT_OK(net_parse("127.0.0.1:4711", &from, &kit_err));
    EXPECT_OK(feed_open(f->feed, &options, &kit_err));
    lines_init(&f->lines, &from, &f->budget);
}

static void close_fixture(struct fixture *f)
{
    lines_done(&f->lines);
    feed_commit(f->feed);
    feed_close(f->feed);
    EXPECT_I64(fake_sink_stats(f->sink).n_writers, 0);
    EXPECT_I64(f->budget.n_entries, 0);
    mem_free(f->feed);
    rejects_free(f->rejects);
    fake_sink_free(f->sink);
}

/* The next bytes of the stream, in memory of exactly the promised size, so that a sanitizer sees a read
 * past it. */
static void take(struct fixture *f, const char *bytes, size_t n)
{
    BUG_IF(n > PIECE_MAX);
    char *room = mem_alloc(LINES_BEFORE + n + LINES_AFTER);
    memset(room, '8', LINES_BEFORE + n + LINES_AFTER);
    memcpy(room + LINES_BEFORE, bytes, n);
    lines_take(&f->lines, f->feed, room + LINES_BEFORE, n);
    mem_free(room);
}

static void take_text(struct fixture *f, const char *text)
{
    take(f, text, strlen(text));
}

static const char *rejects_text(struct fixture *f)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, 8 << 20);
    jsonw_init(&json, &out, 0);
    rejects_write(f->rejects, REJECTS_KEPT, &json);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

/* All that was stored, as text. */
static const char *stored_text(struct fixture *f)
{
    struct buf out;
    buf_init(&out, 16 << 20);
    for (size_t i = 0; i < fake_sink_stats(f->sink).n_points; i++) {
        const struct fake_sink_point point = fake_sink_at(f->sink, i);
        buf_printf(&out, "%s %u ", point.name, point.at_s);
        buf_add_f64(&out, point.value);
        buf_add_char(&out, '\n');
    }
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

/* Every kind of line there is. */
static const char sample[] = "a.b 1 1500000000\n"
                             "a.b;host=x;dc=y 2.5 1500000000\r\n"
                             "\n"
                             "  a.c\t-3e2   -1\n"
                             "one two\n"
                             "events.deploy.website 1 1500000005\n"
                             "a.d nan 1500000000\n"
                             "a.b 4 1500000010\n"
                             "a.b;dc=y;host=x 5 1500000010\n"
                             "bad\x01name 1 1500000000\n"
                             "last 6 1500000000\n";
static const char sample_stored[] = "a.b 1500000000 1.0\n"
                                    "a.b;dc=y;host=x 1500000000 2.5\n"
                                    "a.c 1500000000 -300.0\n"
                                    "a.b 1500000010 4.0\n"
                                    "a.b;dc=y;host=x 1500000010 5.0\n"
                                    "last 1500000000 6.0\n";

static void expect_sample(struct fixture *f)
{
    EXPECT_TEXT(stored_text(f), sample_stored);
    EXPECT_I64(f->n_changes, 1);
    EXPECT_TEXT(f->change, "events.deploy.website 1 1500000005");
    EXPECT_I64(rejects_of(f->rejects, REJECT_FIELDS), 1);
    EXPECT_I64(rejects_of(f->rejects, REJECT_NAME), 1);
    EXPECT_I64(rejects_of(f->rejects, REJECT_NAN), 1);
    EXPECT_I64(rejects_total(f->rejects), 2);
}

TEST(takes_every_kind_of_line)
{
    struct fixture f;
    open_fixture(&f, true);
    take_text(&f, sample);
    expect_sample(&f);
    close_fixture(&f);
}

TEST(a_cut_at_any_byte_changes_nothing)
{
    const size_t n = sizeof sample - 1;
    for (size_t i = 0; i <= n && kit_failures() == 0; i++) {
        struct fixture f;
        open_fixture(&f, true);
        take(&f, sample, i);
        take(&f, sample + i, n - i);
        expect_sample(&f);
        close_fixture(&f);
    }
}

TEST(byte_by_byte_changes_nothing)
{
    struct fixture f;
    open_fixture(&f, true);
    for (size_t i = 0; i < sizeof sample - 1; i++)
        take(&f, sample + i, 1);
    expect_sample(&f);
    close_fixture(&f);
}

TEST(the_last_line_needs_no_newline_when_the_stream_ends_properly)
{
    struct fixture f;
    open_fixture(&f, true);
    take(&f, sample, sizeof sample - 2);
    lines_end(&f.lines, f.feed, true);
    lines_end(&f.lines, f.feed, true);
    expect_sample(&f);
    close_fixture(&f);
}

TEST(a_line_that_is_cut_off_is_refused)
{
    struct fixture f;
    open_fixture(&f, false);
    take_text(&f, "a 1 1500000000\na 12");
    lines_end(&f.lines, f.feed, false);
    EXPECT_TEXT(stored_text(&f), "a 1500000000 1.0\n");
    EXPECT_I64(rejects_of(f.rejects, REJECT_CUT), 1);
    EXPECT(strstr(rejects_text(&f), "\"reason\":\"cut\",\"line\":\"a 12\"") != NULL);
    close_fixture(&f);
}

/* A line of n bytes with its newline: blanks in the middle make up the length. */
static char *long_line(size_t n)
{
    char *line = arena_alloc(&kit_arena, n);
    memset(line, ' ', n);
    memcpy(line, "a 1", 3);
    memcpy(line + n - 11, "1500000000\n", 11);
    return line;
}

TEST(lines_up_to_the_limit_are_taken_wherever_they_are_cut)
{
    static const struct {
        const char *row;
        size_t n, piece;
        size_t n_points, n_long;
    } rows[] = {
        {"longest, whole", 4096, 4096, 2, 0},         {"longest, bytewise", 4096, 1, 2, 0},
        {"longest, in two", 4096, 4095, 2, 0},        {"too long by one, whole", 4097, 4097, 1, 1},
        {"too long by one, bytewise", 4097, 1, 1, 1}, {"too long by one, in two", 4097, 4096, 1, 1},
        {"very long", 300000, 262144, 1, 1},          {"very long, in packets", 300000, 1460, 1, 1},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        open_fixture(&f, false);
        const char *line = long_line(r->n);
        for (size_t i = 0; i < r->n; i += r->piece)
            take(&f, line + i, min_size(r->piece, r->n - i));
        take_text(&f, "b 2 1500000000\n");
        EXPECT_I64(fake_sink_stats(f.sink).n_points, r->n_points);
        EXPECT_I64(rejects_of(f.rejects, REJECT_TOO_LONG), r->n_long);
        EXPECT_I64(rejects_total(f.rejects), r->n_long);
        EXPECT_I64(fake_sink_count(f.sink, "b", NULL), 1);
        close_fixture(&f);
    }
}

TEST(a_long_name_is_refused_by_its_length)
{
    struct fixture f;
    char line[PLAIN_LINE_MAX + 1];
    open_fixture(&f, false);
    memset(line, 'x', sizeof line);
    memcpy(line + 4001, " 1 1500000000\n", 15);
    for (int i = 0; i < 2; i++)
        take_text(&f, line);
    EXPECT_I64(rejects_of(f.rejects, REJECT_NAME), 2);
    memmove(line + 4000, line + 4001, 15);
    for (int i = 0; i < 3; i++)
        take_text(&f, line);
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 3);
    close_fixture(&f);
}

TEST(names_are_resolved_once)
{
    struct fixture f;
    struct buf text;
    open_fixture(&f, false);
    buf_init(&text, PIECE_MAX);
    for (int i = 0; i < 3000; i++)
        buf_printf(&text, "servers.web-%04d.load%s %d 1500000000\n", i, i % 5 ? "" : ";b=1;a=2", i);
    for (int lap = 0; lap < 5; lap++)
        take(&f, text.at, text.n);
    const struct fake_sink_stats stats = fake_sink_stats(f.sink);
    EXPECT_I64(stats.n_points, 15000);
    EXPECT_I64(stats.n_names, 3000);
    EXPECT_I64(stats.n_resolved, 3000);
    close_fixture(&f);
    buf_done(&text);
}

TEST(crlf_lines_are_foreseen_too)
{
    struct fixture f;
    open_fixture(&f, false);
    for (int lap = 0; lap < 10; lap++)
        take_text(&f, "a.b 1 1500000000\r\na.c 2 1500000000\r\n");
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 20);
    EXPECT_I64(fake_sink_stats(f.sink).n_resolved, 2);
    close_fixture(&f);
}

TEST(what_the_sink_refuses_is_told_with_its_line)
{
    static const struct {
        const char *row, *line, *told;
    } rows[] = {
        {"too old", "a 1 99", "\"reason\":\"too-old\",\"line\":\"a 1 99\"}"},
        {"no more names", "c 1 1500000000",
         "\"reason\":\"name-limit\",\"line\":\"c 1 1500000000\"}"},
        {"bad tag", "a;b 1 1500000000",
         "\"reason\":\"name\",\"why\":\"bad tag\",\"line\":\"a;b 1 1500000000\"}"},
        {"no value", "a x 1500000000", "\"reason\":\"value\",\"line\":\"a x 1500000000\"}"},
        {"infinite", "a -inf 1500000000",
         "\"reason\":\"infinite\",\"line\":\"a -inf 1500000000\"}"},
        {"time", "a 1 -7", "\"reason\":\"time\",\"line\":\"a 1 -7\"}"},
        {"five fields", "a 1 2 3 4", "\"reason\":\"fields\",\"line\":\"a 1 2 3 4\"}"},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        char line[128];
        open_fixture(&f, false);
        const struct fake_sink_faults faults = {.oldest_s = 100, .n_names_max = 2};
        fake_sink_set_faults(f.sink, &faults);
        take_text(&f, "a 1 1500000000\nb 2 1500000000\n");
        snprintf(line, sizeof line, "a 3 1500000000\n%s\nb 4 1500000000\n", r->line);
        take_text(&f, line);
        const char *text = rejects_text(&f);
        EXPECT(strstr(text, r->told) != NULL);
        EXPECT(strstr(text, "\"from\":\"127.0.0.1:4711\"") != NULL);
        EXPECT_I64(rejects_total(f.rejects), 1);
        EXPECT_I64(fake_sink_stats(f.sink).n_points, 4);
        close_fixture(&f);
    }
}

/* Laps of some series; one of them is deleted between two. */
static void check_deletion(bool is_told, unsigned n_puts_failing)
{
    enum { SERIES = 50, LAPS = 6 };
    struct fixture f;
    struct buf lap;
    open_fixture(&f, false);
    buf_init(&lap, PIECE_MAX);
    for (int i = 0; i < SERIES; i++)
        buf_printf(&lap, "web-%02d.load %d 1500000000\n", i, i);
    buf_add_str(&lap, "web-07..load 7.5  1500000000\n"); /* another spelling and form */
    for (int i = 0; i < LAPS; i++) {
        if (i == LAPS / 2) {
            const struct fake_sink_faults faults = {.n_puts = n_puts_failing, .put_keeps = 3};
            fake_sink_delete(f.sink, "web-07.load", is_told);
            fake_sink_set_faults(f.sink, &faults);
        }
        take(&f, lap.at, lap.n);
    }
    const struct fake_sink_stats stats = fake_sink_stats(f.sink);
    EXPECT_I64(stats.n_points, LAPS * (SERIES + 1)); /* none is lost, none is refused */
    EXPECT_I64(stats.n_names, SERIES + 1);
    EXPECT_I64(fake_sink_count(f.sink, "web-07.load", NULL), 2 * LAPS);
    if (is_told) /* once more for each name, then the order is known again */
        EXPECT_I64(stats.n_resolved, 2 * (SERIES + 1));
    close_fixture(&f);
    buf_done(&lap);
}

TEST(a_deleted_series_is_resolved_again)
{
    check_deletion(true, 0);
    check_deletion(false, 0); /* only its points tell */
    check_deletion(false, 2); /* and a full disk in between */
}

TEST(a_full_disk_delays_but_loses_nothing)
{
    static const struct {
        const char *row;
        struct fake_sink_faults faults;
    } rows[] = {
        {"names", {.n_resolves = 2}},
        {"points", {.n_puts = 2}},
        {"part of a batch", {.n_puts = 1, .put_keeps = 2}},
        {"commit", {.n_commits = 2}},
        {"everything", {.n_resolves = 1, .n_puts = 1, .n_commits = 1, .put_keeps = 1}},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        open_fixture(&f, true);
        fake_sink_set_faults(f.sink, &r->faults);
        take_text(&f, sample);
        feed_commit(f.feed);
        expect_sample(&f);
        EXPECT_I64(fake_sink_stats(f.sink).n_uncommitted, 0);
        close_fixture(&f);
    }
}

TEST(a_disk_full_to_the_end_is_told)
{
    static const struct {
        const char *row;
        struct fake_sink_faults faults;
        size_t n_lost;
    } rows[] = {
        {"names", {.n_resolves = 99}, 2},
        {"points", {.n_puts = 99, .put_keeps = 1}, 1},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        open_fixture(&f, false);
        fake_sink_set_faults(f.sink, &r->faults);
        atomic_store(&f.is_stopping, true);
        take_text(&f, "a 1 1500000000\nb 2 1500000000\n");
        EXPECT_I64(rejects_of(f.rejects, REJECT_DISK), r->n_lost);
        EXPECT_I64(fake_sink_stats(f.sink).n_points, 2 - r->n_lost);
        close_fixture(&f);
    }
}

TEST(changes_are_heard_or_refused_or_ordinary)
{
    static const char line[] = "events.deploy.website;env=prod 1 1500000000\n"
                               "events.lunch.website 1 1500000000\n";
    struct fixture f;
    open_fixture(&f, true);
    for (int i = 0; i < 3; i++)
        take_text(&f, line);
    EXPECT_I64(f.n_changes, 3);
    EXPECT_I64(atomic_load(&f.feed->n_changes), 3);
    EXPECT_I64(fake_sink_count(f.sink, "events.lunch.website", NULL), 3);
    f.refuses_changes = true;
    take_text(&f, line);
    EXPECT_I64(rejects_of(f.rejects, REJECT_CHANGE), 1);
    EXPECT(strstr(rejects_text(&f), "\"why\":\"no such service\"") != NULL);
    close_fixture(&f);

    open_fixture(&f, false);
    take_text(&f, line);
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 2);
    close_fixture(&f);
}

TEST(datagrams_hold_whole_lines)
{
    static const struct {
        const char *row, *bytes;
        size_t n_points, n_refused;
    } rows[] = {
        {"nothing", "", 0, 0},
        {"one line", "a 1 1500000000\n", 1, 0},
        {"without newline", "a 1 1500000000", 1, 0},
        {"many", "a 1 1500000000\nb 2 1500000000\r\n\nc 3 1500000000", 3, 0},
        {"bad in the middle", "a 1 1500000000\nb\nc 3 1500000000\n", 2, 1},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        struct net_addr from;
        open_fixture(&f, false);
        EXPECT_OK(net_parse("10.0.0.9:99", &from, &kit_err));
        const size_t n = strlen(r->bytes);
        char *room = mem_zalloc(n + LINES_AFTER);
        memcpy(room, r->bytes, n);
        feed_begin(f.feed);
        lines_datagram(f.feed, room, n, &from);
        feed_flush(f.feed);
        EXPECT_I64(fake_sink_stats(f.sink).n_points, r->n_points);
        EXPECT_I64(rejects_total(f.rejects), r->n_refused);
        if (r->n_refused)
            EXPECT(strstr(rejects_text(&f), "\"from\":\"10.0.0.9:99\"") != NULL);
        mem_free(room);
        close_fixture(&f);
    }
}

/* Random lines in random pieces store what they store as one piece. */
TEST(random_pieces_change_nothing)
{
    for (int round = 0; round < 40 && kit_failures() == 0; round++) {
        struct fixture whole, pieces;
        struct buf text;
        buf_init(&text, PIECE_MAX);
        for (int i = 0; i < 1500; i++)
            buf_printf(&text, "n%d%s %d %d%s\n", (int)kit_random_below(40),
                       kit_random_below(9) ? "" : ";t=1", (int)kit_random_below(1000),
                       AT_S + (int)kit_random_below(3), kit_random_below(9) ? "" : " x");
        open_fixture(&whole, false);
        open_fixture(&pieces, false);
        take(&whole, text.at, text.n);
        for (size_t i = 0, n; i < text.n; i += n) {
            n = min_size(text.n - i, 1 + kit_random_below(3000));
            take(&pieces, text.at + i, n);
        }
        EXPECT_TEXT(stored_text(&pieces), stored_text(&whole));
        EXPECT_I64(rejects_total(pieces.rejects), rejects_total(whole.rejects));
        close_fixture(&whole);
        close_fixture(&pieces);
        buf_done(&text);
    }
}

/* A value as somebody might write it; mostly plain decimals of all lengths. */
static void random_value(struct buf *text)
{
    const size_t n = 1 + kit_random_below(19), dot = kit_random_below(2 * n);

    if (kit_random_below(4) == 0)
        buf_add_str(text, "-");
    for (size_t i = 0; i < n; i++) {
        if (i == dot)
            buf_add_str(text, ".");
        buf_printf(text, "%d", (int)kit_random_below(10));
    }
    if (kit_random_below(50) == 0)
        buf_add_str(text, kit_random_below(2) ? "e3" : ".");
}

/* Laps over names of every length, so that nearly all lines are foreseen. */
TEST(vectors_change_nothing)
{
    for (int round = 0; round < 20 && kit_failures() == 0; round++) {
        struct fixture plain, vectors;
        struct buf text;
        buf_init(&text, 1 << 22);
        for (int i = 0; i < 3000; i++) {
            for (int k = i % 100; k >= 0; k--)
                buf_printf(&text, "%c", 'a' + k % 26);
            buf_add_str(&text, kit_random_below(200) ? " " : "  ");
            random_value(&text);
            buf_printf(&text, " %d%s\n", AT_S + i / 500, kit_random_below(300) ? "" : "\r");
        }
        open_fixture(&plain, false);
        open_fixture(&vectors, false);
        plain.lines.has_avx2 = false;
        take(&plain, text.at, text.n);
        take(&vectors, text.at, text.n);
        EXPECT_TEXT(stored_text(&vectors), stored_text(&plain));
        EXPECT_I64(rejects_total(vectors.rejects), rejects_total(plain.rejects));
        close_fixture(&plain);
        close_fixture(&vectors);
        buf_done(&text);
    }
}

RUN_TESTS(test_of(takes_every_kind_of_line), test_of(a_cut_at_any_byte_changes_nothing),
          test_of(byte_by_byte_changes_nothing),
          test_of(the_last_line_needs_no_newline_when_the_stream_ends_properly),
          test_of(a_line_that_is_cut_off_is_refused),
          test_of(lines_up_to_the_limit_are_taken_wherever_they_are_cut),
          test_of(a_long_name_is_refused_by_its_length), test_of(names_are_resolved_once),
          test_of(crlf_lines_are_foreseen_too),
          test_of(what_the_sink_refuses_is_told_with_its_line),
          test_of(a_deleted_series_is_resolved_again),
          test_of(a_full_disk_delays_but_loses_nothing), test_of(a_disk_full_to_the_end_is_told),
          test_of(changes_are_heard_or_refused_or_ordinary), test_of(datagrams_hold_whole_lines),
          test_of(random_pieces_change_nothing), test_of(vectors_change_nothing))
