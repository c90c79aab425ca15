/* maxDataPoints: fewer, wider points. query_consolidate, declared in query.h, does what Graphite's
 * JSON does; the buckets themselves are here. Pure. */
#pragma once

#include "query/query.h"

/* A new series of n_points values a point, the first n_drop left out; the last point may be made of
 * fewer. Its start is from's: the caller moves it. n_points >= 1. */
MUST_CHECK struct series *consolidate_series(const struct series *from, size_t n_drop,
                                             size_t n_points, struct arena *arena);
