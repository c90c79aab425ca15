#include "impact/impact.h"

#include "base/mem.h"

struct impact {
    struct impact_options options;
};

struct impact *impact_new(const struct impact_options *options)
{
    struct impact *impact = mem_alloc(sizeof *impact);
    impact->options = *options;
    return impact;
}

void impact_free(struct impact *impact)
{
    mem_free(impact);
}

bool impact_assess(struct impact *impact, const struct change *change,
                   const struct impact_wish *wish, struct arena *arena, struct verdict *out,
                   struct err *err)
{
    (void)impact, (void)change, (void)wish, (void)arena, (void)out;
    return FAIL(err, ERR_BUSY, "verdicts are not there yet");
}

bool impact_why(struct impact *impact, const struct why_question *question, struct arena *arena,
                struct why *out, struct err *err)
{
    (void)impact, (void)question, (void)arena, (void)out;
    return FAIL(err, ERR_BUSY, "verdicts are not there yet");
}
