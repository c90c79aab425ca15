/* Where things stand in a block file; docs/formats/block.md in C. Private to block*.c.
 * All numbers are little-endian and unaligned. */
#pragma once

#include <string.h>

#include "store/block.h"

#define BLOCK_LAYOUT_MAGIC     "PLBBLK1" /* with its NUL: 8 bytes */
#define BLOCK_LAYOUT_END_MAGIC "PLBEND1"

enum {
    BLOCK_LAYOUT_VERSION = 1,
    BLOCK_LAYOUT_FLAG_AGGREGATES = 1,
    BLOCK_LAYOUT_FLAG_COLD = 2,
    BLOCK_LAYOUT_FLAGS = BLOCK_LAYOUT_FLAG_AGGREGATES | BLOCK_LAYOUT_FLAG_COLD,

    HEADER_BYTES = 64,
    HEADER_VERSION = 8,
    HEADER_FLAGS = 12,
    HEADER_FIRST_SLOT = 16,
    HEADER_STEP = 24,
    HEADER_SLOTS = 28,
    HEADER_SERIES = 32,
    HEADER_UNIT_SLOTS = 36,
    HEADER_GENERATION = 40,
    HEADER_CRC = 60, /* of all before it */

    FOOTER_BYTES = 40,
    FOOTER_INDEX_AT = 0,
    FOOTER_AGGREGATES_AT = 8,
    FOOTER_FILE_BYTES = 16,
    FOOTER_INDEX_CRC = 24,
    FOOTER_CRC = 28, /* of all before it */
    FOOTER_MAGIC = 32,

    RUN_CRC_BYTES = 4,    /* ends a run and an aggregate row; begun with the id as seed */
    INDEX_RUN_GROUP = 64, /* the index holds where every 64th run begins */
    AGGREGATE_BYTES = 5 * 8 + 2,
};

static inline uint64_t block_layout_get(const uint8_t *at, unsigned n_bytes)
{
    uint64_t v = 0;
    memcpy(&v, at, n_bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline uint16_t block_layout_u16(const uint8_t *at)
{
    return (uint16_t)block_layout_get(at, 2);
}

static inline uint32_t block_layout_u32(const uint8_t *at)
{
    return (uint32_t)block_layout_get(at, 4);
}

static inline uint64_t block_layout_u64(const uint8_t *at)
{
    return block_layout_get(at, 8);
}

static inline double block_layout_f64(const uint8_t *at)
{
    const uint64_t bits = block_layout_get(at, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline void block_layout_put(uint8_t *at, uint64_t v, unsigned n_bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(at, &v, n_bytes);
}

static inline void block_layout_put_f64(uint8_t *at, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    block_layout_put(at, bits, 8);
}

/* Bytes of an aggregate row, and of the index. */
static inline uint64_t block_layout_row_bytes(const struct block_info *info)
{
    return (uint64_t)block_n_units(info) * AGGREGATE_BYTES + RUN_CRC_BYTES;
}

static inline uint64_t block_layout_index_bytes(const struct block_info *info)
{
    const uint64_t n = info->n_series;
    const uint64_t n_groups = (n + INDEX_RUN_GROUP - 1) / INDEX_RUN_GROUP;
    return n * 4 + n_groups * 8 + n * block_n_units(info) * 2;
}

/* Slots of unit u: the last one may be shorter. */
static inline uint32_t block_layout_unit_slots(const struct block_info *info, uint32_t u)
{
    const uint32_t left = info->n_slots - u * info->unit_slots;
    return left < info->unit_slots ? left : info->unit_slots;
}

/* Why info cannot be a block's, or NULL. */
const char *block_layout_fault(const struct block_info *info);
