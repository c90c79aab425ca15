/* Invariants (see shared.h):
 *   1. no head value is written while an older late point of its window is unwritten
 *   2. between moving `sealed` and moving `freed` no late point is written: it could be newer than
 *      the window that is still to be written, but would get the lower generation */
#include "store/seal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/output.h"

enum {
    TILE_LANES = 8, /* a cache line of a column */
    TILES = 64,     /* kept: series come in order of id, which is nearly the order of lanes */
};

struct lane {
    uint32_t id, lane; /* tablet << 12 | lane */
};

struct lanes {
    struct lane *items;
    size_t n, cap;
};

/* Columns turned into rows, 8 lanes at a time. */
struct rows {
    const struct head *head;
    uint32_t first, n_slots; /* n_slots <= HEAD_SLOTS */
    uint32_t tile_of[TILES]; /* lane / 8 that is held; UINT32_MAX: none */
    double (*tiles)[TILE_LANES][HEAD_SLOTS];
};

static int by_id(const void *a, const void *b)
{
    const struct lane *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* All lanes of the class, by id. */
static struct lanes lanes_of(const struct head *head, const struct head_class *of)
{
    struct lanes lanes = {0};

    for (uint32_t no = 0; no < head_n_tablets(head); no++) {
        const struct head_tablet *tablet = head_tablet(head, no);
        if (tablet->of != of)
            continue;
        uint32_t n = __atomic_load_n(&tablet->n_lanes, __ATOMIC_ACQUIRE);
        mem_grow(&lanes.items, &lanes.cap, lanes.n + n, sizeof(struct lane));
        for (uint32_t i = 0; i < n; i++)
            lanes.items[lanes.n++] = (struct lane){tablet->ids[i], no * HEAD_LANES + i};
    }
    if (lanes.n > 0)
        qsort(lanes.items, lanes.n, sizeof(struct lane), by_id);
    return lanes;
}

static void tile_fill(struct rows *rows, uint32_t tile, double out[TILE_LANES][HEAD_SLOTS])
{
    const uint32_t first_lane = tile * TILE_LANES;
    const struct head_tablet *tablet = head_tablet(rows->head, first_lane / HEAD_LANES);
    const uint32_t end = __atomic_load_n(&tablet->head, __ATOMIC_ACQUIRE) + 1;

    for (uint32_t i = 0; i < rows->n_slots; i++) {
        const uint32_t slot = rows->first + i;
        const uint64_t *cells = head_cell(tablet, slot, first_lane % HEAD_LANES);
        for (uint32_t k = 0; k < TILE_LANES; k++) {
            uint64_t bits = (int32_t)(end - slot) > 0 ? __atomic_load_n(&cells[k], __ATOMIC_ACQUIRE)
                                                      : HEAD_ABSENT;
            memcpy(&out[k][i], &bits, sizeof bits);
        }
    }
}

static const double *row_of(struct rows *rows, uint32_t lane)
{
    const uint32_t tile = lane / TILE_LANES, at = tile % TILES;

    if (rows->tile_of[at] != tile) {
        tile_fill(rows, tile, rows->tiles[at]);
        rows->tile_of[at] = tile;
    }
    return rows->tiles[at][lane % TILE_LANES];
}

/* One file of slots [first, until), inside one partition. */
static bool part_write(struct output *output, const struct head_class *of,
                       const struct lanes *lanes, uint32_t first, uint32_t until, struct err *err)
{
    struct rows rows = {.head = output->store->head, .first = first, .n_slots = until - first};
    bool is_ok = output_begin(output, of, 0, first, rows.n_slots, err);

    memset(rows.tile_of, 0xFF, sizeof rows.tile_of);
    rows.tiles = mem_alloc(mul_size(TILES, sizeof *rows.tiles));
    for (size_t i = 0; i < lanes->n && is_ok; i++)
        is_ok = output_add(output, lanes->items[i].id, row_of(&rows, lanes->items[i].lane), err);
    mem_free(rows.tiles);
    return is_ok && output_end(output, err);
}

/* Files of the head's slots [first, until). */
static bool head_write(struct output *output, const struct head_class *of, uint32_t first,
                       uint32_t until, struct err *err)
{
    struct lanes lanes = lanes_of(output->store->head, of);
    bool is_ok = true;

    while (first < until && is_ok && lanes.n > 0) {
        int64_t edge = ((int64_t)first / FILES_PARTITION_SLOTS + 1) * FILES_PARTITION_SLOTS;
        uint32_t end = (uint32_t)min_i64(until, min_i64(edge, (int64_t)first + HEAD_SLOTS));
        is_ok = part_write(output, of, &lanes, first, end, err);
        first = end;
    }
    mem_free(lanes.items);
    return is_ok;
}

/* ---- sealing ---- */

bool seal_is_pending(const struct store *store)
{
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        const struct head_class *of = head_class(store->head, i);
        if (of && of->freed != of->sealed)
            return true;
    }
    return false;
}

/* Writes [freed, sealed), which nobody changes any more, and frees it. */
static bool seal_finish(struct store *store, struct head_class *of, struct err *err)
{
    struct output output;
    const uint32_t until = of->sealed;
    /* where columns end: a window that jumped over idle time has none further on */
    const uint32_t end = until - of->freed > HEAD_SLOTS ? of->freed + HEAD_SLOTS : until;

    output_init(&output, store);
    manifest_set_sealed(&output.edit, of->no, until, of->sealing_lsn);
    bool is_ok = head_write(&output, of, of->freed, end, err) && output_commit(&output, err);
    output_done(&output);
    if (is_ok) {
        __atomic_store_n(&of->freed, until, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&store->keeper.n_seals, 1, __ATOMIC_RELAXED);
    }
    return is_ok;
}

bool seal_class(struct store *store, struct head_class *of, uint32_t until, struct err *err)
{
    if (of->freed != of->sealed && !seal_finish(store, of, err))
        return false;
    if (until <= of->sealed)
        return true;
    if (late_reaches(store->late, of->no, of->sealed) && !seal_late(store, err))
        return false;

    of->sealing_lsn = wal_next_lsn(store->wal);
    __atomic_store_n(&of->sealed, until, __ATOMIC_SEQ_CST);
    epochs_wait(&store->epochs);
    return seal_finish(store, of, err);
}

bool seal_checkpoint(struct store *store, struct head_class *of, struct err *err)
{
    struct output output;

    if (of->freed != of->sealed)
        return seal_finish(store, of, err);
    if (late_reaches(store->late, of->no, of->sealed) && !seal_late(store, err))
        return false;
    output_init(&output, store);
    manifest_set_checkpoint(&output.edit, of->no, wal_next_lsn(store->wal));
    bool is_ok = head_write(&output, of, of->freed, of->freed + HEAD_SLOTS, err) &&
                 output_commit(&output, err);
    output_done(&output);
    return is_ok;
}

/* ---- late points ---- */

static int64_t partition_of(const struct late_point *point)
{
    return point->slot / FILES_PARTITION_SLOTS;
}

/* How many points from the first on go into its file; *out_first, *out_n: the window they span. */
static size_t group(const struct late_point *points, size_t n, uint32_t *out_first, uint32_t *out_n)
{
    uint32_t low = points[0].slot, high = low;
    size_t i = 1;

    for (; i < n; i++) {
        if (points[i].class_no != points[0].class_no || points[i].level != points[0].level ||
            partition_of(&points[i]) != partition_of(&points[0]))
            break;
        low = points[i].slot < low ? points[i].slot : low;
        high = points[i].slot > high ? points[i].slot : high;
    }
    *out_first = low;
    *out_n = high - low + 1;
    return i;
}

static bool group_write(struct output *output, const struct late_point *points, size_t n,
                        uint32_t first, uint32_t n_slots, struct err *err)
{
    const struct head_class *of = head_class(output->store->head, points[0].class_no);
    double *values = mem_alloc(mul_size(n_slots, sizeof(double)));
    bool is_ok = output_begin(output, of, points[0].level, first, n_slots, err);

    for (size_t i = 0; i < n && is_ok;) {
        const uint32_t id = points[i].id;
        for (uint32_t k = 0; k < n_slots; k++)
            values[k] = (double)NAN;
        for (; i < n && points[i].id == id; i++)
            values[points[i].slot - first] = points[i].value;
        is_ok = output_add(output, id, values, err);
    }
    mem_free(values);
    return is_ok && output_end(output, err);
}

/* Points whose archive has been rolled up and dropped meanwhile go to the next coarser one: they come
 * back as new late points. Returns how many stay, moved together. */
static size_t demote(struct store *store, struct late_point *points, size_t n)
{
    struct files_version *version = files_ref(store->files);
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const struct head_class *of = head_class(store->head, points[i].class_no);
        const struct archive *archives = of->schema.archives;
        struct late_point point = points[i];
        const int64_t at_s = (int64_t)point.slot * archives[point.level].step_s;
        if (at_s >= shared_floor_s(version, of, point.level)) {
            points[kept++] = point;
            continue;
        }
        point.level++;
        point.slot = (uint32_t)(at_s / archives[point.level].step_s);
        (void)!late_add(store->late, &point, 1, SIZE_MAX);
    }
    files_unref(store->files, version);
    return kept;
}

static bool points_write(struct output *output, const struct late_point *points, size_t n,
                         struct err *err)
{
    for (size_t i = 0; i < n;) {
        uint32_t first, n_slots;
        size_t n_group = group(points + i, n - i, &first, &n_slots);
        if (!group_write(output, points + i, n_group, first, n_slots, err))
            return false;
        i += n_group;
    }
    return true;
}

bool seal_late(struct store *store, struct err *err)
{
    struct output output;
    size_t n_all;

    BUG_IF(seal_is_pending(store));
    const uint64_t lsn = wal_next_lsn(store->wal);
    struct late_point *points = late_begin(store->late, &n_all);
    if (n_all == 0)
        return true;
    size_t n = demote(store, points, n_all);
    output_init(&output, store);
    if (n == n_all) /* else some are in memory alone still, and the log must keep them */
        manifest_set_late(&output.edit, lsn);
    bool is_ok = points_write(&output, points, n, err) && output_commit(&output, err);
    output_done(&output);
    mem_free(points);
    late_end(store->late, is_ok);
    return is_ok;
}
