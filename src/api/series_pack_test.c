#include "api/series_pack.h"

#include <math.h>

#include "kit/kit.h"

/* A reader of just what is written, so that the test does not repeat the writer: the pickle's
 * instructions, shown as Python would print the value. */
struct reader {
    const unsigned char *at, *end;
    const char *stack[64]; /* texts; NULL: a mark */
    size_t n;
};

static const char *push(struct reader *reader, const char *text)
{
    reader->stack[reader->n++] = text;
    return text;
}

static uint32_t u32_at(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static double f64_at(const unsigned char *at)
{
    uint64_t bits = 0;
    double value;
    for (size_t i = 0; i < 8; i++)
        bits = bits << 8 | at[i];
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Takes everything above the mark into the list or dict below it. */
static void gather(struct reader *reader, bool is_dict)
{
    size_t mark = reader->n;
    const char *text = is_dict ? "{" : "[";
    while (reader->stack[mark - 1])
        mark--;
    for (size_t i = mark; i < reader->n; i++) {
        const bool is_key = is_dict && (i - mark) % 2 == 0;
        const bool is_last = i + 1 == reader->n;
        text = arena_printf(&kit_arena, "%s%s%s", text, reader->stack[i],
                            is_key    ? ":"
                            : is_last ? ""
                                      : ",");
    }
    reader->n = mark - 2; /* with the mark, and what it stood on */
    push(reader, arena_printf(&kit_arena, "%s%c", text, is_dict ? '}' : ']'));
}

static size_t step(struct reader *reader)
{
    const unsigned char *at = reader->at + 1;
    char number[NUM_TEXT_MAX];
    switch (reader->at[0]) {
    case 0x80:
        EXPECT_I64(at[0], 2);
        return 2;
    case ']':
        push(reader, "[");
        return 1;
    case '}':
        push(reader, "{");
        return 1;
    case '(':
        push(reader, NULL);
        return 1;
    case 'e':
        gather(reader, false);
        return 1;
    case 'u':
        gather(reader, true);
        return 1;
    case 'N':
        push(reader, "None");
        return 1;
    case 'J':
        push(reader, arena_printf(&kit_arena, "%d", (int)u32_at(at)));
        return 5;
    case 'G':
        num_format(number, f64_at(at));
        push(reader, arena_strdup(&kit_arena, number));
        return 9;
    case 'X':
        push(reader, arena_printf(&kit_arena, "'%.*s'", (int)u32_at(at), (const char *)at + 4));
        return 5 + u32_at(at);
    default:
        print_error("instruction %02x\n", reader->at[0]);
        EXPECT(reader->at[0] == 0);
        return (size_t)(reader->end - reader->at);
    }
}

static const char *unpickle(const struct buf *bytes)
{
    struct reader reader = {.at = (const unsigned char *)bytes->at};
    reader.end = reader.at + bytes->n;
    while (reader.at < reader.end && reader.at[0] != '.')
        reader.at += step(&reader);
    EXPECT_I64(reader.end - reader.at, 1); /* the stop, and nothing behind it */
    EXPECT_I64(reader.n, 1);
    return reader.stack[0];
}

static struct series *one(const char *name, const double *values, size_t n)
{
    struct series *series = series_new(&kit_arena, 1500000000, 60, n);
    series->name = name;
    series->path_expression = "web.*";
    series->per_point = 0;
    if (n)
        memcpy(series->values, values, n * sizeof *values);
    return series;
}

static const double values[] = {1, NAN, 0.1, -INFINITY};

TEST(a_pickle_reads_back)
{
    struct series_list list = {0};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    series_pack(&out, PACK_PICKLE, &list);
    EXPECT_TEXT(unpickle(&out), "[]");
    series_list_add(&list, one("web.a", values, 4), &kit_arena);
    series_list_add(&list, one("web.b", values, 0), &kit_arena);
    list.items[1]->consolidation = CONSOLIDATE_SUM;
    list.items[1]->per_point = 5;
    list.items[1]->x_files_factor = 0.5;
    buf_clear(&out);
    series_pack(&out, PACK_PICKLE, &list);
    EXPECT_TEXT(unpickle(&out),
                "[{'name':'web.a','start':1500000000,'end':1500000240,'step':60,"
                "'values':[1.0,None,0.1,-inf],'pathExpression':'web.*','valuesPerPoint':1,"
                "'consolidationFunc':'average','xFilesFactor':0.0},"
                "{'name':'web.b','start':1500000000,'end':1500000000,'step':60,"
                "'values':[],'pathExpression':'web.*','valuesPerPoint':5,"
                "'consolidationFunc':'sum','xFilesFactor':0.5}]");
}

TEST(msgpack_has_the_same_keys)
{
    struct series_list list = {0};
    static const char start[] = "\x91\x89\xA4name\xA5web.a\xA5start\xCE\x59\x68\x2F\x00\xA3"
                                "end\xCE\x59\x68\x2F\x78\xA4step\x3C\xA6values\x92\xCB";
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    series_list_add(&list, one("web.a", values, 2), &kit_arena);
    series_pack(&out, PACK_MSGPACK, &list);
    EXPECT(out.n > sizeof start && memcmp(out.at, start, sizeof start - 1) == 0);
    static const char keys[][20] = {"pathExpression", "valuesPerPoint", "consolidationFunc",
                                    "xFilesFactor"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        EXPECT(memmem(out.at, out.n, keys[i], strlen(keys[i])) != NULL);
}

TEST(a_full_answer_ends)
{
    struct series_list list = {0};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 100);
    double *many = arena_zarray(&kit_arena, 100000, double);
    series_list_add(&list, one("web.a", many, 100000), &kit_arena);
    series_pack(&out, PACK_PICKLE, &list);
    EXPECT(out.is_full && out.n <= 100);
}

RUN_TESTS(test_of(a_pickle_reads_back), test_of(msgpack_has_the_same_keys),
          test_of(a_full_answer_ends))
