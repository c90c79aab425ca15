/* The server's /render?format=json as series that a chart can draw. Pure. */
#pragma once

#include "base/arena.h"
#include "model/series.h"

/* [{"target": name, "datapoints": [[value or null, unix second], ...]}, ...], added to out. One
 * without points is left out. lone_step_s: of a series of one point, whose step nobody can see.
 *   json  n bytes; overwritten
 *   err   ERR_INPUT: something else, or points that do not have a fixed step; ERR_LIMIT */
MUST_CHECK bool series_json_read(char *json, size_t n, int64_t lone_step_s, struct arena *arena,
                                 struct series_list *out, struct err *err);
