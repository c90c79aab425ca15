#include "ledger/amend.h"

#include <string.h>

#include "kit/kit.h"
#include "os/file.h"

static struct ledger *open_ledger(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

static struct ledger_receipt deploy(struct ledger *ledger, const char *msg)
{
    struct change change = change_blank();
    struct ledger_receipt receipt = {0};
    change.service = "website";
    change.source = "http";
    change.by = "nora";
    change.msg = msg;
    change.start_ms = change.end_ms = 1490000000000;
    change.status = STATUS_SUCCEEDED;
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    return receipt;
}

static struct change get(struct ledger *ledger, const char *id)
{
    struct change change = change_blank();
    EXPECT_OK(ledger_get(ledger, id, &kit_arena, &change, &kit_err));
    return change;
}

static size_t n_found(struct ledger *ledger, const char *text)
{
    const struct changes changes = ledger_changes(ledger);
    const struct change_query query = {.kind = -1, .text = text};
    struct change_list list = {0};
    EXPECT_OK(changes.ops->list(changes.self, &query, &kit_arena, &list, &kit_err));
    return list.n;
}

TEST(an_edit_is_a_row_that_says_who_and_why)
{
    struct ledger *ledger = open_ledger();
    struct ledger_receipt told = deploy(ledger, "fix lgoin"), edited;
    struct change now = change_blank();
    now.msg = "fix login";
    now.rev = "4f2c1e9";
    const struct amendment amendment = {told.id, "sam", "a typo"};
    EXPECT_OK(amend_edit(ledger, &amendment, &now, &edited, &kit_err));
    struct change got = get(ledger, told.id);
    EXPECT_TEXT(got.msg, "fix login");
    EXPECT_TEXT(got.rev, "4f2c1e9");
    EXPECT_TEXT(got.by, "nora");
    EXPECT_I64(got.n_edits, 1);
    EXPECT_I64(n_found(ledger, "lgoin"), 0);
    EXPECT_I64(n_found(ledger, "login"), 1);

    struct amend_note *notes;
    size_t n;
    EXPECT_OK(amend_history(ledger, told.id, 10, &kit_arena, &notes, &n, &kit_err));
    EXPECT_I64(n, 2);
    EXPECT_TEXT(notes[0].audit.what, "edit");
    EXPECT_TEXT(notes[0].audit.by, "sam");
    EXPECT_TEXT(notes[0].audit.why, "a typo");
    EXPECT_TEXT(notes[1].audit.what, "");
    EXPECT_TEXT(notes[1].change.msg, "fix lgoin");
    ledger_close(ledger);
}

TEST(a_bad_edit_changes_nothing)
{
    struct ledger *ledger = open_ledger();
    struct ledger_receipt told = deploy(ledger, "fix login"), edited;
    struct change now = change_blank();
    now.service = "web site";
    const struct amendment amendment = {told.id, "sam", ""};
    EXPECT_ERR(amend_edit(ledger, &amendment, &now, &edited, &kit_err), ERR_INPUT, "service");
    EXPECT_TEXT(get(ledger, told.id).service, "website");
    const struct amendment nothing = {"01BBNEQD00Q0F4SEDVBXA7B3N1", "sam", ""};
    EXPECT_ERR(amend_edit(ledger, &nothing, &now, &edited, &kit_err), ERR_MISSING, "no change");
    ledger_close(ledger);
}

TEST(what_is_retracted_is_hidden_and_kept)
{
    struct ledger *ledger = open_ledger();
    struct ledger_receipt told = deploy(ledger, "fix login"), receipt;
    const struct amendment amendment = {told.id, "sam", "it was staging"};
    EXPECT_OK(amend_retract(ledger, &amendment, false, &receipt, &kit_err));
    EXPECT_I64(n_found(ledger, "login"), 0);
    EXPECT(get(ledger, told.id).is_retracted);
    EXPECT_ERR(amend_retract(ledger, &amendment, false, &receipt, &kit_err), ERR_INPUT, "already");

    const struct changes changes = ledger_changes(ledger);
    struct change_list list = {0};
    EXPECT_OK(changes.ops->since(changes.self, 0, 10, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 1); /* followers hear of it */

    EXPECT_OK(amend_retract(ledger, &amendment, true, &receipt, &kit_err));
    EXPECT_I64(n_found(ledger, "login"), 1);
    ledger_close(ledger);
}

static bool holds(const char *file, const char *text)
{
    struct buf bytes;
    buf_init(&bytes, 64 << 20);
    EXPECT_OK(file_read_all(kit_path(kit_temp_dir(), file), &bytes, &kit_err));
    const bool is_there = memmem(bytes.at, bytes.n, text, strlen(text)) != NULL;
    buf_done(&bytes);
    return is_there;
}

TEST(a_purge_takes_the_texts_and_leaves_the_chain)
{
    struct ledger *ledger = open_ledger();
    deploy(ledger, "another");
    struct ledger_receipt told = deploy(ledger, "call Erika Mustermann"), receipt;
    const struct amendment amendment = {told.id, "dpo", "erasure request 7"};
    EXPECT_OK(amend_purge(ledger, &amendment, &receipt, &kit_err));
    struct change got = get(ledger, told.id);
    EXPECT_TEXT(got.msg, "");
    EXPECT_TEXT(got.by, "");
    EXPECT_TEXT(got.service, "website");
    EXPECT_I64(got.start_ms, 1490000000000);
    EXPECT_I64(n_found(ledger, "mustermann"), 0);
    uint64_t n_rows;
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    EXPECT_I64(n_rows, 3);
    struct amend_note *notes;
    size_t n;
    EXPECT_OK(amend_history(ledger, told.id, 10, &kit_arena, &notes, &n, &kit_err));
    EXPECT_I64(n, 2);
    EXPECT(notes[1].is_purged);
    static const char *const files[] = {"ledger.db", "ledger.db-wal"};
    for (size_t i = 0; i < COUNT_OF(files); i++) /* nor in free pages, nor as words to search */
        EXPECT(!holds(files[i], "ustermann"));
    EXPECT(holds("ledger.db", "another"));
    ledger_close(ledger);
}

TEST(what_is_purged_stays_so_whoever_tells_it_again)
{
    struct ledger *ledger = open_ledger();
    struct change told = change_blank();
    struct ledger_receipt first, receipt;
    told.service = "website";
    told.source = "hook/github";
    told.key = "github-1";
    told.by = "erika";
    told.msg = "call Erika Mustermann";
    told.start_ms = 1490000000000;
    told.status = STATUS_RUNNING;
    const struct tag tag = {"who", "Mustermann"};
    change_add_tag(&told, tag, &kit_arena);
    EXPECT_OK(ledger_record(ledger, &told, &first, &kit_err));
    const struct amendment amendment = {first.id, "dpo", "erasure request 7"};
    EXPECT_OK(amend_purge(ledger, &amendment, &receipt, &kit_err));

    /* The hook again; with its end; and another door, without its key. */
    EXPECT_OK(ledger_record(ledger, &told, &receipt, &kit_err));
    EXPECT_TEXT(receipt.id, first.id);
    EXPECT(receipt.is_merged);
    told.end_ms = told.start_ms + 60000;
    told.status = STATUS_SUCCEEDED;
    EXPECT_OK(ledger_record(ledger, &told, &receipt, &kit_err));
    EXPECT_TEXT(receipt.id, first.id);
    told.source = "http";
    told.key = "";
    EXPECT_OK(ledger_record(ledger, &told, &receipt, &kit_err));
    EXPECT_TEXT(receipt.id, first.id);
    struct ledger_end end = {
        .id = first.id, .status = STATUS_FAILED, .msg = "Mustermann", .end_ms = told.end_ms + 1000};
    EXPECT_OK(ledger_finish(ledger, &end, &receipt, &kit_err));

    struct change got = get(ledger, first.id);
    EXPECT_TEXT(got.msg, "");
    EXPECT_TEXT(got.by, "");
    EXPECT_TEXT(got.key, "");
    EXPECT_I64(got.n_tags, 0);
    EXPECT_I64(got.status, STATUS_FAILED); /* when and how it ended is nobody's name */
    EXPECT_I64(got.end_ms, told.end_ms + 1000);
    EXPECT_I64(n_found(ledger, "mustermann"), 0);
    uint64_t n_rows;
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    EXPECT_I64(n_rows, 4); /* told, purged, its end, its other end */
    ledger_close(ledger);
    EXPECT(!holds("ledger.db", "ustermann"));
}

RUN_TESTS(test_of(an_edit_is_a_row_that_says_who_and_why), test_of(a_bad_edit_changes_nothing),
          test_of(what_is_retracted_is_hidden_and_kept),
          test_of(a_purge_takes_the_texts_and_leaves_the_chain),
          test_of(what_is_purged_stays_so_whoever_tells_it_again))
