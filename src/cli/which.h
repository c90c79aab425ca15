/* Which change somebody means who typed a beginning of its id, or a service. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { WHICH_ANSWER_BYTES_MAX = 1 << 20 };

struct which {
    const char *word; /* an id of four characters or more, or a service */
    const char *env;  /* of the service's change; NULL: any */
    bool is_ours; /* of a service: what somebody did to it, before notes, freezes and incidents */
};

/* Can it be an id, or the beginning of one? */
bool which_is_id(const char *word);

/* The change's JSON, in place of what was in answer. Of a service it is the newest one.
 *   err  ERR_MISSING there is none, and those of client_get */
MUST_CHECK bool which_change(const struct which *which, struct arena *arena, struct buf *answer,
                             struct err *err);
