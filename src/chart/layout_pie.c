#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "chart/layout.h"

enum {
    ARC_POINTS_MAX = 2000,
    PIE_LABEL_BYTES = 48,
};
/* Along the edge between two points of a slice: a chord this short cannot be told from an arc. */
#define CHORD_PX 3.0
#define TOP      (-M_PI / 2.0) /* angles run clockwise from three o'clock */
/* Numbers from here on are written with an exponent. */
#define LONG_NUMBER 1e15

/* One slice; a share of the whole cannot be negative. */
struct slice {
    struct line *line;
    double value, share; /* 0..1 */
    double begin, end;   /* angles */
};

struct pie {
    struct slice *slices;
    size_t n;
    double x, y, radius;
};

static double fold(const struct series *s, enum pie_mode mode)
{
    double sum = 0.0, low = INFINITY, high = -INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < s->n_points; i++) {
        double v = s->values[i];
        if (!isfinite(v))
            continue;
        sum += fmax(-SCALE_VALUE_MAX, fmin(SCALE_VALUE_MAX, v));
        low = fmin(low, v);
        high = fmax(high, v);
        n++;
    }
    if (n == 0)
        return 0.0;
    double v = mode == PIE_MAXIMUM ? high : mode == PIE_MINIMUM ? low : sum / (double)n;
    return fmax(-SCALE_VALUE_MAX, fmin(SCALE_VALUE_MAX, v));
}

/* False when there is nothing to share out. */
static bool share_out(const struct lines *lines, const struct options *o, struct arena *arena,
                      struct pie *out)
{
    struct pie pie = {.slices = arena_zarray(arena, lines->n + 1, struct slice), .n = lines->n};
    double total = 0.0, angle = TOP;
    for (size_t k = 0; k < lines->n; k++) {
        pie.slices[k].line = &lines->items[k];
        pie.slices[k].value = fold(lines->items[k].series, o->pie_mode);
        total += fmax(pie.slices[k].value, 0.0);
    }
    *out = pie;
    if (!(total > 0.0) || isinf(total))
        return false;
    for (size_t k = 0; k < pie.n; k++) {
        struct slice *slice = &pie.slices[k];
        slice->share = fmax(slice->value, 0.0) / total;
        slice->begin = angle;
        angle += slice->share * 2.0 * M_PI;
        slice->end = angle;
    }
    return true;
}

static void draw_slice(const struct sheet *sheet, const struct pie *pie, const struct slice *slice,
                       double alpha)
{
    double angle = slice->end - slice->begin;
    size_t n = (size_t)fmin(ceil(angle * pie->radius / CHORD_PX) + 1.0, ARC_POINTS_MAX);
    struct draw_point *points = arena_array(sheet->arena, n + 2, struct draw_point);
    size_t at = 0;
    if (!(slice->share > 0.0))
        return;
    if (slice->share < 1.0)
        points[at++] = (struct draw_point){pie->x, pie->y};
    for (size_t i = 0; i <= n; i++) {
        double here = slice->begin + angle * (double)i / (double)n;
        points[at++] =
            (struct draw_point){pie->x + pie->radius * cos(here), pie->y + pie->radius * sin(here)};
    }
    draw_list_fill(sheet->list, (struct draw_path){.points = points, .n_points = at},
                   colour_fade(slice->line->colour, alpha));
}

/* Slices side by side stay apart even when their colours are alike. */
static void draw_seams(const struct sheet *sheet, const struct pie *pie)
{
    for (size_t k = 0; k < pie->n; k++) {
        const struct slice *slice = &pie->slices[k];
        struct draw_point edge = {pie->x + pie->radius * cos(slice->begin),
                                  pie->y + pie->radius * sin(slice->begin)};
        if (slice->share > 0.0 && slice->share < 1.0)
            draw_list_line(sheet->list,
                           (struct draw_line){.from = {pie->x, pie->y}, .to = edge, .width = 1.5},
                           sheet->look->background);
    }
}

/* Graphite's forms: "%33.85" with the sign first; whole numbers from ten on. Ours: "33.9 %". */
static void write_value(const struct sheet *sheet, const struct options *o,
                        const struct slice *slice, char out[PIE_LABEL_BYTES])
{
    char number[NUM_TEXT_MAX];
    double v = slice->value;
    if (o->pie_labels == PIE_LABELS_PERCENT) {
        bool is_graphite = sheet->look->is_graphite;
        num_format_fixed(number, sizeof number, slice->share * 100.0, is_graphite ? 2 : 1);
        (void)snprintf(out, PIE_LABEL_BYTES, is_graphite ? "%%%s" : "%s %%", number);
        return;
    }
    if (fabs(v) >= LONG_NUMBER)
        num_format_g(number, v, 6);
    else if (v < 10.0 && v != trunc(v))
        num_format_fixed(number, sizeof number, v, 2);
    else
        num_format_fixed(number, sizeof number, trunc(v), 0);
    (void)snprintf(out, PIE_LABEL_BYTES, "%s", number);
}

static bool has_label(const struct options *o, const struct slice *slice)
{
    double size = o->pie_labels == PIE_LABELS_PERCENT ? slice->share * 100.0 : slice->value;
    return o->pie_labels != PIE_LABELS_NONE && slice->share > 0.0 && size >= o->pie_labels_min;
}

/* Black or white, whichever is easier to read on it. */
static struct colour ink_on(struct colour c)
{
    return colour_of(c.r * 3 + c.g * 6 + c.b > 1500 ? 0x000000 : 0xffffff);
}

static struct colour label_colour(const struct sheet *sheet, const struct options *o,
                                  const struct slice *slice)
{
    if (o->pie_labels_colour.is_set)
        return o->pie_labels_colour.value;
    return sheet->look->is_graphite ? colour_of(0x000000) : ink_on(slice->line->colour);
}

/* Does a label of that width, so far out from the centre, stay inside its slice? */
static bool fits(const struct slice *slice, double width, double height, double out, bool is_turned)
{
    double angle = slice->end - slice->begin, middle = (slice->begin + slice->end) / 2.0;
    double across = is_turned ? height : width * fabs(sin(middle)) + height * fabs(cos(middle));
    return angle >= M_PI || across <= 2.0 * out * sin(angle / 2.0);
}

static void draw_label(const struct sheet *sheet, const struct options *o, const struct pie *pie,
                       const struct slice *slice)
{
    const struct label_style *style = &sheet->look->text;
    bool is_turned = o->pie_turn == PIE_TURN_ROTATED;
    char text[PIE_LABEL_BYTES];
    write_value(sheet, o, slice, text);
    double out = pie->radius * (sheet->look->is_graphite ? 0.5 : 0.62);
    double width = label_width(sheet->measure, style, text);
    if (!sheet->look->is_graphite &&
        (width > pie->radius || !fits(slice, width, style->size, out, is_turned)))
        return; /* the legend says it */
    double middle = (slice->begin + slice->end) / 2.0, tilt = 0.0;
    if (slice->share == 1.0)
        out = 0.0;
    if (is_turned)
        tilt = cos(middle) < 0.0 ? middle - M_PI : middle; /* never upside down */
    double drop = label_drop(style->size);
    struct draw_text label = {
        .x = pie->x + out * cos(middle) - drop * sin(tilt),
        .y = pie->y + out * sin(middle) + drop * cos(tilt),
        .size = style->size,
        .text = arena_strdup(sheet->arena, text),
        .anchor = ANCHOR_MIDDLE,
        .tilt = tilt,
    };
    if (tilt == 0.0) {
        label.x = floor(label.x);
        label.y = floor(label.y);
    }
    draw_list_text(sheet->list, label, label_colour(sheet, o, slice));
}

/* What a slice is too small to say, its name says in the legend. */
static void name_slices(const struct sheet *sheet, const struct options *o, const struct pie *pie)
{
    for (size_t k = 0; k < pie->n; k++) {
        struct slice *slice = &pie->slices[k];
        struct line *line = slice->line;
        line->fill_share = 1.0;
        line->has_stroke = line->on_right = line->is_infinite = line->is_hidden = false;
        if (sheet->look->is_graphite || o->pie_labels == PIE_LABELS_NONE || line->name[0] == '\0')
            continue;
        char text[PIE_LABEL_BYTES];
        write_value(sheet, o, slice, text);
        line->name = arena_printf(sheet->arena, "%s  %s", line->name, text);
    }
}

void layout_pie(const struct sheet *sheet, const struct lines *lines, const struct options *options,
                const struct titles *titles)
{
    struct options o = *options;
    double margin = layout_margin(&o), width = o.width - 2.0 * margin;
    double top = margin + layout_titles_px(sheet, titles), bottom = o.height - margin;
    struct pie pie;
    struct legend legend;
    bool has_data = share_out(lines, &o, sheet->arena, &pie);
    layout_titles_draw(sheet, titles, &o, margin);
    if (!has_data) {
        layout_no_data(sheet, o.width / 2.0, (top + bottom) / 2.0);
        return;
    }
    name_slices(sheet, &o, &pie);
    if (o.hide_legend == SWITCH_AUTO)
        o.hide_legend = SWITCH_OFF; /* however many there are */
    struct draw_box room = {margin, 0.0, width, (bottom - top) / 2.0};
    layout_legend_make(sheet, lines, &o, room, &legend);
    if (legend.n_rows > 0) {
        double x = sheet->look->is_graphite ? margin + 10.0 : margin;
        layout_legend_draw(sheet, &legend, x, bottom - layout_legend_height(&legend));
        bottom -= layout_legend_height(&legend) + ceil(sheet->look->text.size * 0.7);
    }
    pie.x = o.width / 2.0;
    pie.y = (top + bottom) / 2.0;
    pie.radius = fmax(1.0, fmin(width, bottom - top) / 2.0 * 0.95);
    for (size_t k = 0; k < pie.n; k++)
        draw_slice(sheet, &pie, &pie.slices[k], isnan(o.area_alpha) ? 1.0 : o.area_alpha);
    if (!sheet->look->is_graphite)
        draw_seams(sheet, &pie);
    for (size_t k = 0; k < pie.n; k++)
        if (has_label(&o, &pie.slices[k]))
            draw_label(sheet, &o, &pie, &pie.slices[k]);
}
