/* Which way is bad, which metrics matter most, which are one question: [impact] of plumb.conf. Pure. */
#pragma once

#include "base/err.h"
#include "model/verdict.h"

/* What a metric's name says. The first rule that fits decides; configured ones come first. */
struct impact_rule {
    const char *glob; /* over the whole name, '*' crosses no dot; or "~word": a word of its name */
    enum verdict_direction bad; /* the way that is harm */
};

struct impact_rules {
    const struct impact_rule *rules;
    size_t n_rules;
    const char *const *vitals; /* globs: judged first and always listed */
    size_t n_vitals;
    const char *const
        *groups; /* targets like sumSeries(web.*.errors): one question instead of many */
    size_t n_groups;
    size_t n_metrics_max; /* of one change */
    double cpu_share;     /* of one core, at most, for the judge */
};
