/* Which points of the log are in files, as the manifest tells it. Pure; see shared.h and wal.h.
 *
 * A point with slot at or above its class's sealed slot at the time of its commit was a head point: a
 * later seal past it, or a checkpoint, has it in a file. Any other was a late point: the overlay
 * files have it if its lsn is below late_lsn. A batch that straddles a seal counts as after it, which
 * can only repeat points, in order: harmless. */
#pragma once

#include "store/manifest.h"

/* window: where the class's window stood when it was created. */
MUST_CHECK bool lowmark_is_in_files(const struct manifest_state *state, uint16_t class_no,
                                    uint32_t window, uint32_t slot, uint64_t lsn);
/* Head points of the class with a lower lsn are all in files. */
uint64_t lowmark_of_class(const struct manifest_class *of, uint32_t window);
/* Everything with a lower lsn is in files. */
uint64_t lowmark_of_all(const struct manifest_state *state, const struct head *head);
