#include <math.h>

#include "base/mem.h"
#include "chart/layout_marks.h"

enum { CORNERS_OF_CIRCLE = 16 };

double layout_marks_sign_px(const struct sheet *sheet)
{
    return fmax(3.0, floor(sheet->look->text.size * 0.4 + 0.5));
}

/* down: 1 points down, -1 up */
static struct draw_path triangle(struct arena *arena, double x, double y, double r, double down)
{
    struct draw_point *points = arena_array(arena, 3, struct draw_point);
    points[0] = (struct draw_point){x - r - 0.5, y - r * 0.8 * down};
    points[1] = (struct draw_point){x + r + 0.5, y - r * 0.8 * down};
    points[2] = (struct draw_point){x, y + r * down};
    return (struct draw_path){.points = points, .n_points = 3};
}

/* The last point is the first one again: a stroke closes. */
static struct draw_path ring(struct arena *arena, double x, double y, double r, size_t n_corners)
{
    struct draw_point *points = arena_array(arena, n_corners + 1, struct draw_point);
    for (size_t i = 0; i <= n_corners; i++) {
        double angle = 2.0 * M_PI * (double)(i % n_corners) / (double)n_corners;
        points[i] = (struct draw_point){x + r * sin(angle), y - r * cos(angle)};
    }
    return (struct draw_path){.points = points, .n_points = n_corners + 1, .width = 1.5};
}

/* Nothing behind it shines through. */
static void draw_hollow(const struct sheet *sheet, struct draw_path path)
{
    draw_list_fill(sheet->list, path, sheet->look->background);
    draw_list_stroke(sheet->list, path, sheet->look->muted);
}

void layout_marks_sign(const struct sheet *sheet, enum verdict_state verdict, double x, double y)
{
    const struct look *look = sheet->look;
    double r = layout_marks_sign_px(sheet);
    switch (verdict) {
    case VERDICT_HARM:
        draw_list_fill(sheet->list, triangle(sheet->arena, x, y, r, 1.0), look->failed);
        break;
    case VERDICT_IMPROVED:
        draw_list_fill(sheet->list, triangle(sheet->arena, x, y, r, -1.0), look->improved);
        break;
    case VERDICT_MOVED:
        draw_list_fill(sheet->list, ring(sheet->arena, x, y, r, 4), look->foreground);
        break;
    case VERDICT_CANNOT_TELL:
        draw_hollow(sheet, ring(sheet->arena, x, y, r, 4));
        break;
    case VERDICT_NO_HARM:
        draw_hollow(sheet, ring(sheet->arena, x, y, r - 1.0, CORNERS_OF_CIRCLE));
        break;
    case VERDICT_PENDING:
    case VERDICT_STATES:
        break;
    }
}
