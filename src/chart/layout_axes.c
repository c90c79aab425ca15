#include <math.h>

#include "base/mem.h"
#include "chart/layout.h"

/* From the plot's edge to the labels beside it. */
#define LABEL_GAP_PX 6.0

/* The centre of the pixel row nearest to y. */
static double row(const struct plot *plot, double y)
{
    double bottom = plot->box.y + plot->box.h;
    return fmin(floor(y + 0.5), bottom) + 0.5 - (y >= bottom ? 1.0 : 0.0);
}

static struct draw_point *add_segment(struct draw_point *at, double x0, double y0, double x1,
                                      double y1)
{
    at[0] = (struct draw_point){x0, y0};
    at[1] = (struct draw_point){x1, y1};
    at[2] = (struct draw_point){NAN, NAN};
    return at + 3;
}

/* All vertical lines of one weight as one stroke. */
static void draw_columns(const struct sheet *sheet, const struct plot *plot, const int64_t *times,
                         size_t n, struct colour colour)
{
    struct draw_point *points = arena_array(sheet->arena, n * 3 + 1, struct draw_point);
    struct draw_point *end = points;
    for (size_t i = 0; i < n; i++) {
        double x = plot_column(plot, plot_x(plot, times[i] * 1000));
        end = add_segment(end, x, plot->box.y, x, plot->box.y + plot->box.h);
    }
    struct draw_path path = {points, (size_t)(end - points), 1.0, 0.0};
    draw_list_stroke(sheet->list, path, colour);
}

static void draw_rows(const struct sheet *sheet, const struct plot *plot, const double *values,
                      size_t n, struct colour colour)
{
    struct draw_point *points = arena_array(sheet->arena, n * 3 + 1, struct draw_point);
    struct draw_point *end = points;
    bool on_right = false;
    for (size_t i = 0; i < n; i++) {
        double y = plot_y(plot, on_right, values[i]);
        if (isnan(y) || y < plot->box.y - 0.5 || y > plot->box.y + plot->box.h + 0.5)
            continue;
        end = add_segment(end, plot->box.x, row(plot, y), plot->box.x + plot->box.w, row(plot, y));
    }
    struct draw_path path = {points, (size_t)(end - points), 1.0, 0.0};
    draw_list_stroke(sheet->list, path, colour);
}

/* Graphite closes its grid on the left and on the right. */
static void draw_edges(const struct sheet *sheet, const struct plot *plot)
{
    double right = plot->box.x + plot->box.w, bottom = plot->box.y + plot->box.h;
    double first = plot_column(plot, plot->box.x), last = plot_column(plot, right);
    struct draw_point *points = arena_array(sheet->arena, 6, struct draw_point);
    struct draw_point *next = add_segment(points, first, plot->box.y, first, bottom);
    next = add_segment(next, last, plot->box.y, last, bottom);
    struct draw_path path = {points, (size_t)(next - points), 1.0, 0.0};
    draw_list_stroke(sheet->list, path, sheet->look->grid_major);
}

/* Every k-th tick, so that labels stand a line apart. */
static size_t stride_of(const struct sheet *sheet, const struct plot *plot,
                        const struct scale *scale)
{
    double height = plot->box.h / fmax(1.0, (double)scale->n_ticks - 1.0);
    double wanted = sheet->look->text.size * (sheet->look->is_graphite ? 1.05 : 1.3);
    return (size_t)fmax(1.0, ceil(wanted / fmax(height, 0.5)));
}

static size_t minor_values(const struct scale *scale, unsigned n_between, double *out)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < scale->n_ticks; i++) {
        double gap = scale->ticks[i + 1] - scale->ticks[i];
        for (unsigned k = 1; k <= n_between; k++)
            out[n++] = scale->ticks[i] + gap * k / (n_between + 1);
    }
    return n;
}

void layout_axes_grid(const struct sheet *sheet, const struct plot *plot,
                      const struct time_axis *times, const struct axes_place *place)
{
    const struct look *look = sheet->look;
    if (!place->has_grid)
        return;
    if (look->is_graphite) {
        double minor[SCALE_TICKS_MAX * OPTIONS_MINOR_MAX];
        size_t n = minor_values(&plot->left, place->n_minor_y, minor);
        draw_rows(sheet, plot, minor, n, look->grid_minor);
        draw_columns(sheet, plot, times->minor, times->n_minor, look->grid_minor);
    }
    size_t stride = stride_of(sheet, plot, &plot->left);
    double *major = arena_array(sheet->arena, plot->left.n_ticks + 1, double);
    size_t n_major = 0;
    for (size_t i = 0; i < plot->left.n_ticks; i += stride)
        major[n_major++] = plot->left.ticks[i];
    draw_columns(sheet, plot, times->major, times->n_major,
                 look->is_graphite ? look->grid_major : look->grid_minor);
    draw_rows(sheet, plot, major, n_major, look->grid_major);
    if (look->is_graphite)
        draw_edges(sheet, plot);
}

double layout_axes_width(const struct sheet *sheet, const struct scale *scale)
{
    double widest = 0.0;
    char text[SCALE_LABEL_BYTES];
    for (size_t i = 0; i < scale->n_ticks; i++) {
        scale_label(scale, scale->ticks[i], text);
        widest = fmax(widest, label_width(sheet->measure, &sheet->look->text, text));
    }
    return ceil(widest) + LABEL_GAP_PX;
}

static void draw_y_labels(const struct sheet *sheet, const struct plot *plot, bool on_right,
                          bool stands_right)
{
    const struct scale *scale = on_right ? &plot->right : &plot->left;
    double size = sheet->look->text.size, top = plot->box.y, bottom = plot->box.y + plot->box.h;
    double x = stands_right ? plot->box.x + plot->box.w + LABEL_GAP_PX : plot->box.x - LABEL_GAP_PX;
    size_t stride = stride_of(sheet, plot, scale);
    for (size_t i = 0; i < scale->n_ticks; i += stride) {
        double y = plot_y(plot, on_right, scale->ticks[i]);
        if (isnan(y) || y < top - 0.5 || y > bottom + 0.5)
            continue;
        char text[SCALE_LABEL_BYTES];
        scale_label(scale, scale->ticks[i], text);
        draw_list_text(sheet->list,
                       (struct draw_text){.x = x,
                                          .y = floor(row(plot, y) + label_drop(size)),
                                          .size = size,
                                          .text = arena_strdup(sheet->arena, text),
                                          .anchor = stands_right ? ANCHOR_START : ANCHOR_END},
                       sheet->look->muted);
    }
}

/* Centred below its time, but inside the picture. */
static void draw_x_labels(const struct sheet *sheet, const struct plot *plot,
                          const struct time_axis *times, double y)
{
    const struct label_style *style = &sheet->look->text;
    double last_end = -1e9, edge = sheet->list->width - 2.0;
    for (size_t i = 0; i < times->n_labels; i++) {
        const char *text = times->labels[i].text;
        double width = label_width(sheet->measure, style, text);
        double x = plot_x(plot, times->labels[i].at_s * 1000);
        double left = floor(fmax(2.0, fmin(x - width / 2.0, edge - width)));
        if (left + width > edge + 1.0 || left < last_end + style->size * 0.5)
            continue;
        last_end = left + width;
        draw_list_text(sheet->list,
                       (struct draw_text){.x = left, .y = y, .size = style->size, .text = text},
                       sheet->look->muted);
    }
}

/* The second row: days, months or years from where they begin, and the time zone at its end. */
static void draw_eras(const struct sheet *sheet, const struct plot *plot,
                      const struct time_axis *times, double y)
{
    const struct label_style *style = &sheet->look->text;
    double end = plot->box.x + plot->box.w, gap = style->size;
    double zone_px = label_width(sheet->measure, style, times->zone);
    double zone_x = end - zone_px;
    draw_list_text(
        sheet->list,
        (struct draw_text){
            .x = end, .y = y, .size = style->size, .text = times->zone, .anchor = ANCHOR_END},
        sheet->look->muted);
    for (size_t i = 0; i < times->n_eras; i++) {
        const struct time_era *era = &times->eras[i];
        bool is_last = i + 1 == times->n_eras;
        double x = floor(plot_x(plot, era->at_s * 1000));
        double next = is_last ? end : plot_x(plot, era[1].at_s * 1000);
        double room = fmin(next, zone_x) - gap - x;
        const char *text = era->text;
        if (label_width(sheet->measure, style, text) > room)
            text = era->brief;
        if (label_width(sheet->measure, style, text) > room)
            continue;
        draw_list_text(sheet->list,
                       (struct draw_text){.x = x, .y = y, .size = style->size, .text = text},
                       sheet->look->muted);
    }
}

void layout_axes_labels(const struct sheet *sheet, const struct plot *plot,
                        const struct time_axis *times, const struct axes_place *place)
{
    if (place->has_y) {
        if (!place->only_right)
            draw_y_labels(sheet, plot, false, place->left_is_right);
        if (plot->has_right)
            draw_y_labels(sheet, plot, true, true);
    }
    if (!isnan(place->labels_y))
        draw_x_labels(sheet, plot, times, place->labels_y);
    if (!isnan(place->eras_y))
        draw_eras(sheet, plot, times, place->eras_y);
}
