#include "cli/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "os/file.h"

#include "kit/kit.h"

static struct spool open_spool(void)
{
    struct spool spool = {0};
    EXPECT_OK(spool_open(kit_path(kit_temp_dir(), "state/spool"), &kit_arena, &spool, &kit_err));
    return spool;
}

static bool add(const struct spool *spool, const char *key, int64_t now_ms, struct err *err)
{
    CLEANUP(buf_done) struct buf record;
    buf_init(&record, 1000);
    buf_printf(&record, "{\"key\":\"%s\",\"kind\":\"deploy\"}", key);
    return spool_add(spool, &record, now_ms, err);
}

/* A server: remembers what it was sent, and answers as told. */
struct receiver {
    char got[4096];
    const char *refuses; /* a key */
    size_t takes;        /* then it is away */
};

static enum spool_fate receive(void *self, const struct buf *record, struct err *why)
{
    struct receiver *receiver = self;
    if (receiver->refuses && strstr(buf_text(record), receiver->refuses)) {
        err_set(why, ERR_INPUT, "kind 'x' is not known");
        err_hint(why, "deploy is");
        return SPOOL_REFUSED;
    }
    if (receiver->takes == 0) {
        err_set(why, ERR_BUSY, "away");
        return SPOOL_LATER;
    }
    receiver->takes--;
    const size_t n = strlen(receiver->got);
    snprintf(receiver->got + n, sizeof receiver->got - n, "%s\n", buf_text(record));
    return SPOOL_SENT;
}

/* Not by dir_each, whose calls a fault test would make fail. */
static size_t count_files(const char *dir, const char *suffix)
{
    DIR *at = opendir(dir);
    size_t n = 0;
    for (const struct dirent *entry; at && (entry = readdir(at)) != NULL;)
        n += text_ends(entry->d_name, suffix);
    if (at)
        closedir(at);
    return n;
}

TEST(sends_oldest_first_and_forgets_what_was_sent)
{
    const struct spool spool = open_spool();
    EXPECT_OK(add(&spool, "b", 2000, &kit_err));
    EXPECT_OK(add(&spool, "c", INT64_C(1763837886250), &kit_err));
    EXPECT_OK(add(&spool, "a", 1000, &kit_err));
    EXPECT_I64(count_files(spool.dir, ".json"), 3);
    struct stat st;
    EXPECT_I64(stat(spool.dir, &st), 0);
    EXPECT_I64(st.st_mode & 0777, 0700);

    struct receiver receiver = {.takes = 10};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_sent, 3);
    EXPECT_I64(report.n_waiting, 0);
    EXPECT_TEXT(receiver.got, "{\"key\":\"a\",\"kind\":\"deploy\"}\n"
                              "{\"key\":\"b\",\"kind\":\"deploy\"}\n"
                              "{\"key\":\"c\",\"kind\":\"deploy\"}\n");
    EXPECT_I64(count_files(spool.dir, ".json"), 0);
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_sent, 0);
}

TEST(no_spool_is_an_empty_one)
{
    const struct spool spool = open_spool();
    struct receiver receiver = {.takes = 10};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_sent + report.n_waiting, 0);
    EXPECT(!file_exists(spool.dir));
}

TEST(stops_when_the_server_is_away)
{
    const struct spool spool = open_spool();
    for (int i = 0; i < 5; i++)
        EXPECT_OK(add(&spool, "x", 1000 + i, &kit_err));
    struct receiver receiver = {.takes = 2};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_sent, 2);
    EXPECT_I64(report.n_waiting, 3);
    EXPECT_TEXT(report.later.text, "away");
    EXPECT_I64(count_files(spool.dir, ".json"), 3);
}

TEST(what_is_refused_is_set_aside_with_the_reason)
{
    const struct spool spool = open_spool();
    EXPECT_OK(add(&spool, "good1", 1000, &kit_err));
    EXPECT_OK(add(&spool, "bad", 2000, &kit_err));
    EXPECT_OK(add(&spool, "good2", 3000, &kit_err));
    struct receiver receiver = {.takes = 10, .refuses = "bad"};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_sent, 2);
    EXPECT_I64(report.n_refused, 1);
    EXPECT_TEXT(report.refused.text, "kind 'x' is not known");
    EXPECT_I64(count_files(spool.dir, ".json"), 0);
    EXPECT_I64(count_files(spool.refused_dir, ".json"), 1);
    EXPECT_I64(count_files(spool.refused_dir, ".json.why"), 1);
    /* And is not tried again. */
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_refused, 0);
}

TEST(damaged_files_are_set_aside_too)
{
    static const struct {
        const char *row, *name, *bytes;
        size_t n;
    } rows[] = {
        {"empty", "0000000000001-a.json", "", 0},
        {"cut", "0000000000002-a.json", "{\"key\":\"x\",\"ki", 14},
        {"binary", "0000000000003-a.json", "\0\xFF\x01", 3},
        {"no change", "0000000000004-a.json", "{\"hello\":1}", 11},
    };
    const struct spool spool = open_spool();
    EXPECT_OK(add(&spool, "good", 9000, &kit_err));
    EACH_ROW (rows, r)
        EXPECT_OK(file_replace(kit_path(spool.dir, r->name), r->bytes, r->n, &kit_err));
    const size_t n_large = 300 * 1024; /* more than any record has */
    char *large = arena_zalloc(&kit_arena, n_large);
    EXPECT_OK(file_replace(kit_path(spool.dir, "0000000000005-a.json"), large, n_large, &kit_err));
    /* What is no record stays: half-written files, and what somebody put there. */
    EXPECT_OK(file_replace(kit_path(spool.dir, "0000000000006-a.json.tmp"), "x", 1, &kit_err));
    EXPECT_OK(file_replace(kit_path(spool.dir, "README"), "x", 1, &kit_err));

    struct receiver receiver = {.takes = 10};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(report.n_sent, 1);
    EXPECT_I64(report.n_refused, COUNT_OF(rows) + 1);
    EXPECT_I64(count_files(spool.refused_dir, ".json"), COUNT_OF(rows) + 1);
    EXPECT(file_exists(kit_path(spool.dir, "README")));
    CLEANUP(buf_done) struct buf why;
    buf_init(&why, 1000);
    EXPECT_OK(
        file_read_all(kit_path(spool.refused_dir, "0000000000002-a.json.why"), &why, &kit_err));
    EXPECT(strstr(buf_text(&why), "damaged"));
}

TEST(a_full_spool_says_so)
{
    struct spool spool = open_spool();
    EXPECT_I64(spool.records_max, 10000);
    spool.records_max = 3;
    for (int i = 0; i < 3; i++)
        EXPECT_OK(add(&spool, "x", 1000 + i, &kit_err));
    EXPECT_ERR(add(&spool, "y", 2000, &kit_err), ERR_LIMIT, "is full: 3 records wait");
    EXPECT_I64(count_files(spool.dir, ".json"), 3);
}

TEST(the_refused_are_bounded_too)
{
    const struct spool spool = open_spool();
    EXPECT_OK(dir_make(spool.refused_dir, &kit_err));
    for (int i = 0; i < SPOOL_REFUSED_MAX; i++) {
        const char *path = arena_printf(&kit_arena, "%s/%013d-a.json", spool.refused_dir, i);
        CLEANUP(fd_done) int fd = open(path, O_CREAT | O_WRONLY, 0600);
        EXPECT(fd >= 0);
    }
    EXPECT_OK(add(&spool, "bad", INT64_C(1763837886250), &kit_err));
    struct receiver receiver = {.takes = 10, .refuses = "bad"};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT_I64(count_files(spool.refused_dir, ".json"), SPOOL_REFUSED_MAX);
    EXPECT(!file_exists(kit_path(spool.refused_dir, "0000000000000-a.json")));
    EXPECT(file_exists(kit_path(spool.refused_dir, "0000000000001-a.json")));
}

TEST(only_one_process_sends)
{
    const struct spool spool = open_spool();
    EXPECT_OK(add(&spool, "x", 1000, &kit_err));
    CLEANUP(fd_done) int lock = -1;
    EXPECT_OK(file_lock(kit_path(spool.dir, ".lock"), &lock, &kit_err));
    struct receiver receiver = {.takes = 10};
    struct spool_report report;
    EXPECT_OK(spool_deliver(&spool, receive, &receiver, &report, &kit_err));
    EXPECT(report.is_busy);
    EXPECT_I64(report.n_sent, 0);
    EXPECT_I64(count_files(spool.dir, ".json"), 1);
}

/* Invariants 1 and 2, with a disk that fails at any call: each record is sent, or still there
 * whole. */
TEST(no_fault_loses_a_record)
{
    for (uint64_t n = 1; kit_fault(n); n++) {
        const char *dir = arena_printf(&kit_arena, "%s/%d", kit_temp_dir(), (int)n);
        struct spool spool;
        struct err err;
        EXPECT_OK(spool_open(dir, &kit_arena, &spool, &kit_err));
        size_t n_added = 0;
        n_added += add(&spool, "first", 1000, &err);
        n_added += add(&spool, "bad", 2000, &err);
        n_added += add(&spool, "last", 3000, &err);
        EXPECT(n_added >= 2);
        struct receiver receiver = {.takes = 10, .refuses = "bad"};
        struct spool_report report;
        for (int round = 0; round < 3; round++)
            if (spool_deliver(&spool, receive, &receiver, &report, &err))
                break;
        size_t n_sent = 0;
        for (const char *at = receiver.got; (at = strchr(at, '\n')) != NULL; at++)
            n_sent++;
        const size_t n_aside = count_files(spool.refused_dir, ".json");
        EXPECT_I64(count_files(spool.refused_dir, ".json.why"), n_aside);
        EXPECT(n_sent + n_aside + count_files(spool.dir, ".json") >= n_added);
    }
}

TEST(the_place_comes_from_the_environment)
{
    struct spool spool;
    setenv("HOME", "/home/nora", 1);
    unsetenv("XDG_STATE_HOME");
    EXPECT_OK(spool_open(NULL, &kit_arena, &spool, &kit_err));
    EXPECT_TEXT(spool.dir, "/home/nora/.local/state/plumb/spool");
    EXPECT_TEXT(spool.refused_dir, "/home/nora/.local/state/plumb/spool/refused");
    setenv("XDG_STATE_HOME", "/var/state", 1);
    EXPECT_OK(spool_open(NULL, &kit_arena, &spool, &kit_err));
    EXPECT_TEXT(spool.dir, "/var/state/plumb/spool");
    setenv("XDG_STATE_HOME", "relative", 1);
    EXPECT_OK(spool_open(NULL, &kit_arena, &spool, &kit_err));
    EXPECT_TEXT(spool.dir, "/home/nora/.local/state/plumb/spool");
    unsetenv("HOME");
    EXPECT_ERR(spool_open(NULL, &kit_arena, &spool, &kit_err), ERR_MISSING, "HOME");
}

RUN_TESTS(test_of(sends_oldest_first_and_forgets_what_was_sent), test_of(no_spool_is_an_empty_one),
          test_of(stops_when_the_server_is_away),
          test_of(what_is_refused_is_set_aside_with_the_reason),
          test_of(damaged_files_are_set_aside_too), test_of(a_full_spool_says_so),
          test_of(the_refused_are_bounded_too), test_of(only_one_process_sends),
          test_of(no_fault_loses_a_record), test_of(the_place_comes_from_the_environment))
