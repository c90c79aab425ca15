#include "model/glob.h"

#include "kit/kit.h"

static bool matches(const char *pattern, const char *text)
{
    struct glob *glob;
    EXPECT_OK(glob_compile(str_of(pattern), &kit_arena, &glob, &kit_err));
    if (kit_err.kind != ERR_NONE)
        return false;
    return glob_match(glob, str_of(text));
}

TEST(matches_a_node)
{
    static const struct {
        const char *row, *pattern, *text;
        bool want;
    } rows[] = {
        {"plain", "web01", "web01", true},
        {"plain, longer text", "web01", "web011", false},
        {"plain, case counts", "web01", "Web01", false},
        {"star", "*", "anything", true},
        {"star takes nothing", "web*", "web", true},
        {"star in front", "*01", "web01", true},
        {"star in front, not", "*01", "web010", false},
        {"star inside", "w*1", "web01", true},
        {"two stars", "w*b*1", "web01", true},
        {"back to the last star", "*ab*ab", "abxaab", true},
        {"question mark", "?eb0?", "web01", true},
        {"question mark takes one", "web?", "web", false},
        {"question mark takes a code point", "h?he", "h\xC3\xB6he", true},
        {"star and code points", "*?", "\xC3\xB6", true},
        {"class", "web0[12]", "web02", true},
        {"class, not", "web0[12]", "web03", false},
        {"range", "[a-c]x", "bx", true},
        {"range, not", "[a-c]x", "dx", false},
        {"range backwards is empty", "[c-a]x", "bx", false},
        {"negated class", "[!w]*", "db01", true},
        {"negated class, not", "[!w]*", "web01", false},
        {"caret is a member", "[^a]", "^", true},
        {"']' first is a member", "[]a]", "]", true},
        {"']' first, negated", "[!]a]", "b", true},
        {"'-' last is a member", "[a-]", "-", true},
        {"'!' later is a member", "[a!]", "!", true},
        {"class of a code point", "[\xC3\xB6]", "\xC3\xB6", true},
        {"range of code points", "[\xC3\xA0-\xC3\xBF]", "\xC3\xB6", true},
        {"escape in a class", "[\\]x]", "]", true},
        {"escaped dash in a class", "[a\\-z]", "m", false},
        {"braces", "web{01,02}", "web02", true},
        {"braces, not", "web{01,02}", "web03", false},
        {"braces with a star", "{web*,db?}", "web17", true},
        {"braces with a class", "{web[0-4],db}", "web3", true},
        {"braces with an empty piece", "web{,01}", "web", true},
        {"one piece", "{web}", "web", true},
        {"star in braces alone", "{*}", "x", true},
        {"two groups", "{a,b}{c,d}", "bc", true},
        {"two groups, not", "{a,b}{c,d}", "ab", false},
        {"nested", "{a,b{c,d}}e", "bde", true},
        {"nested, not", "{a,b{c,d}}e", "be", false},
        {"nested deeper", "{a{b{c,d},e},f}", "abd", true},
        {"comma outside braces", "a,b", "a,b", true},
        {"closing brace alone", "a}", "a}", true},
        {"comma in a class in braces", "{[,;],x}", ",", true},
        {"escaped star", "a\\*", "a*", true},
        {"escaped star, not", "a\\*", "ab", false},
        {"escaped brace", "\\{a,b\\}", "{a,b}", true},
        {"escaped comma", "{a\\,b,c}", "a,b", true},
        {"backslash at the end", "a\\", "a\\", true},
        {"dot in braces matches nothing", "{a.b,c}", "c", false},
        {"dot in a class matches nothing", "[a.]", "a", false},
        {"two stars are one", "a**b", "axb", true},
        {"empty pattern, empty text", "", "", true},
        {"empty pattern", "", "a", false},
        {"broken UTF-8 is bytes", "a?b",
         "a\xFF"
         "b",
         true},
    };
    EACH_ROW (rows, r)
        EXPECT_I64(matches(r->pattern, r->text), r->want);
}

TEST(says_what_is_not_closed_and_where)
{
    static const struct {
        const char *row, *pattern, *text;
    } rows[] = {
        {"bracket", "web[01", "'[' at position 4 of 'web[01' is not closed"},
        {"bracket with only ']'", "[]", "'[' at position 1"},
        {"escaped end", "[a\\]", "'[' at position 1"},
        {"brace", "x{a,b", "'{' at position 2 of 'x{a,b' is not closed"},
        {"inner brace closed", "{a{b}", "'{' at position 1"},
    };
    EACH_ROW (rows, r) {
        struct glob *glob;
        EXPECT_ERR(glob_compile(str_of(r->pattern), &kit_arena, &glob, &kit_err), ERR_INPUT,
                   r->text);
    }
    struct glob_path path;
    EXPECT_ERR(glob_path_compile("servers.web[01.load", &kit_arena, &path, &kit_err), ERR_INPUT,
               "'[' at position 12 of 'servers.web[01.load'");
}

TEST(refuses_too_many_alternatives)
{
    struct glob *glob;
    const char *ten = "{0,1,2,3,4,5,6,7,8,9}";
    const char *most = arena_printf(&kit_arena, "%s%s%s%s", ten, ten, ten, ten);
    EXPECT_OK(glob_compile(str_of(most), &kit_arena, &glob, &kit_err));
    EXPECT(glob_match(glob, str_of("4711")));
    EXPECT(!glob_match(glob, str_of("47111")));
    const char *more = arena_printf(&kit_arena, "%s%s", most, "{a,b}");
    EXPECT_ERR(glob_compile(str_of(more), &kit_arena, &glob, &kit_err), ERR_LIMIT, "10000");

    char nested[8192];
    memset(nested, '{', 4096); /* closes properly; each level copies the rest */
    memset(nested + 4096, '}', 4095);
    nested[8191] = '}';
    EXPECT_ERR(glob_compile(str_make(nested, 8192), &kit_arena, &glob, &kit_err), ERR_LIMIT,
               "braces");
}

TEST(many_stars_stay_cheap)
{
    char text[4001];
    memset(text, 'a', 4000);
    text[4000] = '\0';
    EXPECT(!matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
    EXPECT(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*", text));
}

TEST(knows_plain_names_and_prefixes)
{
    static const struct {
        const char *row, *pattern, *literal, *prefix; /* literal NULL: it is none */
    } rows[] = {
        {"plain", "web", "web", "web"},           {"escapes removed", "a\\*b", "a*b", "a*b"},
        {"one piece", "w{eb}", "web", "web"},     {"star", "web*", NULL, "web"},
        {"star first", "*web", NULL, ""},         {"class", "web[12]", NULL, "web"},
        {"pieces", "web{01,02}", NULL, "web0"},   {"pieces and patterns", "{web*,wax}", NULL, "w"},
        {"nothing in common", "{a,b}", NULL, ""}, {"the same piece twice", "{a,a}", "a", "a"},
        {"matches nothing", "a{b.c}", NULL, ""},
    };
    EACH_ROW (rows, r) {
        struct glob *glob;
        EXPECT_OK(glob_compile(str_of(r->pattern), &kit_arena, &glob, &kit_err));
        struct str literal = str_of("untouched");
        EXPECT_I64(glob_is_literal(glob, &literal), r->literal != NULL);
        EXPECT(str_is(literal, r->literal ? r->literal : "untouched"));
        EXPECT(str_is(glob_prefix(glob), r->prefix));
    }
}

TEST(lists_plain_names)
{
    struct glob *glob;
    const struct str *names = NULL;
    size_t n = 99;
    EXPECT_OK(glob_compile(str_of("web{2,1,2}{b,a}"), &kit_arena, &glob, &kit_err));
    EXPECT(glob_literals(glob, &names, &n));
    EXPECT_I64(n, 4);
    EXPECT(str_is(names[0], "web1a"));
    EXPECT(str_is(names[3], "web2b"));
    EXPECT_OK(glob_compile(str_of("{a.b}"), &kit_arena, &glob, &kit_err));
    EXPECT(glob_literals(glob, &names, &n));
    EXPECT_I64(n, 0);
    EXPECT_OK(glob_compile(str_of("{a,b*}"), &kit_arena, &glob, &kit_err));
    EXPECT(!glob_literals(glob, &names, &n));
}

TEST(matches_a_path)
{
    static const struct {
        const char *row, *pattern, *path;
        bool want;
    } rows[] = {
        {"plain", "a.b.c", "a.b.c", true},
        {"shorter", "a.b", "a.b.c", false},
        {"longer", "a.b.c", "a.b", false},
        {"star stays in its node", "a.*", "a.b.c", false},
        {"star in each", "*.*.*", "a.b.c", true},
        {"braces", "servers.{web,db}01.load", "servers.db01.load", true},
        {"class", "servers.[!w]*.load", "servers.db01.load", true},
        {"deep at the end", "a.**", "a.b.c.d", true},
        {"deep at the end takes one", "a.**", "a.b", true},
        {"deep at the end takes not none", "a.**", "a", false},
        {"deep inside", "a.**.d", "a.b.c.d", true},
        {"deep inside takes none", "a.**.d", "a.d", true},
        {"deep in front", "**.load", "servers.web01.load", true},
        {"deep in front takes none", "**.load", "load", true},
        {"deep twice", "**.b.**.d", "a.b.c.b.x.d", true},
        {"deep twice, not", "**.b.**.d", "a.c.d", false},
        {"deep alone", "**", "a.b", true},
        {"deep, back to the last one", "a.**.c.d", "a.c.x.c.d", true},
        {"empty nodes of the pattern", ".a..b.", "a.b", true},
        {"escaped dot separates", "a\\.b", "a.b", true},
        {"backslash, then a dot", "a\\\\.b", "a\\.b", true},
        {"dot in braces matches nothing", "a.{b.c,d}", "a.d", false},
        {"dot in braces is no separator", "{a.b,c}.d", "c.d", false},
        {"nothing", "a", "", false},
    };
    EACH_ROW (rows, r) {
        struct glob_path path;
        EXPECT_OK(glob_path_compile(r->pattern, &kit_arena, &path, &kit_err));
        EXPECT_I64(glob_path_match(&path, r->path), r->want);
    }
}

TEST(splits_a_path_into_nodes)
{
    struct glob_path path;
    EXPECT_OK(glob_path_compile("a.{b,c}*.**.[x.y]", &kit_arena, &path, &kit_err));
    EXPECT_I64(path.n_nodes, 4);
    EXPECT(!path.is_any_depth[1]);
    EXPECT(path.is_any_depth[2]);
    struct str literal;
    EXPECT(glob_is_literal(path.nodes[0], &literal));
    EXPECT(str_is(literal, "a"));
    EXPECT_ERR(glob_path_compile("", &kit_arena, &path, &kit_err), ERR_INPUT, "empty path");
    EXPECT_ERR(glob_path_compile("...", &kit_arena, &path, &kit_err), ERR_INPUT, "empty path");
}

TEST(tells_patterns_from_names)
{
    EXPECT(!glob_has_pattern("a.b-c_d"));
    EXPECT(!glob_has_pattern(""));
    EXPECT(glob_has_pattern("a.*"));
    EXPECT(glob_has_pattern("a?"));
    EXPECT(glob_has_pattern("[a"));
    EXPECT(glob_has_pattern("{a}"));
    EXPECT(glob_has_pattern("a\\*"));
}

/* The rule itself, without any care for time: braces by substitution, stars by trying. */
static bool slow_match(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return slow_match(pattern + 1, text) || (*text != '\0' && slow_match(pattern, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
           slow_match(pattern + 1, text + 1);
}

static bool slow_expand_match(const char *pattern, const char *text)
{
    const char *close = strchr(pattern, '}');
    if (close == NULL)
        return slow_match(pattern, text);
    const char *open = close; /* the innermost group that closes first */
    while (*open != '{')
        open--;
    const char *piece = open + 1;
    while (piece <= close) {
        const size_t n = strcspn(piece, ",}");
        char *next = arena_printf(&kit_arena, "%.*s%.*s%s", (int)(open - pattern), pattern, (int)n,
                                  piece, close + 1);
        if (slow_expand_match(next, text))
            return true;
        piece += n + 1;
    }
    return false;
}

static void random_pattern(char *out, size_t n_max)
{
    size_t n = 0;
    size_t depth = 0;
    while (n + depth + 2 < n_max && kit_random_below(10) > 0) {
        const char c = "aabb*?{,}"[kit_random_below(9)];
        if ((c == ',' || c == '}') && depth == 0)
            continue;
        depth += c == '{';
        depth -= c == '}';
        out[n++] = c;
    }
    while (depth-- > 0)
        out[n++] = '}';
    out[n] = '\0';
}

TEST(agrees_with_the_slow_rule)
{
    size_t n_matches = 0;
    for (size_t i = 0; i < 20000; i++) {
        char pattern[20];
        char text[8];
        random_pattern(pattern, sizeof(pattern));
        const size_t n = kit_random_below(sizeof(text));
        for (size_t k = 0; k < n; k++)
            text[k] = "ab"[kit_random_below(2)];
        text[n] = '\0';
        struct glob *glob;
        EXPECT_OK(glob_compile(str_of(pattern), &kit_arena, &glob, &kit_err));
        const bool got = glob_match(glob, str_of(text));
        n_matches += got;
        kit_expect(got == slow_expand_match(pattern, text), __FILE__, __LINE__,
                   "'%s' on '%s' says %d", pattern, text, got);
        const struct str prefix = glob_prefix(glob);
        EXPECT(!got || (prefix.n <= n && memcmp(prefix.at, text, prefix.n) == 0));
        if (kit_failures() > 5)
            return;
        arena_reset(&kit_arena);
    }
    EXPECT(n_matches > 500);
}

RUN_TESTS(test_of(matches_a_node), test_of(says_what_is_not_closed_and_where),
          test_of(refuses_too_many_alternatives), test_of(many_stars_stay_cheap),
          test_of(knows_plain_names_and_prefixes), test_of(lists_plain_names),
          test_of(matches_a_path), test_of(splits_a_path_into_nodes),
          test_of(tells_patterns_from_names), test_of(agrees_with_the_slow_rule))
