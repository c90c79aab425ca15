#include "api/judging.h"

#include <string.h>

#include "base/num.h"

enum { FOR_MAX_S = 7 * 86400 /* a horizon */ };

/* All values of a parameter. */
static bool take_names(const struct api_call *call, const char *key, const char *const **out,
                       size_t *out_n, struct err *err)
{
    const char **names = arena_array(call->arena, JUDGING_NAMES_MAX, const char *);
    size_t n = 0;
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, key) != 0 || !field->value[0])
            continue;
        if (n == JUDGING_NAMES_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d times %s=", JUDGING_NAMES_MAX, key);
        names[n++] = field->value;
    }
    *out = names;
    *out_n = n;
    return true;
}

static bool take_horizon(const struct api_call *call, int64_t *out_s, struct err *err)
{
    const char *text = call_param(call, "for");
    int64_t s;
    if (!text || !text[0])
        return true;
    if (!num_parse_span(text, strlen(text), &s) || s < 60 || s > FOR_MAX_S) {
        err_set(err, ERR_INPUT, "for='%.40s' is no length of time from a minute to 7 days", text);
        err_hint(err, "for=15m");
        return false;
    }
    *out_s = s;
    return true;
}

bool judging_wish(const struct api_call *call, struct judging *out, struct err *err)
{
    struct judging judging = {0};
    struct impact_wish *wish = &judging.wish;
    const char *stage = call_param(call, "stage");
    if (stage && !verdict_stage_parse(stage, &wish->stage))
        return FAIL(err, ERR_INPUT, "stage='%.40s' is none of live, 15m, 1h, 24h", stage);
    if (!take_horizon(call, &wish->for_s, err) ||
        !take_names(call, "metrics", &wish->globs, &wish->n_globs, err) ||
        !take_names(call, "vital", &wish->vitals, &wish->n_vitals, err))
        return false;
    judging.has_stage = stage != NULL;
    judging.is_own = wish->for_s || wish->n_globs || wish->n_vitals || call_flag(call, "fresh");
    *out = judging;
    return true;
}

static int64_t horizon_s(const struct impact_wish *wish)
{
    static const int64_t of_stage[VERDICT_STAGES] = {900, 900, 3600, 86400};
    return wish->for_s ? wish->for_s : of_stage[wish->stage];
}

/* The longest that is over for this change; live, while none is. */
static enum verdict_stage stage_of(const struct api_call *call, const struct change *change)
{
    const int64_t end_ms = change->end_ms ? change->end_ms : change->start_ms;
    const int64_t age_s = call_clock_s(call) - end_ms / 1000;
    enum verdict_stage stage = VERDICT_24H;
    while (stage > VERDICT_LIVE && age_s < horizon_s(&(struct impact_wish){.stage = stage}))
        stage--;
    return stage;
}

static bool judge(const struct api_call *call, const struct change *change,
                  const struct judging *judging, struct verdict *out, struct err *err)
{
    struct impact *impact = call->api->deps.impact;
    struct impact_wish wish = judging->wish;
    if (!impact)
        return FAIL(err, ERR_BUSY, "this server judges no changes");
    if (!judging->has_stage && !wish.for_s)
        wish.stage = stage_of(call, change);
    return impact_assess(impact, change, &wish, call->arena, out, err);
}

static bool fits(const struct judging *judging, const struct verdict *kept)
{
    return !judging->is_own && (!judging->has_stage || kept->stage == judging->wish.stage);
}

bool judging_verdict(const struct api_call *call, const struct change *change,
                     const struct judging *judging, struct verdict *out, struct err *err)
{
    struct verdict *kept;
    size_t n = 0;
    /* A change without a verdict has none in the ledger either. */
    if (change->verdict && !judging->is_own &&
        !ledger_verdict_list(call->api->deps.ledger, change->id, call->arena, &kept, &n, err))
        return false;
    while (n > 0 && !fits(judging, &kept[n - 1]))
        n--;
    if (n > 0) {
        *out = kept[n - 1];
        return true;
    }
    /* Of one that came with an import the ledger has no more than what the change carries. */
    return judging_in_short(call, change, judging, out, err);
}

bool judging_in_short(const struct api_call *call, const struct change *change,
                      const struct judging *judging, struct verdict *out, struct err *err)
{
    if (!change->verdict || !fits(judging, change->verdict))
        return judge(call, change, judging, out, err);
    *out = *change->verdict;
    return true;
}

int64_t judging_left_s(const struct api_call *call, const struct verdict *verdict)
{
    return max_i64(verdict->until_s + IMPACT_SETTLE_S - call_clock_s(call), 0);
}
