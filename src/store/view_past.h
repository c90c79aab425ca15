/* What a series has from the time when other rules held for it shows through where its class has nothing.
 * An old point belongs to the slot that holds its time: several in one slot are aggregated as the rule of
 * now says (its xFilesFactor counts the old slots), one that was kept coarser stands alone. Of two
 * earlier classes the later one wins, slot by slot.
 *
 * Every time has one home in an old class: its finest archive that had not given its data away by then.
 * Nothing of an old class is in memory: a series moves when all of it is in files. Thread: any. */
#pragma once

#include "store/view.h"

/* Fills the gaps of out. Nothing to do, and no cost, for a series that never moved. */
MUST_CHECK bool view_past_lay(struct view *view, size_t level, int64_t first_slot, size_t n,
                              double *out, struct err *err);
