/* Did these metrics move, and did this change do it? Arrays in, numbers out; no names, no clocks.
 * Method, formulas, sources: docs/verdict.md. Thread: one per struct weigh. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "model/verdict.h"

/* Metrics on one grid of time: values[m][i] is metric m at point i, NAN a gap. All lent. */
struct weigh_panel {
    const double *const *values;
    const uint32_t
        *groups; /* metrics of one group (a service) may be hit together, so that they are no
                               controls for each other */
    size_t n_metrics, n_points;
    size_t day_points; /* points of a day */
};

/* A change as the grid has it. */
struct weigh_change {
    size_t first;         /* index of the first point that it can have moved; may be n_points */
    const bool *in_scope; /* of each metric: is it of the change's own service? */
};

/* Changes that were near each other: they compete to have been what moved a metric. All lent. */
struct weigh_changes {
    struct weigh_change *items;
    size_t n, which; /* which: the one that is weighed; of no meaning in a question */
};

/* Metric `metric` moved at about point `at`; with the points before `until` only. */
struct weigh_question {
    size_t metric, at, until;
};

struct weigh_options {
    size_t
        horizon; /* points after the change, and as many before it; 12 to 1440. Past the points of
                       a day, earlier days do not help */
    size_t history; /* points before this one teach what is usual, with the horizon after them, as
                       that tells what stood out at the last of them; at most all before the change */
    bool has_gate;  /* alarms are wanted: it costs as much again as the rest */
};

/* How one metric fared. */
struct weigh_cell {
    bool is_judged; /* it had enough points; else the rest is blank */
    bool has_moved; /* and by this change */
    enum verdict_direction direction;
    double p;             /* how often so much stands out without any change; NAN: not judged */
    double share;         /* of what stands out: that this change began it, 0..1 */
    double chance;        /* that this change moved it: p and share and what else it moved, 0..1 */
    double before, after; /* means; after: from since (or the change) on */
    double expected;      /* after, had nothing happened */
    double expected_sd;   /* how far ordinary windows are from that */
    double
        would_see; /* the smallest lasting shift that would have been seen, in the metric's unit */
    uint32_t rank, n_rank;
    size_t since; /* index of its onset, valid when it moved */
    size_t alarm; /* points after the change at which the live gate rings; 0: it does not */
};

struct weigh;

/* Learns what is usual; panel and arena must outlive it. Takes nearly all of the time: some 7 ms for each
 * metric of 13,000 points. */
struct weigh *weigh_new(const struct weigh_panel *panel, const struct weigh_options *options,
                        struct arena *arena);

/* Weighs one of the changes, with the points before `until` only. out has a cell for each metric.
 * out_is_broad (may be NULL): most of the panel moved at one time, and when that was decides for each. */
void weigh_change(struct weigh *weigh, const struct weigh_changes *changes, size_t until,
                  struct weigh_cell *out, bool *out_is_broad);

/* Which of the changes began it? shares[c] for each change; the rest, up to 1, is that none of them did.
 * out: the metric's cell around the onset that was found. */
void weigh_question(struct weigh *weigh, const struct weigh_question *question,
                    const struct weigh_changes *changes, double *shares, struct weigh_cell *out);
