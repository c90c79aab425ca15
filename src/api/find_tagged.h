/* Tagged series in the name tree. By their whole name /metrics/find lists them as Graphite does. And
 * Graphite's tree has a branch "_tagged", for whisper keeps those series in files
 * _tagged.<first 3 hex digits of the name's SHA-256>.<next 3>.<all 64>. That branch is of no use to
 * anyone who looks for series (its leaves have no points here), so it is there only where Graphite's
 * view is asked for, [graphite] events = posted: a pattern that reaches below it costs a hash of
 * every tagged name. */
#pragma once

#include "api/call.h"
#include "model/source.h"

/* "name;tag=value": the leaf of that name, or none. */
MUST_CHECK bool find_tagged_by_name(struct api_call *call, const char *query,
                                    struct source_nodes *out, struct err *err);
/* Adds what the pattern matches of the branch "_tagged". err: ERR_LIMIT */
MUST_CHECK bool find_tagged_branch(struct api_call *call, const struct glob_path *pattern,
                                   size_t n_max, struct source_nodes *io, struct err *err);
