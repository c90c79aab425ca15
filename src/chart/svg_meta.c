#include "chart/svg_meta.h"

#include <math.h>

#include "base/jsonw.h"

enum { META_BYTES_MAX = 64 << 20 /* some millions of values */ };

static void put_true(struct jsonw *json, const char *key, bool is_true)
{
    if (!is_true)
        return;
    jsonw_put_bool(json, key, true);
}

static void begin(struct jsonw *json, const char *key)
{
    jsonw_key(json, key);
    jsonw_object(json);
}

static void put_picture(struct jsonw *json, const struct svg_meta_ask *ask)
{
    const struct label_style *text = &ask->look->text;
    begin(json, "options");
    jsonw_put_f64(json, "lineWidth", ask->look->line_width);
    jsonw_end(json);
    begin(json, "font");
    jsonw_put_text(json, "name", text->font.family);
    jsonw_put_f64(json, "size", text->size);
    jsonw_put_bool(json, "bold", text->font.is_bold);
    jsonw_put_bool(json, "italic", text->font.is_italic);
    jsonw_end(json);
    begin(json, "area");
    jsonw_put_f64(json, "xmin", ask->plot.x);
    jsonw_put_f64(json, "xmax", ask->plot.x + ask->plot.w);
    jsonw_put_f64(json, "ymin", ask->plot.y);
    jsonw_put_f64(json, "ymax", ask->plot.y + ask->plot.h);
    jsonw_end(json);
}

static void put_times(struct jsonw *json, const struct graphite_plan *plan)
{
    begin(json, "x");
    jsonw_put_i64(json, "start", plan->start_s);
    jsonw_put_i64(json, "end", plan->end_s);
    jsonw_end(json);
}

static void put_axis(struct jsonw *json, const struct graphite_axis *axis, bool has_labels)
{
    size_t n = has_labels ? axis->n_values : 0;
    begin(json, "y");
    jsonw_put_f64(json, "top", axis->top);
    jsonw_put_f64(json, "bottom", axis->bottom);
    jsonw_put_f64(json, "step", axis->step);
    jsonw_key(json, "labels");
    jsonw_array(json);
    for (size_t i = 0; i < n; i++) {
        char text[GRAPHITE_AXIS_LABEL_BYTES];
        graphite_axis_label(axis, axis->values[i], text);
        jsonw_text(json, text);
    }
    jsonw_end(json);
    jsonw_key(json, "labelValues");
    jsonw_array(json);
    for (size_t i = 0; i < n; i++)
        jsonw_f64(json, axis->values[i]);
    jsonw_end(json);
    jsonw_end(json);
}

/* areaMode=first: stacks come before all others. */
static size_t first_area(const struct lines *lines)
{
    for (size_t k = 0; k < lines->n; k++)
        if (lines->items[k].series->style.stack)
            return k;
    return 0;
}

/* Areas are not described, only what is drawn on top of them. */
static bool is_area(const struct svg_meta_ask *ask, size_t k)
{
    const struct series_style *style = &ask->lines->items[k].series->style;
    enum area_mode mode = ask->options->area_mode;
    if (style->stack || (mode == AREA_FIRST && k == first_area(ask->lines)))
        return true;
    bool is_filled = mode == AREA_ALL || (mode == AREA_STACKED && !ask->plan->has_two);
    return is_filled && !style->as_infinite;
}

static void put_values(struct jsonw *json, struct graphite_values values)
{
    jsonw_key(json, "data");
    jsonw_array(json);
    for (size_t i = 0; i < values.n; i++)
        jsonw_f64(json, values.at[i]);
    jsonw_end(json);
}

static void put_series_head(struct jsonw *json, const struct line *line, int64_t step_s,
                            size_t per_point)
{
    const struct series *s = line->series;
    jsonw_object(json);
    jsonw_put_text(json, "name", s->name);
    jsonw_put_i64(json, "start", s->start_s);
    jsonw_put_i64(json, "end", s->end_s);
    jsonw_put_i64(json, "step", step_s);
    jsonw_put_i64(json, "valuesPerPoint", (int64_t)per_point);
    jsonw_put_text(json, "color", line->colour_text);
}

static void put_series(struct jsonw *json, const struct svg_meta_ask *ask, size_t k,
                       struct arena *arena)
{
    static const struct option_side nothing = {.width = NAN, .dash = NAN};
    const struct line *line = &ask->lines->items[k];
    const struct series_style *style = &line->series->style;
    const struct option_side *side = &nothing;
    if (ask->plan->has_two)
        side = style->on_second_axis ? &ask->options->right_side : &ask->options->left_side;
    put_series_head(json, line, line->series->step_s, ask->plan->per_point[k]);
    struct graphite_values v = graphite_plan_fold(line->series, ask->plan->per_point[k], arena);
    put_values(json, v);
    begin(json, "options");
    if (!isnan(side->dash) || style->dash > 0.0)
        jsonw_put_f64(json, "dashed", isnan(side->dash) ? style->dash : side->dash);
    if (!isnan(side->width) || style->line_width > 0.0)
        jsonw_put_f64(json, "lineWidth", isnan(side->width) ? style->line_width : side->width);
    if (style->has_alpha)
        jsonw_put_f64(json, "alpha", style->alpha);
    put_true(json, "drawAsInfinite", style->as_infinite);
    put_true(json, "secondYAxis", style->on_second_axis);
    jsonw_end(json);
    jsonw_end(json);
}

/* areaMode=stacked: series become sums, index by index. */
struct pile {
    double *totals;
    size_t n;
};

static struct series *pile_up(const struct series *from, struct pile *pile, struct arena *arena)
{
    struct series *sum = arena_alloc(arena, sizeof *sum);
    *sum = *from;
    sum->values = arena_array(arena, from->n_points + 1, double);
    for (size_t i = 0; i < from->n_points; i++) {
        sum->values[i] = from->values[i] + pile->totals[i];
        if (!is_gap(from->values[i]))
            pile->totals[i] += from->values[i];
    }
    return sum;
}

static struct pile pile_new(const struct lines *lines, struct arena *arena)
{
    struct pile pile = {0};
    for (size_t k = 0; k < lines->n; k++)
        pile.n = max_size(pile.n, lines->items[k].series->n_points);
    pile.totals = arena_zarray(arena, pile.n + 1, double);
    return pile;
}

/* areaAlpha: each area has a line as its upper edge, which is described after everything else. */
static void put_edges(struct jsonw *json, const struct svg_meta_ask *ask, struct arena *arena)
{
    struct pile pile = pile_new(ask->lines, arena);
    bool is_piled = ask->options->area_mode == AREA_STACKED && !ask->plan->has_two;
    for (size_t k = 0; k < ask->lines->n; k++) {
        const struct line *line = &ask->lines->items[k];
        const struct series *s = line->series;
        if (!is_area(ask, k))
            continue;
        if (is_piled && !s->style.as_infinite)
            s = pile_up(s, &pile, arena);
        size_t per_point = ask->plan->per_point[k];
        struct graphite_values v = graphite_plan_fold(s, per_point, arena);
        put_series_head(json, line, s->step_s * (int64_t)per_point, 1);
        put_values(json, v);
        begin(json, "options");
        put_true(json, "secondYAxis", s->style.on_second_axis);
        jsonw_end(json);
        jsonw_end(json);
    }
}

bool svg_meta_make(const struct svg_meta_ask *ask, struct arena *arena, const char **out,
                   struct err *err)
{
    *out = "{}";
    if (!ask->plan || !ask->plan->has_data)
        return true;
    CLEANUP(buf_done) struct buf text;
    struct jsonw json;
    buf_init(&text, META_BYTES_MAX);
    jsonw_init(&json, &text, 0);
    jsonw_object(&json);
    put_times(&json, ask->plan);
    put_picture(&json, ask);
    jsonw_key(&json, "series");
    jsonw_array(&json);
    for (size_t k = 0; k < ask->lines->n; k++)
        if (!is_area(ask, k))
            put_series(&json, ask, k, arena);
    if (ask->options->area_alpha > 0.0)
        put_edges(&json, ask, arena);
    jsonw_end(&json);
    if (!ask->plan->has_two)
        put_axis(&json, &ask->plan->left, !ask->options->hides_axes);
    jsonw_end(&json);
    if (text.is_full)
        return FAIL(err, ERR_LIMIT, "too many values to describe in an SVG");
    *out = arena_strndup(arena, text.at, text.n);
    return true;
}
