/* Points that came too late (or too early) for the head: kept by series in memory until the keeper
 * writes them to overlay files. They are in the log like all others. A series' points stay in the
 * order of arrival, so the last one of a slot counts.
 * Two tables: the one that fills, and the one that is being written. Thread: any; one mutex inside,
 * never held across I/O. */
#pragma once

#include "base/arena.h"
#include "base/base.h"

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

MUST_CHECK struct late *late_new(void);
void late_free(struct late *late);

/* False when it holds more than bytes_max already and takes nothing. */
MUST_CHECK bool late_add(struct late *late, const struct late_point *points, size_t n,
                         size_t bytes_max);
/* Memory of both tables; without a lock, a little stale. */
size_t late_bytes(const struct late *late);

/* What is held for id, oldest first, in the arena; returns how many. */
size_t late_read(struct late *late, uint32_t id, struct arena *arena, struct late_cell **out);

/* ---- keeper ---- */

/* Anything of this class, finest archive, at or above slot? */
bool late_reaches(struct late *late, uint16_t class_no, uint32_t slot);
bool late_is_empty(struct late *late);

/* Makes the filling table the one being written (there must be none) and lists it, sorted by class,
 * level, partition, id, slot, a slot's last value only. The array is the caller's (mem_free); readers go on
 * seeing the table until late_end. *out_n = 0: it was empty. */
MUST_CHECK struct late_point *late_begin(struct late *late, size_t *out_n);
/* Files have it: drops it. Or (is_written false) puts it back in front of what came since. */
void late_end(struct late *late, bool is_written);
