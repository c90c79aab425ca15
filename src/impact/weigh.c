#include "impact/weigh.h"

#include <math.h>
#include <string.h>

#include "impact/controls.h"
#include "impact/numbers.h"
#include "impact/weigh_parts.h"

static const double CONTROL_MIN = 0.3; /* correlation of a control */
enum {
    CONTROLS = 3,
    WORK_BYTES = 192, /* for each point, to learn one metric; more is found when it must be */
};

/* ---- learning ---- */

static void learn_controls(struct weigh *weigh, struct usual *usual, size_t m, struct metric *out,
                           struct arena *work)
{
    const struct weigh_panel *panel = weigh->panel;
    bool *others = arena_array(work, panel->n_metrics, bool);
    for (size_t k = 0; k < panel->n_metrics; k++)
        others[k] = panel->groups[k] != panel->groups[m];
    const struct usual_grid *grid = &weigh->grid;
    struct controls closest_apart, closest;
    usual_controls(usual, panel->n_metrics, m, others, &closest_apart, &closest);
    double *apart = usual_less_apart(usual, m, &closest_apart, grid, work);
    double *peers = usual_less_any(usual, m, &closest, grid, work);
    double *own = apart ? apart : usual[m].innovation;
    float *spread = usual_spreads(own, usual[m].sd, grid, weigh->arena, work);
    out->signs.spread = spread;
    out->signs.scores[0] = usual_scores(own, spread, grid, weigh->arena, work);
    out->signs.wild = usual_wildness(own, spread, grid, weigh->arena, work);
    out->signs.scores[1] = NULL;
    if (!peers)
        return;
    spread = usual_spreads(peers, usual_sd(peers, grid->history, work), grid, work, work);
    out->signs.scores[1] = usual_scores(peers, spread, grid, weigh->arena, work);
}

/* The mean, weighted by correlation, of the three whole contrasts of other services that go most with it. */
static float *control_contrast(const struct weigh *weigh, const struct signs_whole *whole, size_t m,
                               struct arena *work)
{
    const struct signs_whole *own = &whole[m];
    if (!own->contrast)
        return NULL;
    struct controls closest = {.n = 0};
    for (size_t k = 0; k < weigh->panel->n_metrics; k++) {
        if (!whole[k].contrast || weigh->panel->groups[k] == weigh->panel->groups[m])
            continue;
        double r = numbers_dot(own->row, whole[k].row, own->n_row);
        if (fabs(r) >= CONTROL_MIN)
            controls_add(&closest, CONTROLS, k, r);
    }
    if (closest.n == 0)
        return NULL;
    size_t n = weigh->grid.n_points;
    float *out = arena_zarray(work, n, float);
    double sizes = 0;
    for (size_t b = 0; b < closest.n; b++)
        sizes += fabs(closest.correlation[b]);
    for (size_t b = 0; b < closest.n; b++) {
        const float *contrast = whole[closest.which[b]].contrast;
        const float weight = (float)(closest.correlation[b] / sizes);
        for (size_t p = 0; p < n; p++)
            out[p] += weight * contrast[p];
    }
    return out;
}

/* kept: what is known of each metric until all are learnt; work: of one at a time. */
static void learn_all(struct weigh *weigh, struct arena *kept, struct arena *work)
{
    size_t n = weigh->panel->n_metrics;
    struct usual *usual = arena_array(kept, n, struct usual);
    struct signs_whole *whole = arena_zarray(kept, n, struct signs_whole);
    for (size_t m = 0; m < n; m++) {
        arena_reset(work);
        usual_learn(weigh->panel->values[m], &weigh->grid, kept, work, &usual[m]);
        if (usual[m].is_known)
            whole[m] = signs_whole_contrast(usual[m].y, &weigh->grid, kept, work);
    }
    for (size_t m = 0; m < n; m++) {
        struct metric *metric = &weigh->metrics[m];
        metric->is_known = usual[m].is_known;
        if (!metric->is_known)
            continue;
        arena_reset(work);
        learn_controls(weigh, usual, m, metric, work);
        arena_reset(work);
        const struct signs_contrast_input input = {
            .y = usual[m].y,
            .control = control_contrast(weigh, whole, m, work),
            .noise_sd = usual[m].sd,
        };
        signs_learn(&usual[m], &weigh->grid, &input, weigh->arena, work, &metric->signs);
        metric->form = usual[m];
        metric->form.y = metric->form.innovation = NULL;
        metric->form.row = NULL;
        if (weigh->has_gate)
            gate_learn(&metric->signs, &weigh->grid, weigh->arena, &metric->gate);
    }
}

/* In one piece, which resets keep. */
static void make_room(struct arena *work, size_t bytes)
{
    const void *room = arena_alloc(work, bytes);
    (void)room;
    arena_reset(work);
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
    struct arena kept, work;
    arena_init(&kept);
    arena_init(&work);
    make_room(&work, mul_size(panel->n_points + panel->n_metrics, WORK_BYTES));
    learn_all(weigh, &kept, &work);
    arena_done(&work);
    arena_done(&kept);
    return weigh;
}
