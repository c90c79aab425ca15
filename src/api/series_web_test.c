#include "api/series_web.h"

#include <math.h>

#include "kit/kit.h"

static struct series *one(const char *name, int64_t start_s, int64_t step_s, size_t n)
{
    struct series *series = series_new(&kit_arena, start_s, step_s, n);
    series->name = name;
    for (size_t i = 0; i < n; i++)
        series->values[i] = i == 1 ? (double)NAN : (double)i + 0.5;
    return series;
}

static struct series_list list_of(struct series *a, struct series *b)
{
    struct series_list list = {0};
    if (a)
        series_list_add(&list, a, &kit_arena);
    if (b)
        series_list_add(&list, b, &kit_arena);
    return list;
}

static const char *dygraph(const struct series_list *list)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw json;
    buf_init(&out, 10000);
    jsonw_init(&json, &out, 0);
    EXPECT_OK(series_web_dygraph(&json, list, &kit_err));
    return arena_strdup(&kit_arena, buf_text(&out));
}

static const char *rickshaw(const struct series_list *list)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw json;
    buf_init(&out, 10000);
    jsonw_init(&json, &out, 0);
    series_web_rickshaw(&json, list);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(dygraph_has_a_row_for_each_time)
{
    struct series_list none = {0};
    EXPECT_TEXT(dygraph(&none), "{}");
    struct series_list list = list_of(one("a", 1500000000, 60, 3), one("b\"", 1500000000, 60, 3));
    list.items[1]->values[2] = -INFINITY;
    EXPECT_TEXT(dygraph(&list), "{\"labels\":[\"Time\",\"a\",\"b\\\"\"],\"data\":["
                                "[1500000000000,0.5,0.5],[1500000060000,null,null],"
                                "[1500000120000,2.5,-1e9999]]}");
    struct series_list empty = list_of(one("a", 1500000000, 60, 0), NULL);
    EXPECT_TEXT(dygraph(&empty), "{\"labels\":[\"Time\",\"a\"],\"data\":[]}");
}

TEST(dygraph_wants_a_value_for_each_time)
{
    struct series *first = one("a", 1500000000, 60, 6), *line = one("5.0", 1500000000, 450, 3);
    line->end_s = 1500000900; /* as constantLine: the last value is at the end */
    struct series_list rows[] = {
        list_of(first, one("b", 1500000000, 10, 36)),
        list_of(first, one("b", 1500000000, 120, 3)),
        list_of(line, NULL),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf out;
        struct jsonw json;
        buf_init(&out, 10000);
        jsonw_init(&json, &out, 0);
        EXPECT_ERR(series_web_dygraph(&json, &rows[i], &kit_err), ERR_INPUT, "values for the");
        EXPECT_I64(out.n, 0);
    }
}

TEST(rickshaw_stops_before_the_end)
{
    struct series_list none = {0};
    EXPECT_TEXT(rickshaw(&none), "[]");
    struct series *line = one("5.0", 1500000000, 450, 3);
    line->end_s = 1500000900;
    struct series_list list = list_of(one("a", 1500000000, 60, 2), line);
    EXPECT_TEXT(rickshaw(&list), "[{\"target\":\"a\",\"datapoints\":[{\"x\":1500000000,\"y\":0.5},"
                                 "{\"x\":1500000060,\"y\":null}]},"
                                 "{\"target\":\"5.0\",\"datapoints\":[{\"x\":1500000000,\"y\":0.5},"
                                 "{\"x\":1500000450,\"y\":null}]}]");
}

RUN_TESTS(test_of(dygraph_has_a_row_for_each_time), test_of(dygraph_wants_a_value_for_each_time),
          test_of(rickshaw_stops_before_the_end))
