#include "base/jsonw.h"

#include "kit/kit.h"

TEST(writes_a_render_answer_on_one_line)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw w;
    buf_init(&out, 1000);
    jsonw_init(&w, &out, 0);
    jsonw_array(&w);
    jsonw_object(&w);
    jsonw_key(&w, "target");
    jsonw_text(&w, "web.logins");
    jsonw_key(&w, "tags");
    jsonw_object(&w);
    jsonw_end(&w);
    jsonw_key(&w, "datapoints");
    jsonw_array(&w);
    jsonw_array(&w);
    jsonw_f64(&w, 5.0);
    jsonw_i64(&w, 1500000000);
    jsonw_end(&w);
    jsonw_array(&w);
    jsonw_f64(&w, (double)NAN);
    jsonw_i64(&w, 1500000010);
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_end(&w);
    jsonw_end(&w);
    EXPECT_TEXT(buf_text(&out), "[{\"target\":\"web.logins\",\"tags\":{},"
                                "\"datapoints\":[[5.0,1500000000],[null,1500000010]]}]");
    EXPECT_I64(w.depth, 0);
}

TEST(indents_when_asked)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw w;
    buf_init(&out, 1000);
    jsonw_init(&w, &out, 2);
    jsonw_object(&w);
    jsonw_key(&w, "a");
    jsonw_array(&w);
    jsonw_bool(&w, true);
    jsonw_null(&w);
    jsonw_end(&w);
    jsonw_key(&w, "b");
    jsonw_object(&w);
    jsonw_end(&w);
    jsonw_end(&w);
    EXPECT_TEXT(buf_text(&out), "{\n  \"a\": [\n    true,\n    null\n  ],\n  \"b\": {}\n}");
}

TEST(writes_single_values)
{
    static const struct {
        const char *row;
        double value;
        const char *text;
    } rows[] = {
        {"fraction", 0.5, "0.5"},
        {"integer", 3.0, "3.0"},
        {"large", 1e16, "1e+16"},
        {"gap", (double)NAN, "null"},
        {"infinity", (double)INFINITY, "1e9999"},
        {"negative infinity", -(double)INFINITY, "-1e9999"},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf out;
        struct jsonw w;
        buf_init(&out, 100);
        jsonw_init(&w, &out, 0);
        jsonw_f64(&w, r->value);
        EXPECT_TEXT(buf_text(&out), r->text);
    }
}

TEST(escapes_text)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"plain", "a.b-c/d", "\"a.b-c/d\""},
        {"empty", "", "\"\""},
        {"null", NULL, "null"},
        {"quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
        {"short escapes", "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"control", "\x01\x1f", "\"\\u0001\\u001f\""},
        {"delete stays", "\x7f", "\"\x7f\""},
        {"wide stays", "caf\xC3\xA9 \xF0\x9F\x93\x88", "\"caf\xC3\xA9 \xF0\x9F\x93\x88\""},
        {"line separators", "\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA",
         "\"\\u2028\\u2029\xE2\x80\xAA\""},
        {"latin 1", "caf\xE9!", "\"caf\xEF\xBF\xBD!\""},
        {"cut at the end", "a\xE2\x82", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf out;
        struct jsonw w;
        buf_init(&out, 100);
        jsonw_init(&w, &out, 0);
        jsonw_text(&w, r->text);
        EXPECT_TEXT(buf_text(&out), r->want);
    }
}

TEST(keys_are_escaped_and_slices_need_no_nul)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw w;
    buf_init(&out, 200);
    jsonw_init(&w, &out, 0);
    jsonw_object(&w);
    jsonw_key(&w, "a\"b");
    jsonw_textn(&w, "x\0yz", 3);
    jsonw_key(&w, "raw");
    jsonw_raw(&w, "{\"k\":[1]}");
    jsonw_key(&w, "no");
    jsonw_bool(&w, false);
    jsonw_put_time(&w, "at", 1500000000250);
    jsonw_put_time(&w, "end", 0);
    jsonw_end(&w);
    EXPECT_TEXT(buf_text(&out), "{\"a\\\"b\":\"x\\u0000y\",\"raw\":{\"k\":[1]},\"no\":false,"
                                "\"at\":1500000000.25,\"end\":null}");
}

TEST(nests_to_the_limit)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw w;
    buf_init(&out, 1000);
    jsonw_init(&w, &out, 0);
    for (int i = 0; i < JSONW_DEPTH_MAX; i++)
        jsonw_array(&w);
    jsonw_i64(&w, -1);
    for (int i = 0; i < JSONW_DEPTH_MAX; i++)
        jsonw_end(&w);
    EXPECT_I64(out.n, 2 * JSONW_DEPTH_MAX + 2);
    EXPECT_I64(w.depth, 0);
}

TEST(a_full_buffer_says_so)
{
    CLEANUP(buf_done) struct buf out;
    struct jsonw w;
    buf_init(&out, 8);
    jsonw_init(&w, &out, 0);
    jsonw_array(&w);
    jsonw_text(&w, "longer than eight");
    jsonw_end(&w);
    EXPECT(out.is_full);
}

RUN_TESTS(test_of(writes_a_render_answer_on_one_line), test_of(indents_when_asked),
          test_of(writes_single_values), test_of(escapes_text),
          test_of(keys_are_escaped_and_slices_need_no_nul), test_of(nests_to_the_limit),
          test_of(a_full_buffer_says_so))
