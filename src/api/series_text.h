/* Series as text: the bodies of format=json, csv and raw. Pure. */
#pragma once

#include "base/jsonw.h"
#include "base/tz.h"
#include "model/series.h"

/* [{"target","tags","datapoints":[[value,time],...]}]; [] when every series is empty. */
void series_text_json(struct jsonw *json, const struct series_list *list, bool no_null_points);
/* name,YYYY-MM-DD HH:MM:SS,value with CRLF, as Python's csv writes it. */
void series_text_csv(struct buf *out, const struct series_list *list, const struct tz *tz);
/* name,start,end,step|v1,v2,None */
void series_text_raw(struct buf *out, const struct series_list *list);
