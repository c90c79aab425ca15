/* Graphite's Alias group: other names for series. Path expressions stay. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/regex.h"
#include "query/agg.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/node.h"
#include "query/words.h"

static bool run_alias(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++)
        if (!make_alias(call, io->items[k], call_text(call, 1), err))
            return false;
    return true;
}

const struct function fn_alias = {
    .name = "alias",
    .group = "Alias",
    .params = {FN_LIST, {"newName", PARAM_STRING}},
    .run = run_alias,
    .about = "Shows the series under another name.",
    .example = "alias(sumSeries(web.logins.errors.*),'failed logins')",
};

static bool run_alias_by_node(struct call *call, struct series_list *io, struct err *err)
{
    const struct node_args nodes = {1, call_n(call) - 1};
    for (size_t k = 0; k < io->n; k++)
        if (!make_alias(call, io->items[k], node_key(call, io->items[k], nodes), err))
            return false;
    return true;
}

const struct function fn_alias_by_node = {
    .name = "aliasByNode",
    .group = "Alias",
    .params = {FN_LIST, {"nodes", PARAM_NODE_OR_TAG, .is_multiple = true}},
    .run = run_alias_by_node,
    .about = "Names the series by nodes of their paths, or by tags; -1 is the last node.",
    .example = "aliasByNode(servers.*.cpu.user,1)",
};

const struct function fn_alias_by_tags = {
    .name = "aliasByTags",
    .group = "Alias",
    .params = {FN_LIST, {"tags", PARAM_NODE_OR_TAG, .is_multiple = true}},
    .run = run_alias_by_node,
    .about = "Names the series by tags, or by nodes of their paths.",
    .example = "aliasByTags(seriesByTag('name=requests'),'host')",
};

/* ---- substr ---- */

/* What a call's name holds: between its last '(' and its first ')'. */
static struct str inner_name(const char *name)
{
    const char *open = strrchr(name, '('), *close = strchr(name, ')');
    const char *from = open ? open + 1 : name;
    if (!close)
        return str_of(from);
    return str_make(from, close > from ? (size_t)(close - from) : 0);
}

/* Python's list[start:stop] of n items; a stop of 0 is the end. */
struct slice {
    int64_t start, stop;
};

static struct slice slice_of(struct slice slice, int64_t n)
{
    if (slice.stop == 0)
        slice.stop = n;
    slice.start += slice.start < 0 ? n : 0;
    slice.stop += slice.stop < 0 ? n : 0;
    return (struct slice){max_i64(slice.start, 0), min_i64(slice.stop, n)};
}

/* The nodes of the inner name, up to its first comma. In the arena. */
static const char *nodes_of(struct arena *arena, const char *name, struct slice asked)
{
    const struct str inner = inner_name(name);
    struct str rest = inner, node, kept = {inner.at, 0};
    int64_t n = 0;
    while (str_split(&rest, '.', &node))
        n++;
    const struct slice slice = slice_of(asked, n);
    rest = inner;
    for (int64_t i = 0; i < slice.stop && str_split(&rest, '.', &node); i++) {
        if (i == slice.start)
            kept.at = node.at;
        if (i >= slice.start)
            kept.n = (size_t)(node.at + node.n - kept.at);
    }
    const char *comma = kept.n ? memchr(kept.at, ',', kept.n) : NULL;
    return arena_strndup(arena, kept.at, comma ? (size_t)(comma - kept.at) : kept.n);
}

static bool alias_by_slice(struct call *call, struct series_list *io, struct slice slice,
                           struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        const char *name = nodes_of(call_arena(call), io->items[k]->name, slice);
        if (!make_alias(call, io->items[k], name, err))
            return false;
    }
    return true;
}

static bool run_substr(struct call *call, struct series_list *io, struct err *err)
{
    static const int64_t NODE_MAX = 1000000; /* no name has as many nodes */
    const struct slice slice = {max_i64(min_i64(call_i64(call, 1), NODE_MAX), -NODE_MAX),
                                max_i64(min_i64(call_i64(call, 2), NODE_MAX), -NODE_MAX)};
    return alias_by_slice(call, io, slice, err);
}

const struct function fn_substr = {
    .name = "substr",
    .group = "Special",
    .params = {FN_LIST,
               {"start", PARAM_NODE, .is_optional = true, .fallback = "0"},
               {"stop", PARAM_NODE, .is_optional = true, .fallback = "0"}},
    .run = run_substr,
    .about = "Names the series by the nodes from start to stop of what is inside their names.",
    .example = "substr(servers.web01.cpu.user,1,3)",
};

static bool run_alias_by_metric(struct call *call, struct series_list *io, struct err *err)
{
    return alias_by_slice(call, io, (struct slice){-1, 0}, err);
}

const struct function fn_alias_by_metric = {
    .name = "aliasByMetric",
    .group = "Alias",
    .params = {FN_LIST},
    .run = run_alias_by_metric,
    .about = "Names the series by the last node of their paths.",
    .example = "aliasByMetric(servers.web01.cpu.*)",
};

/* ---- by regular expressions ---- */

static void done_regex(struct regex **regex)
{
    regex_free(*regex);
}

static bool run_alias_sub(struct call *call, struct series_list *io, struct err *err)
{
    CLEANUP(done_regex) struct regex *regex = NULL;
    if (!regex_compile(call_text(call, 1), &regex, err))
        return BLAME(call, 1);
    for (size_t k = 0; k < io->n; k++) {
        const char *name;
        if (!regex_sub(regex, call_text(call, 2), io->items[k]->name, call_arena(call), &name, err))
            return BLAME(call, 2);
        if (!make_alias(call, io->items[k], name, err))
            return false;
    }
    return true;
}

const struct function fn_alias_sub = {
    .name = "aliasSub",
    .group = "Alias",
    .params = {FN_LIST, {"search", PARAM_STRING}, {"replace", PARAM_STRING}},
    .run = run_alias_sub,
    .about = "Replaces every match of a regular expression in the names; \\1 is the first group.",
    .example = "aliasSub(web.logins.*.www1,'^.*\\.(.*)\\..*$','\\1')",
};

/* The last value of the first series of a target. */
static bool last_value(struct call *call, const char *target, double *out, struct err *err)
{
    struct series_list found = {0};
    if (!call_target(call, target, &found, err))
        return false;
    if (found.n == 0)
        return FAIL(err, ERR_INPUT, "No series found with query: %.200s", target);
    *out = agg_run(AGG_LAST, found.items[0]->values, found.items[0]->n_points, NULL);
    if (is_gap(*out))
        return FAIL(err, ERR_INPUT, "Cannot get last value of series: %.200s",
                    found.items[0]->name);
    return true;
}

static bool run_alias_query(struct call *call, struct series_list *io, struct err *err)
{
    CLEANUP(done_regex) struct regex *regex = NULL;
    if (!regex_compile(call_text(call, 1), &regex, err))
        return BLAME(call, 1);
    for (size_t k = 0; k < io->n; k++) {
        const char *target, *name;
        double value;
        if (!regex_sub(regex, call_text(call, 2), io->items[k]->name, call_arena(call), &target,
                       err))
            return BLAME(call, 2);
        if (!last_value(call, target, &value, err))
            return false;
        if (!words_percent(call_arena(call), call_text(call, 3), value, &name, err))
            return BLAME(call, 3);
        if (!make_alias(call, io->items[k], name, err))
            return false;
    }
    return true;
}

const struct function fn_alias_query = {
    .name = "aliasQuery",
    .group = "Alias",
    .params = {FN_LIST,
               {"search", PARAM_STRING},
               {"replace", PARAM_STRING},
               {"newName", PARAM_STRING}},
    .run = run_alias_query,
    .about =
        "Makes a target of each name by a regular expression and shows its last value in the new "
        "name, as in 'now %d'.",
    .example = "aliasQuery(channel.power.*,'power','frequency','channel at %d MHz')",
};

/* ---- with values ---- */

/* The value in words for " (avg: 1.5)". */
static const char *value_words(struct call *call, const struct series *series, const char *type,
                               double *scratch)
{
    enum agg how;
    if (!agg_parse(type, &how, NULL))
        return "(?)";
    const double value = agg_run(how, series->values, series->n_points, scratch);
    return how == AGG_COUNT ? make_text_d(call, value) : make_text(call, value);
}

static const char *value_units(struct call *call, const struct series *series, const char *type,
                               const char *system, double *scratch)
{
    enum agg how;
    if (!agg_parse(type, &how, NULL))
        return "(?)";
    const double value = agg_run(how, series->values, series->n_points, scratch);
    return is_gap(value) ? "None" : words_units(call_arena(call), value, system, NULL);
}

/* The arguments from 1 until n_types are the values to show; system NULL: plainly. */
static bool add_values(struct call *call, struct series *series, size_t n_types, const char *system,
                       struct err *err)
{
    CLEANUP(mem_done) double *scratch = mem_array(series->n_points + 1, double);
    struct arena *arena = call_arena(call);
    const char *name = series->name;
    for (size_t i = 1; i < n_types; i++) {
        const char *type = call_text(call, i);
        if (system)
            name = arena_printf(
                arena, "%s%s%s", words_pad(arena, name, 20), words_pad(arena, type, 5),
                words_pad(arena, value_units(call, series, type, system, scratch), 10));
        else
            name = arena_printf(arena, "%s (%s: %s)", name, type,
                                value_words(call, series, type, scratch));
    }
    return make_alias(call, series, name, err);
}

static bool run_legend_value(struct call *call, struct series_list *io, struct err *err)
{
    const size_t n = call_n(call);
    if (n < 2)
        return FAIL(err, ERR_INPUT, "say which values: avg, max, last, ...");
    const char *last = call_text(call, n - 1);
    const bool has_system = strcmp(last, "si") == 0 || strcmp(last, "binary") == 0;
    for (size_t k = 0; k < io->n; k++)
        if (!add_values(call, io->items[k], n - has_system, has_system ? last : NULL, err))
            return false;
    return true;
}

const struct function fn_legend_value = {
    .name = "legendValue",
    .group = "Alias",
    .params = {FN_LIST, {"valuesTypes", PARAM_STRING, .is_optional = true, .is_multiple = true}},
    .run = run_legend_value,
    .about = "Adds aggregates to the names; with 'si' or 'binary' last, with units and in columns.",
    .example = "legendValue(servers.web01.load,'avg','max')",
};

struct cacti {
    const char *last, *max, *min;
};

struct cacti_widths {
    size_t name, last, max, min;
};

static const char *cacti_text(struct call *call, double value)
{
    const char *system = call_text(call, 1), *units = call_text(call, 2);
    if (system && *system)
        return words_units(call_arena(call), value, system, units && *units ? units : "");
    return words_fixed(call_arena(call), value, units);
}

static struct cacti cacti_texts(struct call *call, const struct series *series, bool is_width)
{
    const enum agg hows[] = {AGG_LAST, AGG_MAX, AGG_MIN};
    const char *texts[3];
    for (size_t i = 0; i < 3; i++) {
        double value = agg_run(hows[i], series->values, series->n_points, NULL);
        if (is_width) /* Graphite measures whole numbers, and 3 for nothing or none */
            value = is_gap(value) || value == 0 ? 3 : trunc(value);
        texts[i] = is_gap(value) ? "nan" : cacti_text(call, value);
    }
    return (struct cacti){texts[0], texts[1], texts[2]};
}

static struct cacti_widths cacti_measure(struct call *call, const struct series_list *list)
{
    struct cacti_widths widths = {0};
    for (size_t k = 0; k < list->n; k++) {
        const struct cacti texts = cacti_texts(call, list->items[k], true);
        widths.name = max_size(widths.name, words_length(list->items[k]->name));
        widths.last = max_size(widths.last, words_length(texts.last) + 3);
        widths.max = max_size(widths.max, words_length(texts.max) + 3);
        widths.min = max_size(widths.min, words_length(texts.min) + 3);
    }
    return widths;
}

static bool run_cacti_style(struct call *call, struct series_list *io, struct err *err)
{
    struct arena *arena = call_arena(call);
    const char *system = call_text(call, 1);
    if (system && *system && strcmp(system, "si") != 0 && strcmp(system, "binary") != 0)
        return FAIL_AT(call, 1, err, "system must be si or binary, not '%s'", system);
    const struct cacti_widths widths = cacti_measure(call, io);
    for (size_t k = 0; k < io->n; k++) {
        const struct cacti texts = cacti_texts(call, io->items[k], false);
        const char *name = arena_printf(arena, "%s Current:%s Max:%s Min:%s ",
                                        words_pad(arena, io->items[k]->name, widths.name),
                                        words_pad(arena, texts.last, widths.last),
                                        words_pad(arena, texts.max, widths.max),
                                        words_pad(arena, texts.min, widths.min));
        if (!make_alias(call, io->items[k], name, err))
            return false;
    }
    return true;
}

const struct function fn_cacti_style = {
    .name = "cactiStyle",
    .group = "Special",
    .params = {FN_LIST,
               {"system", PARAM_STRING, .is_optional = true},
               {"units", PARAM_STRING, .is_optional = true}},
    .run = run_cacti_style,
    .about = "Names with the current, largest and smallest value in columns.",
    .example = "cactiStyle(net.*.rx,'binary','B')",
};

/* ---- upper, lower ---- */

static bool is_asked(const struct call *call, int64_t i, int64_t n)
{
    for (size_t a = 1; a < call_n(call); a++) {
        const int64_t at = call_i64(call, a);
        if (at == i || at + n == i)
            return true;
    }
    return call_n(call) < 2;
}

/* Changes the case of the characters asked for; only ASCII letters have one here. */
static bool change_case(struct call *call, struct series_list *io, int (*change)(int),
                        struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        char *name = arena_strdup(call_arena(call), io->items[k]->name);
        const int64_t n = (int64_t)words_length(name);
        int64_t i = -1;
        for (char *c = name; *c; c++) {
            i += ((unsigned char)*c & 0xC0) != 0x80; /* a character begins */
            if (isascii((unsigned char)*c) && is_asked(call, i, n))
                *c = (char)change((unsigned char)*c);
        }
        if (!make_alias(call, io->items[k], name, err))
            return false;
    }
    return true;
}

/* clang-format off */
#define FN_LETTERS {"pos", PARAM_NODE, .is_optional = true, .is_multiple = true}
/* clang-format on */

static bool run_upper(struct call *call, struct series_list *io, struct err *err)
{
    return change_case(call, io, toupper, err);
}

const struct function fn_upper = {
    .name = "upper",
    .group = "Alias",
    .params = {FN_LIST, FN_LETTERS},
    .run = run_upper,
    .about = "Upper case for the whole name, or for the letters at the positions.",
    .example = "upper(servers.web01.load,0)",
};

static bool run_lower(struct call *call, struct series_list *io, struct err *err)
{
    return change_case(call, io, tolower, err);
}

const struct function fn_lower = {
    .name = "lower",
    .group = "Alias",
    .params = {FN_LIST, FN_LETTERS},
    .run = run_lower,
    .about = "Lower case for the whole name, or for the letters at the positions.",
    .example = "lower(servers.web01.load)",
};
