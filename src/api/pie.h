/* The slices of a pie: targets one by one, and literal ones that are a name and a number. */
#pragma once

#include "query/query.h"

/* As query_run, but "label:12.5" is a series of that name and that one value.
 *   err  as query_run; ERR_INPUT for a literal value that is not finite, and for what has a colon
 *        but is neither a literal nor finds anything */
MUST_CHECK bool pie_run(const struct query_env *env, const struct query_request *request,
                        struct arena *arena, struct series_list *out, struct err *err);
