/* Columns turned into rows: what files are written from. A tile of lanes is turned at a time and a few
 * are kept, as series come in order of id, which is nearly the order of lanes. Thread: keeper. */
#pragma once

#include "store/head.h"

/* The column [HEAD_LANES] of a slot of the tablet of this page (lane / HEAD_PAGE_LANES); NULL: the page has no
 * value of that slot. */
typedef const uint64_t *(*rows_column_fn)(void *self, uint32_t page_no, uint32_t slot);

struct rows;

/* Slots [first, first + n_slots) of what fn knows; head is borrowed. */
MUST_CHECK struct rows *rows_new(const struct head *head, uint32_t first, uint32_t n_slots,
                                 rows_column_fn fn, void *self);
void rows_free(struct rows *rows);
/* The n_slots values of a lane (tablet << 12 | lane), gaps NaN. Lent until the next call. */
const double *rows_get(struct rows *rows, uint32_t lane);

struct rows_lane {
    uint32_t id, lane;
};
struct rows_lanes {
    struct rows_lane *items; /* by id */
    size_t n, cap;
};
/* All lanes of a page but those of deleted series; then, once all are there, sorts them. */
void rows_lanes_add(struct rows_lanes *lanes, const struct head *head, uint32_t page_no);
void rows_lanes_sort(struct rows_lanes *lanes);
