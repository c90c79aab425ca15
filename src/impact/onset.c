#include "impact/onset.h"

#include <math.h>

#include "impact/numbers.h"

/* The likelihood is raised to this power: the scores are not quite independent, so that it claims more than
 * it knows (Grünwald 2012: a safe Bayesian tempers). */
static const double TEMPER = 0.6;
static const double COST_OF_SHAPE = 1; /* in log likelihood, of any shape but the plain step */

/* ---- pulses of any length ---- */

/* How the scores of a metric answer to a shift: as shape for `settled` points, and as its last from then on. A
 * pulse is a shift and one back, so that what scores say of it is what they say of the one less of the other. */
struct answer {
    const float *shape;
    const double *weights, *squares; /* sums of the first so many, and of their squares */
    size_t settled;
    /* [lag][n]: squares of what a shift and one so much later leave of each other, of the first n points after
     * the second */
    double left[USUAL_RESPONSE][USUAL_RESPONSE];
};

static void answer_learn(const struct signs *signs, struct answer *out)
{
    out->shape = signs->shape[SIGN_STEP];
    out->weights = signs->weights[SIGN_STEP];
    out->squares = signs->squares[SIGN_STEP];
    size_t settled = min_size(signs->horizon, USUAL_RESPONSE) - 1;
    while (settled > 0 && out->shape[settled - 1] == out->shape[settled])
        settled--;
    out->settled = settled;
    for (size_t lag = 0; lag <= settled; lag++) {
        out->left[lag][0] = 0;
        for (size_t k = 0; k < settled; k++) {
            const double left = (double)(out->shape[min_size(k + lag, settled)] - out->shape[k]);
            out->left[lag][k + 1] = out->left[lag][k] + left * left;
        }
    }
}

/* The sum of the first n points of a shift, when that of the settled ones is known and each later one adds as
 * much. */
static double answer_sum(const struct answer *answer, const double *sums, double each, size_t n)
{
    const size_t known = min_size(n, answer->settled);
    return sums[known] + (double)(n - known) * each;
}

/* out[i]: a shift that begins at point i of n, times the scores from there to the end. */
static void answer_dots(const struct answer *answer, const float *x, size_t n, double *out)
{
    const double last = (double)answer->shape[answer->settled];
    double settled = 0; /* the scores that it answers to with its last */
    for (size_t i = n; i-- > 0;) {
        const size_t known = min_size(n - i, answer->settled);
        if (i + answer->settled < n)
            settled += (double)x[i + answer->settled];
        out[i] = numbers_dot(answer->shape, x + i, known) + last * settled;
    }
}

/* The log likelihood of the best pulse that begins at point i of n and ends before the last; it lasts two at
 * least. */
static double best_pulse(const struct answer *answer, const double *dots, size_t i, size_t n,
                         const struct signs_level *before)
{
    const double last = (double)answer->shape[answer->settled];
    const double weights_all = answer_sum(answer, answer->weights, last, n - i);
    double best = 0;
    for (size_t e = i + 2; e < n; e++) { /* it is over at point e */
        const double weights = weights_all - answer_sum(answer, answer->weights, last, n - e);
        const double squares =
            answer_sum(answer, answer->squares, last * last, e - i) +
            answer->left[min_size(e - i, answer->settled)][min_size(n - e, answer->settled)];
        const double size = dots[i] - dots[e] - before->mean * weights;
        const double variance = squares + weights * weights * before->doubt;
        if (variance > 0)
            best = max_f64(best, size * size / variance / 2);
    }
    return best;
}

/* Raises likely[] where something seems to begin that ends within the span. */
static void look_for_pulses(const struct signs *signs, const struct answer *answer,
                            const struct signs_span *span, const float *scores, struct onset *io)
{
    size_t n = span->until - span->from;
    double dots[2 * SIGN_HORIZON_MAX + 2];
    answer_dots(answer, scores + span->from, n, dots);
    double cost = log((double)signs->horizon); /* it can end at so many points */
    struct signs_level before = signs_level_before(signs, scores, span->since, span->from);
    for (size_t i = 0; i < n; i++) {
        if (span->since > 0)
            before = signs_level_before(signs, scores, span->since, span->from + i);
        if (isinf(before.doubt))
            continue;
        io->likely[i] = max_f64(io->likely[i], best_pulse(answer, dots, i, n, &before) - cost);
    }
}

/* ---- onsets ---- */

void onset_from_look(const struct signs *signs, const struct signs_span *span,
                     float *const look[SIGNS], bool with_wild, struct onset *io)
{
    size_t n = span->until - span->from;
    io->from = span->from;
    io->until = span->until;
    for (size_t i = 0; i < n; i++)
        io->likely[i] = 0;
    struct answer answer;
    answer_learn(signs, &answer);
    for (size_t a = 0; a < COUNT_OF(signs->scores); a++)
        if (signs->scores[a])
            look_for_pulses(signs, &answer, span, signs->scores[a], io);
    for (size_t i = 0; i < n; i++) {
        double best = io->likely[i];
        for (size_t s = 0; s <= SIGN_WILD; s++) {
            bool is_pulse = s == SIGN_PULSE || s == SIGN_PEER_PULSE; /* any length: above */
            if (!signs->has[s] || is_pulse || (s == SIGN_WILD && !with_wild))
                continue;
            double size = (double)signs_size((enum sign)s, look[s][i]);
            bool is_step = s == SIGN_STEP || s == SIGN_PEER_STEP;
            best = max_f64(best, size * size / 2 - (is_step ? 0 : COST_OF_SHAPE));
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
            isinf(likely) ? WRONG_AT_MOST : max_f64(likely - most, WRONG_AT_MOST);
    }
}
