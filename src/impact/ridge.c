#include "impact/ridge.h"

#include <math.h>
#include <string.h>

#include "impact/numbers.h"

enum { AT_A_TIME = 128 }; /* so many rows are summed in floats: that is exact enough, and quick */

/* Makes each regressor's mean square 1. scale: what it was multiplied by. */
static void scale_all(const struct ridge_rows *rows, double scale[RIDGE_WIDTH_MAX])
{
    double squares[RIDGE_WIDTH_MAX] = {0};
    for (size_t i = 0; i < rows->n; i++)
        for (size_t c = 0; c < RIDGE_WIDTH_MAX; c++)
            squares[c] += (double)rows->x[i][c] * (double)rows->x[i][c];
    for (size_t c = 0; c < RIDGE_WIDTH_MAX; c++)
        scale[c] = 1 / (sqrt(squares[c] / (double)rows->n) + 1e-12);
    for (size_t i = 0; i < rows->n; i++)
        for (size_t c = 0; c < RIDGE_WIDTH_MAX; c++)
            rows->x[i][c] = (float)((double)rows->x[i][c] * scale[c]);
}

/* The left side of the equations: products of regressors with each other. The same in each pass. */
static void multiply(const struct ridge_rows *rows, double strength,
                     double products[][RIDGE_WIDTH_MAX])
{
    for (size_t from = 0; from < rows->n; from += AT_A_TIME) {
        float sums[RIDGE_WIDTH_MAX][RIDGE_WIDTH_MAX] = {{0}};
        for (size_t i = from; i < min_size(from + AT_A_TIME, rows->n); i++) {
            const float *x = rows->x[i];
            for (size_t c = 0; c < rows->width; c++)
                for (size_t d = 0; d < RIDGE_WIDTH_MAX; d++)
                    sums[c][d] += x[c] * x[d];
        }
        for (size_t c = 0; c < rows->width; c++)
            for (size_t d = 0; d < rows->width; d++)
                products[c][d] += (double)sums[c][d];
    }
    for (size_t c = 0; c < rows->width; c++)
        products[c][c] += strength * (double)rows->n + 1e-9;
}

/* The right side: products of regressors with what they are to explain, which is no further than limit from
 * what was expected. rests: of each row, what was not. */
static void multiply_targets(const struct ridge_rows *rows, const float *rests, float limit,
                             double products[RIDGE_WIDTH_MAX])
{
    for (size_t from = 0; from < rows->n; from += AT_A_TIME) {
        float sums[RIDGE_WIDTH_MAX] = {0};
        for (size_t i = from; i < min_size(from + AT_A_TIME, rows->n); i++) {
            const float most = rests[i] < limit ? rests[i] : limit;
            const float target = rows->y[i] - rests[i] + max_f32(-limit, most);
            for (size_t c = 0; c < RIDGE_WIDTH_MAX; c++)
                sums[c] += rows->x[i][c] * target;
        }
        for (size_t c = 0; c < rows->width; c++)
            products[c] += (double)sums[c];
    }
}

static float expected_of(const float x[RIDGE_WIDTH_MAX], const float weights[RIDGE_WIDTH_MAX])
{
    enum { ABREAST = 4 };
    float sums[ABREAST] = {0};
    for (size_t c = 0; c < RIDGE_WIDTH_MAX; c += ABREAST)
        for (size_t k = 0; k < ABREAST; k++)
            sums[k] += x[c + k] * weights[c + k];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* What the weights leave unexplained of each row; and the limit that follows from how wide that is. */
static float find_rests(const struct ridge_rows *rows, const double *weights, double clip_sd,
                        double *scratch, float *rests)
{
    float w[RIDGE_WIDTH_MAX] = {0};
    for (size_t c = 0; c < rows->width; c++)
        w[c] = (float)weights[c];
    for (size_t i = 0; i < rows->n; i++) {
        rests[i] = rows->y[i] - expected_of(rows->x[i], w);
        scratch[i] = fabs((double)rests[i]);
    }
    const double limit = clip_sd * NUMBERS_MAD_TO_SD * numbers_median(scratch, rows->n);
    return limit > 0 ? (float)limit : INFINITY;
}

bool ridge_fit(const struct ridge_rows *rows, const struct ridge_options *options,
               struct arena *work, double *out_weights)
{
    double scale[RIDGE_WIDTH_MAX], weights[NUMBERS_UNKNOWNS_MAX] = {0};
    double left[RIDGE_WIDTH_MAX][RIDGE_WIDTH_MAX] = {{0}};
    double *scratch = arena_array(work, rows->n, double);
    float *rests = arena_array(work, rows->n, float), limit = INFINITY;
    scale_all(rows, scale);
    multiply(rows, options->strength, left);
    for (size_t i = 0; i < rows->n; i++)
        rests[i] = rows->y[i];
    for (int pass = 0; pass < options->passes; pass++) {
        if (pass > 0)
            limit = find_rests(rows, weights, options->clip_sd, scratch, rests);
        double right[RIDGE_WIDTH_MAX] = {0};
        multiply_targets(rows, rests, limit, right);
        double system[NUMBERS_UNKNOWNS_MAX][NUMBERS_UNKNOWNS_MAX + 1] = {{0}};
        for (size_t c = 0; c < rows->width; c++) {
            memcpy(system[c], left[c], rows->width * sizeof(double));
            system[c][rows->width] = right[c];
        }
        if (!numbers_solve(system, rows->width, weights))
            return false;
    }
    for (size_t c = 0; c < rows->width; c++)
        out_weights[c] = weights[c] * scale[c];
    return true;
}
