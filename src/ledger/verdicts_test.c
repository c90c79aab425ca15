#include "ledger/verdicts.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>

#include "base/num.h"
#include "kit/kit.h"

static struct ledger *open_ledger(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

static const char *deploy(struct ledger *ledger, const char *service, int64_t start_ms)
{
    struct change change = change_blank();
    struct ledger_receipt receipt = {0};
    change.service = service;
    change.source = "cli";
    change.by = "nora";
    change.msg = "fix login";
    change.start_ms = change.end_ms = start_ms;
    change.status = STATUS_SUCCEEDED;
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    return arena_strdup(&kit_arena, receipt.id);
}

static struct verdict verdict_of(const char *id, enum verdict_stage stage, enum verdict_state state)
{
    static struct verdict_metric moved = {.name = "php.warnings",
                                          .harm = VERDICT_BAD,
                                          .before = 1.2,
                                          .after = 44,
                                          .effect = 42.8,
                                          .n_spark = 2,
                                          .since_s = 1490000060};
    static struct verdict_metric unmoved = {
        .name = "logins.ok", .is_vital = true, .before = 400, .would_see = 16, .n_spark = 2};
    static const char *reasons[] = {"A day of history is too little."};
    struct verdict verdict = verdict_blank();
    verdict.change = id;
    verdict.stage = stage;
    verdict.state = state;
    verdict.made_ms = 1490000900000;
    verdict.until_s = 1490000900;
    verdict.n_checked = 42;
    verdict.moved = &moved;
    verdict.n_moved = state == VERDICT_HARM;
    verdict.unmoved = &unmoved;
    verdict.n_unmoved = 1;
    verdict.reasons = reasons;
    verdict.n_reasons = 1;
    verdict.method = "1";
    return verdict;
}

static void put(struct ledger *ledger, const char *id, enum verdict_stage stage,
                enum verdict_state state)
{
    const struct verdict verdict = verdict_of(id, stage, state);
    EXPECT_OK(ledger_verdict_put(ledger, &verdict, &kit_err));
}

static struct change get(struct ledger *ledger, const char *id)
{
    struct change change = change_blank();
    EXPECT_OK(ledger_get(ledger, id, &kit_arena, &change, &kit_err));
    return change;
}

static struct change_list listed(struct ledger *ledger, int state, const char *service)
{
    const struct changes changes = ledger_changes(ledger);
    const struct change_query query = {.kind = -1, .verdict = state + 1, .service = service};
    struct change_list found = {0};
    EXPECT_OK(changes.ops->list(changes.self, &query, &kit_arena, &found, &kit_err));
    return found;
}

static size_t n_listed(struct ledger *ledger, int state)
{
    return listed(ledger, state, "").n;
}

TEST(a_change_carries_the_newest_of_its_latest_stage)
{
    struct ledger *ledger = open_ledger();
    const char *id = deploy(ledger, "website", 1490000000000);
    EXPECT(get(ledger, id).verdict == NULL);
    put(ledger, id, VERDICT_15M, VERDICT_HARM);
    struct change change = get(ledger, id);
    EXPECT(change.verdict != NULL);
    EXPECT_I64(change.verdict->state, VERDICT_HARM);
    EXPECT_TEXT(change.verdict->change, id);
    EXPECT_I64(change.verdict->n_checked, 42);
    EXPECT_I64(change.verdict->made_ms, 1490000900000);
    EXPECT_TEXT(change.verdict->moved[0].name, "php.warnings");
    EXPECT_F64(change.verdict->moved[0].after, 44, 0);
    EXPECT_F64(verdict_sees(&change.verdict->unmoved[0]), 0.04, 1e-12);
    EXPECT_I64(change.n_edits, 0);
    EXPECT_TEXT(change.msg, "fix login");

    put(ledger, id, VERDICT_1H, VERDICT_NO_HARM);
    put(ledger, id, VERDICT_15M, VERDICT_IMPROVED); /* an earlier stage, judged again */
    change = get(ledger, id);
    EXPECT_I64(change.verdict->state, VERDICT_NO_HARM);
    EXPECT_I64(change.verdict->stage, VERDICT_1H);
    ledger_close(ledger);
    ledger = open_ledger();
    EXPECT_I64(get(ledger, id).verdict->state, VERDICT_NO_HARM);
    ledger_close(ledger);
}

TEST(the_evidence_of_each_stage_is_kept)
{
    struct ledger *ledger = open_ledger();
    const char *id = deploy(ledger, "website", 1490000000000);
    struct verdict *verdicts;
    size_t n;
    EXPECT_OK(ledger_verdict_list(ledger, id, &kit_arena, &verdicts, &n, &kit_err));
    EXPECT_I64(n, 0);
    put(ledger, id, VERDICT_1H, VERDICT_NO_HARM);
    put(ledger, id, VERDICT_15M, VERDICT_NO_HARM);
    put(ledger, id, VERDICT_15M, VERDICT_HARM);
    EXPECT_OK(ledger_verdict_list(ledger, id, &kit_arena, &verdicts, &n, &kit_err));
    EXPECT_I64(n, 2);
    EXPECT_I64(verdicts[0].stage, VERDICT_15M);
    EXPECT_I64(verdicts[0].state, VERDICT_HARM);
    EXPECT_I64(verdicts[0].n_revised, 1);
    EXPECT_I64(verdicts[0].moved[0].n_spark, 2);
    EXPECT_I64(verdicts[0].unmoved[0].n_spark, 0);
    EXPECT_TEXT(verdicts[0].reasons[0], "A day of history is too little.");
    EXPECT_I64(verdicts[1].stage, VERDICT_1H);
    EXPECT_I64(verdicts[1].n_revised, 0);

    struct amend_note *notes;
    EXPECT_OK(amend_history(ledger, id, 10, &kit_arena, &notes, &n, &kit_err));
    EXPECT_I64(n, 4);
    EXPECT_TEXT(notes[0].audit.what, "verdict");
    EXPECT_TEXT(notes[0].audit.why, "15m: harm (revised)");
    EXPECT_TEXT(notes[1].audit.why, "15m: no harm");
    EXPECT_TEXT(notes[3].audit.what, "");
    EXPECT_OK(amend_history(ledger, "", 10, &kit_arena, &notes, &n, &kit_err));
    EXPECT_I64(n, 0);
    ledger_close(ledger);
}

TEST(long_lists_are_cut_and_counted)
{
    struct ledger *ledger = open_ledger();
    const char *id = deploy(ledger, "website", 1490000000000);
    struct verdict verdict = verdict_of(id, VERDICT_15M, VERDICT_HARM), *got;
    const size_t n_many = 5000;
    struct verdict_metric *many = arena_array(&kit_arena, n_many, struct verdict_metric);
    for (size_t i = 0; i < n_many; i++)
        many[i] = verdict.moved[0];
    verdict.moved = verdict.unmoved = many;
    verdict.n_moved = verdict.n_unmoved = n_many;
    size_t n;
    EXPECT_OK(ledger_verdict_put(ledger, &verdict, &kit_err));
    EXPECT_OK(ledger_verdict_list(ledger, id, &kit_arena, &got, &n, &kit_err));
    EXPECT_I64(got->n_moved, VERDICTS_MOVED_MAX);
    EXPECT_I64(verdict_moved(got), 5000);
    EXPECT_I64(got->n_unmoved, VERDICTS_UNMOVED_MAX);
    EXPECT_I64(verdict_moved(get(ledger, id).verdict), 5000);
    ledger_close(ledger);
}

TEST(followers_hear_of_a_verdict_and_writers_leave_it)
{
    struct ledger *ledger = open_ledger();
    const struct changes changes = ledger_changes(ledger);
    const char *id = deploy(ledger, "website", 1490000000000);
    struct change_list list = {0};
    const uint64_t seq = changes.ops->last_seq(changes.self);
    put(ledger, id, VERDICT_15M, VERDICT_HARM);
    EXPECT_OK(changes.ops->since(changes.self, seq, 10, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 1);
    EXPECT_I64(list.items[0].verdict->state, VERDICT_HARM);
    EXPECT_I64(list.items[0].seq, changes.ops->last_seq(changes.self));

    struct change now = change_blank();
    struct ledger_receipt receipt;
    const struct verdict other = verdict_of(id, VERDICT_24H, VERDICT_IMPROVED);
    now.msg = "fix the login";
    now.verdict = &other;
    EXPECT_OK(
        amend_edit(ledger, &(struct amendment){id, "sam", "a typo"}, &now, &receipt, &kit_err));
    EXPECT_I64(get(ledger, id).verdict->state, VERDICT_HARM);
    now.service = "search";
    now.source = "http";
    EXPECT_OK(ledger_record(ledger, &now, &receipt, &kit_err));
    EXPECT(get(ledger, receipt.id).verdict == NULL);
    ledger_close(ledger);
}

TEST(finds_by_verdict)
{
    struct ledger *ledger = open_ledger();
    const char *bad = deploy(ledger, "website", 1490000000000);
    const char *good = deploy(ledger, "search", 1490001000000);
    deploy(ledger, "cart", 1490002000000);
    EXPECT_I64(n_listed(ledger, VERDICT_HARM), 0);
    EXPECT_I64(n_listed(ledger, VERDICT_PENDING), 3);
    put(ledger, bad, VERDICT_15M, VERDICT_HARM);
    put(ledger, good, VERDICT_15M, VERDICT_NO_HARM);
    EXPECT_I64(n_listed(ledger, VERDICT_HARM), 1);
    EXPECT_TEXT(listed(ledger, VERDICT_HARM, "website").items[0].id, bad);
    EXPECT_I64(listed(ledger, VERDICT_HARM, "search").n, 0);
    EXPECT_I64(listed(ledger, VERDICT_NO_HARM, "search").n, 1);
    EXPECT_I64(n_listed(ledger, VERDICT_PENDING), 1);
    EXPECT_I64(listed(ledger, VERDICT_PENDING, "cart").n, 1);
    put(ledger, bad, VERDICT_1H, VERDICT_CANNOT_TELL);
    EXPECT_I64(n_listed(ledger, VERDICT_HARM), 0);
    EXPECT_I64(n_listed(ledger, VERDICT_CANNOT_TELL), 1);
    ledger_close(ledger);
}

TEST(a_purge_leaves_the_numbers_and_the_chain)
{
    struct ledger *ledger = open_ledger();
    const char *id = deploy(ledger, "website", 1490000000000);
    struct ledger_receipt receipt;
    struct verdict *verdicts;
    size_t n;
    uint64_t n_rows;
    put(ledger, id, VERDICT_15M, VERDICT_HARM);
    EXPECT_OK(amend_purge(ledger, &(struct amendment){id, "dpo", "request 7"}, &receipt, &kit_err));
    EXPECT_TEXT(get(ledger, id).by, "");
    EXPECT_I64(get(ledger, id).verdict->state, VERDICT_HARM);
    EXPECT_OK(ledger_verdict_list(ledger, id, &kit_arena, &verdicts, &n, &kit_err));
    EXPECT_I64(n, 1);
    EXPECT_TEXT(verdicts[0].moved[0].name, "php.warnings");
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    EXPECT_I64(n_rows, 4);
    put(ledger, id, VERDICT_1H, VERDICT_HARM); /* and it goes on */
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    ledger_close(ledger);
}

TEST(what_is_not_kept)
{
    struct ledger *ledger = open_ledger();
    const char *id = deploy(ledger, "website", 1490000000000);
    struct verdict live = verdict_of(id, VERDICT_LIVE, VERDICT_HARM);
    EXPECT_ERR(ledger_verdict_put(ledger, &live, &kit_err), ERR_INPUT, "goes on");
    struct verdict lost = verdict_of("01BBNEQD00Q0F4SEDVBXA7B3N1", VERDICT_1H, VERDICT_HARM);
    EXPECT_ERR(ledger_verdict_put(ledger, &lost, &kit_err), ERR_MISSING, "no change");
    lost.change = "01";
    EXPECT_ERR(ledger_verdict_put(ledger, &lost, &kit_err), ERR_INPUT, "too short");
    struct verdict huge = verdict_of(id, VERDICT_1H, VERDICT_HARM);
    const size_t n = 2 << 20;
    char *name = arena_alloc(&kit_arena, n + 1);
    memset(name, 'a', n);
    name[n] = '\0';
    huge.reasons = (const char *[]){name};
    EXPECT_ERR(ledger_verdict_put(ledger, &huge, &kit_err), ERR_LIMIT, "bytes");
    EXPECT(get(ledger, id).verdict == NULL);
    struct verdict *verdicts;
    size_t n_verdicts;
    EXPECT_ERR(
        ledger_verdict_list(ledger, lost.change, &kit_arena, &verdicts, &n_verdicts, &kit_err),
        ERR_INPUT, "too short");
    ledger_close(ledger);
}

TEST(the_newest_self_check_is_told)
{
    struct ledger *ledger = open_ledger();
    struct ledger_self_check got, check = {.false_alarms = 2.5, .n_metrics = 4000, .detail = ""};
    EXPECT_ERR(ledger_self_check_get(ledger, &kit_arena, &got, &kit_err), ERR_MISSING, "no self");
    EXPECT_OK(ledger_self_check_put(ledger, &check, &kit_err));
    EXPECT_OK(ledger_self_check_get(ledger, &kit_arena, &got, &kit_err));
    EXPECT_F64(got.false_alarms, 2.5, 0);
    EXPECT_I64(got.n_metrics, 4000);
    EXPECT_TEXT(got.detail, "");
    EXPECT(got.at_ms > 0);
    check.at_ms = 1490000000000;
    check.false_alarms = NAN;
    check.detail = "{\"counts\":3.1}";
    EXPECT_OK(ledger_self_check_put(ledger, &check, &kit_err));
    EXPECT_OK(ledger_self_check_get(ledger, &kit_arena, &got, &kit_err));
    EXPECT(is_gap(got.false_alarms));
    EXPECT_TEXT(got.detail, "{\"counts\":3.1}");
    EXPECT_I64(got.at_ms, 1490000000000);
    check.detail = "{";
    EXPECT_ERR(ledger_self_check_put(ledger, &check, &kit_err), ERR_INPUT, "no JSON");
    uint64_t n_rows;
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    EXPECT_I64(n_rows, 2);
    ledger_close(ledger);
}

static void run_sql(const char *text)
{
    sqlite3 *handle;
    EXPECT_I64(sqlite3_open(kit_path(kit_temp_dir(), "ledger.db"), &handle), SQLITE_OK);
    EXPECT_I64(sqlite3_exec(handle, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

TEST(a_file_that_has_no_verdicts_yet_takes_them)
{
    struct ledger *ledger = open_ledger();
    const char *id = deploy(ledger, "website", 1490000000000);
    ledger_close(ledger);
    run_sql("DROP TABLE verdicts; PRAGMA user_version = 2;");
    struct ledger_verified verified;
    EXPECT_OK(ledger_verify_file(kit_path(kit_temp_dir(), "ledger.db"), &verified, &kit_err));
    ledger = open_ledger();
    EXPECT(get(ledger, id).verdict == NULL);
    put(ledger, id, VERDICT_15M, VERDICT_HARM);
    EXPECT_I64(n_listed(ledger, VERDICT_HARM), 1);
    ledger_close(ledger);
}

RUN_TESTS(test_of(a_change_carries_the_newest_of_its_latest_stage),
          test_of(the_evidence_of_each_stage_is_kept), test_of(long_lists_are_cut_and_counted),
          test_of(followers_hear_of_a_verdict_and_writers_leave_it), test_of(finds_by_verdict),
          test_of(a_purge_leaves_the_numbers_and_the_chain), test_of(what_is_not_kept),
          test_of(the_newest_self_check_is_told),
          test_of(a_file_that_has_no_verdicts_yet_takes_them))
