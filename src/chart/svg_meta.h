/* What a chart shows, as JSON: Graphite leaves such a description inside its SVGs (metadata =
 * {x, y, series, area, font, options}), and scripts read axes, colours and values from it. Numbers
 * and names are Graphite's whatever the template; area is the plot in this picture. As there, y is
 * missing when there are two axes, and areas are missing from series. Pure. Thread: any. */
#pragma once

#include "chart/graphite_plan.h"
#include "chart/lines.h"
#include "chart/look.h"

struct svg_meta_ask {
    const struct lines *lines; /* with their series */
    const struct options *options;
    const struct look *look;
    const struct graphite_plan *plan; /* NULL or without data: the description is empty */
    struct draw_box plot;
};

/* One JSON object, from the arena. err: ERR_LIMIT when there are too many values to describe */
MUST_CHECK bool svg_meta_make(const struct svg_meta_ask *ask, struct arena *arena, const char **out,
                              struct err *err);
