#include "chart/label.h"

#include "chart/sample_kit.h"

static const struct label_style style = {.size = 10.0}; /* 6 pixels a letter */

TEST(cleans_what_cannot_be_shown)
{
    static const struct {
        const char *row, *text, *clean;
    } rows[] = {
        {"plain", "web01.load", "web01.load"},
        {"nothing", NULL, ""},
        {"UTF-8 stays", "na\xc3\xafve \xf0\x9f\x98\x80", "na\xc3\xafve \xf0\x9f\x98\x80"},
        {"controls", "a\tb\nc\x1b[31md\x7f", "a b c [31md "},
        {"C1 controls",
         "a\xc2\x9b"
         "31m",
         "a 31m"},
        {"bad bytes", "a\xff\xc3(b", "a\xef\xbf\xbd\xef\xbf\xbd(b"},
        {"cut in a character", "a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd"},
        {"no turning of the text around",
         "a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c",
         "a b c"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(label_clean(r->text, &kit_arena), r->clean);
}

TEST(long_texts_are_bounded)
{
    char *text = arena_alloc(&kit_arena, 10001);
    memset(text, 0xff, 10000);
    text[10000] = '\0';
    EXPECT(strlen(label_clean(text, &kit_arena)) <= LABEL_BYTES_MAX);
    memset(text, 'x', 10000);
    EXPECT_I64(strlen(label_clean(text, &kit_arena)), LABEL_BYTES_MAX);
}

TEST(lines_are_taken_one_by_one)
{
    const char *rest = "one\ntwo\n\nfour";
    EXPECT_TEXT(label_line(&rest, &kit_arena), "one");
    EXPECT_TEXT(label_line(&rest, &kit_arena), "two");
    EXPECT_TEXT(label_line(&rest, &kit_arena), "");
    EXPECT_TEXT(label_line(&rest, &kit_arena), "four");
    EXPECT(rest == NULL);
}

TEST(fits_by_an_ellipsis)
{
    static const struct {
        const char *row, *text;
        double width;
        const char *fitted;
    } rows[] = {
        {"fits", "abcdef", 36, "abcdef"},
        {"one pixel short", "abcdef", 35, "abcd\xe2\x80\xa6"},
        {"no blank before the ellipsis", "abc def", 35, "abc\xe2\x80\xa6"},
        {"whole characters", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 18,
         "\xc3\xa4\xc3\xb6\xe2\x80\xa6"},
        {"no room", "abcdef", 11, ""},
        {"nothing to fit", "", 0, ""},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(label_fit(&sample_measure, &style, r->text, r->width, &kit_arena), r->fitted);
}

RUN_TESTS(test_of(cleans_what_cannot_be_shown), test_of(long_texts_are_bounded),
          test_of(lines_are_taken_one_by_one), test_of(fits_by_an_ellipsis))
