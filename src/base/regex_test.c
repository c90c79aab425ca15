#include "base/regex.h"

#include "kit/kit.h"

static void regex_done(struct regex **regex)
{
    regex_free(*regex);
}

static bool searches(const char *pattern, const char *text)
{
    CLEANUP(regex_done) struct regex *regex = NULL;
    EXPECT_OK(regex_compile(pattern, &regex, &kit_err));
    return regex && regex_search(regex, text, strlen(text));
}

static bool matches(const char *pattern, const char *text)
{
    CLEANUP(regex_done) struct regex *regex = NULL;
    EXPECT_OK(regex_compile(pattern, &regex, &kit_err));
    return regex && regex_match(regex, text, strlen(text));
}

TEST(searches_and_matches_as_python_does)
{
    static const struct {
        const char *row, *pattern, *text;
        bool search, match;
    } rows[] = {
        {"anywhere", "cpu\\d+", "web.cpu12.idle", true, false},
        {"at the start", "web", "web.cpu12.idle", true, true},
        {"not there", "mem", "web.cpu12.idle", false, false},
        {"empty pattern", "", "a", true, true},
        {"empty text", "^$", "", true, true},
        {"alternatives", "^(a|b)$", "b", true, true},
        {"match need not reach the end", "a", "ab", true, true},
        {"match is bound in every alternative", "x|b", "ab", true, false},
        {"dollar before a last line end", "a$", "a\n", true, true},
        {"\\Z only at the very end", "a\\Z", "a\n", false, false},
        {"\\Z at the end", "a\\Z", "a", true, true},
        {"an escaped backslash before Z", "a\\\\Z", "a\\Z", true, true},
        {"dot is not a line end", "a.b", "a\nb", false, false},
        {"dot is a carriage return", "a.b", "a\rb", true, true},
        {"any case", "(?i)ABC", "xabc", true, false},
        {"named group and its echo", "(?P<n>ab)(?P=n)", "abab", true, true},
        {"look ahead", "a(?=b)", "ab", true, true},
        {"look behind", "(?<=a)b", "ab", true, false},
        {"bracket first in a class", "[]a]", "]", true, true},
        {"bracket first in a negated class", "^[^]a]$", "]", false, false},
        {"open lower bound", "^a{,2}$", "aa", true, true},
        {"open lower bound passed", "^a{,2}$", "aaa", false, false},
        {"a brace that repeats nothing", "a{,b", "a{,b", true, true},
        {"brace in a class", "[{,}]b", ",b", true, true},
        {"unicode letter", "^\\w$", "\xC3\xA9", true, true},
        {"one character, two bytes", "^.$", "\xC3\xA9", true, true},
        {"any case beyond ascii", "(?i)\xC3\x89", "\xC3\xA9", true, true},
        {"\\u", "^\\u00e9$", "\xC3\xA9", true, true},
        {"\\U", "^\\U0001f4c8$", "\xF0\x9F\x93\x88", true, true},
        {"latin 1 text, by bytes", "caf.$", "caf\xE9", true, true},
        {"latin 1 text, anchored", "^af", "caf\xE9", false, false},
    };
    EACH_ROW (rows, r) {
        EXPECT_I64(searches(r->pattern, r->text), r->search);
        EXPECT_I64(matches(r->pattern, r->text), r->match);
    }
}

TEST(refuses_what_is_no_pattern)
{
    static const struct {
        const char *row, *pattern, *message;
    } rows[] = {
        {"open group", "a(b", "parenthesis at position 3"},
        {"closed too often", "a)b", "position 1"},
        {"open class", "[a", "position 2"},
        {"nothing to repeat", "*a", "position 0"},
        {"backslash at the end", "a\\", "position 2"},
        {"no such group", "(a)\\2", "position"},
        {"a command to the library", "(*LIMIT_MATCH=4294967295)a", "nothing to repeat"},
        {"another command", "a(*UTF)", "nothing to repeat at position 2"},
        {"single bytes", "\\C", "position"},
        {"too large", "((a{1,1000}){1,1000}){1,1000}", "large"},
    };
    EACH_ROW (rows, r) {
        struct regex *regex = NULL;
        EXPECT_ERR(regex_compile(r->pattern, &regex, &kit_err), ERR_INPUT, r->message);
        EXPECT(regex == NULL);
    }
    char *longest = arena_zalloc(&kit_arena, 16384 + 2);
    memset(longest, 'a', 16384 + 1);
    struct regex *regex = NULL;
    EXPECT_ERR(regex_compile(longest, &regex, &kit_err), ERR_INPUT, "longer");
    longest[16384] = '\0';
    EXPECT_OK(regex_compile(longest, &regex, &kit_err));
    regex_free(regex);
    regex_free(NULL);
}

TEST(a_class_may_hold_what_looks_like_a_command)
{
    EXPECT(searches("[(*]x", "*x"));
    EXPECT(searches("\\(*x", "((x"));
}

TEST(a_runaway_is_no_match)
{
    char text[3000];
    memset(text, 'a', sizeof(text) - 2);
    text[sizeof(text) - 2] = '!';
    text[sizeof(text) - 1] = '\0';
    EXPECT(!searches("(a+)+$", text));
    EXPECT(!matches("(a|aa)+$", text));
    text[0] = '\xFF'; /* by bytes: the interpreter */
    EXPECT(!searches("(a+)+$", text));
}

TEST(deep_nesting_does_not_end_early)
{
    char *text = arena_zalloc(&kit_arena, 20001);
    memset(text, 'w', 20000);
    EXPECT(searches("^(?:(x)|(w))*$", text)); /* more than the JIT's own stack holds */
}

TEST(replaces_as_python_does)
{
    /* Expected: re.sub(pattern, replacement, text) of Python 3.11. */
    static const struct {
        const char *row, *pattern, *replacement, *text, *want;
    } rows[] = {
        {"every match", "a", "x", "banana", "bxnxnx"},
        {"no match", "z", "x", "banana", "banana"},
        {"group", "^.*\\.(\\w+)$", "\\1", "servers.web.cpu", "cpu"},
        {"two groups", "(\\w+)\\.(\\w+)", "\\2.\\1", "a.b", "b.a"},
        {"\\g<1>", "(a)", "\\g<1>0", "a", "a0"},
        {"\\g<name>", "(?P<host>\\w+)\\.(?P<what>\\w+)", "\\g<what> of \\g<host>", "web.cpu",
         "cpu of web"},
        {"\\g<0>", "a+", "<\\g<0>>", "caab", "c<aa>b"},
        {"group that took no part", "(a)|(b)", "[\\1]", "ab", "[a][]"},
        {"empty matches", "x*", "-", "abxd", "-a-b--d-"},
        {"empty pattern", "", "-", "ab", "-a-b-"},
        {"empty text", "^", "a", "", "a"},
        {"two digits are one group", "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "\\11\\10", "abcdefghijk",
         "kj"},
        {"octal", "a", "\\101\\0411", "a", "A!1"},
        {"letters", "a", "\\n\\t", "a", "\n\t"},
        {"backslash", "a", "\\\\", "a", "\\"},
        {"unknown sign keeps its backslash", "a", "\\.", "a", "\\."},
        {"wide characters", "", "-", "\xC3\xA9\xE2\x82\xAC", "-\xC3\xA9-\xE2\x82\xAC-"},
        {"latin 1 by bytes", "\\.", "_", "caf\xE9.x", "caf\xE9_x"},
        {"at a look behind", "(?<=a)", "|", "aab", "a|a|b"},
        {"word ends", "\\b", "|", "a b", "|a| |b|"},
    };
    EACH_ROW (rows, r) {
        CLEANUP(regex_done) struct regex *regex = NULL;
        EXPECT_OK(regex_compile(r->pattern, &regex, &kit_err));
        const char *got = NULL;
        EXPECT_OK(regex_sub(regex, r->replacement, r->text, &kit_arena, &got, &kit_err));
        EXPECT_TEXT(got, r->want);
    }
}

TEST(refuses_a_wrong_replacement)
{
    static const struct {
        const char *row, *replacement, *message;
    } rows[] = {
        {"no such group", "\\2", "no group 2"},
        {"no such group in brackets", "\\g<7>", "no group 7"},
        {"far too large a number", "\\g<99999999999>", "no group"},
        {"no such name", "\\g<host>", "no group 'host'"},
        {"a name too long", "\\g<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>",
         "no group 'aaa"},
        {"no name", "\\g<>", "no group ''"},
        {"open bracket", "\\g<1", "\\g"},
        {"no bracket", "\\g1>", "\\g"},
        {"bracket missing at the end", "\\g", "\\g"},
        {"unknown letter", "\\q", "\\q"},
        {"backslash at the end", "a\\", "at the end"},
        {"a NUL", "\\0", "ASCII"},
        {"beyond ASCII", "\\377", "ASCII"},
    };
    CLEANUP(regex_done) struct regex *regex = NULL;
    EXPECT_OK(regex_compile("(a)", &regex, &kit_err));
    EACH_ROW (rows, r) {
        const char *got = NULL;
        EXPECT_ERR(regex_sub(regex, r->replacement, "no match", &kit_arena, &got, &kit_err),
                   ERR_INPUT, r->message);
        EXPECT(got == NULL);
    }
}

TEST(refuses_an_endless_result)
{
    char *text = arena_zalloc(&kit_arena, 2001), *replacement = arena_zalloc(&kit_arena, 2001);
    memset(text, 'a', 2000);
    memset(replacement, 'b', 2000);
    CLEANUP(regex_done) struct regex *regex = NULL;
    EXPECT_OK(regex_compile("a", &regex, &kit_err));
    const char *got = NULL;
    EXPECT_ERR(regex_sub(regex, replacement, text, &kit_arena, &got, &kit_err), ERR_LIMIT,
               "longer than");
}

RUN_TESTS(test_of(searches_and_matches_as_python_does), test_of(refuses_what_is_no_pattern),
          test_of(a_class_may_hold_what_looks_like_a_command), test_of(a_runaway_is_no_match),
          test_of(deep_nesting_does_not_end_early), test_of(replaces_as_python_does),
          test_of(refuses_a_wrong_replacement), test_of(refuses_an_endless_result))
