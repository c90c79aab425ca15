/* A time as people type it. Pure. */
#pragma once

#include "base/err.h"
#include "base/tz.h"

struct when_now {
    int64_t ms;          /* since 1970 */
    const struct tz *tz; /* of times without a zone */
};

/* now; 90s, 10m, 2h, 3d, 1w, 1h30m (ago; also with a '-' in front or "ago" behind, and as 10min or
 * 2hours); 14:05[:30] (the latest one, where a few minutes ahead still is today); today, yesterday
 * (midnight); 2026-11-22[T14:05[:30[.5]][Z|+01:00]]; unix seconds, also with a point, or
 * milliseconds.
 *   err  ERR_INPUT, with a hint that shows forms that work */
MUST_CHECK bool when_parse(const char *text, const struct when_now *now, int64_t *out_ms,
                           struct err *err);
/* A time that is to come: 18:00 (the next one), 2h (from now), tomorrow (midnight), and dates and unix
 * seconds as above. err: ERR_INPUT, also when it is over */
MUST_CHECK bool when_parse_ahead(const char *text, const struct when_now *now, int64_t *out_ms,
                                 struct err *err);
/* A length of time: 90s, 10m, 1h30m, 2d; a second or more. err: ERR_INPUT */
MUST_CHECK bool when_parse_length(const char *text, int64_t *out_ms, struct err *err);
