#include "chart/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"

enum {
    SHOWN_MAX = 60, /* bytes of a wrong value that a message repeats */
    USUAL_DASH = 5, /* pixels, as dashed() without an argument */
};

/* One parameter being read. */
struct reading {
    const char *key, *value;
    struct arena *arena;
    void *field; /* where it goes, inside struct options */
};

static bool wrong(const struct reading *r, const char *wanted, struct err *err)
{
    size_t n = strnlen(r->value, SHOWN_MAX + 1);
    return FAIL(err, ERR_INPUT, "%s=%.*s%s: %s", r->key, (int)min_size(n, SHOWN_MAX), r->value,
                n > SHOWN_MAX ? "..." : "", wanted);
}

static bool is_word(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(value, *words) == 0)
            return true;
    return false;
}

static bool read_bool(const struct reading *r, struct err *err)
{
    static const char *const yes[] = {"true", "1", "yes", "on", NULL};
    static const char *const no[] = {"false", "0", "no", "off", "none", NULL};
    bool is_yes = is_word(r->value, yes);
    if (!is_yes && !is_word(r->value, no))
        return wrong(r, "not true or false", err);
    *(bool *)r->field = is_yes;
    return true;
}

static bool read_switch(const struct reading *r, struct err *err)
{
    bool is_on = false;
    struct reading flag = *r;
    flag.field = &is_on;
    if (!read_bool(&flag, err))
        return false;
    *(enum option_switch *)r->field = is_on ? SWITCH_ON : SWITCH_OFF;
    return true;
}

static bool read_text(const struct reading *r, struct err *err)
{
    if (strlen(r->value) > OPTIONS_TEXT_MAX)
        return FAIL(err, ERR_LIMIT, "%s: longer than %d bytes", r->key, OPTIONS_TEXT_MAX);
    *(const char **)r->field = r->value;
    return true;
}

static bool read_colour(const struct reading *r, struct err *err)
{
    struct option_colour *out = r->field;
    if (!colour_parse(r->value, &out->value))
        return wrong(r, "not a colour (a name, #rgb, rrggbb or rrggbbaa)", err);
    out->is_set = true;
    return true;
}

/* A finite number. */
static bool read_number(const struct reading *r, struct err *err)
{
    double v;
    if (!num_parse_f64(r->value, strlen(r->value), &v) || !isfinite(v))
        return wrong(r, "not a number", err);
    *(double *)r->field = v;
    return true;
}

static bool read_side(const struct reading *r, struct err *err)
{
    double v = 0.0;
    struct reading number = *r;
    number.field = &v;
    if (!read_number(&number, err))
        return false;
    if (!(v >= 1.0 && v < OPTIONS_SIDE_MAX + 1.0))
        return FAIL(err, ERR_INPUT, "%s=%.*s: must be 1 to %d pixels", r->key, SHOWN_MAX, r->value,
                    OPTIONS_SIDE_MAX);
    *(unsigned *)r->field = (unsigned)v;
    return true;
}

/* A number that must not be negative, up to 10,000. */
static bool read_size(const struct reading *r, struct err *err)
{
    double v = 0.0;
    struct reading number = *r;
    number.field = &v;
    if (!read_number(&number, err))
        return false;
    if (v < 0.0)
        return wrong(r, "must not be negative", err);
    if (v > OPTIONS_SIDE_MAX)
        return FAIL(err, ERR_INPUT, "%s=%.*s: more than %d", r->key, SHOWN_MAX, r->value,
                    OPTIONS_SIDE_MAX);
    *(double *)r->field = v;
    return true;
}

/* Dashes: a length, or true for the usual one. */
static bool read_dash(const struct reading *r, struct err *err)
{
    bool is_on = false;
    struct reading flag = *r;
    flag.field = &is_on;
    if (!read_bool(&flag, NULL) || strcmp(r->value, "1") == 0)
        return read_size(r, err);
    *(double *)r->field = is_on ? USUAL_DASH : 0.0;
    return true;
}

/* As Graphite: a negative margin means the usual one. */
static bool read_margin(const struct reading *r, struct err *err)
{
    double usual = *(double *)r->field;
    if (!read_number(r, err))
        return false;
    double *margin = r->field;
    if (*margin < 0.0)
        *margin = usual;
    *margin = fmin(*margin, OPTIONS_SIDE_MAX);
    return true;
}

static bool read_font_size(const struct reading *r, struct err *err)
{
    if (!read_size(r, err))
        return false;
    double v = *(double *)r->field;
    if (v < 1.0 || v > 500.0)
        return FAIL(err, ERR_INPUT, "%s=%.*s: must be 1 to 500", r->key, SHOWN_MAX, r->value);
    return true;
}

static bool read_positive(const struct reading *r, struct err *err)
{
    if (!read_number(r, err))
        return false;
    if (!(*(double *)r->field > 0.0))
        return wrong(r, "must be more than 0", err);
    return true;
}

static bool read_limit(const struct reading *r, struct err *err)
{
    double v;
    if (!num_parse_f64(r->value, strlen(r->value), &v) || isnan(v) || v < 0.0)
        return wrong(r, "not a number of points", err);
    *(double *)r->field = v;
    return true;
}

static bool read_share(const struct reading *r, struct err *err)
{
    if (!read_number(r, err))
        return false;
    double v = *(double *)r->field;
    if (v < 0.0 || v > 1.0)
        return wrong(r, "must be 0 to 1", err);
    return true;
}

/* The largest value of an axis: a number, or "max" for the data's own. */
static bool read_top(const struct reading *r, struct err *err)
{
    struct option_axis *axis = r->field;
    if (strcasecmp(r->value, "max") == 0) {
        axis->ends_at_data = true;
        return true;
    }
    struct reading number = *r;
    number.field = &axis->max;
    axis->ends_at_data = false;
    return read_number(&number, err);
}

static bool read_log_base(const struct reading *r, struct err *err)
{
    double v = M_E;
    if (strcasecmp(r->value, "e") != 0 && !num_parse_f64(r->value, strlen(r->value), &v))
        return wrong(r, "not a number or e", err);
    if (!isfinite(v) || v <= 0.0 || v == 1.0)
        return wrong(r, "must be more than 1", err);
    *(double *)r->field = v > 1.0 ? v : 0.0; /* below 1 Graphite draws a linear axis */
    return true;
}

static bool read_minor(const struct reading *r, struct err *err)
{
    int64_t v;
    if (!num_parse_i64(r->value, strlen(r->value), &v))
        return wrong(r, "not a whole number", err);
    *(unsigned *)r->field = (unsigned)min_i64(max_i64(v, 0), OPTIONS_MINOR_MAX);
    return true;
}

static bool read_divisors(const struct reading *r, struct err *err)
{
    struct options *out = r->field;
    struct str rest = str_of(r->value), piece;
    size_t n = 0;
    while (str_split(&rest, ',', &piece)) {
        int64_t v;
        piece = str_trim(piece);
        if (!num_parse_i64(piece.at, piece.n, &v) || v < 1 || v > 1000)
            return wrong(r, "not whole numbers of 1 to 1,000", err);
        if (n == OPTIONS_DIVISORS_MAX)
            return FAIL(err, ERR_LIMIT, "%s: more than %d numbers", r->key, OPTIONS_DIVISORS_MAX);
        out->divisors[n++] = (unsigned)v;
    }
    out->n_divisors = n;
    return true;
}

static bool read_colours(const struct reading *r, struct err *err)
{
    struct options *out = r->field;
    struct colour *colours = NULL;
    const char **texts = NULL;
    size_t n = 0, cap = 0, texts_cap = 0;
    struct str rest = str_of(r->value), piece;
    while (str_split(&rest, ',', &piece)) {
        piece = str_trim(piece);
        if (n == OPTIONS_COLOURS_MAX)
            return FAIL(err, ERR_LIMIT, "%s: more than %d colours", r->key, OPTIONS_COLOURS_MAX);
        arena_grow(r->arena, &colours, &cap, n + 1, sizeof *colours);
        arena_grow(r->arena, &texts, &texts_cap, n + 1, sizeof *texts);
        texts[n] = arena_strndup(r->arena, piece.at, piece.n);
        if (!colour_parse(texts[n], &colours[n]))
            return wrong(r, "not a list of colours", err);
        n++;
    }
    out->colours = colours;
    out->colour_texts = texts;
    out->n_colours = n;
    return true;
}

/* The words of a parameter that chooses; the index is the value of its enum. */
static bool read_choice(const struct reading *r, const char *const *words, struct err *err)
{
    for (unsigned i = 0; words[i]; i++) {
        if (strcasecmp(words[i], r->value) != 0)
            continue;
        memcpy(r->field, &i, sizeof i); /* every enum here is an unsigned int */
        return true;
    }
    size_t n = 0;
    while (words[n])
        n++;
    const char *nearest = text_nearest(r->value, words, n);
    char known[160] = "is none of";
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(known);
        const char *between = i == 0 ? "" : i + 1 < n ? "," : " and";
        snprintf(known + at, sizeof known - at, "%s %s", between, words[i]);
    }
    bool failed = wrong(r, known, err);
    if (err && nearest)
        err_hint(err, "did you mean %s=%s?", r->key, nearest);
    return failed;
}

static bool read_line_mode(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"slope", "staircase", "connected", NULL};
    return read_choice(r, words, err);
}

static bool read_area_mode(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"none", "first", "all", "stacked", NULL};
    return read_choice(r, words, err);
}

static bool read_units(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"si", "binary", "none", "sec", "msec", NULL};
    return read_choice(r, words, err);
}

static bool read_y_side(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"left", "right", NULL};
    return read_choice(r, words, err);
}

static bool read_type(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"line", "pie", NULL};
    return read_choice(r, words, err);
}

static bool read_pie_mode(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"average", "maximum", "minimum", NULL};
    return read_choice(r, words, err);
}

static bool read_pie_labels(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"percent", "number", "none", NULL};
    return read_choice(r, words, err);
}

static bool read_pie_turn(const struct reading *r, struct err *err)
{
    static const char *const words[] = {"horizontal", "rotated", NULL};
    return read_choice(r, words, err);
}

static bool read_lines_colour(const struct reading *r, struct err *err)
{
    struct option_side *side = r->field;
    if (!colour_parse(r->value, &side->colour))
        return wrong(r, "not a colour (a name, #rgb, rrggbb or rrggbbaa)", err);
    side->colour_text = r->value;
    return true;
}

#define AT(field) offsetof(struct options, field)

/* Later rows of one field win over earlier ones, so the old spellings (min, thickness) stand before
 * the new: Graphite too looks at an old one only when the new one is absent. */
static const struct {
    const char *key;
    bool (*read)(const struct reading *r, struct err *err);
    size_t field;
} known[] = {
    {"areaAlpha", read_share, AT(area_alpha)},
    {"areaMode", read_area_mode, AT(area_mode)},
    {"bgcolor", read_colour, AT(background)},
    {"colorList", read_colours, 0},
    {"connectedLimit", read_limit, AT(connected_limit)},
    {"drawNullAsZero", read_bool, AT(gaps_are_zero)},
    {"fgcolor", read_colour, AT(foreground)},
    {"fontBold", read_bool, AT(font_is_bold)},
    {"fontItalic", read_bool, AT(font_is_italic)},
    {"fontName", read_text, AT(font_name)},
    {"fontSize", read_font_size, AT(font_size)},
    {"graphType", read_type, AT(type)},
    {"graphOnly", read_bool, AT(is_bare)},
    {"height", read_side, AT(height)},
    {"hideAxes", read_bool, AT(hides_axes)},
    {"hideGrid", read_bool, AT(hides_grid)},
    {"hideLegend", read_switch, AT(hide_legend)},
    {"hideNullFromLegend", read_bool, AT(legend_hides_empty)},
    {"hideXAxis", read_bool, AT(hides_x)},
    {"hideYAxis", read_bool, AT(hides_y)},
    {"leftColor", read_lines_colour, AT(left_side)},
    {"leftDashed", read_dash, AT(left_side.dash)},
    {"leftWidth", read_size, AT(left_side.width)},
    {"lineMode", read_line_mode, AT(line_mode)},
    {"thickness", read_size, AT(line_width)},
    {"lineWidth", read_size, AT(line_width)},
    {"logBase", read_log_base, AT(log_base)},
    {"majorGridLineColor", read_colour, AT(grid_major)},
    {"margin", read_margin, AT(margin)},
    {"minXStep", read_size, AT(x_step_min)},
    {"minorGridLineColor", read_colour, AT(grid_minor)},
    {"minorY", read_minor, AT(n_minor_y)},
    {"pieLabels", read_pie_turn, AT(pie_turn)},
    {"pieMode", read_pie_mode, AT(pie_mode)},
    {"rightColor", read_lines_colour, AT(right_side)},
    {"rightDashed", read_dash, AT(right_side.dash)},
    {"rightWidth", read_size, AT(right_side.width)},
    {"template", read_text, AT(template_name)},
    {"title", read_text, AT(title)},
    {"uniqueLegend", read_bool, AT(legend_is_unique)},
    {"valueLabels", read_pie_labels, AT(pie_labels)},
    {"valueLabelsColor", read_colour, AT(pie_labels_colour)},
    {"valueLabelsMin", read_number, AT(pie_labels_min)},
    {"vtitle", read_text, AT(left_title)},
    {"vtitleRight", read_text, AT(right_title)},
    {"width", read_side, AT(width)},
    {"xFormat", read_text, AT(x_format)},
    {"yAxisSide", read_y_side, AT(y_side)},
    {"yDivisors", read_divisors, 0},
    {"yLimit", read_number, AT(only.limit)},
    {"yLimitLeft", read_number, AT(left.limit)},
    {"yLimitRight", read_number, AT(right.limit)},
    {"max", read_top, AT(only)},
    {"yMax", read_top, AT(only)},
    {"yMaxLeft", read_top, AT(left)},
    {"yMaxRight", read_top, AT(right)},
    {"min", read_number, AT(only.min)},
    {"yMin", read_number, AT(only.min)},
    {"yMinLeft", read_number, AT(left.min)},
    {"yMinRight", read_number, AT(right.min)},
    {"yStep", read_positive, AT(only.step)},
    {"yStepLeft", read_positive, AT(left.step)},
    {"yStepRight", read_positive, AT(right.step)},
    {"yUnitSystem", read_units, AT(units)},
};

/* The value that counts for key, or NULL. */
static const char *value_of(const struct chart_param *params, size_t n, const char *key)
{
    for (size_t i = n; i-- > 0;) {
        if (strcmp(params[i].key, key) != 0)
            continue;
        bool is_empty = params[i].value[0] == '\0' || strcasecmp(params[i].value, "default") == 0;
        return is_empty ? NULL : params[i].value;
    }
    return NULL;
}

static struct options usual(void)
{
    const struct option_axis axis = {NAN, NAN, NAN, NAN, false};
    const struct option_side side = {.width = NAN, .dash = NAN};
    return (struct options){
        .width = 330,
        .height = 250,
        .margin = 10.0,
        .font_size = NAN,
        .line_width = NAN,
        .area_alpha = NAN,
        .connected_limit = INFINITY,
        .x_step_min = 1.0,
        .only = axis,
        .left = axis,
        .right = axis,
        .left_side = side,
        .right_side = side,
        .n_minor_y = 1,
        .pie_labels_min = 5.0,
    };
}

/* graphOnly: the lines and nothing else. */
static void strip(struct options *o)
{
    o->hide_legend = SWITCH_ON;
    o->hides_grid = o->hides_axes = true;
    o->title = o->left_title = o->right_title = NULL;
    o->margin = 0.0;
}

bool options_parse(const struct chart_param *params, size_t n, struct arena *arena,
                   struct options *out, struct err *err)
{
    struct options o = usual();
    for (size_t k = 0; k < COUNT_OF(known); k++) {
        struct reading r = {.key = known[k].key, .arena = arena};
        r.value = value_of(params, n, r.key);
        if (!r.value)
            continue;
        r.field = (char *)&o + known[k].field;
        if (!known[k].read(&r, err))
            return false;
    }
    if (o.is_bare)
        strip(&o);
    *out = o;
    return true;
}

static double first_of(double a, double b)
{
    return isnan(a) ? b : a;
}

struct option_axis options_axis(const struct options *o, bool on_right, bool has_two,
                                bool is_lenient)
{
    struct option_axis a = !has_two ? o->only : on_right ? o->right : o->left;
    if (on_right || !is_lenient)
        return a;
    struct option_axis b = has_two ? o->only : o->left;
    if (isnan(a.max) && !a.ends_at_data) {
        a.max = b.max;
        a.ends_at_data = b.ends_at_data;
    }
    a.min = first_of(a.min, b.min);
    a.limit = first_of(a.limit, b.limit);
    a.step = first_of(a.step, b.step);
    return a;
}
