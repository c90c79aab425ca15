/* The ledger against what goes wrong: kill -9, a full disk, rows that cannot be read. */
#include "ledger/ledger.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit.h"
#include "os/thread.h"

static const char *path(void)
{
    return kit_path(kit_temp_dir(), "ledger.db");
}

static bool try_open(struct ledger **out, struct err *err)
{
    const struct ledger_options options = {.path = path(), .clock = kit_clock()};
    return ledger_open(&options, out, err);
}

static struct ledger *open_ledger(void)
{
    struct ledger *ledger = NULL;
    EXPECT_OK(try_open(&ledger, &kit_err));
    return ledger;
}

static struct change deploy(const char *service, int64_t start_s)
{
    struct change change = change_blank();
    change.service = service;
    change.start_ms = change.end_ms = start_s * 1000;
    change.status = STATUS_SUCCEEDED;
    change.source = "http";
    return change;
}

static void tamper(const char *sql)
{
    sqlite3 *handle;
    EXPECT_I64(sqlite3_open(path(), &handle), SQLITE_OK);
    EXPECT_I64(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static uint64_t n_rows(struct ledger *ledger)
{
    uint64_t n = 0;
    EXPECT_OK(ledger_verify(ledger, &n, &kit_err));
    return n;
}

/* ---- kill -9 ---- */

struct teller {
    struct ledger *ledger;
    int pipe;
    int number, round;
};

/* Records for ever, and tells the parent of each change that was said to be kept. */
static void tell_for_ever(void *self)
{
    const struct teller *teller = self;
    for (int64_t i = 0;; i++) {
        char service[32];
        struct ledger_receipt receipt;
        struct err err;
        snprintf(service, sizeof service, "s%d", teller->number);
        struct change change = deploy(service, 1300000000 + teller->round * 10000000 + i * 200);
        change.status = i % 3 ? STATUS_SUCCEEDED : STATUS_RUNNING;
        if (!ledger_record(teller->ledger, &change, &receipt, &err) ||
            write(teller->pipe, receipt.id, sizeof receipt.id) != (ssize_t)sizeof receipt.id)
            _exit(1);
    }
}

NO_RETURN static void child(int out, int round)
{
    struct ledger *ledger = NULL;
    struct err err;
    struct teller tellers[3];
    struct thread threads[3] = {0};
    if (!try_open(&ledger, &err))
        _exit(2);
    for (int i = 0; i < 3; i++) {
        tellers[i] = (struct teller){ledger, out, i, round};
        if (!thread_start(&threads[i], "teller", tell_for_ever, &tellers[i], &err))
            _exit(3);
    }
    for (;;)
        pause();
}

TEST(what_was_answered_survives_kill_9)
{
    enum { ROUNDS = 5, IDS_MAX = 100 };
    uint64_t rows_before = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        EXPECT(pipe(ends) == 0);
        EXPECT(path()[0] != '\0'); /* made here: the child would make a folder of its own */
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            child(ends[1], round);
        }
        close(ends[1]);
        static char ids[10000][27];
        size_t n = 0;
        size_t n_wanted = 20 + kit_random_below(IDS_MAX);
        while (n < COUNT_OF(ids) && read(ends[0], ids[n], 27) == 27) {
            if (++n == n_wanted)
                kill(pid, SIGKILL); /* what is in the pipe by then was promised, too */
        }
        close(ends[0]);
        waitpid(pid, NULL, 0);
        EXPECT(n >= n_wanted);
        struct ledger *ledger = open_ledger();
        for (size_t i = 0; i < n; i++) {
            struct change change;
            EXPECT_OK(ledger_get(ledger, ids[i], &kit_arena, &change, &kit_err));
        }
        uint64_t rows_now = n_rows(ledger); /* and the chain is whole */
        EXPECT(rows_now > rows_before);
        rows_before = rows_now;
        ledger_close(ledger);
    }
}

/* ---- a full disk ---- */

static int64_t bytes_of(const char *name)
{
    struct stat st;
    return stat(kit_path(kit_temp_dir(), name), &st) == 0 ? st.st_size : 0;
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    EXPECT(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

TEST(a_full_disk_is_an_error_and_passes)
{
    signal(SIGXFSZ, SIG_IGN);
    struct ledger *ledger = open_ledger();
    struct ledger_receipt kept, receipt;
    struct change change = deploy("website", 1490000000);
    EXPECT_OK(ledger_record(ledger, &change, &kept, &kit_err));
    int64_t largest = max_i64(bytes_of("ledger.db"), bytes_of("ledger.db-wal"));
    limit_files((rlim_t)max_i64(largest, bytes_of("ledger.db-shm")) + 100);
    unsigned n_failed = 0;
    for (int i = 1; i <= 5; i++) {
        struct err err = {0};
        change = deploy("website", 1490000000 + i * 1000);
        if (ledger_record(ledger, &change, &receipt, &err))
            continue;
        n_failed++;
        EXPECT_I64(err.kind, ERR_IO);
        EXPECT(strstr(err.text, "ledger") != NULL);
    }
    EXPECT_I64(n_failed, 5);
    EXPECT_OK(ledger_get(ledger, kept.id, &kit_arena, &change, &kit_err)); /* reading goes on */
    EXPECT_I64(n_rows(ledger), 1);
    struct ledger_stats stats;
    ledger_stats(ledger, &stats);
    EXPECT_I64(stats.n_changes, 1);
    limit_files(RLIM_INFINITY);

    change = deploy("website", 1490009000);
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    EXPECT_I64(receipt.seq, 2);
    EXPECT_I64(n_rows(ledger), 2);
    ledger_close(ledger);
    ledger = open_ledger();
    EXPECT_I64(n_rows(ledger), 2);
    ledger_close(ledger);
}

TEST(nothing_shows_that_is_not_on_disk)
{
    signal(SIGXFSZ, SIG_IGN);
    struct ledger *ledger = open_ledger();
    struct ledger_receipt receipt;
    struct change change = deploy("website", 1490000000);
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    limit_files((rlim_t)max_i64(bytes_of("ledger.db-wal"), bytes_of("ledger.db-shm")) + 100);
    change = deploy("search", 1490000000);
    EXPECT(!ledger_record(ledger, &change, &receipt, &kit_err));
    limit_files(RLIM_INFINITY);
    struct source source = ledger_source(ledger);
    struct source_nodes nodes = {0};
    EXPECT_OK(source.ops->all(source.self, &kit_arena, &nodes, &kit_err));
    EXPECT_I64(nodes.n, 1);
    EXPECT_TEXT(nodes.items[0].path, "events.deploy.website");
    ledger_close(ledger);
}

TEST(a_posted_change_waits_for_the_disk)
{
    signal(SIGXFSZ, SIG_IGN);
    struct ledger *ledger = open_ledger();
    struct ledger_receipt receipt;
    struct change change = deploy("website", 1490000000);
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    limit_files((rlim_t)max_i64(bytes_of("ledger.db-wal"), bytes_of("ledger.db-shm")) + 100);
    change = deploy("search", 1490000100);
    EXPECT_OK(ledger_post(ledger, &change, 1000000, &kit_err));
    EXPECT(!ledger_barrier(ledger, &kit_err)); /* it is not on disk, and nobody says so */
    limit_files(RLIM_INFINITY);
    while (!ledger_barrier(ledger, &kit_err))
        continue; /* each answers within the retry's time */
    EXPECT_I64(n_rows(ledger), 2);
    ledger_close(ledger);
}

/* ---- what cannot be opened or read ---- */

TEST(a_folder_that_takes_no_file_is_an_error)
{
    struct ledger *ledger = NULL;
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "no/such/ledger.db"),
                                           .clock = kit_clock()};
    EXPECT_ERR(ledger_open(&options, &ledger, &kit_err), ERR_IO, "no/such/ledger.db");
}

TEST(a_file_that_is_no_ledger_is_an_error)
{
    FILE *file = fopen(path(), "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database\n", file);
    fclose(file);
    struct ledger *ledger = NULL;
    EXPECT_ERR(try_open(&ledger, &kit_err), ERR_CORRUPT, path());
}

TEST(a_row_that_cannot_be_read_hides_only_itself)
{
    struct ledger *ledger = open_ledger();
    struct ledger_receipt receipts[3], receipt;
    for (int i = 0; i < 3; i++) {
        struct change change = deploy("website", 1490000000 + i * 1000);
        change.rev = i % 2 ? "b" : "a";
        EXPECT_OK(ledger_record(ledger, &change, &receipts[i], &kit_err));
    }
    ledger_close(ledger);
    tamper("DROP TRIGGER rows_stay; UPDATE rows SET body = '{\"kind\":' WHERE seq = 2");

    ledger = open_ledger();
    struct changes changes = ledger_changes(ledger);
    struct change_list list = {0};
    const struct change_query query = {.kind = -1};
    EXPECT_OK(changes.ops->list(changes.self, &query, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 2);
    struct change change;
    EXPECT_ERR(ledger_get(ledger, receipts[1].id, &kit_arena, &change, &kit_err), ERR_CORRUPT, "");
    change = deploy("website", 1490001500); /* its revision before is the bad one */
    change.rev = "c";
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    ledger_close(ledger);
}

struct ask {
    struct ledger *ledger;
    const char *key;
    bool is_ok;
    enum err_kind kind;
};

static void record_keyed(void *self)
{
    struct ask *ask = self;
    struct ledger_receipt receipt;
    struct err err = {0};
    struct change change = deploy("website", 1490000000);
    change.key = ask->key;
    ask->is_ok = ledger_record(ask->ledger, &change, &receipt, &err);
    ask->kind = err.kind;
}

TEST(one_bad_job_does_not_spoil_its_group)
{
    struct ledger *ledger = open_ledger();
    struct ask first = {.ledger = ledger, .key = "k1"};
    record_keyed(&first);
    EXPECT(first.is_ok);
    ledger_close(ledger);
    tamper("DROP TRIGGER rows_stay; UPDATE rows SET body = 'x' WHERE seq = 1");

    ledger = open_ledger();
    static const char *const keys[] = {"k2", "k1", "k3", "k4", "k1", "k5", "k6", "k7"};
    struct ask asks[COUNT_OF(keys)];
    struct thread threads[COUNT_OF(keys)] = {0};
    for (int i = 0; i < 300; i++) { /* keeps the writer busy, so that the next ones meet */
        struct change change = deploy("other", 1480000000 + i);
        EXPECT_OK(ledger_post(ledger, &change, 1000000, &kit_err));
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        asks[i] = (struct ask){.ledger = ledger, .key = keys[i]};
        EXPECT_OK(thread_start(&threads[i], "teller", record_keyed, &asks[i], &kit_err));
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        thread_join(&threads[i]);
        bool is_bad = strcmp(keys[i], "k1") == 0;
        EXPECT_I64(asks[i].is_ok, !is_bad);
        EXPECT_I64(asks[i].kind, is_bad ? ERR_CORRUPT : ERR_NONE);
    }
    struct ledger_stats stats;
    uint64_t n = 0;
    ledger_stats(ledger, &stats);
    EXPECT(stats.n_rows > 7);
    EXPECT_ERR(ledger_verify(ledger, &n, &kit_err), ERR_CORRUPT, "row 1");
    ledger_close(ledger);
}

RUN_TESTS(test_of(what_was_answered_survives_kill_9), test_of(a_full_disk_is_an_error_and_passes),
          test_of(nothing_shows_that_is_not_on_disk), test_of(a_posted_change_waits_for_the_disk),
          test_of(a_folder_that_takes_no_file_is_an_error),
          test_of(a_file_that_is_no_ledger_is_an_error),
          test_of(a_row_that_cannot_be_read_hides_only_itself),
          test_of(one_bad_job_does_not_spoil_its_group))
