#include "chart/scale.h"

#include "base/buf.h"
#include "kit/kit.h"

static const unsigned usual_divisors[] = {3, 4, 5, 6};

static struct scale_ask ask_of(double low, double high)
{
    return (struct scale_ask){.low = low,
                              .high = high,
                              .axis = {NAN, NAN, NAN, NAN, false},
                              .divisors = usual_divisors,
                              .n_divisors = COUNT_OF(usual_divisors)};
}

/* All labels, bottom first, with blanks between. */
static const char *labels_of(const struct scale *scale)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < scale->n_ticks; i++) {
        char text[SCALE_LABEL_BYTES];
        scale_label(scale, scale->ticks[i], text);
        buf_printf(&out, "%s%s", i ? " " : "", text);
    }
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(rounds_the_range_and_names_it)
{
    static const struct {
        const char *row;
        double low, high;
        const char *labels;
    } rows[] = {
        {"zero to hundreds", 3, 387, "0 100 200 300 400"},
        {"thousands stay plain", 0, 1450, "0 500 1000 1500"},
        {"tens of thousands", 0, 48000, "0 10k 20k 30k 40k 50k"},
        {"millions", 1.2e6, 3.7e6, "1.0M 1.5M 2.0M 2.5M 3.0M 3.5M 4.0M"},
        {"shares", 0.011, 0.047, "0.01 0.02 0.03 0.04 0.05"},
        {"negative", -95, -12, "-100 -80 -60 -40 -20 0"},
        {"both signs", -1700, 700, "-2000 -1500 -1000 -500 0 500 1000"},
        {"huge", 7e16, 1.3e17, "70P 80P 90P 100P 110P 120P 130P"},
        {"tiny", 0, 1.98e-13, "0 0.5e-13 1.0e-13 1.5e-13 2.0e-13"},
        {"beyond every unit", 0, 3e40, "0 0.5e40 1.0e40 1.5e40 2.0e40 2.5e40 3.0e40"},
        {"flat", 42, 42, "36 38 40 42 44 46 48"},
        {"flat and negative", -5, -5, "-5.6 -5.4 -5.2 -5.0 -4.8 -4.6 -4.4"},
        {"flat zero", 0, 0, "0 0.2 0.4 0.6 0.8 1.0"},
        {"nothing but gaps", NAN, NAN, "0 0.2 0.4 0.6 0.8 1.0"},
        {"noise in the last bits is flat", 1e15, 1e15 + 0.25, "0.90P 0.95P 1.00P 1.05P 1.10P"},
        {"counter far from zero", 12000510, 12000860,
         "12000500 12000600 12000700 12000800 12000900"},
        {"denormal is zero", 0, 4e-320, "0 0.2 0.4 0.6 0.8 1.0"},
    };
    EACH_ROW (rows, r) {
        struct scale scale;
        struct scale_ask ask = ask_of(r->low, r->high);
        EXPECT_OK(scale_make(&ask, &scale, &kit_err));
        EXPECT_TEXT(labels_of(&scale), r->labels);
    }
}

TEST(units_are_what_was_asked_for)
{
    static const struct {
        const char *row;
        enum unit_system units;
        double high;
        const char *labels;
    } rows[] = {
        {"binary steps are powers of two", UNITS_BINARY, 3e9,
         "0 0.5Gi 1.0Gi 1.5Gi 2.0Gi 2.5Gi 3.0Gi"},
        {"binary kibi", UNITS_BINARY, 5000, "0 1Ki 2Ki 3Ki 4Ki 5Ki"},
        {"none", UNITS_NONE, 48000, "0 10000 20000 30000 40000 50000"},
        {"seconds as minutes", UNITS_SEC, 290, "0 1m 2m 3m 4m 5m"},
        {"seconds as hours", UNITS_SEC, 3.9 * 3600, "0 1H 2H 3H 4H"},
        {"milliseconds as seconds", UNITS_MSEC, 7900, "0 2s 4s 6s 8s"},
    };
    EACH_ROW (rows, r) {
        struct scale scale;
        struct scale_ask ask = ask_of(0, r->high);
        ask.units = r->units;
        EXPECT_OK(scale_make(&ask, &scale, &kit_err));
        EXPECT_TEXT(labels_of(&scale), r->labels);
    }
}

TEST(limits_that_were_asked_for)
{
    static const struct {
        const char *row;
        struct option_axis axis;
        double low, high, bottom, top;
    } rows[] = {
        {"minimum", {0, NAN, NAN, NAN, false}, 210, 390, 0, 400},
        {"maximum", {NAN, 1000, NAN, NAN, false}, 10, 390, 0, 1000},
        {"both, not round", {3.5, 9.25, NAN, NAN, false}, 0, 100, 3.5, 9.25},
        {"limit above the data", {NAN, NAN, 450, NAN, false}, 0, 390, 0, 400},
        {"limit between data and round top", {NAN, NAN, 395, NAN, false}, 0, 390, 0, 395},
        {"limit below the data", {NAN, NAN, 100, NAN, false}, 0, 390, 0, 100},
        {"the data's own maximum", {NAN, NAN, NAN, NAN, true}, 0, 390, 0, 390},
        {"minimum above all data", {500, NAN, NAN, NAN, false}, 10, 390, 500, 550},
        {"maximum below all data", {NAN, 5, NAN, NAN, false}, 10, 390, 4.5, 5},
    };
    EACH_ROW (rows, r) {
        struct scale scale;
        struct scale_ask ask = ask_of(r->low, r->high);
        ask.axis = r->axis;
        EXPECT_OK(scale_make(&ask, &scale, &kit_err));
        EXPECT_F64(scale.bottom, r->bottom, 1e-9);
        EXPECT_F64(scale.top, r->top, 1e-9);
    }
}

TEST(a_minimum_not_below_the_maximum_is_refused)
{
    struct scale scale;
    struct scale_ask ask = ask_of(0, 10);
    ask.axis.min = 5;
    ask.axis.max = 5;
    EXPECT_ERR(scale_make(&ask, &scale, &kit_err), ERR_INPUT, "yMin");
    ask.axis.max = -5;
    EXPECT_ERR(scale_make(&ask, &scale, &kit_err), ERR_INPUT, "yMin");
    ask.axis.max = 5 * (1 + 1e-14);
    EXPECT_ERR(scale_make(&ask, &scale, &kit_err), ERR_INPUT, "too close");
}

TEST(a_step_that_was_asked_for)
{
    struct scale scale;
    struct scale_ask ask = ask_of(0, 100);
    ask.axis.step = 25;
    EXPECT_OK(scale_make(&ask, &scale, &kit_err));
    EXPECT_TEXT(labels_of(&scale), "0 25 50 75 100");
    ask.axis.step = 1e-9; /* a hundred thousand million labels: ours instead */
    EXPECT_OK(scale_make(&ask, &scale, &kit_err));
    EXPECT_TEXT(labels_of(&scale), "0 20 40 60 80 100");
}

TEST(areas_stand_on_zero)
{
    struct scale scale;
    struct scale_ask ask = ask_of(210, 390);
    ask.from_zero = true;
    EXPECT_OK(scale_make(&ask, &scale, &kit_err));
    EXPECT_TEXT(labels_of(&scale), "0 100 200 300 400");
}

TEST(logarithmic_axes)
{
    static const struct {
        const char *row;
        double low, high, base;
        const char *labels;
    } rows[] = {
        {"decades", 3, 48000, 10, "1 10 100 1k 10k 100k"},
        {"one decade has steps between", 2, 9, 10, "1 2 5 10"},
        {"powers of two", 3, 30, 2, "2 4 8 16 32"},
        {"no positive value", NAN, NAN, 10, "1 2 5 10"},
    };
    EACH_ROW (rows, r) {
        struct scale scale;
        struct scale_ask ask = ask_of(r->low, r->high);
        ask.log_base = r->base;
        EXPECT_OK(scale_make(&ask, &scale, &kit_err));
        EXPECT_TEXT(labels_of(&scale), r->labels);
        EXPECT(isnan(scale_share(&scale, 0.0)));
        EXPECT(isnan(scale_share(&scale, -1.0)));
    }
}

TEST(shares_run_from_bottom_to_top)
{
    struct scale scale;
    struct scale_ask ask = ask_of(0, 400);
    EXPECT_OK(scale_make(&ask, &scale, &kit_err));
    EXPECT_F64(scale_share(&scale, 0), 0.0, 0.0);
    EXPECT_F64(scale_share(&scale, 100), 0.25, 0.0);
    EXPECT_F64(scale_share(&scale, 400), 1.0, 0.0);
    EXPECT(isnan(scale_share(&scale, NAN)));
    EXPECT_F64(scale_share(&scale, 1e300), 100.0, 0.0);
}

/* Whatever the range: limits hold the data, ticks ascend inside them, labels differ. */
TEST(any_range_gives_a_usable_scale)
{
    for (int round = 0; round < 20000; round++) {
        double size = pow(10.0, kit_random_share() * 620.0 - 310.0);
        double a = (kit_random_share() * 2.0 - 1.0) * size,
               b = (kit_random_share() * 2 - 1.0) * size;
        struct scale_ask ask = ask_of(fmin(a, b), fmax(a, b));
        ask.units = (enum unit_system)kit_random_below(5);
        ask.log_base = kit_random_below(4) ? 0.0 : 2.0 + kit_random_share() * 20.0;
        ask.from_zero = kit_random_below(4) == 0;
        struct scale s;
        EXPECT_OK(scale_make(&ask, &s, &kit_err));
        EXPECT(isfinite(s.bottom) && isfinite(s.top) && s.bottom < s.top);
        EXPECT(s.n_ticks >= 1 || s.log_base > 0.0);
        for (size_t i = 0; i + 1 < s.n_ticks; i++)
            EXPECT(s.ticks[i] < s.ticks[i + 1]);
        bool is_held =
            s.log_base > 0.0 || fabs(a) < 1e-290 || fabs(b) < 1e-290 || size > 1e300 ||
            (s.bottom <= fmin(a, b) + s.step * 1e-3 && s.top >= fmax(a, b) - s.step * 1e-3);
        EXPECT(is_held);
        (void)labels_of(&s);
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(rounds_the_range_and_names_it), test_of(units_are_what_was_asked_for),
          test_of(limits_that_were_asked_for), test_of(a_minimum_not_below_the_maximum_is_refused),
          test_of(a_step_that_was_asked_for), test_of(areas_stand_on_zero),
          test_of(logarithmic_axes), test_of(shares_run_from_bottom_to_top),
          test_of(any_range_gives_a_usable_scale))
