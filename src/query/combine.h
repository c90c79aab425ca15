/* Many series made one by an aggregation function: what sumSeries, groupByNode and theirs share. */
#pragma once

#include "query/agg.h"
#include "query/function.h"

struct combine {
    enum agg how;
    const char *func;      /* as in the name and in the tag aggregatedBy: "sum" */
    double x_files_factor; /* NaN: the request's */
};

/* "sum", "sumSeries" and so on to a combine. func in the arena. err: ERR_INPUT */
MUST_CHECK bool combine_parse(struct call *call, const char *text, struct combine *out,
                              struct err *err);

/* One series of n >= 1, named sumSeries(<path expressions>); it has the tags that all share. */
MUST_CHECK bool combine_series(struct call *call, const struct series_list *list,
                               const struct combine *combine, struct series **out, struct err *err);

/* What combine_series gives to the series it makes, for whoever combines in another way: its
 * xFilesFactor and its tags, `shared` by all n >= 1 that went into it. */
void combine_dress(struct call *call, const struct combine *combine, const struct tag *shared,
                   size_t n_shared, struct series *made);

/* The list becomes its one combination; an empty one stays empty. */
MUST_CHECK bool combine_list(struct call *call, struct series_list *io,
                             const struct combine *combine, struct err *err);

/* The list becomes this one series. */
void combine_only(struct call *call, struct series_list *io, struct series *series);
