/* The moments at which something was changed, gathered from drawAsInfinite series (every value
 * above 0, before anything is consolidated, at its exact second where that is known) and from
 * the ledger. Nothing is ever left out, and what both have is one mark. Pure. */
#pragma once

#include "chart/chart.h"
#include "chart/lines.h"

struct mark {
    int64_t at_ms, end_ms;   /* end_ms <= at_ms: a moment, not a span */
    const char *label;       /* clean; "" when there is none */
    const struct line *line; /* the series it came from; NULL: the ledger */
    bool is_failed, is_rollback;
    bool is_exact;              /* line is set, and the ledger said when */
    enum verdict_state verdict; /* pending has no sign */
    int64_t undoes_ms;          /* as in struct chart_change */
    unsigned lane; /* of its arrow to what it undoes, from below: 1..n_lanes; 0: it has none */
};

enum { MARKS_LANES_MAX = 3 }; /* arrows that would need more lie over each other */

struct marks {
    struct mark *items; /* by time; those of one time in the order of the series */
    size_t n, cap;
    unsigned n_lanes;
};

/* Marks that begin in the chart's time, both ends included, and spans that reach into it. */
void marks_collect(const struct chart_input *input, const struct lines *lines, struct arena *arena,
                   struct marks *out);
