#include "query/make.h"

#include <string.h>

#include "base/num.h"
#include "kit/kit.h"

TEST(rounds_as_python_does)
{
    static const struct {
        const char *row;
        double value;
        int64_t decimals;
        double rounded;
    } rows[] = {
        {"half to even down", 2.5, 0, 2},
        {"half to even up", 3.5, 0, 4},
        {"below the half that is written", 2.675, 2, 2.67},
        {"above it", 1.005, 2, 1.0},
        {"a true tie", 0.125, 2, 0.12},
        {"a true tie up", 0.375, 2, 0.38},
        {"negative", -2.675, 2, -2.67},
        {"six", 1.0 / 3, 6, 0.333333},
        {"six of a large one", 123456789.1234567, 6, 123456789.123457},
        {"more decimals than there are", 0.1, 25, 0.1},
        {"far more", 0.1, 5000, 0.1},
        {"tens", 155, -1, 160},
        {"tens, a tie down", 145, -1, 140},
        {"tens, just above a tie", 145.00000000000003, -1, 150},
        {"hundreds", 1250, -2, 1200},
        {"all gone", 49, -2, 0},
        {"a negative ten", -155, -1, -160},
        {"far more tens", 1e300, -400, 0},
        {"huge", 1e22, 3, 1e22},
    };
    EACH_ROW (rows, r)
        EXPECT_F64(make_round(r->value, r->decimals), r->rounded, 0);
    EXPECT(isnan(make_round((double)NAN, 2)));
    EXPECT(make_round(HUGE_VAL, 6) == HUGE_VAL);
}

/* The fast way must be the slow one, which goes through the digits. */
TEST(rounds_fast_as_slowly)
{
    for (int k = 0; k < 20000; k++) {
        char text[400];
        const int decimals = 1 + (int)kit_random_below(9);
        const double value = (kit_random_share() - 0.5) * (double)kit_random_below(1000000);
        double slowly = 0;
        const size_t n = num_format_fixed(text, sizeof(text), value, decimals);
        EXPECT(num_parse_f64(text, n, &slowly));
        EXPECT_F64(make_round(value, decimals), slowly, 0);
    }
}

RUN_TESTS(test_of(rounds_as_python_does), test_of(rounds_fast_as_slowly))
