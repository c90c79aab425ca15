/* Verdicts in the ledger: each is a row with all its evidence, followed by one of the change that carries it
 * in short, so that whoever follows changes hears of it. Nothing of it is ever replaced; a newer one of
 * the same stage is what is shown.
 * Thread: any; what writes returns when it is on disk. */
#pragma once

#include "ledger/ledger.h"

extern const char verdicts_tables[]; /* for db.c. Format: docs/formats/ledger.md */

enum {
    VERDICTS_MOVED_MAX = 200,   /* metrics kept of a verdict, the worst; the number of all stays */
    VERDICTS_UNMOVED_MAX = 100, /* the first ones; without their sparklines */
    VERDICTS_TEXTS_MAX = 100,   /* of no_data, overlaps and reasons, each */
};

/* Keeps a verdict of a stage after the end (not LIVE). Borrowed for the call; what is longer than above is
 * cut. n_revised is the ledger's to say, and made_ms when it is 0. change->verdict is from then on the
 * newest of the latest stage. No edit.
 *   err  ERR_MISSING no such change; ERR_INPUT stage LIVE; ERR_LIMIT more than a row holds; ERR_BUSY, ERR_IO */
MUST_CHECK bool ledger_verdict_put(struct ledger *ledger, const struct verdict *verdict,
                                   struct err *err);

/* The newest of each stage, whole, the earliest stage first; none: out_n 0. In the arena.
 *   change_id  or a unique beginning of it
 *   err        ERR_MISSING no such change, ERR_INPUT, ERR_CORRUPT, ERR_IO */
MUST_CHECK bool ledger_verdict_list(struct ledger *ledger, const char *change_id,
                                    struct arena *arena, struct verdict **out, size_t *out_n,
                                    struct err *err);

/* How often nothing looked like something, as last measured by judging quiet times. */
struct ledger_self_check {
    int64_t at_ms;       /* 0 when put: now */
    double false_alarms; /* of 1,000 metrics that nothing happened to */
    uint64_t n_metrics;  /* so many were judged */
    const char *detail;  /* JSON text of the maker's own, such as the classes of metrics; "" none */
};
/* A row of the chain that is about no change. err: ERR_INPUT the detail is no JSON, or longer than 16 KiB. */
MUST_CHECK bool ledger_self_check_put(struct ledger *ledger, const struct ledger_self_check *check,
                                      struct err *err);
/* The newest, its detail in the arena. err: ERR_MISSING there was none yet. */
MUST_CHECK bool ledger_self_check_get(struct ledger *ledger, struct arena *arena,
                                      struct ledger_self_check *out, struct err *err);
