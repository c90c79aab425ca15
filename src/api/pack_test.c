#include "api/pack.h"

#include <math.h>

#include "kit/kit.h"

static void pack_one_of_each(struct pack *pack)
{
    pack_list(pack, 7);
    pack_map(pack, 1);
    pack_text(pack, "step");
    pack_i64(pack, 60);
    pack_end(pack);
    pack_i64(pack, -5000000000);
    pack_f64(pack, 1.5);
    pack_f64(pack, (double)NAN);
    pack_bool(pack, true);
    pack_bool(pack, false);
    pack_pair(pack, 0, 1500000000);
    pack_end(pack);
}

static const char *hex_of(enum pack_form form, void (*write)(struct pack *))
{
    CLEANUP(buf_done) struct buf out;
    struct pack pack;
    const char *text = "";
    buf_init(&out, 1 << 20);
    pack_begin(&pack, &out, form);
    write(&pack);
    pack_finish(&pack);
    for (size_t i = 0; i < out.n; i++)
        text = arena_printf(&kit_arena, "%s%02x", text, (unsigned char)out.at[i]);
    return text;
}

/* What Python's pickle.loads and msgpack.unpackb read as
 * [{"step": 60}, -5000000000, 1.5, None, True, False, (0, 1500000000)]. */
TEST(writes_what_python_reads)
{
    EXPECT_TEXT(hex_of(PACK_PICKLE, pack_one_of_each),
                "8002"               /* protocol 2 */
                "5d28"               /* list, mark */
                "7d28"               /* dict, mark */
                "5804000000"         /* text of 4 bytes */
                "73746570"           /* step */
                "4a3c000000"         /* 60 */
                "75"                 /* into the dict */
                "8a08"               /* a long of 8 bytes */
                "000efad5feffffff"   /* -5000000000, lowest byte first */
                "473ff8000000000000" /* 1.5 */
                "4e8889"             /* None True False */
                "4a00000000"         /* 0 */
                "4a002f6859"         /* 1500000000 */
                "86"                 /* a tuple of the two */
                "652e");             /* into the list, stop */
    EXPECT_TEXT(hex_of(PACK_MSGPACK, pack_one_of_each), "97"
                                                        "81"
                                                        "a473746570"
                                                        "3c"
                                                        "d3fffffffed5fa0e00"
                                                        "cb3ff8000000000000"
                                                        "c0c3c2"
                                                        "92"
                                                        "00"
                                                        "ce59682f00");
}

static const char *text_to_write;

static void write_text(struct pack *pack)
{
    pack_text(pack, text_to_write);
}

TEST(texts_are_utf8)
{
    static const struct {
        const char *row, *text, *pickle, *msgpack;
    } rows[] = {
        {"empty", "", "800258000000002e", "a0"},
        {"two bytes", "\xC3\xA4", "80025802000000c3a42e", "a2c3a4"},
        {"a stray byte", "a\xFFz", "8002580500000061efbfbd7a2e", "a561efbfbd7a"},
        {"cut off", "\xC3", "80025803000000efbfbd2e", "a3efbfbd"},
    };
    EACH_ROW (rows, r) {
        text_to_write = r->text;
        EXPECT_TEXT(hex_of(PACK_PICKLE, write_text), r->pickle);
        EXPECT_TEXT(hex_of(PACK_MSGPACK, write_text), r->msgpack);
    }
}

static size_t n_to_write;

static void write_long_things(struct pack *pack)
{
    pack_list(pack, n_to_write);
    for (size_t i = 0; i < n_to_write; i++)
        pack_bool(pack, false);
    pack_end(pack);
}

TEST(lengths_grow_in_msgpack)
{
    static const struct {
        const char *row;
        size_t n;
        const char *text, *list;
    } rows[] = {
        {"short", 15, "af", "9f"},
        {"a byte more", 16, "b0", "dd00000010"},
        {"the longest short text", 31, "bf", "dd0000001f"},
        {"long", 32, "d920", "dd00000020"},
        {"longest of one byte", 255, "d9ff", "dd000000ff"},
        {"longer", 256, "db00000100", "dd00000100"},
    };
    EACH_ROW (rows, r) {
        char *text = arena_zalloc(&kit_arena, r->n + 1);
        memset(text, 'x', r->n);
        text_to_write = text;
        n_to_write = r->n;
        EXPECT(strncmp(hex_of(PACK_MSGPACK, write_text), r->text, strlen(r->text)) == 0);
        EXPECT(strncmp(hex_of(PACK_MSGPACK, write_long_things), r->list, strlen(r->list)) == 0);
        EXPECT_I64(strlen(hex_of(PACK_MSGPACK, write_text)), strlen(r->text) + 2 * r->n);
    }
}

static int64_t number_to_write;

static void write_number(struct pack *pack)
{
    pack_i64(pack, number_to_write);
}

TEST(whole_numbers_of_every_size)
{
    static const struct {
        const char *row;
        int64_t value;
        const char *pickle, *msgpack;
    } rows[] = {
        {"0", 0, "80024a000000002e", "00"},
        {"127", 127, "80024a7f0000002e", "7f"},
        {"128", 128, "80024a800000002e", "ce00000080"},
        {"-1", -1, "80024affffffff2e", "d3ffffffffffffffff"},
        {"largest of 31 bits", INT32_MAX, "80024affffff7f2e", "ce7fffffff"},
        {"one more", INT32_MAX + 1LL, "80028a0800000080000000002e", "ce80000000"},
        {"largest of 32 bits", UINT32_MAX, "80028a08ffffffff000000002e", "ceffffffff"},
        {"one more than that", UINT32_MAX + 1LL, "80028a0800000000010000002e",
         "d30000000100000000"},
        {"least of 31 bits", INT32_MIN, "80024a000000802e", "d3ffffffff80000000"},
        {"one less", INT32_MIN - 1LL, "80028a08ffffff7fffffffff2e", "d3ffffffff7fffffff"},
    };
    EACH_ROW (rows, r) {
        number_to_write = r->value;
        EXPECT_TEXT(hex_of(PACK_PICKLE, write_number), r->pickle);
        EXPECT_TEXT(hex_of(PACK_MSGPACK, write_number), r->msgpack);
    }
}

RUN_TESTS(test_of(writes_what_python_reads), test_of(texts_are_utf8),
          test_of(lengths_grow_in_msgpack), test_of(whole_numbers_of_every_size))
