#include "query/words.h"

#include <string.h>

#include "kit/kit.h"

TEST(pads_by_characters)
{
    EXPECT_TEXT(words_pad(&kit_arena, "ab", 4), "ab  ");
    EXPECT_TEXT(words_pad(&kit_arena, "abcd", 4), "abcd");
    EXPECT_TEXT(words_pad(&kit_arena, "abcde", 4), "abcde");
    EXPECT_TEXT(words_pad(&kit_arena, "\xc3\xa4", 3), "\xc3\xa4  ");
    EXPECT_I64(words_length("\xc3\xa4"
                            "b"),
               2);
}

TEST(shows_units)
{
    static const struct {
        const char *row;
        double value;
        const char *system, *units, *text;
    } rows[] = {
        {"small", 12.5, "si", NULL, "12.50"},
        {"kilo", 1200, "si", NULL, "1.20k"},
        {"kilo, with units", 1200, "si", "b", "1.20 kb"},
        {"units alone", 7, "si", "b", "7.00 b"},
        {"kibi", 1536, "binary", "B", "1.50 KiB"},
        {"mebi", 3027262, "binary", "B", "2.89 MiB"},
        {"just below", 999.99, "si", NULL, "999.99"},
        {"peta", 1e17, "si", NULL, "100.00P"},
        {"negative", -2500, "si", NULL, "-2.50k"},
        {"nothing", 0, "binary", NULL, "0.00"},
        {"nearly whole", 5.000000000001, "si", NULL, "5.00"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(words_units(&kit_arena, r->value, r->system, r->units), r->text);
    EXPECT_TEXT(words_fixed(&kit_arena, 4, NULL), "4.00");
    EXPECT_TEXT(words_fixed(&kit_arena, 4, "req"), "4.00 req");
}

TEST(formats_as_python_does)
{
    static const struct {
        const char *row;
        double value;
        const char *text;
    } rows[] = {
        {"now %d", 12.9, "now 12"},
        {"%d", -0.5, "0"},
        {"%i%%", 7, "7%"},
        {"%u", 3, "3"},
        {"%f", 1.5, "1.500000"},
        {"%.1f", 2.25, "2.2"},
        {"%.0f", 2.5, "2"},
        {"%g", 0.1, "0.1"},
        {"%.3g", 1234.5, "1.23e+03"},
        {"%G", 1e-10, "1E-10"},
        {"%s", 5, "5.0"},
        {"%r", 0.1, "0.1"},
        {"%5d|", 42, "   42|"},
        {"%-5d|", 42, "42   |"},
        {"%05d", 42, "00042"},
        {"%+d", 42, "+42"},
        {"% d", 42, " 42"},
        {"%+08.2f", -3.14159, "-0003.14"},
        {"%8s|", 1.5, "     1.5|"},
        {"%ld", 9, "9"},
        {"%d", 1e20, "100000000000000000000"},
        {"%.2f req", 1e3, "1000.00 req"},
    };
    EACH_ROW (rows, r) {
        const char *got = "";
        EXPECT_OK(words_percent(&kit_arena, r->row, r->value, &got, &kit_err));
        EXPECT_TEXT(got, r->text);
    }
}

TEST(refuses_formats_that_do_not_show_the_value_once)
{
    static const struct {
        const char *row, *part;
    } rows[] = {
        {"now", "once, not 0"},  {"", "once, not 0"},    {"%d %d", "once, not 2"},
        {"100%", "expected %d"}, {"%x", "expected %d"},  {"%(a)s", "expected %d"},
        {"%%", "once, not 0"},   {"%*d", "expected %d"},
    };
    EACH_ROW (rows, r) {
        const char *got;
        EXPECT_ERR(words_percent(&kit_arena, r->row, 1, &got, &kit_err), ERR_INPUT, r->part);
    }
}

RUN_TESTS(test_of(pads_by_characters), test_of(shows_units), test_of(formats_as_python_does),
          test_of(refuses_formats_that_do_not_show_the_value_once))
