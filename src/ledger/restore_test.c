#include "ledger/restore.h"

#include "base/str.h"
#include "kit/kit.h"

#define ID_A "01BWZ3T1M00000000000000001"
#define ID_B "01BWZ3T1M00000000000000002"

static struct ledger *open_named(const char *name)
{
    struct ledger *ledger = NULL;
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), name),
                                           .clock = kit_clock()};
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

static struct change example(const char *id, const char *key, int64_t start_s)
{
    struct change change = change_blank();
    change.id = id;
    change.key = key;
    change.source = "cli";
    change.service = "web";
    change.rev = "4f2c1e9";
    change.start_ms = start_s * 1000;
    change.end_ms = change.start_ms + 5000;
    change.status = STATUS_SUCCEEDED;
    change.received_ms = change.end_ms;
    return change;
}

static void put(struct ledger *ledger, struct change *items, size_t n, struct ledger_receipt *out)
{
    const struct change_list list = {.items = items, .n = n};
    for (size_t i = 0; i < n; i++)
        EXPECT_OK(change_check(&items[i], 1500000000000, &kit_arena, &kit_err));
    EXPECT_OK(restore_changes(ledger, &list, &kit_arena, out, &kit_err));
}

TEST(comes_as_it_was_and_only_once)
{
    struct ledger *ledger = open_named("a.db");
    struct telling also = {"hook/github", "7"};
    struct change items[] = {example(ID_A, "k", 1499990000), example(ID_B, "", 1499990001)};
    struct ledger_receipt receipts[2];
    items[0].also = &also;
    items[0].n_also = 1;
    items[0].n_edits = 3;
    items[1].of = ID_A;
    items[1].is_retracted = true;
    put(ledger, items, 2, receipts);
    EXPECT(!receipts[0].is_merged && !receipts[1].is_merged); /* no sameness is looked for */
    struct change got;
    EXPECT_OK(ledger_get(ledger, ID_A, &kit_arena, &got, &kit_err));
    EXPECT_I64(got.n_edits, 3);
    EXPECT_TEXT(got.also[0].key, "7");
    EXPECT_OK(ledger_get(ledger, ID_B, &kit_arena, &got, &kit_err));
    EXPECT_TEXT(got.of, ID_A);
    EXPECT(got.is_retracted);
    struct ledger_stats before, after;
    ledger_stats(ledger, &before);
    EXPECT_I64(before.n_changes, 2);
    put(ledger, items, 2, receipts);
    EXPECT(receipts[0].is_merged && receipts[1].is_merged);
    EXPECT_TEXT(receipts[1].id, ID_B);
    ledger_stats(ledger, &after);
    EXPECT_I64(after.n_rows, before.n_rows);
    EXPECT_I64(after.n_changes, 2);
    uint64_t n_rows;
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    ledger_close(ledger);
}

TEST(a_key_that_is_known_is_the_same_change)
{
    struct ledger *ledger = open_named("b.db");
    struct change known = example("", "k", 1499990000);
    struct ledger_receipt receipt, got;
    EXPECT_OK(ledger_record(ledger, &known, &receipt, &kit_err));
    struct change again = example(ID_A, "k", 1499990000);
    put(ledger, &again, 1, &got);
    EXPECT(got.is_merged);
    EXPECT_TEXT(got.id, receipt.id);
    ledger_close(ledger);
}

TEST(without_an_id_it_is_told)
{
    struct ledger *ledger = open_named("c.db");
    struct change items[] = {example("", "k1", 1499990000), example("", "k1", 1499990000),
                             example("", "k2", 1499990900)};
    struct ledger_receipt receipts[3];
    put(ledger, items, 3, receipts);
    EXPECT(!receipts[0].is_merged && receipts[1].is_merged && !receipts[2].is_merged);
    EXPECT_TEXT(receipts[0].id, receipts[1].id);
    ledger_close(ledger);
}

RUN_TESTS(test_of(comes_as_it_was_and_only_once), test_of(a_key_that_is_known_is_the_same_change),
          test_of(without_an_id_it_is_told))
