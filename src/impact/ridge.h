/* Linear regression that a few wild targets do not spoil. Pure. */
#pragma once

#include "base/arena.h"

enum { RIDGE_WIDTH_MAX = 12 }; /* a multiple of 4 */

/* n rows of `width` regressors each, and what they are to explain. No gaps. */
struct ridge_rows {
    float (*x)[RIDGE_WIDTH_MAX]; /* 0 past width */
    float *y;
    size_t n, width;
};

struct ridge_options {
    double strength; /* of the regressors' own sums of squares: how far weights are drawn to 0 */
    double clip_sd; /* targets further than that from what the pass before expected count no more */
    int passes;
};

/* The weights. False: there are none. x changes. */
MUST_CHECK bool ridge_fit(const struct ridge_rows *rows, const struct ridge_options *options,
                          struct arena *work, double *out_weights);
