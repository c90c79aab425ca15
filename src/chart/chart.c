#include "chart/chart.h"

#include "chart/font.h"
#include "chart/layout.h"

bool chart_layout(const struct chart_input *input, struct arena *arena, struct draw_list **out,
                  struct err *err)
{
    CLEANUP(font_kit_done) struct font_kit kit;
    font_kit_init(&kit);
    struct label_measure measure = font_measure(&kit);
    return layout_make(input, &measure, arena, out, err);
}
