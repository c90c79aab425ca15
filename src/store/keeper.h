/* The keeper: everything that happens behind the receivers' backs. Seals windows, writes late points,
 * merges files, rolls up and drops what has expired, gives log segments back. */
#pragma once

#include "base/err.h"

struct store;

void keeper_init(struct store *store);
MUST_CHECK bool keeper_start(struct store *store, struct err *err);
void keeper_stop(struct store *store);
void keeper_done(struct store *store);

/* A pass is wanted now. Cheap when the keeper has been told already. Thread: any. */
void keeper_wake(struct store *store);

/* One round of all duties. Thread: the keeper, or a test without threads. False: some of it must be
 * tried again. */
MUST_CHECK bool keeper_pass(struct store *store, struct err *err);
/* Of these duties, sealing alone; for what takes long inside a pass. */
MUST_CHECK bool keeper_seal_due(struct store *store, struct err *err);
/* Everything that may be sealed now is; late points are written. Thread: any but the keeper. */
MUST_CHECK bool keeper_seal(struct store *store, struct err *err);
/* Runs fn on the keeper's thread, between two of its duties: no file comes or goes and the manifest stands
 * still meanwhile. Returns what fn does. One at a time; the others wait. Thread: any but the keeper. */
MUST_CHECK bool keeper_call(struct store *store, bool (*fn)(void *self, struct err *err),
                            void *self, struct err *err);
