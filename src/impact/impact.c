#include "impact/impact.h"

#include <math.h>

#include "base/mem.h"
#include "impact/assess.h"
#include "impact/why.h"

struct impact {
    struct impact_options options;
    _Atomic double false_alarms; /* a number by itself: nothing else goes with it */
};

struct impact *impact_new(const struct impact_options *options)
{
    struct impact *impact = mem_zalloc(sizeof *impact);
    impact->options = *options;
    impact->false_alarms = (double)NAN;
    return impact;
}

void impact_free(struct impact *impact)
{
    mem_free(impact);
}

void impact_set_false_alarms(struct impact *impact, double per_1000)
{
    impact->false_alarms = per_1000;
}

double impact_false_alarms(const struct impact *impact)
{
    return impact->false_alarms;
}

bool impact_assess(struct impact *impact, const struct change *change,
                   const struct impact_wish *wish, struct arena *arena, struct verdict *out,
                   struct err *err)
{
    const struct assess_job job = {.options = &impact->options,
                                   .change = change,
                                   .wish = wish,
                                   .false_alarms = impact_false_alarms(impact)};
    return assess_run(&job, arena, out, err);
}

bool impact_why(struct impact *impact, const struct why_question *question, struct arena *arena,
                struct why *out, struct err *err)
{
    return why_ask(&impact->options, question, arena, out, err);
}

bool *impact_concerns(const struct impact *impact, const struct concerns_metrics *metrics,
                      const struct change_list *changes, struct arena *arena)
{
    return concerns_find(impact->options.rules, metrics, changes, arena);
}
