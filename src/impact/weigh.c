#include "impact/weigh.h"

#include <math.h>
#include <string.h>

#include "impact/controls.h"
#include "impact/weigh_parts.h"

static const double CONTROL_MIN = 0.3; /* correlation of a control */
enum { CONTROLS = 3 };

/* ---- learning ---- */

static void learn_controls(struct weigh *weigh, struct usual *usual, size_t m, struct metric *out,
                           struct arena *work)
{
    const struct weigh_panel *panel = weigh->panel;
    bool *others = arena_array(work, panel->n_metrics, bool);
    for (size_t k = 0; k < panel->n_metrics; k++)
        others[k] = panel->groups[k] != panel->groups[m];
    const struct usual_grid *grid = &weigh->grid;
    double *apart = usual_less_controls(usual, panel->n_metrics, m, others, grid, work);
    double *peers = usual_less_controls(usual, panel->n_metrics, m, NULL, grid, work);
    double *own = apart ? apart : usual[m].innovation;
    float *spread, *wild;
    out->signs.scores[0] = usual_scores(own, usual[m].sd, grid, weigh->arena, &spread, &wild);
    out->signs.wild = wild;
    out->signs.spread = spread;
    out->signs.scores[1] = NULL;
    if (peers)
        out->signs.scores[1] = usual_scores(peers, usual_sd(peers, grid->history, work), grid,
                                            weigh->arena, NULL, NULL);
}

/* The mean, weighted by correlation, of the three whole contrasts of other services that go most with it. */
static float *control_contrast(const struct weigh *weigh, float *const *whole, size_t m,
                               struct arena *work)
{
    const float *own = whole[m];
    if (!own)
        return NULL;
    struct controls closest = {.n = 0};
    size_t n = weigh->grid.n_points;
    size_t stride = weigh->grid.horizon / 5 > 0 ? weigh->grid.horizon / 5 : 1;
    for (size_t k = 0; k < weigh->panel->n_metrics; k++) {
        if (!whole[k] || weigh->panel->groups[k] == weigh->panel->groups[m])
            continue;
        double ab = 0, aa = 0, bb = 0;
        for (size_t p = weigh->grid.horizon; p + weigh->grid.horizon < weigh->grid.history;
             p += stride) {
            ab += (double)(own[p] * whole[k][p]);
            aa += (double)(own[p] * own[p]);
            bb += (double)(whole[k][p] * whole[k][p]);
        }
        double r = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
        if (fabs(r) >= CONTROL_MIN)
            controls_add(&closest, CONTROLS, k, r);
    }
    if (closest.n == 0)
        return NULL;
    float *out = arena_array(work, n, float);
    double sizes = 0;
    for (size_t b = 0; b < closest.n; b++)
        sizes += fabs(closest.correlation[b]);
    for (size_t p = 0; p < n; p++) {
        double sum = 0;
        for (size_t b = 0; b < closest.n; b++)
            sum += closest.correlation[b] * (double)whole[closest.which[b]][p];
        out[p] = (float)(sum / sizes);
    }
    return out;
}

static void learn_all(struct weigh *weigh, struct arena *work)
{
    size_t n = weigh->panel->n_metrics;
    struct usual *usual = arena_array(work, n, struct usual);
    float **whole = arena_zarray(work, n, float *);
    for (size_t m = 0; m < n; m++)
        usual_learn(weigh->panel->values[m], &weigh->grid, work, &usual[m]);
    for (size_t m = 0; m < n; m++)
        if (usual[m].is_known)
            whole[m] = signs_whole_contrast(usual[m].y, &weigh->grid, work);
    for (size_t m = 0; m < n; m++) {
        struct metric *metric = &weigh->metrics[m];
        metric->is_known = usual[m].is_known;
        if (!metric->is_known)
            continue;
        learn_controls(weigh, usual, m, metric, work);
        const struct signs_contrast_input input = {
            .y = usual[m].y,
            .control = control_contrast(weigh, whole, m, work),
            .noise_sd = usual[m].sd,
        };
        signs_learn(&usual[m], &weigh->grid, &input, weigh->arena, &metric->signs);
        metric->form = usual[m];
        metric->form.y = metric->form.innovation = NULL;
        if (weigh->has_gate)
            gate_learn(&metric->signs, &weigh->grid, weigh->arena, &metric->gate);
    }
}

struct weigh *weigh_new(const struct weigh_panel *panel, const struct weigh_options *options,
                        struct arena *arena)
{
    struct weigh *weigh = arena_zalloc(arena, sizeof *weigh);
    weigh->panel = panel;
    weigh->arena = arena;
    weigh->has_gate = options->has_gate;
    weigh->grid = (struct usual_grid){
        .n_points = panel->n_points,
        .day_points = panel->day_points,
        .horizon = options->horizon,
        .history = options->history < panel->n_points ? options->history : panel->n_points,
    };
    weigh->metrics = arena_zarray(arena, panel->n_metrics, struct metric);
    weigh->scratch = arena_array(arena, panel->n_points, double);
    for (size_t s = 0; s < SIGNS; s++)
        weigh->look[s] = arena_array(arena, 2 * options->horizon + 2, float);
    weigh->onset.likely = arena_array(arena, 2 * options->horizon + 2, double);
    weigh->shared.likely = arena_array(arena, 2 * options->horizon + 2, double);
    struct arena work;
    arena_init(&work);
    learn_all(weigh, &work);
    arena_done(&work);
    return weigh;
}
