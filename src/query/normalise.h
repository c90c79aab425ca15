/* Series of different steps side by side: every one is consolidated to the least common multiple of
 * the steps, counted from its own start, and rows are formed by index (Graphite's rule, see
 * docs/graphite.md). Lives in the call's arena. */
#pragma once

#include "query/agg.h"
#include "query/function.h"

struct normal {
    int64_t start_s, end_s, step_s;
    struct agg_column *columns; /* one a series, in order */
    size_t n_columns;
    size_t n_rows; /* of the longest column */
};

/* n >= 1 series, borrowed and unchanged; the columns may point into them.
 * err: ERR_LIMIT (values, or a step past STEP_MAX_S) */
MUST_CHECK bool normalise(struct call *call, struct series *const *items, size_t n,
                          struct normal *out, struct err *err);

/* One series' values, per_point of them made one. per_point >= 1. err: ERR_LIMIT */
MUST_CHECK bool normalise_column(struct call *call, const struct series *series, int64_t per_point,
                                 struct agg_column *out, struct err *err);

/* The path expressions of the list, each once, in first-seen order, joined by commas. */
const char *normalise_paths(struct call *call, struct series *const *items, size_t n);
