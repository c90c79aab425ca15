/* The five delivery metrics (dora.dev, 2024 on) of a period, from changes: deployment frequency, change
 * lead time, change fail rate, failed deployment recovery time, deployment rework rate. Pure: no SQL, no
 * clock. Every number comes with how many it was made of, an interval, and the changes it counted.
 *
 *   D   deploys of the environment that succeeded and started in the period
 *   F   those of D that failed afterwards: a later change rolls them back or fixes them, or an incident names
 *       them as its cause. Each counts once, so no more than all can have failed
 *   rework   those of D that nobody had planned: rollbacks, hotfixes, fixes of an incident
 */
#pragma once

#include "model/change.h"
#include "model/commit.h"

/* A median, or a rate of 0 to 1; n 0: nobody knows, which is not 0. */
struct dora_number {
    double value, low, high; /* the interval holds the true one in 95 of 100 cases; NAN with few */
    size_t n;                /* of how many: commits, deploys, failures */
};

/* A change that was counted, and what it counted for. */
struct dora_row {
    const struct change *change;
    const struct change *cause; /* what made it a failure or ended it; NULL: none */
    double value;               /* seconds, where there are any; else NAN */
};

struct dora_rows {
    struct dora_row *items;
    size_t n, cap;
};

struct dora {
    size_t n_deploys;           /* D */
    size_t n_broken;            /* deploys that failed to run, and are not in D */
    double days;                /* of the period */
    struct dora_number per_day; /* deploys a day; n: deploys */
    double days_a_week;         /* median of the weeks: days with at least one deploy */
    struct dora_number gap_s;   /* median time between two deploys */
    struct dora_number lead_s;  /* median over commits, from commit to the end of the deploy */
    size_t n_unknown_lead;      /* deploys of which no commit is known */
    size_t n_negative_lead;  /* commits later than their deploy (clocks, cherry-picks): left out */
    struct dora_number fail; /* share of D */
    struct dora_number recovery_s;               /* median over F that are over */
    size_t n_open;                               /* F that are not over */
    struct dora_number rework;                   /* share of D */
    struct dora_rows deploys, failures, reworks; /* value: lead s, recovery s or age s, NAN */
};

struct dora_wish {
    const struct change
        *changes; /* oldest first; also those after the period, which show failures */
    size_t n_changes;
    const char *service; /* NULL or "": all together; else it and what is below it */
    const char *env;
    int64_t from_ms, until_ms, now_ms;
    /* The commits that a deploy brought, or none. NULL: no commits are known. */
    bool (*commits)(void *self, const struct change *deploy, struct arena *arena,
                    struct commit_list *out, struct err *err);
    void *self;
};

/* err: what commits said. Rows are in the arena and lend the changes. */
MUST_CHECK bool dora_measure(const struct dora_wish *wish, struct arena *arena, struct dora *out,
                             struct err *err);

/* For those who show a rate of k in n: the interval of Wilson. n > 0. */
struct dora_number dora_rate(size_t k, size_t n);
/* A median of n values and its interval from the binomial; sorts them. */
struct dora_number dora_median(double *values, size_t n);
