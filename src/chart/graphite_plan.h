/* Where Graphite would draw what: its time axis, how many values it folds into one, its y axes.
 * All from its own rules for margins and labels, for the description inside an SVG and for
 * templates in its look. Pure: text is measured by a callback. Thread: any. */
#pragma once

#include "chart/graphite_axis.h"
#include "chart/label.h"
#include "model/series.h"

struct graphite_plan_ask {
    const struct series_list *series;
    const struct options *options;
    const struct label_measure *measure;
    struct label_style style; /* of the labels */
    double line_width;
};

struct graphite_plan {
    bool has_data;          /* else Graphite draws "No Data", and nothing below is set */
    int64_t start_s, end_s; /* of the time axis */
    bool is_staircase;      /* also when a series has but one value */
    size_t *per_point;      /* of each series: values folded into one */
    bool has_two;           /* y axes: left and right, else left is the only one */
    struct graphite_axis left, right;
};

/* What is in the plan lives in the arena.
 * err: ERR_INPUT when an asked minimum is not below the asked maximum */
MUST_CHECK bool graphite_plan_make(const struct graphite_plan_ask *ask, struct arena *arena,
                                   struct graphite_plan *out, struct err *err);

/* The values of a series folded n by n from its first on, by its own rule. */
struct graphite_values {
    double *at;
    size_t n;
};
struct graphite_values graphite_plan_fold(const struct series *series, size_t per_point,
                                          struct arena *arena);
