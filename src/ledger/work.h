/* How a file of this folder that has tables of its own reads and writes them: a function of its own,
 * called with a connection. Internal to ledger/. */
#pragma once

#include "ledger/ledger.h"
#include "ledger/row.h"
#include "ledger/sql.h"
#include "ledger/tokens.h"

/* The writing thread's state: the connection, and the end of the chain. */
struct writer {
    struct db *db;
    uint64_t seq;
    unsigned char hash[ROW_HASH_BYTES];
    int64_t now_ms;       /* of this transaction */
    bool wants_empty_log; /* when it is committed: texts were taken out */
    /* Of a work_fn, which is called with all of them at nothing. */
    struct arena *arena;
    const struct change **appended; /* by work_append */
    size_t n_appended, appended_cap;
    uint64_t n_new; /* changes that were not there before; the work_fn's to count */
};

/* On the ledger's thread, in a transaction that is rolled back when it returns false. It may be called
 * again after a rollback, so what it was given stays as it was. */
typedef bool (*work_fn)(void *self, struct writer *writer, struct err *err);
/* Runs fn there and returns when what it did is on disk. err: fn's, ERR_BUSY, ERR_IO. */
MUST_CHECK bool work_write(struct ledger *ledger, work_fn fn, void *self, struct err *err);

/* Queues it and does not wait. self must last until the ledger is closed. err: ERR_BUSY. */
MUST_CHECK bool work_post(struct ledger *ledger, work_fn fn, void *self, struct err *err);

/* On the caller's thread, with a reading connection. */
typedef bool (*work_read_fn)(void *self, struct db *db, struct err *err);
MUST_CHECK bool work_read(struct ledger *ledger, work_read_fn fn, void *self, struct err *err);

/* Appends a change as it now is; audit as in row_encode. The graphs show it once it is on disk, so a
 * work_fn's change must live until work_write returns. */
MUST_CHECK bool work_append(struct writer *writer, const struct change *change,
                            const struct audit *audit, struct err *err);
/* Appends a whole verdict; the change's own row that carries it in short is to follow. */
MUST_CHECK bool work_verdict(struct writer *writer, const struct verdict *verdict, struct err *err);
/* Appends a row that is about no change. audit->at_ms 0: now. */
MUST_CHECK bool work_audit(struct writer *writer, const struct audit *audit, struct err *err);

/* The tokens that this ledger has read; see tokens.h. */
struct tokens *work_tokens(struct ledger *ledger);
