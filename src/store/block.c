/* Reading block files; block_writer.c writes them. */
#include "store/block.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/block_layout.h"

struct block {
    struct block_info info;
    uint32_t n_units;
    char *name;
    const uint8_t *bytes;
    uint64_t index_at;           /* where the runs end */
    const uint8_t *ids;          /* u32 each */
    const uint8_t *run_ats;      /* u64 for every 64th run */
    const uint8_t *unit_lengths; /* u16, units of a series side by side */
    const uint8_t *aggregates;   /* rows */
};

uint32_t block_n_units(const struct block_info *info)
{
    return (info->n_slots + info->unit_slots - 1) / info->unit_slots;
}

const char *block_layout_fault(const struct block_info *info)
{
    const int64_t slot_max = INT64_C(1) << 60; /* far from overflow, wherever slots are added */
    if (info->first_slot < -slot_max || info->first_slot > slot_max)
        return "first slot out of range";
    if (info->step_s == 0)
        return "step of 0";
    if (info->n_slots == 0 || info->n_slots > BLOCK_SLOTS_MAX)
        return "window out of range";
    if (info->unit_slots == 0 || info->unit_slots > BLOCK_UNIT_SLOTS_MAX)
        return "unit out of range";
    if (block_n_units(info) > BLOCK_UNITS_MAX)
        return "too many units";
    if (info->n_series > BLOCK_SERIES_MAX)
        return "too many series";
    return NULL;
}

static bool corrupt(const struct block *block, const char *what, struct err *err)
{
    return FAIL(err, ERR_CORRUPT, "block '%s': %s", block->name, what);
}

static bool corrupt_series(const struct block *block, uint32_t row, const char *what,
                           struct err *err)
{
    return FAIL(err, ERR_CORRUPT, "block '%s': series %u: %s", block->name, block_id(block, row),
                what);
}

/* ---- opening ---- */

static bool open_header(struct block *block, struct err *err)
{
    const uint8_t *at = block->bytes;
    if (memcmp(at, BLOCK_LAYOUT_MAGIC, sizeof BLOCK_LAYOUT_MAGIC) != 0)
        return corrupt(block, "does not begin as a block", err);
    if (block_layout_u32(at + HEADER_CRC) != hash_crc32c(0, at, HEADER_CRC))
        return corrupt(block, "header checksum is wrong", err);
    const uint32_t version = block_layout_u32(at + HEADER_VERSION);
    const uint32_t flags = block_layout_u32(at + HEADER_FLAGS);
    if (version != BLOCK_LAYOUT_VERSION || flags & ~(uint32_t)BLOCK_LAYOUT_FLAGS)
        return FAIL(err, ERR_REFUSED, "block '%s': version %u, flags %u: only version %d is known",
                    block->name, version, flags, BLOCK_LAYOUT_VERSION);
    block->info = (struct block_info){
        .first_slot = (int64_t)block_layout_u64(at + HEADER_FIRST_SLOT),
        .step_s = block_layout_u32(at + HEADER_STEP),
        .n_slots = block_layout_u32(at + HEADER_SLOTS),
        .unit_slots = block_layout_u32(at + HEADER_UNIT_SLOTS),
        .n_series = block_layout_u32(at + HEADER_SERIES),
        .generation = block_layout_u64(at + HEADER_GENERATION),
        .has_aggregates = flags & BLOCK_LAYOUT_FLAG_AGGREGATES,
        .is_cold = flags & BLOCK_LAYOUT_FLAG_COLD,
    };
    const char *fault = block_layout_fault(&block->info);
    if (fault)
        return corrupt(block, fault, err);
    block->n_units = block_n_units(&block->info);
    return true;
}

/* Every section begins where the one before it ends, so lengths prove places. */
static bool open_footer(struct block *block, uint64_t n, struct err *err)
{
    const struct block_info *info = &block->info;
    const uint8_t *at = block->bytes + n - FOOTER_BYTES;
    if (memcmp(at + FOOTER_MAGIC, BLOCK_LAYOUT_END_MAGIC, sizeof BLOCK_LAYOUT_END_MAGIC) != 0)
        return corrupt(block, "does not end as a block", err);
    if (block_layout_u32(at + FOOTER_CRC) != hash_crc32c(0, at, FOOTER_CRC))
        return corrupt(block, "footer checksum is wrong", err);
    if (block_layout_u64(at + FOOTER_FILE_BYTES) != n)
        return corrupt(block, "has another length than it was written with", err);

    const uint64_t index_bytes = block_layout_index_bytes(info);
    const uint64_t row_bytes = info->has_aggregates ? block_layout_row_bytes(info) : 0;
    const uint64_t tail_bytes = index_bytes + row_bytes * info->n_series + FOOTER_BYTES;
    if (tail_bytes > n - HEADER_BYTES)
        return corrupt(block, "is too short for its index", err);
    block->index_at = n - tail_bytes;
    if (block_layout_u64(at + FOOTER_INDEX_AT) != block->index_at ||
        block_layout_u64(at + FOOTER_AGGREGATES_AT) != block->index_at + index_bytes)
        return corrupt(block, "sections do not fit together", err);

    const size_t n_groups = (info->n_series + INDEX_RUN_GROUP - 1) / INDEX_RUN_GROUP;
    block->ids = block->bytes + block->index_at;
    block->run_ats = block->ids + 4 * (size_t)info->n_series;
    block->unit_lengths = block->run_ats + 8 * n_groups;
    block->aggregates = block->ids + index_bytes;
    if (block_layout_u32(at + FOOTER_INDEX_CRC) != hash_crc32c(0, block->ids, (size_t)index_bytes))
        return corrupt(block, "index checksum is wrong", err);
    return true;
}

/* Four lengths at a time: a reader adds up those of all runs between a noted one and its own. */
static uint64_t units_bytes(const struct block *block, uint32_t row)
{
    const uint8_t *at = block->unit_lengths + 2 * (size_t)row * block->n_units;
    const uint64_t low_halves = UINT64_C(0x0000FFFF0000FFFF);
    uint64_t pairs = 0; /* two sums of 32 bits: BLOCK_UNITS_MAX lengths of 16 bits fit */
    uint32_t u = 0;
    for (; u + 4 <= block->n_units; u += 4) {
        const uint64_t four = block_layout_u64(at + 2 * (size_t)u);
        pairs += (four & low_halves) + (four >> 16 & low_halves);
    }
    uint64_t n_bytes = (pairs >> 32) + (uint32_t)pairs;
    for (; u < block->n_units; u++)
        n_bytes += block_layout_u16(at + 2 * (size_t)u);
    return n_bytes;
}

/* Invariants 1 and 2: from here on every id can be found and every run lies inside the file. */
static bool open_index(const struct block *block, struct err *err)
{
    uint64_t run_at = HEADER_BYTES;
    for (uint32_t row = 0; row < block->info.n_series; row++) {
        const uint8_t *noted = block->run_ats + 8 * (size_t)(row / INDEX_RUN_GROUP);
        if (row > 0 && block_id(block, row) <= block_id(block, row - 1))
            return corrupt_series(block, row, "is out of order in the index", err);
        if (row % INDEX_RUN_GROUP == 0 && block_layout_u64(noted) != run_at)
            return corrupt_series(block, row, "is not where the index says", err);
        const uint64_t n_bytes = units_bytes(block, row);
        if (n_bytes == 0)
            return corrupt_series(block, row, "is listed but holds nothing", err);
        run_at += n_bytes + RUN_CRC_BYTES;
    }
    if (run_at != block->index_at)
        return corrupt(block, "runs and index do not meet", err);
    return true;
}

bool block_open(const void *bytes, size_t n, const char *name, struct block **out, struct err *err)
{
    struct block *block = mem_zalloc(sizeof *block);
    block->bytes = bytes;
    block->name = mem_strdup(name);
    bool is_good = n >= HEADER_BYTES + FOOTER_BYTES || corrupt(block, "is too short", err);
    is_good =
        is_good && open_header(block, err) && open_footer(block, n, err) && open_index(block, err);
    if (!is_good) {
        block_close(block);
        return false;
    }
    *out = block;
    return true;
}

void block_close(struct block *block)
{
    if (!block)
        return;
    mem_free(block->name);
    mem_free(block);
}

/* ---- the index ---- */

const struct block_info *block_info(const struct block *block)
{
    return &block->info;
}

uint32_t block_id(const struct block *block, uint32_t row)
{
    return block_layout_u32(block->ids + 4 * (size_t)row);
}

static bool find_row(const struct block *block, uint32_t id, uint32_t *out)
{
    uint32_t from = 0, until = block->info.n_series;
    /* Most files hold all series of a range of ids. */
    const uint32_t guess = until ? id - block_id(block, 0) : 0;
    if (guess < until && block_id(block, guess) == id) {
        *out = guess;
        return true;
    }
    while (from < until) {
        const uint32_t mid = from + (until - from) / 2;
        if (block_id(block, mid) < id)
            from = mid + 1;
        else
            until = mid;
    }
    *out = from;
    return from < block->info.n_series && block_id(block, from) == id;
}

bool block_has(const struct block *block, uint32_t id)
{
    uint32_t row;
    return find_row(block, id, &row);
}

/* ---- values ---- */

/* A series' bytes, proven to be what was written. */
struct run {
    uint32_t row;
    const uint8_t *at, *end; /* the next unit; behind the last */
};

static bool open_run(const struct block *block, uint32_t row, struct run *out, struct err *err)
{
    const uint32_t group = row / INDEX_RUN_GROUP;
    uint64_t at = block_layout_u64(block->run_ats + 8 * (size_t)group);
    for (uint32_t r = group * INDEX_RUN_GROUP; r < row; r++)
        at += units_bytes(block, r) + RUN_CRC_BYTES;
    const uint64_t n_bytes = units_bytes(block, row);
    /* Opening proved it; a mapped file may have changed since. */
    if (at > block->index_at || n_bytes + RUN_CRC_BYTES > block->index_at - at)
        return corrupt_series(block, row, "lies outside the file", err);
    const uint8_t *units = block->bytes + at;
    if (block_layout_u32(units + n_bytes) !=
        hash_crc32c(block_id(block, row), units, (size_t)n_bytes))
        return corrupt_series(block, row, "checksum is wrong", err);
    *out = (struct run){row, units, units + n_bytes};
    return true;
}

static size_t unit_bytes(const struct block *block, const struct run *run, uint32_t u)
{
    const size_t place = (size_t)run->row * block->n_units + u;
    return block_layout_u16(block->unit_lengths + 2 * place);
}

/* Decodes the next unit, u, into values; false with *err set when it cannot be one. */
static bool next_unit(const struct block *block, struct run *run, uint32_t u, double *values,
                      struct err *err)
{
    const size_t n_bytes = unit_bytes(block, run, u);
    const uint32_t n = block_layout_unit_slots(&block->info, u);
    const uint8_t *at = run->at;
    if ((size_t)(run->end - at) < n_bytes)
        return corrupt_series(block, run->row, "lies outside the file", err);
    run->at = at + n_bytes;
    if (n_bytes > 0)
        return codec_decode(at, n_bytes, values, n) ||
               corrupt_series(block, run->row, "a unit cannot be decoded", err);
    for (uint32_t i = 0; i < n; i++)
        values[i] = (double)NAN;
    return true;
}

static size_t copy_values(const double *from, double *to, size_t n)
{
    size_t n_values = 0;
    for (size_t i = 0; i < n; i++) {
        const bool is_value = !isnan(from[i]);
        to[i] = is_value ? from[i] : to[i];
        n_values += is_value;
    }
    return n_values;
}

/* What a reader asks for, in slots of the block. */
struct window {
    int64_t from, until; /* 0 <= from < until <= n_slots */
    double *out;         /* of slot from */
};

/* Reads the next unit, u, where it meets the window. A unit that lies inside and has no gaps is decoded
 * to its place; should that fail, its slots become gaps. */
static bool read_unit(const struct block *block, struct run *run, uint32_t u,
                      const struct window *window, size_t *io_n, struct err *err)
{
    const int64_t unit_from = (int64_t)u * block->info.unit_slots;
    const uint32_t n = block_layout_unit_slots(&block->info, u);
    const size_t n_bytes = unit_bytes(block, run, u);
    const int64_t from = max_i64(unit_from, window->from);
    const int64_t until = min_i64(unit_from + n, window->until);
    double *out = window->out + (from - window->from);
    const bool is_whole = until - from == n && n_bytes <= (size_t)(run->end - run->at);
    if (is_whole && codec_is_full(run->at, n_bytes)) {
        const bool is_good = next_unit(block, run, u, out, err);
        for (uint32_t i = 0; !is_good && i < n; i++)
            out[i] = (double)NAN;
        *io_n += n;
        return is_good;
    }
    double values[BLOCK_UNIT_SLOTS_MAX];
    if (!next_unit(block, run, u, values, err))
        return false;
    *io_n += copy_values(values + (from - unit_from), out, (size_t)(until - from));
    return true;
}

static bool read_run(const struct block *block, struct run *run, const struct window *window,
                     size_t *out_n, struct err *err)
{
    size_t n_values = 0;
    const int64_t unit_slots = block->info.unit_slots;
    for (uint32_t u = 0; u * unit_slots < window->until; u++) {
        const size_t n_bytes = unit_bytes(block, run, u);
        const bool is_before = (u + 1) * unit_slots <= window->from;
        if (is_before || n_bytes == 0)
            run->at += min_size(n_bytes, (size_t)(run->end - run->at));
        else if (!read_unit(block, run, u, window, &n_values, err))
            return false;
    }
    *out_n = n_values;
    return true;
}

bool block_read(const struct block *block, uint32_t id, int64_t first_slot, size_t n_slots,
                double *out, size_t *out_n_values, struct err *err)
{
    const struct block_info *info = &block->info;
    int64_t until_slot;
    if (__builtin_add_overflow(first_slot, n_slots, &until_slot))
        until_slot = INT64_MAX;
    const int64_t from = max_i64(first_slot, info->first_slot);
    const int64_t until = min_i64(until_slot, info->first_slot + info->n_slots);
    uint32_t row;
    if (from >= until || !find_row(block, id, &row)) {
        *out_n_values = 0;
        return true;
    }
    struct run run;
    const struct window window = {from - info->first_slot, until - info->first_slot,
                                  out + (from - first_slot)};
    return open_run(block, row, &run, err) && read_run(block, &run, &window, out_n_values, err);
}

/* ---- aggregates ---- */

struct block_aggregate block_aggregate_of(const double *values, size_t n)
{
    const double gap = (double)NAN;
    struct block_aggregate a = {gap, gap, gap, gap, gap, 0};
    for (size_t i = 0; i < n; i++) {
        const double v = values[i];
        if (isnan(v))
            continue;
        a.last = v;
        if (a.n_values++ == 0) {
            a.min = a.max = a.sum = a.first = v;
            continue;
        }
        a.min = v < a.min ? v : a.min;
        a.max = v > a.max ? v : a.max;
        a.sum += v;
    }
    return a;
}

static bool open_row(const struct block *block, uint32_t row, const uint8_t **out, struct err *err)
{
    const size_t row_bytes = (size_t)block_layout_row_bytes(&block->info);
    const uint8_t *at = block->aggregates + row * row_bytes;
    const size_t crc_at = row_bytes - RUN_CRC_BYTES;
    if (block_layout_u32(at + crc_at) != hash_crc32c(block_id(block, row), at, crc_at))
        return corrupt_series(block, row, "aggregate checksum is wrong", err);
    *out = at;
    return true;
}

static struct block_aggregate aggregate_at(const struct block *block, const uint8_t *row, size_t u)
{
    const size_t n = block->n_units;
    return (struct block_aggregate){
        .min = block_layout_f64(row + 8 * u),
        .max = block_layout_f64(row + 8 * (n + u)),
        .sum = block_layout_f64(row + 8 * (2 * n + u)),
        .first = block_layout_f64(row + 8 * (3 * n + u)),
        .last = block_layout_f64(row + 8 * (4 * n + u)),
        .n_values = block_layout_u16(row + 8 * 5 * n + 2 * u),
    };
}

bool block_aggregates(const struct block *block, uint32_t id, struct block_units units,
                      struct block_aggregate *out, bool *out_found, struct err *err)
{
    BUG_IF(units.first > block->n_units);
    BUG_IF(units.n > block->n_units - units.first);
    if (!block->info.has_aggregates)
        return FAIL(err, ERR_MISSING, "block '%s' has no aggregates", block->name);
    uint32_t row;
    const uint8_t *at;
    if (!find_row(block, id, &row)) {
        *out_found = false;
        return true;
    }
    if (!open_row(block, row, &at, err))
        return false;
    for (uint32_t u = 0; u < units.n; u++)
        out[u] = aggregate_at(block, at, units.first + u);
    *out_found = true;
    return true;
}

/* ---- looking at everything ---- */

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_aggregate(const struct block_aggregate *a, const struct block_aggregate *b)
{
    return a->n_values == b->n_values && same(a->min, b->min) && same(a->max, b->max) &&
           same(a->sum, b->sum) && same(a->first, b->first) && same(a->last, b->last);
}

/* Unit u, decoded, against what the row of aggregates says of it (NULL: nothing). */
static bool verify_unit(const struct block *block, struct run *run, uint32_t u,
                        const uint8_t *aggregates, struct block_counts *io, struct err *err)
{
    const uint32_t n = block_layout_unit_slots(&block->info, u);
    const size_t n_bytes = unit_bytes(block, run, u);
    double values[BLOCK_UNIT_SLOTS_MAX];
    if (!next_unit(block, run, u, values, err))
        return false;
    const struct block_aggregate want = block_aggregate_of(values, n);
    io->n_units += n_bytes > 0;
    io->n_values += want.n_values;
    if (!aggregates)
        return true;
    const struct block_aggregate got = aggregate_at(block, aggregates, u);
    io->n_aggregates++;
    return same_aggregate(&got, &want) ||
           corrupt_series(block, run->row, "aggregates are not those of its values", err);
}

bool block_verify_row(const struct block *block, uint32_t row, struct block_counts *io,
                      struct err *err)
{
    struct run run;
    const uint8_t *aggregates = NULL;
    if (!open_run(block, row, &run, err))
        return false;
    if (block->info.has_aggregates && !open_row(block, row, &aggregates, err))
        return false;
    io->n_runs++;
    io->n_bytes += (uint64_t)(run.end - run.at) + RUN_CRC_BYTES;
    for (uint32_t u = 0; u < block->n_units; u++)
        if (!verify_unit(block, &run, u, aggregates, io, err))
            return false;
    return true;
}

bool block_verify(const struct block *block, struct err *err)
{
    struct block_counts counts = {0};
    for (uint32_t row = 0; row < block->info.n_series; row++)
        if (!block_verify_row(block, row, &counts, err))
            return false;
    return true;
}

bool block_look(const struct block *block, uint32_t id, struct block_unit *out)
{
    struct run run;
    uint32_t row;
    if (!find_row(block, id, &row))
        return false;
    /* a run that fails its checksum has lengths all the same */
    const bool is_sound = open_run(block, row, &run, NULL);
    const uint8_t *at = is_sound ? run.at : NULL;
    for (uint32_t u = 0; u < block->n_units; u++) {
        const size_t n =
            block_layout_u16(block->unit_lengths + 2 * ((size_t)row * block->n_units + u));
        out[u] = (struct block_unit){at ? codec_form_of(at, n) : CODEC_FORMS, (uint32_t)n};
        at = at ? at + n : NULL;
    }
    return true;
}
