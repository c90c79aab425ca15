/* Series as Graphite servers hand them to each other: the bodies of format=pickle and msgpack. Pure. */
#pragma once

#include "api/pack.h"
#include "model/series.h"

/* A list of maps: name, start, end, step, values, pathExpression, valuesPerPoint, consolidationFunc,
 * xFilesFactor. */
void series_pack(struct buf *out, enum pack_form form, const struct series_list *list);
