/* The commit thread: one group fdatasync for everybody, names before points. Thread: any. */
#pragma once

#include "base/err.h"

struct store;

void sync_init(struct store *store);
MUST_CHECK bool sync_start(struct store *store, struct err *err);
void sync_stop(struct store *store); /* after a last pass */
void sync_done(struct store *store);

/* A pass is wanted now; does not wait for it. */
void sync_ask(struct store *store);
/* Returns when a pass that began after this call has ended.
 *   err  ERR_IO: the disk refused; nothing is known to be durable */
MUST_CHECK bool sync_wait(struct store *store, struct err *err);
/* As sync_wait, but an earlier failure that the keeper has not mended yet does not count. */
MUST_CHECK bool sync_pass(struct store *store, struct err *err);
