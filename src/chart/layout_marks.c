/* 1. Every mark in view is drawn: as a line of the plot's full height, or, in a crowd, as a tick at
 *    the bottom and as one of a count above the plot.
 * 2. Lines are crisp: whole pixel columns, at the exact second. */
#include <math.h>

#include "base/mem.h"
#include "chart/layout_marks.h"

enum {
    LINES_CALM = 12, /* so many lines are drawn in full wherever they lie */
    CROWD_PX = 3,    /* past that, lines closer than this fold into ticks */
    FENCE_PX = 12,   /* with a line every so many pixels the data would be behind a fence */
    TICK_PX = 9,
    HARM_TICK_PX = 18, /* it stands out of its crowd */
};

#define SPAN_SHARE  0.10
#define CROWD_SHARE 0.16

static bool is_in_view(const struct plot *plot, const struct mark *mark)
{
    return mark->at_ms >= plot->from_s * 1000;
}

double layout_marks_column(const struct plot *plot, const struct mark *mark)
{
    return plot_column(plot, plot_x(plot, mark->at_ms));
}

static bool is_fence(const struct plot *plot, size_t n)
{
    return n > LINES_CALM && (double)n * FENCE_PX > plot->box.w;
}

/* Spans that began before the view have no line; they come first, being sorted by time. */
struct mark_groups layout_marks_groups(const struct plot *plot, const struct marks *marks,
                                       struct arena *arena)
{
    struct mark_groups groups = {0};
    size_t begin = 0;
    while (begin < marks->n && !is_in_view(plot, &marks->items[begin]))
        begin++;
    size_t n = marks->n - begin;
    double reach = n > LINES_CALM ? CROWD_PX : 0.5; /* 0.5: the same column only */
    bool is_fenced = is_fence(plot, n);
    for (size_t i = begin; i < marks->n;) {
        struct mark_group g = {.first = i, .x0 = layout_marks_column(plot, &marks->items[i])};
        g.x1 = g.x0;
        for (i++; i < marks->n; i++) {
            double x = layout_marks_column(plot, &marks->items[i]);
            if (x - g.x1 >= reach)
                break;
            g.x1 = x;
        }
        g.end = i;
        for (size_t k = g.first; k < g.end; k++)
            g.worst = verdict_worse(g.worst, marks->items[k].verdict);
        g.is_crowd = n > LINES_CALM && (is_fenced || g.end - g.first > 1);
        g.has_band = g.is_crowd && !is_fenced;
        arena_grow(arena, &groups.items, &groups.cap, groups.n + 1, sizeof *groups.items);
        groups.items[groups.n++] = g;
    }
    return groups;
}

struct colour layout_marks_colour(const struct sheet *sheet, const struct mark *mark)
{
    if (mark->line)
        return mark->line->colour;
    if (mark->is_rollback)
        return sheet->look->rollback;
    return mark->is_failed ? sheet->look->failed : sheet->look->change;
}

static double width_of_mark(const struct mark *mark)
{
    double width = mark->line ? floor(mark->line->width + 0.25) : 1.0;
    return fmax(1.0, fmin(width, 100.0));
}

static double dash_of_mark(const struct mark *mark)
{
    if (mark->is_failed)
        return 4.0;
    return mark->line ? mark->line->dash : 0.0;
}

/* A line from y0 down to y1; an even width lies between two pixels' centres. */
static void draw_line(const struct sheet *sheet, const struct mark *mark, double x, double y0,
                      double y1)
{
    double width = width_of_mark(mark);
    double shift = (int)width % 2 == 0 ? 0.5 : 0.0;
    draw_list_line(sheet->list,
                   (struct draw_line){{x + shift, y0}, {x + shift, y1}, width, dash_of_mark(mark)},
                   layout_marks_colour(sheet, mark));
}

/* A rollback points back to where it came from. */
void layout_marks_flag(const struct sheet *sheet, double x, double y, struct colour colour)
{
    struct draw_point *points = arena_array(sheet->arena, 3, struct draw_point);
    points[0] = (struct draw_point){x, y};
    points[1] = (struct draw_point){x, y + 8.0};
    points[2] = (struct draw_point){x - 7.0, y + 4.0};
    draw_list_fill(sheet->list, (struct draw_path){.points = points, .n_points = 3}, colour);
}

/* Several at one pixel share its height, so that each one's colour and dashes are seen. */
static void draw_lines(const struct sheet *sheet, const struct plot *plot,
                       const struct marks *marks, const struct mark_group *g)
{
    double n = (double)(g->end - g->first);
    for (size_t i = g->first; i < g->end; i++) {
        const struct mark *mark = &marks->items[i];
        double at = (double)(i - g->first);
        double y0 = plot->box.y + floor(plot->box.h * at / n);
        double y1 = plot->box.y + floor(plot->box.h * (at + 1.0) / n);
        draw_line(sheet, mark, g->x0, y0, y1);
        if (mark->is_rollback)
            layout_marks_flag(sheet, g->x0, y0, layout_marks_colour(sheet, mark));
    }
}

static void draw_harm_tick(const struct sheet *sheet, double x, double bottom)
{
    struct draw_box box = {x - 0.5, bottom - HARM_TICK_PX, 2.0, HARM_TICK_PX};
    draw_list_box(sheet->list, box, sheet->look->failed);
}

/* Ticks at the bottom, one a column and colour; the crowd's extent as a faint band. */
static void draw_crowd(const struct sheet *sheet, const struct plot *plot,
                       const struct marks *marks, const struct mark_group *g)
{
    double bottom = plot->box.y + plot->box.h;
    const struct mark *first = &marks->items[g->first];
    struct draw_box band = {floor(g->x0), plot->box.y, g->x1 - g->x0 + 1.0, plot->box.h};
    if (g->has_band)
        draw_list_box(sheet->list, band,
                      colour_fade(layout_marks_colour(sheet, first), CROWD_SHARE));
    double last_x = NAN;
    struct colour last_colour = {0};
    for (size_t i = g->first; i < g->end; i++) {
        const struct mark *mark = &marks->items[i];
        double x = layout_marks_column(plot, mark);
        if (mark->verdict == VERDICT_HARM) {
            draw_harm_tick(sheet, x, bottom);
            continue;
        }
        struct colour colour =
            mark->is_failed ? sheet->look->failed : layout_marks_colour(sheet, mark);
        if (x == last_x && colour_equal(colour, last_colour))
            continue; /* it would hide exactly the one before it; the count has both */
        last_x = x;
        last_colour = colour;
        draw_list_line(sheet->list,
                       (struct draw_line){{x, bottom - TICK_PX}, {x, bottom}, 1.0, 0.0}, colour);
    }
}

void layout_marks_shade(const struct sheet *sheet, struct draw_box box, struct colour colour)
{
    draw_list_box(sheet->list, box, colour_fade(colour, SPAN_SHARE));
}

void layout_marks_spans(const struct sheet *sheet, const struct plot *plot,
                        const struct marks *marks)
{
    double left = plot->box.x, right = plot->box.x + plot->box.w;
    for (size_t i = 0; i < marks->n; i++) {
        const struct mark *mark = &marks->items[i];
        if (mark->end_ms <= mark->at_ms)
            continue;
        double x0 = fmax(floor(plot_x(plot, mark->at_ms)), left);
        double x1 = fmin(ceil(plot_x(plot, mark->end_ms)), right);
        layout_marks_shade(sheet, (struct draw_box){x0, plot->box.y, x1 - x0, plot->box.h},
                           layout_marks_colour(sheet, mark));
    }
}

void layout_marks_lines(const struct sheet *sheet, const struct plot *plot,
                        const struct marks *marks)
{
    struct mark_groups groups = layout_marks_groups(plot, marks, sheet->arena);
    for (size_t i = 0; i < groups.n; i++) {
        if (groups.items[i].is_crowd)
            draw_crowd(sheet, plot, marks, &groups.items[i]);
        else
            draw_lines(sheet, plot, marks, &groups.items[i]);
    }
}
