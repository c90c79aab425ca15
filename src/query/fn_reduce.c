/* Graphite's reduceSeries: one call of a function for each group that mapSeries made. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "query/bind.h"
#include "query/fn.h"
#include "query/make.h"

/* A result in the making: which series goes into which argument of the function. */
struct reduction {
    const char *name;
    struct series **arguments; /* one a matcher, NULL: none yet */
};

struct reductions {
    struct reduction *items;
    size_t n, cap;
};

static size_t n_matchers(const struct call *call)
{
    return call_n(call) - 3;
}

/* Calls the function with each argument as a list of one. */
static bool call_each(struct call *call, const char *name, const struct reduction *reduction,
                      struct series_list *out, struct err *err)
{
    struct call inner = {
        .eval = call->eval, .scope = call->scope, .function = function_find(name), .name = name};
    if (!inner.function)
        return FAIL(err, ERR_INPUT, "there is no function '%.80s'", name);
    bind_init(&inner, n_matchers(call));
    if (inner.n_values < n_matchers(call))
        return FAIL(err, ERR_INPUT, "%s() takes %zu arguments, not %zu", name, inner.n_values,
                    n_matchers(call));
    for (size_t i = 0; i < n_matchers(call); i++) {
        struct value *value = &inner.values[i];
        if (!reduction->arguments[i])
            return FAIL_AT(call, 3 + i, err, "%s has no series for '%s'", reduction->name,
                           call_text(call, 3 + i));
        *value = (struct value){.kind = VALUE_SERIES, .is_given = true};
        series_list_add(&value->series, reduction->arguments[i], call_arena(call));
    }
    inner.n_given = n_matchers(call);
    return eval_call(&inner, out, err);
}

static struct reduction *get_reduction(struct call *call, struct reductions *all, const char *name)
{
    struct arena *arena = call_arena(call);
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->items[i].name, name) == 0)
            return &all->items[i];
    arena_grow(arena, &all->items, &all->cap, all->n + 1, sizeof(all->items[0]));
    all->items[all->n] =
        (struct reduction){name, arena_zarray(arena, n_matchers(call), struct series *)};
    return &all->items[all->n++];
}

/* The node of a name that the matchers look at, and what stands before it. */
static bool cut_name(struct call *call, const char *name, struct str *out_before,
                     struct str *out_node, struct err *err)
{
    struct str rest = str_of(name), node;
    int64_t wanted = call_i64(call, 2), n = 0;
    while (str_split(&rest, '.', &node))
        n++;
    if (wanted < -n || wanted >= n)
        return FAIL_AT(call, 2, err, "%s has no node %lld", name, (long long)wanted);
    wanted += wanted < 0 ? n : 0;
    rest = str_of(name);
    for (int64_t i = 0; i <= wanted && str_split(&rest, '.', &node); i++)
        ;
    const size_t before = (size_t)(node.at - name);
    *out_before = str_make(name, before ? before - 1 : 0);
    *out_node = node;
    return true;
}

/* Puts a series where its node says; a later one takes the place of an earlier one. */
static bool place_series(struct call *call, struct reductions *all, struct series *series,
                         struct err *err)
{
    struct str before, node;
    if (!cut_name(call, series->name, &before, &node, err))
        return false;
    for (size_t i = 0; i < n_matchers(call); i++) {
        if (!str_is(node, call_text(call, 3 + i)))
            continue;
        const char *name = arena_printf(call_arena(call), STR_FMT ".reduce.%s", STR_ARG(before),
                                        call_text(call, 1));
        get_reduction(call, all, name)->arguments[i] = series;
        return true;
    }
    return true;
}

static bool run_reduce_series(struct call *call, struct series_list *io, struct err *err)
{
    struct reductions all = {0};
    if (call_n(call) < 4)
        return FAIL(err, ERR_INPUT, "reduceMatchers is missing");
    for (size_t k = 0; k < io->n; k++)
        if (!place_series(call, &all, io->items[k], err))
            return false;
    *io = (struct series_list){0};
    for (size_t i = 0; i < all.n; i++) {
        struct series_list results = {0};
        if (!call_each(call, call_text(call, 1), &all.items[i], &results, err))
            return false;
        if (results.n == 0)
            return FAIL(err, ERR_INPUT, "%s() has no result", call_text(call, 1));
        if (!make_alias(call, results.items[0], all.items[i].name, err))
            return false;
        series_list_add(io, results.items[0], call_arena(call));
    }
    return true;
}

const struct function fn_reduce_series = {
    .name = "reduceSeries",
    .group = "Combine",
    .params = {{"seriesLists", PARAM_SERIES_LISTS},
               {"reduceFunction", PARAM_STRING},
               {"reduceNode", PARAM_NODE},
               {"reduceMatchers", PARAM_STRING, .is_multiple = true}},
    .run = run_reduce_series,
    .about =
        "Calls a function once for each group of mapSeries; its arguments are the series whose "
        "node equals each matcher, in their order.",
    .example = "reduceSeries(mapSeries(servers.*.disk.*,1),'asPercent',3,'used','total')",
};
