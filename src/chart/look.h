/* Colours, font and weights of one chart: the template with what the parameters changed. */
#pragma once

#include "chart/label.h"
#include "chart/options.h"
#include "chart/theme.h"

struct look {
    bool is_graphite;
    struct colour background, foreground, muted, grid_major, grid_minor;
    struct colour change, failed, rollback, improved;
    struct label_style text;  /* labels and legend */
    struct label_style title; /* larger and bold */
    double line_width;
    const struct theme *theme;
    const struct colour *colours;    /* colorList; NULL: the template's */
    const char *const *colour_texts; /* as typed */
    size_t n_colours;
};

/* default_template: for charts that name none; NULL: ours. */
struct look look_make(const struct options *options, const char *default_template);
/* Colour i for lines, over and over. */
struct colour look_colour(const struct look *look, size_t i);
/* What somebody typed for it; for a template's own its name, or #rrggbb. */
const char *look_colour_text(const struct look *look, size_t i, struct arena *arena);
