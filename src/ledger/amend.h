/* Putting right what is in the ledger. Nothing is taken away from its rows: a correction is a row of its
 * own that says who made it and why. Only a purge takes texts out, for personal data that must go; it
 * leaves the rows' hashes and says that it was.
 * Thread: any; each returns when it is on disk. */
#pragma once

#include "ledger/ledger.h"
#include "ledger/row.h"

struct amendment {
    const char *id; /* or a unique beginning of it */
    const char *by, *why;
};

/* Corrects: the fields of `now` that are set (texts not "", times not 0, status not UNKNOWN, tags by
 * name) replace the change's. Kind, source and keys stay.
 * err: ERR_MISSING, ERR_INPUT (as for a change), ERR_BUSY, ERR_IO. */
MUST_CHECK bool amend_edit(struct ledger *ledger, const struct amendment *amendment,
                           const struct change *now, struct ledger_receipt *out, struct err *err);
/* It never was (or, is_back: it was after all): hidden from lists, graphs and figures, but kept. */
MUST_CHECK bool amend_retract(struct ledger *ledger, const struct amendment *amendment,
                              bool is_back, struct ledger_receipt *out, struct err *err);
/* Takes its texts out of every row: who, what, where to read more, tags, data. What kind of change of what
 * service it was, when, and how it ended stays. */
MUST_CHECK bool amend_purge(struct ledger *ledger, const struct amendment *amendment,
                            struct ledger_receipt *out, struct err *err);

/* One row of a change's history. */
struct amend_note {
    uint64_t seq;
    bool is_purged;       /* its text is gone, and the rest here is blank */
    struct audit audit;   /* what "" : somebody told of the change */
    struct change change; /* as it was after this row; blank for rows about no change */
};
/* Newest first, at most n_max. id "": the rows about no change (tokens, trains, ...). In the arena. */
MUST_CHECK bool amend_history(struct ledger *ledger, const char *id, size_t n_max,
                              struct arena *arena, struct amend_note **out, size_t *out_n,
                              struct err *err);
