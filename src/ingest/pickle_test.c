/* The bytes are what Python 2's and 3's pickle.dumps give, unless a row says otherwise. */
#include "ingest/pickle.h"

#include "base/buf.h"

#include "kit/kit.h"

/* A string literal with its length: pickles hold NULs. */
#define BYTES(literal) literal, sizeof(literal) - 1

enum { SHOWN_DEPTH = 4 };

static void show(struct buf *out, const struct pickle_value *value, int depth)
{
    switch (value->type) {
    case PICKLE_NONE:
        buf_add_str(out, "None");
        return;
    case PICKLE_NUMBER:
        buf_add_f64(out, value->number);
        return;
    case PICKLE_TEXT:
        buf_printf(out, "'%.*s'", (int)value->n, value->text);
        return;
    case PICKLE_MARK:
        buf_add_str(out, "MARK");
        return;
    case PICKLE_TUPLE:
    case PICKLE_LIST:
        break;
    }
    buf_add_char(out, value->type == PICKLE_LIST ? '[' : '(');
    for (size_t i = 0; i < value->items->n && depth > 0; i++) {
        buf_add_str(out, i > 0 ? "," : "");
        show(out, &value->items->at[i], depth - 1);
    }
    buf_add_char(out, value->type == PICKLE_LIST ? ']' : ')');
}

/* What it stands for, or the error. */
static const char *load(const char *bytes, size_t n)
{
    struct pickle_value value = {.type = PICKLE_MARK};
    struct buf out;
    char *copy = arena_alloc(&kit_arena, n); /* of its own: a byte too far is noticed */
    memcpy(copy, bytes, n);
    err_clear(&kit_err);
    if (!pickle_load(copy, n, &kit_arena, &value, &kit_err))
        return arena_strdup(&kit_arena, kit_err.text);
    buf_init(&out, 1 << 20);
    show(&out, &value, SHOWN_DEPTH);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

TEST(points_of_every_protocol)
{
    static const struct {
        const char *row, *bytes;
        size_t n;
    } rows[] = {
        {"protocol 0", BYTES("(lp0\n(Vweb.a\np1\n(I1500000000\nF1.5\ntp2\ntp3\na(Vweb.b\np4\n"
                             "(I1500000000\nI-2\ntp5\ntp6\na(g1\n(F1500000010.5\n"
                             "L1099511627776L\ntp7\ntp8\na.")},
        {"protocol 1",
         BYTES("]q\000((X\005\000\000\000web.aq\001(J\000/hYG\077\370\000\000\000\000"
               "\000\000tq\002tq\003(X\005\000\000\000web.bq\004(J\000/hYJ\376\377\377"
               "\377tq\005tq\006(h\001(GA\326Z\013\302\240\000\000L1099511627776L\n"
               "tq\007tq\010e.")},
        {"protocol 2",
         BYTES("\200\002]q\000(X\005\000\000\000web.aq\001J\000/hYG\077\370\000\000\000\000\000\000"
               "\206q\002\206q\003X\005\000\000\000web.bq\004J\000/hYJ\376\377\377\377\206q\005"
               "\206q\006h\001GA\326Z\013\302\240\000\000\212\006\000\000\000\000\000\001\206q\007"
               "\206q\010e.")},
        {"protocol 4",
         BYTES("\200\004\225L\000\000\000\000\000\000\000]\224(\214\005web.a\224J\000/hYG\077\370"
               "\000\000\000\000\000\000\206\224\206\224\214\005web.b\224J\000/hYJ\376\377\377\377"
               "\206\224\206\224h\001GA\326Z\013\302\240\000\000\212\006\000\000\000\000\000\001"
               "\206\224\206\224e.")},
        {"Python 2, protocol 2",
         BYTES("\200\002]q\001(U\005web.aq\002J\000/hYG\077\370\000\000\000\000\000\000\206\206"
               "U\005web.bJ\000/hYJ\376\377\377\377\206\206h\002GA\326Z\013\302\240\000\000"
               "\212\006\000\000\000\000\000\001\206\206e.")},
        {"Python 2, protocol 0",
         BYTES("(lp1\n(S'web.a'\np2\n(I1500000000\nF1.5\ntta(S\"web.b\"\n(I1500000000\nI-2\ntta"
               "(g2\n(F1500000010.5\nL1099511627776L\ntta.")},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(load(r->bytes, r->n),
                    "[('web.a',(1500000000.0,1.5)),('web.b',(1500000000.0,-2.0)),"
                    "('web.a',(1500000010.5,1099511627776.0))]");
}

TEST(each_instruction)
{
    static const struct {
        const char *row, *bytes;
        size_t n;
        const char *want;
    } rows[] = {
        {"empty list", BYTES("]."), "[]"},
        {"empty list of protocol 0", BYTES("(l."), "[]"},
        {"empty tuple", BYTES(")."), "()"},
        {"tuple of one", BYTES("K\001\205."), "(1.0)"},
        {"tuple of three", BYTES("K\001K\002K\003\207."), "(1.0,2.0,3.0)"},
        {"nested", BYTES("](]e."), "[[]]"},
        {"none, true, false", BYTES("(N\210\211t."), "(None,1.0,0.0)"},
        {"true of protocol 0", BYTES("I01\n."), "1.0"},
        {"two bytes", BYTES("M\001\002."), "513.0"},
        {"negative long", BYTES("\212\001\377."), "-1.0"},
        {"no byte of a long", BYTES("\212\000."), "0.0"},
        {"long of sixteen bytes",
         BYTES("\212\020\000\000\000\000\000\000\000\000\000\000\000\000"
               "\000\000\000\001."),
         "1.329227995784916e+36"},
        {"long with four bytes of length", BYTES("\213\002\000\000\000\000\001."), "256.0"},
        {"bytes", BYTES("C\002ab."), "'ab'"},
        {"long bytes", BYTES("B\002\000\000\000ab."), "'ab'"},
        {"bytes with eight of length", BYTES("\216\002\000\000\000\000\000\000\000ab."), "'ab'"},
        {"text with eight of length", BYTES("\215\002\000\000\000\000\000\000\000ab."), "'ab'"},
        {"string with four of length", BYTES("T\002\000\000\000ab."), "'ab'"},
        {"escapes", BYTES("S'a\\x41\\'\\\\b'\n."), "'aA'\\b'"},
        {"latin-1", BYTES("Vh\351\n."), "'h\303\251'"},
        {"u and U", BYTES("V\\u00e9\\u20ac\\U0001f600\n."),
         "'\303\251\342\202\254\360\237\230\200'"},
        {"a backslash alone", BYTES("Va\\b\n."), "'a\\b'"},
        {"infinite", BYTES("Finf\n."), "inf"},
        {"pop", BYTES("K\001K\0020."), "1.0"},
        {"pop to the mark", BYTES("K\001(K\0021."), "1.0"},
        {"twice the same", BYTES("K\0012\206."), "(1.0,1.0)"},
        {"remembered with a long index", BYTES("K\007r\000\001\000\0000j\000\001\000\000."), "7.0"},
        {"frames", BYTES("\225\001\000\000\000\000\000\000\000K\001."), "1.0"},
        {"a list within itself", BYTES("]q\000h\000a."), "[[[[[]]]]]"},
        {"what comes after the end", BYTES("K\001.garbage"), "1.0"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(load(r->bytes, r->n), r->want);
}

TEST(garbage_says_what_and_where)
{
    static const struct {
        const char *row, *bytes;
        size_t n;
        const char *part;
    } rows[] = {
        {"nothing", BYTES(""), "too early"},
        {"no end", BYTES("]"), "too early"},
        {"a call", BYTES("cos\nsystem\n(S'id'\ntR."), "'c' at byte 0 is not taken"},
        {"a call of protocol 4", BYTES("\200\004\214\002os\214\006system\223."),
         "0x93 at byte 14 is not taken"},
        {"a dictionary", BYTES("}."), "'}' at byte 0"},
        {"a persistent id", BYTES("Pid\n."), "'P'"},
        {"a protocol to come", BYTES("\200\006]."), "protocol after 5"},
        {"cut inside a number", BYTES("J\001\002"), "too early"},
        {"cut inside a text", BYTES("X\005\000\000\000web"), "too early"},
        {"longer than all", BYTES("\215\377\377\377\377\377\377\377\377x."), "too early"},
        {"cut inside a line", BYTES("I12"), "too early"},
        {"no number", BYTES("Ix\n."), "bad number"},
        {"no quotes", BYTES("Sabc\n."), "quotes"},
        {"one quote", BYTES("S'\n."), "quotes"},
        {"half a pair", BYTES("V\\ud800\n."), "bad character"},
        {"half an escape", BYTES("V\\u12\n."), "bad character"},
        {"past Unicode", BYTES("V\\U00110000\n."), "bad character"},
        {"a long of 17 bytes", BYTES("\212\02101234567890123456."), "more than 16 bytes"},
        {"an end without a value", BYTES("."), "without a value"},
        {"an end on a mark", BYTES("(."), "without a value"},
        {"a tuple of nothing", BYTES("\206."), "without a value"},
        {"a tuple across a mark", BYTES("K\001(K\002\206."), "across a mark"},
        {"no mark", BYTES("K\001t."), "without its mark"},
        {"pop of nothing", BYTES("0."), "without a value"},
        {"append to a number", BYTES("K\001K\002a."), "no list"},
        {"append to a tuple", BYTES(")K\002a."), "no list"},
        {"append to nothing", BYTES("K\001a."), "no list"},
        {"appends to a mark", BYTES("((K\001e."), "no list"},
        {"appends to nothing", BYTES("(K\001e."), "no list"},
        {"never remembered", BYTES("h\000."), "never remembered"},
        {"remembers nothing", BYTES("q\000."), "without a value"},
        {"a bad index", BYTES("K\001p-1\n."), "bad index"},
        {"an index too large", BYTES("K\001r\377\377\377\377."), "more than 400000"},
    };
    EACH_ROW (rows, r)
        EXPECT(strstr(load(r->bytes, r->n), r->part) != NULL);
}

TEST(values_have_a_limit)
{
    char *bytes = arena_alloc(&kit_arena, PICKLE_VALUES_MAX * 2 + 8);
    memset(bytes, 'N', PICKLE_STACK_MAX + 1);
    EXPECT(strstr(load(bytes, PICKLE_STACK_MAX + 1), "at one time") != NULL);
    for (size_t i = 0; i < PICKLE_VALUES_MAX + 1; i++)
        memcpy(bytes + 2 * i, "N0", 2);
    EXPECT(strstr(load(bytes, 2 * (PICKLE_VALUES_MAX + 1)), "more than 400000 values") != NULL);
}

RUN_TESTS(test_of(points_of_every_protocol), test_of(each_instruction),
          test_of(garbage_says_what_and_where), test_of(values_have_a_limit))
