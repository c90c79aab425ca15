/* The thread that judges every change at 15 minutes, an hour and a day after its end, again when something near it
 * turns up late or was corrected, and measures each night how often it would cry wolf. Nobody waits for it: it
 * takes a share of one processor, and holds no lock while it works. */
#pragma once

#include "impact/impact.h"

struct judge;

struct judge_options {
    struct impact *impact; /* told of the rate of false alarms; lent until judge_free */
    const struct impact_options
        *weighs; /* what impact was made with: its records keep the verdicts; lent */
};

/* Works off what the ledger lacks of the last day first. err: ERR_IO (no thread). */
MUST_CHECK bool judge_start(const struct judge_options *options, struct judge **out,
                            struct err *err);
/* The ledger has new rows. Quick. Thread: any. NULL is fine. */
void judge_wake(struct judge *judge);
/* Ends the thread, within a slice of metrics. What it was at is judged after the next start. NULL is fine. */
void judge_stop(struct judge *judge);
/* Once nobody wakes it any more. NULL is fine. */
void judge_free(struct judge *judge);

struct judge_stats {
    uint64_t n_judged, n_failed, n_waiting, n_skipped;
    int64_t cpu_us;      /* of its thread */
    int64_t lag_s;       /* from when the newest verdict was due until it was there */
    int64_t checked_ms;  /* when it last measured itself; 0: never */
    double false_alarms; /* of 1,000; NAN: not known */
};
/* Thread: any. judge NULL: all zero, as it is off. */
void judge_stats(struct judge *judge, struct judge_stats *out);
