/* Graphite's graph parameters, read and checked. Nothing here knows about series or pixels. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "chart/chart.h"
#include "chart/colour.h"

enum {
    OPTIONS_SIDE_MAX = 10000,   /* pixels; a picture of 10,000 x 10,000 is a poster already */
    OPTIONS_DIVISORS_MAX = 16,  /* entries of yDivisors */
    OPTIONS_COLOURS_MAX = 1000, /* entries of colorList */
    OPTIONS_MINOR_MAX = 20,     /* minor lines between two labels */
    OPTIONS_TEXT_MAX = 100000,  /* bytes of one value; titles are cut to the picture anyway */
};

enum line_mode { LINE_SLOPE = 0, LINE_STAIRCASE, LINE_CONNECTED };
enum area_mode { AREA_NONE = 0, AREA_FIRST, AREA_ALL, AREA_STACKED };
enum unit_system { UNITS_SI = 0, UNITS_BINARY, UNITS_NONE, UNITS_SEC, UNITS_MSEC };
enum option_switch { SWITCH_AUTO = 0, SWITCH_OFF, SWITCH_ON };
enum axis_side { SIDE_LEFT = 0, SIDE_RIGHT };
enum graph_type { GRAPH_LINE = 0, GRAPH_PIE };
enum pie_mode { PIE_AVERAGE = 0, PIE_MAXIMUM, PIE_MINIMUM };
enum pie_labels { PIE_LABELS_PERCENT = 0, PIE_LABELS_NUMBER, PIE_LABELS_NONE };
enum pie_turn { PIE_TURN_HORIZONTAL = 0, PIE_TURN_ROTATED };

/* What was asked of one y axis; NaN: nothing. */
struct option_axis {
    double min, max, limit, step;
    bool ends_at_data; /* yMax=max: the top is the largest value, not a round number */
};

/* What was asked of all lines that hang on one axis of two (leftWidth, ...). */
struct option_side {
    double width; /* NaN: not asked */
    double dash;  /* NaN: not asked; 0: solid */
    struct colour colour;
    const char *colour_text; /* as typed; NULL: not asked */
};

struct option_colour {
    struct colour value;
    bool is_set;
};

/* Strings are lent from the parameters; NULL: not given. */
struct options {
    unsigned width, height;
    double margin;

    const char *template_name;
    struct option_colour background, foreground, grid_major, grid_minor;
    const struct colour *colours;    /* colorList; NULL: the template's */
    const char *const *colour_texts; /* as typed */
    size_t n_colours;

    const char *font_name;
    double font_size; /* NaN: by the size of the picture */
    bool font_is_bold, font_is_italic;

    const char *title, *left_title, *right_title;
    enum option_switch hide_legend;
    bool legend_is_unique, legend_hides_empty;
    bool hides_grid, hides_axes, hides_x, hides_y, is_bare; /* is_bare: graphOnly */

    enum line_mode line_mode;
    enum area_mode area_mode;
    double connected_limit; /* points; infinity: any gap is bridged */
    double line_width;      /* NaN: the template's */
    double area_alpha;      /* NaN: the template's */
    bool gaps_are_zero;
    double x_step_min; /* pixels between two points */
    const char *x_format;

    struct option_axis only, left, right; /* only: yMin, yMax, ...; see options_axis */
    struct option_side left_side, right_side;
    enum axis_side y_side;
    enum unit_system units;
    double log_base; /* 0: linear */
    unsigned divisors[OPTIONS_DIVISORS_MAX];
    size_t n_divisors; /* 0: ours to choose */
    unsigned n_minor_y;

    enum graph_type type;
    enum pie_mode pie_mode;
    enum pie_labels pie_labels;
    enum pie_turn pie_turn;
    double pie_labels_min; /* smaller values (or percents) have no label on their slice */
    struct option_colour pie_labels_colour;
};

/* Reads n parameters; of a key given twice the last counts; unknown keys, empty values and the
 * value "default" are ignored. Memory: arena. err  ERR_INPUT naming the parameter, ERR_LIMIT for
 * too long a text or a list */
MUST_CHECK bool options_parse(const struct chart_param *params, size_t n, struct arena *arena,
                              struct options *out, struct err *err);

/* What was asked of one axis. Graphite takes yMin, yMax, yLimit and yStep for an only axis, and
 * yMinLeft, yMinRight and so on when there are two; is_lenient: a left axis takes either. */
struct option_axis options_axis(const struct options *options, bool on_right, bool has_two,
                                bool is_lenient);
