/* What a chart looks like, as a list of things to draw, in order: the seam between layout (pure
 * numbers and text) and the backends. Pixels, origin at the top left, y grows downwards. A line
 * that is to look crisp lies on pixel centres (.5). Everything lives in the arena of
 * draw_list_new. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "chart/colour.h"

struct draw_point {
    double x, y; /* x NaN: the pen is lifted; the next point begins anew */
};

struct draw_box {
    double x, y, w, h;
};

struct draw_path {
    const struct draw_point *points;
    size_t n_points;
    double width; /* of a stroke; the diameter of dots */
    double dash;  /* on and off in turn; 0: solid */
};

enum draw_anchor { ANCHOR_START = 0, ANCHOR_MIDDLE, ANCHOR_END };

struct draw_text {
    double x, y; /* y is the base line; x is where the anchor says; turned texts likewise */
    double size;
    const char *text; /* clean UTF-8, one line */
    enum draw_anchor anchor;
    bool is_bold;
    int turn;    /* quarter turns clockwise: 0, 1, or -1 (reads upwards) */
    double tilt; /* radians clockwise, besides turn */
};

enum draw_kind {
    DRAW_BOX = 0, /* box, filled */
    DRAW_STROKE,  /* path, as lines */
    DRAW_FILL,    /* path, each part closed and filled */
    DRAW_DOTS,    /* path, a round dot at each point */
    DRAW_TEXT,
    DRAW_CLIP, /* to box, until DRAW_CLIP_END; never nested */
    DRAW_CLIP_END,
};

struct draw_op {
    enum draw_kind kind;
    struct colour colour;
    union {
        struct draw_box box;
        struct draw_path path;
        struct draw_text text;
    };
};

/* One font for all texts of a chart. */
struct draw_font {
    const char *family;
    bool is_bold, is_italic;
};

struct draw_list {
    unsigned width, height;
    struct colour background;
    struct draw_font font;
    const char *title;       /* for SVG's <title>; "" when there is none */
    const char *description; /* JSON for SVG's <script>; NULL: none */
    struct draw_op *ops;
    size_t n_ops, cap;
    struct arena *arena;
};

MUST_CHECK struct draw_list *draw_list_new(struct arena *arena, unsigned width, unsigned height,
                                           struct colour background);

/* Each appends one thing; what has nothing to show (no points, no size, alpha 0) is left out.
 * Points and text are borrowed for as long as the list. */
void draw_list_box(struct draw_list *list, struct draw_box box, struct colour colour);
void draw_list_stroke(struct draw_list *list, struct draw_path path, struct colour colour);
void draw_list_fill(struct draw_list *list, struct draw_path path, struct colour colour);
void draw_list_dots(struct draw_list *list, struct draw_path path, struct colour colour);
void draw_list_text(struct draw_list *list, struct draw_text text, struct colour colour);
void draw_list_clip(struct draw_list *list, struct draw_box box);
void draw_list_clip_end(struct draw_list *list);

/* One straight line. */
struct draw_line {
    struct draw_point from, to;
    double width, dash;
};
void draw_list_line(struct draw_list *list, struct draw_line line, struct colour colour);

/* The list as text, one thing a line, numbers to a tenth: what golden tests compare. */
void draw_list_format(const struct draw_list *list, struct buf *out);
