/* A flipped bit in any place of any file: it costs at most what it hit, gives no wrong value, is counted
 * and set aside, and the store goes on.
 *   PLUMB_FLIPS=n  so many places in each file (default 15) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/block_layout.h"
#include "store/keeper.h"
#include "store/replay.h"
#include "store/store.h"
#include "store/store_kit.c"

enum {
    PARTITION_S = FILES_PARTITION_SLOTS, /* a slot is a second */
    FIRST_S = 196760 * PARTITION_S,
    FINE_S = 3 * 3600, /* the fine archive keeps it */
    COARSE_S = 10,
    SPAN_S = 20400,
    N_COARSE = PARTITION_S / COARSE_S, /* the first partition is rolled up */
    CHANGES_MAX = 4,                   /* values that a second ever had */
};

struct cell {
    double values[CHANGES_MAX]; /* the last one counts */
    uint8_t n;
    bool may_be_lost;
};

/* The folder as it should be, and what is in it. */
struct truth {
    struct store_kit kit;
    struct cell *cells; /* [STORE_KIT_SERIES][SPAN_S] */
    double *coarse;     /* [STORE_KIT_SERIES][N_COARSE] */
    bool is_coarse_lost[STORE_KIT_SERIES];
    bool is_loss; /* this flip may cost something at all */
};

static struct cell *cell_of(const struct truth *truth, size_t series, int64_t at_s)
{
    return &truth->cells[series * SPAN_S + (size_t)(at_s - FIRST_S)];
}

/* ---- the folder ---- */

static void put(struct truth *truth, size_t series, int64_t at_s)
{
    struct cell *cell = cell_of(truth, series, at_s);
    const double value = store_kit_value();

    if (cell->n == CHANGES_MAX)
        return;
    EXPECT_I64(store_kit_put(&truth->kit, series, at_s, value), SINK_OK);
    cell->values[cell->n++] = value;
}

static void fill(struct truth *truth, int64_t until_s)
{
    for (int round = 0; store_kit_now_s() < until_s; round++) {
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            if (kit_random_below(8) > 0)
                put(truth, i, store_kit_now_s() - (int64_t)(i % 3));
        store_kit_commit(&truth->kit);
        if (round % 4 == 3)
            EXPECT_OK(store_sink(truth->kit.store).ops->barrier(truth->kit.store, &kit_err));
        kit_now_us += 20 * 1000000ll;
        EXPECT_OK(keeper_pass(truth->kit.store, &kit_err));
    }
}

static void late(struct truth *truth, int n, int64_t from_s, int64_t until_s)
{
    for (int i = 0; i < n; i++)
        put(truth, kit_random_below(STORE_KIT_SERIES),
            from_s + (int64_t)kit_random_below((uint64_t)(until_s - from_s)));
    store_kit_commit(&truth->kit);
}

static struct arena look_arena;

static const struct series *read_series(struct truth *truth, size_t series,
                                        const struct source_span *span)
{
    const struct source_node leaf = {
        .path = name_of(series), .id = truth->kit.ids[series], .is_leaf = true};
    struct series *out = NULL;

    EXPECT_OK(store_source(truth->kit.store)
                  .ops->read(truth->kit.store, &leaf, 1, span, &look_arena, &out, &kit_err));
    return out;
}

static const struct series *read_coarse(struct truth *truth, size_t series)
{
    return read_series(
        truth, series,
        &(struct source_span){FIRST_S, FIRST_S + PARTITION_S, store_kit_now_s(), FINE_S + 1});
}

static void truth_make(struct truth *truth)
{
    *truth = (struct truth){.cells = mem_array(STORE_KIT_SERIES * SPAN_S, struct cell)};
    truth->coarse = mem_array(STORE_KIT_SERIES * N_COARSE, double);
    kit_now_us = (FIRST_S + 100) * 1000000ll;
    store_kit_init(&truth->kit, "1s:3h,10s:3d", "average", FIRST_S, 1);
    truth->kit.tuning.files_merge = 4;
    EXPECT(store_kit_open(&truth->kit));
    fill(truth, FIRST_S + 2 * PARTITION_S + 800);
    late(truth, 200, FIRST_S + PARTITION_S + 900, FIRST_S + 2 * PARTITION_S);
    EXPECT_OK(store_seal(truth->kit.store, &kit_err));
    fill(truth, FIRST_S + SPAN_S - 400);
    EXPECT_OK(store_seal(truth->kit.store, &kit_err)); /* gives segments back */
    fill(truth, FIRST_S + SPAN_S - 100);
    for (int i = 0; i < 50; i++)
        late(truth, 20, FIRST_S + PARTITION_S + 900, FIRST_S + 2 * PARTITION_S);
    EXPECT_OK(store_sink(truth->kit.store).ops->barrier(truth->kit.store, &kit_err));
    for (size_t i = 0; i < STORE_KIT_SERIES; i++) {
        const struct series *got = read_coarse(truth, i);
        EXPECT_I64(got->n_points, N_COARSE);
        memcpy(&truth->coarse[i * N_COARSE], got->values, N_COARSE * sizeof(double));
    }
    store_kit_close(&truth->kit);
}

static void truth_done(struct truth *truth)
{
    store_kit_done(&truth->kit);
    mem_free(truth->cells);
    mem_free(truth->coarse);
}

/* ---- what a flip may cost ---- */

static void losses_clear(struct truth *truth)
{
    for (size_t i = 0; i < STORE_KIT_SERIES * SPAN_S; i++)
        truth->cells[i].may_be_lost = false;
    memset(truth->is_coarse_lost, 0, sizeof truth->is_coarse_lost);
    truth->is_loss = false;
}

static void lose(struct truth *truth, size_t series, int64_t from_s, int64_t until_s)
{
    truth->is_loss = true;
    for (int64_t at_s = max_i64(from_s, FIRST_S); at_s < min_i64(until_s, FIRST_S + SPAN_S); at_s++)
        cell_of(truth, series, at_s)->may_be_lost = true;
}

/* Of a block: a window of all series or of one; of a coarse one all slots. */
static void lose_block(struct truth *truth, const struct block_info *info, size_t series)
{
    if (info->step_s == COARSE_S)
        truth->is_coarse_lost[series] = truth->is_loss = true;
    else
        lose(truth, series, info->first_slot, info->first_slot + info->n_slots);
}

/* A block: the run that was hit, or all of it; aggregate rows cost nothing. */
static void block_losses(struct truth *truth, const struct buf *file, size_t at)
{
    struct block *block;
    uint64_t index_at, aggregates_at, run_at = HEADER_BYTES;

    EXPECT_OK(block_open(file->at, file->n, "flip", &block, &kit_err));
    const struct block_info *info = block_info(block);
    const uint8_t *footer = (const uint8_t *)file->at + file->n - FOOTER_BYTES;
    index_at = block_layout_u64(footer + FOOTER_INDEX_AT);
    aggregates_at = block_layout_u64(footer + FOOTER_AGGREGATES_AT);
    const size_t n_groups = (info->n_series + INDEX_RUN_GROUP - 1) / INDEX_RUN_GROUP;
    const uint8_t *lengths =
        (const uint8_t *)file->at + index_at + 4 * (size_t)info->n_series + 8 * n_groups;
    const bool is_run = at >= HEADER_BYTES && at < index_at;
    const bool is_row = at >= aggregates_at && at < file->n - FOOTER_BYTES;
    for (uint32_t row = 0; row < info->n_series && !is_row; row++) {
        uint64_t end = run_at + RUN_CRC_BYTES;
        for (uint32_t u = 0; u < block_n_units(info); u++)
            end += block_layout_u16(lengths + 2 * ((size_t)row * block_n_units(info) + u));
        if (!is_run || (at >= run_at && at < end))
            lose_block(truth, info, block_id(block, row));
        run_at = end;
    }
    block_close(block);
}

static void lose_points(void *self, const struct sink_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++)
        lose(self, points[i].id, points[i].at_s, (int64_t)points[i].at_s + 1);
}

/* A segment: the points of the batch that was hit; its header, padding and what lies behind are slack. */
static void wal_losses(struct truth *truth, const struct buf *file, uint64_t no, size_t at)
{
    struct replay_segment segment = {.no = no};

    replay_segment_open(&segment, file->at, file->n);
    for (; segment.has_next; replay_segment_next(&segment))
        if (at >= segment.at && at < segment.at + BATCH_HEADER_BYTES + segment.next.n_bytes)
            EXPECT(batch_each(&segment.next, lose_points, truth));
}

/* names.log: the series whose record was hit. A class stands twice, a note is only one. */
static void names_losses(struct truth *truth, const struct buf *file, size_t at)
{
    for (size_t i = NAMES_LOG_HEADER_BYTES; i < file->n;) {
        uint32_t n, id;
        memcpy(&n, file->at + i, 4);
        memcpy(&id, file->at + i + 8, 4);
        if (at >= i && at < i + 8 + n && id < STORE_KIT_SERIES) {
            lose(truth, id, FIRST_S, FIRST_S + SPAN_S);
            truth->is_coarse_lost[id] = true;
        }
        i += 8 + n;
    }
}

/* ---- looking ---- */

static size_t n_lost; /* of the look in hand */

static bool complain(size_t series, int64_t at_s, double got, double want)
{
    char got_text[NUM_TEXT_MAX], want_text[NUM_TEXT_MAX];
    num_format(got_text, got);
    num_format(want_text, want);
    (void)fprintf(stderr, "series %zu at %lld: got %s want %s\n", series,
                  (long long)(at_s - FIRST_S), got_text, want_text);
    return false;
}

/* The last value, or none or an earlier one where the flip hit. */
static bool cell_allows(const struct cell *cell, double value)
{
    if (isnan(value)) {
        n_lost += cell->n > 0;
        return cell->n == 0 || cell->may_be_lost;
    }
    if (cell->n > 0 && memcmp(&cell->values[cell->n - 1], &value, sizeof value) == 0)
        return true;
    for (size_t i = 0; i + 1 < cell->n && cell->may_be_lost; i++)
        if (memcmp(&cell->values[i], &value, sizeof value) == 0) {
            n_lost++;
            return true;
        }
    return false;
}

static bool series_is_right(struct truth *truth, size_t series)
{
    const int64_t now_s = store_kit_now_s();
    const struct series *fine =
        read_series(truth, series, &(struct source_span){now_s - FINE_S + 1, now_s + 1, now_s, 0});
    for (size_t i = 0; i < fine->n_points; i++) {
        const int64_t at_s = fine->start_s + (int64_t)i;
        const struct cell *cell = cell_of(truth, series, at_s);
        if (!cell_allows(cell, fine->values[i]))
            return complain(series, at_s, fine->values[i],
                            cell->n ? cell->values[cell->n - 1] : (double)NAN);
    }
    const struct series *coarse = read_coarse(truth, series);
    for (size_t i = 0; i < coarse->n_points; i++) {
        const double want = truth->coarse[series * N_COARSE + i], got = coarse->values[i];
        const bool is_same = (isnan(want) && isnan(got)) || memcmp(&want, &got, 8) == 0;
        n_lost += !is_same;
        if (!is_same && !(isnan(got) && truth->is_coarse_lost[series]))
            return complain(series, FIRST_S + (int64_t)i * COARSE_S, got, want);
    }
    return true;
}

static bool is_right(struct truth *truth)
{
    n_lost = 0;
    arena_reset(&look_arena);
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        if (!series_is_right(truth, i))
            return false;
    return true;
}

static uint64_t n_counted(struct truth *truth)
{
    struct store_stats stats;
    store_stats(truth->kit.store, &stats);
    return stats.n_files_corrupt;
}

/* Opens, looks, lets the keeper heal, looks, seals, opens again, looks. *out_counted: damage that was
 * reported. */
static bool survives(struct truth *truth, uint64_t *out_counted)
{
    size_t n_lost_first;

    EXPECT(store_kit_open(&truth->kit));
    if (!truth->kit.store || !is_right(truth))
        return false;
    n_lost_first = n_lost;
    EXPECT_OK(keeper_pass(truth->kit.store, &kit_err));
    bool is_ok = is_right(truth) && n_lost == n_lost_first;
    *out_counted = n_counted(truth);
    EXPECT_OK(store_seal(truth->kit.store, &kit_err));
    is_ok = is_ok && is_right(truth) && n_lost == n_lost_first;
    store_kit_close(&truth->kit);
    EXPECT(store_kit_open(&truth->kit));
    EXPECT_I64(n_counted(truth), 0); /* healed */
    is_ok = is_ok && is_right(truth) && n_lost == n_lost_first;
    store_kit_close(&truth->kit);
    return is_ok;
}

/* ---- flips ---- */

struct flipping {
    struct truth *truth;
    const char *folder; /* of the file: "data/", "" */
    size_t n_flips, n_hits, n_silent;
};

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    int64_t value = 0;
    return text && num_parse_i64(text, strlen(text), &value) ? (uint64_t)value : otherwise;
}

static bool is_name(const char *name, const char *part)
{
    return strstr(name, part) != NULL;
}

static void losses_of(struct truth *truth, const char *name, const struct buf *file, size_t at)
{
    losses_clear(truth);
    if (is_name(name, ".blk"))
        block_losses(truth, file, at);
    else if (is_name(name, ".wal"))
        wal_losses(truth, file, strtoull(name, NULL, 16), at);
    else if (is_name(name, "names.log"))
        names_losses(truth, file, at);
}

static void write_flipped(const char *path, const struct buf *file, uint64_t bit)
{
    struct buf bytes;
    buf_init(&bytes, 64 << 20);
    buf_add(&bytes, file->at, file->n);
    bytes.at[bit / 8] ^= (char)(1u << bit % 8);
    EXPECT_OK(file_replace(path, bytes.at, bytes.n, &kit_err));
    buf_done(&bytes);
}

static void flip(struct flipping *flipping, const char *name, const struct buf *file, uint64_t bit)
{
    struct truth truth = *flipping->truth;
    const int64_t now_us = kit_now_us;
    uint64_t n_reported = 0;

    truth.kit.dir = new_dir();
    store_kit_copy(flipping->truth->kit.dir, truth.kit.dir);
    const char *path = arena_printf(&kit_arena, "%s/%s%s", truth.kit.dir, flipping->folder, name);
    write_flipped(path, file, bit);
    losses_of(&truth, name, file, bit / 8);
    bool is_ok = survives(&truth, &n_reported);
    const bool is_hit = n_lost > 0;
    flipping->n_flips++;
    flipping->n_hits += is_hit;
    flipping->n_silent += n_reported == 0;
    if (is_hit && n_reported == 0)
        is_ok = false; /* lost without a word */
    if (truth.is_loss && n_reported == 0 && !is_name(name, ".wal"))
        is_ok = false; /* in a segment what is in files already may be hit unseen */
    EXPECT(is_ok);
    if (!is_ok)
        (void)fprintf(stderr, "bit %llu of byte %llu of %zu in %s%s: %zu lost, %llu reported\n",
                      (unsigned long long)bit % 8, (unsigned long long)bit / 8, file->n,
                      flipping->folder, name, n_lost, (unsigned long long)n_reported);
    else
        EXPECT_OK(dir_remove(truth.kit.dir, &kit_err));
    store_kit_close(&truth.kit);
    kit_now_us = now_us;
}

static bool flip_file(void *self, const char *name, struct err *err)
{
    struct flipping *flipping = self;
    const uint64_t n = number_of("PLUMB_FLIPS", 15);
    struct buf file;

    if (!is_name(name, ".blk") && !is_name(name, ".wal") && !is_name(name, "MANIFEST") &&
        !is_name(name, "names.log"))
        return true;
    buf_init(&file, 64 << 20);
    const char *path =
        arena_printf(&kit_arena, "%s/%s%s", flipping->truth->kit.dir, flipping->folder, name);
    bool is_ok = file_read_all(path, &file, err);
    const struct flipping before = *flipping;
    for (uint64_t i = 0; i < n && is_ok && kit_failures() == 0; i++)
        flip(flipping, name, &file, kit_random_below(file.n * 8));
    (void)fprintf(stderr, "%s: %zu bytes, %zu flips, %zu cost something, %zu passed unnoticed\n",
                  name, file.n, flipping->n_flips - before.n_flips,
                  flipping->n_hits - before.n_hits, flipping->n_silent - before.n_silent);
    buf_done(&file);
    return is_ok;
}

TEST(a_flipped_bit_costs_at_most_what_it_hit)
{
    static const char *const folders[] = {"", "data/", "wal/"};
    struct truth truth;

    kit_temp_in_memory();
    arena_init(&look_arena);
    truth_make(&truth);
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        struct flipping flipping = {.truth = &truth, .folder = folders[i]};
        EXPECT_OK(dir_each(kit_path(truth.kit.dir, folders[i]), flip_file, &flipping, &kit_err));
    }
    arena_done(&look_arena);
    truth_done(&truth);
}

RUN_TESTS(test_of(a_flipped_bit_costs_at_most_what_it_hit))
