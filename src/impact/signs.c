#include "impact/signs.h"

#include <math.h>
#include <string.h>

#include "impact/numbers.h"

/* ---- filters ---- */

static double response_at(const struct usual *usual, size_t k)
{
    return usual->response[k < USUAL_RESPONSE ? k : USUAL_RESPONSE - 1];
}

/* How the innovations answer to each shape that begins at point 0. */
static void set_shapes(const struct usual *usual, struct signs *signs, struct arena *arena)
{
    const size_t n = signs->horizon, pulse = max_size(n / 3, 3), soft = max_size(n / 20, 2);
    for (size_t s = 0; s < SIGN_SHAPES; s++)
        signs->shape[s] = arena_array(arena, n, float);
    double ramp = 0, softly = 0;
    for (size_t k = 0; k < n; k++) {
        double step = response_at(usual, k);
        ramp += step;
        softly += (step - (k < soft ? 0 : response_at(usual, k - soft))) / (double)soft;
        signs->shape[SIGN_STEP][k] = (float)step;
        signs->shape[SIGN_PULSE][k] =
            (float)(step - (k < pulse ? 0 : response_at(usual, k - pulse)));
        signs->shape[SIGN_RAMP][k] = (float)ramp;
        signs->shape[SIGN_SOFT][k] = (float)softly;
    }
    for (size_t s = 0; s < SIGN_SHAPES; s++) {
        double *weights = signs->weights[s] = arena_array(arena, n + 1, double);
        double *squares = signs->squares[s] = arena_array(arena, n + 1, double);
        weights[0] = squares[0] = 0;
        for (size_t k = 0; k < n; k++) {
            double w = (double)signs->shape[s][k];
            weights[k + 1] = weights[k] + w;
            squares[k + 1] = squares[k] + w * w;
        }
    }
}

enum {
    BEFORE_HORIZONS = 4, /* whose mean score is what lasts from before */
    WILD_HORIZONS = 6,   /* that wildness is compared with */
};

/* Of a sum over n scores before a point. since: 0, or all there is of its kind. */
static struct signs_level level_of(const struct signs *signs, double sum, size_t n, size_t since)
{
    if (since == 0) /* usually about 0, and all the more when little is known */
        return (struct signs_level){
            n < signs->horizon ? 0 : sum / ((double)n + (double)signs->horizon / 4), 0};
    return n == 0 ? (struct signs_level){0, INFINITY}
                  : (struct signs_level){sum / (double)n, 1 / (double)n};
}

/* The first point that counts as before p. */
static size_t first_before(size_t p, size_t span, size_t since)
{
    return max_size(p < span ? 0 : p - span, since);
}

struct signs_level signs_level_before(const struct signs *signs, const float *scores, size_t since,
                                      size_t p)
{
    size_t first = min_size(first_before(p, BEFORE_HORIZONS * signs->horizon, since), p);
    return level_of(signs, numbers_sum(scores + first, p - first), p - first, since);
}

static const float *scores_of(const struct signs *signs, enum sign sign)
{
    return signs->scores[sign >= SIGN_PEER_STEP];
}

enum { SIDE_BY_SIDE = 16 };

/* A shape that begins at each of SIDE_BY_SIDE points, times the scores from there on: n of them each. */
static void dots_at(const float *shape, const float *scores, size_t n, float out[SIDE_BY_SIDE])
{
    float sums[SIDE_BY_SIDE] = {0};
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < SIDE_BY_SIDE; i++)
            sums[i] += shape[k] * scores[k + i];
    memcpy(out, sums, sizeof sums);
}

/* out[p - from]: the shape that begins at point p, times the scores of the span from there on. */
static void find_dots(const struct signs *signs, enum sign sign, const struct signs_span *span,
                      float *out)
{
    const float *scores = scores_of(signs, sign), *shape = signs->shape[sign % SIGN_SHAPES];
    size_t p = span->from;
    for (; p + SIDE_BY_SIDE - 1 + signs->horizon <= span->until; p += SIDE_BY_SIDE)
        dots_at(shape, scores + p, signs->horizon, out + (p - span->from));
    for (; p < span->until; p++)
        out[p - span->from] =
            (float)numbers_dot(shape, scores + p, min_size(span->until - p, signs->horizon));
}

static void look_by_filter(const struct signs *signs, enum sign sign, const struct signs_span *span,
                           float *out)
{
    const float *scores = scores_of(signs, sign);
    const double *weights = signs->weights[sign % SIGN_SHAPES];
    const double *squares = signs->squares[sign % SIGN_SHAPES];
    size_t first = min_size(first_before(span->from, BEFORE_HORIZONS * signs->horizon, span->since),
                            span->from);
    double sum = numbers_sum(scores + first, span->from - first);
    find_dots(signs, sign, span, out);
    for (size_t p = span->from; p < span->until; p++) {
        size_t n = min_size(span->until - p, signs->horizon);
        struct signs_level before = level_of(signs, sum, p - first, span->since);
        double w = weights[n], variance = squares[n] + (w != 0 ? w * w * before.doubt : 0);
        double output = (double)out[p - span->from] - before.mean * w;
        out[p - span->from] = variance > 0 ? (float)(output / sqrt(variance)) : 0;
        sum += (double)scores[p];
        for (; first < first_before(p + 1, BEFORE_HORIZONS * signs->horizon, span->since); first++)
            sum -= (double)scores[first];
    }
}

static void look_by_wildness(const struct signs *signs, const struct signs_span *span, float *out)
{
    size_t first = first_before(span->from, WILD_HORIZONS * signs->horizon, span->since);
    double before = 0, after = 0;
    for (size_t i = first; i < span->from; i++)
        before += (double)signs->wild[i];
    size_t end = span->from;
    for (size_t p = span->from; p < span->until; p++) {
        for (; end < span->until && end < p + signs->horizon; end++)
            after += (double)signs->wild[end];
        double n_after = (double)(end - p), n_before = (double)(p - first);
        out[p - span->from] =
            n_before < 2
                ? 0
                : (float)((after / n_after - before / n_before) / sqrt(1 / n_after + 1 / n_before));
        after -= (double)signs->wild[p];
        before += (double)signs->wild[p];
        for (; first < first_before(p + 1, WILD_HORIZONS * signs->horizon, span->since); first++)
            before -= (double)signs->wild[first];
    }
}

void signs_look(const struct signs *signs, const struct signs_span *span, float *const out[SIGNS])
{
    for (size_t s = 0; s < SIGN_WILD; s++)
        if (scores_of(signs, (enum sign)s))
            look_by_filter(signs, (enum sign)s, span, out[s]);
        else
            memset(out[s], 0, (span->until - span->from) * sizeof(float));
    look_by_wildness(signs, span, out[SIGN_WILD]);
}

bool signs_is_contrast(enum sign sign)
{
    return sign >= SIGN_WHOLE;
}

float signs_size(enum sign sign, float value)
{
    return sign == SIGN_WILD ? max_f32(value, 0) : fabsf(value);
}

/* ---- what stands out ---- */

static const double SURPRISE_XI = 0.05; /* of the tails of single signs: nearly exponential */
static const double FILTER_THRESHOLD_MIN = 1.2, FILTER_SCALE_MIN = 0.25;
static const double CONTRAST_SCALE_MIN = 0.08; /* of the threshold */
enum { FIT_STRIDE = 2, FIT_MIN = 50 };
enum { FINE_LAGS = 4, COARSE_LAGS = 1 }; /* points, of a minute or of more */

/* io[i] becomes the largest of io[i..i + width): of 1, 2, 4 ... points, each from two halves. */
static void slide_largest(float *io, size_t n, size_t width)
{
    size_t done = 1;
    for (; 2 * done <= width; done *= 2)
        for (size_t i = 0; i + done < n; i++)
            io[i] = max_f32(io[i], io[i + done]);
    for (size_t i = 0; width > done && i + width - done < n; i++)
        io[i] = max_f32(io[i], io[i + width - done]);
}

/* From the size at each point to how it stands out there: the largest over the lags, less by how much
 * something within a horizon before or after is larger, as that is then where it began. room: for twice as
 * many points and two horizons. */
static void prominence(const struct signs *signs, enum sign sign, float *room, float *io)
{
    const size_t n = signs->n_points, horizon = signs->horizon;
    const size_t n_lags = signs_is_contrast(sign) ? 0 : signs->n_lags, skip = n_lags + 2;
    float *own = room,
          *sizes = room + n; /* nothing before the first point, nothing after the last */
    memset(sizes, 0, horizon * sizeof(float));
    for (size_t p = 0; p < n; p++)
        own[p] = sizes[horizon + p] = signs_size(sign, io[p]);
    memset(sizes + horizon + n, 0, horizon * sizeof(float));
    slide_largest(own, n, n_lags + 1);
    slide_largest(sizes, n + 2 * horizon, horizon - skip);
    for (size_t p = 0; p < n; p++) {
        /* from a horizon before p to p - 2, and from p + skip to a horizon after it */
        float before = max_f32(sizes[p], sizes[p + skip - 1]), after = sizes[p + horizon + skip];
        float nearby = max_f32(before, after);
        io[p] = nearby > own[p] ? max_f32(2 * own[p] - nearby, 0) : own[p];
    }
}

/* What is usual of a sign, from the history. */
static bool fit_tail(const struct signs *signs, enum sign sign, const float *values,
                     const struct usual_grid *grid, double *scratch, struct tail *out)
{
    size_t n = 0, end = grid->history > signs->horizon + signs->n_lags
                            ? grid->history - signs->horizon - signs->n_lags
                            : 0;
    for (size_t p = 2 * signs->horizon; p < end; p += FIT_STRIDE)
        scratch[n++] = (double)values[p];
    if (n < FIT_MIN)
        return false;
    *out = tail_fit(scratch, n, SURPRISE_XI);
    if (signs_is_contrast(sign)) {
        if (!(out->threshold > 1e-6))
            return false;
        out->scale = fmax(out->scale, CONTRAST_SCALE_MIN * out->threshold);
    } else {
        out->threshold = fmax(out->threshold, FILTER_THRESHOLD_MIN);
        out->scale = fmax(out->scale, FILTER_SCALE_MIN);
    }
    return true;
}

double signs_surprise(const struct signs *signs, const float *values, const bool *known,
                      enum sign *out_best)
{
    double sum = 0, most = -1;
    size_t n = 0;
    for (size_t s = 0; s < SIGNS; s++) {
        if (!signs->has[s] || !known[s])
            continue;
        double surprise = tail_surprise(&signs->tails[s], (double)values[s]);
        if (surprise > most) {
            most = surprise;
            if (out_best)
                *out_best = (enum sign)s;
        }
        sum += exp(min_f64(surprise, 600));
        n++;
    }
    return n ? log(sum / (double)n) : 0;
}

static void calibrate(const struct usual_grid *grid, bool is_constant, struct arena *work,
                      struct signs *out)
{
    size_t n = out->n_points;
    const struct signs_span all = {.until = n};
    float *values[SIGNS] = {NULL};
    double *scratch = arena_array(work, n, double);
    float *room = arena_array(work, 2 * (n + out->horizon), float);
    for (size_t s = 0; s < SIGNS; s++) {
        enum sign sign = (enum sign)s;
        out->has[s] = false;
        if ((is_constant && s >= SIGN_WILD) || (sign < SIGN_WILD && !scores_of(out, sign)))
            continue;
        values[s] = arena_array(work, n, float);
        if (signs_is_contrast(sign))
            memcpy(values[s], out->contrast[s - SIGN_WHOLE], n * sizeof(float));
        else if (sign == SIGN_WILD)
            look_by_wildness(out, &all, values[s]);
        else
            look_by_filter(out, sign, &all, values[s]);
        prominence(out, sign, room, values[s]);
        out->has[s] = fit_tail(out, sign, values[s], grid, scratch, &out->tails[s]);
    }
    for (size_t i = 0; i < out->n_stands; i++) {
        float here[SIGNS];
        for (size_t s = 0; s < SIGNS; s++)
            here[s] = out->has[s] ? values[s][i * out->stride] : 0;
        out->stands[i] = (float)signs_surprise(out, here, out->has, NULL);
    }
}

void signs_learn(const struct usual *usual, const struct usual_grid *grid,
                 const struct signs_contrast_input *input, struct arena *arena, struct arena *work,
                 struct signs *out)
{
    out->n_points = grid->n_points;
    out->horizon = grid->horizon;
    out->n_lags = grid->day_points >= 1440 ? FINE_LAGS : COARSE_LAGS;
    set_shapes(usual, out, arena);
    out->stride = grid->horizon / 12 > 0 ? grid->horizon / 12 : 1;
    out->n_stands = (grid->n_points + out->stride - 1) / out->stride;
    out->stands = arena_array(arena, out->n_stands, float);
    for (size_t c = 0; c < SIGN_CONTRASTS; c++)
        out->contrast[c] = arena_zarray(arena, grid->n_points, float);
    out->contrast_sd = arena_zarray(arena, grid->n_points, float);
    if (!usual->is_constant)
        signs_contrasts(grid, input, work, out);
    calibrate(grid, usual->is_constant, work, out);
}
