/* Series in order of one number each. Stable; a gap counts as minus infinity. */
#pragma once

#include "query/agg.h"
#include "query/function.h"

struct rank {
    double key;
    size_t place; /* in the list before */
    struct series *series;
};

/* Puts a list in order of keys[i]. */
void rank_by(struct call *call, struct series_list *io, const double *keys, bool is_descending);

/* Puts a list in order of an aggregate of each series' values. */
void rank_by_agg(struct call *call, struct series_list *io, enum agg how, bool is_descending);

/* Python's list[:n]: a negative n counts from the end. */
void rank_cut(struct series_list *io, int64_t n);

/* An aggregate of each series; one value a series, in the arena. */
double *rank_keys(struct call *call, const struct series_list *list, enum agg how);
