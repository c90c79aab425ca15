/* Graphite's Combine group, the part that forms groups of a list by the nodes of the names. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "query/combine.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/node.h"

/* ---- ...WithWildcards: some nodes left out of the name ---- */

static bool is_left_out(struct call *call, size_t first, int64_t position)
{
    for (size_t i = first; i < call_n(call); i++)
        if (call_i64(call, i) == position)
            return true;
    return false;
}

/* The name without the nodes at the call's positions; in the arena. */
static const char *key_without(struct call *call, const char *name, size_t first)
{
    char *key = arena_strdup(call_arena(call), name), *to = key;
    struct str rest = str_of(name), node;
    bool is_first = true;
    for (int64_t i = 0; str_split(&rest, '.', &node); i++) {
        if (is_left_out(call, first, i))
            continue;
        if (!is_first)
            *to++ = '.';
        memcpy(to, node.at, node.n);
        to += node.n;
        is_first = false;
    }
    *to = '\0';
    return key;
}

/* Positions are the arguments from `first` on. */
static bool combine_without(struct call *call, struct series_list *io, const char *func,
                            size_t first, struct err *err)
{
    CLEANUP(node_groups_done) struct node_groups groups = {0};
    struct combine combine;
    node_groups_init(&groups);
    if (!combine_parse(call, func, &combine, err))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        const char *key = key_without(call, io->items[k]->name, first);
        struct node_group *group = node_groups_get(&groups, key, call_arena(call));
        series_list_add(&group->list, io->items[k], call_arena(call));
    }
    *io = (struct series_list){0};
    for (size_t g = 0; g < groups.n; g++) {
        struct series *made;
        if (!combine_series(call, &groups.items[g].list, &combine, &made, err))
            return false;
        made->name = groups.items[g].key;
        series_list_add(io, made, call_arena(call));
    }
    return true;
}

/* clang-format off */
#define FN_POSITIONS {"position", PARAM_NODE, .is_optional = true, .is_multiple = true}
/* clang-format on */

static bool sum_with_wildcards(struct call *call, struct series_list *io, struct err *err)
{
    return combine_without(call, io, "sum", 1, err);
}

const struct function fn_sum_series_with_wildcards = {
    .name = "sumSeriesWithWildcards",
    .group = "Combine",
    .params = {FN_LIST, FN_POSITIONS},
    .run = sum_with_wildcards,
    .about =
        "Adds up the series whose names are equal once the nodes at the positions are left out.",
    .example = "sumSeriesWithWildcards(servers.*.cpu.*,1)",
};

static bool average_with_wildcards(struct call *call, struct series_list *io, struct err *err)
{
    return combine_without(call, io, "average", 1, err);
}

const struct function fn_average_series_with_wildcards = {
    .name = "averageSeriesWithWildcards",
    .group = "Combine",
    .params = {FN_LIST, FN_POSITIONS},
    .run = average_with_wildcards,
    .about =
        "Averages the series whose names are equal once the nodes at the positions are left out.",
    .example = "averageSeriesWithWildcards(servers.*.cpu.*,1)",
};

static bool multiply_with_wildcards(struct call *call, struct series_list *io, struct err *err)
{
    return combine_without(call, io, "multiply", 1, err);
}

const struct function fn_multiply_series_with_wildcards = {
    .name = "multiplySeriesWithWildcards",
    .group = "Combine",
    .params = {FN_LIST, FN_POSITIONS},
    .run = multiply_with_wildcards,
    .about = "Multiplies the series whose names are equal once the nodes at the positions are left "
             "out.",
    .example = "multiplySeriesWithWildcards(shop.*.{orders,value},2)",
};

static bool aggregate_with_wildcards(struct call *call, struct series_list *io, struct err *err)
{
    return combine_without(call, io, call_text(call, 1), 2, err);
}

const struct function fn_aggregate_with_wildcards = {
    .name = "aggregateWithWildcards",
    .group = "Combine",
    .params = {FN_LIST, {"func", PARAM_AGG_FUNC}, FN_POSITIONS},
    .run = aggregate_with_wildcards,
    .about =
        "Combines the series whose names are equal once the nodes at the positions are left out.",
    .example = "aggregateWithWildcards(servers.*.cpu.*,'max',1)",
};

/* ---- groupBy... ---- */

/* One series of a group, by an aggregation function or by a render function's first result. */
static bool call_back(struct call *call, const char *callback, struct series_list *list,
                      struct series **out, struct err *err)
{
    struct combine combine;
    if (!function_find(callback))
        return combine_parse(call, callback, &combine, err) &&
               combine_series(call, list, &combine, out, err);
    if (!call_function(call, callback, list, err))
        return false;
    if (list->n == 0)
        return FAIL(err, ERR_INPUT, "%s() of a group has no result", callback);
    *out = list->items[0];
    return true;
}

static bool group_by(struct call *call, struct series_list *io, const char *callback,
                     struct node_args nodes, struct err *err)
{
    CLEANUP(node_groups_done) struct node_groups groups = {0};
    node_groups_init(&groups);
    node_groups_fill(&groups, call, io, nodes);
    *io = (struct series_list){0};
    for (size_t g = 0; g < groups.n; g++) {
        struct series *made;
        if (!call_back(call, callback, &groups.items[g].list, &made, err))
            return false;
        made->name = groups.items[g].key;
        series_list_add(io, made, call_arena(call));
    }
    return true;
}

static bool group_by_node(struct call *call, struct series_list *io, struct err *err)
{
    return group_by(call, io, call_text(call, 2), (struct node_args){1, 1}, err);
}

const struct function fn_group_by_node = {
    .name = "groupByNode",
    .group = "Combine",
    .params = {FN_LIST,
               {"nodeNum", PARAM_NODE_OR_TAG},
               {"callback", PARAM_AGG_OR_SERIES_FUNC, .is_optional = true,
                .fallback = "\"average\""}},
    .run = group_by_node,
    .about = "Makes one series of all that share a node or tag; the result is named by it.",
    .example = "groupByNode(servers.*.cpu.*,1,'sumSeries')",
};

static bool group_by_nodes(struct call *call, struct series_list *io, struct err *err)
{
    const size_t n = call_n(call);
    return group_by(call, io, call_text(call, 1), (struct node_args){2, n > 2 ? n - 2 : 0}, err);
}

const struct function fn_group_by_nodes = {
    .name = "groupByNodes",
    .group = "Combine",
    .params = {FN_LIST,
               {"callback", PARAM_AGG_OR_SERIES_FUNC},
               {"nodes", PARAM_NODE_OR_TAG, .is_optional = true, .is_multiple = true}},
    .run = group_by_nodes,
    .about = "Makes one series of all that share some nodes or tags; the result is named by them.",
    .example = "groupByNodes(servers.*.cpu.*,'sum',1,3)",
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "name;dc=east;host=h1": the tags of the call's arguments, sorted. name NULL: the series' own.
 * err: ERR_INPUT when the series lacks one */
static bool tag_key(struct call *call, const struct series *series, const char *name,
                    const char **out, struct err *err)
{
    struct arena *arena = call_arena(call);
    const char **parts = arena_array(arena, call_n(call), const char *);
    const char *own = series_tag(series, "name");
    size_t n = 0;
    for (size_t i = 2; i < call_n(call); i++) {
        const char *tag = call_text(call, i), *value = series_tag(series, tag);
        if (!value || !*value)
            return FAIL_AT(call, i, err, "%s has no tag '%s'", series->name, tag);
        if (name || strcmp(tag, "name") != 0)
            parts[n++] = arena_printf(arena, "%s=%s", tag, value);
    }
    if (n)
        qsort(parts, n, sizeof(parts[0]), compare_texts);
    const char *key = name ? name : own;
    for (size_t i = 0; i < n; i++)
        key = arena_printf(arena, "%s;%s", key, parts[i]);
    *out = key;
    return true;
}

/* The name of groups that are not made by name: the one that all series share, else the callback. */
static const char *shared_name(const struct series_list *list, const char *callback)
{
    const char *shared = list->n ? series_tag(list->items[0], "name") : NULL;
    for (size_t k = 1; k < list->n && shared; k++) {
        const char *name = series_tag(list->items[k], "name");
        shared = name && strcmp(name, shared) == 0 ? shared : NULL;
    }
    return shared ? shared : callback;
}

static bool is_by_name(const struct call *call)
{
    for (size_t i = 2; i < call_n(call); i++)
        if (strcmp(call_text(call, i), "name") == 0)
            return true;
    return false;
}

static bool group_by_tags(struct call *call, struct series_list *io, struct err *err)
{
    CLEANUP(node_groups_done) struct node_groups groups = {0};
    const char *callback = call_text(call, 1);
    node_groups_init(&groups);
    if (call_n(call) < 3)
        return FAIL(err, ERR_INPUT, "no tags specified");
    const char *name = is_by_name(call) ? NULL : shared_name(io, callback);
    for (size_t k = 0; k < io->n; k++) {
        const char *key;
        if (!tag_key(call, io->items[k], name, &key, err))
            return false;
        struct node_group *group = node_groups_get(&groups, key, call_arena(call));
        series_list_add(&group->list, io->items[k], call_arena(call));
    }
    *io = (struct series_list){0};
    for (size_t g = 0; g < groups.n; g++) {
        struct series *made;
        if (!call_back(call, callback, &groups.items[g].list, &made, err))
            return false;
        made->name = made->path_expression = groups.items[g].key;
        make_name_tags(call, made);
        series_list_add(io, made, call_arena(call));
    }
    return true;
}

const struct function fn_group_by_tags = {
    .name = "groupByTags",
    .group = "Combine",
    .params = {FN_LIST,
               {"callback", PARAM_AGG_OR_SERIES_FUNC},
               {"tags", PARAM_TAG, .is_multiple = true}},
    .run = group_by_tags,
    .about = "Makes one series of all that share the tags' values.",
    .example = "groupByTags(seriesByTag('name=requests'),'sum','dc')",
};

/* ---- applyByNode, mapSeries, reduceSeries ---- */

/* text with every % replaced. */
static const char *fill_in(struct call *call, const char *text, const char *with)
{
    CLEANUP(buf_done) struct buf out = {0};
    buf_init(&out, SIZE_MAX / 2);
    for (; *text; text++) {
        if (*text == '%')
            buf_add_str(&out, with);
        else
            buf_add_char(&out, *text);
    }
    return arena_strdup(call_arena(call), buf_text(&out));
}

/* The first node + 1 nodes of a name; Python's slice, so -1 and below drop nodes from the end. */
static bool node_prefix(struct call *call, const char *name, const char **out, struct err *err)
{
    struct str rest = str_of(name), node;
    int64_t n = 0, wanted = call_i64(call, 1) + 1;
    while (str_split(&rest, '.', &node))
        n++;
    if (wanted > n)
        return FAIL_AT(call, 1, err, "%s does not contain %lld nodes", name, (long long)wanted - 1);
    if (wanted < 0)
        wanted = max_i64(wanted + n, 0);
    size_t bytes = 0;
    rest = str_of(name);
    for (int64_t i = 0; i < wanted && str_split(&rest, '.', &node); i++)
        bytes += node.n + (i > 0);
    *out = arena_strndup(call_arena(call), name, bytes);
    return true;
}

static bool apply_one(struct call *call, const struct series *last, const char *prefix,
                      struct series_list *out, struct err *err)
{
    struct series_list results = {0};
    const char *new_name = call_text(call, 3);
    if (!call_target(call, fill_in(call, call_text(call, 2), prefix), &results, err))
        return false;
    for (size_t k = 0; k < results.n; k++) {
        struct series *series = results.items[k];
        if (new_name && *new_name)
            series->name = fill_in(call, new_name, prefix);
        series->path_expression = prefix;
        series->start_s = last->start_s;
        series->end_s = last->end_s;
        series_list_add(out, series, call_arena(call));
    }
    return true;
}

static bool apply_by_node(struct call *call, struct series_list *io, struct err *err)
{
    const struct series_list list = *io;
    const char **prefixes = arena_array(call_arena(call), list.n, const char *);
    for (size_t k = 0; k < list.n; k++)
        if (!node_prefix(call, list.items[k]->name, &prefixes[k], err))
            return false;
    if (list.n)
        qsort(prefixes, list.n, sizeof(prefixes[0]), compare_texts);
    *io = (struct series_list){0};
    for (size_t k = 0; k < list.n; k++) {
        if (k > 0 && strcmp(prefixes[k], prefixes[k - 1]) == 0)
            continue;
        if (!apply_one(call, list.items[list.n - 1], prefixes[k], io, err))
            return false;
    }
    return true;
}

const struct function fn_apply_by_node = {
    .name = "applyByNode",
    .group = "Combine",
    .params = {FN_LIST,
               {"nodeNum", PARAM_NODE},
               {"templateFunction", PARAM_STRING},
               {"newName", PARAM_STRING, .is_optional = true}},
    .run = apply_by_node,
    .about =
        "Evaluates the template once for each distinct beginning of the names, up to the node; % "
        "stands for it.",
    .example = "applyByNode(servers.*.cpu.*,1,'divideSeries(%.load,%.cpu.user)','% load')",
};

static bool map_series(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    CLEANUP(node_groups_done) struct node_groups groups = {0};
    node_groups_init(&groups);
    node_groups_fill(&groups, call, io, (struct node_args){1, call_n(call) - 1});
    *io = (struct series_list){0};
    for (size_t g = 0; g < groups.n; g++)
        for (size_t k = 0; k < groups.items[g].list.n; k++)
            series_list_add(io, groups.items[g].list.items[k], call_arena(call));
    return true;
}

const struct function fn_map_series = {
    .name = "mapSeries",
    .group = "Combine",
    .params = {FN_LIST, {"mapNodes", PARAM_NODE_OR_TAG, .is_multiple = true}},
    .run = map_series,
    .about = "Puts series that share the nodes beside each other, for reduceSeries.",
    .example = "mapSeries(servers.*.cpu.*,1)",
};
