/* How often nothing looks like something: changes that never were, at quiet times of the last day, are judged as
 * real ones are. Thread: any. */
#pragma once

#include "impact/assess.h"

enum {
    SELF_CHECK_TIMES = 20,        /* pseudo-changes */
    SELF_CHECK_METRICS = 100,     /* for each */
    SELF_CHECK_ENOUGH = 300,      /* judged in all; fewer say nothing */
    SELF_CHECK_QUIET_S = 2 * 900, /* without a change before and after: two horizons */
};

/* Times in [now - a day, now - an hour) with no change near, at most SELF_CHECK_TIMES, evenly. */
size_t self_check_times(const struct change *changes, size_t n, int64_t now_s,
                        int64_t out[SELF_CHECK_TIMES]);

/* *out_is_known false: there were too few quiet times or metrics. rest: as for assess_run. The detail is in the
 * arena. */
struct self_check_rest {
    bool (*rest)(void *self);
    void *self;
};
MUST_CHECK bool self_check_run(const struct impact_options *options,
                               const struct self_check_rest *rest, struct arena *arena,
                               struct impact_check *out, bool *out_is_known, struct err *err);
