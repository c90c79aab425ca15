/* Real sockets on loopback, a fake sink behind them. */
#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "ingest/ingest.h"
#include "kit/fake_sink.h"
#include "os/file.h"
#include "os/net.h"
#include "os/realtime.h"

#include "kit/kit.h"

enum {
    N_CONNS = 100,
    N_LINES = 50,
    N_DATAGRAMS = 20000, /* of 1 KB: more than a socket buffer holds */
    WAIT_US = 10 * 1000000,
    POLL_US = 2000, /* between looks at a counter that only the kernel moves */
};

struct fixture {
    struct fake_sink *sink;
    struct ingest *ingest;
    _Atomic unsigned n_changes;
};

static bool on_change(void *self, struct str name, double value, int64_t at_s, struct err *err)
{
    struct fixture *f = self;
    (void)value, (void)at_s, (void)err;
    EXPECT(str_starts(name, "events.deploy."));
    atomic_fetch_add(&f->n_changes, 1);
    return true;
}

static void open_fixture(struct fixture *f, unsigned n_receivers)
{
    *f = (struct fixture){.sink = fake_sink_new()};
    const struct ingest_options options = {
        .line_addr = "127.0.0.1:0",
        .pickle_addr = "127.0.0.1:0",
        .statsd_addr = "127.0.0.1:0",
        .n_receivers = n_receivers,
        .clock = kit_clock(),
        .sink = fake_sink(f->sink),
        .on_change = on_change,
        .on_change_self = f,
    };
    EXPECT_OK(ingest_start(&options, &f->ingest, &kit_err));
}

static void close_fixture(struct fixture *f)
{
    ingest_stop(f->ingest);
    EXPECT_I64(fake_sink_stats(f->sink).n_writers, 0);
    EXPECT_I64(fake_sink_stats(f->sink).n_uncommitted, 0);
    fake_sink_free(f->sink);
}

static int dial_to(const char *text, int type)
{
    struct net_addr addr;
    EXPECT_OK(net_parse(text, &addr, &kit_err));
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    EXPECT_I64(connect(fd, (const struct sockaddr *)&addr.at, addr.bytes), 0);
    return fd;
}

static int dial(const struct fixture *f, int type)
{
    return dial_to(ingest_line_addr(f->ingest), type);
}

static void send_text(int fd, const char *text)
{
    EXPECT_I64(write(fd, text, strlen(text)), strlen(text));
}

static uint64_t connections_now(const struct ingest *ingest)
{
    struct ingest_stats stats;
    ingest_stats(ingest, &stats);
    return stats.n_connections_now;
}

static uint64_t refused(const struct ingest *ingest)
{
    struct ingest_stats stats;
    ingest_stats(ingest, &stats);
    return stats.n_lines_refused;
}

/* Waits for what is counted on another thread and told by nobody. */
static bool wait_until(const struct ingest *ingest, uint64_t (*count)(const struct ingest *),
                       uint64_t wanted)
{
    const int64_t until = monotonic_us() + WAIT_US;
    while (count(ingest) != wanted && monotonic_us() < until)
        sleep_us(POLL_US);
    return count(ingest) == wanted;
}

TEST(a_line_arrives_and_is_committed)
{
    struct fixture f;
    open_fixture(&f, 1);
    CLEANUP(fd_done) int fd = dial(&f, SOCK_STREAM);
    send_text(fd, "web.logins 412 1500000000\n");
    EXPECT(fake_sink_wait(f.sink, 1));
    const struct fake_sink_point point = fake_sink_at(f.sink, 0);
    EXPECT_TEXT(point.name, "web.logins");
    EXPECT_F64(point.value, 412, 0);
    EXPECT_I64(point.at_s, 1500000000);
    close_fixture(&f);
}

TEST(lines_cut_at_every_byte_arrive_whole)
{
    static const char text[] = "a.b 1.5 1500000000\nevents.deploy.x 1 1500000000\n\nc 2 -1\r\n";
    struct fixture f;
    open_fixture(&f, 2);
    const size_t n = sizeof text - 1;
    for (size_t i = 1; i < n; i++) {
        CLEANUP(fd_done) int fd = dial(&f, SOCK_STREAM);
        EXPECT_I64(write(fd, text, i), i);
        sched_yield(); /* mostly, the receiver sees two reads */
        EXPECT_I64(write(fd, text + i, n - i), n - i);
    }
    EXPECT(fake_sink_wait(f.sink, 2 * (n - 1)));
    EXPECT(wait_until(f.ingest, connections_now, 0));
    double sum = 0;
    EXPECT_I64(fake_sink_count(f.sink, "a.b", &sum), n - 1);
    EXPECT_F64(sum, 1.5 * (double)(n - 1), 0);
    EXPECT_I64(fake_sink_count(f.sink, "c", NULL), n - 1);
    EXPECT_I64(atomic_load(&f.n_changes), n - 1);
    EXPECT_I64(refused(f.ingest), 0);
    close_fixture(&f);
}

TEST(a_proper_end_completes_the_last_line_and_a_reset_does_not)
{
    struct fixture f;
    open_fixture(&f, 1);
    int fd = dial(&f, SOCK_STREAM);
    send_text(fd, "whole 1 1500000000");
    fd_done(&fd);
    EXPECT(fake_sink_wait(f.sink, 1));

    fd = dial(&f, SOCK_STREAM);
    send_text(fd, "first 1 1500000000\nbroken 12");
    EXPECT(fake_sink_wait(f.sink, 2));
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_done(&fd);
    EXPECT(wait_until(f.ingest, refused, 1));
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 2);
    close_fixture(&f);
}

TEST(a_line_too_long_for_its_packets_is_refused_once)
{
    struct fixture f;
    char filler[1000];
    open_fixture(&f, 1);
    CLEANUP(fd_done) int fd = dial(&f, SOCK_STREAM);
    memset(filler, 'x', sizeof filler);
    for (int i = 0; i < 20; i++)
        EXPECT_I64(write(fd, filler, sizeof filler), sizeof filler);
    send_text(fd, " 1 1500000000\nafter 1 1500000000\n");
    EXPECT(fake_sink_wait(f.sink, 1));
    EXPECT_TEXT(fake_sink_at(f.sink, 0).name, "after");
    EXPECT_I64(refused(f.ingest), 1);
    close_fixture(&f);
}

TEST(datagrams_of_many_lines_arrive)
{
    struct fixture f;
    open_fixture(&f, 2);
    CLEANUP(fd_done) int fd = dial(&f, SOCK_DGRAM);
    struct buf text;
    buf_init(&text, 65507);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "udp.n%d %d 1500000000\n", i, i);
    EXPECT_I64(send(fd, text.at, text.n, 0), text.n);
    send_text(fd, "udp.last 1 1500000000");
    send_text(fd, "bad");
    send_text(fd, "events.deploy.web 1 1500000000");
    EXPECT(fake_sink_wait(f.sink, 1001));
    EXPECT(wait_until(f.ingest, refused, 1));
    double sum = 0;
    EXPECT_I64(fake_sink_count(f.sink, "udp.n999", &sum), 1);
    EXPECT_F64(sum, 999, 0);
    buf_done(&text);
    ingest_stop(f.ingest);
    EXPECT_I64(atomic_load(&f.n_changes), 1);
    fake_sink_free(f.sink);
}

/* Each connection sends its own series, all of them one series too. */
static void send_conn(int fd, int conn)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < N_LINES; i++)
        buf_printf(&text, "conn.%d 1 %d\nall.%d 1 1500000000\n", conn, 1500000000 + i, i);
    EXPECT_I64(write(fd, text.at, text.n), text.n);
    buf_done(&text);
}

TEST(a_hundred_connections_on_several_threads)
{
    struct fixture f;
    int fds[N_CONNS];
    open_fixture(&f, 3);
    for (int i = 0; i < N_CONNS; i++)
        fds[i] = dial(&f, SOCK_STREAM);
    for (int i = 0; i < N_CONNS; i++)
        send_conn(fds[i], i);
    EXPECT(fake_sink_wait(f.sink, 2 * N_CONNS * N_LINES));
    EXPECT(wait_until(f.ingest, connections_now, N_CONNS));
    for (int i = 0; i < N_CONNS; i++)
        fd_done(&fds[i]);
    EXPECT(wait_until(f.ingest, connections_now, 0));

    struct ingest_stats stats;
    ingest_stats(f.ingest, &stats);
    EXPECT_I64(stats.n_points, 2 * N_CONNS * N_LINES);
    EXPECT_I64(stats.n_connections, N_CONNS);
    EXPECT_I64(stats.n_lines_refused, 0);
    double sum = 0;
    EXPECT_I64(fake_sink_count(f.sink, "conn.7", &sum), N_LINES);
    EXPECT_I64(fake_sink_count(f.sink, "all.7", &sum), N_CONNS);
    close_fixture(&f);
}

TEST(a_disk_that_refuses_holds_senders_back_and_loses_nothing)
{
    const struct fake_sink_faults faults = {.n_puts = 3, .n_commits = 1, .put_keeps = 5};
    struct fixture f;
    open_fixture(&f, 1);
    fake_sink_set_faults(f.sink, &faults);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(&f, SOCK_STREAM);
        send_conn(fds[i], i);
    }
    EXPECT(fake_sink_wait(f.sink, 3 * 2 * N_LINES));
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 3 * 2 * N_LINES);
    EXPECT_I64(refused(f.ingest), 0);
    EXPECT(fake_sink_stats(f.sink).n_disk_fates > 0);
    for (int i = 0; i < 3; i++)
        fd_done(&fds[i]);
    close_fixture(&f);
}

/* What is read and not committed dies with the process, and names take long: so few are read at a time. */
TEST(new_names_are_read_a_few_at_a_time)
{
    enum { N_NAMES = 5000, LINE_BYTES = 34, READ_BYTES_MOST = 16 * 1024 };
    char text[N_NAMES * LINE_BYTES + 1];
    struct fixture f;
    for (int i = 0; i < N_NAMES; i++)
        (void)snprintf(text + (size_t)i * LINE_BYTES, LINE_BYTES + 1,
                       "new.name%012d 1 1500000000\n", i);
    open_fixture(&f, 1);
    CLEANUP(fd_done) int fd = dial(&f, SOCK_STREAM);
    send_text(fd, text);
    EXPECT(fake_sink_wait(f.sink, N_NAMES));
    EXPECT_I64(fake_sink_stats(f.sink).n_names, N_NAMES);
    EXPECT(fake_sink_stats(f.sink).n_puts >= N_NAMES * LINE_BYTES / READ_BYTES_MOST);
    close_fixture(&f);
}

static uint64_t datagrams_read_or_lost(const struct ingest *ingest)
{
    struct ingest_stats stats;
    ingest_stats(ingest, &stats);
    return stats.n_datagrams + stats.n_datagrams_lost;
}

TEST(datagrams_that_found_no_room_are_counted)
{
    const struct fake_sink_faults faults = {.n_puts = 3};
    struct fixture f;
    char text[1024];
    open_fixture(&f, 1);
    fake_sink_set_faults(f.sink, &faults);
    CLEANUP(fd_done) int fd = dial(&f, SOCK_DGRAM);
    memset(text, '\n', sizeof text);
    memcpy(text, "udp 1 1500000000", 16);
    for (int i = 0; i < N_DATAGRAMS; i++) /* the first one stalls the receiver */
        EXPECT_I64(send(fd, text, sizeof text, 0), sizeof text);
    EXPECT(fake_sink_wait(f.sink, 1));
    /* The kernel tells of what was lost with a datagram that came after. */
    const int64_t until = monotonic_us() + WAIT_US;
    unsigned n_sent = N_DATAGRAMS;
    while (datagrams_read_or_lost(f.ingest) < n_sent && monotonic_us() < until) {
        send_text(fd, "udp 1 1500000000");
        n_sent++;
        sleep_us(POLL_US);
    }
    struct ingest_stats stats;
    ingest_stats(f.ingest, &stats);
    EXPECT_I64(stats.n_datagrams + stats.n_datagrams_lost, n_sent);
    EXPECT(stats.n_datagrams_lost > 0);
    EXPECT_I64(fake_sink_stats(f.sink).n_points, stats.n_datagrams);
    close_fixture(&f);
}

TEST(stopping_takes_what_has_arrived)
{
    struct fixture f;
    int fds[8];
    open_fixture(&f, 2);
    for (int i = 0; i < 8; i++) {
        fds[i] = dial(&f, SOCK_STREAM);
        send_conn(fds[i], i);
    }
    CLEANUP(fd_done) int udp = dial(&f, SOCK_DGRAM);
    send_text(udp, "udp 1 1500000000\n");
    send_text(fds[0], "begun 1");
    ingest_stop(f.ingest);
    const struct fake_sink_stats stats = fake_sink_stats(f.sink);
    EXPECT_I64(stats.n_points, 8 * 2 * N_LINES + 1);
    EXPECT_I64(stats.n_uncommitted, 0);
    EXPECT_I64(stats.n_writers, 0);
    for (int i = 0; i < 8; i++)
        fd_done(&fds[i]);
    fake_sink_free(f.sink);
}

TEST(rejects_are_told_with_their_sender)
{
    struct fixture f;
    struct buf out;
    struct jsonw json;
    char line[256];
    open_fixture(&f, 1);
    CLEANUP(fd_done) int fd = dial(&f, SOCK_STREAM);
    struct net_addr mine = {.bytes = sizeof mine.at};
    EXPECT_I64(getsockname(fd, (struct sockaddr *)&mine.at, &mine.bytes), 0);
    send_text(fd, "no value here\nnan.is.dropped nan 1500000000\n");
    EXPECT(wait_until(f.ingest, refused, 1));
    buf_init(&out, 1 << 20);
    jsonw_init(&json, &out, 0);
    ingest_write_rejects(f.ingest, 10, &json);
    snprintf(line, sizeof line,
             "\"from\":\"127.0.0.1:%u\",\"reason\":\"value\",\"line\":\"no value here\"",
             net_port(&mine));
    EXPECT(strstr(buf_text(&out), line) != NULL);
    EXPECT(strstr(buf_text(&out), "\"nan\":1") != NULL);
    buf_done(&out);
    close_fixture(&f);
}

TEST(addresses_in_use_bad_or_off)
{
    struct fixture f;
    struct ingest *second = NULL;
    open_fixture(&f, 2);
    struct ingest_options options = {
        .line_addr = ingest_line_addr(f.ingest),
        .n_receivers = 2,
        .clock = kit_clock(),
        .sink = fake_sink(f.sink),
    };
    EXPECT_ERR(ingest_start(&options, &second, &kit_err), ERR_IO, "Address already in use");
    EXPECT(kit_err.hint[0] != '\0');
    options.line_addr = "nonsense";
    EXPECT_ERR(ingest_start(&options, &second, &kit_err), ERR_INPUT, "nonsense");
    options.line_addr = "off";
    EXPECT_OK(ingest_start(&options, &second, &kit_err));
    EXPECT_TEXT(ingest_line_addr(second), "");
    struct ingest_stats stats;
    ingest_stats(second, &stats);
    EXPECT_I64(stats.n_connections, 0);
    ingest_stop(second);
    ingest_stop(NULL);
    close_fixture(&f);
}

static const char pickled[] = "\0\0\0\024\200\002](U\003a.bJ\000/hYK\007\206\206e.";

TEST(pickles_arrive_beside_lines)
{
    struct fixture f;
    open_fixture(&f, 2);
    CLEANUP(fd_done) int line = dial(&f, SOCK_STREAM);
    CLEANUP(fd_done) int fd = dial_to(ingest_pickle_addr(f.ingest), SOCK_STREAM);
    send_text(line, "a.b 1 1500000000\n");
    EXPECT_I64(write(fd, pickled, sizeof pickled - 1), sizeof pickled - 1);
    EXPECT(fake_sink_wait(f.sink, 2));
    double sum = 0;
    EXPECT_I64(fake_sink_count(f.sink, "a.b", &sum), 2);
    EXPECT_F64(sum, 8, 0);
    close_fixture(&f);
}

TEST(garbage_closes_its_pickle_connection_alone)
{
    struct fixture f;
    char byte;
    open_fixture(&f, 1);
    CLEANUP(fd_done) int bad = dial_to(ingest_pickle_addr(f.ingest), SOCK_STREAM);
    CLEANUP(fd_done) int good = dial_to(ingest_pickle_addr(f.ingest), SOCK_STREAM);
    send_text(bad, "web.logins 412 1500000000\n");
    EXPECT_I64(read(bad, &byte, 1) > 0, 0); /* returns once the server has closed it */
    EXPECT_I64(write(good, pickled, sizeof pickled - 1), sizeof pickled - 1);
    EXPECT(fake_sink_wait(f.sink, 1));
    EXPECT_I64(refused(f.ingest), 1);
    EXPECT(wait_until(f.ingest, connections_now, 1));
    close_fixture(&f);
}

static uint64_t checks(const struct ingest *ingest)
{
    struct ingest_stats stats;
    ingest_stats(ingest, &stats);
    return stats.n_service_checks;
}

TEST(stopping_tells_what_statsd_has_summed_up)
{
    struct fixture f;
    open_fixture(&f, 3);
    CLEANUP(fd_done) int udp = dial_to(ingest_statsd_addr(f.ingest), SOCK_DGRAM);
    CLEANUP(fd_done) int tcp = dial_to(ingest_statsd_addr(f.ingest), SOCK_STREAM);
    for (int i = 0; i < 100; i++)
        send_text(udp, "hits:1|c");
    send_text(udp, "events.deploy.web:1|c");
    send_text(udp, "_sc|db|0");
    send_text(tcp, "hits:1000|c\nhits:10000|c");
    EXPECT(wait_until(f.ingest, checks, 1));
    EXPECT_I64(atomic_load(&f.n_changes), 1);
    EXPECT_I64(fake_sink_stats(f.sink).n_points, 0); /* the clock stands */
    fd_done(&tcp);
    ingest_stop(f.ingest);
    double sum = 0;
    EXPECT_I64(fake_sink_count(f.sink, "stats_counts.hits", &sum), 1);
    EXPECT_F64(sum, 11100, 0);
    EXPECT_I64(fake_sink_stats(f.sink).n_uncommitted, 0);
    fake_sink_free(f.sink);
}

TEST(a_port_in_use_is_named_with_its_flag)
{
    struct fixture f;
    struct ingest *second = NULL;
    open_fixture(&f, 2);
    const char *pickle = ingest_pickle_addr(f.ingest), *statsd = ingest_statsd_addr(f.ingest);
    struct ingest_options options = {
        .line_addr = "127.0.0.1:0",
        .pickle_addr = pickle,
        .clock = kit_clock(),
        .sink = fake_sink(f.sink),
    };
    EXPECT_ERR(ingest_start(&options, &second, &kit_err), ERR_IO, "pickle: listen on 127.0.0.1:");
    EXPECT(strstr(kit_err.hint, "--pickle off") != NULL);
    options.pickle_addr = NULL;
    options.statsd_addr = statsd;
    EXPECT_ERR(ingest_start(&options, &second, &kit_err), ERR_IO, "statsd: listen on 127.0.0.1:");
    EXPECT(strstr(kit_err.hint, "--statsd off") != NULL);
    close_fixture(&f);
}

static bool no_writer(void *self, struct sink_writer **out, struct err *err)
{
    (void)self, (void)out;
    return FAIL(err, ERR_LIMIT, "too many writers");
}

TEST(a_sink_without_a_writer_fails_the_start)
{
    static const struct sink_ops ops = {.writer_open = no_writer};
    struct ingest *ingest = NULL;
    const struct ingest_options options = {
        .line_addr = "127.0.0.1:0",
        .n_receivers = 2,
        .clock = kit_clock(),
        .sink = {.ops = &ops},
    };
    EXPECT_ERR(ingest_start(&options, &ingest, &kit_err), ERR_LIMIT, "too many writers");
    EXPECT(ingest == NULL);
}

RUN_TESTS(test_of(a_line_arrives_and_is_committed), test_of(lines_cut_at_every_byte_arrive_whole),
          test_of(a_proper_end_completes_the_last_line_and_a_reset_does_not),
          test_of(a_line_too_long_for_its_packets_is_refused_once),
          test_of(datagrams_of_many_lines_arrive),
          test_of(a_hundred_connections_on_several_threads),
          test_of(a_disk_that_refuses_holds_senders_back_and_loses_nothing),
          test_of(new_names_are_read_a_few_at_a_time),
          test_of(datagrams_that_found_no_room_are_counted),
          test_of(stopping_takes_what_has_arrived), test_of(rejects_are_told_with_their_sender),
          test_of(addresses_in_use_bad_or_off), test_of(pickles_arrive_beside_lines),
          test_of(garbage_closes_its_pickle_connection_alone),
          test_of(stopping_tells_what_statsd_has_summed_up),
          test_of(a_port_in_use_is_named_with_its_flag),
          test_of(a_sink_without_a_writer_fails_the_start))
