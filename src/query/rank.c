#include "query/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

void rank_by(struct call *call, struct series_list *io, const double *keys, bool is_descending)
{
    struct rank *ranks = arena_array(call_arena(call), io->n, struct rank);
    for (size_t k = 0; k < io->n; k++) {
        const double key = is_gap(keys[k]) ? -HUGE_VAL : keys[k];
        ranks[k] = (struct rank){is_descending ? -key : key, k, io->items[k]};
    }
    if (io->n > 1)
        qsort(ranks, io->n, sizeof(ranks[0]), compare);
    for (size_t k = 0; k < io->n; k++)
        io->items[k] = ranks[k].series;
}

double *rank_keys(struct call *call, const struct series_list *list, enum agg how)
{
    double *keys = arena_array(call_arena(call), list->n, double);
    size_t n = 1;
    for (size_t k = 0; k < list->n; k++)
        n = max_size(n, list->items[k]->n_points);
    CLEANUP(mem_done) double *scratch = mem_array(n, double);
    for (size_t k = 0; k < list->n; k++)
        keys[k] = agg_run(how, list->items[k]->values, list->items[k]->n_points, scratch);
    return keys;
}

void rank_by_agg(struct call *call, struct series_list *io, enum agg how, bool is_descending)
{
    rank_by(call, io, rank_keys(call, io, how), is_descending);
}

void rank_cut(struct series_list *io, int64_t n)
{
    const int64_t length = (int64_t)io->n;
    if (n < 0)
        n = max_i64(n, -length) + length;
    io->n = (size_t)min_i64(n, length);
}
