/* The recent points of every series, in columns. A class is one (retentions, aggregation) rule; its
 * series take lanes in tablets of 4,096; a tablet is a matrix [HEAD_SLOTS][4096] of doubles, a ring
 * over slot numbers (time / step of the finest archive). A cell holds the inverted bits of a double, 0:
 * no value (the NaN of all ones is never one), so fresh memory is empty, and a column costs nothing
 * where no series of a page writes to it. To get a page from the kernel costs more than all else that is
 * done for its 512 values, so the ring keeps its pages, but for lanes that have gone quiet.
 *
 * Sharing (the one place where threads share what changes; see also epoch.h):
 *   - a writer inside its epoch stores a value with one atomic 8-byte store when
 *     sealed <= slot <= tablet head; two writers of one cell race as they would in the network
 *   - `head` of a tablet is raised by whoever has a point above it, without a lock
 *   - the keeper moves `sealed` (from then on older points go the late way), waits for an epoch of
 *     all writers, writes the file, empties the columns, and only then moves `freed`: those below it
 *     may be reused
 *   - a reader copies columns of [freed, head], then loads freed again and drops what lies below:
 *     that is in files by now, and it reads files after
 *
 * Invariants:
 *   1. freed <= sealed, head < freed + HEAD_SLOTS; sealed runs further ahead only over idle time
 *   2. columns of slots in [freed, head] are this window's; all others are empty, but for those that
 *      the keeper is emptying
 *   3. a series keeps its lane while any of its unsealed cells may be set; a deleted one loses it at
 *      once, and nobody gets the lane after it: writers inside their epochs may still store there */
#pragma once

#include "base/err.h"
#include "model/schema.h"

enum {
    HEAD_LANES = 4096,     /* of a tablet: a column is 32 KB ... */
    HEAD_PAGE_LANES = 512, /* ... and a page of it is 4 */
    HEAD_PAGES = HEAD_LANES / HEAD_PAGE_LANES,
    HEAD_MARKS = 2,          /* words with a bit for each column of the ring */
    HEAD_SLOTS = 112,        /* what one seal takes, the grace, and room for what comes meanwhile */
    HEAD_SEAL_SLOTS = 64,    /* one file of a seal */
    HEAD_GRACE_SLOTS = 32,   /* this late a point is still an ordinary one */
    HEAD_FUTURE_SLOTS = 32,  /* further ahead of the clock is refused: a bad clock somewhere */
    HEAD_CLASSES_MAX = 1024, /* different rules that series were ever created under */
    HEAD_TABLETS_MAX = 1 << 19, /* 2^31 lanes */
    HEAD_LANE_CHUNK = 1 << 16,  /* ids of a chunk */
    HEAD_LANE_CHUNKS = 1 << 15, /* ids below 2^31 */
};

#define HEAD_LANE_NONE 0xFFFFFFFFu
#define HEAD_ID_NONE   0xFFFFFFFFu

struct head_class {
    uint16_t no;
    struct schema schema;
    int64_t created_s;    /* floors of archives count from it until the keeper moves them */
    uint32_t sealed;      /* slots below are in files or late; atomic */
    uint32_t freed;       /* slots below have no columns; atomic */
    uint64_t sealing_lsn; /* keeper: the log's position when sealed moved last */
    uint64_t idle_lsn;    /* keeper: where the log was when no unsealed point was there last */
    uint32_t filling;     /* the tablet with free lanes; under head's lock */
    bool has_members;     /* some series has been in it since the start; atomic */
};

struct head_tablet {
    struct head_class *of;
    uint32_t head;    /* last slot with a column; freed - 1: none; atomic */
    uint32_t n_lanes; /* in use, from lane 0; atomic, moves under the lock */
    uint32_t *ids;    /* of the lanes; atomic; HEAD_ID_NONE: its series was deleted */
    uint64_t *cells;  /* [HEAD_SLOTS][HEAD_LANES] */
    /* By page of the lanes; bit slot % HEAD_SLOTS. That page of the column may hold values; its memory is
     * there. Atomic. */
    uint64_t used[HEAD_PAGES][HEAD_MARKS], there[HEAD_PAGES][HEAD_MARKS];
    uint16_t idle_slots[HEAD_PAGES]; /* keeper: how long the lanes of a page have had no value */
};

struct head;

MUST_CHECK struct head *head_new(void);
void head_free(struct head *head);

/* The class with this schema, or a new one. NULL: HEAD_CLASSES_MAX are there. *out_is_new: it was made
 * just now, its window set around now_s. Thread: any. */
struct head_class *head_class_make(struct head *head, const struct schema *schema, int64_t now_s,
                                   bool *out_is_new);
/* A new class, though there are others with this schema; NULL as above. */
struct head_class *head_class_add(struct head *head, const struct schema *schema, int64_t now_s);
/* At start: class no as recorded; false if a class is there already or no is out of range. */
MUST_CHECK bool head_class_load(struct head *head, uint16_t no, const struct schema *schema,
                                int64_t created_s);
/* NULL when there is none. Lent until head_free. Thread: any. */
struct head_class *head_class(const struct head *head, uint16_t no);
uint16_t head_n_classes(const struct head *head);
/* Where a window stands that was set at now_s. */
uint32_t head_window_at(const struct schema *schema, int64_t now_s);

/* The lane of id: tablet << 12 | lane, or HEAD_LANE_NONE. Thread: any. */
struct head_lanes {
    uint32_t *chunks[HEAD_LANE_CHUNKS]; /* by id; an entry is 0: none, else lane + 1 */
};
const struct head_lanes *head_lanes(const struct head *head);
static inline uint32_t head_lanes_get(const struct head_lanes *lanes, uint32_t id)
{
    if (UNLIKELY(id / HEAD_LANE_CHUNK >= HEAD_LANE_CHUNKS))
        return HEAD_LANE_NONE;
    uint32_t *chunk = __atomic_load_n(&lanes->chunks[id / HEAD_LANE_CHUNK], __ATOMIC_ACQUIRE);
    return chunk ? __atomic_load_n(&chunk[id % HEAD_LANE_CHUNK], __ATOMIC_ACQUIRE) - 1
                 : HEAD_LANE_NONE;
}
/* Fetches the entry into the cache. */
static inline void head_lanes_prefetch(const struct head_lanes *lanes, uint32_t id)
{
    uint32_t *chunk = lanes->chunks[id / HEAD_LANE_CHUNK % HEAD_LANE_CHUNKS];
    __builtin_prefetch(chunk ? (const void *)&chunk[id % HEAD_LANE_CHUNK] : lanes);
}
uint32_t head_lane(const struct head *head, uint32_t id);
/* Takes a lane for id; HEAD_LANE_NONE when the tablets are full. Thread: writers. */
uint32_t head_lane_take(struct head *head, struct head_class *of, uint32_t id);
/* What is in the lane is nobody's from now on; without a lane nothing happens. Thread: any. */
void head_lane_drop(struct head *head, uint32_t id);
struct head_tablet *head_tablet(const struct head *head, uint32_t no);
/* HEAD_ID_NONE when its series was deleted. */
static inline uint32_t head_lane_id(const struct head_tablet *tablet, uint32_t lane)
{
    return __atomic_load_n(&tablet->ids[lane], __ATOMIC_RELAXED);
}
uint32_t head_n_tablets(const struct head *head);

/* The column of a slot, for values to be stored in lanes of the same page as lane; makes columns up to it. NULL when
 * the ring has no room for it (it goes the late way). No lock. Thread: writers inside their epoch, and not
 * across it. */
uint64_t *head_column(struct head_tablet *tablet, uint32_t slot, uint32_t lane);

/* The bit of a slot's column. */
static inline bool head_mark_get(const uint64_t marks[HEAD_MARKS], uint32_t slot)
{
    const uint32_t i = slot % HEAD_SLOTS;
    return __atomic_load_n(&marks[i / 64], __ATOMIC_ACQUIRE) >> (i % 64) & 1;
}

/* False: no lane of the page has a value of that slot, which is of [freed, head]. */
static inline bool head_page_is_used(const struct head_tablet *tablet, uint32_t page, uint32_t slot)
{
    return head_mark_get(tablet->used[page], slot);
}

/* The cell of a slot that has a column. */
static inline uint64_t *head_cell(const struct head_tablet *tablet, uint32_t slot, uint32_t lane)
{
    return tablet->cells + (size_t)(slot % HEAD_SLOTS) * HEAD_LANES + lane;
}

/* Release, so that a reader who sees a column's new use also sees the freed slot before it. */
static inline void head_cell_set(uint64_t *cell, double value)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    __atomic_store_n(cell, ~bits, __ATOMIC_RELEASE);
}

/* NaN: a gap. */
static inline double head_cell_get(const uint64_t *cell)
{
    const uint64_t bits = ~__atomic_load_n(cell, __ATOMIC_ACQUIRE);
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

/* The recent values of one series: slot first + i has values[i], gaps NaN. */
struct head_recent {
    uint32_t first, n;
    double values[HEAD_SLOTS];
};
/* n = 0: no lane or no column. Thread: any. */
void head_read(const struct head *head, uint32_t id, struct head_recent *out);

/* Is there a value of the series in the columns? Thread: any. */
bool head_has(const struct head *head, uint32_t id);

/* Behind the last column of the class (freed: none), and: is that above the sealed slot? Thread: keeper. */
uint32_t head_class_end(const struct head *head, const struct head_class *of);
bool head_class_is_busy(const struct head *head, const struct head_class *of);
/* Slots below until are in files: empties their columns and moves `freed`. Pages that held something stay,
 * those of lanes without a value for HEAD_SLOTS slots are given back. Thread: keeper. */
void head_release(struct head *head, struct head_class *of, uint32_t until);
/* Empties the class and sets its window. No writer uses it meanwhile: sealed was UINT32_MAX for an
 * epoch. Thread: keeper. */
void head_window_set(struct head *head, struct head_class *of, uint32_t window);
/* The columns' memory, if all of it were touched. */
uint64_t head_bytes(const struct head *head);
