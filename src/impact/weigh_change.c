/* Weighing one change: see weigh.h. */
#include <math.h>
#include <string.h>

#include "impact/numbers.h"
#include "impact/weigh_parts.h"

/* What the decision rests on; each is explained in docs/verdict.md, with what happens without it. */
static const double P_XI = 0.05; /* of the tail of what stands out at quiet times */
static const double P_SCALE_MIN = 0.3;
static const double P_MIN = 1e-12;
static const double P_ODD = 0.01;      /* then it moved, whoever did it */
static const double P_FOR_ONSET = 0.1; /* only then it is asked who began it */
static const double P_FOR_BREADTH = 0.05;
static const double OWN_WEIGHT = 3;     /* prior of a change for its own metrics, against others' */
static const double BROAD_WEIGHT = 0.1; /* prior of a change for something site-wide */
static const double BROAD_SHARE = 0.3;  /* of other services' metrics moved: that is site-wide */
static const double PI_OWN = 0.03,
                    PI_OTHER = 0.01; /* share of metrics that a change moves, to begin with */
static const double PI_ANY = 0.3;    /* that a change moves any of its own */
static const double PI_OWN_SEEN = 6, PI_OTHER_SEEN = 20; /* metrics which that is worth */
static const double PI_MAX = 0.5;
static const double CHANCE_MIN = 0.55; /* to be called moved */
static const double LAG_S = 240, LATE_SHARE = 0.1, DAY_S = 86400;
static const double P_TO_SEE = 0.002, Z_FOUR_IN_FIVE = 0.84; /* for would_see */
enum { NULL_MIN = 40, BROAD_MIN = 3, OUTSIDE_MIN = 5, POOL_PASSES = 4, RIVALS = 3 };

/* ---- one metric at one point ---- */

/* Are half of the points there, from..until? */
static bool has_points(const struct weigh *weigh, size_t m, size_t from, size_t until)
{
    size_t n = 0;
    for (size_t p = from; p < until; p++)
        n += !is_gap(weigh->panel->values[m][p]);
    return n > 0 && 2 * n >= until - from;
}

/* The same, roughly, of a horizon's points. */
static bool has_some(const struct weigh *weigh, size_t m, size_t from)
{
    size_t n = 0, n_seen = 0;
    for (size_t p = from; p < from + weigh->grid.horizon && p < weigh->grid.n_points; p += 4) {
        n += !is_gap(weigh->panel->values[m][p]);
        n_seen++;
    }
    return n > 0 && 2 * n >= n_seen;
}

/* What stands out at point p: each sign's size there, less by how much it is larger nearby. out: the points
 * to look at, as given, but no more than a horizon each way. */
static double stands_out(struct weigh *weigh, const struct signs *signs, size_t p, struct view *out)
{
    size_t horizon = weigh->grid.horizon;
    struct signs_span *span = &out->span;
    const size_t until = span->until;
    span->from = max_size(span->since, p > horizon ? p - horizon : 0);
    span->until = min_size(p + horizon, until);
    signs_look(signs, span, weigh->look);
    float sizes[SIGNS] = {0};
    bool known[SIGNS] = {false};
    for (size_t s = 0; s < SIGNS; s++) {
        enum sign sign = (enum sign)s;
        bool is_contrast = signs_is_contrast(sign);
        if (!signs->has[s] || (is_contrast && (span->since > 0 || p + horizon > until)))
            continue;
        const float *values =
            is_contrast ? signs->contrast[s - SIGN_WHOLE] + span->from : weigh->look[s];
        size_t n_lags = is_contrast ? 0 : signs->n_lags, at = p - span->from;
        float own = 0, nearby = 0, signed_own = 0;
        for (size_t i = at; i <= at + n_lags && span->from + i < span->until; i++)
            if (signs_size(sign, values[i]) > own) {
                own = signs_size(sign, values[i]);
                signed_own = values[i];
            }
        for (size_t i = 0; i + 2 <= at; i++)
            nearby = max_f32(nearby, signs_size(sign, values[i]));
        for (size_t i = at + n_lags + 2; !is_contrast && span->from + i + 2 < span->until; i++)
            nearby = max_f32(nearby, signs_size(sign, values[i]));
        known[s] = true;
        sizes[s] = nearby > own ? max_f32(2 * own - nearby, 0) : own;
        out->is_up[s] = signed_own >= 0;
    }
    out->best = SIGN_STEP;
    return signs_surprise(signs, sizes, known, &out->best);
}

/* How often as much stands out at quiet times before point p. What stands out at a time rests on two
 * horizons after it, which must have been over before until. */
static double chance_of(struct weigh *weigh, size_t m, size_t p, size_t until, double surprise,
                        struct weigh_cell *out)
{
    const struct metric *metric = &weigh->metrics[m];
    size_t horizon = weigh->grid.horizon, stride = metric->signs.stride, n = 0, n_as_odd = 0;
    size_t first = 2 * horizon, span = 14 * weigh->grid.day_points;
    size_t lead = horizon + metric->signs.n_lags + 1; /* what the change itself may have touched */
    if (p > span && p - span > first)
        first = p - span;
    size_t last = until < p + horizon ? until - min_size(until, horizon) : p;
    for (size_t i = (first + stride - 1) / stride; i * stride + lead <= last; i++)
        if (has_some(weigh, m, i * stride)) {
            weigh->scratch[n++] = (double)metric->signs.stands[i];
            n_as_odd += (double)metric->signs.stands[i] >= surprise;
        }
    out->n_rank = (uint32_t)n + 1;
    out->rank = (uint32_t)n_as_odd + 1;
    if (n < NULL_MIN)
        return 1;
    if (metric->form.is_constant) { /* any movement is news, but for what it did since */
        const size_t n_apart = n * stride / 5 + 1, n_odd_apart = n_as_odd * stride / 5 + 1;
        return surprise > 4 ? (double)n_odd_apart / (double)n_apart : 1;
    }
    struct tail tail = tail_fit(weigh->scratch, n, P_XI);
    tail.scale = fmax(tail.scale, P_SCALE_MIN);
    double chance = surprise <= tail.threshold ? (double)(n_as_odd + 1) / (double)(n + 1)
                                               : exp(-tail_surprise(&tail, surprise));
    double days = (double)(p - horizon) / (double)weigh->grid.day_points;
    return fmax(tail_claim(chance, days), P_MIN);
}

/* How the mean went on from before to after at this time on earlier days: the median of it. */
static double usual_step(const struct weigh *weigh, size_t m, size_t p, size_t n_after)
{
    double steps[14];
    size_t n = 0, horizon = weigh->grid.horizon;
    for (size_t d = 1; d <= COUNT_OF(steps) && p >= d * weigh->grid.day_points + horizon; d++) {
        size_t then = p - d * weigh->grid.day_points;
        double step = numbers_mean(weigh->panel->values[m], then, then + n_after) -
                      numbers_mean(weigh->panel->values[m], then - horizon, then);
        if (!is_gap(step))
            steps[n++] = step;
    }
    return numbers_median(steps, n);
}

/* Of a metric about which it is known what the windows are: means, what was to be expected, and the smallest
 * shift that would have been seen: at the point where it would be as surprising as is asked for. */
static void measure(const struct weigh *weigh, size_t m, size_t p, const struct signs_span *span,
                    struct weigh_cell *out)
{
    const struct metric *metric = &weigh->metrics[m];
    const struct signs *signs = &metric->signs;
    size_t horizon = weigh->grid.horizon, n = span->until - p;
    out->before = numbers_mean(weigh->panel->values[m], span->from, p);
    out->after = numbers_mean(weigh->panel->values[m], p, span->until);
    out->expected = out->before;
    if (!metric->form.is_constant)
        out->expected += signs->season_weight * usual_step(weigh, m, p, n);
    out->expected_sd = usual_width(&metric->form, out->expected, (double)signs->contrast_sd[p]);
    if (!signs->has[SIGN_STEP])
        return;
    const struct tail *tail = &signs->tails[SIGN_STEP];
    double asked = log(SIGNS) - log(P_TO_SEE);
    double step =
        tail->threshold + tail->scale * expm1(tail->xi * (asked + log(tail->share))) / tail->xi;
    double dy = (step + Z_FOUR_IN_FIVE) * (double)signs->spread[p] /
                sqrt(signs->squares[SIGN_STEP][n < horizon ? n : horizon]);
    out->would_see = usual_width(&metric->form, out->before, dy);
}

/* ---- a change, all metrics ---- */

/* What is gathered of one metric before all are known. */
struct finding {
    double p, share;
    struct view view;
    size_t since;
};

static void set_setting(const struct weigh *weigh, const struct weigh_changes *changes,
                        size_t until, struct arena *work, struct setting *out)
{
    size_t n = changes->n, which = changes->which;
    size_t horizon = weigh->grid.horizon, first = changes->items[which].first;
    if (until > weigh->grid.n_points)
        until = weigh->grid.n_points;
    *out = (struct setting){.changes = changes->items, .which = which, .first = first};
    out->until = until;
    out->end = first + horizon < until ? first + horizon : until;
    out->candidates = arena_array(work, n + 1, struct onset_candidate);
    out->who = arena_array(work, n + 1, size_t);
    out->who[out->n_candidates++] = which;
    for (size_t c = 0; c < n; c++) {
        size_t there = changes->items[c].first;
        if (c != which && there + horizon >= first && there < out->end && there <= first + horizon)
            out->who[out->n_candidates++] = c;
    }
    for (size_t c = 0; c < out->n_candidates; c++)
        out->candidates[c].first = changes->items[out->who[c]].first;
    double step_s = DAY_S / (double)weigh->grid.day_points;
    out->prior = (struct onset_prior){
        .lag_points = fmax(LAG_S / step_s, 1),
        .late_share = LATE_SHARE,
        .horizon = horizon,
        .none_weight = 1,
    };
}

void weigh_by_scope(struct setting *setting, size_t m)
{
    for (size_t c = 0; c < setting->n_candidates; c++)
        setting->candidates[c].weight =
            setting->changes[setting->who[c]].in_scope[m] ? OWN_WEIGHT : 1;
}

void weigh_all_alike(struct setting *setting)
{
    for (size_t c = 0; c < setting->n_candidates; c++)
        setting->candidates[c].weight = BROAD_WEIGHT;
}

/* How odd what is seen of the metric in found->view is. */
static void look_at(struct weigh *weigh, size_t m, const struct setting *setting,
                    struct weigh_cell *out, struct finding *found)
{
    double surprise = stands_out(weigh, &weigh->metrics[m].signs, setting->first, &found->view);
    found->p = chance_of(weigh, m, setting->first, setting->until, surprise, out);
}

/* Who began that; to be called after look_at. */
static void share_out(struct weigh *weigh, size_t m, const struct setting *setting, double *shares,
                      struct finding *found)
{
    onset_from_look(&weigh->metrics[m].signs, &found->view.span, weigh->look,
                    found->view.best == SIGN_WILD, &weigh->onset);
    onset_shares(&weigh->onset, setting->candidates, setting->n_candidates, &setting->prior,
                 shares);
    found->share = shares[0];
}

/* One metric can have moved more than once. Where another change explains better what is seen, that is set
 * apart: only the points before it are left to the change that is asked about, or those after it, and then
 * what is seen is compared with the last quarter of a horizon, as what is usual is still off further back. */
static bool cut_at_rival(const struct metric *metric, const struct setting *setting,
                         const double *shares, struct signs_span *io)
{
    size_t rival = 0, n_lags = metric->signs.n_lags;
    for (size_t c = 1; c < setting->n_candidates; c++)
        if (shares[c] > 0.5)
            rival = c;
    if (rival == 0)
        return false;
    const struct signs_span whole = *io;
    size_t first = setting->first, there = setting->candidates[rival].first;
    size_t settled = min_size(metric->signs.horizon / 4, first);
    if (there > first + 2 * n_lags)
        io->until = min_size(io->until, there);
    else if (there + 2 * n_lags < first)
        io->since = max_size(io->since, max_size(there + n_lags + 1, first - settled));
    return io->since > whole.since || io->until < whole.until;
}

/* The likeliest onset at the change or after it. */
static size_t likeliest_from(const struct onset *onset, size_t first)
{
    size_t best = first;
    for (size_t p = first; p < onset->until; p++)
        if (onset->likely[p - onset->from] > onset->likely[best - onset->from])
            best = p;
    return best;
}

static bool find_one(struct weigh *weigh, size_t m, struct setting *setting, double *shares,
                     struct weigh_cell *out, struct finding *found)
{
    const struct metric *metric = &weigh->metrics[m];
    *out = (struct weigh_cell){.p = NAN, .before = NAN, .after = NAN, .expected = NAN};
    out->expected_sd = out->would_see = NAN;
    if (!metric->is_known || setting->end < setting->first + 1 ||
        !has_points(weigh, m, setting->first, setting->end))
        return false;
    found->view = (struct view){.span.until = setting->until};
    look_at(weigh, m, setting, out, found);
    out->is_judged = out->n_rank > NULL_MIN;
    found->share = 1;
    found->since = setting->first;
    if (found->p < P_FOR_ONSET) {
        weigh_by_scope(setting, m);
        share_out(weigh, m, setting, shares, found);
        if (found->p < P_FOR_BREADTH)
            onset_add(&weigh->onset, &weigh->shared);
        for (int i = 0; i < RIVALS && cut_at_rival(metric, setting, shares, &found->view.span);
             i++) {
            look_at(weigh, m, setting, out, found);
            share_out(weigh, m, setting, shares, found);
        }
        found->since = likeliest_from(&weigh->onset, setting->first);
    }
    return out->is_judged;
}

/* When most of what is not the change's own moved as well, all share one onset, and how likely it is the
 * change's says the same of each. Returns that, or 1 when it is not so. */
static double shared_share(struct weigh *weigh, const struct finding *found, const bool *is_judged,
                           struct setting *setting, double *shares)
{
    const bool *own = setting->changes[setting->which].in_scope;
    size_t n_outside = 0, n_moved = 0;
    for (size_t m = 0; m < weigh->panel->n_metrics; m++) {
        if (!weigh->metrics[m].is_known || own[m])
            continue;
        n_outside++;
        n_moved += is_judged[m] && found[m].p < P_FOR_BREADTH;
    }
    if (n_outside < OUTSIDE_MIN || n_moved < BROAD_MIN ||
        (double)n_moved <= BROAD_SHARE * (double)n_outside)
        return 1;
    weigh_all_alike(setting);
    struct onset_prior prior = setting->prior;
    prior.late_share = 0;
    onset_shares(&weigh->shared, setting->candidates, setting->n_candidates, &prior, shares);
    return shares[0];
}

/* The most that p can speak for a change: -1 / (e p log p) (Sellke, Bayarri, Berger 2001). */
static double odds_of(double p)
{
    return p < 0.3 ? 1 / (-M_E * p * log(p)) : 1;
}

static double chance_moved(const struct finding *found, double pi)
{
    double odds = pi / (1 - pi) * odds_of(found->p);
    return found->share * odds / (1 + odds);
}

/* The share of metrics that this change moved, its own and others, learnt from all of them together: what
 * moved much makes the rest likelier (empirical Bayes). */
static void pool(const struct weigh *weigh, const struct finding *found, const bool *is_judged,
                 const bool *own, double pi[2])
{
    size_t n_own = 0;
    for (size_t m = 0; m < weigh->panel->n_metrics; m++)
        n_own += is_judged[m] && own[m];
    const double worth[2] = {PI_OTHER_SEEN, PI_OWN_SEEN};
    const double prior[2] = {PI_OTHER, n_own ? fmax(PI_OWN, PI_ANY / (double)n_own) : PI_OWN};
    pi[0] = prior[0];
    pi[1] = prior[1];
    for (int pass = 0; pass < POOL_PASSES; pass++) {
        double moved[2] = {0}, n[2] = {0};
        for (size_t m = 0; m < weigh->panel->n_metrics; m++) {
            if (!is_judged[m])
                continue;
            moved[own[m]] += chance_moved(&found[m], pi[own[m]]);
            n[own[m]]++;
        }
        for (int g = 0; g < 2; g++)
            pi[g] = fmin((moved[g] + worth[g] * prior[g]) / (n[g] + worth[g]), PI_MAX);
    }
}

/* The variance of a mean of these. */
static double variance_of_mean(const double *values, size_t from, size_t until)
{
    double mean = numbers_mean(values, from, until), squares = 0;
    size_t n = 0;
    for (size_t p = from; p < until; p++)
        if (!is_gap(values[p])) {
            squares += (values[p] - mean) * (values[p] - mean);
            n++;
        }
    return n ? squares / (double)(n * n) : 0;
}

/* What became wilder has a wilder mean as well. after: the variance of that. */
static enum verdict_direction direction_of(const struct view *view, const struct weigh_cell *cell,
                                           double after)
{
    double sd = sqrt(cell->expected_sd * cell->expected_sd + after);
    if (view->best == SIGN_WILD && fabs(cell->after - cell->expected) <= 2 * sd)
        return VERDICT_ERRATIC;
    if (view->best == SIGN_WILD)
        return cell->after > cell->expected ? VERDICT_UP : VERDICT_DOWN;
    return view->is_up[view->best] ? VERDICT_UP : VERDICT_DOWN;
}

void weigh_change(struct weigh *weigh, const struct weigh_changes *changes, size_t until,
                  struct weigh_cell *out, bool *out_is_broad)
{
    struct arena work;
    arena_init(&work);
    size_t n_metrics = weigh->panel->n_metrics;
    struct setting setting;
    set_setting(weigh, changes, until, &work, &setting);
    struct finding *found = arena_zarray(&work, n_metrics, struct finding);
    bool *is_judged = arena_zarray(&work, n_metrics, bool);
    double *shares = arena_array(&work, setting.n_candidates, double);
    size_t horizon = weigh->grid.horizon;
    weigh->shared.from = setting.first > horizon ? setting.first - horizon : 0;
    weigh->shared.until = setting.end;
    memset(weigh->shared.likely, 0, (2 * horizon + 2) * sizeof *weigh->shared.likely);
    for (size_t m = 0; m < n_metrics; m++)
        is_judged[m] = find_one(weigh, m, &setting, shares, &out[m], &found[m]);
    double shared = shared_share(weigh, found, is_judged, &setting, shares);
    const bool *own = changes->items[changes->which].in_scope;
    double pi[2];
    for (size_t m = 0; m < n_metrics; m++)
        found[m].share = fmin(found[m].share, shared);
    pool(weigh, found, is_judged, own, pi);
    for (size_t m = 0; m < n_metrics; m++) {
        if (!is_judged[m])
            continue;
        out[m].p = found[m].p;
        out[m].share = found[m].share;
        out[m].chance = chance_moved(&found[m], pi[own[m]]);
        out[m].has_moved = out[m].chance > CHANCE_MIN;
        out[m].since = found[m].since;
        const struct signs_span *span = &found[m].view.span;
        measure(weigh, m, setting.first, span, &out[m]);
        out[m].direction =
            direction_of(&found[m].view, &out[m],
                         variance_of_mean(weigh->panel->values[m], setting.first, span->until));
    }
    if (weigh->has_gate)
        weigh_alarms(weigh, &setting, out);
    if (out_is_broad)
        *out_is_broad = shared < 1;
    arena_done(&work);
}

/* ---- a question ---- */

void weigh_question(struct weigh *weigh, const struct weigh_question *question,
                    const struct weigh_changes *changes, double *shares, struct weigh_cell *out)
{
    static const double NONE_WEIGHT = 2; /* somebody saw a jump: that needs no change of ours */
    struct arena work;
    arena_init(&work);
    *out = (struct weigh_cell){.p = NAN, .before = NAN, .after = NAN, .expected = NAN};
    size_t n = changes->n, m = question->metric, at = question->at;
    for (size_t c = 0; c < n; c++)
        shares[c] = 0;
    size_t horizon = weigh->grid.horizon, near = horizon / 12 > 5 ? horizon / 12 : 5;
    const struct metric *metric = &weigh->metrics[m];
    size_t until = min_size(question->until, weigh->grid.n_points);
    size_t from = at > horizon ? at - horizon : 0,
           end = at + horizon < until ? at + horizon : until;
    if (!metric->is_known || from + 3 >= end) {
        arena_done(&work);
        return;
    }
    const struct signs_span span = {.from = from, .until = end};
    signs_look(&metric->signs, &span, weigh->look);
    onset_from_look(&metric->signs, &span, weigh->look, false, &weigh->onset);
    for (size_t p = from; p < end; p++) { /* the asker points at a time */
        double away = ((double)p - (double)at) / (double)near;
        weigh->onset.likely[p - from] -= away * away / 2;
    }
    struct onset_candidate *candidates = arena_array(&work, n + 1, struct onset_candidate);
    for (size_t c = 0; c < n; c++)
        candidates[c] = (struct onset_candidate){changes->items[c].first,
                                                 changes->items[c].in_scope[m] ? OWN_WEIGHT : 1};
    double step_s = DAY_S / (double)weigh->grid.day_points;
    struct onset_prior prior = {fmax(LAG_S / step_s, 1), LATE_SHARE, horizon, NONE_WEIGHT};
    onset_shares(&weigh->onset, candidates, n, &prior, shares);
    out->since = at;
    onset_most(&weigh->onset, &out->since);
    struct view view = {.span.until = until};
    double surprise = stands_out(weigh, &metric->signs, out->since, &view);
    out->p = chance_of(weigh, m, out->since, until, surprise, out);
    out->is_judged = out->n_rank > NULL_MIN;
    measure(weigh, m, out->since, &view.span, out);
    out->direction = direction_of(
        &view, out, variance_of_mean(weigh->panel->values[m], out->since, view.span.until));
    out->has_moved = out->p < P_ODD;
    arena_done(&work);
}
