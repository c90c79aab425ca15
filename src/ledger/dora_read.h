/* What dora_measure is given, read from the ledger. Thread: any. */
#pragma once

#include "ledger/ledger.h"

/* Deploys and incidents that started at from_ms or later, oldest first: also those after the period, as they
 * show what failed in it. err: ERR_LIMIT (more than 100,000 of a kind), ERR_IO. */
MUST_CHECK bool dora_read_changes(struct ledger *ledger, int64_t from_ms, struct arena *arena,
                                  struct change_list *out, struct err *err);
/* For dora_wish.commits; self is the struct ledger. Where prev or rev is not known, no commit is. */
MUST_CHECK bool dora_read_commits(void *self, const struct change *deploy, struct arena *arena,
                                  struct commit_list *out, struct err *err);
/* The services with a deploy that wish counts, each once, in the order of their names; wish's changes,
 * env, from and until are read. Returns how many. */
size_t dora_read_services(const struct dora_wish *wish, struct arena *arena,
                          const char *const **out);
