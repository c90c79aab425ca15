#include "store/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    TILE_LANES = 16, /* two cache lines of a column, which come together */
    TILES = 32,
    AHEAD = 24, /* columns lie far apart: fetched this many slots before they are read */
    NEAR_SLOTS =
        1024, /* a tile of so many, 128 KB, stays in the second-level cache until it is wanted */
};

struct rows {
    const struct head *head;
    uint32_t first, n_slots;
    rows_column_fn fn;
    void *self;
    const uint64_t ***columns; /* by page of lanes, then slot; filled in when first needed */
    uint32_t n_pages;
    uint32_t tile_of[TILES]; /* lane / TILE_LANES that is held; UINT32_MAX: none */
    double *tiles;           /* [TILES][TILE_LANES][n_slots] */
};

struct rows *rows_new(const struct head *head, uint32_t first, uint32_t n_slots, rows_column_fn fn,
                      void *self)
{
    struct rows *rows = mem_zalloc(sizeof(struct rows));
    rows->head = head;
    rows->first = first;
    rows->n_slots = n_slots;
    rows->fn = fn;
    rows->self = self;
    rows->n_pages = head_n_tablets(head) * HEAD_PAGES;
    rows->columns = mem_array(rows->n_pages + 1, const uint64_t **);
    rows->tiles = mem_alloc(mul_size(mul_size(TILES * TILE_LANES, n_slots), sizeof(double)));
    memset(rows->tile_of, 0xFF, sizeof rows->tile_of);
    return rows;
}

void rows_free(struct rows *rows)
{
    if (!rows)
        return;
    for (uint32_t i = 0; i < rows->n_pages; i++)
        mem_free(rows->columns[i]);
    mem_free(rows->columns);
    mem_free(rows->tiles);
    mem_free(rows);
}

static const uint64_t *const *columns_of(struct rows *rows, uint32_t page_no)
{
    const uint64_t **columns = rows->columns[page_no];
    if (columns)
        return columns;
    /* what lies AHEAD of the end is only fetched */
    columns = mem_array((size_t)rows->n_slots + AHEAD, const uint64_t *);
    for (uint32_t i = 0; i < rows->n_slots; i++)
        columns[i] = rows->fn(rows->self, page_no, rows->first + i);
    rows->columns[page_no] = columns;
    return columns;
}

static void tile_fill(struct rows *rows, uint32_t tile, double *out)
{
    static const uint64_t none[TILE_LANES];
    const uint32_t first_lane = tile * TILE_LANES % HEAD_LANES;
    const uint64_t *const *columns = columns_of(rows, tile * TILE_LANES / HEAD_PAGE_LANES);
    const size_t n_slots = rows->n_slots;

    for (size_t i = 0; i < n_slots; i++) {
        const uint64_t *cells = columns[i] ? columns[i] + first_lane : none;
        if (columns[i + AHEAD]) {
            __builtin_prefetch(columns[i + AHEAD] + first_lane);
            __builtin_prefetch(columns[i + AHEAD] + first_lane + TILE_LANES / 2);
        }
        for (size_t k = 0; k < TILE_LANES; k++)
            out[k * n_slots + i] = head_cell_get(&cells[k]);
    }
}

/* A lane's share of fetching the next tile, which usually is wanted next: memory works while the caller does. */
static void tile_fetch(struct rows *rows, uint32_t lane)
{
    const uint32_t first_lane = (lane / TILE_LANES + 1) * TILE_LANES % HEAD_LANES;
    const uint64_t *const *columns = rows->columns[lane / HEAD_PAGE_LANES];
    const size_t n = rows->n_slots, k = lane % TILE_LANES;

    if (first_lane % HEAD_PAGE_LANES == 0 || n > NEAR_SLOTS)
        return;
    for (size_t i = n * k / TILE_LANES; i < n * (k + 1) / TILE_LANES; i++)
        if (columns[i]) {
            __builtin_prefetch(columns[i] + first_lane);
            __builtin_prefetch(columns[i] + first_lane + TILE_LANES / 2);
        }
}

const double *rows_get(struct rows *rows, uint32_t lane)
{
    const uint32_t tile = lane / TILE_LANES, at = tile % TILES;
    double *values = rows->tiles + (size_t)at * TILE_LANES * rows->n_slots;

    if (rows->tile_of[at] != tile) {
        tile_fill(rows, tile, values);
        rows->tile_of[at] = tile;
    }
    tile_fetch(rows, lane);
    return values + (size_t)(lane % TILE_LANES) * rows->n_slots;
}

static int by_id(const void *a, const void *b)
{
    const struct rows_lane *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

void rows_lanes_add(struct rows_lanes *lanes, const struct head *head, uint32_t page_no)
{
    const struct head_tablet *tablet = head_tablet(head, page_no / HEAD_PAGES);
    const uint32_t from = page_no % HEAD_PAGES * HEAD_PAGE_LANES;
    const uint32_t n_lanes = __atomic_load_n(&tablet->n_lanes, __ATOMIC_ACQUIRE);
    const uint32_t until = (uint32_t)min_size(n_lanes, from + HEAD_PAGE_LANES);

    mem_grow(&lanes->items, &lanes->cap, lanes->n + HEAD_PAGE_LANES, sizeof(struct rows_lane));
    for (uint32_t i = from; i < until; i++) {
        const uint32_t id = head_lane_id(tablet, i);
        if (id != HEAD_ID_NONE)
            lanes->items[lanes->n++] =
                (struct rows_lane){id, page_no / HEAD_PAGES * HEAD_LANES + i};
    }
}

void rows_lanes_sort(struct rows_lanes *lanes)
{
    size_t i = 1;
    while (i < lanes->n && lanes->items[i - 1].id < lanes->items[i].id)
        i++;
    if (i < lanes->n)
        qsort(lanes->items, lanes->n, sizeof(struct rows_lane), by_id);
}
