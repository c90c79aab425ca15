#include "ledger/ledger.h"

#include <sqlite3.h>
#include <stdio.h>

#include "kit/kit.h"
#include "os/thread.h"

static struct ledger *open_ledger(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

static struct change deploy(const char *rev, int64_t start_s)
{
    struct change change = change_blank();
    change.service = "website";
    change.rev = rev;
    change.start_ms = start_s * 1000;
    change.end_ms = change.start_ms;
    change.status = STATUS_SUCCEEDED;
    change.source = "http";
    return change;
}

static struct ledger_receipt record(struct ledger *ledger, const struct change *change)
{
    struct ledger_receipt receipt = {0};
    EXPECT_OK(ledger_record(ledger, change, &receipt, &kit_err));
    return receipt;
}

static struct change get(struct ledger *ledger, const char *id)
{
    struct change change = change_blank();
    EXPECT_OK(ledger_get(ledger, id, &kit_arena, &change, &kit_err));
    return change;
}

static struct change_list list(struct ledger *ledger, struct change_query query)
{
    struct changes changes = ledger_changes(ledger);
    struct change_list found = {0};
    EXPECT_OK(changes.ops->list(changes.self, &query, &kit_arena, &found, &kit_err));
    return found;
}

TEST(keeps_changes_across_a_restart)
{
    struct ledger *ledger = open_ledger();
    struct change change = deploy("4f2c1e9", 1490000000);
    change.msg = "fix login";
    struct ledger_receipt receipt = record(ledger, &change);
    EXPECT_I64(strlen(receipt.id), 26);
    ledger_close(ledger);

    ledger = open_ledger();
    struct change got = get(ledger, receipt.id);
    EXPECT_TEXT(got.msg, "fix login");
    EXPECT_TEXT(got.env, "production");
    EXPECT_I64(got.start_ms, 1490000000000);
    EXPECT_I64(got.seq, 1);
    ledger_close(ledger);
}

TEST(derives_the_previous_revision_and_rollbacks)
{
    struct ledger *ledger = open_ledger();
    struct change a = deploy("a1", 1490000000), b = deploy("b2", 1490001000);
    struct change back = deploy("a1", 1490002000);
    record(ledger, &a);
    struct ledger_receipt second = record(ledger, &b);
    struct ledger_receipt third = record(ledger, &back);
    struct change got = get(ledger, second.id);
    EXPECT_TEXT(got.prev, "a1");
    EXPECT_TEXT(got.action, "");
    got = get(ledger, third.id);
    EXPECT_TEXT(got.prev, "b2");
    EXPECT_TEXT(got.action, "rollback");
    EXPECT_TEXT(got.of, second.id);
    ledger_close(ledger);
}

TEST(start_and_end_are_one_change)
{
    struct ledger *ledger = open_ledger();
    struct change start = deploy("a1", 1490000000);
    start.status = STATUS_RUNNING;
    start.end_ms = 0;
    struct ledger_receipt first = record(ledger, &start);
    const struct ledger_end end = {.id = "",
                                   .kind = CHANGE_DEPLOY,
                                   .service = "website",
                                   .env = "production",
                                   .status = STATUS_FAILED,
                                   .end_ms = 1490000060000,
                                   .msg = ""};
    struct ledger_receipt last;
    EXPECT_OK(ledger_finish(ledger, &end, &last, &kit_err));
    EXPECT_TEXT(last.id, first.id);
    struct change got = get(ledger, first.id);
    EXPECT_I64(got.status, STATUS_FAILED);
    EXPECT_I64(got.end_ms, 1490000060000);
    EXPECT_ERR(ledger_finish(ledger, &end, &last, &kit_err), ERR_MISSING, "no open deploy");
    EXPECT_I64(list(ledger, (struct change_query){.kind = -1}).n, 1);
    ledger_close(ledger);
}

TEST(the_same_key_is_the_same_change)
{
    struct ledger *ledger = open_ledger();
    struct change start = deploy("a1", 1490000000);
    start.key = "k-1";
    start.status = STATUS_RUNNING;
    start.end_ms = 0;
    struct ledger_receipt first = record(ledger, &start);
    struct change end = deploy("a1", 1490000000);
    end.key = "k-1";
    end.end_ms = 1490000009000;
    struct ledger_receipt again = record(ledger, &end);
    EXPECT(again.is_merged && !first.is_merged);
    EXPECT_TEXT(again.id, first.id);
    EXPECT_I64(get(ledger, first.id).status, STATUS_SUCCEEDED);
    /* Out of order: the start comes late and must not reopen it. */
    record(ledger, &start);
    EXPECT_I64(get(ledger, first.id).status, STATUS_SUCCEEDED);
    struct ledger_stats stats;
    ledger_stats(ledger, &stats);
    EXPECT_I64(stats.n_changes, 1);
    EXPECT_I64(stats.n_rows, 2);
    ledger_close(ledger);
}

TEST(posted_events_are_found_by_tags)
{
    struct ledger *ledger = open_ledger();
    static struct tag tags[] = {{"deploy", ""}, {"website", ""}};
    struct change event = change_blank();
    event.kind = CHANGE_NOTE;
    event.msg = "deploy website r100";
    event.data = "revision \"100\"";
    event.is_posted = true;
    event.source = "events";
    event.start_ms = event.end_ms = 1490000000000;
    event.status = STATUS_SUCCEEDED;
    event.tags = tags;
    event.n_tags = 2;
    record(ledger, &event);
    record(ledger, &event); /* each is a row, as in Graphite */
    event.n_tags = 1;
    record(ledger, &event);
    const char *both[] = {"deploy", "website"};
    const char *either[] = {"website", "nosuch"};
    struct change_query query = {.kind = -1, .tags = both, .n_tags = 2, .only_posted = true};
    EXPECT_I64(list(ledger, query).n, 2);
    query.tags = either;
    EXPECT_I64(list(ledger, query).n, 0);
    query.any_tag = true;
    EXPECT_I64(list(ledger, query).n, 2);
    EXPECT_I64(list(ledger, (struct change_query){.kind = -1}).n, 3);
    EXPECT_TEXT(list(ledger, query).items[0].data, "revision \"100\"");
    ledger_close(ledger);
}

TEST(a_tag_asked_for_twice_is_asked_for_once)
{
    struct ledger *ledger = open_ledger();
    struct change change = deploy("a1", 1490000000);
    record(ledger, &change);
    const char *tags[] = {"deploy", "website", "deploy"};
    struct change_query query = {.kind = -1, .tags = tags, .n_tags = 3};
    EXPECT_I64(list(ledger, query).n, 1);
    ledger_close(ledger);
}

TEST(an_end_is_checked_as_a_change_is)
{
    struct ledger *ledger = open_ledger();
    struct change start = deploy("a1", 1490000000);
    start.status = STATUS_RUNNING;
    start.end_ms = 0;
    struct ledger_receipt first = record(ledger, &start), last;
    struct ledger_end end = {.id = "",
                             .kind = CHANGE_DEPLOY,
                             .service = "web site",
                             .env = "",
                             .status = STATUS_SUCCEEDED,
                             .end_ms = 1490000060000,
                             .msg = "disk\x1b[31m \xff full"};
    EXPECT_ERR(ledger_finish(ledger, &end, &last, &kit_err), ERR_INPUT, "service");
    end.service = "WebSite/";
    end.end_ms = 5;
    EXPECT_ERR(ledger_finish(ledger, &end, &last, &kit_err), ERR_INPUT, "end");
    end.end_ms = 1490000060; /* seconds */
    EXPECT_OK(ledger_finish(ledger, &end, &last, &kit_err));
    EXPECT_TEXT(last.id, first.id);
    struct change got = get(ledger, first.id);
    EXPECT_I64(got.end_ms, 1490000060000);
    EXPECT_TEXT(got.msg, "disk [31m ? full");
    end.id = first.id;
    end.service = "";
    end.status = STATUS_FAILED;
    EXPECT_OK(ledger_finish(ledger, &end, &last, &kit_err)); /* an id alone is enough */
    EXPECT_I64(get(ledger, first.id).status, STATUS_FAILED);
    ledger_close(ledger);
}

TEST(finds_by_prefix_and_by_row)
{
    struct ledger *ledger = open_ledger();
    struct change a = deploy("a1", 1490000000), b = deploy("b2", 1490000000);
    struct ledger_receipt first = record(ledger, &a);
    b.service = "search";
    struct ledger_receipt second = record(ledger, &b);
    char id[27];
    for (size_t i = 0; i < sizeof id; i++)
        id[i] = (char)(first.id[i] >= 'A' ? first.id[i] + 32 : first.id[i]);
    EXPECT_TEXT(get(ledger, id).rev, "a1");
    id[25] = '\0';
    EXPECT_TEXT(get(ledger, id).rev, "a1");
    struct change got;
    id[10] = '\0'; /* the time alone: both begin so */
    EXPECT_ERR(ledger_get(ledger, id, &kit_arena, &got, &kit_err), ERR_INPUT, "more than one");
    EXPECT_ERR(ledger_get(ledger, "0000", &kit_arena, &got, &kit_err), ERR_MISSING, "0000");
    EXPECT_ERR(ledger_get(ledger, "012345678901234567890123456789", &kit_arena, &got, &kit_err),
               ERR_MISSING, "0123");
    const struct ledger_end end = {.id = second.id,
                                   .service = "",
                                   .env = "",
                                   .status = STATUS_FAILED,
                                   .end_ms = 1490000060000,
                                   .msg = ""};
    struct ledger_receipt third;
    EXPECT_OK(ledger_finish(ledger, &end, &third, &kit_err));
    EXPECT_OK(ledger_get_row(ledger, second.seq, &kit_arena, &got, &kit_err));
    EXPECT_TEXT(got.id, second.id); /* by any of its rows, as it now is */
    EXPECT_I64(got.status, STATUS_FAILED);
    EXPECT_I64(got.seq, third.seq);
    EXPECT_ERR(ledger_get_row(ledger, 99, &kit_arena, &got, &kit_err), ERR_MISSING, "");
    ledger_close(ledger);
}

TEST(lists_by_time_kind_and_service)
{
    struct ledger *ledger = open_ledger();
    for (int i = 0; i < 10; i++) {
        struct change change = deploy("", 1490000000 + i * 1000);
        change.service = i % 2 ? "web/checkout" : "web";
        change.kind = i < 8 ? CHANGE_DEPLOY : CHANGE_CONFIG;
        record(ledger, &change);
    }
    struct change_list found = list(ledger, (struct change_query){.kind = -1, .n_max = 3});
    EXPECT_I64(found.n, 3);
    EXPECT_I64(found.items[0].start_ms, 1490009000000); /* newest first */
    EXPECT_I64(list(ledger, (struct change_query){.kind = CHANGE_CONFIG}).n, 2);
    EXPECT_I64(list(ledger, (struct change_query){.kind = -1, .service = "web"}).n, 10);
    EXPECT_I64(list(ledger, (struct change_query){.kind = -1, .service = "web/checkout"}).n, 5);
    struct change_query span = {.kind = -1, .from_ms = 1490002000000, .until_ms = 1490004000000};
    EXPECT_I64(list(ledger, span).n, 2);
    ledger_close(ledger);
}

TEST(bad_input_names_the_field)
{
    struct ledger *ledger = open_ledger();
    struct change change = deploy("a1", 1490000000);
    change.service = "web site";
    struct ledger_receipt receipt;
    EXPECT_ERR(ledger_record(ledger, &change, &receipt, &kit_err), ERR_INPUT, "service");
    change.service = "";
    EXPECT_ERR(ledger_record(ledger, &change, &receipt, &kit_err), ERR_INPUT, "service");
    ledger_close(ledger);
}

static void tamper(const char *sql)
{
    sqlite3 *handle;
    EXPECT_I64(sqlite3_open(kit_path(kit_temp_dir(), "ledger.db"), &handle), SQLITE_OK);
    EXPECT_I64(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

TEST(verify_finds_a_changed_row)
{
    struct ledger *ledger = open_ledger();
    for (int i = 0; i < 5; i++) {
        struct change change = deploy("", 1490000000 + i * 1000);
        record(ledger, &change);
    }
    uint64_t n_rows = 0;
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    EXPECT_I64(n_rows, 5);
    ledger_close(ledger);
    tamper("DROP TRIGGER rows_stay; UPDATE rows SET body = replace(body, 'http', 'line') WHERE seq "
           "= 3");
    ledger = open_ledger();
    EXPECT_ERR(ledger_verify(ledger, &n_rows, &kit_err), ERR_CORRUPT, "row 3");
    ledger_close(ledger);
}

TEST(refuses_a_newer_format)
{
    ledger_close(open_ledger());
    tamper("PRAGMA user_version = 99");
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_ERR(ledger_open(&options, &ledger, &kit_err), ERR_REFUSED, "newer plumb");
}

TEST(what_was_posted_is_there_after_the_barrier)
{
    struct ledger *ledger = open_ledger();
    for (int i = 0; i < 2000; i++) {
        struct change change = deploy("", 1490000000 + i);
        change.source = "line";
        EXPECT_OK(ledger_post(ledger, &change, 10000000, &kit_err));
    }
    EXPECT_OK(ledger_barrier(ledger, &kit_err));
    struct ledger_stats stats;
    ledger_stats(ledger, &stats);
    EXPECT_I64(stats.n_changes, 2000);
    ledger_close(ledger);
}

static void record_many(void *self)
{
    for (int i = 0; i < 50; i++) {
        struct change change = deploy("", 1490000000 + i);
        char key[64];
        struct err err;
        struct ledger_receipt receipt;
        snprintf(key, sizeof key, "%d", i);
        change.key = key;
        if (!ledger_record(self, &change, &receipt, &err))
            return;
    }
}

TEST(threads_tell_the_same_changes_once)
{
    struct ledger *ledger = open_ledger();
    struct thread threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        EXPECT_OK(thread_start(&threads[i], "teller", record_many, ledger, &kit_err));
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        thread_join(&threads[i]);
    struct ledger_stats stats;
    ledger_stats(ledger, &stats);
    EXPECT_I64(stats.n_changes, 50);
    ledger_close(ledger);
}

RUN_TESTS(test_of(keeps_changes_across_a_restart),
          test_of(derives_the_previous_revision_and_rollbacks),
          test_of(start_and_end_are_one_change), test_of(the_same_key_is_the_same_change),
          test_of(posted_events_are_found_by_tags),
          test_of(a_tag_asked_for_twice_is_asked_for_once),
          test_of(an_end_is_checked_as_a_change_is), test_of(finds_by_prefix_and_by_row),
          test_of(lists_by_time_kind_and_service), test_of(bad_input_names_the_field),
          test_of(verify_finds_a_changed_row), test_of(refuses_a_newer_format),
          test_of(what_was_posted_is_there_after_the_barrier),
          test_of(threads_tell_the_same_changes_once))
