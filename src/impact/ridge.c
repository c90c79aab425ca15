#include "impact/ridge.h"

#include <math.h>
#include <string.h>

#include "impact/numbers.h"

static const double MAD_TO_SD = 1.4826;

/* Makes each regressor's mean square 1. scale: what it was multiplied by. */
static void scale_all(const struct ridge_rows *rows, double *scale)
{
    double squares[RIDGE_WIDTH_MAX] = {0};
    const float *x = rows->x;
    for (size_t i = 0; i < rows->n; i++, x += rows->width)
        for (size_t c = 0; c < rows->width; c++)
            squares[c] += (double)x[c] * (double)x[c];
    for (size_t c = 0; c < rows->width; c++)
        scale[c] = 1 / (sqrt(squares[c] / (double)rows->n) + 1e-12);
    float *io = rows->x;
    for (size_t i = 0; i < rows->n; i++, io += rows->width)
        for (size_t c = 0; c < rows->width; c++)
            io[c] = (float)((double)io[c] * scale[c]);
}

/* The left side of the equations: products of regressors with each other. The same in each pass. Some hundred
 * rows at a time are summed in floats, which is exact enough and quick. */
static void multiply(const struct ridge_rows *rows, double strength,
                     double products[][RIDGE_WIDTH_MAX])
{
    enum { AT_A_TIME = 128 };
    const size_t width = rows->width;
    for (size_t from = 0; from < rows->n; from += AT_A_TIME) {
        float sums[RIDGE_WIDTH_MAX][RIDGE_WIDTH_MAX] = {{0}};
        for (size_t i = from; i < min_size(from + AT_A_TIME, rows->n); i++) {
            float u[RIDGE_WIDTH_MAX] = {0};
            memcpy(u, rows->x + i * width, width * sizeof(float));
            for (size_t c = 0; c < width; c++)
                for (size_t d = 0; d < RIDGE_WIDTH_MAX; d++)
                    sums[c][d] += u[c] * u[d];
        }
        for (size_t c = 0; c < width; c++)
            for (size_t d = 0; d < width; d++)
                products[c][d] += (double)sums[c][d];
    }
    for (size_t c = 0; c < width; c++)
        products[c][c] += strength * (double)rows->n + 1e-9;
}

static double expected_of(const float *x, size_t width, const double *weights)
{
    double sum = 0;
    for (size_t c = 0; c < width; c++)
        sum += weights[c] * (double)x[c];
    return sum;
}

static bool fit_once(const struct ridge_rows *rows, const double products[][RIDGE_WIDTH_MAX],
                     double limit, double *weights)
{
    double system[NUMBERS_UNKNOWNS_MAX][NUMBERS_UNKNOWNS_MAX + 1] = {{0}};
    const float *x = rows->x;
    for (size_t i = 0; i < rows->n; i++, x += rows->width) {
        const double expected = expected_of(x, rows->width, weights);
        const double target = expected + numbers_clip(rows->y[i] - expected, limit);
        for (size_t c = 0; c < rows->width; c++)
            system[c][rows->width] += (double)x[c] * target;
    }
    for (size_t c = 0; c < rows->width; c++)
        for (size_t d = 0; d < rows->width; d++)
            system[c][d] = products[c][d];
    return numbers_solve(system, rows->width, weights);
}

static double limit_of(const struct ridge_rows *rows, double clip_sd, const double *weights,
                       double *scratch)
{
    const float *x = rows->x;
    for (size_t i = 0; i < rows->n; i++, x += rows->width)
        scratch[i] = fabs(rows->y[i] - expected_of(x, rows->width, weights));
    const double limit = clip_sd * MAD_TO_SD * numbers_median(scratch, rows->n);
    return limit > 0 ? limit : INFINITY;
}

bool ridge_fit(const struct ridge_rows *rows, const struct ridge_options *options, double *scratch,
               double *out_weights)
{
    double scale[RIDGE_WIDTH_MAX], weights[NUMBERS_UNKNOWNS_MAX] = {0};
    double products[RIDGE_WIDTH_MAX][RIDGE_WIDTH_MAX] = {{0}};
    double limit = INFINITY;
    scale_all(rows, scale);
    multiply(rows, options->strength, products);
    for (int pass = 0; pass < options->passes; pass++) {
        if (pass > 0)
            limit = limit_of(rows, options->clip_sd, weights, scratch);
        if (!fit_once(rows, products, limit, weights))
            return false;
    }
    for (size_t c = 0; c < rows->width; c++)
        out_weights[c] = weights[c] * scale[c];
    return true;
}
