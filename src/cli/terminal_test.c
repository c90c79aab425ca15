#include "cli/terminal.h"

#include <stdlib.h>

#include "base/str.h"

#include "kit/kit.h"

static const char *clean(const char *text)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    terminal_clean(&out, text);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(nothing_a_terminal_obeys_gets_through)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"plain", "fix login", "fix login"},
        {"UTF-8 stays", "gr\xC3\xBC\xC3\x9F \xE6\x97\xA5 \xF0\x9F\x9A\x80",
         "gr\xC3\xBC\xC3\x9F \xE6\x97\xA5 \xF0\x9F\x9A\x80"},
        {"escape", "\x1b[2J\x1b]0;title\x07", " [2J ]0;title "},
        {"line ends and tabs", "a\r\nb\tc", "a  b c"},
        {"delete", "a\x7f", "a "},
        {"C1 in UTF-8",
         "a\xC2\x9B"
         "31m",
         "a 31m"},
        {"C1 as a byte",
         "a\x9B"
         "31m",
         "a?31m"},
        {"turned around",
         "a\xE2\x80\xAE"
         "b\xE2\x81\xA6",
         "a b "},
        {"line separator",
         "a\xE2\x80\xA8"
         "b",
         "a b"},
        {"cut character", "a\xE6\x97", "a??"},
        {"overlong", "\xC0\x9B", "??"},
        {"surrogate", "\xED\xA0\x80", "???"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(clean(r->text), r->want);
}

TEST(any_bytes_come_out_harmless)
{
    for (int round = 0; round < 3000; round++) {
        char text[64];
        const size_t n = (size_t)kit_random_below(sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(1 + kit_random_below(255));
        text[n] = '\0';
        const char *got = clean(text);
        EXPECT(text_is_utf8(got, strlen(got)));
        for (const char *at = got; *at; at++)
            EXPECT((unsigned char)*at >= ' ' && *at != 0x7F &&
                   !(at[0] == '\xC2' && (unsigned char)at[1] < 0xA0));
        EXPECT_TEXT(clean(got), got);
    }
}

TEST(fits_into_columns)
{
    static const struct {
        const char *row, *text;
        unsigned columns;
        bool has_utf8;
        const char *want;
    } rows[] = {
        {"shorter", "ab", 4, true, "ab  "},
        {"exact", "abcd", 4, true, "abcd"},
        {"longer", "abcde", 4, true, "abc\xE2\x80\xA6"},
        {"longer, ASCII", "abcde", 4, false, "abc~"},
        {"umlauts count once", "\xC3\xBC\xC3\xBC", 3, true, "\xC3\xBC\xC3\xBC "},
        {"wide ones twice", "\xE6\x97\xA5", 3, true, "\xE6\x97\xA5 "},
        {"a wide one is not halved", "\xE6\x97\xA5\xE6\x97\xA5", 3, true,
         "\xE6\x97\xA5\xE2\x80\xA6"},
        {"a combining one has no column", "e\xCC\x81x", 2, true, "e\xCC\x81x"},
        {"nothing", "abc", 0, true, ""},
        {"one", "abc", 1, true, "\xE2\x80\xA6"},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 4096);
        terminal_fit(&out, r->text, r->columns, r->has_utf8);
        EXPECT_TEXT(buf_text(&out), r->want);
        EXPECT_I64(terminal_width(buf_text(&out)), r->columns);
    }
}

TEST(groups_digits_by_thousands)
{
    static const struct {
        const char *row;
        uint64_t n;
    } rows[] = {
        {"0", 0},          {"999", 999},           {"1,000", 1000},
        {"12,045", 12045}, {"1,000,007", 1000007}, {"18,446,744,073,709,551,615", UINT64_MAX}};
    EACH_ROW (rows, r)
        EXPECT_TEXT(terminal_grouped(&kit_arena, r->n), r->row);
}

TEST(the_locale_is_read_from_the_environment)
{
    static const struct {
        const char *row, *all, *ctype, *lang;
        bool has_utf8;
    } rows[] = {
        {"none", NULL, NULL, NULL, false},
        {"C", NULL, NULL, "C", false},
        {"C.UTF-8", NULL, NULL, "C.UTF-8", true},
        {"other spelling", NULL, NULL, "de_DE.utf8", true},
        {"the first that is set counts", "C", NULL, "C.UTF-8", false},
        {"an empty one is not set", "", "en_GB.UTF-8", "C", true},
    };
    EACH_ROW (rows, r) {
        unsetenv("LC_ALL");
        unsetenv("LC_CTYPE");
        unsetenv("LANG");
        if (r->all)
            setenv("LC_ALL", r->all, 1);
        if (r->ctype)
            setenv("LC_CTYPE", r->ctype, 1);
        if (r->lang)
            setenv("LANG", r->lang, 1);
        EXPECT(terminal_of(-1).has_utf8 == r->has_utf8);
    }
    EXPECT(!terminal_of(-1).is_tty);
    EXPECT(!terminal_of(-1).has_colour);
}

RUN_TESTS(test_of(nothing_a_terminal_obeys_gets_through), test_of(any_bytes_come_out_harmless),
          test_of(fits_into_columns), test_of(groups_digits_by_thousands),
          test_of(the_locale_is_read_from_the_environment))
