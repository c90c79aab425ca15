#include "kit/kit.h"
#include "ledger/ledger.h"

static struct ledger *open_ledger(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger *ledger = NULL;
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

/* "aaaa bbbb": commits of that service with these names, padded to 40. */
static void add(struct ledger *ledger, const char *service, const char *names)
{
    struct commit items[16];
    struct commit_list list = {.items = items};
    struct str rest = str_of(names), name;
    while (str_split(&rest, ' ', &name)) {
        char *sha = arena_strdup(&kit_arena, "0000000000000000000000000000000000000000");
        memcpy(sha, name.at, name.n);
        items[list.n] = (struct commit){.service = service,
                                        .sha = sha,
                                        .title = arena_strndup(&kit_arena, name.at, name.n),
                                        .at_ms = 1500000000000 + (int64_t)list.n,
                                        .is_merge = name.at[0] == 'e'};
        list.n++;
    }
    EXPECT_OK(ledger_commits_add(ledger, &list, &kit_err));
}

static const char *between(struct ledger *ledger, const char *service, const char *prev,
                           const char *rev)
{
    struct commit_list found = {0};
    const struct ledger_revs revs = {service, prev, rev};
    const char *titles = "";
    err_clear(&kit_err);
    if (!ledger_commits_between(ledger, &revs, &kit_arena, &found, &kit_err))
        return arena_printf(&kit_arena, "%d", kit_err.kind);
    for (size_t i = 0; i < found.n; i++)
        titles = arena_printf(&kit_arena, "%s%s%s", titles, i ? " " : "", found.items[i].title);
    return titles;
}

TEST(what_a_deploy_brought)
{
    struct ledger *ledger = open_ledger();
    add(ledger, "Web", "aaaa1 bbbb1 cccc1");
    add(ledger, "search", "cccc2 aaaa1");
    add(ledger, "web", "bbbb1 dddd1 eeee1 aaaa2"); /* bbbb1 is known: it stays where it is */
    EXPECT_TEXT(between(ledger, "web", "aaaa1", "cccc"), "bbbb1 cccc1");
    EXPECT_TEXT(between(ledger, "web", "bbbb1", "eeee1000"), "cccc1 dddd1 eeee1");
    EXPECT_TEXT(between(ledger, "web", "eeee", "bbbb"), ""); /* back: it brings nothing */
    EXPECT_TEXT(between(ledger, "search", "cccc", "aaaa"), "aaaa1");
    ledger_close(ledger);
}

TEST(unknown_is_not_none)
{
    static const struct {
        const char *row, *service, *prev, *rev;
        enum err_kind kind;
    } rows[] = {
        {"no previous", "web", "", "bbbb", ERR_MISSING},
        {"unknown previous", "web", "ffff", "bbbb", ERR_MISSING},
        {"unknown revision", "web", "bbbb", "v1.2", ERR_MISSING},
        {"other service", "search", "aaaa1", "bbbb", ERR_MISSING},
        {"too short", "web", "bbb", "aaaa1", ERR_INPUT},
        {"fits two", "web", "bbbb", "aaaa", ERR_INPUT},
    };
    struct ledger *ledger = open_ledger();
    add(ledger, "web", "aaaa1 aaaa2 bbbb1");
    EACH_ROW (rows, r)
        EXPECT_TEXT(between(ledger, r->service, r->prev, r->rev),
                    arena_printf(&kit_arena, "%d", r->kind));
    ledger_close(ledger);
}

TEST(commits_outlive_a_restart_with_all_that_was_told)
{
    struct ledger *ledger = open_ledger();
    add(ledger, "web", "aaaa eeee");
    ledger_close(ledger);
    ledger = open_ledger();
    struct commit_list found = {0};
    const struct ledger_revs revs = {"web", "aaaa", "eeee"};
    EXPECT_OK(ledger_commits_between(ledger, &revs, &kit_arena, &found, &kit_err));
    EXPECT_I64(found.n, 1);
    if (found.n == 1) {
        EXPECT_TEXT(found.items[0].sha, "eeee000000000000000000000000000000000000");
        EXPECT_I64(found.items[0].at_ms, 1500000000001);
        EXPECT(found.items[0].is_merge);
    }
    ledger_close(ledger);
}

TEST(a_commit_without_a_name_is_refused)
{
    struct ledger *ledger = open_ledger();
    struct commit items[] = {{.service = "web", .sha = "aaaa", .title = ""},
                             {.service = "web", .sha = "", .title = ""}};
    const struct commit_list list = {.items = items, .n = 2};
    EXPECT_ERR(ledger_commits_add(ledger, &list, &kit_err), ERR_INPUT, "commit 2 has no sha");
    EXPECT_TEXT(between(ledger, "web", "aaaa", "aaaa"),
                arena_printf(&kit_arena, "%d", ERR_MISSING)); /* the first is not kept either */
    ledger_close(ledger);
}

RUN_TESTS(test_of(what_a_deploy_brought), test_of(unknown_is_not_none),
          test_of(commits_outlive_a_restart_with_all_that_was_told),
          test_of(a_commit_without_a_name_is_refused))
