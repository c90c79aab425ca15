/* Opening what an earlier run left: names, manifest, files, and the log on top. One thread, before any
 * other part runs. A store that is_read_only changes nothing in its folder: what is damaged, torn or left
 * over stays as it is, and is counted. */
#pragma once

#include "base/err.h"

struct store;

/* Fills store's names, index, head, late, files, manifest, wal and names_log. On false what was made so
 * far is there for store_close's cleaning. */
MUST_CHECK bool recover_all(struct store *store, struct err *err);

/* The same in two steps; between them store->wanted may be set. */
MUST_CHECK bool recover_names_and_files(struct store *store, struct err *err);
MUST_CHECK bool recover_log(struct store *store, struct err *err);

/* Private to recover*.c: a point, or the end of a file, is at this time. */
void recover_newest(struct store *store, int64_t at_s);
