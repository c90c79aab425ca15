/* Series that somebody took out of the answers by tag. Only from those: the points stay, and the tree
 * shows the name. A series comes back when it is told again, or by itself with a point of a later
 * slot: what is alive must not stay unseen. Thread: any, one private lock; inside it the index's, the
 * names log's and no other lock is taken. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct hidden;
struct store;

MUST_CHECK struct hidden *hidden_new(void);
void hidden_free(struct hidden *hidden); /* NULL is fine */

/* At start, from the names log; false for an id without a name. */
MUST_CHECK bool hidden_load(struct store *store, uint32_t id, bool is_hidden);
/* Hides or brings back those of the n names, any spelling, that there are; returns once the kernel
 * has it. err: ERR_IO, ERR_LIMIT (all writers in use), ERR_INPUT for what is no name: nothing is done. */
MUST_CHECK bool hidden_set(struct store *store, const struct str *names, size_t n, bool is_hidden,
                           struct err *err);
/* The series was deleted or has another name: nothing is hidden any more. Once it has none. */
void hidden_forget(struct store *store, uint32_t id);
/* Brings back those that have got points. Thread: the keeper, every second. */
void hidden_keep(struct store *store);
