#include "base/str.h"

#include <string.h>

#include "kit/kit.h"

static const char *text_of(struct str s)
{
    return arena_strndup(&kit_arena, s.at ? s.at : "", s.n);
}

TEST(compares_slices)
{
    static const struct {
        const char *row, *a, *b;
        int order;
    } rows[] = {
        {"equal", "abc", "abc", 0},       {"empty", "", "", 0},
        {"first byte", "abc", "bbc", -1}, {"prefix is less", "ab", "abc", -1},
        {"longer", "abc", "ab", 1},       {"bytes are unsigned", "\xC3", "z", 1},
    };
    EACH_ROW (rows, r) {
        EXPECT_I64(str_cmp(str_of(r->a), str_of(r->b)), r->order);
        EXPECT_I64(str_cmp(str_of(r->b), str_of(r->a)), -r->order);
        EXPECT_I64(str_eq(str_of(r->a), str_of(r->b)), r->order == 0);
        EXPECT_I64(str_is(str_of(r->a), r->b), r->order == 0);
    }
    EXPECT(str_eq(str_of(NULL), str_of("")));
    EXPECT(!str_eq(str_make("a\0b", 3), str_make("a\0c", 3)));
}

TEST(sees_beginnings_and_ends)
{
    static const struct {
        const char *row, *text, *part;
        bool starts, ends;
    } rows[] = {
        {"start", "carbon.agents", "carbon", true, false},
        {"end", "carbon.agents", "agents", false, true},
        {"whole", "abc", "abc", true, true},
        {"nothing", "abc", "", true, true},
        {"longer than the text", "abc", "abcd", false, false},
        {"empty text", "", "a", false, false},
    };
    EACH_ROW (rows, r) {
        EXPECT_I64(str_starts(str_of(r->text), r->part), r->starts);
        EXPECT_I64(str_ends(str_of(r->text), r->part), r->ends);
        EXPECT_I64(text_starts(r->text, r->part), r->starts);
        EXPECT_I64(text_ends(r->text, r->part), r->ends);
    }
}

TEST(trims_blanks_at_both_ends)
{
    static const struct {
        const char *row, *want;
    } rows[] = {
        {"  a b\t", "a b"},
        {"\r\n\v\fa", "a"},
        {"a", "a"},
        {"", ""},
        {" \t\r\n", ""},
        {"\xC2\xA0"
         "a",
         "\xC2\xA0"
         "a"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(text_of(str_trim(str_of(r->row))), r->want);
}

TEST(splits_as_python_does)
{
    static const struct {
        const char *row;
        size_t n;
        const char *pieces[4];
    } rows[] = {
        {"a,b,c", 3, {"a", "b", "c"}}, {"a", 1, {"a"}},           {"", 1, {""}}, {",", 2, {"", ""}},
        {"a,", 2, {"a", ""}},          {",,a", 3, {"", "", "a"}},
    };
    EACH_ROW (rows, r) {
        struct str rest = str_of(r->row), piece;
        size_t n = 0;
        while (n < 4 && str_split(&rest, ',', &piece)) {
            EXPECT_TEXT(text_of(piece), r->pieces[n]);
            n++;
        }
        EXPECT_I64(n, r->n);
    }
    struct str none = {0}, piece;
    EXPECT(!str_split(&none, ',', &piece));
}

TEST(copies_and_says_when_it_cut)
{
    char small[4] = "???";
    EXPECT(text_copy(small, sizeof(small), "abc"));
    EXPECT_TEXT(small, "abc");
    EXPECT(!text_copy(small, sizeof(small), "abcd"));
    EXPECT_TEXT(small, "abc");
    EXPECT(text_copy(small, sizeof(small), ""));
    EXPECT_TEXT(small, "");
    EXPECT(!text_copy(small, 1, "x"));
    EXPECT_TEXT(small, "");
}

TEST(lowers_ascii_only)
{
    char text[] = "AZaz[]@{\xC3\x89 09";
    text_lower(text);
    EXPECT_TEXT(text, "azaz[]@{\xC3\x89 09");
}

TEST(counts_edits)
{
    static const struct {
        const char *row, *a, *b;
        unsigned max, want;
    } rows[] = {
        {"same", "scale", "scale", 3, 0},
        {"one changed", "scale", "scole", 3, 1},
        {"one missing", "scale", "scal", 3, 1},
        {"one too many", "scale", "scalee", 3, 1},
        {"two swapped", "scale", "sclae", 3, 2},
        {"classic", "kitten", "sitting", 9, 3},
        {"from nothing", "", "abc", 9, 3},
        {"cut", "abcdef", "uvwxyz", 2, 3},
        {"not cut at the edge", "abc", "xyz", 3, 3},
    };
    EACH_ROW (rows, r) {
        EXPECT_I64(text_distance(r->a, r->b, r->max), r->want);
        EXPECT_I64(text_distance(r->b, r->a, r->max), r->want);
    }
    char a[200], b[200];
    memset(a, 'a', sizeof(a) - 1);
    memset(b, 'a', sizeof(b) - 1);
    a[199] = b[199] = '\0';
    b[64] = 'b'; /* past the bytes that count */
    EXPECT_I64(text_distance(a, b, 10), 0);
    b[63] = 'b';
    EXPECT_I64(text_distance(a, b, 10), 1);
}

TEST(finds_the_nearest_word)
{
    static const char *const names[] = {"scale", "sumSeries", "movingAverage", "movingMedian"};
    static const struct {
        const char *row, *want;
    } rows[] = {
        {"scael", "scale"},
        {"scal", "scale"},
        {"scale", "scale"},
        {"sumseries", "sumSeries"},
        {"movingAvg", NULL},
        {"movingAverag", "movingAverage"},
        {"movingMedain", "movingMedian"},
        {"xy", NULL},
        {"", NULL},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(text_nearest(r->row, names, COUNT_OF(names)), r->want);
    EXPECT(text_nearest("scale", NULL, 0) == NULL);
}

TEST(knows_utf8)
{
    static const struct {
        const char *row, *text;
        bool is_valid;
    } rows[] = {
        {"empty", "", true},
        {"ascii", "servers.web01.cpu", true},
        {"two bytes", "caf\xC3\xA9", true},
        {"three bytes", "\xE2\x82\xAC", true},
        {"four bytes", "\xF0\x9F\x93\x88", true},
        {"last character", "\xF4\x8F\xBF\xBF", true},
        {"beyond the last", "\xF4\x90\x80\x80", false},
        {"no such start", "\xF5\x80\x80\x80", false},
        {"lone tail", "a\x80", false},
        {"cut after one", "a\xC3", false},
        {"cut after two", "\xE2\x82", false},
        {"cut after three", "\xF0\x9F\x93", false},
        {"overlong slash", "\xC0\xAF", false},
        {"overlong, three", "\xE0\x9F\xBF", false},
        {"first of three", "\xE0\xA0\x80", true},
        {"overlong, four", "\xF0\x8F\xBF\xBF", false},
        {"first of four", "\xF0\x90\x80\x80", true},
        {"surrogate", "\xED\xA0\x80", false},
        {"before surrogates", "\xED\x9F\xBF", true},
        {"latin 1 late", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xE9", false},
        {"wide across a word",
         "aaaaaaa\xC3\xA9"
         "aaaaaaaaaaaaaaaa\xE2\x82\xAC",
         true},
    };
    EACH_ROW (rows, r) {
        /* At every distance from a word's start. */
        for (size_t n = 0; n < 9; n++) {
            const char *text = arena_printf(&kit_arena, "%.*s%s", (int)n, "........", r->text);
            EXPECT_I64(text_is_utf8(text, strlen(text)), r->is_valid);
        }
    }
    EXPECT(!text_is_utf8("abc\0def", 7));
    EXPECT(!text_is_utf8("abcdefgh\0", 9));
    EXPECT(!text_is_utf8("abcdefghijklmno\0", 16));
}

TEST(measures_one_character)
{
    EXPECT_I64(text_utf8_bytes("", 0), 0);
    EXPECT_I64(text_utf8_bytes("\0", 1), 1);
    EXPECT_I64(text_utf8_bytes("ab", 2), 1);
    EXPECT_I64(text_utf8_bytes("\xC3\xA9x", 3), 2);
    EXPECT_I64(text_utf8_bytes("\xC3\xA9x", 1), 0);
    EXPECT_I64(text_utf8_bytes("\xE2\x82\xACx", 4), 3);
    EXPECT_I64(text_utf8_bytes("\xF0\x9F\x93\x88x", 5), 4);
    EXPECT_I64(text_utf8_bytes("\xFF", 1), 0);
}

TEST(hexadecimal_digits_both_ways)
{
    static const char digits[] = "0123456789abcdef";
    for (int c = -128; c < 128; c++) {
        const char lower = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        const char *at = lower ? strchr(digits, lower) : NULL;
        EXPECT_I64(text_hex_digit((char)c), at ? at - digits : -1);
    }
    char out[9];
    text_hex(out, "\x00\x7f\xAB\xff", 4);
    EXPECT_TEXT(out, "007fabff");
    text_hex(out, "", 0);
    EXPECT_TEXT(out, "");
}

RUN_TESTS(test_of(compares_slices), test_of(sees_beginnings_and_ends),
          test_of(trims_blanks_at_both_ends), test_of(splits_as_python_does),
          test_of(copies_and_says_when_it_cut), test_of(lowers_ascii_only), test_of(counts_edits),
          test_of(finds_the_nearest_word), test_of(knows_utf8), test_of(measures_one_character),
          test_of(hexadecimal_digits_both_ways))
