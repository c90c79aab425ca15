#include "chart/font.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#    define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define HAS_LEAK_CHECK 1
#    endif
#endif

#ifdef HAS_LEAK_CHECK
/* fontconfig keeps its patterns behind offsets instead of pointers, so the leak checker takes
 * what is cached for loss. What grows with every chart would not be cached there: see png_test. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}
#endif

/* A family name longer than this names no font. */
enum { FAMILY_BYTES_MAX = 200 };

void font_kit_init(struct font_kit *kit)
{
    *kit = (struct font_kit){0};
    /* The default map is one a thread. */
    kit->context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(kit->context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(kit->context, 96.0);
    kit->layout = pango_layout_new(kit->context);
    pango_layout_set_single_paragraph_mode(kit->layout, TRUE);
    kit->description = pango_font_description_new();
}

void font_kit_done(struct font_kit *kit)
{
    if (kit->description)
        pango_font_description_free(kit->description);
    if (kit->layout)
        g_object_unref(kit->layout);
    if (kit->context)
        g_object_unref(kit->context);
    *kit = (struct font_kit){0};
}

static void use_font(struct font_kit *kit, const struct draw_font *font, double size, bool is_bold)
{
    bool is_same = kit->font.family == font->family && kit->size == size &&
                   kit->is_bold == is_bold && kit->font.is_bold == font->is_bold &&
                   kit->font.is_italic == font->is_italic;
    if (is_same)
        return;
    const char *family = font->family;
    if (strlen(family) > FAMILY_BYTES_MAX || !g_utf8_validate(family, -1, NULL))
        family = "DejaVu Sans";
    pango_font_description_set_family(kit->description, family);
    pango_font_description_set_weight(
        kit->description, is_bold || font->is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(kit->description,
                                     font->is_italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_font_description_set_absolute_size(kit->description, fmax(size, 1.0) * PANGO_SCALE);
    pango_layout_set_font_description(kit->layout, kit->description);
    kit->font = *font;
    kit->size = size;
    kit->is_bold = is_bold;
}

static double layout_width(struct font_kit *kit)
{
    PangoRectangle logical;
    pango_layout_get_extents(kit->layout, NULL, &logical);
    return (double)logical.width / PANGO_SCALE;
}

static double measure(void *self, const char *text, const struct label_style *style)
{
    struct font_kit *kit = self;
    use_font(kit, &style->font, style->size, style->is_bold);
    pango_layout_set_text(kit->layout, text, -1);
    return layout_width(kit);
}

struct label_measure font_measure(struct font_kit *kit)
{
    return (struct label_measure){measure, kit};
}

void font_draw(struct font_kit *kit, cairo_t *cairo, const struct draw_text *text,
               const struct draw_font *font)
{
    static const double shares[] = {
        [ANCHOR_START] = 0.0, [ANCHOR_MIDDLE] = 0.5, [ANCHOR_END] = 1.0};
    use_font(kit, font, text->size, text->is_bold);
    pango_layout_set_text(kit->layout, text->text, -1);
    double left = shares[text->anchor] > 0.0 ? layout_width(kit) * shares[text->anchor] : 0.0;
    double up = (double)pango_layout_get_baseline(kit->layout) / PANGO_SCALE;
    cairo_save(cairo);
    cairo_translate(cairo, text->x, text->y);
    if (text->turn || text->tilt != 0.0)
        cairo_rotate(cairo, text->turn * M_PI / 2.0 + text->tilt);
    cairo_move_to(cairo, floor(-left + 0.5), -up);
    pango_cairo_show_layout(cairo, kit->layout);
    cairo_restore(cairo);
}
