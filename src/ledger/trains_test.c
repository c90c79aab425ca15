#include "ledger/ledger.h"

#include <sqlite3.h>

#include "base/str.h"
#include "kit/kit.h"

static struct ledger *open_ledger(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

/* The topic after who said it; "" wish: as it is. */
static const char *topic(struct ledger *ledger, const char *name, const char *who,
                         const char *typed)
{
    struct ledger_train train = {.train = train_clear()};
    struct train_wish wish = {.who = who};
    if (typed[0])
        EXPECT_OK(train_wish_parse(typed, &kit_arena, &wish, &kit_err));
    EXPECT_OK(ledger_train(ledger, name, typed[0] ? &wish : NULL, &kit_arena, &train, &kit_err));
    return train_format(&train.train, &kit_arena);
}

static size_t rows(struct ledger *ledger)
{
    uint64_t n = 0;
    EXPECT_OK(ledger_verify(ledger, &n, &kit_err));
    return n;
}

TEST(a_train_outlives_a_restart_and_each_step_is_in_the_chain)
{
    struct ledger *ledger = open_ledger();
    EXPECT_TEXT(topic(ledger, "website", "", ""), "clear");
    EXPECT_TEXT(topic(ledger, "website", "nora", "join"), "nora");
    EXPECT_TEXT(topic(ledger, "WebSite", "lee", "join"), "nora | lee");
    EXPECT_TEXT(topic(ledger, "search", "sam", "join"), "sam");
    EXPECT_I64(rows(ledger), 3);
    EXPECT_TEXT(topic(ledger, "website", "ops", "set nora | lee"), "nora | lee");
    EXPECT_I64(rows(ledger), 3); /* nothing new is no row */
    ledger_close(ledger);

    ledger = open_ledger();
    struct ledger_train train;
    EXPECT_OK(ledger_train(ledger, "website", NULL, &kit_arena, &train, &kit_err));
    EXPECT_TEXT(train_format(&train.train, &kit_arena), "nora | lee");
    EXPECT_TEXT(train.by, "lee");
    EXPECT(!train.train.is_new);
    EXPECT_I64(train.at_ms, kit_now_us / 1000);
    EXPECT_OK(ledger_train(ledger, "other", NULL, &kit_arena, &train, &kit_err));
    EXPECT(train.train.is_new);
    const struct changes changes = ledger_changes(ledger);
    EXPECT_I64(changes.ops->last_seq(changes.self), 3);
    ledger_close(ledger);
}

TEST(what_a_train_refuses_leaves_no_trace)
{
    struct ledger *ledger = open_ledger();
    (void)topic(ledger, "website", "nora", "join");
    (void)topic(ledger, "website", "lee", "join");
    struct ledger_train train;
    const struct train_wish at = {TRAIN_AT, "lee", "prod"}, joins = {TRAIN_JOIN, "x", ""};
    EXPECT_ERR(ledger_train(ledger, "website", &at, &kit_arena, &train, &kit_err), ERR_REFUSED,
               "not your turn");
    EXPECT_ERR(ledger_train(ledger, "web site", &joins, &kit_arena, &train, &kit_err), ERR_INPUT,
               "'web site' is no name of a train");
    EXPECT_ERR(ledger_train(ledger, "", &joins, &kit_arena, &train, &kit_err), ERR_INPUT, "name");
    EXPECT_I64(rows(ledger), 2);
    ledger_close(ledger);
}

TEST(all_trains_are_listed_by_name)
{
    struct ledger *ledger = open_ledger();
    struct ledger_train *trains = NULL;
    size_t n = 9;
    EXPECT_OK(ledger_trains(ledger, &kit_arena, &trains, &n, &kit_err));
    EXPECT_I64(n, 0);
    (void)topic(ledger, "website", "nora", "join");
    (void)topic(ledger, "search", "sam", "join");
    EXPECT_OK(ledger_trains(ledger, &kit_arena, &trains, &n, &kit_err));
    EXPECT_I64(n, 2);
    EXPECT_TEXT(n == 2 ? trains[0].name : "", "search");
    EXPECT_TEXT(n == 2 ? trains[1].by : "", "nora");
    ledger_close(ledger);
}

TEST(a_row_that_cannot_be_read_is_said_to_be_corrupt)
{
    struct ledger *ledger = open_ledger();
    (void)topic(ledger, "website", "nora", "join");
    sqlite3 *file;
    EXPECT_I64(sqlite3_open(kit_path(kit_temp_dir(), "ledger.db"), &file), SQLITE_OK);
    EXPECT_I64(sqlite3_exec(file, "UPDATE trains SET topic = 'a b'", NULL, NULL, NULL), SQLITE_OK);
    EXPECT_I64(sqlite3_close(file), SQLITE_OK);
    struct ledger_train train, *trains;
    size_t n;
    EXPECT_ERR(ledger_train(ledger, "website", NULL, &kit_arena, &train, &kit_err), ERR_CORRUPT,
               "'website' cannot be read");
    EXPECT_ERR(ledger_trains(ledger, &kit_arena, &trains, &n, &kit_err), ERR_CORRUPT, "website");
    ledger_close(ledger);
}

RUN_TESTS(test_of(a_train_outlives_a_restart_and_each_step_is_in_the_chain),
          test_of(what_a_train_refuses_leaves_no_trace), test_of(all_trains_are_listed_by_name),
          test_of(a_row_that_cannot_be_read_is_said_to_be_corrupt))
