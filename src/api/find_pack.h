/* Nodes of the name tree as Graphite servers hand them to each other: the bodies of /metrics/find with
 * format=pickle and msgpack. Pure. */
#pragma once

#include "api/pack.h"
#include "model/source.h"

/* A list of maps: path, is_leaf and, of a leaf, intervals [(start, end)], when it may have points: from
 * 1970 to now, for how long a series is kept is not asked. What is both leaf and branch is there twice. */
void find_pack(struct buf *out, enum pack_form form, const struct source_nodes *nodes,
               bool leaves_only, int64_t now_s);
