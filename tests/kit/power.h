/* What a disk holds after a power cut. A recording of every change under a folder, and the folder as it
 * may be found when the power fails during the n-th of them:
 *   - bytes written since the last sync of their file are there or not, sector by sector (512 bytes),
 *     each sector as after any of the writes to it; the file's length is that after any of them
 *   - names made, changed or removed since the last sync of their folder are so or not, each for itself
 *   - what a failed sync should have written is lost for good unless it is written again
 * One thread. The choices come from a seed. */
#pragma once

#include "base/base.h"

struct power;

/* Begins a recording: what is in the folder now counts as safe. Ended by power_end. One at a time. */
MUST_CHECK struct power *power_begin(const char *dir);
/* Called after each change that is recorded, with its number; what it changes is recorded as well, without a
 * call. NULL: no longer. */
void power_then(struct power *power, void (*then)(void *self, size_t i), void *self);
/* No longer records; what was recorded stays. */
void power_stop(struct power *power);
void power_end(struct power *power);

/* Changes so far: the next one has this number. */
size_t power_count(const struct power *power);
/* What change i is: "write 24 at 64 of wal/0000000000000001.wal", for messages. Lent until the next call. */
const char *power_text(const struct power *power, size_t i);

enum {
    /* Seeds below it are the plain cases, by turns: of data and of names nothing unsynced is kept, all
     * of it, only names, only data. From here on all is chosen. */
    POWER_PLAIN_SEEDS = 4,
};
/* Fills `to` (there, and empty) with what is left when the power fails during change n (n = count: after
 * all of them). */
void power_cut(const struct power *power, size_t n, uint64_t seed, const char *to);
