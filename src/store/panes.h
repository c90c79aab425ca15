/* Columns for late points that come in order of time: somebody replays hours or years, all series slot
 * by slot. A pane is a window of PANE_SLOTS slots of one archive beside a tablet of the head, and has
 * its lanes: a point is one store into its cell, as in the head. Points that come series by series
 * would fill a pane too thinly; late.c keeps those one by one.
 *
 * Sharing: panes are found without a lock and made under the lock of struct late, which also guards the
 * list that readers follow. A cell is as in head.h. A writer uses a pane inside its epoch only. */
#pragma once

#include "store/head.h"

enum {
    PANE_SLOTS = 64,  /* of a window: one word says which columns were touched */
    PANES_MAX = 4096, /* of a set; what has no pane is kept one by one */
};

struct pane {
    struct head_tablet *tablet;
    uint32_t tablet_no;
    uint32_t first; /* slot, a multiple of PANE_SLOTS, of the archive's step */
    uint8_t level;
    bool is_fresh;          /* its memory was never touched */
    uint64_t touched;       /* bit i: column i may hold something; atomic */
    uint64_t *cells;        /* [PANE_SLOTS][HEAD_LANES] */
    struct pane *next_near; /* of a tablet with the same number below the buckets' */
};

struct panes;

/* Cells of panes that are gone, for panes to come: memory that was touched once costs less to clear than
 * fresh memory costs to get from the kernel. Thread: any, own mutex. */
struct panes_pool;

MUST_CHECK struct panes_pool *panes_pool_new(void);
void panes_pool_free(struct panes_pool *pool);
/* Panes are in use, and the next would take fresh memory. Takes no lock. */
bool panes_pool_is_dry(const struct panes_pool *pool);
/* Gives all of it back to the kernel. */
void panes_pool_trim(struct panes_pool *pool);

/* Both borrowed for the set's life: where cells come from and go to, and a sum of bytes that the set's
 * are added to (atomic) and taken from again when it goes. */
MUST_CHECK struct panes *panes_new(struct panes_pool *pool, size_t *bytes_all);
void panes_free(struct panes *panes);

/* NULL: there is none. Thread: any that the set cannot go away under. */
struct pane *panes_find(const struct panes *panes, uint32_t tablet_no, uint8_t level,
                        uint32_t slot);
/* Finds or makes; NULL when PANES_MAX are there. Under the lock of struct late. */
struct pane *panes_make(struct panes *panes, struct head_tablet *tablet, uint32_t tablet_no,
                        uint8_t level, uint32_t slot);

/* The column of a slot of the pane, to be stored into; counts its memory when it is the first time. */
uint64_t *panes_column(struct panes *panes, struct pane *pane, uint32_t slot);
static inline const uint64_t *pane_column(const struct pane *pane, uint32_t slot)
{
    return pane->cells + (size_t)(slot - pane->first) * HEAD_LANES;
}
static inline bool pane_has(const struct pane *pane, uint32_t slot)
{
    return __atomic_load_n(&pane->touched, __ATOMIC_ACQUIRE) >> (slot - pane->first) & 1;
}

size_t panes_count(const struct panes *panes);
/* In order of making. */
struct pane *panes_item(const struct panes *panes, size_t i);
/* The first pane that may be of the tablet (compare tablet_no, follow next_near); NULL: none. */
const struct pane *panes_near(const struct panes *panes, uint32_t tablet_no);
