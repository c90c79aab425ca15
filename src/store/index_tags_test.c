#include "base/buf.h"
#include "kit/kit.h"
#include "store/index.h"

static const char *const names[] = {
    "cpu;dc=east;host=a",
    "cpu;dc=east;host=b",
    "cpu;dc=west;host=a",
    "mem;dc=west;host=c",
    "cpu",
    "web.hits",
    "zz.last",
};

static struct index *start(void)
{
    struct index *index = index_new();
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        index_add(index, i, names[i]);
    return index;
}

/* "text:n text:n"; a tag itself without ":n". */
static const char *listed(const struct index *index, const struct source_tag_query *query)
{
    struct source_tags tags;
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    EXPECT_OK(index_tags(index, query, &kit_arena, &tags, &kit_err));
    for (size_t i = 0; i < tags.n; i++) {
        buf_printf(&out, "%s%s", i ? " " : "", tags.items[i].text);
        if (query->key)
            buf_printf(&out, ":%d", (int)tags.items[i].n_series);
    }
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(lists_tags_and_values)
{
    static const struct {
        const char *row;
        struct source_tag_query query;
        const char *expected;
    } rows[] = {
        {"tags", {.n_max = 9}, "dc host name"},
        {"the first tags", {.n_max = 2}, "dc host"},
        {"none wanted", {.n_max = 0}, ""},
        {"tags by prefix", {.prefix = "h", .n_max = 9}, "host"},
        {"tags by regex", {.regex = "^(d|n)", .n_max = 9}, "dc name"},
        {"a regex searches", {.regex = "os", .n_max = 9}, "host"},
        {"values", {.key = "dc", .n_max = 9}, "east:2 west:2"},
        {"values by prefix", {.key = "host", .prefix = "b", .n_max = 9}, "b:1"},
        {"the first values", {.key = "host", .n_max = 2}, "a:2 b:1"},
        {"names, tagged and plain",
         {.key = "name", .n_max = 9},
         "cpu:4 mem:1 web.hits:1 zz.last:1"},
        {"names by regex", {.key = "name", .regex = "[.]", .n_max = 1}, "web.hits:1"},
        {"no such tag", {.key = "nosuch", .n_max = 9}, ""},
    };
    struct index *index = start();
    EACH_ROW (rows, r)
        EXPECT_TEXT(listed(index, &r->query), r->expected);
    struct source_tags tags;
    EXPECT_ERR(index_tags(index, &(struct source_tag_query){.regex = "(", .n_max = 1}, &kit_arena,
                          &tags, &kit_err),
               ERR_INPUT, "");
    index_free(index);
}

TEST(an_empty_index_has_no_tag)
{
    struct index *index = index_new();
    EXPECT_TEXT(listed(index, &(struct source_tag_query){.n_max = 9}), "");
    EXPECT_TEXT(listed(index, &(struct source_tag_query){.key = "name", .n_max = 9}), "");
    index_free(index);
}

static const char *hosts_of(const struct index *index)
{
    const struct tag_expr any_host = {.key = "host", .value = "", .op = TAG_IS_NOT};
    struct source_nodes nodes = {0};
    const char *text = "";
    EXPECT_OK(index_find_tagged(index, &any_host, 1, 100, &kit_arena, &nodes, &kit_err));
    for (size_t i = 0; i < nodes.n; i++)
        text = arena_printf(&kit_arena, "%s%s ", text, nodes.items[i].path);
    return text;
}

TEST(what_is_hidden_is_in_no_answer_by_tag)
{
    const struct source_tag_query tags = {.n_max = 9}, hosts = {.key = "host", .n_max = 9},
                                  all_names = {.key = "name", .n_max = 9};
    struct index *index = start();
    index_hide(index, 5, false); /* it is not hidden */
    index_hide(index, 1, true);
    index_hide(index, 1, true); /* once more changes nothing */
    index_hide(index, 5, true);
    EXPECT(index_is_hidden(index, 1) && !index_is_hidden(index, 2));
    EXPECT(!index_is_hidden(index, 100000));
    EXPECT_TEXT(listed(index, &hosts), "a:2 c:1");
    EXPECT_TEXT(listed(index, &all_names), "cpu:3 mem:1 zz.last:1");
    EXPECT_TEXT(hosts_of(index), "cpu;dc=east;host=a cpu;dc=west;host=a mem;dc=west;host=c ");

    struct source_nodes nodes = {0};
    EXPECT_OK(index_all(index, &kit_arena, &nodes, &kit_err));
    EXPECT_I64(nodes.n, 3); /* the tree keeps web.hits */

    for (uint32_t i = 0; i < 4; i++)
        index_hide(index, i, true);
    EXPECT_TEXT(listed(index, &tags), "name");
    EXPECT_TEXT(hosts_of(index), "");
    index_hide(index, 3, false);
    EXPECT_TEXT(listed(index, &tags), "dc host name");
    EXPECT_TEXT(listed(index, &hosts), "c:1");
    EXPECT_TEXT(hosts_of(index), "mem;dc=west;host=c ");
    index_free(index);
}

/* Past one stretch of entries copied under the lock, plain and tagged. */
TEST(many_values_are_listed_whole)
{
    enum { N = 5000 };
    struct index *index = index_new();
    for (uint32_t i = 0; i < N; i++) {
        index_add(index, 2 * i, arena_printf(&kit_arena, "n.%05u", i));
        index_add(index, 2 * i + 1, arena_printf(&kit_arena, "m;k=v%05u", N - i));
    }
    struct source_tags tags;
    const struct source_tag_query values = {.key = "k", .n_max = SIZE_MAX},
                                  last = {.key = "name", .prefix = "n.0499", .n_max = 3};
    EXPECT_OK(index_tags(index, &values, &kit_arena, &tags, &kit_err));
    EXPECT_I64(tags.n, N);
    EXPECT_TEXT(tags.items[0].text, "v00001");
    EXPECT_TEXT(tags.items[N - 1].text, "v05000");
    EXPECT_TEXT(listed(index, &last), "n.04990:1 n.04991:1 n.04992:1");
    index_free(index);
}

RUN_TESTS(test_of(lists_tags_and_values), test_of(an_empty_index_has_no_tag),
          test_of(what_is_hidden_is_in_no_answer_by_tag), test_of(many_values_are_listed_whole))
