#include "ingest/pickle.h"

#include <string.h>

#include "base/num.h"

enum {
    PROTOCOL_MAX = 5,
    LONG_BYTES_MAX = 16, /* of a binary integer; more is no time and no value that a metric has */
};

/* Python's pickletools names and explains them. */
enum op {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_DUP = '2',
    OP_FLOAT = 'F',
    OP_INT = 'I',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_LONG = 'L',
    OP_BININT2 = 'M',
    OP_NONE = 'N',
    OP_STRING = 'S',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_UNICODE = 'V',
    OP_BINUNICODE = 'X',
    OP_APPEND = 'a',
    OP_APPENDS = 'e',
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    OP_GET = 'g',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_LIST = 'l',
    OP_EMPTY_LIST = ']',
    OP_PUT = 'p',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_TUPLE = 't',
    OP_EMPTY_TUPLE = ')',
    OP_BINFLOAT = 'G',
    OP_PROTO = 0x80,
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_LONG1 = 0x8a,
    OP_LONG4 = 0x8b,
    OP_SHORT_BINUNICODE = 0x8c,
    OP_BINUNICODE8 = 0x8d,
    OP_BINBYTES8 = 0x8e,
    OP_MEMOIZE = 0x94,
    OP_FRAME = 0x95,
};

struct machine {
    const unsigned char *at, *begin, *end;
    struct arena *arena;
    struct err *err;
    size_t n_values; /* pushed so far */
    struct pickle_value *stack;
    size_t n_stack, stack_cap;
    struct pickle_value *memo; /* PICKLE_MARK: nothing there */
    size_t n_memo, memo_cap;
};

static bool fail(struct machine *m, const char *what)
{
    return FAIL(m->err, ERR_INPUT, "not a pickle of points at byte %zu: %s",
                (size_t)(m->at - m->begin), what);
}

/* ---- reading ---- */

static bool take(struct machine *m, size_t n, const unsigned char **out)
{
    if ((size_t)(m->end - m->at) < n)
        return fail(m, "it ends too early");
    *out = m->at;
    m->at += n;
    return true;
}

static bool take_u(struct machine *m, size_t n_bytes, uint64_t *out)
{
    const unsigned char *at;
    uint64_t value = 0;
    if (!take(m, n_bytes, &at))
        return false;
    for (size_t i = n_bytes; i-- > 0;)
        value = value << 8 | at[i];
    *out = value;
    return true;
}

/* What stands before the next newline. */
static bool take_line(struct machine *m, struct str *out)
{
    const unsigned char *newline = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (!newline)
        return fail(m, "it ends too early");
    *out = str_make((const char *)m->at, (size_t)(newline - m->at));
    m->at = newline + 1;
    return true;
}

/* ---- the stack ---- */

static bool push(struct machine *m, struct pickle_value value)
{
    if (m->n_values == PICKLE_VALUES_MAX || m->n_stack == PICKLE_STACK_MAX)
        return FAIL(m->err, ERR_LIMIT, "a pickle of more than %d values, or of %d at one time",
                    PICKLE_VALUES_MAX, PICKLE_STACK_MAX);
    m->n_values++;
    arena_grow(m->arena, &m->stack, &m->stack_cap, m->n_stack + 1, sizeof *m->stack);
    m->stack[m->n_stack++] = value;
    return true;
}

static bool push_number(struct machine *m, double number)
{
    return push(m, (struct pickle_value){.type = PICKLE_NUMBER, .number = number});
}

static bool push_text(struct machine *m, const char *text, size_t n)
{
    return push(m, (struct pickle_value){.type = PICKLE_TEXT, .n = (uint32_t)n, .text = text});
}

/* The topmost value, which stays. NULL: there is none. */
static struct pickle_value *top(struct machine *m)
{
    if (m->n_stack == 0 || m->stack[m->n_stack - 1].type == PICKLE_MARK) {
        (void)fail(m, "an instruction without a value to work on");
        return NULL;
    }
    return &m->stack[m->n_stack - 1];
}

/* Index of the topmost mark. */
static bool find_mark(struct machine *m, size_t *out)
{
    size_t i = m->n_stack;
    while (i > 0 && m->stack[i - 1].type != PICKLE_MARK)
        i--;
    if (i == 0)
        return fail(m, "an instruction without its mark");
    *out = i - 1;
    return true;
}

/* The values from stack[from] on become a list or a tuple, which takes the place of stack[to]. */
static bool gather(struct machine *m, enum pickle_type type, size_t from, size_t to)
{
    const size_t n = m->n_stack - from;
    for (size_t i = from; i < m->n_stack; i++) {
        if (m->stack[i].type == PICKLE_MARK)
            return fail(m, "a tuple across a mark");
    }
    struct pickle_items *items = arena_zalloc(m->arena, sizeof *items);
    arena_grow(m->arena, &items->at, &items->cap, n, sizeof *items->at);
    if (n > 0)
        memcpy(items->at, m->stack + from, n * sizeof *items->at);
    items->n = n;
    m->n_stack = to;
    return push(m, (struct pickle_value){.type = type, .items = items});
}

static bool gather_marked(struct machine *m, enum pickle_type type)
{
    size_t mark;
    return find_mark(m, &mark) && gather(m, type, mark + 1, mark);
}

static bool gather_last(struct machine *m, size_t n)
{
    if (m->n_stack < n)
        return fail(m, "an instruction without a value to work on");
    return gather(m, PICKLE_TUPLE, m->n_stack - n, m->n_stack - n);
}

/* Appends the values from stack[from] on to the list stack[to]. */
static bool append(struct machine *m, size_t from, size_t to)
{
    if (to >= m->n_stack || m->stack[to].type != PICKLE_LIST)
        return fail(m, "something is appended to what is no list");
    struct pickle_items *items = m->stack[to].items;
    const size_t n = m->n_stack - from;
    arena_grow(m->arena, &items->at, &items->cap, items->n + n, sizeof *items->at);
    if (n > 0)
        memcpy(items->at + items->n, m->stack + from, n * sizeof *items->at);
    items->n += n;
    m->n_stack = to + 1;
    return true;
}

static bool append_marked(struct machine *m)
{
    size_t mark;
    if (!find_mark(m, &mark))
        return false;
    return mark > 0 ? append(m, mark + 1, mark - 1)
                    : fail(m, "something is appended to what is no list");
}

static bool append_one(struct machine *m)
{
    if (!top(m))
        return false;
    return m->n_stack > 1 ? append(m, m->n_stack - 1, m->n_stack - 2)
                          : fail(m, "something is appended to what is no list");
}

/* ---- the memo ---- */

static bool memo_put(struct machine *m, uint64_t i)
{
    const struct pickle_value *value = top(m);
    if (!value)
        return false;
    if (i >= PICKLE_MEMO_MAX)
        return FAIL(m->err, ERR_LIMIT, "a pickle that remembers more than %d values",
                    PICKLE_MEMO_MAX);
    arena_grow(m->arena, &m->memo, &m->memo_cap, i + 1, sizeof *m->memo);
    for (; m->n_memo <= i; m->n_memo++)
        m->memo[m->n_memo].type = PICKLE_MARK;
    m->memo[i] = *value;
    return true;
}

static bool memo_get(struct machine *m, uint64_t i)
{
    if (i >= m->n_memo || m->memo[i].type == PICKLE_MARK)
        return fail(m, "it asks for what it never remembered");
    return push(m, m->memo[i]);
}

static bool take_index(struct machine *m, uint64_t *out)
{
    struct str line;
    int64_t i;
    if (!take_line(m, &line))
        return false;
    if (!num_parse_i64(line.at, line.n, &i) || i < 0)
        return fail(m, "a bad index");
    *out = (uint64_t)i;
    return true;
}

/* ---- texts ---- */

/* n_length bytes say how long it is. */
static bool read_text(struct machine *m, size_t n_length)
{
    uint64_t n;
    const unsigned char *at;
    return take_u(m, n_length, &n) && take(m, (size_t)n, &at) &&
           push_text(m, (const char *)at, (size_t)n);
}

static int hex_of(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n hex digits at text[from]. */
static bool take_hex(struct str text, size_t from, size_t n, uint32_t *out)
{
    uint32_t value = 0;
    if (text.n < from + n)
        return false;
    for (size_t i = from; i < from + n; i++) {
        const int digit = hex_of((unsigned char)text.at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

/* 'text' or "text" as Python 2 prints it: quotes, and backslashes before what is not printed. */
static bool read_string(struct machine *m)
{
    struct str line;
    if (!take_line(m, &line))
        return false;
    line = str_trim(line);
    if (line.n < 2 || (line.at[0] != '\'' && line.at[0] != '"') ||
        line.at[line.n - 1] != line.at[0])
        return fail(m, "a text without its quotes");
    line = str_make(line.at + 1, line.n - 2);
    if (!memchr(line.at, '\\', line.n))
        return push_text(m, line.at, line.n);
    char *out = arena_alloc(m->arena, line.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < line.n; i++) {
        uint32_t byte;
        if (line.at[i] != '\\' || i + 1 == line.n) {
            out[n++] = line.at[i];
        } else if (line.at[i + 1] == 'x' && take_hex(line, i + 2, 2, &byte)) {
            out[n++] = (char)byte;
            i += 3;
        } else { /* \\ and \' stand for themselves; \n and the like make no name, as they are */
            out[n++] = line.at[++i];
        }
    }
    return push_text(m, out, n);
}

/* At most 4 bytes. Returns how many; 0: no character. */
static size_t put_utf8(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    const size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return 0;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(first[n] | code);
    return n;
}

/* Python's raw-unicode-escape: Latin-1, and \uXXXX or \UXXXXXXXX for the rest. */
static bool read_unicode(struct machine *m)
{
    struct str line;
    if (!take_line(m, &line))
        return false;
    char *out = arena_alloc(m->arena, 2 * line.n + 1); /* a byte of Latin-1 is two */
    size_t n = 0;
    for (size_t i = 0; i < line.n; i++) {
        uint32_t code = (unsigned char)line.at[i];
        const char kind = code == '\\' && i + 1 < line.n ? line.at[i + 1] : '\0';
        if (kind == 'u' || kind == 'U') {
            const size_t n_digits = kind == 'u' ? 4 : 8;
            if (!take_hex(line, i + 2, n_digits, &code))
                return fail(m, "a bad character");
            i += 1 + n_digits;
        }
        const size_t n_utf8 = put_utf8(code, out + n);
        if (n_utf8 == 0)
            return fail(m, "a bad character");
        n += n_utf8;
    }
    return push_text(m, out, n);
}

/* ---- numbers ---- */

/* "12", "12L", "-1.5", "nan"; "00" and "01" of protocol 0 are False and True, 0 and 1 here. */
static bool read_digits(struct machine *m)
{
    struct str line;
    double number;
    if (!take_line(m, &line))
        return false;
    if (str_ends(line, "L"))
        line.n--;
    if (!num_parse_f64(line.at, line.n, &number))
        return fail(m, "a bad number");
    return push_number(m, number);
}

static bool read_unsigned(struct machine *m, size_t n_bytes)
{
    uint64_t value;
    return take_u(m, n_bytes, &value) && push_number(m, (double)value);
}

static bool read_i32(struct machine *m)
{
    uint64_t value;
    return take_u(m, 4, &value) && push_number(m, (int32_t)(uint32_t)value);
}

/* Two's complement, the lowest byte first; n_length bytes say how many. */
static bool read_long(struct machine *m, size_t n_length)
{
    uint64_t n;
    const unsigned char *at;
    if (!take_u(m, n_length, &n))
        return false;
    if (n > LONG_BYTES_MAX)
        return fail(m, "an integer of more than 16 bytes");
    if (!take(m, (size_t)n, &at))
        return false;
    unsigned __int128 value = n > 0 && at[n - 1] >= 0x80 ? ~(unsigned __int128)0 : 0;
    for (size_t i = (size_t)n; i-- > 0;)
        value = value << 8 | at[i];
    return push_number(m, (double)(__int128)value);
}

/* Big-endian. */
static bool read_f64(struct machine *m)
{
    const unsigned char *at;
    uint64_t bits = 0;
    double number;
    if (!take(m, sizeof bits, &at))
        return false;
    for (size_t i = 0; i < sizeof bits; i++)
        bits = bits << 8 | at[i];
    memcpy(&number, &bits, sizeof number);
    return push_number(m, number);
}

/* ---- instructions ---- */

static bool refuse(struct machine *m, unsigned op)
{
    m->at--;
    if (op > ' ' && op < 0x7F)
        return FAIL(m->err, ERR_INPUT,
                    "instruction '%c' at byte %zu is not taken: a pickle of points has only "
                    "lists, tuples, texts and numbers",
                    (int)op, (size_t)(m->at - m->begin));
    return FAIL(m->err, ERR_INPUT,
                "instruction 0x%02x at byte %zu is not taken: a pickle of points has only "
                "lists, tuples, texts and numbers",
                op, (size_t)(m->at - m->begin));
}

static bool read_protocol(struct machine *m)
{
    uint64_t protocol;
    if (!take_u(m, 1, &protocol))
        return false;
    return protocol <= PROTOCOL_MAX || fail(m, "a protocol after 5");
}

/* Frames are of no use to us: the whole pickle is here. */
static bool skip_frame(struct machine *m)
{
    const unsigned char *at;
    return take(m, 8, &at);
}

static bool drop_marked(struct machine *m)
{
    return find_mark(m, &m->n_stack);
}

static bool drop_one(struct machine *m)
{
    if (m->n_stack == 0)
        return fail(m, "an instruction without a value to work on");
    m->n_stack--;
    return true;
}

static bool duplicate(struct machine *m)
{
    const struct pickle_value *value = top(m);
    return value && push(m, *value);
}

/* What works on the stack and the memo. */
static bool run_stack(struct machine *m, unsigned op)
{
    uint64_t i;
    switch (op) {
    case OP_MARK:
        return push(m, (struct pickle_value){.type = PICKLE_MARK});
    case OP_POP:
        return drop_one(m);
    case OP_POP_MARK:
        return drop_marked(m);
    case OP_DUP:
        return duplicate(m);
    case OP_APPEND:
        return append_one(m);
    case OP_APPENDS:
        return append_marked(m);
    case OP_LIST:
        return gather_marked(m, PICKLE_LIST);
    case OP_EMPTY_LIST:
        return gather(m, PICKLE_LIST, m->n_stack, m->n_stack);
    case OP_TUPLE:
        return gather_marked(m, PICKLE_TUPLE);
    case OP_EMPTY_TUPLE:
        return gather_last(m, 0);
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
        return gather_last(m, op - OP_TUPLE1 + 1);
    case OP_PUT:
        return take_index(m, &i) && memo_put(m, i);
    case OP_BINPUT:
        return take_u(m, 1, &i) && memo_put(m, i);
    case OP_LONG_BINPUT:
        return take_u(m, 4, &i) && memo_put(m, i);
    case OP_MEMOIZE:
        return memo_put(m, m->n_memo);
    case OP_GET:
        return take_index(m, &i) && memo_get(m, i);
    case OP_BINGET:
        return take_u(m, 1, &i) && memo_get(m, i);
    case OP_LONG_BINGET:
        return take_u(m, 4, &i) && memo_get(m, i);
    default:
        return refuse(m, op);
    }
}

/* What brings a value along. */
static bool run(struct machine *m, unsigned op)
{
    switch (op) {
    case OP_NONE:
        return push(m, (struct pickle_value){.type = PICKLE_NONE});
    case OP_NEWTRUE:
    case OP_NEWFALSE:
        return push_number(m, op == OP_NEWTRUE);
    case OP_INT:
    case OP_LONG:
    case OP_FLOAT:
        return read_digits(m);
    case OP_BININT:
        return read_i32(m);
    case OP_BININT1:
        return read_unsigned(m, 1);
    case OP_BININT2:
        return read_unsigned(m, 2);
    case OP_LONG1:
        return read_long(m, 1);
    case OP_LONG4:
        return read_long(m, 4);
    case OP_BINFLOAT:
        return read_f64(m);
    case OP_STRING:
        return read_string(m);
    case OP_UNICODE:
        return read_unicode(m);
    case OP_SHORT_BINSTRING:
    case OP_SHORT_BINBYTES:
    case OP_SHORT_BINUNICODE:
        return read_text(m, 1);
    case OP_BINSTRING:
    case OP_BINBYTES:
    case OP_BINUNICODE:
        return read_text(m, 4);
    case OP_BINBYTES8:
    case OP_BINUNICODE8:
        return read_text(m, 8);
    case OP_PROTO:
        return read_protocol(m);
    case OP_FRAME:
        return skip_frame(m);
    default:
        return run_stack(m, op);
    }
}

bool pickle_load(const char *bytes, size_t n, struct arena *arena, struct pickle_value *out,
                 struct err *err)
{
    const unsigned char *begin = (const unsigned char *)bytes;
    struct machine m = {.at = begin, .begin = begin, .end = begin + n, .arena = arena, .err = err};
    while (m.at < m.end) {
        const unsigned op = *m.at++;
        if (op == OP_STOP) {
            const struct pickle_value *result = top(&m);
            if (!result)
                return false;
            *out = *result;
            return true;
        }
        if (!run(&m, op))
            return false;
    }
    return fail(&m, "it ends too early");
}
