/* Graphite's Sorting group. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/fn.h"
#include "query/rank.h"

static bool run_sort_by(struct call *call, struct series_list *io, struct err *err)
{
    enum agg how;
    if (!agg_parse(call_text(call, 1), &how, err))
        return BLAME(call, 1);
    rank_by_agg(call, io, how, call_bool(call, 2));
    return true;
}

const struct function fn_sort_by = {
    .name = "sortBy",
    .group = "Sorting",
    .params = {FN_LIST,
               {"func", PARAM_AGG_FUNC, .is_optional = true, .fallback = "\"average\""},
               {"reverse", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = run_sort_by,
    .about = "Sorts by an aggregate of each series, the smallest first.",
    .example = "sortBy(servers.*.load,'max',true)",
};

static bool run_sort_by_total(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    rank_by_agg(call, io, AGG_SUM, true);
    return true;
}

const struct function fn_sort_by_total = {
    .name = "sortByTotal",
    .group = "Sorting",
    .params = {FN_LIST},
    .run = run_sort_by_total,
    .about = "Sorts by the sum of each series, the largest first.",
    .example = "sortByTotal(web.logins.errors.*)",
};

static bool run_sort_by_maxima(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    rank_by_agg(call, io, AGG_MAX, true);
    return true;
}

const struct function fn_sort_by_maxima = {
    .name = "sortByMaxima",
    .group = "Sorting",
    .params = {FN_LIST},
    .run = run_sort_by_maxima,
    .about = "Sorts by the largest value of each series, the largest first.",
    .example = "sortByMaxima(servers.*.load)",
};

static bool run_sort_by_minima(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    const double *highest = rank_keys(call, io, AGG_MAX);
    size_t n = 0;
    for (size_t k = 0; k < io->n; k++)
        if (highest[k] > 0)
            io->items[n++] = io->items[k];
    io->n = n;
    rank_by_agg(call, io, AGG_MIN, false);
    return true;
}

const struct function fn_sort_by_minima = {
    .name = "sortByMinima",
    .group = "Sorting",
    .params = {FN_LIST},
    .run = run_sort_by_minima,
    .about =
        "Sorts by the smallest value of each series, the smallest first; series that never rise "
        "above 0 are left out.",
    .example = "sortByMinima(servers.*.load)",
};

/* ---- sortByName ---- */

/* Every run of digits brought to 10, so that 2 comes before 10. */
static const char *natural_key(struct call *call, const char *name)
{
    enum { DIGITS = 10 };
    char *key = arena_alloc(call_arena(call), strlen(name) * (DIGITS + 1) + 1), *to = key;
    while (*name) {
        size_t n = strspn(name, "0123456789");
        if (n == 0) {
            *to++ = *name++;
            continue;
        }
        const size_t zeros = min_size(strspn(name, "0"), n - 1);
        const size_t digits = n - zeros;
        for (size_t i = digits; i < DIGITS; i++)
            *to++ = '0';
        memcpy(to, name + zeros, digits);
        to += digits;
        name += n;
    }
    *to = '\0';
    return key;
}

struct named {
    const char *key;
    size_t place;
    struct series *series;
};

static int ascending(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int descending(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(y->key, x->key);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static bool run_sort_by_name(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    const bool is_natural = call_bool(call, 1);
    struct named *names = arena_array(call_arena(call), io->n, struct named);
    for (size_t k = 0; k < io->n; k++) {
        const char *name = io->items[k]->name;
        names[k] = (struct named){is_natural ? natural_key(call, name) : name, k, io->items[k]};
    }
    if (io->n > 1)
        qsort(names, io->n, sizeof(names[0]), call_bool(call, 2) ? descending : ascending);
    for (size_t k = 0; k < io->n; k++)
        io->items[k] = names[k].series;
    return true;
}

const struct function fn_sort_by_name = {
    .name = "sortByName",
    .group = "Sorting",
    .params = {FN_LIST,
               {"natural", PARAM_BOOL, .is_optional = true, .fallback = "false"},
               {"reverse", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = run_sort_by_name,
    .about = "Sorts by name; natural puts node2 before node10.",
    .example = "sortByName(servers.*.load,true)",
};
