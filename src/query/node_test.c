#include "query/node.h"

#include <string.h>

#include "kit/kit.h"

TEST(finds_the_first_path_in_a_name)
{
    static const struct {
        const char *row, *path; /* NULL: none */
    } rows[] = {
        {"a.b", "a.b"},
        {"scale(a.b,2)", "a.b"},
        {"scale(sumSeries(a.b.*,c.d),2)", "a.b.*"},
        {"summarize(a.b, \"5min\", \"sum\", true)", "a.b"},
        {"movingAverage(requests;dc=east;host=h1,5)", "requests;dc=east;host=h1"},
        {"sumSeries(servers.{web01,db01}.cpu)", "servers.{web01,db01}.cpu"},
        {"timeShift(a.b, -1d, 3)", "a.b"},
        {"asPercent(a-b.c,MISSING)", "a-b.c"},
        {"f ( a.b )", "a.b"},
        {"f(x=a.b)", "a.b"},
        {"f(none,a.b)", NULL},
        {"f(nonesuch,a.b)", "nonesuch"},
        {"f('text',a.b)", NULL},
        {"f(5,a.b)", NULL},
        {"f(-2.5e3,a.b)", NULL},
        {"f(5a.b)", "5a.b"},
        {"f()", NULL},
        {"", NULL},
        {"(a.b)", NULL},
        /* what is no call is a path up to what no path may hold */
        {"a.b (avg: 1.5)", "a.b"},
        {"f(a.b", "f"},
        {"f(a.b,)", "f"},
        {"f(a.b))", "a.b"},
        {"f(a b)", "f"},
        {"a..b", "a"},
        {"f(a\\,b.c)", "a,b.c"},
        {"f('open)", "f"},
    };
    EACH_ROW (rows, r) {
        const char *got = node_first_path(&kit_arena, r->row);
        EXPECT((got == NULL) == (r->path == NULL));
        if (got && r->path)
            EXPECT_TEXT(got, r->path);
    }
}

TEST(deep_names_end)
{
    char name[5000];
    memset(name, '(', sizeof(name));
    for (size_t i = 0; i + 1 < sizeof(name); i += 2)
        name[i] = 'f';
    name[sizeof(name) - 1] = '\0';
    EXPECT_TEXT(node_first_path(&kit_arena, name), "f");
}

TEST(groups_keep_the_order_of_first_sight)
{
    struct node_groups groups;
    node_groups_init(&groups);
    node_groups_get(&groups, "b", &kit_arena);
    node_groups_get(&groups, "a", &kit_arena);
    EXPECT(node_groups_get(&groups, "b", &kit_arena) == &groups.items[0]);
    EXPECT_I64(groups.n, 2);
    EXPECT_TEXT(groups.items[0].key, "b");
    EXPECT_TEXT(groups.items[1].key, "a");
    EXPECT(node_groups_find(&groups, "a") == &groups.items[1]);
    EXPECT(node_groups_find(&groups, "c") == NULL);
    EXPECT(node_groups_find(&groups, "") == NULL);
    node_groups_done(&groups);
}

RUN_TESTS(test_of(finds_the_first_path_in_a_name), test_of(deep_names_end),
          test_of(groups_keep_the_order_of_first_sight))
