#include "model/verdict.h"

#include <math.h>
#include <string.h>

struct verdict verdict_blank(void)
{
    return (struct verdict){.change = "", .false_alarms = NAN, .method = ""};
}

static const char *const state_names[VERDICT_STATES] = {"pending",      "no_harm", "improved",
                                                        "inconclusive", "moved",   "harm"};
static const char *const state_words[VERDICT_STATES] = {"pending",     "no harm", "improved",
                                                        "cannot tell", "moved",   "harm"};
static const char *const stage_names[VERDICT_STAGES] = {"live", "15m", "1h", "24h"};

static bool find_name(const char *const *names, size_t n, const char *text, size_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

const char *verdict_state_name(enum verdict_state state)
{
    return state_names[state];
}

const char *verdict_state_words(enum verdict_state state)
{
    return state_words[state];
}

bool verdict_state_parse(const char *text, enum verdict_state *out)
{
    size_t i;
    if (!find_name(state_names, VERDICT_STATES, text, &i) &&
        !find_name(state_words, VERDICT_STATES, text, &i))
        return false;
    *out = (enum verdict_state)i;
    return true;
}

const char *verdict_stage_name(enum verdict_stage stage)
{
    return stage_names[stage];
}

bool verdict_stage_parse(const char *text, enum verdict_stage *out)
{
    size_t i;
    if (!find_name(stage_names, VERDICT_STAGES, text, &i))
        return false;
    *out = (enum verdict_stage)i;
    return true;
}

size_t verdict_moved(const struct verdict *verdict)
{
    return verdict->n_moved + verdict->n_moved_more;
}

double verdict_sees(const struct verdict_metric *metric)
{
    const double share = metric->would_see / fabs(metric->before);
    return isfinite(share) && share > 0.0 ? share : NAN;
}
