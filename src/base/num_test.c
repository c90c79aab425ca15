#include "base/num.h"

#include <stdio.h>

#include "kit/kit.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double random_bits(void)
{
    const uint64_t bits = kit_random();
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Of a size that people measure. */
static double random_everyday(void)
{
    static const double units[] = {1e-6, 0.001, 1, 1000, 1e6, 1e12};
    return (kit_random_share() - 0.5) * units[kit_random_below(COUNT_OF(units))];
}

static bool is_same(double a, double b)
{
    return bits_of(a) == bits_of(b);
}

TEST(formats_as_python_does)
{
    static const struct {
        const char *row;
        double value;
        const char *text, *short_text;
    } rows[] = {
        {"zero", 0.0, "0.0", "0"},
        {"negative zero", -0.0, "-0.0", "-0"},
        {"one", 1.0, "1.0", "1"},
        {"integer", -1500000000.0, "-1500000000.0", "-1500000000"},
        {"tenth", 0.1, "0.1", "0.1"},
        {"sum with a long tail", 0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
        {"thirds", 100.0 / 3.0, "33.333333333333336", "33.333333333333336"},
        {"last fixed small", 0.0001, "0.0001", "0.0001"},
        {"first small exponent", 0.00001, "1e-05", "1e-05"},
        {"small with digits", 0.000012345, "1.2345e-05", "1.2345e-05"},
        {"last fixed large", 1e15, "1000000000000000.0", "1000000000000000"},
        {"16 digits", 9007199254740993.0, "9007199254740992.0", "9007199254740992"},
        {"first large exponent", 1e16, "1e+16", "1e+16"},
        {"17 digits", 12345678901234568.0, "1.2345678901234568e+16", "1.2345678901234568e+16"},
        {"three-digit exponent", 1.5e300, "1.5e+300", "1.5e+300"},
        {"largest", 1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"},
        {"least normal", 2.2250738585072014e-308, "2.2250738585072014e-308",
         "2.2250738585072014e-308"},
        {"least", 5e-324, "5e-324", "5e-324"},
        {"longest", -1.2345678901234567e-300, "-1.2345678901234568e-300",
         "-1.2345678901234568e-300"},
        {"power of two", 0x1p-44, "5.684341886080802e-14", "5.684341886080802e-14"},
        {"not a number", (double)NAN, "nan", "nan"},
        {"negative not a number", -(double)NAN, "nan", "nan"},
        {"infinity", (double)INFINITY, "inf", "inf"},
        {"negative infinity", -(double)INFINITY, "-inf", "-inf"},
    };
    EACH_ROW (rows, r) {
        char text[NUM_TEXT_MAX];
        EXPECT_I64(num_format(text, r->value), strlen(r->text));
        EXPECT_TEXT(text, r->text);
        EXPECT_I64(num_format_short(text, r->value), strlen(r->short_text));
        EXPECT_TEXT(text, r->short_text);
    }
}

TEST(any_double_reads_back_the_same)
{
    for (int i = 0; i < 200000; i++) {
        const double value = i % 2 ? random_bits() : random_everyday();
        char text[NUM_TEXT_MAX];
        double back = 0;
        size_t n = num_format(text, value);
        EXPECT(num_parse_f64(text, n, &back));
        EXPECT(isnan(value) ? isnan(back) : is_same(value, back));
        n = num_format_short(text, value);
        EXPECT(num_parse_f64(text, n, &back));
        EXPECT(isnan(value) ? isnan(back) : is_same(value, back));
        if (kit_failures())
            return;
    }
}

/* The text of m / 10^n_decimals (m > 0), made from m's digits. */
static void decimal_text(uint64_t m, int n_decimals, char *out)
{
    char digits[32], *at = out;
    const int n = snprintf(digits, sizeof digits, "%0*llu", n_decimals + 1, (unsigned long long)m);
    memcpy(at, digits, (size_t)(n - n_decimals));
    at += n - n_decimals;
    *at++ = '.';
    memcpy(at, digits + n - n_decimals, (size_t)n_decimals);
    at += n_decimals;
    while (at[-1] == '0')
        at--;
    if (at[-1] == '.')
        *at++ = '0';
    *at = '\0';
}

TEST(short_decimals_are_their_own_digits)
{
    static const double powers[] = {1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7};
    for (int i = 0; i < 200000; i++) {
        const int n_decimals = (int)kit_random_below(COUNT_OF(powers));
        const uint64_t m = 1 + kit_random() % (UINT64_C(999999999999999) >> kit_random_below(50));
        const double value = (double)m / powers[n_decimals];
        if (value < 1e-4)
            continue;
        char text[NUM_TEXT_MAX], expected[40];
        decimal_text(m, n_decimals, expected);
        num_format(text, value);
        EXPECT_TEXT(text, expected);
        num_format(text, -value);
        EXPECT_TEXT(text + 1, expected);
    }
}

TEST(writes_integers)
{
    static const struct {
        const char *row;
        int64_t value;
        const char *text;
    } rows[] = {
        {"zero", 0, "0"},
        {"a digit", 9, "9"},
        {"two", 10, "10"},
        {"a time", 1500000000, "1500000000"},
        {"negative", -100, "-100"},
        {"largest", INT64_MAX, "9223372036854775807"},
        {"least", INT64_MIN, "-9223372036854775808"},
    };
    EACH_ROW (rows, r) {
        char text[NUM_TEXT_MAX];
        EXPECT_I64(num_format_i64(text, r->value), strlen(r->text));
        EXPECT_TEXT(text, r->text);
    }
}

TEST(reads_what_c_prints)
{
    for (int i = 0; i < 50000; i++) {
        const double value = random_bits();
        if (!isfinite(value))
            continue;
        char text[64];
        double back = 0;
        const int n = snprintf(text, sizeof(text), "%+.*e", 16 + i % 20, value);
        EXPECT(num_parse_f64(text, (size_t)n, &back));
        EXPECT(is_same(value, back));
        if (kit_failures())
            return;
    }
}

TEST(general_form_is_that_of_c)
{
    static const struct {
        const char *row;
        double value;
        int digits;
        const char *text;
    } rows[] = {
        {"rounded", 1234.5678, 6, "1234.57"},
        {"trailing zeros go", 2.50, 6, "2.5"},
        {"exponent when large", 1234567.0, 6, "1.23457e+06"},
        {"exponent when small", 0.00001234, 3, "1.23e-05"},
        {"no digits count as one", 0.26, 0, "0.3"},
        {"nan", (double)NAN, 6, "nan"},
        {"negative infinity", -(double)INFINITY, 6, "-inf"},
    };
    char text[NUM_TEXT_MAX];
    EACH_ROW (rows, r) {
        EXPECT_I64(num_format_g(text, r->value, r->digits), strlen(r->text));
        EXPECT_TEXT(text, r->text);
    }
    for (int i = 0; i < 100000 && !kit_failures(); i++) {
        const double value = i % 2 ? random_bits() : random_everyday();
        const int digits = i % 25;
        char want[64];
        if (!isfinite(value))
            continue;
        snprintf(want, sizeof(want), "%.*g", digits, value);
        EXPECT_I64(num_format_g(text, value, digits), strlen(want));
        EXPECT_TEXT(text, want);
    }
}

TEST(general_form_always_fits)
{
    char text[NUM_TEXT_MAX];
    EXPECT_I64(num_format_g(text, -1.2345678901234567e-300, 1000), 31);
    EXPECT_I64(num_format_g(text, -0.00012345678901234567, 1000), 30);
    EXPECT_I64(num_format_g(text, 5.0, -3), 1);
}

TEST(fixed_form_is_that_of_c)
{
    static const struct {
        const char *row;
        double value;
        int decimals;
        const char *text;
    } rows[] = {
        {"two", 3.14159, 2, "3.14"},
        {"none", 2.5, 0, "2"}, /* a tie goes to the even digit */
        {"none, odd", 3.5, 0, "4"},
        {"zeros stay", 1.0, 3, "1.000"},
        {"negative zero", -0.001, 2, "-0.00"},
        {"large", 1e22, 1, "10000000000000000000000.0"},
        {"below zero decimals", 12.7, -1, "13"},
        {"nan", (double)NAN, 2, "nan"},
        {"infinity", (double)INFINITY, 2, "inf"},
    };
    char text[512];
    EACH_ROW (rows, r) {
        EXPECT_I64(num_format_fixed(text, sizeof(text), r->value, r->decimals), strlen(r->text));
        EXPECT_TEXT(text, r->text);
    }
    for (int i = 0; i < 50000 && !kit_failures(); i++) {
        const double value = i % 2 ? random_bits() : random_everyday();
        char want[512];
        if (!isfinite(value))
            continue;
        snprintf(want, sizeof(want), "%.*f", i % 20, value);
        EXPECT_I64(num_format_fixed(text, sizeof(text), value, i % 20), strlen(want));
        EXPECT_TEXT(text, want);
    }
}

TEST(fixed_form_is_cut_to_fit)
{
    char text[5];
    EXPECT_I64(num_format_fixed(text, sizeof(text), 1234567.0, 2), 4);
    EXPECT_TEXT(text, "1234");
    EXPECT_I64(num_format_fixed(text, 3, -(double)INFINITY, 2), 2);
    EXPECT_TEXT(text, "-i");
}

TEST(reads_doubles)
{
    static const struct {
        const char *row;
        double value;
    } rows[] = {
        {"0", 0.0},
        {"-0", -0.0},
        {"+0.0", 0.0},
        {"3", 3.0},
        {"+3", 3.0},
        {"-3.25", -3.25},
        {".5", 0.5},
        {"5.", 5.0},
        {"-.5e1", -5.0},
        {"1e5", 1e5},
        {"1E+5", 1e5},
        {"1e-5", 1e-5},
        {"007", 7.0},
        {"9007199254740993", 9007199254740992.0}, /* halfway: to the even one */
        {"9007199254740993.0000000000000000000000001", 9007199254740994.0},
        {"2.2250738585072011e-308", 2.225073858507201e-308}, /* once hung PHP and Java */
        {"179769313486231580793e289", (double)INFINITY},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"1e400", (double)INFINITY},
        {"-1e400", -(double)INFINITY},
        {"1e99999999999999999999", (double)INFINITY},
        {"1e-400", 0.0},
        {"-1e-99999999999999999999", -0.0},
        {"0e99999999999999999999", 0.0},
        {"0.000000000000000000001e20", 0.1},
        {"2e-324", 0.0},
        {"3e-324", 5e-324},
        {"inf", (double)INFINITY},
        {"-Inf", -(double)INFINITY},
        {"+INFINITY", (double)INFINITY},
        {"nan", (double)NAN},
        {"-NaN", (double)NAN},
    };
    EACH_ROW (rows, r) {
        double got = -77;
        EXPECT(num_parse_f64(r->row, strlen(r->row), &got));
        EXPECT(isnan(r->value) ? isnan(got) : is_same(got, r->value));
        EXPECT_F64(got, r->value, 0.0);
    }
}

TEST(reads_only_whole_doubles)
{
    static const struct {
        const char *row;
    } rows[] = {
        {""},          {"+"},     {"-"},     {"."},   {"e5"},   {".e5"},    {"1e"},
        {"1e+"},       {"1.2.3"}, {"--1"},   {"+-1"}, {"-+1"},  {"1 "},     {" 1"},
        {"1\n"},       {"0x10"},  {"1_000"}, {"1,5"}, {"infi"}, {"nan(1)"}, {"nane"},
        {"infinity1"}, {"1d5"},   {"1e5.0"}, {"½"},   {"1f"},
    };
    EACH_ROW (rows, r) {
        double got = -77;
        EXPECT(!num_parse_f64(r->row, strlen(r->row), &got));
        EXPECT_F64(got, -77, 0.0);
    }
    double got = -77;
    EXPECT(!num_parse_f64("1\0", 2, &got)); /* n counts, not a NUL */
    EXPECT(num_parse_f64("12junk", 2, &got));
    EXPECT_F64(got, 12, 0.0);
}

TEST(reads_many_digits)
{
    static const struct {
        const char *row, *tail; /* after "0." and 1992 zeros */
        double value;
    } rows[] = {
        {"far too small", "7", 0.0},
        {"brought back by its exponent", "7e1993", 7.0},
        {"far too large", "7e+1989000", (double)INFINITY},
        {"zero", "0e+1989000", 0.0},
    };
    EACH_ROW (rows, r) {
        const char *text = arena_printf(&kit_arena, "0.%01992d%s", 0, r->tail);
        double got = -77;
        EXPECT(num_parse_f64(text, strlen(text), &got));
        EXPECT_F64(got, r->value, 0.0);
    }
}

TEST(reads_integers)
{
    static const struct {
        const char *row;
        bool is_number;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"+7", true, 7},
        {"-7", true, -7},
        {"0012", true, 12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+", false, 0},
        {"--1", false, 0},
        {"1.0", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1e3", false, 0},
        {"0x1", false, 0},
    };
    EACH_ROW (rows, r) {
        int64_t got = -77;
        EXPECT_I64(num_parse_i64(r->row, strlen(r->row), &got), r->is_number);
        EXPECT_I64(got, r->is_number ? r->value : -77);
    }
}

TEST(reads_spans_of_time)
{
    static const struct {
        const char *row;
        bool is_span;
        int64_t value;
    } rows[] = {{"90", true, 90},       {"90s", true, 90},       {"5m", true, 300},
                {"36h", true, 129600},  {"1d", true, 86400},     {"2w", true, 1209600},
                {"1y", true, 31536000}, {"0", true, 0},          {"", false, 0},
                {"d", false, 0},        {"-1d", false, 0},       {"+1d", false, 0},
                {"1dd", false, 0},      {"1 d", false, 0},       {"1.5d", false, 0},
                {"1x", false, 0},       {"9999999999", false, 0}};
    EACH_ROW (rows, r) {
        int64_t got = -77;
        EXPECT_I64(num_parse_span(r->row, strlen(r->row), &got), r->is_span);
        EXPECT_I64(got, r->is_span ? r->value : -77);
    }
}

TEST(a_gap_is_not_a_number)
{
    EXPECT(is_gap((double)NAN));
    EXPECT(!is_gap(0.0));
    EXPECT(!is_gap(-1.0));
    EXPECT(!is_gap((double)INFINITY));
}

RUN_TESTS(test_of(formats_as_python_does), test_of(any_double_reads_back_the_same),
          test_of(short_decimals_are_their_own_digits), test_of(writes_integers),
          test_of(reads_what_c_prints), test_of(general_form_is_that_of_c),
          test_of(general_form_always_fits), test_of(fixed_form_is_that_of_c),
          test_of(fixed_form_is_cut_to_fit), test_of(reads_doubles),
          test_of(reads_only_whole_doubles), test_of(reads_many_digits), test_of(reads_integers),
          test_of(reads_spans_of_time), test_of(a_gap_is_not_a_number))
