#include "chart/lines.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* How opaque areas are that nobody gave an alpha. */
#define AREA_SHARE  0.22
#define CROWD_SHARE 0.12 /* where more than two lie over each other */
#define STACK_SHARE 0.85
#define BAND_SHARE  0.28 /* between two bounds: the first of the stack is invisible */

/* With more lines than this, bands would hide more than they show. */
enum { BAND_LINES_MAX = 20 };

/* What palettes have left to give. */
struct colours {
    const struct look *look;
    size_t n_used;
    struct arena *arena;
};

static bool choose_colour(struct line *line, const struct option_side *side,
                          struct colours *colours, struct err *err)
{
    const struct series_style *style = &line->series->style;
    if (side->colour_text) {
        line->colour = side->colour;
        line->colour_text = side->colour_text;
        return true;
    }
    if (!style->color) {
        line->colour = look_colour(colours->look, colours->n_used);
        line->colour_text = look_colour_text(colours->look, colours->n_used, colours->arena);
        /* What is never seen needs none of its own, but takes one in Graphite. */
        colours->n_used += colours->look->is_graphite || !line->is_hidden;
        return true;
    }
    if (!colour_parse(style->color, &line->colour))
        return FAIL(err, ERR_INPUT, "color '%.60s' of '%.200s' is not a colour", style->color,
                    line->name);
    line->colour_text = style->color;
    return true;
}

/* leftColor and the like are for charts with two axes. */
static const struct option_side *side_of(const struct options *o, bool has_two, bool on_right)
{
    static const struct option_side nothing = {.width = NAN, .dash = NAN};
    if (!has_two)
        return &nothing;
    return on_right ? &o->right_side : &o->left_side;
}

static bool has_second_axis(const struct series_list *series)
{
    for (size_t k = 0; k < series->n; k++)
        if (series->items[k]->style.on_second_axis)
            return true;
    return false;
}

/* The line before k that is on the same stack, or NULL. */
static const struct line *below(const struct lines *lines, size_t k)
{
    const char *stack = lines->items[k].series->style.stack;
    for (size_t i = k; stack && i-- > 0;) {
        const char *other = lines->items[i].series->style.stack;
        if (other && strcmp(other, stack) == 0)
            return &lines->items[i];
    }
    return NULL;
}

static bool is_area(const struct line *line, enum area_mode mode, bool is_first)
{
    if (line->is_infinite)
        return false;
    return line->series->style.stack || mode == AREA_ALL || mode == AREA_STACKED ||
           (mode == AREA_FIRST && is_first);
}

static void choose_fill(struct lines *lines, size_t k, const struct options *o,
                        const struct look *look)
{
    struct line *line = &lines->items[k];
    const struct series_style *style = &line->series->style;
    const struct line *lower = below(lines, k);
    bool is_piled = o->area_mode == AREA_STACKED || style->stack;
    line->fill_share = o->area_mode == AREA_ALL && lines->n > 2 ? CROWD_SHARE : AREA_SHARE;
    line->has_stroke = true;
    if (is_piled) {
        bool is_band = lower && lower->is_hidden;
        line->fill_share = is_band ? BAND_SHARE : STACK_SHARE;
        line->has_stroke = !is_band;
        line->width = fmin(line->width, 1.0);
    }
    if (look->is_graphite) {
        line->fill_share = 1.0;
        line->has_stroke = false;
    }
    if (style->has_alpha) {
        line->fill_share = style->alpha;
        line->has_stroke = false;
    }
    if (!isnan(o->area_alpha)) {
        line->fill_share = o->area_alpha;
        line->has_stroke = true;
    }
}

static void choose_stroke(struct line *line, const struct option_side *side,
                          const struct look *look, size_t index)
{
    static const double dashes[] = {0.0, 4.0, 1.5, 8.0};
    const struct series_style *style = &line->series->style;
    line->has_stroke = true;
    line->width = style->line_width > 0.0 ? style->line_width : look->line_width;
    line->dash = style->dash;
    if (look->theme->has_dashes && line->dash == 0.0 && !line->is_infinite)
        line->dash = dashes[index % COUNT_OF(dashes)];
    if (!isnan(side->width))
        line->width = side->width;
    if (!isnan(side->dash))
        line->dash = side->dash;
    line->width = fmin(line->width, OPTIONS_SIDE_MAX);
}

bool lines_make(const struct series_list *series, const struct options *o, const struct look *look,
                struct arena *arena, struct lines *out, struct err *err)
{
    struct lines lines = {.items = arena_zarray(arena, series->n + 1, struct line), .n = series->n};
    struct colours colours = {look, 0, arena};
    bool has_first = false, has_two = has_second_axis(series);
    for (size_t k = 0; k < series->n; k++) {
        struct line *line = &lines.items[k];
        const struct series_style *style = &series->items[k]->style;
        line->series = series->items[k];
        line->name = label_clean(line->series->name, arena);
        line->on_right = style->on_second_axis;
        line->is_infinite = style->as_infinite;
        line->is_hidden = style->is_invisible;
        const struct option_side *side = side_of(o, has_two, line->on_right);
        if (!choose_colour(line, side, &colours, err))
            return false;
        choose_stroke(line, side_of(o, has_two && !line->is_infinite, line->on_right), look, k);
        if (is_area(line, o->area_mode, !has_first))
            choose_fill(&lines, k, o, look);
        if (style->has_alpha && line->fill_share == 0.0)
            line->colour = colour_fade(line->colour, style->alpha);
        has_first = has_first || !line->is_infinite;
        lines.has_right = lines.has_right || (line->on_right && !line->is_infinite);
        lines.has_left = lines.has_left || (!line->on_right && !line->is_infinite);
        lines.has_areas = lines.has_areas || line->fill_share > 0.0;
    }
    *out = lines;
    return true;
}

/* The lower edge of an area: what the one below it reaches at each of its own times. */
static double *sample(const struct trace *lower, const struct trace *times, struct arena *arena)
{
    double *base = arena_array(arena, times->n + 1, double);
    for (size_t i = 0; i < times->n; i++) {
        double v = trace_at(lower, times->start_s + (int64_t)i * times->step_s);
        base[i] = is_gap(v) ? 0.0 : v;
    }
    return base;
}

/* areaMode=stacked: each line's values become the sum of all up to it; a gap adds nothing. */
static void pile_up(struct lines *lines, bool on_right, struct arena *arena)
{
    struct trace total = {.step_s = 1};
    for (size_t k = 0; k < lines->n; k++) {
        struct line *line = &lines->items[k];
        struct trace *t = &line->trace;
        if (line->is_infinite || line->on_right != on_right || line->series->style.stack || !t->n)
            continue;
        double *base = sample(&total, t, arena);
        struct trace sum = *t;
        sum.values = arena_array(arena, t->n, double);
        for (size_t i = 0; i < t->n; i++) {
            double v = base[i] + t->values[i]; /* a gap stays a gap */
            t->values[i] = isfinite(v) ? v : NAN;
            sum.values[i] = isfinite(v) ? v : base[i];
        }
        line->base = base;
        total = sum;
    }
}

/* stacked() and areaBetween() have summed already: an area begins where the one below it ends. */
static void find_bases(struct lines *lines, struct arena *arena)
{
    for (size_t k = 0; k < lines->n; k++) {
        const struct line *lower = below(lines, k);
        if (lower && lower->trace.n)
            lines->items[k].base = sample(&lower->trace, &lines->items[k].trace, arena);
    }
}

/* From a call for another width. What was piled up is no longer what it was. */
static bool has_trace(const struct line *line, const struct trace_ask *ask, const struct options *o)
{
    return o->area_mode != AREA_STACKED && line->trace.values &&
           trace_step(line->series, ask) == line->trace.step_s;
}

void lines_trace(struct lines *lines, const struct options *o, const struct trace_ask *ask,
                 struct arena *arena)
{
    for (size_t k = 0; k < lines->n; k++) {
        struct line *line = &lines->items[k];
        struct trace_ask own = *ask;
        line->base = NULL;
        own.wants_band = ask->wants_band && line->fill_share == 0.0 && !line->is_hidden &&
                         lines->n <= BAND_LINES_MAX;
        own.gaps_are_zero = o->gaps_are_zero;
        if (!line->is_infinite && !has_trace(line, &own, o))
            trace_make(line->series, &own, arena, &line->trace);
    }
    if (o->area_mode == AREA_STACKED) {
        pile_up(lines, false, arena);
        pile_up(lines, true, arena);
    }
    find_bases(lines, arena);
}

struct line_range lines_range(const struct lines *lines, bool on_right, bool only_positive)
{
    struct line_range range = {NAN, NAN};
    for (size_t k = 0; k < lines->n; k++) {
        const struct line *line = &lines->items[k];
        if (line->on_right != on_right || line->is_infinite)
            continue;
        trace_widen(&line->trace, only_positive, &range.low, &range.high);
    }
    return range;
}
