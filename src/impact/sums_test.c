#include "impact/sums.h"

#include "base/num.h"
#include "kit/kit.h"

static double plain_mean(const double *values, int64_t from, int64_t until, int64_t *out_n)
{
    double sum = 0;
    *out_n = 0;
    for (int64_t i = from; i < until; i++)
        if (!is_gap(values[i])) {
            sum += values[i];
            ++*out_n;
        }
    return sum / (double)*out_n;
}

TEST(any_window_is_the_mean_of_what_is_there)
{
    enum { N = 40 };
    double values[N];
    for (size_t i = 0; i < N; i++)
        values[i] = kit_random_below(3) ? kit_random_share() : (double)NAN;
    struct sums sums = sums_new(N, &kit_arena);
    sums_fill(&sums, values);
    for (int64_t from = 0; from <= N; from++)
        for (int64_t until = from; until <= N + 2; until++) {
            int64_t end = until < N ? until : N, n;
            double mean = plain_mean(values, from, end, &n),
                   got = sums_mean_any(&sums, from, until);
            if (n == 0)
                EXPECT(is_gap(got));
            else
                EXPECT_F64(got, mean, 1e-12);
            got = sums_mean(&sums, from, until, 0.6);
            EXPECT(is_gap(got) == (n == 0 || (double)n < 0.6 * (double)(end - from)));
        }
}

TEST(a_window_before_the_first_point_has_a_mean_only_if_any_will_do)
{
    const double values[] = {1, 2, 3};
    struct sums sums = sums_new(3, &kit_arena);
    sums_fill(&sums, values);
    EXPECT(is_gap(sums_mean(&sums, -1, 2, 0)));
    EXPECT_F64(sums_mean_any(&sums, -1, 2), 1.5, 0);
    EXPECT(is_gap(sums_mean_any(&sums, -5, 0)));
    EXPECT(is_gap(sums_mean_any(&sums, 3, 9)));
    EXPECT(is_gap(sums_mean_any(&sums, 2, 1)));
}

RUN_TESTS(test_of(any_window_is_the_mean_of_what_is_there),
          test_of(a_window_before_the_first_point_has_a_mean_only_if_any_will_do))
