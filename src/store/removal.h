/* Deleting and renaming series. A deleted one is gone at once: its id is dead for ever, its name free, its
 * lane nobody's; what memory and files still hold of it is read by nobody and written to no new file. A
 * renamed one keeps id and data. Both are records of the names log. Thread: any, unless said. */
#pragma once

#include "base/err.h"
#include "store/store.h"

/* As store_delete, store_rename. */
MUST_CHECK bool removal_delete(struct store *store, const struct str *names, size_t n,
                               size_t *out_n, struct err *err);
MUST_CHECK bool removal_rename(struct store *store, const struct name_change *renames, size_t n,
                               struct err *err);

/* Of the name table: see names.h. */
void removal_deleted(void *self, const uint32_t *ids, size_t n);
void removal_renamed(void *self, const uint32_t *ids, size_t n);

/* At start, from the names log; false for what makes no sense. */
MUST_CHECK bool removal_load_delete(struct store *store, uint32_t id);
MUST_CHECK bool removal_load_rename(struct store *store, uint32_t id, uint16_t class_no,
                                    struct str name);
