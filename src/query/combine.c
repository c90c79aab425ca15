#include "query/combine.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "query/make.h"
#include "query/normalise.h"

bool combine_parse(struct call *call, const char *text, struct combine *out, struct err *err)
{
    size_t n;
    if (!agg_parse_stem(text, &out->how, &n, err))
        return false;
    out->func = arena_strndup(call_arena(call), text, n);
    out->x_files_factor = NAN;
    return true;
}

static bool all_share(const struct series_list *list, const struct tag *tag)
{
    for (size_t k = 1; k < list->n; k++) {
        const char *value = series_tag(list->items[k], tag->key);
        if (!value || strcmp(value, tag->value) != 0)
            return false;
    }
    return true;
}

void combine_dress(struct call *call, const struct combine *combine, const struct tag *shared,
                   size_t n_shared, struct series *made)
{
    if (!isnan(combine->x_files_factor))
        made->x_files_factor = combine->x_files_factor;
    made->n_tags = 0;
    for (size_t i = 0; i < n_shared; i++)
        make_tag(call, made, shared[i].key, shared[i].value);
    if (!series_tag(made, "name"))
        make_tag(call, made, "name", made->name);
    make_tag(call, made, "aggregatedBy", combine->func);
}

static void dress(struct call *call, const struct series_list *list, const struct combine *combine,
                  struct series *made)
{
    const struct series *first = list->items[0];
    struct tag *shared = arena_array(call_arena(call), first->n_tags, struct tag);
    size_t n_shared = 0;
    for (size_t i = 0; i < first->n_tags; i++)
        if (all_share(list, &first->tags[i]))
            shared[n_shared++] = first->tags[i];
    combine_dress(call, combine, shared, n_shared, made);
}

bool combine_series(struct call *call, const struct series_list *list,
                    const struct combine *combine, struct series **out, struct err *err)
{
    struct normal normal;
    if (!normalise(call, list->items, list->n, &normal, err))
        return false;
    const struct shape shape = {normal.start_s, normal.end_s, normal.step_s, normal.n_rows};
    const char *name = arena_printf(call_arena(call), "%sSeries(%s)", combine->func,
                                    normalise_paths(call, list->items, list->n));
    struct series *made;
    if (!make_series(call, name, &shape, &made, err))
        return false;
    dress(call, list, combine, made);

    CLEANUP(mem_done) double *scratch = mem_array(2 * normal.n_rows + normal.n_columns, double);
    const struct agg_table table = {normal.columns, normal.n_columns, normal.n_rows,
                                    made->x_files_factor};
    agg_rows(combine->how, &table, scratch, made->values);
    *out = made;
    return true;
}

void combine_only(struct call *call, struct series_list *io, struct series *series)
{
    *io = (struct series_list){0};
    series_list_add(io, series, call_arena(call));
}

bool combine_list(struct call *call, struct series_list *io, const struct combine *combine,
                  struct err *err)
{
    struct series *made;
    if (io->n == 0)
        return true;
    if (!combine_series(call, io, combine, &made, err))
        return false;
    combine_only(call, io, made);
    return true;
}
