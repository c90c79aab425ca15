#include "query/window.h"

#include <string.h>

#include "base/num.h"
#include "kit/kit.h"

#define GAP ((double)NAN)

static const enum agg all[] = {AGG_AVERAGE, AGG_AVG_ZERO, AGG_MEDIAN, AGG_SUM,
                               AGG_MIN,     AGG_MAX,      AGG_DIFF,   AGG_STDDEV,
                               AGG_COUNT,   AGG_RANGE,    AGG_LAST,   AGG_MULTIPLY};

/* What the window that ends with i is, straight from the definition. */
static double plainly(const struct window *window, size_t i)
{
    double present[512], scratch[512];
    size_t n = 0;
    for (size_t k = i + 1 - window->width; k <= i; k++)
        if (!is_gap(window->values[k]))
            present[n++] = window->values[k];
    if (n == 0 || (double)n / (double)window->width < window->x_files_factor)
        return GAP;
    return agg_run(window->how, present, n, scratch);
}

static void check_all(struct window window, double tolerance)
{
    double out[600];
    for (size_t h = 0; h < COUNT_OF(all); h++) {
        window.how = all[h];
        EXPECT_OK(window_slide(&window, out, &kit_err));
        for (size_t i = window.width; i < window.n; i++) {
            const double want = plainly(&window, i), got = out[i - window.width];
            EXPECT(is_gap(want) == is_gap(got));
            if (!is_gap(want) && isfinite(want))
                EXPECT_F64(got, want, tolerance * fmax(1, fabs(want)));
            else if (!is_gap(want))
                EXPECT(got == want);
        }
    }
}

/* Narrow windows are computed afresh, wide ones by what changes: both must be the plain definition. */
TEST(slides_as_the_definition_says)
{
    static const size_t widths[] = {1, 2, 5, 63, 64, 65, 66, 100, 200, 399};
    double values[400];
    for (size_t w = 0; w < COUNT_OF(widths); w++) {
        const uint64_t one_in = 1 + kit_random_below(5);
        for (size_t i = 0; i < COUNT_OF(values); i++)
            values[i] = kit_random_below(one_in + 1) == 0 ? GAP : kit_random_share() * 20 - 5;
        check_all((struct window){values, COUNT_OF(values), widths[w], 0, AGG_SUM}, 1e-12);
        check_all((struct window){values, COUNT_OF(values), widths[w], kit_random_share(), AGG_SUM},
                  1e-12);
    }
}

TEST(large_values_leave_no_trace_in_wide_sums)
{
    double values[300], out[300];
    for (size_t i = 0; i < 300; i++)
        values[i] = i < 50 ? 1e17 : 0.1;
    const struct window window = {values, 300, 80, 0, AGG_AVERAGE};
    EXPECT_OK(window_slide(&window, out, &kit_err));
    for (size_t i = 130; i < 300; i++)
        EXPECT_F64(out[i - 80], 0.1, 1e-12);
}

TEST(infinities_leave_wide_sums_again)
{
    double values[300], out[300];
    for (size_t i = 0; i < 300; i++)
        values[i] = i == 100 ? HUGE_VAL : i == 120 ? -HUGE_VAL : 1;
    const struct window window = {values, 300, 70, 0, AGG_SUM};
    EXPECT_OK(window_slide(&window, out, &kit_err));
    EXPECT_F64(out[99 - 70], 70, 0);
    EXPECT(out[100 - 70] == HUGE_VAL);
    EXPECT(is_gap(out[125 - 70]));
    EXPECT(out[175 - 70] == -HUGE_VAL);
    EXPECT_F64(out[195 - 70], 70, 0);
}

TEST(a_window_of_nothing_has_no_values)
{
    static const double values[] = {1, 2, 3};
    double out[3] = {9, 9, 9};
    const struct window window = {values, 3, 0, 0, AGG_SUM};
    EXPECT_OK(window_slide(&window, out, &kit_err));
    for (size_t i = 0; i < 3; i++)
        EXPECT(is_gap(out[i]));
}

TEST(a_window_wider_than_the_values_writes_nothing)
{
    static const double values[100];
    for (size_t h = 0; h < COUNT_OF(all); h++) {
        const struct window window = {values, 100, 100, 0, all[h]};
        EXPECT_OK(window_slide(&window, NULL, &kit_err));
    }
}

TEST(refuses_endless_work)
{
    const struct window window = {NULL, 2000000, 1000000, 0, AGG_STDDEV};
    EXPECT_ERR(window_slide(&window, NULL, &kit_err), ERR_LIMIT, "too much work");
}

RUN_TESTS(test_of(slides_as_the_definition_says), test_of(large_values_leave_no_trace_in_wide_sums),
          test_of(infinities_leave_wide_sums_again), test_of(a_window_of_nothing_has_no_values),
          test_of(a_window_wider_than_the_values_writes_nothing), test_of(refuses_endless_work))
