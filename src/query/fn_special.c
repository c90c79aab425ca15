/* Graphite's Special group: where series come from, and how they are summed up later. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/regex.h"
#include "query/combine.h"
#include "query/fn.h"
#include "query/make.h"

static bool run_changed(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        double previous = NAN;
        for (size_t i = 0; i < series->n_points; i++) {
            const double value = series->values[i];
            const bool is_change = !is_gap(value) && !is_gap(previous) && value != previous;
            series->values[i] = is_change;
            previous = is_gap(value) ? previous : value;
        }
        if (!series_rename(series, call_arena(call), err, "changed(%s)", series->name))
            return false;
    }
    return true;
}

const struct function fn_changed = {
    .name = "changed",
    .group = "Special",
    .params = {FN_LIST},
    .run = run_changed,
    .about = "1 where the value differs from the one before it, else 0.",
    .example = "changed(app.version)",
};

/* ---- consolidation ---- */

static bool consolidate_by(struct call *call, struct series_list *io, const char *func,
                           struct err *err)
{
    enum consolidation how;
    if (!consolidation_parse(func, &how)) {
        err_set(err, ERR_INPUT, "Invalid consolidation function: '%.80s'", func);
        err_hint(err, "one of sum, average, avg_zero, min, max, first, last");
        return BLAME(call, 1);
    }
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        series->consolidation = how;
        make_tag(call, series, "consolidateBy", func);
        if (!series_rename(series, call_arena(call), err, "consolidateBy(%s,\"%s\")", series->name,
                           func))
            return false;
    }
    return true;
}

static bool run_consolidate_by(struct call *call, struct series_list *io, struct err *err)
{
    return consolidate_by(call, io, call_text(call, 1), err);
}

const struct function fn_consolidate_by = {
    .name = "consolidateBy",
    .group = "Special",
    .params = {FN_LIST, {"consolidationFunc", PARAM_STRING}},
    .run = run_consolidate_by,
    .about =
        "How points are made one when there are more than can be shown: sum, average, avg_zero, "
        "min, max, first or last.",
    .example = "consolidateBy(web.logins.errors.www1,'sum')",
};

static bool run_cumulative(struct call *call, struct series_list *io, struct err *err)
{
    return consolidate_by(call, io, "sum", err);
}

const struct function fn_cumulative = {
    .name = "cumulative",
    .group = "Special",
    .params = {FN_LIST},
    .run = run_cumulative,
    .about = "consolidateBy(x,'sum'): points are added up when there are more than can be shown.",
    .example = "cumulative(web.logins.errors.www1)",
};

static bool run_set_xff(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    const double share = call_f64(call, 1);
    call_set_request_xff(call, share);
    for (size_t k = 0; k < io->n; k++) {
        io->items[k]->x_files_factor = share;
        make_tag(call, io->items[k], "xFilesFactor", call_tag_text(call, 1));
    }
    return true;
}

const struct function fn_set_x_files_factor = {
    .name = "setXFilesFactor",
    .group = "Special",
    .params = {FN_LIST, {"xFilesFactor", PARAM_FLOAT}},
    .run = run_set_xff,
    .about =
        "The share of points that must have a value, from 0 to 1, for their aggregate to have one; "
        "also for every later function of the request.",
    .example = "sumSeries(setXFilesFactor(servers.*.load,0.5))",
};

static bool run_fallback(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    const struct series_list *fallback = call_series(call, 1);
    for (size_t k = 0; io->n == k && k < fallback->n; k++)
        series_list_add(io, fallback->items[k], call_arena(call));
    return true;
}

const struct function fn_fallback_series = {
    .name = "fallbackSeries",
    .group = "Special",
    .params = {FN_LIST, {"fallback", PARAM_SERIES_LIST}},
    .run = run_fallback,
    .about = "The fallback when there is no series at all.",
    .example = "fallbackSeries(web.logins.errors.www9,constantLine(0))",
};

/* ---- events ---- */

/* events("a", "b") */
static const char *events_name(struct call *call)
{
    CLEANUP(buf_done) struct buf name = {0};
    buf_init(&name, SIZE_MAX / 2);
    buf_add_str(&name, "events(");
    for (size_t i = 0; i < call_n(call); i++)
        buf_printf(&name, "%s\"%s\"", i ? ", " : "", call_text(call, i));
    buf_add_char(&name, ')');
    return arena_strdup(call_arena(call), buf_text(&name));
}

/* A change of each tag, but all of them for a lone *. */
static bool list_events(struct call *call, struct change_list *out, struct err *err)
{
    const size_t n = call_n(call);
    const char **tags = arena_array(call_arena(call), n, const char *);
    for (size_t i = 0; i < n; i++)
        tags[i] = call_text(call, i);
    const bool is_any = n == 1 && strcmp(tags[0], "*") == 0;
    const struct change_query query = {
        .from_ms = call_from_s(call) * 1000,
        .until_ms = call_until_s(call) * 1000,
        .kind = -1,
        .tags = tags,
        .n_tags = is_any ? 0 : n,
        .oldest_first = true,
    };
    return call_changes(call, &query, out, err);
}

static bool run_events(struct call *call, struct series_list *io, struct err *err)
{
    const int64_t from_s = call_from_s(call), until_s = call_until_s(call);
    const struct shape shape = {from_s, until_s, 1, (size_t)max_i64(until_s - from_s, 0)};
    struct change_list changes = {0};
    struct series *made;
    if (!make_series(call, events_name(call), &shape, &made, err) ||
        !list_events(call, &changes, err))
        return false;
    made->consolidation = CONSOLIDATE_SUM;
    for (size_t i = 0; i < changes.n; i++) {
        const int64_t at = changes.items[i].start_ms / 1000 - from_s;
        if (at < 0 || at >= (int64_t)shape.n_points)
            continue;
        made->values[at] = is_gap(made->values[at]) ? 1 : made->values[at] + 1;
    }
    combine_only(call, io, made);
    return true;
}

const struct function fn_events = {
    .name = "events",
    .group = "Special",
    .params = {{"tags", PARAM_STRING, .is_multiple = true}},
    .run = run_events,
    .about = "How many events with all these tags there were in each second; '*' is every event.",
    .example = "drawAsInfinite(events('deploy','website'))",
};

/* ---- seriesByTag ---- */

static void done_regex(struct regex **regex)
{
    regex_free(*regex);
}

/* Does a series without the tag satisfy the expression? */
static bool matches_absent(const struct tag_expr *expr, bool *out, struct err *err)
{
    CLEANUP(done_regex) struct regex *regex = NULL;
    if (expr->op == TAG_IS || expr->op == TAG_IS_NOT) {
        *out = (expr->op == TAG_IS) == (*expr->value == '\0');
        return true;
    }
    if (!regex_compile(expr->value, &regex, err))
        return false;
    *out = regex_match(regex, "", 0) == (expr->op == TAG_MATCHES);
    return true;
}

static bool run_series_by_tag(struct call *call, struct series_list *io, struct err *err)
{
    const size_t n = call_n(call);
    struct tag_expr *exprs = arena_array(call_arena(call), n, struct tag_expr);
    bool is_bounded = false;
    for (size_t i = 0; i < n; i++) {
        bool is_absent = true;
        if (!tag_expr_parse(call_text(call, i), call_arena(call), &exprs[i], err) ||
            !matches_absent(&exprs[i], &is_absent, err))
            return BLAME(call, i);
        is_bounded |= !is_absent;
    }
    if (!is_bounded)
        return FAIL(err, ERR_INPUT, "At least one tagspec must not match the empty string");
    return call_tagged(call, exprs, n, io, err);
}

const struct function fn_series_by_tag = {
    .name = "seriesByTag",
    .group = "Special",
    .params = {{"tagExpressions", PARAM_STRING, .is_multiple = true}},
    .run = run_series_by_tag,
    .about = "The series whose tags satisfy all expressions: tag=value, tag!=value, tag=~regex, "
             "tag!=~regex.",
    .example = "seriesByTag('name=requests','dc=~east|west')",
};
