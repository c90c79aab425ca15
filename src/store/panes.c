#include "store/panes.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "os/pages.h"

enum {
    BUCKETS = 2 * PANES_MAX, /* open addressing, at most half full */
    NEAR = 1024,             /* lists by tablet */
    CELLS_BYTES = PANE_SLOTS * HEAD_LANES * 8,
    POOL_MAX = 64, /* 128 MB: what one writing of late points sets free */
};

/* ---- the pool ---- */

struct panes_pool {
    pthread_mutex_t lock;
    uint64_t *items[POOL_MAX]; /* all zero */
    size_t n;                  /* atomic */
    size_t n_used;             /* panes that have such; atomic */
};

struct panes_pool *panes_pool_new(void)
{
    struct panes_pool *pool = mem_zalloc(sizeof(struct panes_pool));
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

static void count_set(size_t *count, size_t n)
{
    __atomic_store_n(count, n, __ATOMIC_RELAXED); /* under the lock */
}

/* NULL: there is none. */
static uint64_t *pool_take(struct panes_pool *pool)
{
    uint64_t *cells = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->n > 0) {
        count_set(&pool->n, pool->n - 1);
        cells = pool->items[pool->n];
    }
    pthread_mutex_unlock(&pool->lock);
    return cells;
}

static bool pool_put(struct panes_pool *pool, uint64_t *cells)
{
    pthread_mutex_lock(&pool->lock);
    const bool has_room = pool->n < POOL_MAX;
    if (has_room) {
        pool->items[pool->n] = cells;
        count_set(&pool->n, pool->n + 1);
    }
    pthread_mutex_unlock(&pool->lock);
    return has_room;
}

bool panes_pool_is_dry(const struct panes_pool *pool)
{
    return __atomic_load_n(&pool->n, __ATOMIC_RELAXED) == 0 &&
           __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED) > 0;
}

void panes_pool_trim(struct panes_pool *pool)
{
    uint64_t *cells;
    while ((cells = pool_take(pool)) != NULL)
        pages_free(cells, CELLS_BYTES);
}

void panes_pool_free(struct panes_pool *pool)
{
    if (!pool)
        return;
    panes_pool_trim(pool);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
}

/* ---- a set ---- */

struct panes {
    struct pane *buckets[BUCKETS]; /* atomic */
    struct pane *items[PANES_MAX];
    struct pane *near[NEAR];
    size_t n;
    struct panes_pool *pool;
    size_t bytes;      /* memory that was touched; atomic */
    size_t *bytes_all; /* atomic */
};

struct panes *panes_new(struct panes_pool *pool, size_t *bytes_all)
{
    struct panes *panes = mem_zalloc(sizeof(struct panes));
    panes->pool = pool;
    panes->bytes_all = bytes_all;
    return panes;
}

static void pane_free(struct panes *panes, struct pane *pane)
{
    for (uint32_t i = 0; i < PANE_SLOTS; i++)
        if (pane->touched >> i & 1)
            memset(pane->cells + (size_t)i * HEAD_LANES, 0, (size_t)pane->tablet->n_lanes * 8);
    __atomic_fetch_sub(&panes->pool->n_used, 1, __ATOMIC_RELAXED);
    if (!pool_put(panes->pool, pane->cells))
        pages_free(pane->cells, CELLS_BYTES);
    mem_free(pane);
}

void panes_free(struct panes *panes)
{
    if (!panes)
        return;
    for (size_t i = 0; i < panes->n; i++)
        pane_free(panes, panes->items[i]);
    __atomic_fetch_sub(panes->bytes_all, panes->bytes, __ATOMIC_RELAXED);
    mem_free(panes);
}

static size_t bucket_of(uint32_t tablet_no, uint8_t level, uint32_t slot)
{
    const uint64_t key = (uint64_t)tablet_no << 32 ^ (uint64_t)level << 28 ^ slot / PANE_SLOTS;
    return (size_t)(key * 0x9E3779B97F4A7C15ull >> 32) % BUCKETS;
}

static bool is_it(const struct pane *pane, uint32_t tablet_no, uint8_t level, uint32_t slot)
{
    return pane->tablet_no == tablet_no && pane->level == level &&
           pane->first == slot - slot % PANE_SLOTS;
}

struct pane *panes_find(const struct panes *panes, uint32_t tablet_no, uint8_t level, uint32_t slot)
{
    for (size_t i = bucket_of(tablet_no, level, slot);; i = (i + 1) % BUCKETS) {
        struct pane *pane = __atomic_load_n(&panes->buckets[i], __ATOMIC_ACQUIRE);
        if (!pane || is_it(pane, tablet_no, level, slot))
            return pane;
    }
}

struct pane *panes_make(struct panes *panes, struct head_tablet *tablet, uint32_t tablet_no,
                        uint8_t level, uint32_t slot)
{
    struct pane *pane = panes_find(panes, tablet_no, level, slot);
    if (pane || panes->n == PANES_MAX)
        return pane;

    pane = mem_zalloc(sizeof(struct pane));
    pane->tablet = tablet;
    pane->tablet_no = tablet_no;
    pane->level = level;
    pane->first = slot - slot % PANE_SLOTS;
    pane->cells = pool_take(panes->pool);
    __atomic_fetch_add(&panes->pool->n_used, 1, __ATOMIC_RELAXED);
    pane->is_fresh = !pane->cells;
    if (pane->is_fresh)
        pane->cells = pages_new(CELLS_BYTES);
    pane->next_near = panes->near[tablet_no % NEAR];
    panes->near[tablet_no % NEAR] = pane;
    panes->items[panes->n++] = pane;

    size_t i = bucket_of(tablet_no, level, slot);
    while (panes->buckets[i])
        i = (i + 1) % BUCKETS;
    __atomic_store_n(&panes->buckets[i], pane, __ATOMIC_RELEASE);
    return pane;
}

uint64_t *panes_column(struct panes *panes, struct pane *pane, uint32_t slot)
{
    uint64_t *column = pane->cells + (size_t)(slot - pane->first) * HEAD_LANES;
    const uint64_t bit = (uint64_t)1 << (slot - pane->first);

    if (!(__atomic_load_n(&pane->touched, __ATOMIC_RELAXED) & bit) &&
        !(__atomic_fetch_or(&pane->touched, bit, __ATOMIC_ACQ_REL) & bit)) {
        const size_t n_lanes = __atomic_load_n(&pane->tablet->n_lanes, __ATOMIC_RELAXED);
        const size_t n_pages = (n_lanes + HEAD_PAGE_LANES - 1) / HEAD_PAGE_LANES;
        __atomic_fetch_add(&panes->bytes, n_pages * HEAD_PAGE_LANES * 8, __ATOMIC_RELAXED);
        __atomic_fetch_add(panes->bytes_all, n_pages * HEAD_PAGE_LANES * 8, __ATOMIC_RELAXED);
        if (pane->is_fresh && n_pages > 1) /* most of it will be written now */
            pages_touch(column, n_pages * HEAD_PAGE_LANES * 8);
    }
    return column;
}

size_t panes_count(const struct panes *panes)
{
    return panes->n;
}

struct pane *panes_item(const struct panes *panes, size_t i)
{
    return panes->items[i];
}

const struct pane *panes_near(const struct panes *panes, uint32_t tablet_no)
{
    return panes->near[tablet_no % NEAR];
}
