/* The y axis as Graphite draws it, to the digit: limits, steps and labels. Dashboards and scripts
 * that read a picture's numbers (the description inside an SVG) expect exactly these. Pure; thread:
 * any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "chart/options.h"

enum {
    GRAPHITE_AXIS_LABELS_MAX = 2000, /* its own rule ends at about 1,000 */
    GRAPHITE_AXIS_LABEL_BYTES = 40,
};

struct graphite_axis_ask {
    double low, high; /* of the data; NaN, NaN: there is none; above 0 for a logarithmic axis */
    struct option_axis axis;
    enum unit_system units;
    double log_base;          /* 0: linear */
    const unsigned *divisors; /* numbers of divisions that are welcome */
    size_t n_divisors;        /* 0: 4, 5 and 6 */
};

struct graphite_axis {
    double bottom, top, span; /* bottom < top */
    double step;              /* NaN: logarithmic */
    double label_step;        /* another one when that would be more than 1,000 labels */
    enum unit_system units;
    const double *values; /* of the labels, ascending; from the arena */
    size_t n_values;
};

/* err: ERR_INPUT when the asked minimum is not below the asked maximum */
MUST_CHECK bool graphite_axis_make(const struct graphite_axis_ask *ask, struct arena *arena,
                                   struct graphite_axis *out, struct err *err);

/* "900.0 k ", "0 ": always ends with a blank, as there. */
void graphite_axis_label(const struct graphite_axis *axis, double value,
                         char out[GRAPHITE_AXIS_LABEL_BYTES]);
