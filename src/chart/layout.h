/* From series and parameters to a draw list. Pure: no fonts, no clock, no pixels of its own; the
 * same input and the same measure give the same list, which is what golden tests compare. */
#pragma once

#include "chart/chart.h"
#include "chart/graphite_plan.h"
#include "chart/label.h"
#include "chart/lines.h"
#include "chart/look.h"
#include "chart/marks.h"
#include "chart/plot.h"
#include "chart/svg_meta.h"
#include "chart/time_axis.h"

/* chart_layout with a given measure; same errors. */
MUST_CHECK bool layout_make(const struct chart_input *input, const struct label_measure *measure,
                            struct arena *arena, struct draw_list **out, struct err *err);

/* What every part draws with. */
struct sheet {
    struct draw_list *list;
    const struct look *look;
    const struct label_measure *measure;
    struct arena *arena;
};

/* layout_titles.c: what stands above and beside, and what stands instead. */
enum { TITLE_LINES_MAX = 4 };
struct titles {
    const char *lines[TITLE_LINES_MAX];
    size_t n;
};
/* Around everything; less than asked for in small pictures. */
double layout_margin(const struct options *options);
struct titles layout_titles_read(const struct sheet *sheet, const struct options *options);
double layout_titles_px(const struct sheet *sheet, const struct titles *titles);
void layout_titles_draw(const struct sheet *sheet, const struct titles *titles,
                        const struct options *options, double plot_x);
/* vtitle: the width it takes; both of them beside the plot. */
double layout_titles_side_px(const struct sheet *sheet, const char *title);
void layout_titles_draw_sides(const struct sheet *sheet, const struct options *options,
                              struct draw_box plot);
/* "No Data" around a point. */
void layout_no_data(const struct sheet *sheet, double x, double y);

/* layout_axes.c: grid behind the data; labels around it. */
struct axes_place {
    double labels_y; /* base line of the x labels; NaN: not shown */
    double eras_y;   /* base line of the second row; NaN: not shown */
    bool has_grid, has_y;
    bool only_right;    /* all data hangs on the second axis: the first has no labels */
    bool left_is_right; /* yAxisSide=right: the only axis stands right */
    unsigned n_minor_y;
};
void layout_axes_grid(const struct sheet *sheet, const struct plot *plot,
                      const struct time_axis *times, const struct axes_place *place);
void layout_axes_labels(const struct sheet *sheet, const struct plot *plot,
                        const struct time_axis *times, const struct axes_place *place);
/* The widest label of a scale. */
double layout_axes_width(const struct sheet *sheet, const struct scale *scale);

/* layout_lines.c: areas first, then what lies above the change lines. */
void layout_lines_areas(const struct sheet *sheet, const struct plot *plot,
                        const struct lines *lines, const struct options *options);
void layout_lines_strokes(const struct sheet *sheet, const struct plot *plot,
                          const struct lines *lines, const struct options *options);

/* layout_marks.c: change lines and spans in the plot. */
void layout_marks_spans(const struct sheet *sheet, const struct plot *plot,
                        const struct marks *marks);
void layout_marks_lines(const struct sheet *sheet, const struct plot *plot,
                        const struct marks *marks);

/* layout_strip.c: signs, labels, counts and arrows above the plot. */
struct strip_needs {
    bool has_strip;    /* there is something to write into one */
    bool has_crowd;    /* marks that are folded into ticks */
    bool has_lines;    /* and marks that are not */
    unsigned verdicts; /* 1 << state of each whose sign is shown */
};
struct strip_needs layout_strip_needs(const struct sheet *sheet, const struct plot *plot,
                                      const struct marks *marks);
double layout_strip_px(const struct sheet *sheet, const struct marks *marks);
/* text_y: base line of the strip; NaN: there is no room for one, and signs are in the plot. */
void layout_strip_draw(const struct sheet *sheet, const struct plot *plot,
                       const struct marks *marks, double text_y);

/* layout_legend.c */
struct legend_entry {
    const char *text;
    const struct line *line;
    double x; /* from the left edge of the legend */
};
struct legend {
    struct legend_entry *entries; /* row by row */
    size_t n_entries;             /* that are shown */
    size_t n_left_out;
    size_t n_columns, n_rows;
    double width_px, row_px;
};
/* Entries for a width, in at most height_max pixels; none if the options say so. */
void layout_legend_make(const struct sheet *sheet, const struct lines *lines,
                        const struct options *options, struct draw_box room, struct legend *out);
double layout_legend_height(const struct legend *legend);
void layout_legend_draw(const struct sheet *sheet, const struct legend *legend, double x, double y);

/* layout_key.c: the legend of the marks. */
enum key_sign {
    KEY_NOTE = 1, /* words without a sign */
    KEY_HARM = 2,
    KEY_IMPROVED = 4,
    KEY_MOVED = 8,
    KEY_CANNOT = 16,
    KEY_NO_HARM = 32,
    KEY_FAILED = 64,
    KEY_ROLLBACK = 128,
    KEY_CHANGE = 256,
    KEY_SPAN = 512,
    KEY_CROWD = 1024,
};
struct key_entry {
    enum key_sign sign;
    const char *text;
    double x; /* from the left edge of the key */
    size_t row;
};
enum { KEY_ENTRIES_MAX = 11 };
struct key {
    struct key_entry entries[KEY_ENTRIES_MAX];
    size_t n, n_rows;
    double row_px;
};
struct key_ask {
    bool is_wanted;
    struct strip_needs shown;
    const char *note; /* NULL: none */
    double width_px;  /* room, and nearly the plot's width */
    int64_t from_s, until_s;
};
void layout_key_make(const struct sheet *sheet, const struct marks *marks,
                     const struct key_ask *ask, struct key *out);
double layout_key_height(const struct key *key);
void layout_key_draw(const struct sheet *sheet, const struct key *key, double x, double y);

/* layout_pie.c: the whole picture of graphType=pie, one slice a line; names and looks of the lines
 * are changed to what the legend is to show. */
void layout_pie(const struct sheet *sheet, const struct lines *lines, const struct options *options,
                const struct titles *titles);
