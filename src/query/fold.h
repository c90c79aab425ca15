/* Wide combinations without holding what they combine: sumSeries(a.*) reads its series some at a time
 * and adds each to one row of running values. Numbers, name and tags are those of the function's run. */
#pragma once

#include "query/eval.h"

/* The result of a call of a function that folds, if it can be had in this way: every argument is a path
 * that is read here and nowhere else, and all series have the same times.
 *   *out_is_done  false: it cannot; nothing was counted, evaluate the arguments and run the function
 *   err           as fetch_path, with its position */
MUST_CHECK bool fold_call(struct call *call, bool *out_is_done, struct series_list *out,
                          struct err *err);
