#include "api/pack.h"

#include <string.h>

#include "base/num.h"
#include "base/str.h"

/* Python's pickletools names them; these are all that is written. */
enum pickle_op {
    OP_PROTO = 0x80,
    OP_STOP = '.',
    OP_MARK = '(',
    OP_EMPTY_LIST = ']',
    OP_APPENDS = 'e',
    OP_EMPTY_DICT = '}',
    OP_SETITEMS = 'u',
    OP_BINUNICODE = 'X',
    OP_BININT = 'J',
    OP_LONG1 = 0x8A,
    OP_BINFLOAT = 'G',
    OP_NONE = 'N',
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_TUPLE2 = 0x86,
};

/* From msgpack's specification. */
enum msgpack_tag {
    TAG_FIXMAP = 0x80,
    TAG_FIXLIST = 0x90,
    TAG_FIXTEXT = 0xA0,
    TAG_NIL = 0xC0,
    TAG_FALSE = 0xC2,
    TAG_TRUE = 0xC3,
    TAG_F64 = 0xCB,
    TAG_U32 = 0xCE,
    TAG_I64 = 0xD3,
    TAG_TEXT8 = 0xD9,
    TAG_TEXT32 = 0xDB,
    TAG_LIST32 = 0xDD,
    TAG_MAP32 = 0xDF,
};

enum { PICKLE_PROTOCOL = 2 };

static void add_byte(struct pack *pack, unsigned byte)
{
    buf_add_char(pack->out, (char)byte);
}

/* The tag, then the low n bytes of bits, the highest first. */
static void add_big_endian(struct pack *pack, unsigned tag, uint64_t bits, size_t n)
{
    unsigned char bytes[9] = {(unsigned char)tag};
    for (size_t i = 0; i < n; i++)
        bytes[1 + i] = (unsigned char)(bits >> 8 * (n - 1 - i));
    buf_add(pack->out, bytes, 1 + n);
}

void pack_begin(struct pack *pack, struct buf *out, enum pack_form form)
{
    *pack = (struct pack){.out = out, .form = form};
    if (form == PACK_PICKLE) {
        add_byte(pack, OP_PROTO);
        add_byte(pack, PICKLE_PROTOCOL);
    }
}

void pack_finish(struct pack *pack)
{
    BUG_IF(pack->depth != 0);
    if (pack->form == PACK_PICKLE)
        add_byte(pack, OP_STOP);
}

static void open_item(struct pack *pack, bool is_map)
{
    BUG_IF(pack->depth == PACK_DEPTH_MAX);
    pack->is_map[pack->depth++] = is_map;
}

void pack_list(struct pack *pack, size_t n)
{
    open_item(pack, false);
    if (pack->form == PACK_PICKLE) {
        add_byte(pack, OP_EMPTY_LIST);
        add_byte(pack, OP_MARK);
    } else if (n < 16) {
        add_byte(pack, TAG_FIXLIST | (unsigned)n);
    } else {
        add_big_endian(pack, TAG_LIST32, n, 4);
    }
}

void pack_map(struct pack *pack, size_t n)
{
    open_item(pack, true);
    if (pack->form == PACK_PICKLE) {
        add_byte(pack, OP_EMPTY_DICT);
        add_byte(pack, OP_MARK);
    } else if (n < 16) {
        add_byte(pack, TAG_FIXMAP | (unsigned)n);
    } else {
        add_big_endian(pack, TAG_MAP32, n, 4);
    }
}

void pack_end(struct pack *pack)
{
    BUG_IF(pack->depth == 0);
    const bool is_map = pack->is_map[--pack->depth];
    if (pack->form == PACK_PICKLE)
        add_byte(pack, is_map ? OP_SETITEMS : OP_APPENDS);
}

/* Names may come from an alias in a URL, so from any bytes; readers refuse what is no UTF-8. */
static void clean(struct buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        const size_t step = text_utf8_bytes(text + i, n - i);
        if (step)
            buf_add(out, text + i, step);
        else
            buf_add(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
        i += step ? step : 1;
    }
}

static void add_text(struct pack *pack, const char *text, size_t n)
{
    if (pack->form == PACK_PICKLE) {
        add_byte(pack, OP_BINUNICODE);
        buf_add_u32(pack->out, (uint32_t)n);
    } else if (n < 32) {
        add_byte(pack, TAG_FIXTEXT | (unsigned)n);
    } else if (n < 256) {
        add_big_endian(pack, TAG_TEXT8, n, 1);
    } else {
        add_big_endian(pack, TAG_TEXT32, n, 4);
    }
    buf_add(pack->out, text, n);
}

void pack_text(struct pack *pack, const char *text)
{
    const size_t n = strlen(text);
    if (text_is_utf8(text, n)) {
        add_text(pack, text, n);
        return;
    }
    CLEANUP(buf_done) struct buf cleaned;
    buf_init(&cleaned, 3 * n + 1);
    clean(&cleaned, text, n);
    add_text(pack, cleaned.at, cleaned.n);
}

void pack_i64(struct pack *pack, int64_t value)
{
    const bool is_i32 = value >= INT32_MIN && value <= INT32_MAX;
    if (pack->form == PACK_PICKLE && is_i32) {
        add_byte(pack, OP_BININT);
        buf_add_u32(pack->out, (uint32_t)value);
    } else if (pack->form == PACK_PICKLE) {
        add_byte(pack, OP_LONG1);
        add_byte(pack, sizeof value);
        buf_add_u64(pack->out, (uint64_t)value);
    } else if (value >= 0 && value < 128) {
        add_byte(pack, (unsigned)value);
    } else if (value >= 0 && value <= UINT32_MAX) {
        add_big_endian(pack, TAG_U32, (uint64_t)value, 4);
    } else {
        add_big_endian(pack, TAG_I64, (uint64_t)value, 8);
    }
}

void pack_f64(struct pack *pack, double value)
{
    const bool is_pickle = pack->form == PACK_PICKLE;
    uint64_t bits;
    if (is_gap(value)) {
        add_byte(pack, is_pickle ? (unsigned)OP_NONE : (unsigned)TAG_NIL);
        return;
    }
    memcpy(&bits, &value, sizeof bits);
    add_big_endian(pack, is_pickle ? (unsigned)OP_BINFLOAT : (unsigned)TAG_F64, bits, 8);
}

void pack_bool(struct pack *pack, bool value)
{
    if (pack->form == PACK_PICKLE)
        add_byte(pack, value ? OP_NEWTRUE : OP_NEWFALSE);
    else
        add_byte(pack, value ? TAG_TRUE : TAG_FALSE);
}

void pack_pair(struct pack *pack, int64_t first, int64_t second)
{
    if (pack->form == PACK_MSGPACK)
        add_byte(pack, TAG_FIXLIST | 2u);
    pack_i64(pack, first);
    pack_i64(pack, second);
    if (pack->form == PACK_PICKLE)
        add_byte(pack, OP_TUPLE2);
}

const char *pack_content_type(enum pack_form form)
{
    return form == PACK_PICKLE ? "application/pickle" : "application/x-msgpack";
}
