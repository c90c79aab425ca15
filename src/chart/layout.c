#include "chart/layout.h"

#include <math.h>

#include "base/mem.h"

enum {
    PASSES_MAX =
        3,        /* labels' width -> plot's width -> values -> labels: settles at once or nearly */
    LOW_PX = 200, /* lower pictures give dates up for names, and half of the plot */
    DIVISIONS_FEW = 4, /* so many there may be in a low plot, even if not each has a label */
};

/* The rows of a chart besides the plot, from the most to the least willing to go when a picture
 * is too small for all of them. */
enum row_kind { ROW_KEY = 0, ROW_STRIP, ROW_ERAS, ROW_LEGEND, ROW_TITLE, ROW_LABELS, ROW_KINDS };

/* Heights in pixels; 0: not shown. */
struct rows {
    double px[ROW_KINDS];
};

/* Text left of the plot and right of it, in pixels. */
struct sides {
    double left, right;
};

/* What a chart is made of, once read. */
struct content {
    const struct chart_input *input;
    const struct options *options;
    struct lines lines;
    struct marks marks;
    struct titles titles;
    struct graphite_plan plan; /* has_data false: not needed, or there is nothing to plan */
    struct sides sides;        /* what the y labels got; nothing in a picture too small for them */
};

static double vertical_room(const struct rows *rows, const struct options *o)
{
    double room = o->height - 2.0 * layout_margin(o);
    for (int i = 0; i < ROW_KINDS; i++)
        room -= rows->px[i];
    return room;
}

static double wanted_plot_px(const struct options *o)
{
    return fmin(o->height * 0.40, 160.0);
}

/* Gives up rows until the plot has its share of the picture. */
static void fit_rows(struct rows *rows, const struct options *o)
{
    for (int i = 0; i < ROW_KINDS && vertical_room(rows, o) < wanted_plot_px(o); i++)
        rows->px[i] = 0.0;
}

static bool shows_x(const struct options *o)
{
    return !o->hides_axes && !o->hides_x;
}

static bool shows_y(const struct options *o)
{
    return !o->hides_axes && !o->hides_y;
}

/* All rows but the legend and the key, at their full height. */
static struct rows measure_rows(const struct sheet *sheet, const struct content *c,
                                bool needs_strip)
{
    const struct options *o = c->options;
    double size = sheet->look->text.size;
    bool has_eras = shows_x(o) && !sheet->look->is_graphite && !o->x_format;
    struct rows rows = {0};
    if (c->titles.n > 0)
        rows.px[ROW_TITLE] = layout_titles_px(sheet, &c->titles);
    rows.px[ROW_STRIP] = needs_strip ? layout_strip_px(sheet, &c->marks) : 0.0;
    rows.px[ROW_LABELS] = shows_x(o) ? ceil(size * 1.6) : 0.0;
    rows.px[ROW_ERAS] = has_eras ? ceil(size * 1.35) : 0.0;
    return rows;
}

static double legend_gap_px(const struct sheet *sheet)
{
    return ceil(sheet->look->text.size * 0.7);
}

/* As many names as leave the plot, the title and the labels their place; the rest gives way. */
static void make_legend(const struct sheet *sheet, const struct content *c, struct legend *out)
{
    const struct options *o = c->options;
    struct rows rows = measure_rows(sheet, c, false);
    bool is_low = o->height < LOW_PX;
    double plot_px = is_low ? wanted_plot_px(o) : o->height * 0.5;
    if (is_low)
        rows.px[ROW_ERAS] = 0.0;
    double height = vertical_room(&rows, o) - plot_px - legend_gap_px(sheet);
    struct draw_box room = {layout_margin(o), 0.0, o->width - 2.0 * layout_margin(o), height};
    layout_legend_make(sheet, &c->lines, o, room, out);
}

/* The plot's rectangle; sides that leave no plot are given up. */
static struct draw_box place_plot(const struct sheet *sheet, const struct options *o,
                                  const struct rows *rows, struct sides *sides)
{
    double margin = layout_margin(o), w = o->width - 2.0 * margin;
    double titles =
        layout_titles_side_px(sheet, o->left_title) + layout_titles_side_px(sheet, o->right_title);
    if (w - sides->left - sides->right - titles < fmin(o->width * 0.3, 100.0))
        *sides = (struct sides){0};
    struct draw_box box = {
        .x = margin + sides->left + layout_titles_side_px(sheet, o->left_title),
        .y = margin + rows->px[ROW_TITLE] + rows->px[ROW_STRIP],
        .h = fmax(1.0, floor(vertical_room(rows, o))),
    };
    box.w = fmax(1.0, o->width - margin - sides->right -
                          layout_titles_side_px(sheet, o->right_title) - box.x);
    return box;
}

/* How many divisions look right at that height. Graphite always takes 4, 5 or 6. */
static size_t choose_divisors(const struct look *look, const struct options *o,
                              const struct plot *plot, unsigned *out)
{
    static const unsigned graphite[] = {4, 5, 6};
    const unsigned *from = o->n_divisors ? o->divisors : graphite;
    size_t n = o->n_divisors ? o->n_divisors : COUNT_OF(graphite);
    if (o->n_divisors || look->is_graphite) {
        for (size_t i = 0; i < n; i++)
            out[i] = from[i];
        return n;
    }
    double rows = plot->box.h / look->text.size;
    unsigned most = (unsigned)fmax(1.0, fmin(8.0, floor(rows / 2.2)));
    unsigned tight = (unsigned)fmax(1.0, fmin(DIVISIONS_FEW, floor(rows / 1.5)));
    most = most > tight ? most : tight;
    n = 0;
    unsigned least = most > 2 ? (most + 1) / 2 : 1;
    if (plot->has_right && least > 3)
        least = 3; /* two ranges rarely agree on a number: let there be more to choose from */
    for (unsigned k = least; k <= most; k++)
        out[n++] = k;
    return n;
}

/* Nobody asked for its limits or steps. */
static bool is_free(const struct scale_ask *ask)
{
    const struct option_axis *a = &ask->axis;
    return isnan(a->min) && isnan(a->max) && isnan(a->limit) && isnan(a->step) &&
           !a->ends_at_data && ask->log_base == 0.0;
}

/* The share of the axis that its data fills. */
static double filled(const struct scale_ask *ask, const struct scale *scale)
{
    double share = (ask->high - ask->low) / (scale->top - scale->bottom);
    return isnan(share) ? 0.0 : share;
}

/* Both axes with one number of divisions, so that the lines of the grid are round on both: that
 * number with which the data of either fills them best. */
static bool share_divisions(const struct scale_ask *left, const struct scale_ask *right,
                            struct plot *plot, struct err *err)
{
    double best = -1.0;
    for (size_t i = 0; i < left->n_divisors; i++) {
        struct scale_ask a = *left, b = *right;
        struct scale scale_a, scale_b;
        a.divisors = b.divisors = &left->divisors[i];
        a.n_divisors = b.n_divisors = 1;
        a.keeps_divisions = b.keeps_divisions = true;
        if (!scale_make(&a, &scale_a, err) || !scale_make(&b, &scale_b, err))
            return false;
        double worse = fmin(filled(left, &scale_a), filled(right, &scale_b));
        if (worse <= best)
            continue;
        best = worse;
        plot->left = scale_a;
        plot->right = scale_b;
    }
    return true;
}

/* Graphite's own axes. */
static void take_scales(const struct content *c, struct plot *plot)
{
    scale_of_graphite(&c->plan.left, c->options->log_base, &plot->left);
    plot->has_right = c->lines.has_right;
    if (plot->has_right)
        scale_of_graphite(&c->plan.right, c->options->log_base, &plot->right);
    if (plot->has_right && !c->lines.has_left)
        plot->left = plot->right;
}

static bool make_scales(const struct sheet *sheet, const struct content *c, struct plot *plot,
                        struct err *err)
{
    const struct options *o = c->options;
    unsigned divisors[OPTIONS_DIVISORS_MAX];
    struct line_range range = lines_range(&c->lines, false, o->log_base > 0.0);
    if (sheet->look->is_graphite && c->plan.has_data) {
        take_scales(c, plot);
        return true;
    }
    struct scale_ask ask = {
        .low = range.low,
        .high = range.high,
        .axis = options_axis(o, false, c->lines.has_right, true),
        .units = o->units,
        .log_base = o->log_base,
        .divisors = divisors,
        .from_zero = c->lines.has_areas && !sheet->look->is_graphite,
    };
    plot->has_right = c->lines.has_right;
    ask.n_divisors = choose_divisors(sheet->look, o, plot, divisors);
    if (!scale_make(&ask, &plot->left, err))
        return false;
    if (!plot->has_right)
        return true;

    struct scale_ask other = ask;
    range = lines_range(&c->lines, true, o->log_base > 0.0);
    other.low = range.low;
    other.high = range.high;
    other.axis = options_axis(o, true, true, true);
    bool can_share = c->lines.has_left && is_free(&ask) && is_free(&other);
    if (can_share && !sheet->look->is_graphite)
        return share_divisions(&ask, &other, plot, err);
    if (!scale_make(&other, &plot->right, err))
        return false;
    if (!c->lines.has_left)
        plot->left = plot->right; /* the grid is that of the only axis in use */
    return true;
}

static struct sides measure_sides(const struct sheet *sheet, const struct content *c,
                                  const struct plot *plot)
{
    const struct options *o = c->options;
    struct sides sides = {0};
    if (!shows_y(o))
        return sides;
    if (c->lines.has_left || !plot->has_right)
        sides.left = layout_axes_width(sheet, &plot->left);
    if (plot->has_right)
        sides.right = layout_axes_width(sheet, &plot->right);
    else if (o->y_side == SIDE_RIGHT)
        sides = (struct sides){0.0, sides.left};
    return sides;
}

/* Finds plot and scales: the width of the labels and the values in view depend on each other. */
static bool settle(const struct sheet *sheet, struct content *c, const struct rows *rows,
                   struct plot *plot, struct err *err)
{
    const struct options *o = c->options;
    double guess = shows_y(o) ? sheet->look->text.size * 3.0 : 0.0;
    struct sides sides = {guess, c->lines.has_right ? guess : 0.0};
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        struct sides used = sides;
        plot->box = place_plot(sheet, o, rows, &used);
        c->sides = used;
        double room = plot->box.w / fmax(o->x_step_min, 1.0 / 16.0);
        struct trace_ask ask = {
            .from_s = plot->from_s,
            .until_s = plot->until_s,
            .n_max = (size_t)fmax(1.0, room),
            .wants_band = !sheet->look->is_graphite && o->line_mode != LINE_STAIRCASE,
        };
        lines_trace(&c->lines, o, &ask, sheet->arena);
        if (!make_scales(sheet, c, plot, err))
            return false;
        sides = measure_sides(sheet, c, plot);
        if ((sides.left == used.left && sides.right == used.right) || used.left + used.right == 0.0)
            return true;
    }
    return true;
}

static void draw_data(const struct sheet *sheet, const struct content *c, const struct plot *plot)
{
    struct draw_box clip = plot->box;
    clip.y -= 1.0; /* lines at the very top and bottom keep their width */
    clip.h += 2.0;
    draw_list_clip(sheet->list, clip);
    layout_lines_areas(sheet, plot, &c->lines, c->options);
    layout_marks_spans(sheet, plot, &c->marks);
    layout_marks_lines(sheet, plot, &c->marks);
    layout_lines_strokes(sheet, plot, &c->lines, c->options);
    draw_list_clip_end(sheet->list);
}

static bool has_any_value(const struct content *c)
{
    for (size_t k = 0; k < c->lines.n; k++) {
        struct line_range range = {NAN, NAN};
        if (!c->lines.items[k].is_infinite)
            trace_widen(&c->lines.items[k].trace, false, &range.low, &range.high);
        if (!isnan(range.low))
            return true;
    }
    return c->marks.n > 0;
}

static void draw_axes(const struct sheet *sheet, const struct content *c, const struct plot *plot,
                      const struct rows *rows)
{
    const struct options *o = c->options;
    double size = sheet->look->text.size, bottom = plot->box.y + plot->box.h;
    struct axes_place place = {
        .labels_y = rows->px[ROW_LABELS] > 0.0 ? bottom + floor(size * 1.35) : NAN,
        .eras_y =
            rows->px[ROW_ERAS] > 0.0 ? bottom + rows->px[ROW_LABELS] + floor(size * 1.1) : NAN,
        .has_grid = !o->hides_grid && !o->hides_axes,
        .has_y = c->sides.left + c->sides.right > 0.0,
        .only_right = plot->has_right && !c->lines.has_left,
        .left_is_right = o->y_side == SIDE_RIGHT && !plot->has_right,
        .n_minor_y = o->n_minor_y,
    };
    struct time_axis_ask ask = {
        .from_s = plot->from_s,
        .until_s = plot->until_s,
        .tz = c->input->tz,
        .width_px = plot->box.w,
        .format = o->x_format,
        .is_graphite = sheet->look->is_graphite,
        .has_eras = !isnan(place.eras_y),
        .style = sheet->look->text,
    };
    struct time_axis times;
    time_axis_make(&ask, sheet->measure, sheet->arena, &times);
    layout_axes_grid(sheet, plot, &times, &place);
    draw_data(sheet, c, plot);
    layout_axes_labels(sheet, plot, &times, &place);
}

/* What there will be if no two marks are close together. */
static struct strip_needs guess_needs(const struct marks *marks)
{
    struct strip_needs needs = {.has_lines = marks->n > 0};
    for (size_t i = 0; i < marks->n; i++) {
        const struct mark *mark = &marks->items[i];
        needs.has_strip = needs.has_strip || mark->label[0] != '\0' ||
                          mark->verdict != VERDICT_PENDING || mark->lane > 0;
        needs.verdicts |= 1u << mark->verdict;
    }
    return needs;
}

/* The legends below the plot. */
struct legends {
    struct legend lines;
    struct key marks;
};

/* Charts without changes of the ledger have no key, and nor have those whose legend nobody wants. */
static void make_key(const struct sheet *sheet, const struct content *c, const struct plot *plot,
                     const struct strip_needs *shown, struct key *out)
{
    const struct options *o = c->options;
    const struct key_ask ask = {
        .is_wanted =
            o->hide_legend != SWITCH_ON && (c->input->n_changes > 0 || c->input->changes_note),
        .shown = *shown,
        .note = c->input->changes_note,
        .width_px = o->width - 2.0 * layout_margin(o) - sheet->look->text.size * 3.0,
        .from_s = plot->from_s,
        .until_s = plot->until_s,
    };
    layout_key_make(sheet, &c->marks, &ask, out);
}

static void measure_legends(const struct sheet *sheet, const struct legends *legends,
                            struct rows *rows)
{
    double gap = legend_gap_px(sheet);
    if (legends->lines.n_rows > 0)
        rows->px[ROW_LEGEND] = layout_legend_height(&legends->lines) + gap;
    if (legends->marks.n_rows > 0)
        rows->px[ROW_KEY] =
            layout_key_height(&legends->marks) + (legends->lines.n_rows > 0 ? 0.0 : gap);
}

static bool is_same(const struct strip_needs *a, const struct strip_needs *b)
{
    return a->has_strip == b->has_strip && a->has_crowd == b->has_crowd &&
           a->has_lines == b->has_lines && a->verdicts == b->verdicts;
}

/* Rows, plot and scales. Whether changes are folded into crowds, which need a strip for their counts and
 * other words in the key, is only known with the plot, which those make smaller. */
static bool arrange(const struct sheet *sheet, struct content *c, struct legends *legends,
                    struct rows *rows, struct plot *plot, struct err *err)
{
    bool is_bare = c->options->is_bare;
    struct strip_needs needs = guess_needs(&c->marks);
    for (int pass = 0; pass < 2; pass++) {
        *rows = measure_rows(sheet, c, needs.has_strip && !is_bare);
        make_key(sheet, c, plot, &needs, &legends->marks);
        measure_legends(sheet, legends, rows);
        fit_rows(rows, c->options);
        if (!settle(sheet, c, rows, plot, err))
            return false;
        struct strip_needs found = layout_strip_needs(sheet, plot, &c->marks);
        found.has_strip = found.has_strip || needs.has_strip;
        bool is_settled = is_bare || (legends->marks.n == 0 && needs.has_strip == found.has_strip);
        if (is_settled || is_same(&needs, &found))
            return true;
        needs = found;
    }
    return true;
}

/* Graphite's picture ends at the last value, not at the time that was asked for. */
static struct plot plot_times(const struct sheet *sheet, const struct content *c)
{
    const struct graphite_plan *plan = &c->plan;
    struct plot plot = {.from_s = c->input->from_s, .until_s = c->input->until_s};
    if (sheet->look->is_graphite && plan->has_data && plan->start_s < plan->end_s &&
        time_axis_check(plan->start_s, plan->end_s, NULL)) {
        plot.from_s = plan->start_s;
        plot.until_s = plan->end_s;
    }
    return plot;
}

/* The description of what is in the plot. */
static bool describe(const struct sheet *sheet, const struct content *c, struct draw_box plot,
                     struct err *err)
{
    struct svg_meta_ask ask = {
        .lines = &c->lines,
        .options = c->options,
        .look = sheet->look,
        .plan = &c->plan,
        .plot = plot,
    };
    return !c->input->is_described ||
           svg_meta_make(&ask, sheet->arena, &sheet->list->description, err);
}

static bool draw_chart(const struct sheet *sheet, struct content *c, struct err *err)
{
    const struct options *o = c->options;
    double margin = layout_margin(o), strip_y = NAN;
    struct plot plot = plot_times(sheet, c);
    struct legends legends;
    struct legend *legend = &legends.lines;
    struct rows rows;
    make_legend(sheet, c, legend);
    if (!arrange(sheet, c, &legends, &rows, &plot, err))
        return false;

    if (rows.px[ROW_STRIP] > 0.0)
        strip_y = plot.box.y - ceil(sheet->look->text.size * 0.4);
    draw_axes(sheet, c, &plot, &rows);
    layout_strip_draw(sheet, &plot, &c->marks, strip_y);
    if (rows.px[ROW_TITLE] > 0.0)
        layout_titles_draw(sheet, &c->titles, o, plot.box.x);
    layout_titles_draw_sides(sheet, o, plot.box);
    double x = fmin(plot.box.x, o->width - margin - legend->width_px);
    if (sheet->look->is_graphite && !o->left_title)
        x = margin + 10.0;
    double bottom = o->height - margin;
    if (rows.px[ROW_KEY] > 0.0) {
        bottom -= layout_key_height(&legends.marks);
        layout_key_draw(sheet, &legends.marks, sheet->look->is_graphite ? x : plot.box.x, bottom);
    }
    if (rows.px[ROW_LEGEND] > 0.0)
        layout_legend_draw(sheet, legend, x, bottom - layout_legend_height(legend));
    if (!has_any_value(c))
        layout_no_data(sheet, plot.box.x + plot.box.w / 2.0, plot.box.y + plot.box.h / 2.0);
    return describe(sheet, c, plot.box, err);
}

/* Graphite's own numbers, where they are drawn or told. Limits that make no sense to Graphite are
 * no reason to refuse a picture that is drawn by other rules. */
static bool make_plan(const struct sheet *sheet, struct content *c, struct err *err)
{
    struct graphite_plan_ask ask = {
        .series = c->input->series,
        .options = c->options,
        .measure = sheet->measure,
        .style = sheet->look->text,
        .line_width = sheet->look->line_width,
    };
    bool is_drawn = sheet->look->is_graphite;
    if (!is_drawn && !c->input->is_described)
        return true;
    return graphite_plan_make(&ask, sheet->arena, &c->plan, is_drawn ? err : NULL) || !is_drawn;
}

/* graphType=line */
static bool draw_lines(const struct sheet *sheet, struct content *c, struct err *err)
{
    const struct options *o = c->options;
    if (!make_plan(sheet, c, err))
        return false;
    marks_collect(c->input, &c->lines, sheet->arena, &c->marks);
    if (c->lines.n > 0 || c->marks.n > 0)
        return draw_chart(sheet, c, err);
    layout_titles_draw(sheet, &c->titles, o, layout_margin(o));
    layout_no_data(sheet, o->width / 2.0, o->height / 2.0);
    return true;
}

bool layout_make(const struct chart_input *input, const struct label_measure *measure,
                 struct arena *arena, struct draw_list **out, struct err *err)
{
    struct options options;
    if (!time_axis_check(input->from_s, input->until_s, err) ||
        !options_parse(input->params, input->n_params, arena, &options, err))
        return false;
    struct look look = look_make(&options, input->default_template);
    struct draw_list *list = draw_list_new(arena, options.width, options.height, look.background);
    list->font = look.text.font;
    list->title = label_clean(options.title, arena);
    list->description = input->is_described ? "{}" : NULL;

    struct sheet sheet = {list, &look, measure, arena};
    struct content content = {.input = input, .options = &options};
    if (!lines_make(input->series, &options, &look, arena, &content.lines, err))
        return false;
    content.titles = layout_titles_read(&sheet, &options);
    if (options.type == GRAPH_PIE)
        layout_pie(&sheet, &content.lines, &options, &content.titles);
    else if (!draw_lines(&sheet, &content, err))
        return false;
    *out = list;
    return true;
}
