#include "chart/look.h"

#include <math.h>

/* between: 0 is a, 1 is b. */
static struct colour mix(struct colour a, struct colour b, double between)
{
    struct colour c = {(uint8_t)(a.r + (b.r - a.r) * between + 0.5),
                       (uint8_t)(a.g + (b.g - a.g) * between + 0.5),
                       (uint8_t)(a.b + (b.b - a.b) * between + 0.5), 255};
    return c;
}

static struct colour chosen(const struct option_colour *asked, struct colour usual)
{
    return asked->is_set ? asked->value : usual;
}

/* Small pictures need every pixel; large ones are seen from further away. */
static double usual_font_size(const struct options *o)
{
    if (o->width >= 1000 && o->height >= 400)
        return 12.0;
    return o->width >= 600 && o->height >= 300 ? 11.0 : 10.0;
}

/* Somebody else's ground or ink: grid and labels follow them. */
static void follow_colours(struct look *look, const struct options *o)
{
    struct colour ground = look->background;
    if (ground.a < 128) /* nobody knows what lies behind: take the opposite of the ink */
        ground = colour_of(look->foreground.r + look->foreground.g + look->foreground.b > 382
                               ? 0x000000
                               : 0xffffff);
    bool is_dark = ground.r * 3 + ground.g * 6 + ground.b < 1280;
    const struct theme *theme = theme_find(is_dark ? "dark" : NULL);
    look->theme = theme;
    look->change = colour_of(theme->change);
    look->failed = colour_of(theme->failed);
    look->rollback = colour_of(theme->rollback);
    look->improved = colour_of(theme->improved);
    if (!o->foreground.is_set)
        look->foreground = colour_of(theme->foreground);
    look->muted = mix(ground, look->foreground, 0.72);
    look->grid_major = mix(ground, look->foreground, 0.13);
    look->grid_minor = mix(ground, look->foreground, 0.06);
}

struct look look_make(const struct options *o, const char *default_template)
{
    const struct theme *theme = theme_find(o->template_name ? o->template_name : default_template);
    struct look look = {
        .is_graphite = theme->look == LOOK_GRAPHITE,
        .background = chosen(&o->background, colour_of(theme->background)),
        .foreground = chosen(&o->foreground, colour_of(theme->foreground)),
        .muted = chosen(&o->foreground, colour_of(theme->muted)),
        .grid_major = colour_of(theme->grid_major),
        .grid_minor = colour_of(theme->grid_minor),
        .change = colour_of(theme->change),
        .failed = colour_of(theme->failed),
        .rollback = colour_of(theme->rollback),
        .improved = colour_of(theme->improved),
        .line_width = isnan(o->line_width) ? theme->line_width : o->line_width,
        .theme = theme,
        .colours = o->colours,
        .colour_texts = o->colour_texts,
        .n_colours = o->n_colours,
    };
    if (!look.is_graphite && (o->background.is_set || o->foreground.is_set))
        follow_colours(&look, o);
    look.grid_major = chosen(&o->grid_major, look.grid_major);
    look.grid_minor = chosen(&o->grid_minor, look.grid_minor);

    double size = look.is_graphite ? 10.0 : usual_font_size(o);
    if (!look.is_graphite && isnan(o->line_width) && size > 11.0)
        look.line_width *= 1.2; /* large pictures are looked at from further away, too */
    look.text.size = isnan(o->font_size) ? size : o->font_size;
    look.text.font = (struct draw_font){o->font_name ? o->font_name : "DejaVu Sans",
                                        o->font_is_bold, o->font_is_italic};
    look.title = look.text;
    look.title.size += 2.0;
    look.title.is_bold = !look.is_graphite;
    return look;
}

struct colour look_colour(const struct look *look, size_t i)
{
    return look->n_colours ? look->colours[i % look->n_colours] : theme_colour(look->theme, i);
}

const char *look_colour_text(const struct look *look, size_t i, struct arena *arena)
{
    if (look->n_colours)
        return look->colour_texts[i % look->n_colours];
    struct colour c = theme_colour(look->theme, i);
    const char *name = colour_name(c);
    if (name)
        return name;
    return c.a == 255 ? arena_printf(arena, "#%02x%02x%02x", c.r, c.g, c.b)
                      : arena_printf(arena, "#%02x%02x%02x%02x", c.r, c.g, c.b, c.a);
}
