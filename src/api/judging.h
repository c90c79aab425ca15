/* What a request wants judged, and the judging: what impact.c and gate.c share. */
#pragma once

#include "api/call.h"
#include "model/verdict.h"

enum {
    JUDGING_EVERY_S = 10,   /* so often a live verdict is worth another look */
    JUDGING_NAMES_MAX = 64, /* globs, or vital metrics, of one request */
};

struct judging {
    struct impact_wish wish;
    bool has_stage; /* somebody asked for one */
    bool is_own; /* other metrics, another horizon or fresh data: no verdict that is kept will do */
};

/* for=15m, stage=, metrics=GLOB and vital=NAME[:up|:down] (both may be given again), fresh=1.
 * err: ERR_INPUT naming the parameter */
MUST_CHECK bool judging_wish(const struct api_call *call, struct judging *out, struct err *err);

/* The verdict, whole: of those that are kept the one of the stage that was asked for, or of the latest; when
 * none of them answers what was asked, one that is made now.
 *   err  as impact_assess and ledger_verdict_list; ERR_BUSY when this server judges nothing */
MUST_CHECK bool judging_verdict(const struct api_call *call, const struct change *change,
                                const struct judging *judging, struct verdict *out,
                                struct err *err);
/* The same, but of what is kept only what the change itself carries: the state and the worst. */
MUST_CHECK bool judging_in_short(const struct api_call *call, const struct change *change,
                                 const struct judging *judging, struct verdict *out,
                                 struct err *err);

/* Seconds until it can be told, as its horizon is over and the points of that time are here; 0: they are. */
int64_t judging_left_s(const struct api_call *call, const struct verdict *verdict);
