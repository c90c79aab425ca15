#include "base/buf.h"

#include <string.h>

#include "base/mem.h"
#include "kit/kit.h"

TEST(grows_and_ends_with_nul)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1000);
    EXPECT_TEXT(buf_text(&buf), "");
    for (int i = 0; i < 100; i++)
        buf_printf(&buf, "%d,", i % 10);
    EXPECT_I64(buf.n, 200);
    EXPECT_I64(strlen(buf_text(&buf)), 200);
    EXPECT(!buf.is_full);
}

TEST(past_the_maximum_nothing_is_added_and_it_says_so)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 4);
    buf_add_str(&buf, "abcd");
    EXPECT(!buf.is_full);
    buf_add_char(&buf, 'e');
    EXPECT(buf.is_full);
    EXPECT_TEXT(buf_text(&buf), "abcd");
    buf_clear(&buf);
    buf_add_str(&buf, "x");
    EXPECT_TEXT(buf_text(&buf), "x");
    EXPECT(!buf.is_full);
}

TEST(writes_integers)
{
    static const struct {
        const char *row;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"-1", -1},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"1500000000", 1500000000},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf buf;
        buf_init(&buf, 100);
        buf_add_i64(&buf, r->value);
        EXPECT_TEXT(buf_text(&buf), r->row);
    }
}

TEST(little_endian_bytes)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 100);
    buf_add_u16(&buf, 0x0201);
    buf_add_u32(&buf, 0x06050403);
    buf_add_u64(&buf, 0x0e0d0c0b0a090807);
    EXPECT_I64(buf.n, 14);
    for (size_t i = 0; i < buf.n; i++)
        EXPECT_I64(buf.at[i], i + 1);
}

TEST(takes_the_memory_over)
{
    struct buf buf;
    buf_init(&buf, 100);
    buf_add_str(&buf, "mine");
    size_t n;
    char *text = buf_take(&buf, &n);
    EXPECT_TEXT(text, "mine");
    EXPECT_I64(n, 4);
    EXPECT_I64(buf.n, 0);
    mem_free(text);
    buf_done(&buf);
}

TEST(base64_of_every_length)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {{"none", "", ""},
                {"one", "f", "Zg=="},
                {"two", "fo", "Zm8="},
                {"three", "foo", "Zm9v"},
                {"six", "foobar", "Zm9vYmFy"},
                {"high bits", "\xFF\xFE\xFB", "//77"}};
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 100);
        buf_add_base64(&out, r->text, strlen(r->text));
        EXPECT_TEXT(buf_text(&out), r->want);
    }
}

RUN_TESTS(test_of(grows_and_ends_with_nul),
          test_of(past_the_maximum_nothing_is_added_and_it_says_so), test_of(writes_integers),
          test_of(little_endian_bytes), test_of(takes_the_memory_over),
          test_of(base64_of_every_length))
