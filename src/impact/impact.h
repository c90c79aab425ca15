/* Which change did it, and which did no harm. The one place where changes are weighed against
 * metrics. Method: docs/verdict.md. Thread: any; each call may run beside every other. */
#pragma once

#include "base/clock.h"
#include "impact/concerns.h"
#include "impact/rules.h"
#include "model/change.h"
#include "model/schema.h"
#include "model/source.h"
#include "model/verdict.h"

struct impact;

enum { IMPACT_SETTLE_S = 10 }; /* points of the last seconds may still be on their way */

/* What measuring on quiet times came to. */
struct impact_check {
    int64_t at_ms;
    double false_alarms; /* of 1,000 metrics that nothing happened to */
    uint64_t n_metrics;  /* so many were judged */
    const char *detail;  /* JSON text: the same for each class of metrics */
};

/* Where verdicts are kept: ledger/verdicts.h has these calls. One that is NULL keeps and knows nothing. */
struct impact_records {
    bool (*put)(void *self, const struct verdict *verdict, struct err *err);
    bool (*list)(void *self, const char *change_id, struct arena *arena, struct verdict **out,
                 size_t *out_n, struct err *err);
    bool (*put_check)(void *self, const struct impact_check *check, struct err *err);
    /* err: ERR_MISSING there was none yet. */
    bool (*get_check)(void *self, struct arena *arena, struct impact_check *out, struct err *err);
    void *self;
};

struct impact_options {
    struct source source; /* of the metrics */
    struct changes changes;
    struct impact_records records;
    struct clock clock;
    const struct impact_rules *rules; /* lent */
    const struct schemas *schemas;    /* which metrics are sums; lent, may be NULL: none is known */
};

struct impact *impact_new(const struct impact_options *options);
void impact_free(struct impact *impact);

/* How often nothing looks like something here, of 1,000 metrics: shown with each verdict from now on. NAN: not
 * known. */
void impact_set_false_alarms(struct impact *impact, double per_1000);
double impact_false_alarms(const struct impact *impact);

/* What to weigh a change against. Zeroed: what the server does by itself. */
struct impact_wish {
    enum verdict_stage stage;
    int64_t for_s; /* horizon after the change; 0: the stage's own (live: 15 minutes) */
    const char *const
        *globs; /* only these metrics; n_globs 0: the vital ones, then all that live */
    size_t n_globs;
    const char *const *vitals; /* further vital metrics, "name[:up|:down]": which way is bad */
    size_t n_vitals;
};

/* Judges one change with the data up to now, at most its horizon. Nothing is kept. While the horizon is
 * not over (and the points of its end may be on their way) and nothing moved, the state is pending; with VERDICT_LIVE each look pays for the looks
 * before it, so that looking often raises no more alarms.
 *   err  ERR_INPUT a glob or vital metric, ERR_LIMIT too many metrics */
MUST_CHECK bool impact_assess(struct impact *impact, const struct change *change,
                              const struct impact_wish *wish, struct arena *arena,
                              struct verdict *out, struct err *err);

struct why_question {
    const char *target;  /* a series, or a target of /render that gives one series */
    int64_t at_s;        /* about when; 0: now */
    int64_t window_s;    /* changes up to so long before are suspects; 0: 45 minutes */
    const char *service; /* more likely than others; "" nobody said */
};

enum why_code {
    WHY_ENDS_BEFORE,   /* value: seconds from its end to the onset */
    WHY_STARTS_BEFORE, /* value: seconds from its start to the onset, while it ran or as a point */
    WHY_STARTS_AFTER,  /* value: seconds that it began after the onset */
    WHY_SAME_SERVICE,
    WHY_HISTORY,      /* value of n earlier changes of its service moved this metric */
    WHY_OTHERS_MOVED, /* value of n other metrics of its service moved at the same time */
    WHY_UNDONE,       /* the metric went back when it was rolled back; value: seconds after */
};

struct why_reason {
    enum why_code code;
    double value;
    uint32_t n;
};

struct why_suspect {
    struct change change;
    double share; /* of all explanations, none of ours among them: 0..1 */
    struct why_reason *reasons;
    size_t n_reasons;
};

struct why {
    const char *target;
    int64_t at_s;
    bool has_moved;
    struct verdict_metric metric; /* valid with has_data; since_s: the onset */
    bool has_data;
    bool is_over; /* it went back to usual; over_s: when */
    int64_t over_s;
    struct why_suspect *suspects; /* most likely first */
    size_t n_suspects;
    size_t n_changes;     /* near that time, suspects or not */
    double none_share;    /* that none of these did it */
    const char **missing; /* whole sentences: what could not be looked at */
    size_t n_missing;
};

/* When did it move, how much, and which changes explain it. err: ERR_INPUT (the target), ERR_MISSING
 * (no series of that name), ERR_LIMIT (several). */
MUST_CHECK bool impact_why(struct impact *impact, const struct why_question *question,
                           struct arena *arena, struct why *out, struct err *err);

/* concerns_find by the rules that it judges by. */
bool *impact_concerns(const struct impact *impact, const struct concerns_metrics *metrics,
                      const struct change_list *changes, struct arena *arena);

/* The rest of this door: who judges without being asked. */
#include "impact/judge.h"
