/* The metrics that a change is weighed against: chosen by the rules and the wish, cut into slices that fit in
 * memory, read onto one grid of time. All results are in the arena. Thread: any. */
#pragma once

#include "impact/impact.h"

enum {
    PANEL_SLICE_MAX = 240,        /* own metrics of a slice: with 14 days of minutes about 40 MB */
    PANEL_CONTROLS_MAX = 32,      /* of other services, read along with each slice */
    PANEL_SILENT_POINTS = 3,      /* without one after the change: silent */
    PANEL_TOO_SHORT_S = 2 * 3600, /* of points before the change; less says nothing */
};

/* Why a metric is not weighed. */
enum panel_lack {
    PANEL_HAS_ALL = 0,
    PANEL_UNKNOWN,   /* no series of that name */
    PANEL_NO_POINTS, /* none before the change */
    PANEL_SHORT,     /* too few before it */
    PANEL_SILENT,    /* some before, none after */
    PANEL_WAITING,   /* the same, but not for long */
    PANEL_LACKS
};

struct panel_metric {
    const char *name;                 /* canonical; a group's: as query/ names its series */
    const struct impact_vital *vital; /* what makes it vital, or NULL */
    struct source_node node;          /* to be read from the source; unless it has a row */
    double *row;                      /* of a target, read when it was chosen: on its own grid */
    bool is_asked;                    /* by name: told of when it has no data */
    bool in_scope;                    /* of the change's service */
    bool is_sum;                      /* its aggregation says so */
    uint32_t service;                 /* equal for metrics of one service */
    int64_t step_s, history_s;        /* its grid; step 0: nothing was found of it */
};

struct panel_question {
    const struct impact_options *options;
    const struct impact_wish *wish;
    const char *service;                  /* of the change; "" none */
    int64_t at_s, until_s, now_s, step_s; /* the change, the last point's end, the step wanted */
    size_t n_max;
};

struct panel_list {
    struct panel_metric *items; /* vital ones first, then what was asked for, then the rest */
    size_t n;
    const char **missing; /* asked for by name, and there is none */
    size_t n_missing;
    size_t n_known;     /* that could have been chosen */
    bool is_too_many;   /* to look at all names: only the service's own were */
    bool has_own_scope; /* else no metric is the service's own, and all count as it */
};

/* err: ERR_INPUT a glob or vital metric, ERR_LIMIT more than n_max were asked for by name */
MUST_CHECK bool panel_choose(const struct panel_question *question, struct arena *arena,
                             struct panel_list *out, struct err *err);
/* Adds up to n_max other series that stand beside the first one in the tree, if it is no target. They are not
 * asked for. */
MUST_CHECK bool panel_add_near(const struct panel_question *question, size_t n_max,
                               struct arena *arena, struct panel_list *io, struct err *err);

/* Points of a grid: point i is [from_s + i * step_s, + step_s). */
struct panel_grid {
    int64_t from_s, step_s;
    size_t n;
};

/* Metrics that are weighed together: of one grid, whole services where they fit. */
struct panel_slice {
    struct panel_grid grid;
    struct panel_metric **metrics; /* n own, then n_controls of other services */
    size_t n, n_controls;
};

void panel_cut(const struct panel_question *question, const struct panel_list *list,
               struct arena *arena, struct panel_slice **out, size_t *out_n);

/* rows[m][i] of a slice's metrics, gaps where there is nothing. In batches: at no time more than a few whole
 * series are in memory beside the rows. */
MUST_CHECK bool panel_read(const struct panel_question *question, const struct panel_slice *slice,
                           struct arena *arena, double ***out_rows, struct err *err);

/* Is the row good for weighing what begins at point `first`, with the points before `until`? */
enum panel_lack panel_lack_of(const double *row, const struct panel_grid *grid, size_t first,
                              size_t until);
