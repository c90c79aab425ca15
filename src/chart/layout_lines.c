#include <math.h>

#include "base/mem.h"
#include "chart/layout.h"

/* Points further out than this are cut: cairo's numbers end at 8 million. */
#define FAR_PX 20000.0
/* How opaque the band is between the smallest and largest values that a pixel hides. */
#define BAND_SHARE 0.25
/* A dot stands for a value that has no neighbour; no smaller than this across. */
#define DOT_PX 3.0
/* Few of them, so many pixels apart or more, are larger. */
#define DOT_FEW_PX   4.5
#define DOT_APART_PX 12.0

/* A path being built. */
struct pen {
    struct draw_point *points;
    size_t n, cap;
    struct arena *arena;
};

static void put(struct pen *pen, double x, double y)
{
    arena_grow(pen->arena, &pen->points, &pen->cap, pen->n + 1, sizeof *pen->points);
    pen->points[pen->n++] = (struct draw_point){x, y};
}

static bool is_lifted(const struct pen *pen)
{
    return pen->n == 0 || isnan(pen->points[pen->n - 1].x);
}

static void lift(struct pen *pen)
{
    if (!is_lifted(pen))
        put(pen, NAN, NAN);
}

/* A level stretch needs only its two ends. */
static void put_level(struct pen *pen, double x, double y)
{
    if (pen->n >= 2) {
        struct draw_point *last = &pen->points[pen->n - 1];
        bool is_level = last[0].y == y && last[-1].y == y; /* a lifted pen is NaN: never equal */
        if (is_level) {
            last->x = x;
            return;
        }
    }
    put(pen, x, y);
}

static double y_at(struct draw_point a, struct draw_point b, double x)
{
    return a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x));
}

/* Only the first and the last value of a trace lie outside the view, and with long steps far
 * outside. */
static void cut_far(struct pen *pen)
{
    for (size_t i = 0; i < pen->n; i++) {
        struct draw_point *p = &pen->points[i];
        if (p->x < -FAR_PX) {
            bool has_next = i + 1 < pen->n && p[1].x > -FAR_PX;
            p->y = has_next ? y_at(p[0], p[1], -FAR_PX) : p->y;
            p->x = -FAR_PX;
        } else if (p->x > FAR_PX) {
            bool has_last = i > 0 && p[-1].x < FAR_PX;
            p->y = has_last ? y_at(p[-1], p[0], FAR_PX) : p->y;
            p->x = FAR_PX;
        }
    }
}

static double line_x(const struct plot *plot, const struct trace *t, size_t i)
{
    return plot_x(plot, (t->start_s + (int64_t)i * t->step_s) * 1000);
}

/* How many missing values in a row a line bridges. */
static double bridge(const struct line *line, const struct options *o)
{
    if (line->series->style.connects)
        return INFINITY;
    return o->line_mode == LINE_CONNECTED ? o->connected_limit : 0.0;
}

/* The line through values; staircase: each holds for its step. */
static void trace_path(const struct plot *plot, const struct line *line, const struct options *o,
                       struct pen *pen)
{
    const struct trace *t = &line->trace;
    double n_missing = 0.0, n_bridged = bridge(line, o);
    bool has_steps = o->line_mode == LINE_STAIRCASE && !line->series->style.connects;
    for (size_t i = 0; i < t->n; i++) {
        double y = plot_y(plot, line->on_right, t->values[i]);
        if (isnan(y)) {
            n_missing++;
            continue;
        }
        if (n_missing > n_bridged)
            lift(pen);
        n_missing = 0.0;
        double x = line_x(plot, t, i);
        put_level(pen, x, y);
        if (has_steps)
            put_level(pen, line_x(plot, t, i + 1), y);
    }
}

/* Values alone between two gaps: a line has no length there, and they would not be seen. */
static struct draw_path lonely(const struct pen *pen, struct arena *arena)
{
    struct pen dots = {.arena = arena};
    for (size_t i = 0; i < pen->n; i++) {
        bool starts = i == 0 || isnan(pen->points[i - 1].x);
        bool ends = i + 1 == pen->n || isnan(pen->points[i + 1].x);
        if (starts && ends && !isnan(pen->points[i].x))
            put(&dots, pen->points[i].x, pen->points[i].y);
    }
    return (struct draw_path){.points = dots.points, .n_points = dots.n};
}

static void draw_stroke(const struct sheet *sheet, const struct plot *plot, const struct line *line,
                        const struct options *o)
{
    struct pen pen = {.arena = sheet->arena};
    trace_path(plot, line, o, &pen);
    struct draw_path dots = lonely(&pen, sheet->arena);
    bool is_few = (double)dots.n_points * DOT_APART_PX <= plot->box.w;
    dots.width = fmax(is_few ? DOT_FEW_PX : DOT_PX, line->width * 2.0);
    cut_far(&pen);
    struct draw_path path = {pen.points, pen.n, line->width, line->dash};
    if (dots.n_points * 2 < pen.n + 1) /* else there is nothing but dots */
        draw_list_stroke(sheet->list, path, line->colour);
    if (line->width > 0.0)
        draw_list_dots(sheet->list, dots, line->colour);
}

/* One closed shape: along the values [first, end) and back along the lower edge. */
static void area_path(const struct plot *plot, const struct line *line, bool has_steps,
                      size_t first, size_t end, struct pen *pen)
{
    const struct trace *t = &line->trace;
    size_t n_before = pen->n;
    for (size_t i = first; i < end; i++) {
        double y = plot_y(plot, line->on_right, t->values[i]);
        put_level(pen, line_x(plot, t, i), y);
        if (has_steps)
            put_level(pen, line_x(plot, t, i + 1), y);
    }
    if (pen->n == n_before)
        return;
    double floor_value = plot->left.log_base > 0.0 ? plot->left.bottom : 0.0;
    for (size_t i = end; i-- > first;) {
        double y = plot_y(plot, line->on_right, line->base ? line->base[i] : floor_value);
        if (isnan(y))
            y = plot->box.y + plot->box.h;
        if (has_steps)
            put_level(pen, line_x(plot, t, i + 1), y);
        put_level(pen, line_x(plot, t, i), y);
    }
}

static void draw_area(const struct sheet *sheet, const struct plot *plot, const struct line *line,
                      const struct options *o)
{
    const struct trace *t = &line->trace;
    struct pen pen = {.arena = sheet->arena};
    bool has_steps = o->line_mode == LINE_STAIRCASE;
    for (size_t first = 0; first < t->n;) {
        size_t end = first;
        while (end < t->n && !isnan(plot_y(plot, line->on_right, t->values[end])))
            end++;
        if (end > first) {
            lift(&pen);
            area_path(plot, line, has_steps, first, end, &pen);
        }
        first = end + 1;
    }
    cut_far(&pen);
    double share = line->fill_share;
    draw_list_fill(sheet->list, (struct draw_path){.points = pen.points, .n_points = pen.n},
                   colour_fade(line->colour, share));
}

/* From the smallest to the largest value behind each pixel: no spike is lost in an average. */
static void draw_band(const struct sheet *sheet, const struct plot *plot, const struct line *line)
{
    const struct trace *t = &line->trace;
    struct pen pen = {.arena = sheet->arena};
    for (size_t first = 0; first < t->n;) {
        size_t end = first;
        while (end < t->n && !isnan(plot_y(plot, line->on_right, t->low[end])) &&
               !isnan(plot_y(plot, line->on_right, t->high[end])))
            end++;
        if (end - first > 1)
            lift(&pen);
        for (size_t i = first; end - first > 1 && i < end; i++)
            put_level(&pen, line_x(plot, t, i), plot_y(plot, line->on_right, t->high[i]));
        for (size_t i = end; end - first > 1 && i-- > first;)
            put_level(&pen, line_x(plot, t, i), plot_y(plot, line->on_right, t->low[i]));
        first = end + 1;
    }
    cut_far(&pen);
    draw_list_fill(sheet->list, (struct draw_path){.points = pen.points, .n_points = pen.n},
                   colour_fade(line->colour, BAND_SHARE));
}

static bool is_drawn(const struct line *line)
{
    return !line->is_infinite && !line->is_hidden;
}

void layout_lines_areas(const struct sheet *sheet, const struct plot *plot,
                        const struct lines *lines, const struct options *options)
{
    for (size_t k = 0; k < lines->n; k++) {
        const struct line *line = &lines->items[k];
        if (is_drawn(line) && line->fill_share > 0.0)
            draw_area(sheet, plot, line, options);
        else if (is_drawn(line) && line->trace.low)
            draw_band(sheet, plot, line);
    }
}

void layout_lines_strokes(const struct sheet *sheet, const struct plot *plot,
                          const struct lines *lines, const struct options *options)
{
    for (size_t k = 0; k < lines->n; k++)
        if (is_drawn(&lines->items[k]) && lines->items[k].has_stroke)
            draw_stroke(sheet, plot, &lines->items[k], options);
}
