/* Pickle and StatsD through their descriptors, as a receiver uses them: a feed behind, a fake sink behind that. */
#include "ingest/protocols.h"

#include <stdio.h>

#include "base/mem.h"
#include "kit/fake_sink.h"

#include "kit/kit.h"

#define BYTES(literal) literal, sizeof(literal) - 1
/* [("a.b", (1500000000, 7))] in protocol 2, with its length. */
#define ONE_POINT "\0\0\0\024\200\002](U\003a.bJ\000/hYK\007\206\206e."

enum { AT_S = 1500000000, PIECE_MAX = 1 << 21 };

struct fixture {
    struct fake_sink *sink;
    struct rejects *rejects;
    struct protocols_desk *desk;
    struct net_addr from;
    atomic_bool is_stopping;
    char change[300];
    unsigned n_changes, n_events;
};

static bool on_change(void *self, struct str name, double value, int64_t at_s, struct err *err)
{
    struct fixture *f = self;
    (void)err;
    snprintf(f->change, sizeof f->change, STR_FMT " %d %ld", STR_ARG(name), (int)value, (long)at_s);
    f->n_changes++;
    return true;
}

static bool on_event(void *self, const struct change *change, struct err *err)
{
    struct fixture *f = self;
    snprintf(f->change, sizeof f->change, "%s %s %s|%s", change_kind_name(change->kind),
             change->service, change->msg, change->data);
    f->n_events++;
    return strcmp(change->msg, "refuse") != 0 || FAIL(err, ERR_INPUT, "not this one");
}

static void open_fixture(struct fixture *f)
{
    static const struct tally_options tally = {.interval_s = 10, .percents = {90}, .n_percents = 1};
    kit_now_us = (AT_S - 5) * INT64_C(1000000);
    *f = (struct fixture){.sink = fake_sink_new(), .rejects = rejects_new()};
    f->desk = mem_zalloc(sizeof *f->desk);
    const struct feed_options options = {
        .sink = fake_sink(f->sink),
        .clock = kit_clock(),
        .rejects = f->rejects,
        .on_change = on_change,
        .on_event = on_event,
        .on_change_self = f,
        .is_stopping = &f->is_stopping,
    };
    EXPECT_OK(net_parse("127.0.0.1:4711", &f->from, &kit_err));
    EXPECT_OK(feed_open(&f->desk->feed, &options, &kit_err));
    f->desk->statsd = statsd_lines_desk_new(&tally, &options.clock, &f->desk->order_budget);
}

static void close_fixture(struct fixture *f)
{
    statsd_lines_desk_free(f->desk->statsd);
    EXPECT_I64(f->desk->pickle.n_begun, 0);
    pickle_frames_desk_done(&f->desk->pickle);
    feed_commit(&f->desk->feed);
    feed_close(&f->desk->feed);
    EXPECT_I64(f->desk->order_budget.n_entries, 0);
    mem_free(f->desk);
    rejects_free(f->rejects);
    fake_sink_free(f->sink);
}

/* One connection that sends n bytes, in pieces; false: it was closed for what it sent. */
static bool send_all(struct fixture *f, enum protocols_which which, const char *bytes, size_t n,
                     size_t piece)
{
    const struct protocol *protocol = protocols[which];
    union protocols_conn *conn = mem_zalloc(sizeof *conn);
    bool is_good = true;
    protocol->open(conn, f->desk, &f->from);
    for (size_t i = 0; i < n && is_good; i += piece) {
        const size_t n_piece = min_size(piece, n - i);
        char *copy = mem_zalloc(LINES_BEFORE + n_piece + LINES_AFTER);
        memcpy(copy + LINES_BEFORE, bytes + i, n_piece);
        is_good = protocol->take(conn, f->desk, copy + LINES_BEFORE, n_piece);
        mem_free(copy);
    }
    protocol->end(conn, f->desk, is_good);
    mem_free(conn);
    return is_good;
}

static void send_packet(struct fixture *f, const char *text)
{
    char *copy = mem_zalloc(strlen(text) + LINES_AFTER);
    memcpy(copy, text, strlen(text));
    feed_begin(&f->desk->feed);
    protocols[PROTOCOL_STATSD]->datagram(f->desk, copy, strlen(text), &f->from);
    feed_flush(&f->desk->feed);
    mem_free(copy);
}

static void flush(struct fixture *f, bool is_last)
{
    const struct statsd_flush flush = {.is_last = is_last};
    statsd_lines_flush(f->desk->statsd, &f->desk->feed, &flush);
}

/* The last value of a name; NaN: none. */
static double last_of(const struct fixture *f, const char *name, uint32_t *out_at_s)
{
    double value = NAN;
    for (size_t i = 0; i < fake_sink_stats(f->sink).n_points; i++) {
        const struct fake_sink_point point = fake_sink_at(f->sink, i);
        if (strcmp(point.name, name) != 0)
            continue;
        value = point.value;
        if (out_at_s)
            *out_at_s = point.at_s;
    }
    return value;
}

static const char *why(struct fixture *f)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, 1 << 20);
    jsonw_init(&json, &out, 0);
    rejects_write(f->rejects, 10, &json);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

/* ---- pickle ---- */

TEST(frames_cut_at_every_byte_arrive_whole)
{
    static const char two[] = ONE_POINT ONE_POINT;
    struct fixture f;
    open_fixture(&f);
    for (size_t piece = 1; piece < sizeof two; piece++)
        EXPECT(send_all(&f, PROTOCOL_PICKLE, BYTES(two), piece));
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 2 * (sizeof two - 1));
    EXPECT_F64(last_of(&f, "a.b", NULL), 7, 0);
    EXPECT_I64(rejects_total(f.rejects), 0);
    close_fixture(&f);
}

TEST(each_item_is_a_line)
{
    static const struct {
        const char *row, *item;
        size_t n;
        enum reject_reason reason; /* REJECT_REASONS: none */
    } rows[] = {
        {"good", BYTES("U\003a.bJ\000/hYK\007\206\206"), REJECT_REASONS},
        {"a list", BYTES("](U\003a.b](J\000/hYK\007ee"), REJECT_REASONS},
        {"numbers as texts", BYTES("U\003a.bU\0121500000000U\0037.0\206\206"), REJECT_REASONS},
        {"now", BYTES("U\003a.bJ\377\377\377\377K\007\206\206"), REJECT_REASONS},
        {"tags", BYTES("U\007a.b;z=1J\000/hYK\007\206\206"), REJECT_REASONS},
        {"a number", BYTES("K\001"), REJECT_FIELDS},
        {"no pair", BYTES("U\003a.b\205"), REJECT_FIELDS},
        {"a pair of texts", BYTES("U\003a.bU\001x\206"), REJECT_FIELDS},
        {"three", BYTES("U\003a.bK\001K\002K\003\207\206"), REJECT_FIELDS},
        {"a name of nothing", BYTES("U\000J\000/hYK\007\206\206"), REJECT_NAME},
        {"a blank in the name", BYTES("U\003a bJ\000/hYK\007\206\206"), REJECT_NAME},
        {"a newline in the name", BYTES("U\003a\nbJ\000/hYK\007\206\206"), REJECT_NAME},
        {"a name that is no UTF-8", BYTES("U\003a\377bJ\000/hYK\007\206\206"), REJECT_NAME},
        {"no value", BYTES("U\003a.bJ\000/hYN\206\206"), REJECT_VALUE},
        {"a value in words", BYTES("U\003a.bJ\000/hYU\003one\206\206"), REJECT_VALUE},
        {"two values", BYTES("U\003a.bJ\000/hYU\0031 2\206\206"), REJECT_VALUE},
        {"infinite", BYTES("U\003a.bJ\000/hYFinf\n\206\206"), REJECT_INFINITE},
        {"not a number", BYTES("U\003a.bJ\000/hYFnan\n\206\206"), REJECT_NAN},
        {"no time", BYTES("U\003a.bNK\007\206\206"), REJECT_TIME},
        {"a time before all", BYTES("U\003a.bI-5\nK\007\206\206"), REJECT_TIME},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        char frame[256] = "\0\0\0\0\200\002](";
        open_fixture(&f);
        memcpy(frame + 8, r->item, r->n);
        memcpy(frame + 8 + r->n, "e.", 2);
        frame[3] = (char)(4 + r->n + 2);
        EXPECT(send_all(&f, PROTOCOL_PICKLE, frame, 4 + 4 + r->n + 2, sizeof frame));
        EXPECT_I64(fake_sink_stats(f.sink).n_points, r->reason == REJECT_REASONS);
        if (r->reason != REJECT_REASONS)
            EXPECT_I64(rejects_of(f.rejects, r->reason), 1);
        EXPECT_I64(rejects_total(f.rejects),
                   r->reason != REJECT_REASONS && r->reason != REJECT_NAN);
        close_fixture(&f);
    }
}

TEST(a_change_in_a_pickle_is_a_change)
{
    struct fixture f;
    open_fixture(&f);
    EXPECT(send_all(
        &f, PROTOCOL_PICKLE,
        BYTES("\0\0\0\051\200\002](U\030events.deploy.web;rev=4fJ\000/hYK\001\206\206e."), 100));
    EXPECT_TEXT(f.change, "events.deploy.web;rev=4f 1 1500000000");
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 0);
    close_fixture(&f);
}

TEST(garbage_ends_the_connection_and_says_why)
{
    static const struct {
        const char *row, *bytes;
        size_t n;
        enum reject_reason reason;
        const char *part;
    } rows[] = {
        {"a line", BYTES("web.logins 412 1500000000\n"), REJECT_PICKLE, "plaintext lines go to"},
        {"a frame too long", BYTES("\0\020\0\001\200\002]."), REJECT_TOO_LONG, "1048577 bytes"},
        {"an empty frame", BYTES("\0\0\0\0"), REJECT_PICKLE, "too early"},
        {"a call", BYTES("\0\0\0\025cos\nsystem\n(S'id'\ntR."), REJECT_PICKLE, "'c' at byte 0"},
        {"no list", BYTES("\0\0\0\003K\001."), REJECT_PICKLE, "not a list"},
    };
    EACH_ROW (rows, r) {
        for (size_t piece = 1; piece <= r->n; piece++) {
            struct fixture f;
            open_fixture(&f);
            char bytes[128];
            memcpy(bytes, ONE_POINT, sizeof ONE_POINT - 1);
            memcpy(bytes + sizeof ONE_POINT - 1, r->bytes, r->n);
            EXPECT(!send_all(&f, PROTOCOL_PICKLE, bytes, sizeof ONE_POINT - 1 + r->n, piece));
            EXPECT_I64(fake_sink_stats(f.sink).n_points, 1);
            EXPECT_I64(rejects_of(f.rejects, r->reason), 1);
            EXPECT_I64(rejects_total(f.rejects), 1);
            EXPECT(strstr(why(&f), r->part) != NULL);
            close_fixture(&f);
        }
    }
}

TEST(the_documented_pickle_decodes)
{
    struct fixture f;
    size_t n = 0;
    uint32_t at_s = 0;
    const char *bytes = kit_hex_example("docs/formats/pickle.md", &n);
    open_fixture(&f);
    EXPECT(send_all(&f, PROTOCOL_PICKLE, bytes, n, n));
    EXPECT_F64(last_of(&f, "web.logins", &at_s), 412, 0);
    EXPECT_I64(at_s, 1291803600);
    close_fixture(&f);
}

TEST(the_documented_packet_decodes)
{
    struct fixture f;
    size_t n = 0;
    const char *bytes = kit_hex_example("docs/formats/statsd.md", &n);
    open_fixture(&f);
    send_packet(&f, arena_strndup(&kit_arena, bytes, n));
    flush(&f, false);
    EXPECT_F64(last_of(&f, "stats_counts.web.hits", NULL), 10, 0);
    EXPECT_F64(last_of(&f, "stats.timers.render.mean;page=home", NULL), 320, 0);
    EXPECT_TEXT(f.change, "events.deploy.website 1 1499999995");
    close_fixture(&f);
}

TEST(half_a_frame_is_refused_once)
{
    struct fixture f;
    open_fixture(&f);
    EXPECT(send_all(&f, PROTOCOL_PICKLE, ONE_POINT ONE_POINT, sizeof ONE_POINT + 5, 9));
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 1);
    EXPECT_I64(rejects_of(f.rejects, REJECT_CUT), 1);
    close_fixture(&f);
}

/* n points of one name that is 2,000 bytes long: some lines_take. The memo keeps the pickle small. */
static size_t many_points(char *out, size_t n)
{
    size_t at = 4;
    memcpy(out + at, "\200\002](X\320\007\000\000", 9);
    at += 9;
    memset(out + at, 'x', 2000);
    at += 2000;
    memcpy(out + at, "q\0010", 3);
    at += 3;
    for (size_t i = 0; i < n; i++) {
        memcpy(out + at, "h\001J\000/hYK\007\206\206", 11);
        at += 11;
    }
    memcpy(out + at, "e.", 2);
    at += 2;
    out[0] = 0;
    out[1] = (char)((at - 4) >> 16);
    out[2] = (char)((at - 4) >> 8);
    out[3] = (char)(at - 4);
    return at;
}

TEST(a_frame_has_a_limit_of_points)
{
    struct fixture f;
    char *bytes = mem_zalloc(PIECE_MAX);
    open_fixture(&f);
    size_t n = many_points(bytes, 1000);
    EXPECT(send_all(&f, PROTOCOL_PICKLE, bytes, n, 5000));
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 1000);
    EXPECT_I64(rejects_total(f.rejects), 0);
    n = many_points(bytes, PICKLE_POINTS_MAX + 1);
    EXPECT(!send_all(&f, PROTOCOL_PICKLE, bytes, n, PIECE_MAX));
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 1000);
    EXPECT(strstr(why(&f), "65,536") != NULL);
    mem_free(bytes);
    close_fixture(&f);
}

TEST(begun_frames_have_a_limit_together)
{
    struct fixture f;
    char *half = mem_zalloc(PICKLE_FRAME_MAX);
    const size_t n_most = PICKLE_BEGUN_MAX / PICKLE_FRAME_MAX + 1;
    struct pickle_frames *frames = mem_array(n_most, struct pickle_frames);
    open_fixture(&f);
    struct feed *feed = &f.desk->feed;
    half[1] = 0x10; /* a frame of 1 MiB, of which four bytes do not come */
    size_t n_taken = 0;
    for (size_t i = 0; i < n_most; i++) {
        pickle_frames_init(&frames[i], &f.from, &f.desk->order_budget);
        n_taken += pickle_frames_take(&frames[i], &f.desk->pickle, feed, half, PICKLE_FRAME_MAX);
    }
    EXPECT_I64(n_taken, n_most - 1);
    EXPECT_I64(rejects_of(f.rejects, REJECT_FULL), 1);
    for (size_t i = 0; i < n_most; i++)
        pickle_frames_end(&frames[i], &f.desk->pickle, feed);
    EXPECT_I64(rejects_of(f.rejects, REJECT_CUT), n_most - 1);
    mem_free(frames);
    mem_free(half);
    close_fixture(&f);
}

/* ---- StatsD ---- */

TEST(samples_become_points_at_the_flush)
{
    struct fixture f;
    uint32_t at_s = 0;
    open_fixture(&f);
    send_packet(&f, "hits:1|c\nhits:2|c\n\nt:5|ms\r\n");
    EXPECT_I64(statsd_lines_wait_ms(f.desk->statsd), 5000);
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 0);
    kit_now_us = AT_S * INT64_C(1000000) + 20000;
    EXPECT_I64(statsd_lines_wait_ms(f.desk->statsd), 0);
    flush(&f, false);
    EXPECT_I64(statsd_lines_wait_ms(f.desk->statsd), 9980);
    EXPECT_F64(last_of(&f, "stats_counts.hits", &at_s), 3, 0);
    EXPECT_I64(at_s, AT_S);
    EXPECT_F64(last_of(&f, "stats.timers.t.upper_90", NULL), 5, 0);
    EXPECT_F64(last_of(&f, "stats_counts.statsd.metrics_received", NULL), 3, 0);
    EXPECT_F64(last_of(&f, "stats_counts.statsd.packets_received", NULL), 1, 0);
    EXPECT_I64(fake_sink_stats(f.sink).n_uncommitted, 0);
    send_packet(&f, "hits:4|c");
    flush(&f, true);
    EXPECT_F64(last_of(&f, "stats_counts.hits", &at_s), 4, 0);
    EXPECT_I64(at_s, AT_S + 10); /* the slot of the last flush stays as it is */
    close_fixture(&f);
}

TEST(a_clock_that_was_set_back_delays_no_flush)
{
    struct fixture f;
    open_fixture(&f);
    kit_now_us = (AT_S - 1000) * INT64_C(1000000);
    EXPECT_I64(statsd_lines_wait_ms(f.desk->statsd), 0);
    flush(&f, false);
    EXPECT_I64(statsd_lines_wait_ms(f.desk->statsd), 10000);
    close_fixture(&f);
}

TEST(streams_are_cut_at_newlines)
{
    static const char text[] = "hits:1|c\nt:5|ms\nhits:2|c\n_sc|db|0\nhits:4|c";
    struct fixture f;
    open_fixture(&f);
    for (size_t piece = 1; piece < sizeof text; piece++)
        EXPECT(send_all(&f, PROTOCOL_STATSD, BYTES(text), piece));
    flush(&f, false);
    EXPECT_F64(last_of(&f, "stats_counts.hits", NULL), 7 * (sizeof text - 1), 0);
    EXPECT_F64(last_of(&f, "stats.timers.t.count", NULL), sizeof text - 1, 0);
    EXPECT_I64(statsd_lines_checks(f.desk->statsd), sizeof text - 1);
    EXPECT_I64(rejects_total(f.rejects), 0);
    close_fixture(&f);
}

TEST(a_line_too_long_is_refused_once)
{
    struct fixture f;
    char *text = mem_zalloc(3 * STATSD_LINE_MAX);
    open_fixture(&f);
    memset(text, 'x', 2 * STATSD_LINE_MAX);
    memcpy(text + 2 * STATSD_LINE_MAX, ":1|c\nhits:1|c\n", 14);
    for (size_t piece = 1000; piece < 3 * STATSD_LINE_MAX; piece += 5000)
        EXPECT(send_all(&f, PROTOCOL_STATSD, text, strlen(text), piece));
    const uint64_t n = rejects_of(f.rejects, REJECT_TOO_LONG);
    EXPECT_I64(n, 10);
    flush(&f, false);
    EXPECT_F64(last_of(&f, "stats_counts.hits", NULL), (double)n, 0);
    EXPECT_F64(last_of(&f, "stats_counts.statsd.bad_lines_seen", NULL), (double)n, 0);
    mem_free(text);
    close_fixture(&f);
}

TEST(bad_lines_are_refused_with_their_reason)
{
    static const struct {
        const char *row, *line;
        enum reject_reason reason;
    } rows[] = {
        {"fields", "hello", REJECT_FIELDS},
        {"value", "a:x|c", REJECT_VALUE},
        {"infinite", "a:inf|c", REJECT_INFINITE},
        {"rate", "a:1|c|@0", REJECT_RATE},
        {"time", "a:1|c|Tx", REJECT_TIME},
        {"name", "%:1|c", REJECT_NAME},
        {"event", "_e{9,9}:a|b", REJECT_CHANGE},
        {"event that nobody wants", "_e{6,0}:refuse|", REJECT_CHANGE},
    };
    EACH_ROW (rows, r) {
        struct fixture f;
        open_fixture(&f);
        send_packet(&f, r->line);
        EXPECT_I64(rejects_of(f.rejects, r->reason), 1);
        EXPECT_I64(rejects_total(f.rejects), 1);
        EXPECT(strstr(why(&f), "127.0.0.1:4711") != NULL);
        EXPECT(strstr(why(&f), r->line) != NULL);
        flush(&f, false);
        EXPECT_F64(last_of(&f, "stats_counts.statsd.bad_lines_seen", NULL), 1, 0);
        close_fixture(&f);
    }
}

TEST(changes_are_told_at_once_and_not_summed_up)
{
    struct fixture f;
    open_fixture(&f);
    send_packet(&f, "events.deploy.website:1|c");
    EXPECT_TEXT(f.change, "events.deploy.website 1 1499999995");
    send_packet(&f, "events.deploy.website:-1|g|#rev:a/b,by:nora");
    EXPECT_TEXT(f.change, "events.deploy.website;by=nora;rev=a/b -1 1499999995");
    send_packet(&f, "events.flag.cart:1|c|T1400000000");
    EXPECT_TEXT(f.change, "events.flag.cart 1 1400000000");
    EXPECT_I64(f.n_changes, 3);
    send_packet(&f, "events.party.website:1|c");
    EXPECT_I64(f.n_changes, 3);
    flush(&f, false);
    EXPECT(isnan(last_of(&f, "stats_counts.events.deploy.website", NULL)));
    EXPECT_F64(last_of(&f, "stats_counts.events.party.website", NULL), 1, 0);
    close_fixture(&f);
}

TEST(an_event_is_told_at_once)
{
    struct fixture f;
    open_fixture(&f);
    send_packet(&f, "_e{9,5}:fix login|of it|#kind:deploy,service:web");
    EXPECT_TEXT(f.change, "deploy web fix login|of it");
    EXPECT_I64(f.n_events, 1);
    EXPECT_I64(atomic_load(&f.desk->feed.n_changes), 1);
    close_fixture(&f);
}

TEST(what_names_its_time_is_a_point_at_once)
{
    struct fixture f;
    uint32_t at_s = 0;
    open_fixture(&f);
    send_packet(&f, "a:20|c|@0.5|T1400000000\nb:7|g|T1400000000\nc:7|ms|T1400000000");
    EXPECT_F64(last_of(&f, "stats_counts.a", &at_s), 40, 0);
    EXPECT_F64(last_of(&f, "stats.a", &at_s), 4, 0);
    EXPECT_F64(last_of(&f, "stats.gauges.b", &at_s), 7, 0);
    EXPECT_I64(at_s, 1400000000);
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 3);
    flush(&f, false);
    EXPECT_F64(last_of(&f, "stats.timers.c.count", NULL), 1, 0);
    EXPECT(isnan(last_of(&f, "stats_counts.c", NULL)));
    close_fixture(&f);
}

RUN_TESTS(test_of(frames_cut_at_every_byte_arrive_whole), test_of(each_item_is_a_line),
          test_of(a_change_in_a_pickle_is_a_change),
          test_of(garbage_ends_the_connection_and_says_why), test_of(half_a_frame_is_refused_once),
          test_of(the_documented_pickle_decodes), test_of(the_documented_packet_decodes),
          test_of(a_frame_has_a_limit_of_points), test_of(begun_frames_have_a_limit_together),
          test_of(samples_become_points_at_the_flush),
          test_of(a_clock_that_was_set_back_delays_no_flush), test_of(streams_are_cut_at_newlines),
          test_of(a_line_too_long_is_refused_once),
          test_of(bad_lines_are_refused_with_their_reason),
          test_of(changes_are_told_at_once_and_not_summed_up), test_of(an_event_is_told_at_once),
          test_of(what_names_its_time_is_a_point_at_once))
