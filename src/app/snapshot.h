/* A copy of a running server's data folder. Thread: any. */
#pragma once

#include "base/err.h"
#include "base/jsonw.h"
#include "ledger/ledger.h"
#include "store/store.h"

struct snapshot {
    const char *data; /* the server's data folder */
    struct store *store;
    struct ledger *ledger;
};

/* Makes dir (an absolute path; not there yet or an empty folder) a data folder with everything that was
 * taken before the call. What it came to goes into json as an object. A half-made one is removed.
 *   err  ERR_INPUT, ERR_REFUSED the folder, ERR_BUSY, ERR_IO */
MUST_CHECK bool snapshot_make(const struct snapshot *snapshot, const char *dir, struct jsonw *json,
                              struct err *err);
