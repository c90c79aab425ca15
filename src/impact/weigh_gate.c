/* The live gate over all metrics of a change: see gate.h. Nothing here looks past the minute it speaks of. */
#include <math.h>
#include <string.h>

#include "impact/weigh_parts.h"

static const double STOPS = 0.05; /* of clean changes, at most, that it may stop */
static const double OWN_WEIGHT =
    4; /* of the change's own metrics in sharing that out (Genovese 2006) */
static const double P_FOR_BREADTH = 0.05,
                    BROAD_SHARE = 0.2; /* of other metrics: something site-wide */
enum { BROAD_MIN = 3 };
static const double SHARE_MIN = 0.5; /* that this change began it */

/* The changes up to then: later ones are not known yet. */
static const struct onset_candidate *known_until(const struct setting *setting, size_t until,
                                                 struct arena *work, size_t *out_n)
{
    struct onset_candidate *known =
        arena_array(work, setting->n_candidates, struct onset_candidate);
    *out_n = 0;
    for (size_t c = 0; c < setting->n_candidates; c++)
        if (setting->candidates[c].first < until)
            known[(*out_n)++] = setting->candidates[c];
    return known;
}

/* The share of this change in what the metric shows, from the points before until. */
static double share_until(struct weigh *weigh, size_t m, struct setting *setting, size_t until,
                          struct arena *work, double *shares)
{
    const struct signs *signs = &weigh->metrics[m].signs;
    size_t horizon = weigh->grid.horizon, first = setting->first;
    const struct signs_span span = {.from = first > horizon ? first - horizon : 0, .until = until};
    signs_look(signs, &span, weigh->look);
    onset_from_look(signs, &span, weigh->look, false, &weigh->onset);
    weigh_by_scope(setting, m);
    size_t n;
    const struct onset_candidate *known = known_until(setting, until, work, &n);
    onset_shares(&weigh->onset, known, n, &setting->prior, shares);
    return shares[0];
}

/* How far each metric may go before it rings: STOPS, shared out over all of them. */
static double *find_limits(const struct weigh *weigh, const bool *own, struct arena *work)
{
    double weights = 0, *limits = arena_array(work, weigh->panel->n_metrics, double);
    for (size_t m = 0; m < weigh->panel->n_metrics; m++)
        weights += !weigh->metrics[m].is_known ? 0 : own[m] ? OWN_WEIGHT : 1;
    for (size_t m = 0; m < weigh->panel->n_metrics; m++)
        limits[m] = STOPS * (own[m] ? OWN_WEIGHT : 1) / weights;
    return limits;
}

/* When a good part of what is not the change's own moved as well: the share of this change in what all show
 * together. 1 when it is not so. */
static double shared_until(struct weigh *weigh, struct setting *setting, size_t until,
                           const double *p, struct arena *work, double *shares)
{
    const bool *own = setting->changes[setting->which].in_scope;
    size_t n_outside = 0, n_moved = 0, horizon = weigh->grid.horizon, first = setting->first;
    weigh->shared.from = first > horizon ? first - horizon : 0;
    weigh->shared.until = until;
    for (size_t i = 0; i < until - weigh->shared.from; i++)
        weigh->shared.likely[i] = 0;
    for (size_t m = 0; m < weigh->panel->n_metrics; m++) {
        if (p[m] >= 1)
            continue;
        n_outside += !own[m];
        if (p[m] >= P_FOR_BREADTH)
            continue;
        n_moved += !own[m];
        (void)share_until(weigh, m, setting, until, work, shares);
        onset_add(&weigh->onset, &weigh->shared);
    }
    if (n_moved < BROAD_MIN || (double)n_moved <= BROAD_SHARE * (double)n_outside)
        return 1;
    size_t n;
    weigh_all_alike(setting);
    const struct onset_candidate *known = known_until(setting, until, work, &n);
    struct onset_prior prior = setting->prior;
    prior.late_share = 0;
    onset_shares(&weigh->shared, known, n, &prior, shares);
    return shares[0];
}

void weigh_alarms(struct weigh *weigh, struct setting *setting, struct weigh_cell *cells)
{
    const bool *own = setting->changes[setting->which].in_scope;
    size_t first = setting->first, horizon = weigh->grid.horizon, n = weigh->panel->n_metrics;
    struct arena work;
    arena_init(&work);
    double *shares = arena_array(&work, setting->n_candidates, double);
    double *p = arena_array(&work, n, double), *limits = find_limits(weigh, own, &work);
    for (size_t k = gate_next_look(0, horizon); k > 0 && first + k <= setting->end;
         k = gate_next_look(k, horizon)) {
        bool rings = false;
        for (size_t m = 0; m < n; m++) {
            const struct metric *metric = &weigh->metrics[m];
            p[m] = 1;
            if (!metric->is_known || !cells[m].is_judged)
                continue;
            p[m] = gate_chance(&metric->gate, gate_largest(&metric->signs, first, k),
                               first > horizon ? first - horizon : 0, weigh->scratch);
            rings = rings || (cells[m].alarm == 0 && p[m] < limits[m]);
        }
        if (!rings || shared_until(weigh, setting, first + k, p, &work, shares) < SHARE_MIN)
            continue;
        for (size_t m = 0; m < n; m++)
            if (cells[m].is_judged && cells[m].alarm == 0 && p[m] < limits[m] &&
                share_until(weigh, m, setting, first + k, &work, shares) >= SHARE_MIN)
                cells[m].alarm = k;
    }
    arena_done(&work);
}
