/* Graphite's time grammar, its bugs included (12am is noon): docs/graphite.md. query_parse_time is
 * declared in query.h and interval_parse in function.h; this is what their files share. Pure. */
#pragma once

#include "base/err.h"
#include "query/query.h"

enum {
    TIME_TEXT_BYTES_MAX = 256, /* the longest sensible form has 40 */
};

/* "-1d12h", "+5min", "5min": the sign holds for all parts. err: ERR_INPUT */
MUST_CHECK bool time_parse_offset(const char *text, int64_t *out_s, struct err *err);
