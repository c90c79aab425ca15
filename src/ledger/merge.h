/* When two tellings are one change, and what the one then is. Pure: no SQL, no clock. */
#pragma once

#include "model/change.h"

enum {
    MERGE_SAME_MS = 120 * 1000, /* without a key: told twice within this is one change */
};

/* Could `told`, which has no key, be the same as `known`? Same kind, service, env, source and status, no
 * field that contradicts, started within MERGE_SAME_MS; plain lines: the same second and value.
 * Posted events never are: each is a row, as in Graphite. */
bool merge_is_same(const struct change *known, const struct change *told);

/* What known becomes when told is another telling of it: the earliest start, the latest end, the
 * further status, and told's fields where it has any. False: nothing changes. Strings are shared. */
bool merge_into(struct change *known, const struct change *told);
