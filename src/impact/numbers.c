#include "impact/numbers.h"

#include <math.h>
#include <string.h>

const uint32_t numbers_season_days[NUMBERS_SEASON_DAYS] = {1, 2, 3, 4, 7};

/* Moves what is below the pivot (or no larger, if with_equal) to the front; returns how many those are. No
 * branches on values: which way they go cannot be foretold. */
static size_t partition(double *values, size_t n, double pivot, bool with_equal)
{
    size_t n_front = 0;
    for (size_t i = 0; i < n; i++) {
        const double v = values[i];
        values[i] = values[n_front];
        values[n_front] = v;
        n_front += (v < pivot) | (with_equal & (v == pivot));
    }
    return n_front;
}

double numbers_select(double *values, size_t n, size_t k)
{
    while (n > 1) {
        const double pivot =
            numbers_median_few((double[]){values[n / 4], values[n / 2], values[n - 1 - n / 4]}, 3);
        const size_t n_below = partition(values, n, pivot, false);
        if (k < n_below) {
            n = n_below;
            continue;
        }
        values += n_below;
        n -= n_below;
        k -= n_below;
        const size_t n_equal = partition(values, n, pivot, true);
        if (k < n_equal || n_equal == 0)
            return pivot; /* none is equal to what is no number */
        values += n_equal;
        n -= n_equal;
        k -= n_equal;
    }
    return values[k];
}

double numbers_median(double *values, size_t n)
{
    return n == 0 ? 0 : numbers_select(values, n, n / 2);
}

static void sort_few(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double v = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] > v; j--)
            values[j] = values[j - 1];
        values[j] = v;
    }
}

static double middle_of_three(double a, double b, double c)
{
    return max_f64(min_f64(a, b), min_f64(max_f64(a, b), c));
}

double numbers_median_few(double *v, size_t n)
{
    if (n == 0)
        return NAN;
    if (n == 3)
        return middle_of_three(v[0], v[1], v[2]);
    if (n == 4 || n == 5) { /* the middle two of the first four */
        double low = max_f64(min_f64(v[0], v[1]), min_f64(v[2], v[3]));
        double high = min_f64(max_f64(v[0], v[1]), max_f64(v[2], v[3]));
        return n == 4 ? 0.5 * (low + high) : middle_of_three(low, high, v[4]);
    }
    sort_few(v, n);
    return n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

double numbers_mean(const double *values, size_t from, size_t until)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = from; i < until; i++)
        if (!is_gap(values[i])) {
            sum += values[i];
            n++;
        }
    return n ? sum / (double)n : (double)NAN;
}

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

double numbers_sum(const float *values, size_t n)
{
    lanes sums = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes v;
        memcpy(&v, values + i, sizeof v);
        sums += v;
    }
    double sum = 0;
    for (size_t k = 0; k < LANES; k++)
        sum += (double)sums[k];
    for (; i < n; i++)
        sum += (double)values[i];
    return sum;
}

double numbers_dot(const float *a, const float *b, size_t n)
{
    lanes sums = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes u, v;
        memcpy(&u, a + i, sizeof u);
        memcpy(&v, b + i, sizeof v);
        sums += u * v;
    }
    double sum = 0;
    for (size_t k = 0; k < LANES; k++)
        sum += (double)sums[k];
    for (; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

void numbers_make_unit(float *values, size_t n)
{
    const double squares = numbers_dot(values, values, n);
    const float scale = squares > 0 ? (float)(1 / sqrt(squares)) : 0;
    for (size_t i = 0; i < n; i++)
        values[i] *= scale;
}

void numbers_seasonal(const double *values, size_t n, size_t day_points, double *out)
{
    for (size_t p = 0; p < n; p++) {
        double there[NUMBERS_SEASON_DAYS];
        size_t n_there = 0;
        for (size_t d = 0; d < NUMBERS_SEASON_DAYS; d++) {
            const size_t back = numbers_season_days[d] * day_points;
            if (back > p)
                break;
            if (!is_gap(values[p - back]))
                there[n_there++] = values[p - back];
        }
        out[p] = numbers_median_few(there, n_there);
    }
}

double numbers_normal_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    const double edge = 0.02425;
    if (p > 1 - edge)
        return -numbers_normal_quantile(1 - p);
    if (p < edge) {
        double q = sqrt(-2 * log(p));
        return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

bool numbers_solve(double rows[][NUMBERS_UNKNOWNS_MAX + 1], size_t n, double *x)
{
    for (size_t c = 0; c < n; c++) {
        if (!(rows[c][c] > 0))
            return false;
        for (size_t r = c + 1; r < n; r++) {
            double factor = rows[r][c] / rows[c][c];
            for (size_t k = c; k <= n; k++)
                rows[r][k] -= factor * rows[c][k];
        }
    }
    for (size_t c = n; c-- > 0;) {
        double rest = rows[c][n];
        for (size_t k = c + 1; k < n; k++)
            rest -= rows[c][k] * x[k];
        x[c] = rest / rows[c][c];
    }
    return true;
}
