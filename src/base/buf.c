#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max = max_bytes};
}

void buf_done(struct buf *buf)
{
    mem_free(buf->at);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->n = 0;
    buf->is_full = false;
    if (buf->at)
        buf->at[0] = '\0';
}

void *buf_room(struct buf *buf, size_t n)
{
    if (buf->is_full || n > buf->max || buf->n > buf->max - n) {
        buf->is_full = true;
        return NULL;
    }
    size_t wanted = buf->n + n + 1; /* the NUL that always follows */
    if (wanted > buf->cap) {
        size_t cap = max_size(wanted, min_size(buf->cap * 2, buf->max + 1));
        cap = max_size(cap, 64);
        buf->at = mem_resize(buf->at, cap);
        buf->cap = cap;
    }
    return buf->at + buf->n;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
    char *to = buf_room(buf, n);
    if (!to)
        return;
    if (n)
        memcpy(to, bytes, n);
    buf->n += n;
    buf->at[buf->n] = '\0';
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_add_str(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    BUG_IF(n < 0);
    char *to = buf_room(buf, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, fmt, again);
        buf->n += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(buf, fmt, args);
    va_end(args);
}

void buf_add_f64(struct buf *buf, double value)
{
    char text[NUM_TEXT_MAX];
    buf_add(buf, text, num_format(text, value));
}

void buf_add_i64(struct buf *buf, int64_t value)
{
    char text[NUM_TEXT_MAX];
    buf_add(buf, text, num_format_i64(text, value));
}

void buf_add_base64(struct buf *buf, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i += 3) {
        const unsigned two = i + 1 < n ? at[i + 1] : 0, three = i + 2 < n ? at[i + 2] : 0;
        const unsigned bits = (unsigned)at[i] << 16 | two << 8 | three;
        buf_add_char(buf, digits[bits >> 18]);
        buf_add_char(buf, digits[bits >> 12 & 63]);
        buf_add_char(buf, i + 1 < n ? digits[bits >> 6 & 63] : '=');
        buf_add_char(buf, i + 2 < n ? digits[bits & 63] : '=');
    }
}

void buf_add_u16(struct buf *buf, uint16_t v)
{
    unsigned char bytes[2] = {(unsigned char)v, (unsigned char)(v >> 8)};
    buf_add(buf, bytes, sizeof bytes);
}

void buf_add_u32(struct buf *buf, uint32_t v)
{
    unsigned char bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    buf_add(buf, bytes, sizeof bytes);
}

void buf_add_u64(struct buf *buf, uint64_t v)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    buf_add(buf, bytes, sizeof bytes);
}

const char *buf_text(const struct buf *buf)
{
    return buf->at ? buf->at : "";
}

char *buf_take(struct buf *buf, size_t *out_n)
{
    char *text = buf->at ? buf->at : mem_strdup("");
    if (out_n)
        *out_n = buf->n;
    *buf = (struct buf){.max = buf->max};
    return text;
}
