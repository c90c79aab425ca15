/* One series as it stands at a moment: what the head, the late points and the files hold of it, laid
 * over each other in the right order (shared.h says which and why). Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include "store/shared.h"

struct view {
    struct store *store;
    struct arena *arena;
    uint32_t id;
    const struct head_class *of;
    uint16_t past;   /* the link of the classes before it */
    uint32_t sealed; /* as it was before the head was copied */
    struct head_recent recent;
    struct late_cell *late;
    size_t n_late;
    struct files_version *version;
    double *finer[SCHEMA_ARCHIVES_MAX]; /* scratch for aggregating, by level */
    double *past_values;                /* and for values of earlier classes */
    size_t n_past_values;
};

/* Ended by view_close. The id must have a name. */
void view_open(struct view *view, struct store *store, uint32_t id, struct arena *arena);
void view_close(struct view *view);

/* Values of n slots of a level; gaps NaN. What is damaged is a gap and its file is marked bad. A coarse
 * slot is aggregated from the finer level where that still has its data. What the class of the series has
 * not, its earlier classes fill in (view_past.h).
 *   err  never ERR_CORRUPT; what block_read says else */
MUST_CHECK bool view_values(struct view *view, size_t level, int64_t first_slot, size_t n,
                            double *out, struct err *err);

/* What the files of a class say of a level, over out; what they do not have stays as it is. */
MUST_CHECK bool view_files(struct view *view, const struct head_class *of, size_t level,
                           int64_t first_slot, size_t n, double *out, struct err *err);
