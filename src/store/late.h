/* Points that came too late (or too early) for the head, in memory until the keeper writes them to
 * overlay files. They are in the log like all others. Those that come in order of time go into columns
 * (panes.h), the others one by one into lists by series, in the order of arrival.
 * Two tables: the one that fills, and the one that is being written. In a table, what the lists have
 * of a slot is older than what a pane has: once there is a pane, nothing of its window goes to a list.
 * Thread: any; one mutex inside, never held across I/O. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "store/panes.h"

struct late_point {
    uint32_t id;
    uint32_t slot; /* of its archive's step */
    double value;
    uint16_t class_no;
    uint8_t level; /* the archive, 0 the finest */
};

/* One slot of one series, as readers and the keeper see it. */
struct late_cell {
    uint32_t slot;
    uint8_t level;
    double value;
};

struct late;

/* head tells the lanes; borrowed. NULL: only lists are read. */
MUST_CHECK struct late *late_new(const struct head *head);
void late_free(struct late *late);

/* Into the lists, in this order. */
void late_add(struct late *late, const struct late_point *points, size_t n);
/* Memory of both tables. Takes no lock. */
size_t late_bytes(const struct late *late);
/* They fill max_bytes, or half of that when more would take memory that was never touched. Takes no lock. */
bool late_is_full(const struct late *late, size_t max_bytes);

/* The column where late points of this slot go, or NULL: they go to late_add, or late_make_column first.
 * Lock-free. Thread: writers inside their epoch, and not across it. */
uint64_t *late_column(const struct late *late, uint32_t tablet_no, uint8_t level, uint32_t slot);
/* As that, but makes the pane; NULL: there are too many. */
uint64_t *late_make_column(struct late *late, struct head_tablet *tablet, uint32_t tablet_no,
                           uint8_t level, uint32_t slot);

/* What is held for id, oldest first, in the arena; returns how many. */
size_t late_read(struct late *late, uint32_t id, struct arena *arena, struct late_cell **out);

/* Is anything held for id? */
bool late_has(struct late *late, uint32_t id);

/* ---- keeper ---- */

/* Anything of this class, finest archive, at or above slot? */
bool late_reaches(struct late *late, uint16_t class_no, uint32_t slot);
bool late_is_empty(struct late *late);

/* Makes the filling table the one being written, unless one is still being written. *io_lsn: all that
 * was put before has been committed below it; comes back as it was given with the table that is being
 * written now. False: there is nothing to write. The caller then waits for an epoch of all writers:
 * after it the table does not change any more. */
MUST_CHECK bool late_begin(struct late *late, uint64_t *io_lsn);
/* Some cells of one series in one archive and partition: slots ascend, each once with its last value. */
struct late_run {
    uint32_t id;
    uint16_t class_no;
    uint8_t level;
    uint32_t n;
    const struct late_cell *cells;
};

/* The lists of the table being written as runs, sorted by class, level, partition, id. Until late_end. */
struct late_runs {
    struct late_run *items;
    size_t n, cap;
    struct late_cell *
        *copies; /* of lists that came in another order; other runs lie in the table */
    size_t n_copies, cap_copies;
};
void late_runs_make(const struct late *late, struct late_runs *out);
void late_runs_done(struct late_runs *runs);
const struct panes *late_panes(const struct late *late); /* and its panes */
/* Files have it: readers see it no longer, it is dropped. Its columns' memory is kept for the next. */
void late_end(struct late *late);
/* Gives that memory back to the kernel. */
void late_trim(struct late *late);
