#include "chart/trace.h"

#include "base/buf.h"
#include "chart/sample_kit.h"

static const char *show(const double *values, size_t n)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 100000);
    for (size_t i = 0; i < n; i++) {
        char text[NUM_TEXT_MAX];
        num_format_g(text, values[i], 6);
        buf_printf(&out, "%s%s", i ? " " : "", is_gap(values[i]) ? "-" : text);
    }
    return arena_strdup(&kit_arena, buf_text(&out));
}

/* 0, 1, 2, ... at steps of 10 s from SAMPLE_T on, which is a multiple of 60. */
static struct series *count_up(size_t n)
{
    struct series *s = sample_series("s", 10, n);
    for (size_t i = 0; i < n; i++)
        s->values[i] = (double)i;
    return s;
}

static struct trace trace_of(const struct series *s, struct trace_ask ask)
{
    struct trace trace;
    trace_make(s, &ask, &kit_arena, &trace);
    return trace;
}

TEST(values_that_fit_stay_as_they_are)
{
    struct series *s = count_up(6);
    s->values[2] = NAN;
    struct trace t = trace_of(s, (struct trace_ask){SAMPLE_T, SAMPLE_T + 60, 6, false, true});
    EXPECT_TEXT(show(t.values, t.n), "0 1 - 3 4 5");
    EXPECT_I64(t.start_s, SAMPLE_T);
    EXPECT_I64(t.step_s, 10);
    EXPECT(!t.low);
}

TEST(only_what_is_in_view_and_one_beside)
{
    struct trace t = trace_of(count_up(100),
                              (struct trace_ask){SAMPLE_T + 500, SAMPLE_T + 530, 50, false, false});
    EXPECT_TEXT(show(t.values, t.n), "50 51 52 53 54");
    EXPECT_I64(t.start_s, SAMPLE_T + 500);
    t = trace_of(count_up(100),
                 (struct trace_ask){SAMPLE_T + 5000, SAMPLE_T + 6000, 50, false, false});
    EXPECT_I64(t.n, 0);
    t = trace_of(count_up(100),
                 (struct trace_ask){SAMPLE_T - 900, SAMPLE_T - 600, 50, false, false});
    EXPECT_I64(t.n, 0);
}

TEST(folds_by_the_series_own_rule)
{
    static const struct {
        const char *row;
        enum consolidation how;
        const char *values;
    } rows[] = {
        {"average", CONSOLIDATE_AVERAGE, "1 4 7 9.5"},
        {"sum, without what is cut off", CONSOLIDATE_SUM, "3 12 21 -"},
        {"max", CONSOLIDATE_MAX, "2 5 8 10"},
        {"min", CONSOLIDATE_MIN, "0 3 6 9"},
        {"last", CONSOLIDATE_LAST, "2 5 8 10"},
        {"first", CONSOLIDATE_FIRST, "0 3 6 9"},
    };
    EACH_ROW (rows, r) {
        struct series *s = count_up(11);
        s->consolidation = r->how;
        struct trace t = trace_of(s, (struct trace_ask){SAMPLE_T, SAMPLE_T + 110, 4, false, false});
        EXPECT_TEXT(show(t.values, t.n), r->values);
        EXPECT_I64(t.step_s, 30);
    }
}

TEST(groups_begin_at_round_times_wherever_the_view_begins)
{
    struct trace a =
        trace_of(count_up(60), (struct trace_ask){SAMPLE_T, SAMPLE_T + 600, 20, false, false});
    struct trace b =
        trace_of(count_up(60), (struct trace_ask){SAMPLE_T + 20, SAMPLE_T + 600, 20, false, false});
    EXPECT_I64(a.step_s, 30);
    EXPECT_I64(b.step_s, 30);
    EXPECT_I64(a.start_s % 30, 0);
    EXPECT_I64(b.start_s % 30, 0);
    EXPECT_F64(trace_at(&a, SAMPLE_T + 300), trace_at(&b, SAMPLE_T + 300), 0.0);
}

TEST(a_band_keeps_what_an_average_hides)
{
    struct series *s = count_up(9);
    s->values[4] = 500;
    s->values[6] = s->values[7] = s->values[8] = NAN;
    struct trace t = trace_of(s, (struct trace_ask){SAMPLE_T, SAMPLE_T + 90, 3, false, true});
    EXPECT_TEXT(show(t.values, t.n), "1 169.333 -");
    EXPECT_TEXT(show(t.low, t.n), "0 3 -");
    EXPECT_TEXT(show(t.high, t.n), "2 500 -");
    double low = NAN, high = NAN;
    trace_widen(&t, false, &low, &high);
    EXPECT_F64(low, 0.0, 0.0);
    EXPECT_F64(high, 500.0, 0.0);
    low = high = NAN;
    trace_widen(&t, true, &low, &high);
    EXPECT_F64(low, 1.0, 0.0);

    s->consolidation = CONSOLIDATE_MAX; /* asked for: nothing is hidden from who asked */
    t = trace_of(s, (struct trace_ask){SAMPLE_T, SAMPLE_T + 90, 3, false, true});
    EXPECT(!t.low);
}

TEST(infinities_are_gaps_and_giants_are_kept_finite)
{
    struct series *s = count_up(4);
    s->values[0] = INFINITY;
    s->values[1] = -INFINITY;
    s->values[2] = 1.7e308;
    s->values[3] = -1.7e308;
    struct trace t = trace_of(s, (struct trace_ask){SAMPLE_T, SAMPLE_T + 40, 4, false, true});
    EXPECT_TEXT(show(t.values, t.n), "- - 1e+300 -1e+300");
    double low = NAN, high = NAN;
    trace_widen(&t, false, &low, &high);
    EXPECT(isfinite(high - low));
}

TEST(gaps_as_zero)
{
    struct series *s = count_up(6);
    s->values[2] = NAN;
    struct trace t = trace_of(s, (struct trace_ask){SAMPLE_T, SAMPLE_T + 60, 6, true, false});
    EXPECT_TEXT(show(t.values, t.n), "0 1 0 3 4 5");
}

TEST(at_a_time)
{
    struct trace t =
        trace_of(count_up(6), (struct trace_ask){SAMPLE_T, SAMPLE_T + 60, 6, false, false});
    EXPECT_F64(trace_at(&t, SAMPLE_T + 39), 3.0, 0.0);
    EXPECT(isnan(trace_at(&t, SAMPLE_T - 1)));
    EXPECT(isnan(trace_at(&t, SAMPLE_T + 60)));
}

/* Every value in view is inside the band of its group, and no group is longer than n_max allows. */
TEST(any_window_is_folded_without_loss)
{
    for (int round = 0; round < 500; round++) {
        struct series *s =
            sample_series("s", 1 + (int64_t)kit_random_below(100), 1 + kit_random_below(400));
        for (size_t i = 0; i < s->n_points; i++)
            s->values[i] = kit_random_below(5) ? kit_random_share() * 100.0 : NAN;
        int64_t span_s = (int64_t)s->n_points * s->step_s;
        struct trace_ask ask = {.n_max = 1 + kit_random_below(200), .wants_band = true};
        ask.from_s = SAMPLE_T - 50 + (int64_t)kit_random_below((uint64_t)span_s + 100);
        ask.until_s = ask.from_s + 1 + (int64_t)kit_random_below((uint64_t)span_s + 100);
        struct trace t = trace_of(s, ask);
        EXPECT(t.n <= ask.n_max + 2);
        for (size_t i = 0; i < s->n_points; i++) {
            int64_t at_s = SAMPLE_T + (int64_t)i * s->step_s;
            int64_t k = at_s >= t.start_s ? (at_s - t.start_s) / t.step_s : -1;
            if (is_gap(s->values[i]) || at_s < ask.from_s || at_s >= ask.until_s)
                continue;
            EXPECT(k >= 0 && k < (int64_t)t.n);
            double low = t.low ? t.low[k] : t.values[k], high = t.high ? t.high[k] : t.values[k];
            EXPECT(s->values[i] >= low && s->values[i] <= high);
        }
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(values_that_fit_stay_as_they_are), test_of(only_what_is_in_view_and_one_beside),
          test_of(folds_by_the_series_own_rule),
          test_of(groups_begin_at_round_times_wherever_the_view_begins),
          test_of(a_band_keeps_what_an_average_hides),
          test_of(infinities_are_gaps_and_giants_are_kept_finite), test_of(gaps_as_zero),
          test_of(at_a_time), test_of(any_window_is_folded_without_loss))
