#include "api/series_text.h"

#include "kit/kit.h"

static struct series_list one(const char *name, const double *values, size_t n)
{
    static struct tag tags[] = {{"name", "x"}};
    struct series_list list = {0};
    struct series *series = series_new(&kit_arena, 1500000000, 60, n);
    series->name = name;
    series->tags = tags;
    series->n_tags = 1;
    if (n)
        memcpy(series->values, values, n * sizeof *values);
    series_list_add(&list, series, &kit_arena);
    return list;
}

static const char *json_of(const struct series_list *list, bool no_null_points)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    struct jsonw json;
    jsonw_init(&json, &out, 0);
    series_text_json(&json, list, no_null_points);
    return arena_strdup(&kit_arena, buf_text(&out));
}

static const double values[] = {1, NAN, 0.1, 1e17, INFINITY};

TEST(writes_json)
{
    struct series_list list = one("a \"b\"", values, 5);
    EXPECT_TEXT(json_of(&list, false),
                "[{\"target\":\"a \\\"b\\\"\",\"tags\":{\"name\":\"x\"},\"datapoints\":"
                "[[1.0, 1500000000], [null, 1500000060], [0.1, 1500000120], [1e+17, 1500000180], "
                "[1e9999, 1500000240]]}]");
    EXPECT_TEXT(json_of(&list, true),
                "[{\"target\":\"a \\\"b\\\"\",\"tags\":{\"name\":\"x\"},\"datapoints\":"
                "[[1.0, 1500000000], [0.1, 1500000120], [1e+17, 1500000180], "
                "[1e9999, 1500000240]]}]");
}

TEST(empty_series_leave_nothing)
{
    struct series_list list = one("a", values, 0);
    EXPECT_TEXT(json_of(&list, false), "[]");
    struct series_list gaps = one("a", values + 1, 1);
    EXPECT_TEXT(json_of(&gaps, true), "[]");
    struct series_list none = {0};
    EXPECT_TEXT(json_of(&none, false), "[]");
}

TEST(writes_csv_and_raw)
{
    struct series_list list = one("f(a,\"b\")", values, 2);
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    series_text_csv(&out, &list, tz_utc());
    EXPECT_TEXT(buf_text(&out), "\"f(a,\"\"b\"\")\",2017-07-14 02:40:00,1.0\r\n"
                                "\"f(a,\"\"b\"\")\",2017-07-14 02:41:00,\r\n");
    buf_clear(&out);
    series_text_raw(&out, &list);
    EXPECT_TEXT(buf_text(&out), "f(a,\"b\"),1500000000,1500000120,60|1.0,None\n");
}

RUN_TESTS(test_of(writes_json), test_of(empty_series_leave_nothing), test_of(writes_csv_and_raw))
