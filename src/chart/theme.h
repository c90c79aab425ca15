/* What a template sets: colours, weights and whether axes follow Graphite's habits or ours.
 * Constant data. Thread: any. */
#pragma once

#include "chart/colour.h"

/* Graphite's: y steps in 4, 5 or 6 divisions, its label formats, minor lines, centred title,
 * opaque areas. Ours: as many labels as are easy to read, two rows under the x axis. */
enum theme_look { LOOK_OURS = 0, LOOK_GRAPHITE };

struct theme {
    const char *name;
    enum theme_look look;
    uint32_t background, foreground; /* 0xrrggbb, as all colours here */
    uint32_t muted;                  /* axis labels and notes */
    uint32_t grid_major, grid_minor;
    uint32_t change, failed, rollback; /* lines of the ledger's changes; harm is as failed */
    uint32_t improved;
    const uint32_t *palette;
    size_t n_palette;
    double line_width;
    double palette_alpha; /* share, for templates whose colours let through */
    bool has_dashes;      /* lines differ by their dashes, too: colours may be lost */
};

/* By name; NULL, "" and unknown names: the default. */
const struct theme *theme_find(const char *name);
/* Colour i of the palette, over and over. */
struct colour theme_colour(const struct theme *theme, size_t i);
