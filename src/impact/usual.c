#include "impact/usual.h"

#include <math.h>

#include "base/arena.h"
#include "impact/numbers.h"
#include "impact/ridge.h"
#include "impact/sums.h"

enum {
    BLOCKS = 6, /* means of the points 2, 3-4, 5-8, 9-16, 17-32, 33-64 before */
    REGRESSORS = BLOCKS + 5,
    POINTS_MIN = 50, /* to fit by */
    PASSES = 3,      /* of the fit: each clips what the one before found far out */
};

static const uint32_t block_from[BLOCKS] = {2, 3, 5, 9, 17, 33};
static const uint32_t block_until[BLOCKS] = {3, 5, 9, 17, 33, 65};

static const double CLIP_SD = 4;     /* residuals further out teach no more than these */
static const double RIDGE = 0.002;   /* of the regressors' own sums of squares */
static const double ROW_CLIP_SD = 3; /* for comparing with others */
static const double COUNT_MAX = 1e5; /* larger whole numbers are not counts of events */
static const double RATIO_RANGE = 4; /* 98th over 2nd percentile */

/* ---- the scale on which it is judged ---- */

static void choose_form(const double *values, const struct usual_grid *grid, double *scratch,
                        struct usual *out)
{
    size_t n = 0;
    bool is_whole = true;
    double least = INFINITY;
    for (size_t i = 0; i < grid->history; i++) {
        if (is_gap(values[i]))
            continue;
        is_whole = is_whole && values[i] == floor(values[i]);
        least = min_f64(least, values[i]);
        scratch[n++] = values[i];
    }
    out->is_known = n >= 20;
    if (!out->is_known)
        return;
    /* the middle one parts the smaller from the larger ones */
    const size_t at_low = (size_t)(0.02 * (double)n), at_middle = n / 2,
                 at_high = (size_t)(0.98 * (double)n);
    double middle = numbers_select(scratch, n, at_middle);
    double low = numbers_select(scratch, at_middle + 1, at_low);
    double high = numbers_select(scratch + at_middle, n - at_middle, at_high - at_middle);
    if (least >= 0 && is_whole && middle < COUNT_MAX)
        out->form = USUAL_COUNT;
    else if (least >= 0 && middle > 0 && high > RATIO_RANGE * max_f64(low, 1e-12))
        out->form = USUAL_RATIO;
    else
        out->form = USUAL_PLAIN;
    out->offset = 0.1 * middle;
}

double usual_transform(const struct usual *usual, double value)
{
    if (usual->form == USUAL_COUNT)
        return 2 * sqrt(max_f64(value, 0) + 0.375);
    if (usual->form == USUAL_RATIO)
        return log(max_f64(value, 0) + usual->offset);
    return value;
}

double usual_width(const struct usual *usual, double value, double dy)
{
    if (usual->form == USUAL_COUNT)
        return dy * sqrt(fmax(value, 0) + 0.375);
    if (usual->form == USUAL_RATIO)
        return dy * (fmax(value, 0) + usual->offset);
    return dy;
}

/* ---- what the next value should be ---- */

/* What points are foretold from. */
struct past {
    const struct usual_grid *grid;
    const double *y;
    double *last;   /* the last value before each point; NAN: there is too little before it */
    double *season; /* what was there at this time on earlier days */
    struct sums y_sums, season_sums;
};

/* At each point the median over earlier days of what was there about that time of day. */
static void find_season(const struct past *past, double *smooth)
{
    const struct usual_grid *grid = past->grid;
    int64_t width = grid->day_points >= 1440 ? 3 : 1;
    for (size_t t = 0; t < grid->n_points; t++)
        smooth[t] = sums_mean_any(&past->y_sums, (int64_t)t - width, (int64_t)t + width + 1);
    numbers_seasonal(smooth, grid->n_points, grid->day_points, past->season);
}

static void find_last(const struct past *past)
{
    double last = NAN;
    for (size_t t = 0; t < past->grid->n_points; t++) {
        past->last[t] = t < 3 ? NAN : last;
        if (!is_gap(past->y[t]))
            last = past->y[t];
    }
}

static void past_learn(struct past *past, struct arena *work)
{
    const size_t n = past->grid->n_points;
    past->last = arena_array(work, n, double);
    past->season = arena_array(work, n, double);
    past->y_sums = sums_new(n, work);
    past->season_sums = sums_new(n, work);
    sums_fill(&past->y_sums, past->y);
    find_last(past);
    find_season(past, arena_array(work, n, double));
    sums_fill(&past->season_sums, past->season);
}

/* What is to be explained: how the value differs from the last one before it. NAN at gaps. */
static double step_at(const struct past *past, size_t t)
{
    return past->y[t] - past->last[t];
}

/* What is known before point t of how it goes on: how the means of the last points differ from the last
 * one, how this time of day differs from the time before it, and from the last value. */
static void set_regressors(const struct past *past, size_t t, float x[REGRESSORS])
{
    const int64_t at = (int64_t)t;
    const double last = past->last[t], season = past->season[t];
    for (size_t b = 0; b < BLOCKS; b++) {
        double mean = sums_mean_any(&past->y_sums, at - block_until[b] + 1, at - block_from[b] + 1);
        x[b] = is_gap(mean) ? 0 : (float)(mean - last);
    }
    static const int64_t spans[] = {1, 8, 64};
    for (size_t s = 0; s < COUNT_OF(spans); s++) {
        double mean = sums_mean_any(&past->season_sums, at - spans[s], at);
        x[BLOCKS + s] = is_gap(season) || is_gap(mean) ? 0 : (float)(season - mean);
    }
    x[BLOCKS + 3] = is_gap(season) ? 0 : (float)(season - last);
    x[BLOCKS + 4] = 1;
}

/* The weights of the regressors. */
static bool fit(const struct past *past, struct arena *work, double *beta)
{
    const size_t n = past->grid->history;
    struct ridge_rows rows = {.y = arena_array(work, n, float), .width = REGRESSORS};
    rows.x = arena_zalloc(work, mul_size(n, sizeof *rows.x));
    for (size_t t = 0; t < n; t++) {
        if (is_gap(step_at(past, t)))
            continue;
        set_regressors(past, t, rows.x[rows.n]);
        rows.y[rows.n++] = (float)step_at(past, t);
    }
    const struct ridge_options options = {.strength = RIDGE, .clip_sd = CLIP_SD, .passes = PASSES};
    return rows.n >= POINTS_MIN && ridge_fit(&rows, &options, work, beta);
}

static double innovation_at(const struct past *past, const double *beta, size_t t)
{
    double rest = step_at(past, t);
    if (is_gap(rest))
        return NAN;
    float x[REGRESSORS];
    set_regressors(past, t, x);
    for (size_t c = 0; c < REGRESSORS; c++)
        rest -= beta[c] * (double)x[c];
    return rest;
}

/* Root mean square, what is beyond CLIP_SD of the median clipped: never under half of that. */
static double robust_sd(const double *values, size_t n_points, double *scratch)
{
    size_t n = 0;
    for (size_t t = 0; t < n_points; t++)
        if (!is_gap(values[t]))
            scratch[n++] = fabs(values[t]);
    double sd = NUMBERS_MAD_TO_SD * numbers_median(scratch, n);
    double cap = sd > 0 ? CLIP_SD * sd : INFINITY, squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double size = min_f64(scratch[i], cap);
        squares += size * size;
    }
    double whole = n ? sqrt(squares / (double)n) : 0;
    return sd < 0.5 * whole ? whole : sd;
}

double usual_sd(const double *innovation, size_t history, struct arena *work)
{
    return robust_sd(innovation, history, arena_array(work, history + 1, double));
}

/* A lasting shift shows in full at once, and less and less as the last values take it in. */
static void set_response(struct usual *usual, const double *beta)
{
    double weight[USUAL_RESPONSE] = {0};
    double first = 1 - beta[BLOCKS + 3];
    for (size_t b = 0; b < BLOCKS; b++) {
        first -= beta[b];
        for (uint32_t lag = block_from[b]; lag < block_until[b]; lag++)
            weight[lag] += beta[b] / (block_until[b] - block_from[b]);
    }
    weight[1] += first;
    double left = 1;
    for (size_t k = 0; k < USUAL_RESPONSE; k++) {
        left -= weight[k];
        usual->response[k] = left;
    }
}

/* Its history never moved: what differs from it at all is news. */
static void learn_constant(const struct usual_grid *grid, double *scratch, struct usual *out)
{
    size_t n = 0;
    for (size_t t = 0; t < grid->history; t++)
        if (!is_gap(out->y[t]))
            scratch[n++] = out->y[t];
    double level = numbers_median(scratch, n);
    for (size_t t = 0; t < grid->n_points; t++)
        out->innovation[t] = out->y[t] - level;
    for (size_t k = 0; k < USUAL_RESPONSE; k++)
        out->response[k] = 1;
    out->is_constant = true;
    out->sd = fmax(0.005 * fabs(level), out->form == USUAL_COUNT ? 0.3 : 1e-9);
}

/* Innovations for comparing with other metrics': of the history, clipped, gaps 0, of length 1 together. */
static void set_row(struct usual *usual, const struct usual_grid *grid, struct arena *arena)
{
    const size_t stride = grid->day_points >= 1440 ? 3 : 1;
    usual->n_row = (grid->history + stride - 1) / stride;
    usual->row = arena_array(arena, usual->n_row, float);
    for (size_t i = 0; i < usual->n_row; i++) {
        const double v = usual->innovation[i * stride];
        usual->row[i] = is_gap(v) ? 0 : (float)(numbers_clip(v / usual->sd, ROW_CLIP_SD));
    }
    numbers_make_unit(usual->row, usual->n_row);
}

void usual_learn(const double *values, const struct usual_grid *grid, struct arena *arena,
                 struct arena *work, struct usual *out)
{
    size_t n = grid->n_points;
    double *scratch = arena_array(work, n, double);
    *out = (struct usual){0};
    choose_form(values, grid, scratch, out);
    if (!out->is_known)
        return;
    out->y = arena_array(arena, n, double);
    for (size_t t = 0; t < n; t++)
        out->y[t] = is_gap(values[t]) ? NAN : usual_transform(out, values[t]);
    struct past past = {.grid = grid, .y = out->y};
    past_learn(&past, work);
    double beta[REGRESSORS];
    out->is_known = fit(&past, work, beta);
    if (!out->is_known)
        return;
    out->innovation = arena_array(arena, n, double);
    for (size_t t = 0; t < n; t++)
        out->innovation[t] = innovation_at(&past, beta, t);
    set_response(out, beta);
    out->sd = robust_sd(out->innovation, grid->history, scratch);
    if (out->sd > 0)
        set_row(out, grid, arena);
    else
        learn_constant(grid, scratch, out);
}

/* ---- what other metrics explain ---- */

enum { CONTROLS_FEW = 3, CONTROLS_MANY = CONTROLS_MAX, ANY_MIN = 3 };

static const double CORRELATION_MIN = 0.2;

/* The joint regression on few controls that cannot have been hit. */
static bool fit_controls(const struct usual *all, size_t self, const struct controls *controls,
                         const struct usual_grid *grid, double *beta)
{
    double rows[NUMBERS_UNKNOWNS_MAX][NUMBERS_UNKNOWNS_MAX + 1] = {{0}};
    size_t n = controls->n, n_used = 0;
    for (size_t t = 0; t < grid->history; t++) {
        double u[CONTROLS_MANY];
        bool is_whole = !is_gap(all[self].innovation[t]);
        for (size_t c = 0; c < n && is_whole; c++) {
            const struct usual *control = &all[controls->which[c]];
            u[c] = numbers_clip(control->innovation[t], CLIP_SD * control->sd);
            is_whole = !is_gap(control->innovation[t]);
        }
        if (!is_whole)
            continue;
        n_used++;
        double target = numbers_clip(all[self].innovation[t], CLIP_SD * all[self].sd);
        for (size_t c = 0; c < n; c++) {
            for (size_t d = 0; d < n; d++)
                rows[c][d] += u[c] * u[d];
            rows[c][n] += u[c] * target;
        }
    }
    for (size_t c = 0; c < n; c++)
        rows[c][c] *= 1.01;
    return n_used >= POINTS_MIN && numbers_solve(rows, n, beta);
}

double *usual_less_apart(const struct usual *all, size_t self, const struct controls *controls,
                         const struct usual_grid *grid, struct arena *arena)
{
    double beta[NUMBERS_UNKNOWNS_MAX];
    if (controls->n == 0 || !fit_controls(all, self, controls, grid, beta))
        return NULL;
    double *out = arena_array(arena, grid->n_points, double);
    for (size_t t = 0; t < grid->n_points; t++) {
        out[t] = all[self].innovation[t];
        for (size_t c = 0; c < controls->n; c++) {
            const struct usual *control = &all[controls->which[c]];
            if (!is_gap(control->innovation[t]))
                out[t] -= beta[c] * numbers_clip(control->innovation[t], CLIP_SD * control->sd);
        }
    }
    return out;
}

/* Of many that may have been hit themselves: the median of what each alone predicts, in units of sd. */
double *usual_less_any(const struct usual *all, size_t self, const struct controls *controls,
                       const struct usual_grid *grid, struct arena *arena)
{
    if (controls->n < ANY_MIN)
        return NULL;
    const struct usual *own = &all[self];
    double *predicted = arena_array(arena, grid->n_points, double);
    double squares = 0, products = 0, scales[CONTROLS_MANY];
    for (size_t c = 0; c < controls->n; c++)
        scales[c] = 1 / all[controls->which[c]].sd;
    for (size_t t = 0; t < grid->n_points; t++) {
        double each[CONTROLS_MANY];
        size_t n = 0;
        for (size_t c = 0; c < controls->n; c++) {
            const struct usual *control = &all[controls->which[c]];
            if (!is_gap(control->innovation[t]))
                each[n++] = controls->correlation[c] *
                            numbers_clip(control->innovation[t] * scales[c], CLIP_SD);
        }
        predicted[t] = n >= 2 ? numbers_median_few(each, n) : 0;
        if (t < grid->history && !is_gap(own->innovation[t])) {
            squares += predicted[t] * predicted[t];
            products += predicted[t] * numbers_clip(own->innovation[t] / own->sd, CLIP_SD);
        }
    }
    double beta = squares > 0 ? products / squares * own->sd : 0;
    for (size_t t = 0; t < grid->n_points; t++)
        predicted[t] = own->innovation[t] - beta * predicted[t];
    return predicted;
}

void usual_controls(const struct usual *all, size_t n, size_t self, const bool *apart,
                    struct controls *out_apart, struct controls *out_any)
{
    out_apart->n = out_any->n = 0;
    for (size_t m = 0; m < n && all[self].row; m++) {
        if (m == self || !all[m].is_known || !all[m].row)
            continue;
        double r = numbers_dot(all[self].row, all[m].row, all[self].n_row);
        if (fabs(r) < CORRELATION_MIN)
            continue;
        controls_add(out_any, CONTROLS_MANY, m, r);
        if (apart[m])
            controls_add(out_apart, CONTROLS_FEW, m, r);
    }
}
