#include "impact/onset.h"

#include <math.h>

/* The likelihood is raised to this power: the scores are not quite independent, so that it claims more than
 * it knows (Grünwald 2012: a safe Bayesian tempers). */
static const double TEMPER = 0.6;
static const double COST_OF_SHAPE = 1; /* in log likelihood, of any shape but the plain step */

/* ---- pulses of any length ---- */

/* How the scores of a metric answer to a shift: as shape for `settled` points, and as its last from then on. A
 * pulse is a shift and one back; so many points after its end its answer is what the shape has left. */
struct answer {
    const float *shape;
    size_t settled;
    double *end_dots; /* of each point: what is left of a pulse that ends there, times the scores */
    double *left, *left_squares; /* sums of the first so many of what is left, and of its squares */
};

static double answer_at(const struct answer *answer, size_t k)
{
    return (double)answer->shape[min_size(k, answer->settled)];
}

static void answer_learn(struct answer *answer, const float *x, size_t n)
{
    const float last = answer->shape[answer->settled];
    while (answer->settled > 0 && answer->shape[answer->settled - 1] == last)
        answer->settled--;
    answer->left[0] = answer->left_squares[0] = 0;
    for (size_t k = 0; k < answer->settled; k++) {
        double left = (double)(last - answer->shape[k]);
        answer->left[k + 1] = answer->left[k] + left;
        answer->left_squares[k + 1] = answer->left_squares[k] + left * left;
    }
    for (size_t e = 0; e < n; e++) {
        answer->end_dots[e] = 0;
        for (size_t k = 0; k < answer->settled && e + k < n; k++)
            answer->end_dots[e] += (double)(last - answer->shape[k]) * (double)x[e + k];
    }
}

/* A filter's output before it is divided by its spread. */
struct output {
    double dot, weights, squares;
};

static void output_add(struct output *output, double weight, double x)
{
    output->dot += weight * x;
    output->weights += weight;
    output->squares += weight * weight;
}

static double output_likely(const struct output *output, const struct signs_level *before)
{
    double size = output->dot - before->mean * output->weights;
    double variance = output->squares + output->weights * output->weights * before->doubt;
    return variance > 0 ? size * size / variance / 2 : 0;
}

/* The log likelihood of the best pulse that begins at point i of n and ends before the last; it lasts two at
 * least. */
static double best_pulse(const struct answer *answer, const float *x, size_t i, size_t n,
                         const struct signs_level *before)
{
    double best = 0;
    struct output shift = {0};
    for (size_t e = i; e < n; e++) { /* it is over at point e */
        struct output pulse = shift;
        if (e - i >= answer->settled) {
            size_t k = min_size(n - e, answer->settled);
            pulse.dot += answer->end_dots[e];
            pulse.weights += answer->left[k];
            pulse.squares += answer->left_squares[k];
        } else {
            for (size_t k = e; k < n && k < e + answer->settled; k++)
                output_add(&pulse, answer_at(answer, k - i) - answer_at(answer, k - e),
                           (double)x[k]);
        }
        if (e >= i + 2)
            best = max_f64(best, output_likely(&pulse, before));
        output_add(&shift, answer_at(answer, e - i), (double)x[e]);
    }
    return best;
}

/* Raises likely[] where something seems to begin that ends within the span. */
static void look_for_pulses(const struct signs *signs, const struct signs_span *span,
                            const float *scores, struct onset *io)
{
    size_t n = span->until - span->from;
    double end_dots[2 * SIGN_HORIZON_MAX + 2], left[USUAL_RESPONSE], left_squares[USUAL_RESPONSE];
    struct answer answer = {signs->shape[SIGN_STEP], min_size(signs->horizon, USUAL_RESPONSE) - 1,
                            end_dots, left, left_squares};
    const float *x = scores + span->from;
    answer_learn(&answer, x, n);
    double cost = log((double)signs->horizon); /* it can end at so many points */
    struct signs_level before = signs_level_before(signs, scores, span->since, span->from);
    for (size_t i = 0; i < n; i++) {
        if (span->since > 0)
            before = signs_level_before(signs, scores, span->since, span->from + i);
        if (isinf(before.doubt))
            continue;
        io->likely[i] = max_f64(io->likely[i], best_pulse(&answer, x, i, n, &before) - cost);
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
    for (size_t a = 0; a < COUNT_OF(signs->scores); a++)
        if (signs->scores[a])
            look_for_pulses(signs, span, signs->scores[a], io);
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
