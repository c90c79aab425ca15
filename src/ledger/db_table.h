/* The tables that are made from the ledger's rows: each change as it now is, and what it is found by.
 * A change's place in them is its start and a number to tell those of one millisecond apart, so that
 * everything is found in order of time. Internal to ledger/. */
#pragma once

#include "ledger/sql.h"
#include "model/change.h"

enum { TABLE_ORD_BITS = 20 }; /* of that number; ord = start_ms << 20 | number */

MUST_CHECK bool db_table_make(struct db *db, struct err *err);
/* Those of version 1, and its rule for rows. */
MUST_CHECK bool db_table_drop(struct db *db, struct err *err);
/* The change as it now is, after row seq; the rows before it still have their texts. */
MUST_CHECK bool db_table_put(struct db *db, uint64_t seq, const struct change *change,
                             struct err *err);

/* What a change is found by, besides its words: "s:web" and "s:web/checkout", "k:deploy", "b:nora",
 * "x:failed", "e:staging", "v:harm", "t:<tag>", "p:" posted. The text is in the arena. */
const char *db_table_term(char what, const char *value, struct arena *arena);
/* What somebody typed as a query of the words' table; "" when nothing of it is a word. */
const char *db_table_match(const char *text, struct arena *arena);
