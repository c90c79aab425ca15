#include "cli/ingest_git.h"

#include "kit/kit.h"

#define A "4f2c1e9b0c3d5a6e7f8091a2b3c4d5e6f7081920"
#define B "b81d0020b0c3d5a6e7f8091a2b3c4d5e6f708192"

static struct commit_list list;

static bool read(const char *text)
{
    return ingest_git_read(str_of(text), "website", &kit_arena, &list, &kit_err);
}

/* "sha7@seconds title; " of each. */
static const char *told(void)
{
    const char *text = "";
    for (size_t i = 0; i < list.n; i++)
        text = arena_printf(&kit_arena, "%s%.7s@%lld%s %s; ", text, list.items[i].sha,
                            (long long)(list.items[i].at_ms / 1000),
                            list.items[i].is_merge ? " M" : "", list.items[i].title);
    return text;
}

TEST(both_forms_come_oldest_first)
{
    static const struct {
        const char *row, *text, *told;
    } rows[] = {
        {"the format",
         A "\x1f"
           "1500000100\x1f" B "\x1f"
           "fix login\n" B "\x1f"
           "1500000000\x1f\x1f"
           "first: all\n",
         "b81d002@1500000000 first: all; 4f2c1e9@1500000100 fix login; "},
        {"reversed",
         B "\x1f"
           "1500000000\x1f\x1f"
           "first\n" A "\x1f"
           "1500000100\x1f" B " " A "\x1f"
           "Merge x",
         "b81d002@1500000000 first; 4f2c1e9@1500000100 M Merge x; "},
        {"no title",
         A "\x1f"
           "1500000100\x1f\x1f\n",
         "4f2c1e9@1500000100 ; "},
        {"git log",
         "commit " A
         " (HEAD -> main, origin/main)\nMerge: b81d002 1234567\nAuthor: Nora <n@x.org>\n"
         "Date:   Fri Jul 14 04:41:40 2017 +0200\n\n    fix login\n\n    Date: of no account\n\n"
         "commit " B "\nAuthor: Lee <l@x.org>\nDate:   Thu Jul 13 19:40:00 2017 -0700\n\n"
         "    first: all\n",
         "b81d002@1500000000 first: all; 4f2c1e9@1500000100 M fix login; "},
        {"fuller, iso",
         "commit " A "\nAuthor:     Nora <n@x.org>\nAuthorDate: 2017-07-01 04:41:40 +0200\n"
         "Commit:     Nora <n@x.org>\nCommitDate: 2017-07-14 04:41:40 +0200\n\n    fix login\n",
         "4f2c1e9@1500000100 fix login; "},
        {"iso-strict", "commit " A "\r\nDate:   2017-07-14T02:41:40Z\r\n\r\n    fix\r\n",
         "4f2c1e9@1500000100 fix; "},
        {"nothing", "", ""},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(r->text));
        EXPECT_TEXT(told(), r->told);
        EXPECT(list.n == 0 || strcmp(list.items[0].service, "website") == 0);
    }
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *text, *part;
    } rows[] = {
        {"something else", "Hello\n", "line 1: not what git log writes: 'Hello'"},
        {"no commit's name",
         A "\x1f"
           "1\x1f\x1f"
           "x\nmain\x1f"
           "1\x1f\x1f"
           "x\n",
         "line 2: no commit's name"},
        {"no time",
         A "\x1f"
           "noon\x1f\x1f"
           "x\n",
         "line 1: no time"},
        {"a time past all times",
         A "\x1f"
           "150000010000000100\x1f\x1f"
           "x\n",
         "line 1: no time"},
        {"too few parts",
         A "\x1f"
           "1500000000\n",
         "line 1: not four parts"},
        {"oneline", "4f2c1e9 fix login\n", "line 1"},
        {"a relative date", "commit " A "\nDate:   3 days ago\n", "3 days ago"},
        {"no date", "commit " A "\n\n    x\n", "has no date"},
    };
    EACH_ROW (rows, r)
        EXPECT_ERR(read(r->text), ERR_INPUT, r->part);
    EXPECT_ERR(read("x"), ERR_INPUT, "line 1");
    EXPECT(strstr(kit_err.hint, INGEST_GIT_FORMAT) != NULL);
}

RUN_TESTS(test_of(both_forms_come_oldest_first), test_of(what_is_wrong_is_told))
