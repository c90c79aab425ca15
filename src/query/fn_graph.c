/* Graphite's Graph group: how a series is drawn, and lines that are drawn only. */
#include <math.h>

#include "base/mem.h"
#include "query/combine.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/query.h"

/* The stack of areas that nobody named. */
static const char DEFAULT_STACK[] = "__DEFAULT__";

static bool run_alpha(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    for (size_t k = 0; k < io->n; k++) {
        io->items[k]->style.alpha = call_f64(call, 1);
        io->items[k]->style.has_alpha = true;
    }
    return true;
}

const struct function fn_alpha = {
    .name = "alpha",
    .group = "Graph",
    .params = {FN_LIST, {"alpha", PARAM_FLOAT}},
    .run = run_alpha,
    .about = "Draws the series as opaque as that, from 0 to 1.",
    .example = "alpha(servers.web01.load,0.5)",
};

static bool run_color(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    for (size_t k = 0; k < io->n; k++)
        io->items[k]->style.color = call_text(call, 1);
    return true;
}

const struct function fn_color = {
    .name = "color",
    .group = "Graph",
    .params = {FN_LIST, {"theColor", PARAM_STRING}},
    .run = run_color,
    .about = "Draws the series in a colour: a name, rrggbb or rrggbbaa.",
    .example = "color(web.logins.errors.www1,'red')",
};

static bool run_line_width(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    for (size_t k = 0; k < io->n; k++)
        io->items[k]->style.line_width = call_f64(call, 1);
    return true;
}

const struct function fn_line_width = {
    .name = "lineWidth",
    .group = "Graph",
    .params = {FN_LIST, {"width", PARAM_FLOAT}},
    .run = run_line_width,
    .about = "Draws the series with a line of that width.",
    .example = "lineWidth(servers.web01.load,2)",
};

static bool run_dashed(struct call *call, struct series_list *io, struct err *err)
{
    const double length = call_f64(call, 1);
    const char *shown = name_g(call_arena(call), length);
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        make_tag(call, series, "dashed", call_tag_text(call, 1));
        series->style.dash = length;
        const char *name = arena_printf(call_arena(call), "dashed(%s, %s)", series->name, shown);
        if (!make_alias(call, series, name, err))
            return false;
    }
    return true;
}

const struct function fn_dashed = {
    .name = "dashed",
    .group = "Graph",
    .params = {FN_LIST, {"dashLength", PARAM_INT, .is_optional = true, .fallback = "5"}},
    .run = run_dashed,
    .about = "Draws the series as dashes of that length.",
    .example = "dashed(timeShift(web.logins.success.www1,'7d'),3)",
};

/* name(x), and a tag of the same key. The path expression stays. */
static bool wrap_name(struct call *call, struct series *series, struct err *err)
{
    const char *name = arena_printf(call_arena(call), "%s(%s)", call_name(call), series->name);
    make_tag(call, series, call_name(call), "1");
    return make_alias(call, series, name, err);
}

static bool run_second_y_axis(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        io->items[k]->style.on_second_axis = true;
        if (!wrap_name(call, io->items[k], err))
            return false;
    }
    return true;
}

const struct function fn_second_y_axis = {
    .name = "secondYAxis",
    .group = "Graph",
    .params = {FN_LIST},
    .run = run_second_y_axis,
    .about = "Draws the series against the right axis.",
    .example = "secondYAxis(servers.web01.load)",
};

static bool run_draw_as_infinite(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        io->items[k]->style.as_infinite = true;
        if (!wrap_name(call, io->items[k], err))
            return false;
    }
    return true;
}

const struct function fn_draw_as_infinite = {
    .name = "drawAsInfinite",
    .group = "Graph",
    .params = {FN_LIST},
    .run = run_draw_as_infinite,
    .about = "Draws a vertical line at every value above 0: deploys and other events.",
    .example = "drawAsInfinite(events.deploy.website)",
};

/* ---- areas ---- */

/* The stack's running total with room for n points, zeros where nothing was added yet. */
static bool grown_total(struct call *call, struct series **slot, size_t n, struct err *err)
{
    struct series *total = *slot;
    const size_t had = total ? total->n_points : 0;
    if (had >= n && total)
        return true;
    if (!call_spend(call, n, err))
        return false;
    struct series *grown = series_new(call_arena(call), 0, 1, n);
    for (size_t i = 0; i < n; i++)
        grown->values[i] = i < had ? total->values[i] : 0;
    *slot = grown;
    return true;
}

static bool stack_one(struct call *call, struct series *from, const char *stack,
                      struct series **out, struct err *err)
{
    struct series **slot = call_stack_total(call, stack);
    const struct shape shape = make_shape(from);
    const bool is_default = !call_has(call, 1);
    const char *name = from->name;
    if (is_default) {
        make_tag(call, from, "stacked", DEFAULT_STACK);
        name = arena_printf(call_arena(call), "stacked(%s)", from->name);
    }
    if (!make_derived(call, from, name, &shape, out, err) ||
        !grown_total(call, slot, shape.n_points, err))
        return false;
    for (size_t i = 0; i < shape.n_points; i++) {
        if (is_gap(from->values[i]))
            continue;
        (*slot)->values[i] += from->values[i];
        (*out)->values[i] = (*slot)->values[i];
    }
    (*out)->style.stack = stack;
    return true;
}

static bool run_stacked(struct call *call, struct series_list *io, struct err *err)
{
    const char *stack = call_has(call, 1) ? call_text(call, 1) : DEFAULT_STACK;
    for (size_t k = 0; k < io->n; k++)
        if (!stack_one(call, io->items[k], stack, &io->items[k], err))
            return false;
    return true;
}

const struct function fn_stacked = {
    .name = "stacked",
    .group = "Graph",
    .params = {FN_LIST, {"stack", PARAM_STRING, .is_optional = true}},
    .run = run_stacked,
    .about = "Piles the series up, over all targets of the request that name the same stack.",
    .example = "stacked(web.logins.success.*)",
};

static bool run_area_between(struct call *call, struct series_list *io, struct err *err)
{
    if (io->n != 2)
        return FAIL(err, ERR_INPUT, "takes exactly 2 series, not %zu", io->n);
    struct series *lower = io->items[0], *upper = io->items[1];
    const char *name = arena_printf(call_arena(call), "areaBetween(%s)", upper->path_expression);
    make_tag(call, upper, "areaBetween", "1");
    lower->tags = upper->tags;
    lower->n_tags = upper->n_tags;
    lower->style.stack = upper->style.stack = DEFAULT_STACK;
    lower->style.is_invisible = true;
    return make_alias(call, lower, name, err) && make_alias(call, upper, name, err);
}

const struct function fn_area_between = {
    .name = "areaBetween",
    .group = "Graph",
    .params = {FN_LIST},
    .run = run_area_between,
    .about = "Fills the area between two series.",
    .example = "areaBetween(group(app.latency.p5,app.latency.p95))",
};

/* ---- lines ---- */

static bool constant_line(struct call *call, struct series **out, struct err *err)
{
    const double value = call_f64(call, 0);
    const char *text = make_text(call, value);
    if (!make_line(call, text, value, out, err))
        return false;
    (*out)->path_expression = arena_printf(call_arena(call), "constantLine(%s)", text);
    return true;
}

static bool run_constant_line(struct call *call, struct series_list *io, struct err *err)
{
    struct series *line;
    if (!constant_line(call, &line, err))
        return false;
    combine_only(call, io, line);
    return true;
}

const struct function fn_constant_line = {
    .name = "constantLine",
    .group = "Special",
    .params = {{"value", PARAM_FLOAT}},
    .run = run_constant_line,
    .about = "A horizontal line at value.",
    .example = "constantLine(42)",
};

static bool run_threshold(struct call *call, struct series_list *io, struct err *err)
{
    const char *label = call_text(call, 1), *color = call_text(call, 2);
    struct series *line;
    if (!constant_line(call, &line, err))
        return false;
    if (label && *label && !make_alias(call, line, label, err))
        return false;
    if (color && *color)
        line->style.color = color;
    combine_only(call, io, line);
    return true;
}

/* clang-format off */
#define FN_LABEL_COLOR                                                                             \
    {"label", PARAM_STRING, .is_optional = true}, {"color", PARAM_STRING, .is_optional = true}
/* clang-format on */

const struct function fn_threshold = {
    .name = "threshold",
    .group = "Graph",
    .params = {{"value", PARAM_FLOAT}, FN_LABEL_COLOR},
    .run = run_threshold,
    .about = "A horizontal line at value, with a label and in a colour.",
    .example = "threshold(99.5,'promised','red')",
};

static bool run_vertical_line(struct call *call, struct series_list *io, struct err *err)
{
    const char *label = call_text(call, 1), *color = call_text(call, 2);
    struct series *line;
    int64_t at_s;
    if (!query_parse_time(call_text(call, 0), call_tz(call), call_now_s(call), &at_s, err))
        return BLAME(call, 0);
    if (at_s < call_from_s(call) || at_s > call_until_s(call))
        return FAIL_AT(call, 0, err, "timestamp %lld exists %s of range", (long long)at_s,
                       at_s < call_from_s(call) ? "before start" : "after end");
    const struct shape shape = {at_s, at_s, 1, 2};
    if (!make_series(call, label ? label : make_no_name, &shape, &line, err))
        return false;
    if (!label)
        line->name = make_no_name;
    line->values[0] = line->values[1] = 1;
    line->style.as_infinite = true;
    if (color && *color)
        line->style.color = color;
    combine_only(call, io, line);
    return true;
}

const struct function fn_vertical_line = {
    .name = "verticalLine",
    .group = "Graph",
    .params = {{"ts", PARAM_DATE}, FN_LABEL_COLOR},
    .run = run_vertical_line,
    .about = "A vertical line at a time, with a label and in a colour.",
    .example = "verticalLine('12:30_20260301','release','blue')",
};
