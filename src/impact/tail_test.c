#include "impact/tail.h"

#include "kit/kit.h"

/* Quantiles of a Pareto tail: x with P(X > x) = (1 + xi x / scale)^(-1/xi), evenly spread. */
TEST(finds_the_tail_that_a_pareto_law_has)
{
    enum { N = 20000 };
    static const struct {
        const char *row;
        double xi, scale;
    } rows[] = {{"nearly exponential", 0.05, 1}, {"heavier", 0.1, 3}, {"small unit", 0.05, 1e-4}};
    double *values = arena_array(&kit_arena, N, double);
    EACH_ROW (rows, r) {
        for (size_t i = 0; i < N; i++) {
            double chance = ((double)((i * 7919) % N) + 0.5) / N;
            values[i] = r->scale * (pow(chance, -r->xi) - 1) / r->xi;
        }
        struct tail tail = tail_fit(values, N, r->xi);
        EXPECT_F64(tail.share, 0.1, 1e-3);
        EXPECT_F64(tail.threshold, r->scale * (pow(0.1, -r->xi) - 1) / r->xi, 0.01 * r->scale);
        /* past a threshold u the scale is scale + xi u */
        EXPECT_F64(tail.scale, r->scale + r->xi * tail.threshold, 0.02 * r->scale);
        for (double p = 0.05; p > 1e-9; p /= 10) {
            double v = r->scale * (pow(p, -r->xi) - 1) / r->xi;
            EXPECT_F64(tail_surprise(&tail, v), -log(p), 0.02 * -log(p));
        }
    }
}

TEST(surprise_is_the_formula)
{
    const struct tail tail = {.threshold = 2, .scale = 0.5, .xi = 0.1, .share = 0.1};
    EXPECT_F64(tail_surprise(&tail, 2), log(10), 1e-12);
    EXPECT_F64(tail_surprise(&tail, 4), log(10) + log(1 + 0.1 * 4) / 0.1, 1e-12);
    EXPECT_F64(tail_surprise(&tail, 1), log(10) / 2, 1e-12);
    EXPECT_F64(tail_surprise(&tail, 0), 0, 0);
    EXPECT_F64(tail_surprise(&tail, -3), 0, 0);
}

TEST(more_is_never_less_surprising)
{
    double values[40];
    for (size_t i = 0; i < COUNT_OF(values); i++)
        values[i] = kit_random_share();
    struct tail tail = tail_fit(values, COUNT_OF(values), 0.05);
    for (double v = -1; v < 20; v += 0.01)
        EXPECT(tail_surprise(&tail, v + 0.01) >= tail_surprise(&tail, v));
}

RUN_TESTS(test_of(finds_the_tail_that_a_pareto_law_has), test_of(surprise_is_the_formula),
          test_of(more_is_never_less_surprising))
