/* A block file; once as it is and once with its checksums put right, so that damage gets past. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/block_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { SERIES_READ_MAX = 64, SLOTS_READ = 300 };

static void read_series(const struct block *block, uint32_t id)
{
    const struct block_info *info = block_info(block);
    double out[SLOTS_READ];
    struct block_aggregate aggregate;
    size_t n_values = 0;
    bool was_found;
    struct err err;
    for (size_t i = 0; i < SLOTS_READ; i++)
        out[i] = (double)NAN;
    if (block_read(block, id, info->first_slot - 3, SLOTS_READ, out, &n_values, &err)) {
        size_t n_seen = 0;
        for (size_t i = 0; i < SLOTS_READ; i++)
            n_seen += !isnan(out[i]);
        BUG_IF(n_seen != n_values);
    } else {
        BUG_IF(err.kind != ERR_CORRUPT);
    }
    const struct block_units last = {block_n_units(info) - 1, 1};
    if (!block_aggregates(block, id, last, &aggregate, &was_found, &err))
        BUG_IF(err.kind != ERR_CORRUPT && err.kind != ERR_MISSING);
}

static void read_block(const uint8_t *bytes, size_t n)
{
    struct block *block;
    struct err err;
    if (!block_open(bytes, n, "fuzz", &block, &err)) {
        BUG_IF(err.kind != ERR_CORRUPT && err.kind != ERR_REFUSED);
        return;
    }
    const uint32_t n_series = block_info(block)->n_series;
    for (uint32_t row = 0; row < n_series && row < SERIES_READ_MAX; row++)
        read_series(block, block_id(block, row));
    if (n_series <= SERIES_READ_MAX && block_info(block)->n_slots <= 1 << 16 &&
        !block_verify(block, &err))
        BUG_IF(err.kind != ERR_CORRUPT);
    block_close(block);
}

/* Runs and rows as far as the index describes any. */
static void repair_series(uint8_t *bytes, size_t index_at, const struct block_info *info)
{
    const uint32_t n_units = block_n_units(info);
    const uint8_t *ids = bytes + index_at;
    const uint8_t *lengths =
        ids + block_layout_index_bytes(info) - (size_t)info->n_series * n_units * 2;
    uint8_t *rows = bytes + index_at + block_layout_index_bytes(info);
    const size_t row_bytes = (size_t)block_layout_row_bytes(info);
    size_t at = HEADER_BYTES;
    for (uint32_t row = 0; row < info->n_series; row++) {
        const uint32_t id = block_layout_u32(ids + 4 * (size_t)row);
        size_t n_bytes = 0;
        for (uint32_t u = 0; u < n_units; u++, lengths += 2)
            n_bytes += block_layout_u16(lengths);
        if (info->has_aggregates)
            block_layout_put(rows + row * row_bytes + row_bytes - RUN_CRC_BYTES,
                             hash_crc32c(id, rows + row * row_bytes, row_bytes - RUN_CRC_BYTES),
                             RUN_CRC_BYTES);
        if (n_bytes + RUN_CRC_BYTES > index_at - at)
            return;
        block_layout_put(bytes + at + n_bytes, hash_crc32c(id, bytes + at, n_bytes), RUN_CRC_BYTES);
        at += n_bytes + RUN_CRC_BYTES;
    }
}

static void repair(uint8_t *bytes, size_t n)
{
    uint8_t *footer = bytes + n - FOOTER_BYTES;
    const struct block_info info = {
        .step_s = 1,
        .n_slots = block_layout_u32(bytes + HEADER_SLOTS),
        .unit_slots = block_layout_u32(bytes + HEADER_UNIT_SLOTS),
        .n_series = block_layout_u32(bytes + HEADER_SERIES),
        .has_aggregates = bytes[HEADER_FLAGS] & BLOCK_LAYOUT_FLAG_AGGREGATES,
    };
    memcpy(bytes, BLOCK_LAYOUT_MAGIC, sizeof BLOCK_LAYOUT_MAGIC);
    block_layout_put(bytes + HEADER_VERSION, BLOCK_LAYOUT_VERSION, 4);
    block_layout_put(bytes + HEADER_FLAGS,
                     block_layout_u32(bytes + HEADER_FLAGS) & BLOCK_LAYOUT_FLAGS, 4);
    block_layout_put(bytes + HEADER_CRC, hash_crc32c(0, bytes, HEADER_CRC), 4);
    memcpy(footer + FOOTER_MAGIC, BLOCK_LAYOUT_END_MAGIC, sizeof BLOCK_LAYOUT_END_MAGIC);
    block_layout_put(footer + FOOTER_FILE_BYTES, n, 8);
    if (!block_layout_fault(&info)) {
        const uint64_t index_bytes = block_layout_index_bytes(&info);
        const uint64_t rows_bytes =
            info.has_aggregates ? block_layout_row_bytes(&info) * info.n_series : 0;
        const uint64_t tail = index_bytes + rows_bytes + FOOTER_BYTES;
        if (tail <= n - HEADER_BYTES) {
            const size_t index_at = n - (size_t)tail;
            block_layout_put(footer + FOOTER_INDEX_AT, index_at, 8);
            block_layout_put(footer + FOOTER_AGGREGATES_AT, index_at + index_bytes, 8);
            repair_series(bytes, index_at, &info);
            block_layout_put(footer + FOOTER_INDEX_CRC,
                             hash_crc32c(0, bytes + index_at, (size_t)index_bytes), 4);
        }
    }
    block_layout_put(footer + FOOTER_CRC, hash_crc32c(0, footer, FOOTER_CRC), 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    read_block(bytes, n);
    if (n < HEADER_BYTES + FOOTER_BYTES)
        return 0;
    uint8_t *copy = mem_alloc(n);
    memcpy(copy, bytes, n);
    repair(copy, n);
    read_block(copy, n);
    mem_free(copy);
    return 0;
}
