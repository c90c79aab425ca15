/* The strip above the plot: from below a row of signs, labels and counts, and above them the arrows
 * from rollbacks to what they undo. A verdict is told without a strip as well: then its sign is in
 * the plot. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "chart/layout_marks.h"

enum {
    LABEL_PX_MIN = 60, /* a label cut shorter than this says nothing: then its first word alone */
    LANE_PX = 6,
    HEAD_PX = 6,      /* of an arrow */
    ARROW_PX_MIN = 8, /* shorter than that it is only a blot */
    FLAG_PX = 9,      /* of a rollback, at the top of its line */
};

/* Counts of neighbouring crowds are added up until the text has room: the sum over all texts is
 * always the number of marks in crowds, and the sign before it that of the worst of them. */
struct count {
    size_t n_marks;
    enum verdict_state worst;
    double x0, x1;      /* of the crowds */
    double left, right; /* of sign and text */
    const char *text;
};

struct strip {
    const struct sheet *sheet;
    const struct plot *plot;
    const struct marks *marks;
    struct mark_groups groups;
    struct count *counts;
    size_t n_counts;
    double text_y; /* base line; NaN: there is no strip */
};

double layout_strip_px(const struct sheet *sheet, const struct marks *marks)
{
    double lanes = marks->n_lanes ? marks->n_lanes * LANE_PX + 2.0 : 0.0;
    return ceil(sheet->look->text.size * 1.4) + lanes;
}

/* ---- counts ---- */

static double sign_room(const struct sheet *sheet, enum verdict_state verdict)
{
    return verdict == VERDICT_PENDING ? 0.0 : 2.0 * layout_marks_sign_px(sheet) + 3.0;
}

static void place_count(const struct strip *strip, struct count *count)
{
    const struct plot *plot = strip->plot;
    count->text = arena_printf(strip->sheet->arena, "\xc3\x97%zu", count->n_marks);
    struct label_style style = strip->sheet->look->text;
    style.is_bold = true;
    double width = label_width(strip->sheet->measure, &style, count->text) +
                   sign_room(strip->sheet, count->worst);
    double left = (count->x0 + count->x1 - width) / 2.0;
    double end = plot->box.x + plot->box.w;
    count->left = fmax(plot->box.x, fmin(left, end - width));
    count->right = count->left + width;
}

static void find_counts(struct strip *strip)
{
    struct count *counts = arena_array(strip->sheet->arena, strip->groups.n + 1, struct count);
    size_t n = 0;
    for (size_t i = 0; i < strip->groups.n; i++) {
        const struct mark_group *g = &strip->groups.items[i];
        if (g->end - g->first < 2 && !g->is_crowd)
            continue;
        counts[n] = (struct count){
            .n_marks = g->end - g->first, .worst = g->worst, .x0 = g->x0, .x1 = g->x1};
        place_count(strip, &counts[n]);
        while (n > 0 && counts[n].left < counts[n - 1].right + 6.0) {
            struct count *before = &counts[n - 1];
            before->n_marks += counts[n].n_marks;
            before->x1 = counts[n].x1;
            before->worst = verdict_worse(before->worst, counts[n].worst);
            n--;
            place_count(strip, before);
        }
        n++;
    }
    strip->counts = counts;
    strip->n_counts = n;
}

static double sign_y(const struct strip *strip)
{
    return floor(strip->text_y - label_drop(strip->sheet->look->text.size)) + 0.5;
}

/* Where signs are that have no place in the strip: below the flags of rollbacks. */
static double low_sign_y(const struct strip *strip)
{
    return strip->plot->box.y + FLAG_PX + layout_marks_sign_px(strip->sheet) + 1.5;
}

static void draw_counts(const struct strip *strip)
{
    const struct sheet *sheet = strip->sheet;
    double r = layout_marks_sign_px(sheet);
    for (size_t k = 0; k < strip->n_counts; k++) {
        const struct count *count = &strip->counts[k];
        if (isnan(strip->text_y)) {
            layout_marks_sign(sheet, count->worst, (count->x0 + count->x1) / 2.0,
                              low_sign_y(strip));
            continue;
        }
        layout_marks_sign(sheet, count->worst, floor(count->left) + r + 0.5, sign_y(strip));
        draw_list_text(sheet->list,
                       (struct draw_text){
                           .x = floor(count->left + sign_room(sheet, count->worst)),
                           .y = strip->text_y,
                           .size = sheet->look->text.size,
                           .text = count->text,
                           .is_bold = true,
                       },
                       sheet->look->foreground);
    }
}

/* ---- signs and labels of single lines ---- */

static bool is_single(const struct mark_group *g)
{
    return g->end - g->first == 1 && !g->is_crowd;
}

struct strip_needs layout_strip_needs(const struct sheet *sheet, const struct plot *plot,
                                      const struct marks *marks)
{
    struct strip strip = {.sheet = sheet, .plot = plot, .marks = marks};
    struct strip_needs needs = {0};
    strip.groups = layout_marks_groups(plot, marks, sheet->arena);
    find_counts(&strip);
    for (size_t k = 0; k < strip.n_counts; k++)
        needs.verdicts |= 1u << strip.counts[k].worst;
    for (size_t i = 0; i < strip.groups.n; i++) {
        const struct mark_group *g = &strip.groups.items[i];
        const struct mark *mark = &marks->items[g->first];
        if (is_single(g))
            needs.verdicts |= 1u << g->worst;
        needs.has_crowd = needs.has_crowd || g->is_crowd;
        needs.has_lines = needs.has_lines || !g->is_crowd;
        needs.has_strip = needs.has_strip || !is_single(g) || mark->label[0] != '\0' ||
                          g->worst != VERDICT_PENDING || mark->lane > 0;
    }
    return needs;
}

static bool is_in_count(const struct strip *strip, double left, double right)
{
    for (size_t k = 0; k < strip->n_counts; k++)
        if (strip->counts[k].right + 2.0 > left && strip->counts[k].left - 2.0 < right)
            return true;
    return false;
}

/* Is a sign in the strip so near to that of group i that they would lie on each other? */
static bool touches(const struct strip *strip, const bool *is_high, size_t i)
{
    const struct mark_group *items = strip->groups.items;
    double reach = 2.0 * layout_marks_sign_px(strip->sheet) + 1.0;
    for (size_t k = i; k-- > 0 && items[i].x0 - items[k].x0 < reach;)
        if (is_high[k])
            return true;
    for (size_t k = i + 1; k < strip->groups.n && items[k].x0 - items[i].x0 < reach; k++)
        if (is_high[k])
            return true;
    return false;
}

/* Which signs are in the strip: the worse one of two that would lie on each other, and none on a count. */
static const bool *place_signs(const struct strip *strip)
{
    double r = layout_marks_sign_px(strip->sheet);
    bool *is_high = arena_zarray(strip->sheet->arena, strip->groups.n + 1, bool);
    for (int verdict = VERDICT_HARM; verdict > VERDICT_PENDING && !isnan(strip->text_y); verdict--)
        for (size_t i = 0; i < strip->groups.n; i++) {
            const struct mark_group *g = &strip->groups.items[i];
            if (is_single(g) && (int)g->worst == verdict)
                is_high[i] =
                    !is_in_count(strip, g->x0 - r, g->x0 + r) && !touches(strip, is_high, i);
        }
    return is_high;
}

/* The others are one floor lower, in the plot. The worst are drawn last: nothing covers them. */
static void draw_signs(const struct strip *strip)
{
    const bool *is_high = place_signs(strip);
    for (int verdict = VERDICT_NO_HARM; verdict <= VERDICT_HARM; verdict++)
        for (size_t i = 0; i < strip->groups.n; i++) {
            const struct mark_group *g = &strip->groups.items[i];
            if (is_single(g) && (int)g->worst == verdict)
                layout_marks_sign(strip->sheet, g->worst, g->x0,
                                  is_high[i] ? sign_y(strip) : low_sign_y(strip));
        }
}

/* Where the next thing in the strip begins, right of x. */
static double room_right(const struct strip *strip, size_t i)
{
    const struct mark_groups *groups = &strip->groups;
    double end = strip->plot->box.x + strip->plot->box.w;
    if (i + 1 < groups->n) {
        const struct mark_group *next = &groups->items[i + 1];
        double sign = next->worst == VERDICT_PENDING ? 0.0 : layout_marks_sign_px(strip->sheet);
        end = fmin(end, next->x0 - sign);
    }
    for (size_t k = 0; k < strip->n_counts; k++)
        if (strip->counts[k].right > groups->items[i].x0)
            return fmin(end, strip->counts[k].left);
    return end;
}

/* As much of a label as says something; "": nothing does. */
static const char *fit_label(const struct sheet *sheet, const char *label, double room)
{
    const struct label_style *style = &sheet->look->text;
    if (room >= LABEL_PX_MIN || label_width(sheet->measure, style, label) <= room)
        return label_fit(sheet->measure, style, label, room, sheet->arena);
    const char *word = arena_strndup(sheet->arena, label, strcspn(label, " "));
    return label_width(sheet->measure, style, word) <= room ? word : "";
}

static void draw_labels(const struct strip *strip)
{
    const struct sheet *sheet = strip->sheet;
    const struct label_style *style = &sheet->look->text;
    for (size_t i = 0; i < strip->groups.n; i++) {
        const struct mark_group *g = &strip->groups.items[i];
        const struct mark *mark = &strip->marks->items[g->first];
        if (!is_single(g) || mark->label[0] == '\0')
            continue;
        double shift = g->worst != VERDICT_PENDING ? layout_marks_sign_px(sheet) + 3.0
                       : strip->marks->n_lanes     ? HEAD_PX
                                                   : 0.0; /* beside the head of an arrow */
        double room = room_right(strip, i) - g->x0 - shift - 6.0;
        const char *text = fit_label(sheet, mark->label, room);
        draw_list_text(
            sheet->list,
            (struct draw_text){
                .x = floor(g->x0 + shift), .y = strip->text_y, .size = style->size, .text = text},
            sheet->look->muted);
    }
}

/* ---- arrows ---- */

/* Its tip is at x, y. */
static void draw_head(const struct sheet *sheet, struct draw_point tip, bool points_down,
                      struct colour colour)
{
    double half = HEAD_PX / 2.0;
    struct draw_point *points = arena_array(sheet->arena, 3, struct draw_point);
    points[0] = tip;
    points[1] = points_down ? (struct draw_point){tip.x - half, tip.y - HEAD_PX}
                            : (struct draw_point){tip.x + HEAD_PX, tip.y - half};
    points[2] = points_down ? (struct draw_point){tip.x + half, tip.y - HEAD_PX}
                            : (struct draw_point){tip.x + HEAD_PX, tip.y + half};
    draw_list_fill(sheet->list, (struct draw_path){.points = points, .n_points = 3}, colour);
}

/* Where an arrow ends: above a sign or a count, else at the line itself. */
static double foot_at(const struct strip *strip, double x)
{
    for (size_t i = 0; i < strip->groups.n; i++) {
        const struct mark_group *g = &strip->groups.items[i];
        if (g->x0 <= x && x <= g->x1 && (!is_single(g) || g->worst != VERDICT_PENDING))
            return strip->plot->box.y - ceil(strip->sheet->look->text.size * 1.4);
    }
    return strip->plot->box.y - 1.0;
}

/* Up from the rollback, back over the labels, and down to what it undoes; out of the picture where
 * that is. */
static void draw_arrow(const struct strip *strip, const struct mark_group *g)
{
    const struct sheet *sheet = strip->sheet;
    const struct mark *mark = &strip->marks->items[g->first];
    const struct mark undone = {.at_ms = mark->undoes_ms};
    bool is_seen = mark->undoes_ms >= strip->plot->from_s * 1000;
    double to = is_seen ? layout_marks_column(strip->plot, &undone) : strip->plot->box.x;
    double row = strip->plot->box.y - ceil(sheet->look->text.size * 1.4);
    double lane = row - mark->lane * LANE_PX + 0.5, foot = foot_at(strip, to);
    if (g->x0 - to < ARROW_PX_MIN)
        return;
    struct draw_point *points = arena_array(sheet->arena, 4, struct draw_point);
    points[0] = (struct draw_point){g->x0, foot_at(strip, g->x0) + 1.0};
    points[1] = (struct draw_point){g->x0, lane};
    points[2] = (struct draw_point){to, lane};
    points[3] = (struct draw_point){to, foot};
    struct draw_path path = {.points = points, .n_points = is_seen ? 4 : 3, .width = 1.0};
    draw_list_stroke(sheet->list, path, sheet->look->rollback);
    draw_head(sheet, is_seen ? (struct draw_point){to, foot + 1.0} : points[2], is_seen,
              sheet->look->rollback);
}

void layout_strip_draw(const struct sheet *sheet, const struct plot *plot,
                       const struct marks *marks, double text_y)
{
    struct strip strip = {.sheet = sheet, .plot = plot, .marks = marks, .text_y = text_y};
    strip.groups = layout_marks_groups(plot, marks, sheet->arena);
    find_counts(&strip);
    draw_counts(&strip);
    draw_signs(&strip);
    if (isnan(text_y))
        return;
    draw_labels(&strip);
    for (size_t i = 0; i < strip.groups.n; i++)
        if (is_single(&strip.groups.items[i]) && marks->items[strip.groups.items[i].first].lane)
            draw_arrow(&strip, &strip.groups.items[i]);
}
