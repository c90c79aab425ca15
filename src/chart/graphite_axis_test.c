#include "chart/graphite_axis.h"

#include "base/buf.h"
#include "chart/sample_kit.h"

static struct graphite_axis_ask ask_of(const char *params, double low, double high)
{
    struct chart_param *list;
    size_t n = sample_params(params, &list);
    struct options o;
    EXPECT_OK(options_parse(list, n, &kit_arena, &o, &kit_err));
    struct graphite_axis_ask ask = {
        .low = low,
        .high = high,
        .axis = options_axis(&o, false, false, false),
        .units = o.units,
        .log_base = o.log_base,
        .n_divisors = o.n_divisors,
    };
    unsigned *divisors = arena_array(&kit_arena, OPTIONS_DIVISORS_MAX, unsigned);
    for (size_t i = 0; i < o.n_divisors; i++)
        divisors[i] = o.divisors[i];
    ask.divisors = divisors;
    return ask;
}

static const char *labels_of(const struct graphite_axis *axis)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < axis->n_values; i++) {
        char text[GRAPHITE_AXIS_LABEL_BYTES];
        graphite_axis_label(axis, axis->values[i], text);
        buf_printf(&out, "%s%s", i ? "|" : "", text);
    }
    return arena_strdup(&kit_arena, buf_text(&out));
}

/* What graphite-web 1.1.8 wrote into its SVGs: the rows are cases of tests/conformance. */
TEST(axes_are_those_of_recorded_answers)
{
    static const struct {
        const char *row, *params;
        double low, high, bottom, top, step;
        const char *labels;
    } rows[] = {
        {"svg.plain.001", "", 0.0, 118.0, 0.0, 120.0, 20.0,
         "0 |20.0 |40.0 |60.0 |80.0 |100.0 |120.0 "},
        {"svg.plain.004", "", 1.0, 1.0, 0.9, 1.1, 0.05, "0.90 |0.95 |1.00 |1.05 |1.10 "},
        {"svg.plain.009", "", NAN, NAN, 0.0, 1.0, 0.2, "0 |0.20 |0.40 |0.60 |0.80 |1.00 "},
        {"svg.plain.020", "", -5.5316e-13, -4.3472e-13, -6.000000000000001e-13, -4e-13, 5e-14,
         "-6e-13 |-5.5e-13 |-5e-13 |-4.5e-13 |-4e-13 "},
        {"svg.plain.021", "", 0.00398, 0.004598100000000001, 0.0038, 0.0046, 0.0002,
         "0.0038 |0.004 |0.0042 |0.0044 |0.0046 "},
        {"svg.plain.023", "", 2007930275069.0, 2008105570318.0, 2007900000000.0, 2008150000000.0,
         50000000.0,
         "2007900.0 M |2007950.0 M |2008000.0 M |2008050.0 M |2008100.0 M |2008150.0 M "},
        {"svg.plain.029", "", -42.5, -42.5, -48.0, -38.0, 2.0, "-48 |-46 |-44 |-42 |-40 |-38 "},
        {"svg.plain.033", "", 1825371.0, 1901042.0, 1820000.0, 1920000.0, 20000.0,
         "1820.0 k |1840.0 k |1860.0 k |1880.0 k |1900.0 k |1920.0 k "},
        {"svg.plain.045", "", -42.53, -24.41, -45.0, -20.0, 5.0, "-45 |-40 |-35 |-30 |-25 |-20 "},
        {"svg.options.001", "yMin=0", 4.867, 12.864, 0.0, 15.0, 5.0, "0 |5.0 |10.0 |15.0 "},
        {"svg.options.002", "yMax=500", 3.0, 196.0, 0.0, 500.0, 100.0,
         "0 |100.0 |200.0 |300.0 |400.0 |500.0 "},
        {"svg.options.003", "yMin=-10", 0.71, 4.0, -10.0, 5.0, 5.0, "-10 |-5 |0 |5.0 "},
        {"svg.options.004", "yStep=30", 0.0, 6.0, 0.0, 30.0, 30.0, "0 |30.0 "},
        {"svg.options.005", "yLimit=50", 4571.0, 3751108.0, 45.0, 50.0, 1.0,
         "45.0 |46.0 |47.0 |48.0 |49.0 |50.0 "},
        {"svg.options.006", "yUnitSystem=binary", 3437041184.0, 3476601557.0, 3430940672.0,
         3481272320.0, 8388608.0,
         "3272.0 Mi |3280.0 Mi |3288.0 Mi |3296.0 Mi |3304.0 Mi |3312.0 Mi |3320.0 Mi "},
        {"svg.options.011", "logBase=2", 7.4, 19.9, 4.0, 32.0, NAN, "4.0 |8.0 |16.0 |32.0 "},
        {"svg.options.017", "yDivisors=5", 0.81, 3.31, 0.0, 4.0, 1.0, "0 |1.0 |2.0 |3.0 |4.0 "},
        {"svg.options.022", "yUnitSystem=msec", 89.0, 182.0, 80.0, 200.0, 20.0,
         "80.0 |100.0 |120.0 |140.0 |160.0 |180.0 |200.0 "},
    };
    EACH_ROW (rows, r) {
        struct graphite_axis axis;
        struct graphite_axis_ask ask = ask_of(r->params, r->low, r->high);
        EXPECT_OK(graphite_axis_make(&ask, &kit_arena, &axis, &kit_err));
        EXPECT_F64(axis.bottom, r->bottom, fabs(r->bottom) * 1e-12);
        EXPECT_F64(axis.top, r->top, fabs(r->top) * 1e-12);
        EXPECT(isnan(r->step) ? isnan(axis.step) : fabs(axis.step - r->step) <= r->step * 1e-12);
        EXPECT_TEXT(labels_of(&axis), r->labels);
    }
}

/* What its pictures show. */
TEST(labels_are_those_of_pictures)
{
    static const struct {
        const char *row, *params;
        double low, high;
        const char *labels;
    } rows[] = {
        {"02-etsy-php-warnings.png", "", 3, 387, "0 |100.0 |200.0 |300.0 |400.0 "},
        {"04-forum-posts.png", "", 0, 6, "0 |1.0 |2.0 |3.0 |4.0 |5.0 |6.0 "},
        {"12-second-axis.png", "", 0.1, 3.93, "0 |1.0 |2.0 |3.0 |4.0 "},
        {"a unit only where the step reaches it", "", 0, 1900, "0 |500.0 |1000.0 |1500.0 |2000.0 "},
        {"thousands", "", 0, 3900, "0 |1.0 k |2.0 k |3.0 k |4.0 k "},
    };
    EACH_ROW (rows, r) {
        struct graphite_axis axis;
        struct graphite_axis_ask ask = ask_of(r->params, r->low, r->high);
        EXPECT_OK(graphite_axis_make(&ask, &kit_arena, &axis, &kit_err));
        EXPECT_TEXT(labels_of(&axis), r->labels);
    }
}

TEST(ends_that_were_asked_for)
{
    static const struct {
        const char *row, *params;
        double low, high, bottom, top;
    } rows[] = {
        {"the data's own maximum", "yMax=max", 0, 387, 0, 387},
        {"a limit above the data stops the rounding", "yLimit=390", 0, 387, 0, 390},
        {"a limit below the data", "yLimit=200", 0, 387, 0, 200},
        {"a minimum above all data", "yMin=100", 1, 3, 100, 110},
        {"a maximum below all data", "yMax=-5", 1, 3, -5.5, -5},
        {"a minimum that no logarithm has", "logBase=10&yMin=0", 5, 50, 1, 100},
        {"a logarithm of nothing", "logBase=10", NAN, NAN, 1, 10},
        {"a logarithm of one value", "logBase=10", 10, 10, 1, 100},
    };
    EACH_ROW (rows, r) {
        struct graphite_axis axis;
        struct graphite_axis_ask ask = ask_of(r->params, r->low, r->high);
        EXPECT_OK(graphite_axis_make(&ask, &kit_arena, &axis, &kit_err));
        EXPECT_F64(axis.bottom, r->bottom, 1e-9);
        EXPECT_F64(axis.top, r->top, 1e-9);
    }
    struct graphite_axis axis;
    struct graphite_axis_ask ask = ask_of("yMin=5&yMax=5", 1, 3);
    EXPECT_ERR(graphite_axis_make(&ask, &kit_arena, &axis, &kit_err), ERR_INPUT, "yMin");
}

TEST(more_than_a_thousand_labels_get_another_step)
{
    struct graphite_axis axis;
    struct graphite_axis_ask ask = ask_of("yStep=0.001", 0, 100);
    EXPECT_OK(graphite_axis_make(&ask, &kit_arena, &axis, &kit_err));
    EXPECT_F64(axis.step, 0.001, 0.0);
    EXPECT_F64(axis.label_step, 20.0, 0.0);
    EXPECT_I64(axis.n_values, 6);
}

/* Whatever the range and the wishes: finite, ascending, and labels that can be written. */
TEST(any_range_gives_a_usable_axis)
{
    static const char *const wishes[] = {"",
                                         "yStep=1e-300",
                                         "yMin=0",
                                         "yMax=max",
                                         "logBase=2",
                                         "yLimit=1",
                                         "yMax=1e300",
                                         "yUnitSystem=binary",
                                         "yDivisors=1",
                                         "logBase=1.0000001"};
    for (int round = 0; round < 20000; round++) {
        double size = pow(10.0, kit_random_share() * 620.0 - 310.0);
        double a = (kit_random_share() * 2.0 - 1.0) * size;
        double b = kit_random_below(8) ? (kit_random_share() * 2.0 - 1.0) * size : a;
        struct graphite_axis_ask ask =
            ask_of(wishes[kit_random_below(COUNT_OF(wishes))], fmin(a, b), fmax(a, b));
        if (ask.log_base > 0.0 && ask.low <= 0.0)
            ask.low = ask.high = fmax(fabs(a), 4e-324);
        struct graphite_axis axis;
        if (!graphite_axis_make(&ask, &kit_arena, &axis, &kit_err))
            continue;
        EXPECT(isfinite(axis.bottom) && isfinite(axis.top) && axis.bottom < axis.top);
        EXPECT(axis.n_values <= GRAPHITE_AXIS_LABELS_MAX);
        for (size_t i = 0; i + 1 < axis.n_values; i++)
            EXPECT(axis.values[i] <= axis.values[i + 1]);
        (void)labels_of(&axis);
        arena_reset(&kit_arena);
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(axes_are_those_of_recorded_answers), test_of(labels_are_those_of_pictures),
          test_of(ends_that_were_asked_for), test_of(more_than_a_thousand_labels_get_another_step),
          test_of(any_range_gives_a_usable_axis))
