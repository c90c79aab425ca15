/* What becomes of a telling: news, or more of a change that is known. In the writing thread's transaction;
 * internal to ledger/. */
#pragma once

#include "ledger/work.h"

/* One telling, and what it comes to. All lent; out's strings are in the arena. */
struct telling_task {
    const struct change *told;    /* of telling_record: as checked */
    const struct ledger_end *end; /* of telling_finish: as checked */
    struct arena *arena;
    struct change *out; /* the change as it then is */
    struct ledger_receipt *receipt;
    struct err *err;
};

/* err: ERR_CORRUPT, ERR_IO, ERR_BUSY, ERR_LIMIT; ERR_MISSING: there is nothing open to finish. */
MUST_CHECK bool telling_record(struct writer *writer, struct telling_task *task);
MUST_CHECK bool telling_finish(struct writer *writer, struct telling_task *task);
