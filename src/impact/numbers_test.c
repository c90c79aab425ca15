#include "impact/numbers.h"

#include "impact/weigh_kit.h"

TEST(selects_what_sorting_would)
{
    for (size_t n = 1; n <= 60; n++) {
        double sorted[60], shuffled[60];
        for (size_t i = 0; i < n; i++) {
            double v = (double)kit_random_below(n); /* with ties */
            size_t j = i;
            for (; j > 0 && sorted[j - 1] > v; j--)
                sorted[j] = sorted[j - 1];
            sorted[j] = v;
            shuffled[i] = v;
        }
        for (size_t k = 0; k < n; k++)
            EXPECT_F64(numbers_select(shuffled, n, k), sorted[k], 0);
        EXPECT_F64(numbers_median(shuffled, n), sorted[n / 2], 0);
        double middle = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
        EXPECT_F64(numbers_median_few(shuffled, n), middle, 0);
        for (size_t i = 0; i < n; i++)
            EXPECT_F64(shuffled[i], sorted[i], 0);
    }
}

TEST(of_none_there_is_no_median)
{
    double none[1] = {7};
    EXPECT_F64(numbers_median(none, 0), 0, 0);
    EXPECT(is_gap(numbers_median_few(none, 0)));
}

/* Of what is sorted already, backwards, and all alike. */
TEST(selects_from_a_long_orderly_list)
{
    enum { N = 5000 };
    double values[N];
    for (size_t i = 0; i < N; i++)
        values[i] = (double)i;
    EXPECT_F64(numbers_select(values, N, 1234), 1234, 0);
    for (size_t i = 0; i < N; i++)
        values[i] = (double)(N - i);
    EXPECT_F64(numbers_select(values, N, 0), 1, 0);
    for (size_t i = 0; i < N; i++)
        values[i] = 3;
    EXPECT_F64(numbers_select(values, N, N - 1), 3, 0);
}

TEST(normal_quantiles_are_those_of_tables)
{
    static const struct {
        const char *row;
        double p, z;
    } rows[] = {
        {"middle", 0.5, 0},
        {"one sd", 0.841344746068543, 1},
        {"90 %", 0.9, 1.2815515655446004},
        {"97.5 %", 0.975, 1.959963984540054},
        {"99 %", 0.99, 2.3263478740408408},
        {"99.9 %", 0.999, 3.090232306167813},
        {"one in a million", 1e-6, -4.753424308822899},
        {"one in 10^12", 1e-12, -7.034483825301132},
    };
    EACH_ROW (rows, r) {
        EXPECT_F64(numbers_normal_quantile(r->p), r->z, 1e-8 * fmax(1, fabs(r->z)));
        if (r->p > 1e-3)
            EXPECT_F64(numbers_normal_quantile(1 - r->p), -r->z, 1e-8 * fmax(1, fabs(r->z)));
    }
}

/* a = b' b + 1 is positive definite; x is known. */
TEST(solves_what_was_made_from_a_known_answer)
{
    for (size_t n = 1; n <= NUMBERS_UNKNOWNS_MAX; n++) {
        double b[NUMBERS_UNKNOWNS_MAX][NUMBERS_UNKNOWNS_MAX], x[NUMBERS_UNKNOWNS_MAX];
        double rows[NUMBERS_UNKNOWNS_MAX][NUMBERS_UNKNOWNS_MAX + 1] = {{0}},
                                                                 got[NUMBERS_UNKNOWNS_MAX];
        for (size_t i = 0; i < n; i++) {
            x[i] = site_normal();
            for (size_t j = 0; j < n; j++)
                b[i][j] = site_normal();
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                rows[i][j] = i == j;
                for (size_t k = 0; k < n; k++)
                    rows[i][j] += b[k][i] * b[k][j];
            }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                rows[i][n] += rows[i][j] * x[j];
        EXPECT(numbers_solve(rows, n, got));
        for (size_t i = 0; i < n; i++)
            EXPECT_F64(got[i], x[i], 1e-9);
    }
}

TEST(says_that_a_system_is_singular)
{
    double rows[2][NUMBERS_UNKNOWNS_MAX + 1] = {{1, 2, 3}, {2, 4, 6}}, x[2];
    EXPECT(!numbers_solve(rows, 2, x));
    double empty[1][NUMBERS_UNKNOWNS_MAX + 1] = {{0, 1}};
    EXPECT(!numbers_solve(empty, 1, x));
}

TEST(a_selected_one_parts_the_smaller_from_the_larger)
{
    enum { N = 500 };
    double values[N];
    for (size_t k = 0; k < N; k += 7) {
        for (size_t i = 0; i < N; i++)
            values[i] = (double)kit_random_below(k % 2 ? 20 : 100000); /* many alike, or few */
        const double selected = numbers_select(values, N, k);
        for (size_t i = 0; i < N; i++)
            EXPECT(i < k ? values[i] <= selected : values[i] >= selected);
    }
}

TEST(what_is_no_number_does_not_stop_it)
{
    double values[] = {1, (double)NAN, (double)NAN, 2, (double)NAN};
    (void)numbers_median(values, COUNT_OF(values));
}

TEST(a_mean_leaves_gaps_out)
{
    static const double values[] = {9, 1, (double)NAN, 3, 9};
    EXPECT_F64(numbers_mean(values, 1, 4), 2, 0);
    EXPECT(is_gap(numbers_mean(values, 2, 3)));
    EXPECT(is_gap(numbers_mean(values, 3, 3)));
}

/* The same time on the four days before, and a week before: their median, of as many as there are. */
TEST(a_season_is_the_median_of_earlier_days)
{
    enum { DAY = 3, N_DAYS = 8 };
    static const double days[N_DAYS] = {5, 1, 4, 2, 3, 99, 99, 0};
    double values[N_DAYS * DAY], season[N_DAYS * DAY];
    for (size_t i = 0; i < N_DAYS * DAY; i++)
        values[i] = days[i / DAY] + 100 * (double)(i % DAY);
    values[4 * DAY] = (double)NAN;
    numbers_seasonal(values, N_DAYS * DAY, DAY, season);
    for (size_t i = 0; i < DAY; i++) {
        const double at = 100 * (double)i;
        EXPECT(is_gap(season[i]));
        EXPECT_F64(season[DAY + i], 5 + at, 0);
        EXPECT_F64(season[2 * DAY + i], 3 + at, 0);          /* of 1 5 */
        EXPECT_F64(season[3 * DAY + i], 4 + at, 0);          /* of 4 1 5 */
        EXPECT_F64(season[4 * DAY + i], 3 + at, 0);          /* of 2 4 1 5 */
        EXPECT_F64(season[7 * DAY + i], i ? 5 + at : 52, 0); /* of 99 99 3 2 5; or without the 3 */
    }
}

TEST(sums_of_floats_of_any_length)
{
    enum { N = 50 };
    float a[N] = {0}, b[N] = {0};
    for (size_t n = 0; n <= N; n++) {
        double sum = 0, dot = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            a[i] = (float)(i + 1);
            b[i] = (float)(7 * i % 5);
            sum += (double)a[i];
            dot += (double)a[i] * (double)b[i];
        }
        EXPECT_F64(numbers_sum(a, n), sum, 0);
        EXPECT_F64(numbers_dot(a, b, n), dot, 0);
        numbers_make_unit(a, n);
        for (size_t i = 0; i < n; i++)
            squares += (double)a[i] * (double)a[i];
        EXPECT_F64(squares, n ? 1 : 0, 1e-5);
    }
    float nothing[3] = {0};
    numbers_make_unit(nothing, 3);
    EXPECT(nothing[0] == 0 && nothing[2] == 0);
}

RUN_TESTS(test_of(selects_what_sorting_would), test_of(of_none_there_is_no_median),
          test_of(selects_from_a_long_orderly_list), test_of(normal_quantiles_are_those_of_tables),
          test_of(solves_what_was_made_from_a_known_answer),
          test_of(says_that_a_system_is_singular),
          test_of(a_selected_one_parts_the_smaller_from_the_larger),
          test_of(what_is_no_number_does_not_stop_it), test_of(a_mean_leaves_gaps_out),
          test_of(a_season_is_the_median_of_earlier_days), test_of(sums_of_floats_of_any_length))
