/* Text by pango: how wide it is, and drawing it. pango's font maps belong to one thread each, so a
 * kit is made and used in one call on one thread; fonts themselves stay cached in that thread. */
#pragma once

#include <cairo.h>
#include <pango/pango.h>

#include "chart/draw_list.h"
#include "chart/label.h"

struct font_kit {
    PangoContext *context;
    PangoLayout *layout;
    PangoFontDescription *description;
    struct draw_font font; /* what the description says now */
    double size;
    bool is_bold;
};

void font_kit_init(struct font_kit *kit);
void font_kit_done(struct font_kit *kit);

/* For the layout; lent until font_kit_done. */
struct label_measure font_measure(struct font_kit *kit);
/* Draws with the cairo context's colour. */
void font_draw(struct font_kit *kit, cairo_t *cairo, const struct draw_text *text,
               const struct draw_font *font);
