#include "impact/onset.h"

#include <math.h>

/* The likelihood is raised to this power: the scores are not quite independent, so that it claims more than
 * it knows (Grünwald 2012: a safe Bayesian tempers). */
static const double TEMPER = 0.5;
static const double COST_OF_SHAPE = 1; /* in log likelihood, of any shape but the plain step */

void onset_from_look(const struct signs *signs, float *const look[SIGNS], bool with_wild,
                     struct onset *io)
{
    size_t n = io->until - io->from;
    for (size_t i = 0; i < n; i++) {
        double best = 0;
        for (size_t s = 0; s <= SIGN_WILD; s++) {
            if (!signs->has[s] || (s == SIGN_WILD && !with_wild))
                continue;
            double size = (double)signs_size((enum sign)s, look[s][i]);
            bool is_step = s == SIGN_STEP || s == SIGN_PEER_STEP;
            best = fmax(best, size * size / 2 - (is_step ? 0 : COST_OF_SHAPE));
        }
        io->likely[i] = TEMPER * best;
    }
    if (n > 0)
        io->likely[n - 1] = -INFINITY; /* one point says nothing of what begins with it */
}

double onset_most(const struct onset *onset, size_t *out_at)
{
    double most = -INFINITY;
    for (size_t i = 0; i < onset->until - onset->from; i++)
        if (onset->likely[i] > most) {
            most = onset->likely[i];
            *out_at = onset->from + i;
        }
    return most;
}

double onset_shares(const struct onset *onset, const struct onset_candidate *candidates, size_t n,
                    const struct onset_prior *prior, double *shares)
{
    size_t n_points = onset->until - onset->from, at = 0, n_possible = 0;
    double most = onset_most(onset, &at), everywhere = 0;
    for (size_t c = 0; c < n; c++)
        shares[c] = 0;
    if (isinf(most))
        return 1;
    for (size_t i = 0; i < n_points; i++)
        if (!isinf(onset->likely[i])) {
            everywhere += exp(onset->likely[i] - most);
            n_possible++;
        }
    double none = prior->none_weight * everywhere / (double)n_possible, total = none;
    for (size_t c = 0; c < n; c++) {
        double soon = 0, soon_prior = 0, late = 0, late_prior = 0;
        size_t begin = candidates[c].first > onset->from ? candidates[c].first - onset->from : 0;
        for (size_t i = begin; i < n_points; i++) {
            if (isinf(onset->likely[i]))
                continue;
            double lag = (double)(onset->from + i - candidates[c].first);
            double likely = exp(onset->likely[i] - most);
            double p = exp(-lag / prior->lag_points);
            soon += p * likely;
            soon_prior += p;
            if (lag < (double)prior->horizon / 2) {
                late += likely;
                late_prior++;
            }
        }
        if (soon_prior > 0)
            shares[c] = (1 - prior->late_share) * soon / soon_prior;
        if (late_prior > 0)
            shares[c] += prior->late_share * late / late_prior;
        shares[c] *= candidates[c].weight;
        total += shares[c];
    }
    for (size_t c = 0; c < n; c++)
        shares[c] /= total;
    return none / total;
}

void onset_add(const struct onset *onset, struct onset *io)
{
    static const double WRONG_AT_MOST = -8;
    size_t at, n = onset->until < io->until ? onset->until : io->until;
    double most = onset_most(onset, &at);
    for (size_t p = onset->from > io->from ? onset->from : io->from; p < n; p++) {
        double likely = onset->likely[p - onset->from];
        io->likely[p - io->from] +=
            isinf(likely) ? WRONG_AT_MOST : fmax(likely - most, WRONG_AT_MOST);
    }
}
