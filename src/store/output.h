/* New block files as one change: all are written and synced, then renamed, then the manifest takes
 * them (and drops others) in one edit, then readers see them. A crash at any moment leaves either all
 * or nothing of it. Thread: keeper. */
#pragma once

#include "base/err.h"
#include "store/shared.h"

struct output {
    struct store *store;
    struct manifest_edit edit; /* add what else changes with the files */
    bool is_cold;              /* set it before output_begin: as small as may be, read seldom */
    struct manifest_file *added;
    size_t n_added, cap_added;
    uint64_t *dropped;
    size_t n_dropped, cap_dropped;

    /* the file being written */
    struct block_writer *writer;
    struct block_info info;
    struct manifest_file file;
    char *temp_path;
    int fd;
};

void output_init(struct output *output, struct store *store);
void output_done(struct output *output); /* unfinished files are removed */

/* Begins a file of slots [first_slot, first_slot + n_slots), all in one partition of the level. */
MUST_CHECK bool output_begin(struct output *output, const struct head_class *of, size_t level,
                             int64_t first_slot, size_t n_slots, struct err *err);
/* Ids ascend. All gaps, or a deleted series: nothing happens. A file that is full is followed by another. */
MUST_CHECK bool output_add(struct output *output, uint32_t id, const double *values,
                           struct err *err);
MUST_CHECK bool output_end(struct output *output, struct err *err);

/* The file goes when the change comes. */
void output_drop(struct output *output, uint64_t generation);
MUST_CHECK bool output_commit(struct output *output, struct err *err);
