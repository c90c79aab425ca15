/* Many small files of a partition into one. Thread: keeper. */
#pragma once

#include "base/err.h"

struct store;

/* Merges where it is due: partitions with many files, or with several although nothing more is
 * expected in them. */
MUST_CHECK bool merge_due(struct store *store, struct err *err);
/* Files that readers met damage in: what can be read of them is written anew, they are set aside. */
MUST_CHECK bool merge_damaged(struct store *store, struct err *err);
/* Partitions where many rows are of deleted series are written anew without them: looked for at most
 * every ten minutes, and only after deletions; then one a pass. */
MUST_CHECK bool merge_deleted(struct store *store, struct err *err);
