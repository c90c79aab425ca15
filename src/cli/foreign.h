/* Other programs' lists of events as changes. Pure. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* A JSON array of Graphite's events (/events/get_data), Grafana's annotations (/api/annotations) or plumb's
 * changes (/api/v1/changes), as a line a change, in its order; what is none of the three stays as it is, for
 * the server to refuse. Each gets a key of its id and time, so that importing twice changes nothing.
 *   err  ERR_INPUT no JSON array, with where; ERR_LIMIT out is full */
MUST_CHECK bool foreign_lines(const char *json, size_t n, struct buf *out, struct err *err);
