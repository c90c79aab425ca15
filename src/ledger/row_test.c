#include "ledger/row.h"

#include "kit/kit.h"

static struct change full(void)
{
    static struct tag tags[] = {{"team", "accounts"}, {"team", "again"}};
    struct change change = change_blank();
    change.id = "01JD9Q6X4T7M00000000000000";
    change.key = "gh:145988746";
    change.kind = CHANGE_CONFIG;
    change.action = "upgrade";
    change.service = "web/checkout";
    change.env = "production";
    change.rev = "4f2c1e9";
    change.prev = "b81d002";
    change.by = "nora";
    change.msg = "fix \"login\"\n\xc3\xbc";
    change.data = "as sent";
    change.start_ms = 1763837886123;
    change.end_ms = 1763837991400;
    change.status = STATUS_FAILED;
    change.source = "hook/github";
    change.received_ms = 1763837992000;
    change.skew_ms = -300;
    change.value = -1;
    change.is_posted = true;
    change.tags = tags;
    change.n_tags = 2;
    return change;
}

static const char *encoded(const struct change *change)
{
    struct buf out;
    buf_init(&out, 10000);
    row_encode(change, NULL, &out);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

TEST(every_field_comes_back)
{
    struct change change = full(), got;
    const char *text = encoded(&change);
    EXPECT_OK(row_decode(text, strlen(text), &kit_arena, &got, &kit_err));
    EXPECT_TEXT(encoded(&got), text);
    EXPECT_TEXT(got.msg, change.msg);
    EXPECT_I64(got.n_tags, 2);
    EXPECT_TEXT(got.tags[1].value, "again");
    EXPECT_I64(got.kind, CHANGE_CONFIG);
    EXPECT_I64(got.status, STATUS_FAILED);
    EXPECT_I64(got.end_ms, change.end_ms);
    EXPECT_F64(got.value, -1, 0);
    EXPECT(got.is_posted);
}

TEST(what_is_no_row_is_corrupt)
{
    static const struct {
        const char *row;
    } rows[] = {{""},
                {"{"},
                {"[]"},
                {"{}"},
                {"{\"kind\":\"deploy\"}"},
                {"{\"kind\":\"no\",\"status\":\"failed\"}"}};
    EACH_ROW (rows, r) {
        struct change got;
        EXPECT_ERR(row_decode(r->row, strlen(r->row), &kit_arena, &got, &kit_err), ERR_CORRUPT,
                   "ledger row");
    }
}

/* The worked example of docs/formats/ledger.md. */
TEST(hashes_chain)
{
    unsigned char zero[ROW_HASH_BYTES] = {0}, first[ROW_HASH_BYTES], again[ROW_HASH_BYTES];
    row_hash(zero, 1, "{}", 2, first);
    static const unsigned char wanted[] = {0x42, 0x47, 0x6b, 0x5f, 0x18, 0x8b, 0x52, 0x78};
    EXPECT(memcmp(first, wanted, sizeof wanted) == 0); /* its first eight bytes */
    row_hash(zero, 1, "{}", 2, again);
    EXPECT(memcmp(first, again, sizeof first) == 0);
    row_hash(first, 2, "{}", 2, again);
    EXPECT(memcmp(first, again, sizeof first) != 0);
    row_hash(zero, 2, "{}", 2, again);
    EXPECT(memcmp(first, again, sizeof first) != 0);
}

RUN_TESTS(test_of(every_field_comes_back), test_of(what_is_no_row_is_corrupt),
          test_of(hashes_chain))
