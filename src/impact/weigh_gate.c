/* The live gate over all metrics of a change: see gate.h. Nothing here looks past the minute it speaks of. */
#include <math.h>
#include <string.h>

#include "impact/weigh_parts.h"

static const double STOPS = 0.05; /* of clean changes, at most, that it may stop */
static const double OWN_WEIGHT =
    4; /* of the change's own metrics in sharing that out (Genovese 2006) */
static const double SHARE_MIN = 0.5; /* that this change began it */

/* The share of this change in what the metric shows, from the points before until. */
static double share_until(struct weigh *weigh, size_t m, struct setting *setting, size_t until,
                          struct arena *work, double *shares)
{
    const struct signs *signs = &weigh->metrics[m].signs;
    size_t horizon = weigh->grid.horizon, first = setting->first;
    weigh->onset.from = first > horizon ? first - horizon : 0;
    weigh->onset.until = until;
    signs_look(signs, weigh->onset.from, until, weigh->look);
    onset_from_look(signs, weigh->look, false, &weigh->onset);
    weigh_by_scope(setting, m);
    struct onset_candidate *known =
        arena_array(work, setting->n_candidates, struct onset_candidate);
    size_t n = 0; /* changes that come later are not known yet */
    for (size_t c = 0; c < setting->n_candidates; c++)
        if (setting->candidates[c].first < until)
            known[n++] = setting->candidates[c];
    onset_shares(&weigh->onset, known, n, &setting->prior, shares);
    return shares[0];
}

/* How far each metric may go before it rings: STOPS, shared out over all of them. */
static double limit_of(const struct weigh *weigh, const bool *own, size_t m)
{
    double weights = 0;
    for (size_t k = 0; k < weigh->panel->n_metrics; k++)
        if (weigh->metrics[k].is_known)
            weights += own[k] ? OWN_WEIGHT : 1;
    return STOPS * (own[m] ? OWN_WEIGHT : 1) / weights;
}

void weigh_alarms(struct weigh *weigh, struct setting *setting, struct weigh_cell *cells)
{
    const bool *own = setting->changes[setting->which].in_scope;
    size_t first = setting->first, horizon = weigh->grid.horizon, n = weigh->panel->n_metrics;
    struct arena work;
    arena_init(&work);
    double *shares = arena_array(&work, setting->n_candidates, double);
    double *p = arena_array(&work, n, double);
    for (size_t k = gate_next_look(0, horizon); k > 0 && first + k <= setting->end;
         k = gate_next_look(k, horizon)) {
        size_t n_outside = 0, n_moved = 0;
        for (size_t m = 0; m < n; m++) {
            const struct metric *metric = &weigh->metrics[m];
            p[m] = 1;
            if (!metric->is_known || !cells[m].is_judged)
                continue;
            p[m] = gate_chance(&metric->gate, gate_largest(&metric->signs, first, k),
                               first > horizon ? first - horizon : 0, weigh->scratch);
            n_outside += !own[m];
            n_moved += !own[m] && p[m] < 0.02;
        }
        if (n_moved >= 3 && (double)n_moved > 0.35 * (double)n_outside)
            continue; /* site-wide: not said of this change while it is fresh */
        for (size_t m = 0; m < n; m++)
            if (cells[m].is_judged && cells[m].alarm == 0 && p[m] < limit_of(weigh, own, m) &&
                share_until(weigh, m, setting, first + k, &work, shares) >= SHARE_MIN)
                cells[m].alarm = k;
    }
    arena_done(&work);
}
