/* A verdict out of the JSON of model/verdict_write.h. Unknown keys are passed over, what is missing, null or
 * of a wrong type is "not known": NAN, 0, "". Strings in the arena. Pure. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "model/verdict.h"

enum { VERDICT_LIST_MAX = 10000 /* of each of its lists */ };

/* METRIC = {"metric","direction":"up|down|erratic","harm":"bad|good"|null,"vital","before","after","delta",
 * "usual":[low,high],"p","rank":[r,n],"share","since","would_see","spark":[v|null],"spark_change"}; of a
 * spark the first VERDICT_SPARK_MAX values count.
 *   err  ERR_INPUT it is no object, or of no known state or stage; ERR_LIMIT a list is too long */
MUST_CHECK bool verdict_read(const json_t *root, struct arena *arena, struct verdict *out,
                             struct err *err);

/* A summary: the worst are its moved ones; those that would have been seen are its unmoved ones, with shares
 * of what they were before: there `before` is 1. False when it is none, as null is. */
MUST_CHECK bool verdict_read_summary(const json_t *root, struct arena *arena, struct verdict *out);
