/* 1. Every mark in view is drawn: as a line of the plot's full height, or, in a crowd, as a tick at
 *    the bottom and as one of a count above the plot.
 * 2. Lines are crisp: whole pixel columns, at the exact second. */
#include <math.h>

#include "base/mem.h"
#include "chart/layout.h"

enum {
    LINES_CALM = 12, /* so many lines are drawn in full wherever they lie */
    CROWD_PX = 3,    /* past that, lines closer than this fold into ticks */
    FENCE_PX = 12,   /* with a line every so many pixels the data would be behind a fence */
    TICK_PX = 9,
    LABEL_PX_MIN = 34, /* a label cut shorter than this says nothing */
};

#define SPAN_SHARE  0.10
#define CROWD_SHARE 0.16

/* Marks [first, end) that are drawn as one thing: a line, several at one pixel, or a crowd. */
struct group {
    size_t first, end;
    double x0, x1; /* columns of the first and the last */
    bool is_crowd;
    bool has_band; /* its extent is shaded; not where all of the plot is a crowd */
};

struct groups {
    struct group *items;
    size_t n, cap;
};

static bool is_in_view(const struct plot *plot, const struct mark *mark)
{
    return mark->at_ms >= plot->from_s * 1000;
}

static double column_of(const struct plot *plot, const struct mark *mark)
{
    return plot_column(plot, plot_x(plot, mark->at_ms));
}

static bool is_fence(const struct plot *plot, size_t n)
{
    return n > LINES_CALM && (double)n * FENCE_PX > plot->box.w;
}

/* Spans that began before the view have no line; they come first, being sorted by time. */
static struct groups find_groups(const struct plot *plot, const struct marks *marks,
                                 struct arena *arena)
{
    struct groups groups = {0};
    size_t begin = 0;
    while (begin < marks->n && !is_in_view(plot, &marks->items[begin]))
        begin++;
    size_t n = marks->n - begin;
    double reach = n > LINES_CALM ? CROWD_PX : 0.5; /* 0.5: the same column only */
    bool is_fenced = is_fence(plot, n);
    for (size_t i = begin; i < marks->n;) {
        struct group g = {.first = i, .x0 = column_of(plot, &marks->items[i])};
        g.x1 = g.x0;
        for (i++; i < marks->n; i++) {
            double x = column_of(plot, &marks->items[i]);
            if (x - g.x1 >= reach)
                break;
            g.x1 = x;
        }
        g.end = i;
        g.is_crowd = n > LINES_CALM && (is_fenced || g.end - g.first > 1);
        g.has_band = g.is_crowd && !is_fenced;
        arena_grow(arena, &groups.items, &groups.cap, groups.n + 1, sizeof *groups.items);
        groups.items[groups.n++] = g;
    }
    return groups;
}

static struct colour colour_of_mark(const struct sheet *sheet, const struct mark *mark)
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
                   colour_of_mark(sheet, mark));
}

/* A rollback points back to where it came from. */
static void draw_arrow(const struct sheet *sheet, const struct mark *mark, double x, double y)
{
    struct draw_point *points = arena_array(sheet->arena, 3, struct draw_point);
    points[0] = (struct draw_point){x, y};
    points[1] = (struct draw_point){x, y + 8.0};
    points[2] = (struct draw_point){x - 7.0, y + 4.0};
    draw_list_fill(sheet->list, (struct draw_path){.points = points, .n_points = 3},
                   colour_of_mark(sheet, mark));
}

/* Several at one pixel share its height, so that each one's colour and dashes are seen. */
static void draw_lines(const struct sheet *sheet, const struct plot *plot,
                       const struct marks *marks, const struct group *g)
{
    double n = (double)(g->end - g->first);
    for (size_t i = g->first; i < g->end; i++) {
        const struct mark *mark = &marks->items[i];
        double at = (double)(i - g->first);
        double y0 = plot->box.y + floor(plot->box.h * at / n);
        double y1 = plot->box.y + floor(plot->box.h * (at + 1.0) / n);
        draw_line(sheet, mark, g->x0, y0, y1);
        if (mark->is_rollback)
            draw_arrow(sheet, mark, g->x0, y0);
    }
}

/* Ticks at the bottom, one a column and colour; the crowd's extent as a faint band. */
static void draw_crowd(const struct sheet *sheet, const struct plot *plot,
                       const struct marks *marks, const struct group *g)
{
    double bottom = plot->box.y + plot->box.h;
    const struct mark *first = &marks->items[g->first];
    struct draw_box band = {floor(g->x0), plot->box.y, g->x1 - g->x0 + 1.0, plot->box.h};
    if (g->has_band)
        draw_list_box(sheet->list, band, colour_fade(colour_of_mark(sheet, first), CROWD_SHARE));
    double last_x = NAN;
    struct colour last_colour = {0};
    for (size_t i = g->first; i < g->end; i++) {
        const struct mark *mark = &marks->items[i];
        double x = column_of(plot, mark);
        struct colour colour = mark->is_failed ? sheet->look->failed : colour_of_mark(sheet, mark);
        if (x == last_x && colour_equal(colour, last_colour))
            continue; /* it would hide exactly the one before it; the count has both */
        last_x = x;
        last_colour = colour;
        draw_list_line(sheet->list,
                       (struct draw_line){{x, bottom - TICK_PX}, {x, bottom}, 1.0, 0.0}, colour);
    }
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
        draw_list_box(sheet->list, (struct draw_box){x0, plot->box.y, x1 - x0, plot->box.h},
                      colour_fade(colour_of_mark(sheet, mark), SPAN_SHARE));
    }
}

void layout_marks_lines(const struct sheet *sheet, const struct plot *plot,
                        const struct marks *marks)
{
    struct groups groups = find_groups(plot, marks, sheet->arena);
    for (size_t i = 0; i < groups.n; i++) {
        if (groups.items[i].is_crowd)
            draw_crowd(sheet, plot, marks, &groups.items[i]);
        else
            draw_lines(sheet, plot, marks, &groups.items[i]);
    }
}

bool layout_marks_need_strip(const struct plot *plot, const struct marks *marks,
                             struct arena *arena)
{
    struct groups groups = find_groups(plot, marks, arena);
    for (size_t i = 0; i < groups.n; i++) {
        const struct group *g = &groups.items[i];
        if (g->is_crowd || g->end - g->first > 1 || marks->items[g->first].label[0] != '\0')
            return true;
    }
    return false;
}

/* Counts of neighbouring crowds are added up until the text has room: the sum over all texts is
 * always the number of marks in crowds. */
struct count {
    size_t n_marks;
    double x0, x1;      /* of the crowds */
    double left, right; /* of the text */
    const char *text;
};

static void place_count(const struct sheet *sheet, const struct plot *plot, struct count *count)
{
    count->text = arena_printf(sheet->arena, "\xc3\x97%zu", count->n_marks);
    struct label_style style = sheet->look->text;
    style.is_bold = true;
    double width = label_width(sheet->measure, &style, count->text);
    double left = (count->x0 + count->x1 - width) / 2.0;
    double end = plot->box.x + plot->box.w;
    count->left = fmax(plot->box.x, fmin(left, end - width));
    count->right = count->left + width;
}

static size_t find_counts(const struct sheet *sheet, const struct plot *plot,
                          const struct groups *groups, struct count *counts)
{
    size_t n = 0;
    for (size_t i = 0; i < groups->n; i++) {
        const struct group *g = &groups->items[i];
        bool is_single = g->end - g->first < 2;
        if (is_single && !g->is_crowd)
            continue;
        counts[n] = (struct count){.n_marks = g->end - g->first, .x0 = g->x0, .x1 = g->x1};
        place_count(sheet, plot, &counts[n]);
        while (n > 0 && counts[n].left < counts[n - 1].right + 6.0) {
            counts[n - 1].n_marks += counts[n].n_marks;
            counts[n - 1].x1 = counts[n].x1;
            n--;
            place_count(sheet, plot, &counts[n]);
        }
        n++;
    }
    return n;
}

/* Where the next thing in the strip begins, right of x. */
static double room_right(const struct plot *plot, const struct groups *groups, size_t i,
                         const struct count *counts, size_t n_counts)
{
    double end = plot->box.x + plot->box.w;
    if (i + 1 < groups->n)
        end = fmin(end, groups->items[i + 1].x0);
    for (size_t k = 0; k < n_counts; k++)
        if (counts[k].right > groups->items[i].x0)
            return fmin(end, counts[k].left);
    return end;
}

void layout_marks_strip(const struct sheet *sheet, const struct plot *plot,
                        const struct marks *marks, double strip_y)
{
    if (isnan(strip_y))
        return;
    struct groups groups = find_groups(plot, marks, sheet->arena);
    struct count *counts = arena_array(sheet->arena, groups.n + 1, struct count);
    size_t n_counts = find_counts(sheet, plot, &groups, counts);
    const struct label_style *style = &sheet->look->text;
    for (size_t k = 0; k < n_counts; k++)
        draw_list_text(sheet->list,
                       (struct draw_text){.x = floor(counts[k].left),
                                          .y = strip_y,
                                          .size = style->size,
                                          .text = counts[k].text,
                                          .is_bold = true},
                       sheet->look->foreground);
    for (size_t i = 0; i < groups.n; i++) {
        const struct group *g = &groups.items[i];
        const struct mark *mark = &marks->items[g->first];
        if (g->end - g->first > 1 || g->is_crowd || mark->label[0] == '\0')
            continue;
        double room = room_right(plot, &groups, i, counts, n_counts) - g->x0 - 6.0;
        if (room < LABEL_PX_MIN)
            continue;
        const char *text = label_fit(sheet->measure, style, mark->label, room, sheet->arena);
        draw_list_text(
            sheet->list,
            (struct draw_text){.x = floor(g->x0), .y = strip_y, .size = style->size, .text = text},
            sheet->look->muted);
    }
}
