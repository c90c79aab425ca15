/* A change as the JSON text of a ledger row, and back. Stable key order, only what is known is written;
 * unknown keys of newer rows are kept out of the way. Pure. */
#pragma once

#include "base/buf.h"
#include "model/change.h"

/* Who did something to the ledger itself, and why. Strings "" when not known. */
struct audit {
    const char *what; /* "edit", "retract", "purge", "expire", "token", ... */
    const char *by, *why;
    const char *about; /* what it was done to, when that is no change: a token's name */
    int64_t at_ms;
};

/* change: as it now is, or NULL: the row is about no change. audit: NULL, or why the row was written
 * when nobody told of the change. One of the two is there. */
void row_encode(const struct change *change, const struct audit *audit, struct buf *out);
/* A row of its own, before the one of the change, whose "verdict" is summary.h's: all of it, as it is
 * written by model/verdict_write.h. It is about the change, but says nothing of it. */
void row_encode_verdict(const struct verdict *verdict, struct buf *out);
#define ROW_VERDICT_BEGIN "{\"verdict\":" /* so it begins, and no other does */
/* err: ERR_CORRUPT when it is no such text. */
MUST_CHECK bool row_decode_verdict(const char *text, size_t n, struct arena *arena,
                                   struct verdict *out, struct err *err);

/* Strings in the arena. err: ERR_CORRUPT when it is no such text. */
MUST_CHECK bool row_decode(const char *text, size_t n, struct arena *arena, struct change *out,
                           struct err *err);

/* The audit of a row; all "" when it has none. err: ERR_CORRUPT. */
MUST_CHECK bool row_decode_audit(const char *text, size_t n, struct arena *arena, struct audit *out,
                                 struct err *err);

/* All strings and tags copied into the arena; without the verdict, which is not for others to tell. */
struct change row_copy(const struct change *change, struct arena *arena);

enum { ROW_HASH_BYTES = 32 };
/* SHA-256 of the previous row's hash, the row's number (8 bytes, little-endian) and its text. */
void row_hash(const unsigned char previous[ROW_HASH_BYTES], uint64_t seq, const char *text,
              size_t n, unsigned char out[ROW_HASH_BYTES]);
