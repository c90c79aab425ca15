/* Integers <-> bytes: varints, and streams of groups of 128 packed at one bit width with patches
 * for the few that need more. All arithmetic is modulo 2^64, so any values come back.
 * Packing is in natural order, lowest bit first: 8 values of w bits are w bytes.
 * Pure; thread: any. Format: docs/formats/block.md, "Groups". */
#pragma once

#include <string.h>

#include "base/base.h"

enum {
    PACK_GROUP = 128,
    PACK_PATCHES_MAX = 40,  /* past that a wider group is always smaller */
    PACK_VARINT_BYTES = 10, /* the longest varint */
    PACK_SLACK = 8,         /* the writers below may scribble so far past what they write */
};

/* Bytes to read, never trusted: each pack_get and pack_skip is false when they are not what the
 * matching pack_put writes; the reader is then of no more use. */
struct pack_in {
    const uint8_t *at, *end;
};

/* 8 bytes at any place, little-endian. */
static inline uint64_t pack_load_u64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline void pack_save_u64(uint8_t *at, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(at, &v, sizeof v);
}

/* Signed <-> unsigned with small magnitudes first: 0, -1, 1, -2, ... */
static inline uint64_t pack_zigzag(uint64_t v)
{
    return (v << 1) ^ (0 - (v >> 63));
}

static inline uint64_t pack_unzigzag(uint64_t z)
{
    return (z >> 1) ^ (0 - (z & 1));
}

/* 7 bits a byte, low ones first. The put calls return where the next byte goes. */
uint8_t *pack_put_varint(uint8_t *at, uint64_t v);
MUST_CHECK bool pack_get_varint(struct pack_in *in, uint64_t *out);
size_t pack_varint_bytes(uint64_t v);

/* n values of w <= 64 bits; exactly (n * w + 7) / 8 bytes. */
uint8_t *pack_put_bits(uint8_t *at, const uint64_t *v, size_t n, unsigned w);
/* at: inside [begin, end) with enough bytes for n values. */
void pack_get_bits(const uint8_t *at, const uint8_t *end, uint64_t *out, size_t n, unsigned w);

/* n signed values (two's complement in uint64_t) in groups. */
uint8_t *pack_put_stream(uint8_t *at, const uint64_t *v, size_t n);
size_t pack_stream_bytes(const uint64_t *v, size_t n); /* what pack_put_stream would write */
MUST_CHECK bool pack_get_group(struct pack_in *in, uint64_t *out, size_t n); /* n <= PACK_GROUP */
MUST_CHECK bool pack_skip_stream(struct pack_in *in, size_t n);
/* The most bytes that n values can take. */
size_t pack_stream_bytes_max(size_t n);

/* A group taken apart, its lengths checked; the patches' places are not yet. */
struct pack_group {
    uint64_t min;
    const uint8_t *low, *end; /* the packed values; the end of all input */
    unsigned width;           /* of a packed value, 0..64 */
    unsigned n_patches, patch_width;
    const uint8_t *places, *high; /* one byte a patch; their packed upper bits */
};
/* Takes the group of n values apart and moves in behind it. */
MUST_CHECK bool pack_open_group(struct pack_in *in, size_t n, struct pack_group *out);

/* A stream read value by value. */
struct pack_cursor {
    struct pack_in in;
    size_t n_left; /* not yet unpacked */
    size_t at, n;  /* in group */
    uint64_t group[PACK_GROUP];
};

void pack_cursor_init(struct pack_cursor *cursor, struct pack_in in, size_t n);
/* Unpacks the next group: the slow part of pack_cursor_next. */
MUST_CHECK bool pack_cursor_fill(struct pack_cursor *cursor);

MUST_CHECK static inline bool pack_cursor_next(struct pack_cursor *cursor, uint64_t *out)
{
    if (cursor->at == cursor->n && !pack_cursor_fill(cursor))
        return false;
    *out = cursor->group[cursor->at++];
    return true;
}
