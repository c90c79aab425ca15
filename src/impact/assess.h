/* The whole judgement of one change: the metrics are chosen, read slice by slice and weighed, and what came out
 * is said as a verdict. Thread: any. */
#pragma once

#include "impact/panel.h"

/* What kind of numbers a metric has, for how often nothing looks like something. */
enum assess_class { ASSESS_COUNTS, ASSESS_RATIOS, ASSESS_VALUES, ASSESS_CLASSES };
const char *assess_class_name(enum assess_class which); /* "counts" */

struct assess_tally {
    uint64_t n_judged[ASSESS_CLASSES], n_moved[ASSESS_CLASSES];
};

struct assess_job {
    const struct impact_options *options;
    const struct change *change;
    const struct impact_wish *wish;
    double false_alarms; /* as last measured; NAN: never */
    size_t n_max;        /* metrics; 0: what the rules say */
    /* Called between slices: may sleep. False: enough, the answer is ERR_BUSY. NULL: somebody waits for the
     * answer, so that unless asked by name only some hundred metrics are looked at. */
    bool (*rest)(void *self);
    void *rest_self;
    struct assess_tally *tally; /* added to; or NULL */
};

/* As impact_assess says. */
MUST_CHECK bool assess_run(const struct assess_job *job, struct arena *arena, struct verdict *out,
                           struct err *err);

/* When a change counts as over: its end, now while it runs. Seconds. */
int64_t assess_end_s(const struct change *change, int64_t now_s);
/* The horizon of a stage, seconds. */
int64_t assess_horizon_s(enum verdict_stage stage);
/* May it have moved metrics at all? Not a note, a freeze, an incident, what was retracted or is only planned. */
bool assess_can_move(const struct change *change);
/* Other changes with a part in [from_s, until_s), the nearest to at_s first; none of the same train or group,
 * nor of another environment. */
MUST_CHECK bool assess_neighbours(const struct impact_options *options, const struct change *change,
                                  int64_t at_s, const int64_t window_s[2], struct arena *arena,
                                  struct change_list *out, struct err *err);
