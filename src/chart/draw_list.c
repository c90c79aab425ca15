#include "chart/draw_list.h"

#include <math.h>

#include "base/mem.h"

struct draw_list *draw_list_new(struct arena *arena, unsigned width, unsigned height,
                                struct colour background)
{
    struct draw_list *list = arena_zalloc(arena, sizeof *list);
    list->arena = arena;
    list->width = width;
    list->height = height;
    list->background = background;
    list->font.family = "DejaVu Sans";
    list->title = "";
    return list;
}

static struct draw_op *add(struct draw_list *list, enum draw_kind kind, struct colour colour)
{
    arena_grow(list->arena, &list->ops, &list->cap, list->n_ops + 1, sizeof *list->ops);
    struct draw_op *op = &list->ops[list->n_ops++];
    *op = (struct draw_op){.kind = kind, .colour = colour};
    return op;
}

void draw_list_box(struct draw_list *list, struct draw_box box, struct colour colour)
{
    if (box.w > 0.0 && box.h > 0.0 && colour.a > 0)
        add(list, DRAW_BOX, colour)->box = box;
}

static void add_path(struct draw_list *list, enum draw_kind kind, struct draw_path path,
                     struct colour colour)
{
    if (path.n_points > 0 && colour.a > 0)
        add(list, kind, colour)->path = path;
}

void draw_list_stroke(struct draw_list *list, struct draw_path path, struct colour colour)
{
    if (path.width > 0.0)
        add_path(list, DRAW_STROKE, path, colour);
}

void draw_list_fill(struct draw_list *list, struct draw_path path, struct colour colour)
{
    add_path(list, DRAW_FILL, path, colour);
}

void draw_list_dots(struct draw_list *list, struct draw_path path, struct colour colour)
{
    if (path.width > 0.0)
        add_path(list, DRAW_DOTS, path, colour);
}

void draw_list_text(struct draw_list *list, struct draw_text text, struct colour colour)
{
    if (text.text[0] != '\0' && text.size > 0.0 && colour.a > 0)
        add(list, DRAW_TEXT, colour)->text = text;
}

void draw_list_clip(struct draw_list *list, struct draw_box box)
{
    add(list, DRAW_CLIP, (struct colour){0})->box = box;
}

void draw_list_clip_end(struct draw_list *list)
{
    add(list, DRAW_CLIP_END, (struct colour){0});
}

void draw_list_line(struct draw_list *list, struct draw_line line, struct colour colour)
{
    struct draw_point *points = arena_array(list->arena, 2, struct draw_point);
    points[0] = line.from;
    points[1] = line.to;
    draw_list_stroke(list, (struct draw_path){points, 2, line.width, line.dash}, colour);
}

/* To a tenth, without a tail of zeros and without "-0". */
static void add_tenths(struct buf *out, double v)
{
    int64_t tenths = (int64_t)floor(v * 10.0 + 0.5);
    if (tenths < 0)
        buf_add_char(out, '-');
    uint64_t size = tenths < 0 ? (uint64_t)-tenths : (uint64_t)tenths;
    buf_add_i64(out, (int64_t)(size / 10));
    if (size % 10)
        buf_printf(out, ".%u", (unsigned)(size % 10));
}

static void add_numbers(struct buf *out, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_add_char(out, ' ');
        add_tenths(out, v[i]);
    }
}

static void add_colour(struct buf *out, struct colour c)
{
    buf_printf(out, " #%02x%02x%02x", c.r, c.g, c.b);
    if (c.a != 255)
        buf_printf(out, "%02x", c.a);
}

static void add_points(struct buf *out, const struct draw_path *path)
{
    bool is_new = true;
    for (size_t i = 0; i < path->n_points; i++) {
        if (isnan(path->points[i].x)) {
            is_new = true;
            continue;
        }
        buf_add_str(out, is_new ? " M" : " ");
        add_tenths(out, path->points[i].x);
        buf_add_char(out, ',');
        add_tenths(out, path->points[i].y);
        is_new = false;
    }
}

static void format_path(const char *word, const struct draw_op *op, struct buf *out)
{
    buf_add_str(out, word);
    add_colour(out, op->colour);
    if (op->kind != DRAW_FILL) {
        buf_add_str(out, " width");
        add_numbers(out, &op->path.width, 1);
    }
    if (op->path.dash > 0.0) {
        buf_add_str(out, " dash");
        add_numbers(out, &op->path.dash, 1);
    }
    add_points(out, &op->path);
}

static void format_text(const struct draw_op *op, struct buf *out)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    const struct draw_text *t = &op->text;
    buf_add_str(out, "text");
    add_colour(out, op->colour);
    add_numbers(out, (const double[]){t->x, t->y}, 2);
    buf_printf(out, " %s size", anchors[t->anchor]);
    add_numbers(out, &t->size, 1);
    if (t->is_bold)
        buf_add_str(out, " bold");
    if (t->turn)
        buf_printf(out, " turn %d", t->turn);
    if (t->tilt != 0.0)
        buf_printf(out, " tilt %d", (int)lround(t->tilt * 180.0 / M_PI));
    buf_printf(out, " \"%s\"", t->text);
}

static void format_op(const struct draw_op *op, struct buf *out)
{
    const double box[] = {op->box.x, op->box.y, op->box.w, op->box.h};
    switch (op->kind) {
    case DRAW_BOX:
        buf_add_str(out, "box");
        add_colour(out, op->colour);
        add_numbers(out, box, 4);
        break;
    case DRAW_STROKE:
        format_path("stroke", op, out);
        break;
    case DRAW_FILL:
        format_path("fill", op, out);
        break;
    case DRAW_DOTS:
        format_path("dots", op, out);
        break;
    case DRAW_TEXT:
        format_text(op, out);
        break;
    case DRAW_CLIP:
        buf_add_str(out, "clip");
        add_numbers(out, box, 4);
        break;
    case DRAW_CLIP_END:
        buf_add_str(out, "clip end");
        break;
    }
    buf_add_char(out, '\n');
}

void draw_list_format(const struct draw_list *list, struct buf *out)
{
    buf_printf(out, "chart %ux%u", list->width, list->height);
    add_colour(out, list->background);
    buf_printf(out, " font \"%s\"%s%s\n", list->font.family, list->font.is_bold ? " bold" : "",
               list->font.is_italic ? " italic" : "");
    for (size_t i = 0; i < list->n_ops; i++)
        format_op(&list->ops[i], out);
}
