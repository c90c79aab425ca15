/* From memory to files: windows of the head, checkpoints of it, and the late points.
 * Thread: keeper. */
#pragma once

#include "base/err.h"

struct store;
struct head_class;

/* Seals the slots below until: they go to a file and their columns come free. A seal that failed is
 * finished first. Nothing there: only the window moves. */
MUST_CHECK bool seal_class(struct store *store, struct head_class *of, uint32_t until,
                           struct err *err);
/* A seal was begun and is not finished. */
bool seal_is_pending(const struct store *store);

/* Writes what the head holds of a class now, so that the log need not keep it; the window stays. */
MUST_CHECK bool seal_checkpoint(struct store *store, struct head_class *of, struct err *err);

/* An lsn below which every point is in its place: a writer that logs before it places does both in one
 * epoch. */
uint64_t seal_lsn(struct store *store);

/* Writes all late points to overlay files. */
MUST_CHECK bool seal_late(struct store *store, struct err *err);
