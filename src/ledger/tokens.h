/* The tokens in memory, and their table. What others call is in ledger.h. Thread: any, unless said
 * otherwise; one private lock. */
#pragma once

#include "base/clock.h"
#include "ledger/sql.h"

struct tokens;

/* Makes the table where there is none, and reads it. */
MUST_CHECK bool tokens_open(struct db *db, struct clock clock, struct tokens **out,
                            struct err *err);
void tokens_free(struct tokens *tokens); /* NULL is fine */
