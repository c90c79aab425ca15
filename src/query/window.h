/* A window that slides over values: one aggregate for each place. Pure. */
#pragma once

#include "query/agg.h"

struct window {
    const double *values;
    size_t n;
    size_t width;          /* points in the window, its newest included */
    double x_files_factor; /* a window with a smaller share of values is a gap */
    enum agg how;          /* gaps are left out whatever it is */
};

/* Fills out[i - width] for each i from width to n - 1 with the aggregate of the `width` values that end
 * with i. Linear in n but for AGG_MEDIAN (a memmove a point), AGG_STDDEV and AGG_MULTIPLY (n * width).
 *   err  ERR_LIMIT: n * width is past WORK_MAX */
MUST_CHECK bool window_slide(const struct window *window, double *out, struct err *err);
