#include "api/commit_json.h"

#include "kit/kit.h"

static struct commit_list list;

static bool read(const char *text)
{
    return commit_json_read(text, strlen(text), &kit_arena, &list, &kit_err);
}

TEST(commits_are_read_in_order)
{
    EXPECT_OK(
        read("[{\"service\":\"Web/Shop\",\"sha\":\"4f2c1e9\",\"at\":1500000000.5,\"title\":"
             "\"password=hunter2 fixed\\nmore\"},{\"service\":\"s\",\"sha\":\"b81d002\",\"at\":"
             "1500000001,\"merge\":true}]"));
    EXPECT_I64(list.n, 2);
    EXPECT_TEXT(list.items[0].service, "web/shop");
    EXPECT_TEXT(list.items[0].title, "password=*** fixed");
    EXPECT_I64(list.items[0].at_ms, 1500000000500);
    EXPECT(!list.items[0].is_merge && list.items[1].is_merge);
    EXPECT_OK(read("[]"));
    EXPECT_I64(list.n, 0);
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *text, *part;
    } rows[] = {
        {"no array", "{}", "array"},
        {"no JSON", "[", "array"},
        {"no sha", "[{\"service\":\"a\",\"at\":1500000000}]", "[0]: sha ''"},
        {"a branch", "[{\"service\":\"a\",\"sha\":\"main-branch\",\"at\":1500000000}]",
         "main-branch"},
        {"no time", "[{\"service\":\"a\",\"sha\":\"4f2c1e9\"}]", "at is not"},
        {"an old time", "[{\"service\":\"a\",\"sha\":\"4f2c1e9\",\"at\":5}]", "2000"},
        {"no service", "[{\"sha\":\"4f2c1e9\",\"at\":1500000000}]", "service is missing"},
        {"a bad service", "[{\"service\":\"a b\",\"sha\":\"4f2c1e9\",\"at\":1500000000}]", "'a b'"},
        {"the second", "[{\"service\":\"a\",\"sha\":\"4f2c1e9\",\"at\":1500000000},7]", "[1]"},
    };
    EACH_ROW (rows, r)
        EXPECT_ERR(read(r->text), ERR_INPUT, r->part);
}

RUN_TESTS(test_of(commits_are_read_in_order), test_of(what_is_wrong_is_told))
