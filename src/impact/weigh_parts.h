/* Inside weigh: what its files share. */
#pragma once

#include "impact/gate.h"
#include "impact/onset.h"
#include "impact/weigh.h"

struct metric {
    bool is_known;
    struct usual form; /* how it is transformed; without its arrays */
    struct signs signs;
    struct gate gate;
};

struct weigh {
    const struct weigh_panel *panel;
    struct arena *arena;
    bool has_gate;
    struct usual_grid grid;
    struct metric *metrics;
    /* for one metric at a time */
    double *scratch;
    float *look[SIGNS];
    struct onset onset, shared;
};

/* What was seen around one point. */
struct view {
    struct signs_span span;
    enum sign best;
    bool is_up[SIGNS];
};

/* One change among others, on the grid. */
struct setting {
    const struct weigh_change *changes;
    size_t which, first, until, end;    /* end: of the horizon, or until */
    struct onset_candidate *candidates; /* of changes near it; the first is the one asked about */
    size_t *who, n_candidates;
    struct onset_prior prior;
};

/* The candidates' prior weights for metric m. */
void weigh_by_scope(struct setting *setting, size_t m);
/* The same for something site-wide. */
void weigh_all_alike(struct setting *setting);
/* Sets each judged cell's alarm. */
void weigh_alarms(struct weigh *weigh, struct setting *setting, struct weigh_cell *cells);
