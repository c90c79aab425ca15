/* What the files that draw marks share: which of them are drawn as one thing, and the signs of
 * verdicts. Pure, as layout.h. */
#pragma once

#include "chart/layout.h"

/* Marks [first, end) that are drawn as one thing: a line, several at one pixel, or a crowd. */
struct mark_group {
    size_t first, end;
    double x0, x1; /* columns of the first and the last */
    enum verdict_state worst;
    bool is_crowd;
    bool has_band; /* its extent is shaded; not where all of the plot is a crowd */
};

struct mark_groups {
    struct mark_group *items;
    size_t n, cap;
};

/* Those that begin in the plot's time, by time. */
struct mark_groups layout_marks_groups(const struct plot *plot, const struct marks *marks,
                                       struct arena *arena);
double layout_marks_column(const struct plot *plot, const struct mark *mark);
struct colour layout_marks_colour(const struct sheet *sheet, const struct mark *mark);

/* A rollback's, at the top of its line; and the ground of what took its time. */
void layout_marks_flag(const struct sheet *sheet, double x, double y, struct colour colour);
void layout_marks_shade(const struct sheet *sheet, struct draw_box box, struct colour colour);

/* layout_marks_sign.c: each verdict has a shape of its own, so that it can be told without colours. Pending
 * has none. x, y: its centre. */
void layout_marks_sign(const struct sheet *sheet, enum verdict_state verdict, double x, double y);
/* From its centre to its edge. */
double layout_marks_sign_px(const struct sheet *sheet);
