/* One change, told by many doors, in any order, early, late, or never to the end. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "kit/kit.h"
#include "ledger/ledger.h"
#include "os/realtime.h"

static struct ledger *open_ledger(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

/* The kit's clock, in ms. */
static int64_t now_ms(void)
{
    const struct clock clock = kit_clock();
    return clock_us(&clock) / 1000;
}

static struct change told(const char *source, const char *key, enum change_status status)
{
    struct change change = change_blank();
    change.service = "website";
    change.source = source;
    change.key = key;
    change.status = status;
    change.start_ms = now_ms() - 60000;
    return change;
}

static const char *record(struct ledger *ledger, const struct change *change)
{
    struct ledger_receipt receipt = {0};
    EXPECT_OK(ledger_record(ledger, change, &receipt, &kit_err));
    return arena_strdup(&kit_arena, receipt.id);
}

static struct change_list list(struct ledger *ledger, const struct change_query *query)
{
    const struct changes changes = ledger_changes(ledger);
    struct change_list found = {0};
    EXPECT_OK(changes.ops->list(changes.self, query, &kit_arena, &found, &kit_err));
    return found;
}

static struct change_list all(struct ledger *ledger)
{
    return list(ledger, &(struct change_query){.kind = -1});
}

/* A deploy as its five doors tell it: the wrapper's start and end, GitHub's, a curl, Etsy's line. */
static void make_tellings(struct change out[6])
{
    out[0] = told("cli", "k1", STATUS_RUNNING);
    out[0].msg = "fix login";
    out[1] = told("cli", "k1", STATUS_SUCCEEDED);
    out[1].end_ms = out[1].start_ms + 50000;
    out[2] = told("hook/github", "gh:7", STATUS_QUEUED);
    out[2].start_ms -= 5000;
    out[2].rev = "4f2c1e9aa0c14f2c1e9aa0c14f2c1e9aa0c14f2c";
    out[3] = told("hook/github", "gh:7", STATUS_SUCCEEDED);
    out[3].start_ms -= 5000;
    out[3].end_ms = out[3].start_ms + 58000;
    out[4] = told("http", "", STATUS_SUCCEEDED);
    out[4].start_ms = out[4].end_ms = out[0].start_ms + 30000;
    out[4].rev = "4f2c1e9";
    out[5] = told("line", "", STATUS_SUCCEEDED);
    out[5].start_ms = out[5].end_ms = out[0].start_ms + 51000;
}

TEST(a_deploy_behind_five_doors_is_one_change_in_any_order)
{
    struct change tellings[6];
    make_tellings(tellings);
    for (int round = 0; round < 40; round++) {
        size_t order[6] = {0, 1, 2, 3, 4, 5};
        for (size_t i = 5; i > 0; i--) {
            const size_t k = (size_t)kit_random_below(i + 1), kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        struct ledger *ledger = open_ledger();
        for (size_t i = 0; i < 6; i++)
            record(ledger, &tellings[order[i]]);
        const struct change_list found = all(ledger);
        EXPECT_I64(found.n, 1);
        const struct change *got = &found.items[0];
        EXPECT_I64(got->status, STATUS_SUCCEEDED);
        EXPECT_I64(got->start_ms, tellings[2].start_ms);
        EXPECT_I64(got->end_ms, tellings[3].end_ms);
        EXPECT_TEXT(got->rev, tellings[2].rev);
        EXPECT_TEXT(got->msg, "fix login");
        EXPECT_I64(got->n_also, 3);
        ledger_close(ledger);
        EXPECT_I64(remove(kit_path(kit_temp_dir(), "ledger.db")), 0);
    }
}

TEST(the_next_deploy_is_another_change)
{
    struct ledger *ledger = open_ledger();
    struct change first = told("cli", "k1", STATUS_SUCCEEDED);
    first.end_ms = first.start_ms + 10000;
    struct change second = told("cli", "k2", STATUS_RUNNING);
    second.start_ms = first.end_ms + 1000;
    record(ledger, &first);
    record(ledger, &second);
    struct change line = told("line", "", STATUS_SUCCEEDED);
    line.start_ms = line.end_ms = second.start_ms + 5000; /* of the one that runs */
    const char *id = record(ledger, &line);
    const struct change_list found = all(ledger);
    EXPECT_I64(found.n, 2);
    EXPECT_TEXT(found.items[0].id, id);
    EXPECT_TEXT(found.items[0].key, "k2");
    EXPECT_I64(found.items[0].status, STATUS_RUNNING);
    ledger_close(ledger);
}

TEST(an_end_that_is_not_told_in_time_is_lost_but_may_come_yet)
{
    struct ledger *ledger = open_ledger();
    struct change change = told("cli", "k1", STATUS_RUNNING);
    change.ttl_ms = 30000;
    record(ledger, &change);
    kit_now_raise(kit_now_us + 31 * INT64_C(1000000));
    struct change_list found = all(ledger);
    const int64_t give_up_us = monotonic_us() + 20 * INT64_C(1000000);
    while (found.items[0].end_ms == 0 && monotonic_us() < give_up_us) {
        EXPECT_OK(ledger_barrier(ledger, &kit_err)); /* it looks for lost ends once a second */
        found = all(ledger);
    }
    EXPECT_I64(found.items[0].status, STATUS_UNKNOWN);
    EXPECT_I64(found.items[0].end_ms, now_ms());

    struct ledger_receipt receipt;
    const struct ledger_end end = {
        "", CHANGE_DEPLOY, "website", "production", STATUS_FAILED, now_ms() - 5000, ""};
    EXPECT_OK(ledger_finish(ledger, &end, &receipt, &kit_err));
    found = all(ledger);
    EXPECT_I64(found.n, 1);
    EXPECT_I64(found.items[0].status, STATUS_FAILED);
    EXPECT_I64(found.items[0].end_ms, now_ms() - 5000);
    ledger_close(ledger);
}

TEST(a_clock_that_is_off_is_corrected)
{
    static const struct {
        const char *row;
        int64_t off_ms, wanted_ms;
    } rows[] = {
        {"ten seconds are right enough", 10000, 10000},
        {"five minutes ahead", 300000, 0},
        {"a day behind", -86400000, 0},
    };
    EACH_ROW (rows, r) {
        struct ledger *ledger = open_ledger();
        struct change change = told("cli", r->row, STATUS_SUCCEEDED);
        const int64_t true_ms = change.start_ms;
        change.start_ms += r->off_ms;
        change.end_ms = change.start_ms + 1000;
        change.sent_ms = now_ms() + r->off_ms;
        const char *id = record(ledger, &change);
        struct change got;
        EXPECT_OK(ledger_get(ledger, id, &kit_arena, &got, &kit_err));
        EXPECT_I64(got.start_ms, true_ms + r->wanted_ms);
        EXPECT_I64(got.end_ms, true_ms + r->wanted_ms + 1000);
        EXPECT_I64(got.skew_ms, r->wanted_ms ? 0 : r->off_ms);
        ledger_close(ledger);
    }
}

TEST(finds_by_words_and_by_what_is_asked_for)
{
    struct ledger *ledger = open_ledger();
    static const struct {
        const char *service, *by, *msg, *rev, *env;
        enum change_status status;
    } made[] = {
        {"website", "nora", "fix the login page", "4f2c1e9aa0c1", "production", STATUS_SUCCEEDED},
        {"web/checkout", "sam", "new cart; see OPS-7", "b81d002", "production", STATUS_FAILED},
        {"web", "nora", "login again", "77aa01f", "staging", STATUS_SUCCEEDED},
    };
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        struct change change = told("http", "", made[i].status);
        change.service = made[i].service;
        change.by = made[i].by;
        change.msg = made[i].msg;
        change.rev = made[i].rev;
        change.env = made[i].env;
        change.start_ms = change.end_ms = now_ms() - 1000000 + (int64_t)i * 1000;
        record(ledger, &change);
    }
    const struct {
        const char *row;
        struct change_query query;
        const char *services; /* newest first */
    } rows[] = {
        {"a word", {.text = "login"}, "web website "},
        {"two words", {.text = "LOGIN page"}, "website "},
        {"no such word", {.text = "logout"}, ""},
        {"a beginning", {.text = "log*"}, "web website "},
        {"part of a revision", {.text = "4f2c1e9"}, "website "},
        {"what is no word alone", {.text = "OPS-7"}, "web/checkout "},
        {"quotes and operators are words", {.text = "\"login\" AND page"}, ""},
        {"a service and what is below it", {.service = "web"}, "web web/checkout "},
        {"by", {.by = "nora"}, "web website "},
        {"status", {.status = STATUS_FAILED + 1}, "web/checkout "},
        {"env and word", {.env = "staging", .text = "login"}, "web "},
        {"by and env", {.by = "nora", .env = "production"}, "website "},
    };
    EACH_ROW (rows, r) {
        struct change_query query = r->query;
        query.kind = -1;
        const struct change_list found = list(ledger, &query);
        const char *services = "";
        for (size_t i = 0; i < found.n; i++)
            services = arena_printf(&kit_arena, "%s%s ", services, found.items[i].service);
        EXPECT_TEXT(services, r->services);
    }
    ledger_close(ledger);
}

static int commits;

static void count_commit(void *self)
{
    (void)self;
    __atomic_fetch_add(&commits, 1, __ATOMIC_SEQ_CST);
}

TEST(followers_hear_of_each_telling_and_read_on_from_where_they_were)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock(),
                                           .on_commit = count_commit};
    struct ledger *ledger;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    const struct changes changes = ledger_changes(ledger);
    commits = 0;
    struct change start = told("cli", "k1", STATUS_RUNNING), end = told("cli", "k1", STATUS_FAILED);
    end.end_ms = now_ms();
    record(ledger, &start);
    struct change_list list = {0};
    EXPECT_OK(changes.ops->since(changes.self, 0, 10, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 1);
    const uint64_t seq = list.items[0].seq;
    EXPECT_I64(changes.ops->last_seq(changes.self), seq);
    record(ledger, &end);
    EXPECT_OK(changes.ops->since(changes.self, seq, 10, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 1);
    EXPECT_I64(list.items[0].status, STATUS_FAILED);
    EXPECT_OK(changes.ops->since(changes.self, seq + 1, 10, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 0);
    ledger_close(ledger);
    EXPECT_I64(commits, 2);
}

TEST(a_file_of_the_first_version_is_made_anew_from_its_rows)
{
    struct ledger *ledger = open_ledger();
    struct change change = told("http", "k1", STATUS_SUCCEEDED);
    change.end_ms = change.start_ms;
    change.msg = "fix login";
    record(ledger, &change);
    ledger_close(ledger);
    sqlite3 *handle;
    EXPECT_I64(sqlite3_open(kit_path(kit_temp_dir(), "ledger.db"), &handle), SQLITE_OK);
    /* What version 1 had: rows, and other tables of the same names. */
    EXPECT_I64(sqlite3_exec(handle,
                            "DROP TABLE search; DROP TABLE terms; DROP TABLE keys;"
                            "DROP TABLE changes; DROP INDEX rows_by_change;"
                            "CREATE TABLE changes (id TEXT PRIMARY KEY, body TEXT NOT NULL);"
                            "CREATE TABLE tags (tag TEXT, change_id TEXT);"
                            "PRAGMA user_version = 1;",
                            NULL, NULL, NULL),
               SQLITE_OK);
    sqlite3_close(handle);
    ledger = open_ledger();
    EXPECT_I64(list(ledger, &(struct change_query){.kind = -1, .text = "login"}).n, 1);
    uint64_t n_rows;
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    record(ledger, &change); /* its key is known */
    EXPECT_I64(all(ledger).n, 1);
    ledger_close(ledger);
}

RUN_TESTS(test_of(a_deploy_behind_five_doors_is_one_change_in_any_order),
          test_of(the_next_deploy_is_another_change),
          test_of(an_end_that_is_not_told_in_time_is_lost_but_may_come_yet),
          test_of(a_clock_that_is_off_is_corrected),
          test_of(finds_by_words_and_by_what_is_asked_for),
          test_of(followers_hear_of_each_telling_and_read_on_from_where_they_were),
          test_of(a_file_of_the_first_version_is_made_anew_from_its_rows))
