#include "kit/kit.h"
#include "ledger/work.h"

static struct ledger *ledger;

static void start(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
}

/* "sha/ordinal " of each of a service's commits. */
struct listing {
    const char *service;
    struct buf text;
};

static bool list(void *self, struct db *db, struct err *err)
{
    static const char sql[] =
        "SELECT sha, ordinal FROM commits WHERE service = ?1 ORDER BY ordinal";
    struct listing *listing = self;
    sqlite3_stmt *st = sql_prepare(db, sql, err);
    bool has_row;
    if (!st)
        return false;
    for (sql_bind_text(st, 1, listing->service);;) {
        if (!sql_step(db, st, "list", &has_row, err))
            return false;
        if (!has_row)
            return true;
        buf_printf(&listing->text, "%s/%d ", sql_text(st, 0), sqlite3_column_int(st, 1));
    }
}

static const char *listed(const char *service)
{
    struct listing listing = {.service = service};
    buf_init(&listing.text, 1000);
    EXPECT_OK(work_read(ledger, list, &listing, &kit_err));
    const char *text = arena_strdup(&kit_arena, buf_text(&listing.text));
    buf_done(&listing.text);
    return text;
}

TEST(a_commit_is_kept_once_and_in_order)
{
    struct commit items[] = {{"web", "aaaaaaa", "one", 1000, false},
                             {"web", "bbbbbbb", "two", 2000, false},
                             {"search", "aaaaaaa", "one", 1000, true}};
    const struct commit_list first = {items, 2, 2}, all = {items, 3, 3}, none = {0};
    start();
    EXPECT_OK(ledger_commits_add(ledger, &first, &kit_err));
    EXPECT_OK(ledger_commits_add(ledger, &all, &kit_err));
    EXPECT_OK(ledger_commits_add(ledger, &none, &kit_err));
    EXPECT_TEXT(listed("web"), "aaaaaaa/1 bbbbbbb/2 ");
    EXPECT_TEXT(listed("search"), "aaaaaaa/1 ");
    ledger_close(ledger);
}

RUN_TESTS(test_of(a_commit_is_kept_once_and_in_order))
