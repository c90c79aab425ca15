/* What judging a change and asking why a metric moved share: the panel as weigh.h wants it. */
#pragma once

#include "impact/panel.h"
#include "impact/weigh.h"

enum {
    SLICE_HORIZON_MIN = 12, /* points; as weigh.h has it */
    SLICE_HORIZON_MAX = 1440,
    SLICE_FINE_S = 60,    /* the step that is wanted up to SLICE_FINE_HORIZON_S, */
    SLICE_COARSE_S = 900, /* and past it */
    SLICE_FINE_HORIZON_S = 6 * 3600,
};

/* One slice with its values, ready to be weighed. In an arena. */
struct slice {
    struct panel_grid grid;        /* without what lies before the first point of all */
    struct panel_metric **metrics; /* those of the slice that can be weighed; own ones first */
    const double **rows;
    size_t n_own, n;
    size_t first, horizon; /* the change's index; points */
    bool has_gate;         /* set before it is loaded: alarms are wanted */
    struct weigh *weigh;
};

/* The step that is wanted for a horizon. */
int64_t slice_step_s(int64_t horizon_s);

/* When a change can have begun to move a slice. */
size_t slice_first(const struct panel_grid *grid, int64_t at_s);

/* The changes as the grid has them, the first to be weighed; scope by the rules. */
struct weigh_changes slice_changes(const struct slice *slice, const struct impact_rules *rules,
                                   const struct change *changes, size_t n, struct arena *arena);

/* Reads a slice and learns what is usual. lacks: of each of the slice's own metrics, in its order.
 * out->n_own 0: none can be weighed, and out->weigh is NULL. */
MUST_CHECK bool slice_load(const struct panel_question *question, const struct panel_slice *slice,
                           int64_t horizon_s, struct arena *arena, enum panel_lack *lacks,
                           struct slice *out, struct err *err);

/* A metric as a verdict shows it. since: of the grid, SIZE_MAX: it did not move. */
struct verdict_metric slice_metric(const struct slice *slice, size_t m,
                                   const struct impact_rules *rules, const struct weigh_cell *cell,
                                   size_t since);
