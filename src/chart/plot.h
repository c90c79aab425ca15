/* Where the data goes: the plot's rectangle with its scales, and from times and values to
 * pixels. */
#pragma once

#include "chart/draw_list.h"
#include "chart/scale.h"

struct plot {
    struct draw_box box; /* whole pixels */
    int64_t from_s, until_s;
    struct scale left, right;
    bool has_right;
};

static inline double plot_x(const struct plot *plot, int64_t at_ms)
{
    double share = ((double)at_ms - (double)plot->from_s * 1e3) /
                   ((double)(plot->until_s - plot->from_s) * 1e3);
    return plot->box.x + share * plot->box.w;
}

/* NaN for a value that the scale does not have. */
static inline double plot_y(const struct plot *plot, bool on_right, double value)
{
    double share = scale_share(on_right ? &plot->right : &plot->left, value);
    return plot->box.y + (1.0 - share) * plot->box.h;
}

/* The centre of the pixel that holds x, kept inside the plot: for lines that are to look crisp. */
static inline double plot_column(const struct plot *plot, double x)
{
    double last = plot->box.x + plot->box.w - 1.0;
    double left = x < plot->box.x ? plot->box.x : x > last ? last : x;
    return (double)(int64_t)left + 0.5;
}
