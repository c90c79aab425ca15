/* A verdict: what a change did, as far as the metrics tell. Made by impact/, kept for ever by the
 * ledger, written by api/, told by announce/. Method and words: docs/verdict.md.
 * Strings are "" when not known, never NULL; numbers that are not known are NAN (a gap), times 0.
 * Owner: whoever filled it; all of it usually lives in that call's arena. */
#pragma once

#include "base/arena.h"
#include "base/base.h"

/* In this order the worse one wins. */
enum verdict_state {
    VERDICT_PENDING = 0, /* nobody can say yet */
    VERDICT_NO_HARM,     /* nothing moved that we could have seen to move */
    VERDICT_IMPROVED,    /* all that moved and has a rule moved the good way */
    VERDICT_CANNOT_TELL, /* reasons say why: no data, too little of it, changes that overlap */
    VERDICT_MOVED,       /* something moved, and no rule says whether that is bad */
    VERDICT_HARM,
    VERDICT_STATES
};

/* How long after the change it was judged. */
enum verdict_stage {
    VERDICT_LIVE = 0, /* while it goes on: for watch and the gate; not kept */
    VERDICT_15M,
    VERDICT_1H,
    VERDICT_24H,
    VERDICT_STAGES
};

enum verdict_direction {
    VERDICT_UP,
    VERDICT_DOWN,
    VERDICT_ERRATIC
};                                                                /* erratic: its spread changed */
enum verdict_harm { VERDICT_NO_RULE, VERDICT_BAD, VERDICT_GOOD }; /* by the rules of [impact] */

enum { VERDICT_SPARK_MAX = 32 };

/* One metric's part in it: a series, or an aggregate of several, then its target. */
struct verdict_metric {
    const char *name;
    enum verdict_direction direction;
    enum verdict_harm harm;
    bool is_vital;
    double before, after;            /* means of the two windows, in the metric's unit */
    double effect;                   /* after less what was to be expected without the change */
    double usual_low, usual_high;    /* where 95 of 100 ordinary windows have `after` */
    double p;                        /* how often so much happens without any change, 0..1 */
    uint32_t rank, n_rank;           /* of this metric's n_rank quiet times, rank were as odd */
    double share;                    /* that it was this change, not another or none, 0..1 */
    int64_t since_s;                 /* when it began; 0: it did not move */
    double would_see;                /* the smallest lasting effect that would have been seen */
    double spark[VERDICT_SPARK_MAX]; /* values around it, oldest first, for a sparkline */
    uint32_t n_spark, spark_change;  /* spark[spark_change] is the first one after the change */
};

struct verdict {
    const char *change; /* its id */
    enum verdict_stage stage;
    enum verdict_state state;
    int64_t made_ms;
    int64_t from_s, at_s, until_s; /* before: [from_s, at_s); after: [at_s, until_s) */
    uint32_t n_checked;            /* metrics that could be judged */
    uint32_t n_revised;            /* verdicts of this stage that this one replaces */
    struct verdict_metric *moved;  /* the worst first */
    size_t n_moved;
    uint32_t n_moved_more;          /* moved, but not listed; 0 but in a summary */
    struct verdict_metric *unmoved; /* vital ones first, then by how little would have been seen */
    size_t n_unmoved;               /* listed; all are n_checked less the moved ones */
    const char **no_data;           /* asked for, but without enough points to be judged */
    size_t n_no_data;
    const char **overlaps; /* ids of changes whose effects share its windows */
    size_t n_overlaps;
    const char **reasons; /* whole sentences: what is not known and why */
    size_t n_reasons;
    double false_alarms; /* of 1,000 metrics that nothing happened to, as last measured here */
    const char *method;  /* its version */
};

struct verdict verdict_blank(void);

/* "no_harm": in JSON, queries and configuration. */
const char *verdict_state_name(enum verdict_state state);
MUST_CHECK bool verdict_state_parse(const char *text, enum verdict_state *out);
static inline enum verdict_state verdict_worse(enum verdict_state a, enum verdict_state b)
{
    return a > b ? a : b;
}
/* "no harm": for people. */
const char *verdict_state_words(enum verdict_state state);
/* "live", "15m", "1h", "24h". */
const char *verdict_stage_name(enum verdict_stage stage);
MUST_CHECK bool verdict_stage_parse(const char *text, enum verdict_stage *out);

/* How many moved, listed or not. */
size_t verdict_moved(const struct verdict *verdict);
/* The smallest lasting effect on it that would have been seen, as a share of what it was before: 0.04; NAN
 * when nothing can be said. */
double verdict_sees(const struct verdict_metric *metric);
