#include "store/block.h"

#include <fcntl.h>

#include "base/hash.h"
#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/block_layout.h"

static const double gap = (double)NAN;

/* A block in memory beside the plain arrays it was made from. */
struct pair {
    struct block_info info;
    uint32_t ids[300];
    double *values; /* row by row, n_slots each */
    size_t n;
    struct buf bytes;
};

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static bool is_same(double a, double b)
{
    return isnan(a) ? isnan(b) : bits_of(a) == bits_of(b);
}

static double random_value(size_t row, size_t slot)
{
    switch (row % 5) {
    case 0:
        return 7;
    case 1:
        return (double)(slot * 1000 + kit_random_below(90));
    case 2:
        return (double)kit_random_below(10000) / 100;
    case 3:
        return kit_random_share();
    default:
        return kit_random_below(100) ? 0 : -0.0;
    }
}

/* Series of every density: row 0 full, others with more and more gaps. */
static void make_values(struct pair *pair)
{
    uint32_t id = 0;
    for (size_t row = 0; row < pair->n; row++) {
        pair->ids[row] = id += 1 + (uint32_t)kit_random_below(row % 3 ? 2 : 1000);
        const uint64_t share = row % 7 * 16;
        for (size_t slot = 0; slot < pair->info.n_slots; slot++) {
            const bool in_gap = kit_random_below(100) < share;
            pair->values[row * pair->info.n_slots + slot] = in_gap ? gap : random_value(row, slot);
        }
        pair->values[row * pair->info.n_slots] = (double)row; /* at least one */
    }
}

static void write_all(const struct pair *pair, struct block_writer *writer)
{
    struct codec_hint hints[COUNT_OF(pair->ids)] = {0};
    for (size_t row = 0; row < pair->n; row++)
        EXPECT_OK(block_writer_add(writer, pair->ids[row], pair->values + row * pair->info.n_slots,
                                   &hints[row], &kit_err));
    EXPECT_I64(block_writer_count(writer), pair->n);
}

static void pair_init(struct pair *pair, struct block_info info, size_t n)
{
    *pair = (struct pair){.info = info, .n = n};
    pair->values = mem_array(n * info.n_slots + 1, double);
    make_values(pair);
    buf_init(&pair->bytes, 64 << 20);
    struct codec *codec = codec_new();
    struct block_writer *writer = block_writer_new_buf(&info, codec, &pair->bytes);
    uint64_t file_bytes = 0;
    write_all(pair, writer);
    EXPECT_OK(block_writer_finish(writer, &file_bytes, &kit_err));
    EXPECT_I64(file_bytes, pair->bytes.n);
    block_writer_free(writer);
    codec_free(codec);
}

static void pair_done(struct pair *pair)
{
    mem_free(pair->values);
    buf_done(&pair->bytes);
}

static struct block *open_ok(const void *bytes, size_t n)
{
    struct block *block = NULL;
    EXPECT_OK(block_open(bytes, n, "test", &block, &kit_err));
    return block;
}

static const struct block_info small_info = {.first_slot = 1000,
                                             .step_s = 10,
                                             .n_slots = 50,
                                             .unit_slots = 16,
                                             .generation = 9,
                                             .has_aggregates = true};

/* ---- round trips ---- */

/* Reads row's slots from .. from + n (of the block, may lie outside) over a background. */
static bool reads_right(const struct pair *pair, const struct block *block, size_t row,
                        int64_t from, size_t n)
{
    double *out = mem_array(n + 1, double);
    size_t n_values = 0, n_wanted = 0;
    bool is_right = true;
    for (size_t i = 0; i < n; i++)
        out[i] = -12345;
    EXPECT_OK(block_read(block, pair->ids[row], pair->info.first_slot + from, n, out, &n_values,
                         &kit_err));
    for (size_t i = 0; i < n; i++) {
        const int64_t slot = from + (int64_t)i;
        const bool is_inside = slot >= 0 && slot < pair->info.n_slots;
        const double v = is_inside ? pair->values[row * pair->info.n_slots + (size_t)slot] : gap;
        is_right &= is_same(out[i], isnan(v) ? -12345 : v);
        n_wanted += !isnan(v);
    }
    mem_free(out);
    return is_right && n_values == n_wanted;
}

TEST(what_is_written_is_read)
{
    static const struct {
        const char *row;
        struct block_info info;
        size_t n;
    } rows[] = {
        {"one slot", {.step_s = 1, .n_slots = 1, .unit_slots = 1}, 1},
        {"one unit", {.step_s = 10, .n_slots = 64, .unit_slots = 64, .first_slot = 64}, 200},
        {"many units",
         {.step_s = 10, .n_slots = 8640, .unit_slots = 720, .has_aggregates = true},
         9},
        {"cold",
         {.step_s = 10,
          .n_slots = 8640,
          .unit_slots = 2160,
          .has_aggregates = true,
          .is_cold = true},
         9},
        {"last unit short",
         {.step_s = 60,
          .n_slots = 101,
          .unit_slots = 10,
          .first_slot = -50,
          .has_aggregates = true},
         300},
        {"unit longer than the window", {.step_s = 1, .n_slots = 5, .unit_slots = 4096}, 3},
        {"no series", {.step_s = 1, .n_slots = 100, .unit_slots = 10, .has_aggregates = true}, 0},
        {"far future",
         {.step_s = 1, .n_slots = 77, .unit_slots = 33, .first_slot = INT64_C(1) << 60},
         65},
    };
    EACH_ROW (rows, r) {
        struct pair pair;
        pair_init(&pair, r->info, r->n);
        struct block *block = open_ok(pair.bytes.at, pair.bytes.n);
        EXPECT_I64(block_info(block)->n_series, r->n);
        EXPECT_OK(block_verify(block, &kit_err));
        for (size_t row = 0; row < r->n; row++) {
            const int64_t n_slots = r->info.n_slots;
            EXPECT_I64(block_id(block, (uint32_t)row), pair.ids[row]);
            EXPECT(reads_right(&pair, block, row, 0, (size_t)n_slots));
            EXPECT(reads_right(&pair, block, row, -3, (size_t)n_slots + 9));
            const int64_t from = (int64_t)kit_random_below((uint64_t)n_slots);
            EXPECT(reads_right(&pair, block, row, from, kit_random_below((uint64_t)n_slots)));
            EXPECT(reads_right(&pair, block, row, n_slots, 4));
            EXPECT(reads_right(&pair, block, row, -4, 4));
        }
        block_close(block);
        pair_done(&pair);
    }
}

TEST(info_comes_back)
{
    struct pair pair;
    pair_init(&pair, small_info, 3);
    struct block *block = open_ok(pair.bytes.at, pair.bytes.n);
    const struct block_info *info = block_info(block);
    EXPECT_I64(info->first_slot, 1000);
    EXPECT_I64(info->step_s, 10);
    EXPECT_I64(info->n_slots, 50);
    EXPECT_I64(info->unit_slots, 16);
    EXPECT_I64(info->generation, 9);
    EXPECT(info->has_aggregates);
    EXPECT_I64(block_n_units(info), 4);
    block_close(block);
    pair_done(&pair);
}

TEST(ids_that_are_not_there_are_not_found)
{
    struct pair pair;
    pair_init(&pair, small_info, 130);
    struct block *block = open_ok(pair.bytes.at, pair.bytes.n);
    for (uint32_t id = 0, row = 0; id < pair.ids[129] + 3; id++) {
        const bool is_there = row < pair.n && pair.ids[row] == id;
        row += is_there;
        EXPECT_I64(block_has(block, id), is_there);
        double out[1] = {5};
        size_t n_values = 99;
        bool was_found = true;
        struct block_aggregate aggregate;
        EXPECT_OK(block_read(block, id, 1000, 1, out, &n_values, &kit_err));
        EXPECT_OK(block_aggregates(block, id, (struct block_units){0, 1}, &aggregate, &was_found,
                                   &kit_err));
        EXPECT_I64(was_found, is_there);
        EXPECT_I64(n_values, is_there); /* slot 0 always has a value */
        EXPECT(is_there || out[0] == 5);
    }
    EXPECT(!block_has(block, UINT32_MAX));
    block_close(block);
    pair_done(&pair);
}

TEST(a_series_of_gaps_is_not_stored)
{
    struct codec *codec = codec_new();
    struct buf bytes;
    buf_init(&bytes, 1 << 20);
    struct block_writer *writer = block_writer_new_buf(&small_info, codec, &bytes);
    double values[50];
    uint64_t file_bytes;
    for (size_t i = 0; i < 50; i++)
        values[i] = gap;
    EXPECT_OK(block_writer_add(writer, 4, values, NULL, &kit_err));
    values[49] = 1;
    EXPECT_OK(block_writer_add(writer, 5, values, NULL, &kit_err));
    EXPECT_I64(block_writer_count(writer), 1);
    EXPECT_OK(block_writer_finish(writer, &file_bytes, &kit_err));
    block_writer_free(writer);
    struct block *block = open_ok(bytes.at, bytes.n);
    EXPECT(!block_has(block, 4));
    EXPECT(block_has(block, 5));
    block_close(block);
    buf_done(&bytes);
    codec_free(codec);
}

TEST(later_generations_win_where_they_have_values)
{
    struct codec *codec = codec_new();
    struct buf bytes[2];
    const double layers[2][4] = {{1, 2, gap, 4}, {gap, 20, 30, gap}};
    const double wanted[4] = {1, 20, 30, 4};
    double out[4] = {gap, gap, gap, gap};
    for (size_t k = 0; k < 2; k++) {
        const struct block_info info = {
            .step_s = 1, .n_slots = 4, .unit_slots = 2, .generation = k};
        buf_init(&bytes[k], 1 << 20);
        struct block_writer *writer = block_writer_new_buf(&info, codec, &bytes[k]);
        uint64_t file_bytes;
        EXPECT_OK(block_writer_add(writer, 1, layers[k], NULL, &kit_err));
        EXPECT_OK(block_writer_finish(writer, &file_bytes, &kit_err));
        block_writer_free(writer);
        struct block *block = open_ok(bytes[k].at, bytes[k].n);
        size_t n_values;
        EXPECT_OK(block_read(block, 1, 0, 4, out, &n_values, &kit_err));
        EXPECT_I64(n_values, k == 0 ? 3 : 2);
        block_close(block);
        buf_done(&bytes[k]);
    }
    for (size_t i = 0; i < 4; i++)
        EXPECT_F64(out[i], wanted[i], 0);
    codec_free(codec);
}

/* ---- aggregates ---- */

TEST(aggregates_are_those_of_the_values)
{
    const double values[] = {gap, 3, -1, gap, 8, 2};
    const struct block_aggregate got = block_aggregate_of(values, COUNT_OF(values));
    EXPECT_F64(got.min, -1, 0);
    EXPECT_F64(got.max, 8, 0);
    EXPECT_F64(got.sum, 12, 0);
    EXPECT_F64(got.first, 3, 0);
    EXPECT_F64(got.last, 2, 0);
    EXPECT_I64(got.n_values, 4);
    const struct block_aggregate none = block_aggregate_of(values, 1);
    EXPECT(none.n_values == 0 && isnan(none.min) && isnan(none.max) && isnan(none.sum) &&
           isnan(none.first) && isnan(none.last));

    struct pair pair;
    pair_init(&pair, small_info, 70);
    struct block *block = open_ok(pair.bytes.at, pair.bytes.n);
    for (size_t row = 0; row < pair.n; row++) {
        struct block_aggregate units[4];
        bool was_found = false;
        EXPECT_OK(block_aggregates(block, pair.ids[row], (struct block_units){0, 4}, units,
                                   &was_found, &kit_err));
        EXPECT(was_found);
        for (uint32_t u = 0; u < 4; u++) {
            const struct block_aggregate want = block_aggregate_of(
                pair.values + row * 50 + (size_t)u * 16, block_layout_unit_slots(&small_info, u));
            EXPECT(is_same(units[u].min, want.min) && is_same(units[u].max, want.max));
            EXPECT(is_same(units[u].first, want.first) && is_same(units[u].last, want.last));
            EXPECT(is_same(units[u].sum, want.sum) && units[u].n_values == want.n_values);
        }
        struct block_aggregate one;
        EXPECT_OK(block_aggregates(block, pair.ids[row], (struct block_units){2, 1}, &one,
                                   &was_found, &kit_err));
        EXPECT(memcmp(&one, &units[2], sizeof one.min * 5) == 0);
    }
    block_close(block);
    pair_done(&pair);
}

TEST(a_file_without_aggregates_says_so)
{
    struct block_info info = small_info;
    info.has_aggregates = false;
    struct pair pair;
    pair_init(&pair, info, 1);
    struct block *block = open_ok(pair.bytes.at, pair.bytes.n);
    struct block_aggregate one;
    bool was_found;
    EXPECT_ERR(block_aggregates(block, pair.ids[0], (struct block_units){0, 1}, &one, &was_found,
                                &kit_err),
               ERR_MISSING, "no aggregates");
    block_close(block);
    pair_done(&pair);
}

/* ---- on disk ---- */

TEST(a_file_is_byte_for_byte_what_memory_holds)
{
    struct block_info info = small_info;
    info.n_slots = 4000; /* enough bytes for several flushes */
    info.unit_slots = 700;
    struct pair pair;
    pair_init(&pair, info, 200);
    const char *path = kit_path(kit_temp_dir(), "block");
    struct codec *codec = codec_new();
    int fd = -1;
    EXPECT_OK(file_open(path, O_RDWR | O_CREAT | O_TRUNC, &fd, &kit_err));
    struct block_writer *writer = block_writer_new(&info, codec, fd, path);
    uint64_t file_bytes = 0;
    write_all(&pair, writer);
    EXPECT_OK(block_writer_finish(writer, &file_bytes, &kit_err));
    block_writer_free(writer);
    fd_done(&fd);
    codec_free(codec);

    const void *map;
    size_t n;
    EXPECT_OK(file_map(path, &map, &n, &kit_err));
    EXPECT_I64(n, pair.bytes.n);
    EXPECT_I64(file_bytes, n);
    EXPECT(n > 400000);
    EXPECT(n == pair.bytes.n && memcmp(map, pair.bytes.at, n) == 0);
    struct block *block = open_ok(map, n);
    EXPECT_OK(block_verify(block, &kit_err));
    block_close(block);
    file_unmap(map, n);
    pair_done(&pair);
}

static bool write_file(const struct pair *pair, const char *path, struct codec *codec)
{
    CLEANUP(fd_done) int fd = -1;
    if (!file_open(path, O_RDWR | O_CREAT | O_TRUNC, &fd, &kit_err))
        return false;
    struct block_writer *writer = block_writer_new(&pair->info, codec, fd, path);
    uint64_t file_bytes;
    bool is_good = true;
    for (size_t row = 0; is_good && row < pair->n; row++)
        is_good = block_writer_add(writer, pair->ids[row], pair->values + row * pair->info.n_slots,
                                   NULL, &kit_err);
    is_good = is_good && block_writer_finish(writer, &file_bytes, &kit_err);
    block_writer_free(writer);
    return is_good;
}

TEST(a_disk_that_fails_leaves_no_block_behind)
{
    struct pair pair;
    pair_init(&pair, small_info, 20);
    const char *path = kit_path(kit_temp_dir(), "block");
    struct codec *codec = codec_new();
    uint64_t n_failed = 0;
    for (uint64_t n = 1; kit_fault(n); n++) {
        if (write_file(&pair, path, codec))
            continue;
        EXPECT_I64(kit_err.kind, ERR_IO);
        n_failed++;
        if (!file_exists(path))
            continue;
        struct buf bytes;
        struct block *block;
        buf_init(&bytes, 1 << 20);
        EXPECT_OK(file_read_all(path, &bytes, &kit_err));
        EXPECT_ERR(block_open(buf_text(&bytes), bytes.n, "left", &block, &kit_err), ERR_CORRUPT,
                   "left");
        buf_done(&bytes);
    }
    EXPECT(n_failed >= 4);
    codec_free(codec);
    pair_done(&pair);
}

TEST(a_full_buffer_is_a_limit)
{
    struct codec *codec = codec_new();
    struct buf bytes;
    buf_init(&bytes, 100);
    struct block_writer *writer = block_writer_new_buf(&small_info, codec, &bytes);
    const double values[50] = {1};
    EXPECT_ERR(block_writer_add(writer, 1, values, NULL, &kit_err), ERR_LIMIT, "room");
    block_writer_free(writer);
    buf_done(&bytes);
    codec_free(codec);
}

/* ---- damage ---- */

/* Every value and every aggregate that is still readable must be the one that was written. */
static bool tells_no_lie(const struct pair *pair, const uint8_t *bytes, size_t n)
{
    struct block *block = NULL;
    if (!block_open(bytes, n, "damaged", &block, &kit_err))
        return kit_err.kind == ERR_CORRUPT;
    bool is_true = block_info(block)->n_series == pair->n;
    for (size_t row = 0; is_true && row < pair->n; row++) {
        double out[50];
        size_t n_values;
        struct block_aggregate units[4];
        bool was_found = false;
        for (size_t i = 0; i < 50; i++)
            out[i] = gap;
        if (!block_read(block, pair->ids[row], 1000, 50, out, &n_values, &kit_err))
            is_true &= kit_err.kind == ERR_CORRUPT;
        else
            for (size_t i = 0; i < 50; i++)
                is_true &= is_same(out[i], pair->values[row * 50 + i]);
        if (!block_aggregates(block, pair->ids[row], (struct block_units){0, 4}, units, &was_found,
                              &kit_err))
            is_true &= kit_err.kind == ERR_CORRUPT;
        else
            is_true &= was_found && is_same(units[0].first, pair->values[row * 50]);
    }
    block_close(block);
    return is_true;
}

TEST(every_damaged_byte_is_found)
{
    struct pair pair;
    pair_init(&pair, small_info, 5);
    const size_t n = pair.bytes.n;
    uint8_t *bytes = mem_alloc(n);
    memcpy(bytes, pair.bytes.at, n);
    EXPECT(tells_no_lie(&pair, bytes, n));
    size_t n_lies = 0, n_unseen = 0;
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < 4; k++) {
            const uint8_t flips[4] = {0x01, 0x80, 0xFF, (uint8_t)(1 + kit_random_below(255))};
            bytes[i] ^= flips[k];
            n_lies += !tells_no_lie(&pair, bytes, n);
            struct block *block = NULL;
            n_unseen +=
                block_open(bytes, n, "damaged", &block, &kit_err) && block_verify(block, &kit_err);
            block_close(block);
            bytes[i] ^= flips[k];
        }
    EXPECT_I64(n_lies, 0);
    EXPECT_I64(n_unseen, 0);
    mem_free(bytes);
    pair_done(&pair);
}

TEST(every_cut_is_found)
{
    struct pair pair;
    pair_init(&pair, small_info, 5);
    for (size_t n = 0; n < pair.bytes.n; n++) {
        uint8_t *bytes = mem_alloc(n + 1);
        memcpy(bytes, pair.bytes.at, n);
        struct block *block;
        EXPECT_ERR(block_open(bytes, n, "cut", &block, &kit_err), ERR_CORRUPT, "cut");
        mem_free(bytes);
    }
    pair_done(&pair);
}

TEST(damage_in_one_run_names_the_series_and_spares_the_others)
{
    struct pair pair;
    pair_init(&pair, small_info, 5);
    struct block *block = open_ok(pair.bytes.at, pair.bytes.n);
    pair.bytes.at[HEADER_BYTES + 2] ^= 1; /* in the first run; opening does not look there */
    double out[50];
    size_t n_values;
    const char *name = arena_printf(&kit_arena, "'test': series %u: ", pair.ids[0]);
    EXPECT_ERR(block_read(block, pair.ids[0], 1000, 50, out, &n_values, &kit_err), ERR_CORRUPT,
               name);
    EXPECT_ERR(block_verify(block, &kit_err), ERR_CORRUPT, name);
    for (size_t row = 1; row < 5; row++)
        EXPECT(reads_right(&pair, block, row, 0, 50));
    block_close(block);
    pair_done(&pair);
}

/* Rewrites header and footer checksums after a change. */
static void repair(uint8_t *bytes, size_t n)
{
    uint8_t *footer = bytes + n - FOOTER_BYTES;
    const size_t index_at = (size_t)block_layout_u64(footer + FOOTER_INDEX_AT);
    const size_t until = (size_t)block_layout_u64(footer + FOOTER_AGGREGATES_AT);
    block_layout_put(bytes + HEADER_CRC, hash_crc32c(0, bytes, HEADER_CRC), 4);
    block_layout_put(footer + FOOTER_INDEX_CRC, hash_crc32c(0, bytes + index_at, until - index_at),
                     4);
    block_layout_put(footer + FOOTER_CRC, hash_crc32c(0, footer, FOOTER_CRC), 4);
}

TEST(what_checks_out_but_makes_no_sense_is_refused)
{
    static const struct {
        const char *row;
        size_t at, n_bytes;
        uint64_t value;
        enum err_kind kind;
        const char *part;
    } rows[] = {
        {"newer version", HEADER_VERSION, 4, 2, ERR_REFUSED, "version 2"},
        {"unknown flag", HEADER_FLAGS, 4, 5, ERR_REFUSED, "flags 5"},
        {"no slots", HEADER_SLOTS, 4, 0, ERR_CORRUPT, "window"},
        {"too many slots", HEADER_SLOTS, 4, BLOCK_SLOTS_MAX + 1, ERR_CORRUPT, "window"},
        {"no unit", HEADER_UNIT_SLOTS, 4, 0, ERR_CORRUPT, "unit"},
        {"long unit", HEADER_UNIT_SLOTS, 4, BLOCK_UNIT_SLOTS_MAX + 1, ERR_CORRUPT, "unit"},
        {"too many series", HEADER_SERIES, 4, BLOCK_SERIES_MAX + 1, ERR_CORRUPT, "series"},
        {"series that are not there", HEADER_SERIES, 4, 6, ERR_CORRUPT, "sections"},
        {"very many series", HEADER_SERIES, 4, BLOCK_SERIES_MAX, ERR_CORRUPT, "too short"},
        {"fewer series", HEADER_SERIES, 4, 4, ERR_CORRUPT, "sections"},
        {"step of 0", HEADER_STEP, 4, 0, ERR_CORRUPT, "step"},
        {"slot beyond all time", HEADER_FIRST_SLOT, 8, UINT64_MAX / 2, ERR_CORRUPT, "first slot"},
    };
    EACH_ROW (rows, r) {
        struct pair pair;
        pair_init(&pair, small_info, 5);
        uint8_t *bytes = (uint8_t *)pair.bytes.at;
        struct block *block;
        block_layout_put(bytes + r->at, r->value, (unsigned)r->n_bytes);
        repair(bytes, pair.bytes.n);
        EXPECT_ERR(block_open(bytes, pair.bytes.n, "odd", &block, &kit_err), r->kind, r->part);
        pair_done(&pair);
    }
}

TEST(an_index_out_of_order_is_refused)
{
    static const struct {
        const char *row;
        size_t at; /* in the index of 5 series: ids, one offset, lengths */
        size_t n_bytes;
        uint64_t value;
        const char *part;
    } rows[] = {
        {"the same id twice", 4, 4, 0, "out of order"},
        {"offset", 20, 8, 65, "not where"},
        {"length", 28, 2, 9999, "do not meet"},
    };
    EACH_ROW (rows, r) {
        struct pair pair;
        pair_init(&pair, small_info, 5);
        uint8_t *bytes = (uint8_t *)pair.bytes.at;
        const size_t index_at =
            (size_t)block_layout_u64(bytes + pair.bytes.n - FOOTER_BYTES + FOOTER_INDEX_AT);
        struct block *block;
        block_layout_put(bytes + index_at + r->at, r->value, (unsigned)r->n_bytes);
        repair(bytes, pair.bytes.n);
        EXPECT_ERR(block_open(bytes, pair.bytes.n, "odd", &block, &kit_err), ERR_CORRUPT, r->part);
        pair_done(&pair);
    }
}

/* ---- what was written before ---- */

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= UINT32_C(0x7feb352d);
    x ^= x >> 15;
    x *= UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

/* What the golden file was made from: a series for each form and each kind of gaps. */
static double old_value(uint32_t id, uint32_t slot)
{
    const uint32_t r = mix(id * 100003 + slot);
    switch (id) {
    case 1:
        return 12.25;
    case 2:
        return slot * 1000.0 + r % 400;
    case 3:
        return (r % 10000) / 100.0;
    case 4:
        return (mix(slot / 90) % 10000) / 10.0;
    case 5:
        return (r % 5 + 1) / 7.0;
    case 6:
        return r / 3.7;
    case 7:
        return slot * 1000.0 * slot + r % 7;
    case 8:
        return 1 / 3.0;
    case 9:
        return r % 3 ? gap : r % 100;
    default:
        return slot / 100 % 2 ? gap : slot % 100 == 17 ? -0.0 : slot;
    }
}

/* The file is from before there were cold ones. */
TEST(a_file_of_the_first_version_is_read)
{
    enum { SLOTS = 1440, SERIES = 10 };
    size_t n_bytes;
    const char *bytes = kit_read("tests/golden/store/block-v1.blk", &n_bytes);
    struct block *block = open_ok(bytes, n_bytes);
    EXPECT_OK(block_verify(block, &kit_err));
    EXPECT_I64(block_info(block)->n_series, SERIES);
    EXPECT(!block_info(block)->is_cold);
    for (uint32_t id = 1; id <= SERIES; id++) {
        double out[SLOTS];
        size_t n_values, n_wrong = 0;
        for (size_t i = 0; i < SLOTS; i++)
            out[i] = gap;
        EXPECT_OK(block_read(block, id, 170000000, SLOTS, out, &n_values, &kit_err));
        for (uint32_t i = 0; i < SLOTS; i++)
            n_wrong += !is_same(out[i], old_value(id, i));
        EXPECT_I64(n_wrong, 0);
    }
    block_close(block);
}

/* ---- the document ---- */

static uint8_t hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    EXPECT(at != NULL);
    return at ? (uint8_t)(at - digits) : 0;
}

/* The bytes of a ```hex block of the document: everything before a '|' on each line. */
static size_t read_hex(unsigned block_no, uint8_t *out, size_t n_max)
{
    size_t n_text, n = 0;
    const char *at = strstr(kit_read("docs/formats/block.md", &n_text), "```hex\n");
    for (; at && block_no > 0; block_no--)
        at = strstr(at + 7, "```hex\n");
    EXPECT(at != NULL);
    if (!at)
        return 0;
    bool is_comment = false;
    for (at += 7; strncmp(at, "```", 3) != 0; at++) {
        is_comment = *at == '|' || (is_comment && *at != '\n');
        if (is_comment || *at == ' ' || *at == '\n')
            continue;
        EXPECT(n < n_max);
        out[n++] = (uint8_t)(hex_digit(at[0]) << 4 | hex_digit(at[1]));
        at++;
    }
    return n;
}

TEST(the_example_in_the_document_is_a_block)
{
    static const double wanted[2][8] = {
        {20.25, 20.5, 20.25, 21, 20.75, 20.5, 20.25, 20.25},
        {100, gap, gap, gap, gap, gap, 160, 170},
    };
    static const uint32_t ids[2] = {7, 9};
    static uint8_t bytes[1024];
    const size_t n = read_hex(0, bytes, sizeof bytes);
    struct block *block = open_ok(bytes, n);
    EXPECT_OK(block_verify(block, &kit_err));
    EXPECT_I64(block_info(block)->first_slot, 170000000);
    EXPECT_I64(block_info(block)->n_series, 2);
    for (size_t row = 0; row < 2; row++) {
        double out[8] = {gap, gap, gap, gap, gap, gap, gap, gap};
        size_t n_values;
        EXPECT_OK(block_read(block, ids[row], 170000000, 8, out, &n_values, &kit_err));
        for (size_t i = 0; i < 8; i++)
            EXPECT(is_same(out[i], wanted[row][i]));
    }
    block_close(block);

    /* And it is what is written today. */
    struct codec *codec = codec_new();
    struct buf again;
    buf_init(&again, 1 << 20);
    const struct block_info info = {.first_slot = 170000000,
                                    .step_s = 10,
                                    .n_slots = 8,
                                    .unit_slots = 4,
                                    .generation = 3,
                                    .has_aggregates = true};
    struct block_writer *writer = block_writer_new_buf(&info, codec, &again);
    uint64_t file_bytes;
    for (size_t row = 0; row < 2; row++)
        EXPECT_OK(block_writer_add(writer, ids[row], wanted[row], NULL, &kit_err));
    EXPECT_OK(block_writer_finish(writer, &file_bytes, &kit_err));
    EXPECT(again.n == n && memcmp(again.at, bytes, n) == 0);
    block_writer_free(writer);
    buf_done(&again);
    codec_free(codec);
}

TEST(the_entropy_coded_unit_in_the_document)
{
    enum { N = 128 };
    uint8_t bytes[256];
    double got[N], wanted[N];
    const size_t n = read_hex(1, bytes, sizeof bytes);
    EXPECT_I64(codec_form_of(bytes, n), CODEC_EC);
    EXPECT(codec_decode(bytes, n, got, N));
    for (size_t i = 0; i < N; i++) {
        wanted[i] = i % 7 == 0 ? 3 : i % 11 == 0 ? 8 : 0;
        EXPECT_F64(got[i], wanted[i], 0);
    }
    struct codec *codec = codec_new();
    struct buf again;
    buf_init(&again, codec_bytes_max(N));
    codec_encode_cold(codec, wanted, N, &again);
    EXPECT(again.n == n && memcmp(again.at, bytes, n) == 0);
    buf_done(&again);
    codec_free(codec);
}

RUN_TESTS(test_of(what_is_written_is_read), test_of(info_comes_back),
          test_of(ids_that_are_not_there_are_not_found), test_of(a_series_of_gaps_is_not_stored),
          test_of(later_generations_win_where_they_have_values),
          test_of(aggregates_are_those_of_the_values), test_of(a_file_without_aggregates_says_so),
          test_of(a_file_is_byte_for_byte_what_memory_holds),
          test_of(a_disk_that_fails_leaves_no_block_behind), test_of(a_full_buffer_is_a_limit),
          test_of(every_damaged_byte_is_found), test_of(every_cut_is_found),
          test_of(damage_in_one_run_names_the_series_and_spares_the_others),
          test_of(what_checks_out_but_makes_no_sense_is_refused),
          test_of(an_index_out_of_order_is_refused), test_of(a_file_of_the_first_version_is_read),
          test_of(the_example_in_the_document_is_a_block),
          test_of(the_entropy_coded_unit_in_the_document))
