#include "chart/graphite_plan.h"

#include <math.h>

#include "base/mem.h"

enum {
    N_LETTERS = 128,
    EDGE_PX = 10,    /* left of the plot, besides the margin */
    PASSES_MAX = 16, /* labels only ever push the edges inwards, so it settles in two or three */
};
/* Labels get this much more than their width. */
#define LABEL_ROOM 1.02
/* Height of a line of text, in sizes, before it is rounded up. */
#define LINE_HEIGHT 1.164

/* A plan being made. */
struct planning {
    const struct graphite_plan_ask *ask;
    struct graphite_plan *plan;
    double left_px, right_px; /* edges of the plot */
    double *letter_px;        /* of each ASCII letter; NaN: not measured yet */
    struct arena *arena;
};

struct range {
    double low, high;
};

struct graphite_values graphite_plan_fold(const struct series *s, size_t per_point,
                                          struct arena *arena)
{
    if (per_point <= 1)
        return (struct graphite_values){s->values, s->n_points};
    struct graphite_values out = {.n = s->n_points / per_point + (s->n_points % per_point > 0)};
    out.at = arena_array(arena, out.n + 1, double);
    for (size_t i = 0; i < out.n; i++) {
        size_t n = min_size(per_point, s->n_points - i * per_point);
        double share = s->x_files_factor * (double)per_point / (double)n;
        out.at[i] = consolidate(s->consolidation, s->values + i * per_point, n, share);
    }
    return out;
}

static void widen(struct range *r, double v)
{
    if (!isfinite(v))
        return;
    if (!(v >= r->low)) /* also when it is NaN */
        r->low = v;
    if (!(v <= r->high))
        r->high = v;
}

/* Series that hang on one axis; of an only axis, all. */
static bool is_on(const struct planning *p, size_t k, bool on_right)
{
    return !p->plan->has_two || p->ask->series->items[k]->style.on_second_axis == on_right;
}

static bool counts(const struct planning *p, size_t k, bool on_right)
{
    return is_on(p, k, on_right) && !p->ask->series->items[k]->style.as_infinite;
}

static bool has_gaps(const struct planning *p, bool on_right)
{
    for (size_t k = 0; k < p->ask->series->n; k++) {
        const struct series *s = p->ask->series->items[k];
        for (size_t i = 0; is_on(p, k, on_right) && i < s->n_points; i++)
            if (is_gap(s->values[i]))
                return true;
    }
    return false;
}

/* areaMode=stacked: the largest sum of values with one index, before they are folded. */
static double largest_sum(const struct planning *p, bool on_right, double fallback)
{
    const struct series_list *list = p->ask->series;
    size_t n = SIZE_MAX;
    for (size_t k = 0; k < list->n; k++)
        if (counts(p, k, on_right))
            n = min_size(n, list->items[k]->n_points);
    struct range r = {NAN, NAN};
    for (size_t i = 0; n != SIZE_MAX && i < n; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < list->n; k++) {
            if (counts(p, k, on_right) && isfinite(list->items[k]->values[i]))
                sum += list->items[k]->values[i];
        }
        widen(&r, sum);
    }
    return isnan(r.high) ? fallback : r.high;
}

static struct range data_range(const struct planning *p, bool on_right)
{
    const struct options *o = p->ask->options;
    struct range r = {NAN, NAN};
    for (size_t k = 0; k < p->ask->series->n; k++) {
        if (!counts(p, k, on_right))
            continue;
        struct graphite_values v =
            graphite_plan_fold(p->ask->series->items[k], p->plan->per_point[k], p->arena);
        for (size_t i = 0; i < v.n; i++)
            if (o->log_base == 0.0 || v.at[i] > 0.0)
                widen(&r, v.at[i]);
    }
    if (isnan(r.low))
        return r;
    if (o->area_mode == AREA_STACKED)
        r.high = largest_sum(p, on_right, r.high); /* may be below the lowest of negative values */
    bool sees_zero = o->gaps_are_zero && o->log_base == 0.0 && has_gaps(p, on_right);
    if (sees_zero && r.low > 0.0)
        r.low = 0.0;
    if (sees_zero && r.high < 0.0)
        r.high = 0.0;
    return r;
}

static bool make_axis(const struct planning *p, bool on_right, struct graphite_axis *out,
                      struct err *err)
{
    const struct options *o = p->ask->options;
    struct range range = data_range(p, on_right);
    struct graphite_axis_ask ask = {
        .low = range.low,
        .high = range.high,
        .axis = options_axis(o, on_right, p->plan->has_two, false),
        .units = o->units,
        .log_base = o->log_base,
        .divisors = o->divisors,
        .n_divisors = o->n_divisors,
    };
    return graphite_axis_make(&ask, p->arena, out, err);
}

/* Its letters stand on whole pixels. */
static double text_px(const struct planning *p, const char *text)
{
    double px = 0.0;
    for (; *text; text++) {
        double *letter_px = &p->letter_px[*text & (N_LETTERS - 1)];
        char letter[2] = {*text, '\0'};
        if (isnan(*letter_px))
            *letter_px = floor(label_width(p->ask->measure, &p->ask->style, letter) + 0.5);
        px += *letter_px;
    }
    return px;
}

static double labels_px(const struct planning *p, const struct graphite_axis *axis)
{
    double widest = 0.0;
    char text[GRAPHITE_AXIS_LABEL_BYTES];
    for (size_t i = 0; i < axis->n_values; i++) {
        graphite_axis_label(axis, axis->values[i], text);
        widest = fmax(widest, text_px(p, text));
    }
    return widest * LABEL_ROOM;
}

static bool make_axes(struct planning *p, struct err *err)
{
    const struct options *o = p->ask->options;
    struct graphite_plan *plan = p->plan;
    if (!make_axis(p, false, &plan->left, err))
        return false;
    if (plan->has_two) {
        if (!make_axis(p, true, &plan->right, err))
            return false;
        p->left_px = fmax(p->left_px, o->margin + labels_px(p, &plan->left));
        p->right_px = fmin(p->right_px, o->width - labels_px(p, &plan->right));
    } else if (!o->hides_axes && !o->hides_y && o->y_side == SIDE_LEFT) {
        p->left_px = fmax(p->left_px, o->margin + labels_px(p, &plan->left));
    } else if (!o->hides_axes && !o->hides_y) {
        p->right_px = fmin(p->right_px, o->width - labels_px(p, &plan->left));
    }
    return true;
}

/* How many values of each series share a place in the picture. */
static void fold_series(struct planning *p)
{
    const struct options *o = p->ask->options;
    double room = p->right_px - p->left_px - (p->ask->line_width + 1.0);
    double span = (double)(p->plan->end_s - p->plan->start_s);
    double step_min = fmax(o->x_step_min, 1.0 / 64.0);
    for (size_t k = 0; k < p->ask->series->n; k++) {
        double n = span / (double)p->ask->series->items[k]->step_s;
        double drawable = fmax(1.0, floor(room / step_min));
        bool fits = room <= 0.0 || room >= step_min * n; /* without any room nothing is folded */
        p->plan->per_point[k] = fits ? 1 : (size_t)ceil(n / drawable);
    }
}

/* Titles beside the axes take their height from the plot's width. */
static void place_titles(struct planning *p)
{
    const struct options *o = p->ask->options;
    double size = p->ask->style.size + floor(log(fmax(p->ask->style.size, 1.0)));
    double line_px = ceil(size * LINE_HEIGHT);
    size_t n_lines = 1;
    for (const char *at = o->left_title; at && *at; at++)
        n_lines += *at == '\n';
    if (o->left_title)
        p->left_px += line_px * (double)(n_lines + 2) + o->margin;
    n_lines = 1;
    for (const char *at = o->right_title; at && *at; at++)
        n_lines += *at == '\n';
    if (o->right_title && p->plan->has_two)
        p->right_px -= line_px * (double)(n_lines + 2) + o->margin;
}

static void find_times(const struct graphite_plan_ask *ask, struct graphite_plan *plan)
{
    int64_t start = INT64_MAX, end = INT64_MIN, last = INT64_MIN;
    plan->is_staircase = ask->options->line_mode == LINE_STAIRCASE;
    for (size_t k = 0; k < ask->series->n; k++) {
        const struct series *s = ask->series->items[k];
        start = min_i64(start, s->start_s);
        end = max_i64(end, s->end_s);
        last = max_i64(last, s->end_s - s->step_s);
        plan->has_two = plan->has_two || s->style.on_second_axis;
        if (s->n_points == 1 && ask->options->line_mode == LINE_SLOPE)
            plan->is_staircase = true;
    }
    plan->has_data = ask->series->n > 0 && start != end;
    plan->start_s = start;
    plan->end_s = plan->is_staircase ? end : last;
}

bool graphite_plan_make(const struct graphite_plan_ask *ask, struct arena *arena,
                        struct graphite_plan *out, struct err *err)
{
    const struct options *o = ask->options;
    struct graphite_plan plan = {0};
    find_times(ask, &plan);
    if (!plan.has_data) {
        *out = (struct graphite_plan){0};
        return true;
    }
    plan.per_point = arena_array(arena, ask->series->n, size_t);
    struct planning p = {ask,
                         &plan,
                         o->is_bare ? 0.0 : o->margin + EDGE_PX,
                         o->width - o->margin,
                         arena_array(arena, N_LETTERS, double),
                         arena};
    for (int i = 0; i < N_LETTERS; i++)
        p.letter_px[i] = NAN;
    place_titles(&p);
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        double left_px = p.left_px, right_px = p.right_px;
        fold_series(&p);
        if (!make_axes(&p, err))
            return false;
        if (p.left_px == left_px && p.right_px == right_px)
            break;
    }
    *out = plan;
    return true;
}
