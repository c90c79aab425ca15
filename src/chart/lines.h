/* The series of a chart as lines and areas: who gets which colour, width, fill and axis, and
 * what is stacked on what. Values are still values here, not pixels. */
#pragma once

#include "chart/look.h"
#include "chart/options.h"
#include "chart/trace.h"

struct line {
    const struct series *series;
    const char *name; /* clean */
    struct colour colour;
    const char *colour_text; /* as somebody typed it, or as Graphite would */
    double width, dash;
    bool has_stroke;
    bool on_right;
    bool is_infinite;  /* vertical lines: see marks.h; no trace */
    bool is_hidden;    /* takes part in stacks, but is not drawn */
    double fill_share; /* how opaque the area below it is; 0: no area */
    struct trace trace;
    const double *base; /* one a value: the area's lower edge; NULL: 0 */
};

struct lines {
    struct line *items;
    size_t n;
    bool has_right; /* something hangs on the second axis */
    bool has_left;
    bool has_areas;
};

/* One line a series, in order, without traces.
 *   err  ERR_INPUT for a colour that is none */
MUST_CHECK bool lines_make(const struct series_list *series, const struct options *options,
                           const struct look *look, struct arena *arena, struct lines *out,
                           struct err *err);

/* Fills in traces for n_max values a line, and stacks what is to be stacked. May be called again
 * for another width. */
void lines_trace(struct lines *lines, const struct options *options, const struct trace_ask *ask,
                 struct arena *arena);

struct line_range {
    double low, high; /* NaN, NaN: no value at all */
};
/* The range of all that hangs on one axis. only_positive: for a logarithmic scale. */
struct line_range lines_range(const struct lines *lines, bool on_right, bool only_positive);
