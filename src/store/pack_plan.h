/* How a group of integers is written in the fewest bytes: at which width, and which few of them are patched.
 * Pure; thread: any. Private to pack.c and its test. Format: docs/formats/block.md, "Groups". */
#pragma once

#include "store/pack.h"

static inline unsigned pack_bit_width(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* Of n values of w bits. */
static inline size_t pack_packed_bytes(size_t n, unsigned w)
{
    return (n * w + 7) / 8;
}

struct pack_plan {
    uint64_t min;       /* the smallest as a signed number */
    unsigned width;     /* of all values less min, but for the patches */
    unsigned max_width; /* of the widest */
    unsigned n_patches;
    size_t n_bytes; /* of the whole group */
};

/* 1 <= n <= PACK_GROUP. offsets: the n values less min. Uses AVX2 where there is AVX2. */
struct pack_plan pack_plan(const uint64_t *v, size_t n, uint64_t offsets[PACK_GROUP]);

/* The same without. */
struct pack_plan pack_plan_plain(const uint64_t *v, size_t n, uint64_t offsets[PACK_GROUP]);
