/* Series for drawing libraries of browsers: the bodies of format=dygraph and rickshaw. Pure. An
 * infinity is 1e9999, which every reader of JSON takes for one. */
#pragma once

#include "base/err.h"
#include "base/jsonw.h"
#include "model/series.h"

/* {"labels":["Time",name,...],"data":[[milliseconds,value,...],...]}; {} without series. The rows have
 * the times of the first series.
 *   err  ERR_INPUT: a series does not have a value for each of them (nothing is written) */
MUST_CHECK bool series_web_dygraph(struct jsonw *json, const struct series_list *list,
                                   struct err *err);
/* [{"target":name,"datapoints":[{"x":seconds,"y":value},...]},...] */
void series_web_rickshaw(struct jsonw *json, const struct series_list *list);
