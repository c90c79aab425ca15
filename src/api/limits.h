/* How fast each caller may write, and what was turned away. Two allowances a caller, each used up by one at
 * a time and filled again by the clock. The LIMITS_CALLERS_MAX seen last are remembered. Thread: any; one
 * private lock. */
#pragma once

#include "api/api.h"

enum {
    LIMITS_CALLERS_MAX = 1024,
    LIMITS_WRITES_PER_MINUTE = 60, /* changes; a deploy train ends within that */
    LIMITS_WRITES_AT_ONCE = 600,
    LIMITS_SERVICES_PER_HOUR = 100, /* never seen before: a typo in a template makes thousands */
};

enum limits_what { LIMITS_WRITE, LIMITS_NEW_SERVICE, LIMITS_KINDS };

struct limits;

MUST_CHECK struct limits *limits_new(void);
void limits_free(struct limits *limits); /* NULL is fine */

/* Takes one. False: there is none left, and the next comes after *out_wait_s. */
MUST_CHECK bool limits_take(struct limits *limits, uint64_t caller, enum limits_what what,
                            int64_t now_us, int64_t *out_wait_s);
void limits_count_denied(struct limits *limits);
void limits_stats(const struct limits *limits, struct api_stats *out);
