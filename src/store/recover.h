/* Opening what an earlier run left: names, manifest, files, and the log on top. One thread, before any
 * other part runs. */
#pragma once

#include "base/err.h"

struct store;

/* Fills store's names, index, head, late, files, manifest, wal and names_log. On false what was made so
 * far is there for store_close's cleaning. */
MUST_CHECK bool recover_all(struct store *store, struct err *err);
