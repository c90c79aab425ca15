/* A change as the JSON text of a ledger row, and back. Stable key order, only what is known is written;
 * unknown keys of newer rows are kept out of the way. Pure. */
#pragma once

#include "base/buf.h"
#include "model/change.h"

void row_encode(const struct change *change, struct buf *out);
/* Strings in the arena. err: ERR_CORRUPT when it is no such text. */
MUST_CHECK bool row_decode(const char *text, size_t n, struct arena *arena, struct change *out,
                           struct err *err);

/* All strings and tags copied into the arena. */
struct change row_copy(const struct change *change, struct arena *arena);

enum { ROW_HASH_BYTES = 32 };
/* SHA-256 of the previous row's hash, the row's number (8 bytes, little-endian) and its text. */
void row_hash(const unsigned char previous[ROW_HASH_BYTES], uint64_t seq, const char *text,
              size_t n, unsigned char out[ROW_HASH_BYTES]);
