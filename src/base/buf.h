/* Growing bytes with a stated maximum. Past the maximum nothing is added and is_full is set and
 * stays: check once at the end. Owner: whoever called buf_init. One thread. */
#pragma once

#include <stdarg.h>

#include "base/base.h"

struct buf {
    char *at; /* always followed by a NUL once anything was added; NULL before */
    size_t n, cap, max;
    bool is_full;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_done(struct buf *buf);  /* accepts a zeroed struct */
void buf_clear(struct buf *buf); /* keeps the memory */

void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_add_char(struct buf *buf, char c);
void buf_add_str(struct buf *buf, const char *text);
PRINTF_LIKE(2, 3) void buf_printf(struct buf *buf, const char *fmt, ...); /* never %f %g of data */
PRINTF_LIKE(2, 0) void buf_vprintf(struct buf *buf, const char *fmt, va_list args);
/* The shortest text that reads back the same, in Python's form; see num_format. */
void buf_add_f64(struct buf *buf, double value);
void buf_add_i64(struct buf *buf, int64_t value);

/* RFC 4648, with '=' at the end. */
void buf_add_base64(struct buf *buf, const void *bytes, size_t n);

/* Little-endian. */
void buf_add_u16(struct buf *buf, uint16_t v);
void buf_add_u32(struct buf *buf, uint32_t v);
void buf_add_u64(struct buf *buf, uint64_t v);

/* Room for n more bytes at buf->at + buf->n, or NULL (and is_full); then buf->n += what was used. */
MUST_CHECK void *buf_room(struct buf *buf, size_t n);

/* The text, "" if empty. Lent until the next call. */
const char *buf_text(const struct buf *buf);
/* Hands the memory over; the caller frees it with mem_free. The buffer is empty after. */
MUST_CHECK char *buf_take(struct buf *buf, size_t *out_n);
