#include "query/lex.h"

#include "kit/kit.h"

static const char *const kinds[] = {
    [TOKEN_END] = "end",     [TOKEN_CLOSE] = "close",
    [TOKEN_COMMA] = "comma", [TOKEN_PIPE] = "pipe",
    [TOKEN_CALL] = "call",   [TOKEN_KEYWORD] = "keyword",
    [TOKEN_PATH] = "path",   [TOKEN_NUMBER] = "number",
    [TOKEN_TEXT] = "text",   [TOKEN_TRUE] = "true",
    [TOKEN_FALSE] = "false", [TOKEN_NONE] = "none",
    [TOKEN_INF] = "inf",     [TOKEN_DOTTED_NUMBER] = "dotted",
};

/* Behind each row's text stands what may follow an argument. */
TEST(tells_arguments_apart)
{
    static const struct {
        const char *row, *text, *kind, *token, *pattern;
    } rows[] = {
        {"integer", "42", "number", "42", ""},
        {"negative", "-42,", "number", "-42", ""},
        {"decimal", "1.5)", "number", "1.5", ""},
        {"power", "1e3 )", "number", "1e3", ""},
        {"negative power", "1.5E-2", "number", "1.5E-2", ""},
        {"plus is a path", "+2", "path", "+2", "+2"},
        {"plus in the power is a path", "1e+3", "path", "1e+3", "1e+3"},
        {"no leading digit", ".5", "dotted", ".5", ""},
        {"digits before a name", "5xx", "path", "5xx", "5xx"},
        {"digits as a node", "10.size", "path", "10.size", "10.size"},
        {"a number piped is a path", "5|f()", "path", "5", "5"},
        {"true", "TRUE", "true", "TRUE", ""},
        {"false", "fAlse ,", "false", "fAlse", ""},
        {"none", "None)", "none", "None", ""},
        {"inf", "INF", "inf", "INF", ""},
        {"a path that begins like a word", "true.x", "path", "true.x", "true.x"},
        {"a longer word", "info", "path", "info", "info"},
        {"single quotes", "'a b'", "text", "a b", ""},
        {"double quotes", "\"it's\"", "text", "it's", ""},
        {"empty text", "''", "text", "", ""},
        {"backslashes stay", "'a\\'b\\\\'", "text", "a\\'b\\\\", ""},
        {"a tab reaches the eighth column", "'ab\tc'", "text", "ab     c", ""},
        {"a tab counts characters", "'\xc3\xbc\t\tc'", "text", "\xc3\xbc              c", ""},
        {"doubled quotes stay", "'a''b'", "text", "a''b", ""},
        {"not ASCII", "'\xc3\xbc \xe2\x98\x83'", "text", "\xc3\xbc \xe2\x98\x83", ""},
        {"call", "scale(", "call", "scale", ""},
        {"call with a blank", "scale (", "call", "scale", ""},
        {"keyword", "factor=2", "keyword", "factor", ""},
        {"keyword with blanks", "factor = 2", "keyword", "factor", ""},
        {"wildcards", "a.*.b?[0-9].{x,y}.[!z]**", "path", "a.*.b?[0-9].{x,y}.[!z]**",
         "a.*.b?[0-9].{x,y}.[!z]**"},
        {"a brace list with dots", "a.{b.c,d}", "path", "a.{b.c,d}", "a.{b.c,d}"},
        {"tags", "requests;dc=east;host=h1", "path", "requests;dc=east;host=h1",
         "requests;dc=east;host=h1"},
        {"odd characters", "a-b:c%d~e@f/g#h<i>j`k&l^m!n$o", "path", "a-b:c%d~e@f/g#h<i>j`k&l^m!n$o",
         "a-b:c%d~e@f/g#h<i>j`k&l^m!n$o"},
        {"escapes", "a\\(b\\).c\\,d\\{e", "path", "a(b).c,d{e", "a\\(b\\).c\\,d\\{e"},
        {"an escaped dot is a dot", "a\\.b\\=c", "path", "a.b=c", "a.b=c"},
        {"an escaped star", "a\\*b", "path", "a*b", "a\\*b"},
        {"a path that is not ASCII", "h\xc3\xbctte.x", "path", "h\xc3\xbctte.x", "h\xc3\xbctte.x"},
    };
    EACH_ROW (rows, r) {
        struct lex lex;
        struct token token = {0};
        lex_init(&lex, r->text, &kit_arena);
        EXPECT_OK(lex_next(&lex, LEX_ARGUMENT, &token, &kit_err));
        EXPECT_TEXT(kinds[token.kind], r->kind);
        EXPECT_TEXT(token.text, r->token);
        EXPECT_TEXT(token.pattern, r->pattern);
    }
}

TEST(reads_a_target_as_an_expression)
{
    static const struct {
        const char *row, *text, *kind, *token;
    } rows[] = {
        {"digits are a path", "12345", "path", "12345"},
        {"words are paths", "true", "path", "true"},
        {"an equals sign is part of a path", "a=b", "path", "a=b"},
        {"blanks before", " \t\n a.b", "path", "a.b"},
        {"a call", "f(", "call", "f"},
    };
    EACH_ROW (rows, r) {
        struct lex lex;
        struct token token = {0};
        lex_init(&lex, r->text, &kit_arena);
        EXPECT_OK(lex_next(&lex, LEX_EXPRESSION, &token, &kit_err));
        EXPECT_TEXT(kinds[token.kind], r->kind);
        EXPECT_TEXT(token.text, r->token);
    }
}

TEST(refuses_with_a_position)
{
    static const struct {
        const char *row, *text, *error;
    } rows[] = {
        {"unterminated text", "'abc", "position 5: expected the closing '"},
        {"a text over two lines", "'abc\n'", "position 5: expected the closing '"},
        {"unclosed brace", "a.{b,c", "position 7: expected the } of the { at 3"},
        {"empty node", "a..b", "position 3: expected a name before the dot"},
        {"leading dot", ".a", "position 1: expected a name before the dot"},
        {"trailing dot", "a.", "position 3: expected a name after the dot"},
        {"lone backslash", "a\\", "position 3: expected the character that \\ escapes"},
        {"nothing", "", "position 1: expected an argument"},
        {"characters count, not bytes", "'\xc3\xbc\xe2\x98\x83",
         "position 4: expected the closing"},
    };
    EACH_ROW (rows, r) {
        struct lex lex;
        struct token token;
        lex_init(&lex, r->text, &kit_arena);
        EXPECT_ERR(lex_next(&lex, LEX_ARGUMENT, &token, &kit_err), ERR_INPUT, r->error);
    }
}

TEST(only_marks_follow_an_expression)
{
    struct lex lex;
    struct token token;
    lex_init(&lex, " ,) |", &kit_arena);
    static const enum token_kind wanted[] = {TOKEN_COMMA, TOKEN_CLOSE, TOKEN_PIPE, TOKEN_END};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        EXPECT_OK(lex_next(&lex, LEX_AFTER, &token, &kit_err));
        EXPECT_I64(token.kind, wanted[i]);
    }
    lex_init(&lex, " x", &kit_arena);
    EXPECT_ERR(lex_next(&lex, LEX_AFTER, &token, &kit_err), ERR_INPUT, "position 2: expected ','");
}

RUN_TESTS(test_of(tells_arguments_apart), test_of(reads_a_target_as_an_expression),
          test_of(refuses_with_a_position), test_of(only_marks_follow_an_expression))
