#include "query/parse.h"

#include "base/buf.h"
#include "kit/kit.h"

static void dump(struct buf *out, const struct node *node)
{
    static const char *const marks[] = {
        [NODE_PATH] = "",      [NODE_CALL] = "",        [NODE_TEMPLATE] = "",
        [NODE_INT] = "int:",   [NODE_FLOAT] = "float:", [NODE_TEXT] = "text:",
        [NODE_BOOL] = "bool:", [NODE_NONE] = "none:",   [NODE_NOTHING] = "nothing:",
    };
    buf_add_str(out, marks[node->kind]);
    buf_add_str(out, node->text);
    if (node->kind != NODE_CALL && node->kind != NODE_TEMPLATE)
        return;
    buf_add_char(out, node->kind == NODE_CALL ? '(' : '<');
    for (size_t i = 0; i < node->n_args; i++) {
        buf_add_str(out, i ? " " : "");
        if (node->args[i].keyword)
            buf_printf(out, "%s=", node->args[i].keyword);
        dump(out, node->args[i].node);
    }
    buf_add_char(out, node->kind == NODE_CALL ? ')' : '>');
}

static const char *dumped(const struct node *node)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    dump(&out, node);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

TEST(makes_a_tree)
{
    static const struct {
        const char *row, *text, *tree;
    } rows[] = {
        {"path", "servers.web01.load", "servers.web01.load"},
        {"blanks around", "  a.b ", "a.b"},
        {"call", "scale(a.b,2)", "scale(a.b int:2)"},
        {"blanks inside", "scale( a.b , 2 )", "scale(a.b int:2)"},
        {"no arguments", "group( )", "group()"},
        {"nested", "sumSeries(scale(a.*,1e3),b)", "sumSeries(scale(a.* float:1e3) b)"},
        {"keyword", "scale(a, factor=2)", "scale(a factor=int:2)"},
        {"keyword of a call", "f(a,b=g(c,d=1))", "f(a b=g(c d=int:1))"},
        {"literals", "f(true,FALSE,none,inf,'x',\"y\",-1.5)",
         "f(bool:true bool:FALSE none:none float:inf text:x text:y float:-1.5)"},
        {"huge integer", "f(99999999999999999999)", "f(float:99999999999999999999)"},
        {"pipe", "a.*|sumSeries()|alias('x')", "alias(sumSeries(a.*) text:x)"},
        {"pipe with blanks", "a | scale(0.5) | f()", "f(scale(a float:0.5))"},
        {"pipe in an argument", "scale(a|offset(1),2)", "scale(offset(a int:1) int:2)"},
        {"pipe behind a call", "f(a)|g(1)", "g(f(a) int:1)"},
        {"seriesByTag", "seriesByTag('a=b','c!=~d')", "seriesByTag(text:a=b text:c!=~d)"},
        {"template", "template(a.$h.load,h='db01')", "template<a.$h.load h=text:db01>"},
        {"template by number", "template(a.$1.$2,'x',3)", "template<a.$1.$2 text:x int:3>"},
        {"template of a call", "template(scale(a.$h,$f),h='x',f=2.5)",
         "template<scale(a.$h $f) h=text:x f=float:2.5>"},
        {"template as an argument", "scale(template(a.$x,x='1'),2)",
         "scale(template<a.$x x=text:1> int:2)"},
        {"a number without a digit before its dot", "scale(a,.5)", "nothing:scale"},
        {"a name that is no call", "scale", "scale"},
    };
    EACH_ROW (rows, r) {
        const struct node *node = NULL;
        EXPECT_OK(parse_target(r->text, 20, PARSE_REFUSES_REST, &kit_arena, &node, &kit_err));
        EXPECT_TEXT(node ? dumped(node) : "", r->tree);
    }
}

TEST(refuses_with_a_position)
{
    static const struct {
        const char *row, *text, *error;
    } rows[] = {
        {"open call", "scale(a,2", "position 10: expected ',' or ')'"},
        {"open call without arguments", "scale(", "position 7: expected an argument"},
        {"closed twice", "scale(a,2))", "position 11: expected '|' or the end"},
        {"never opened", "scalea.b,2)", "position 9: expected '|' or the end"},
        {"empty argument", "scale(a,,2)", "position 9: expected an argument"},
        {"trailing comma", "sumSeries(a,)", "position 13: expected an argument"},
        {"two words", "alias(a,unquoted name)", "position 18: expected ','"},
        {"two targets in one", "a b", "position 3: expected ','"},
        {"a list of targets", "a,b", "position 2: expected '|' or the end"},
        {"parentheses alone", "(a)", "position 1: expected a path or a function"},
        {"a text alone", "'just a string'", "position 1: expected a path or a function"},
        {"unterminated text", "alias(a,'x)", "position 12: expected the closing '"},
        {"positional behind a keyword", "f(a,b=1,2)", "position 9: expected another name=value"},
        {"keyword without a value", "f(a,b=)", "position 7: expected an argument"},
        {"pipe into nothing", "a|", "position 3: expected a path or a function"},
        {"pipe into a path", "a|b", "position 3: expected a function after '|'"},
        {"pipe into a template", "a|template(b)", "position 3: expected a function after '|'"},
        {"pipe behind a number", "f(2|g())x", "position 9: expected ','"},
        {"template of nothing", "template()", "position 1: expected a target"},
        {"template of a number", "template(5.5,x=1)", "position 1: expected a path or a call"},
        {"template with a flag", "template(a.$x,x=true)",
         "position 1: expected numbers and quoted"},
        {"template in a template", "template(template(a.$x),x=1)",
         "position 1: expected a path or a call"},
        {"in characters", "alias(\xc3\xbc,", "position 9: expected an argument"},
        {"nothing", "", "position 1: expected a path or a function"},
    };
    EACH_ROW (rows, r) {
        const struct node *node = NULL;
        EXPECT_ERR(parse_target(r->text, 20, PARSE_REFUSES_REST, &kit_arena, &node, &kit_err),
                   ERR_INPUT, r->error);
    }
}

static const char *nested(size_t depth, const char *open, const char *inner, const char *close)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, open);
    buf_add_str(&text, inner);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, close);
    const char *result = arena_strdup(&kit_arena, buf_text(&text));
    buf_done(&text);
    return result;
}

TEST(nests_as_deep_as_allowed)
{
    const struct node *node = NULL;
    EXPECT_OK(parse_target(nested(20, "f(", "a", ")"), 20, PARSE_REFUSES_REST, &kit_arena, &node,
                           &kit_err));
    EXPECT_I64(node->depth, 20);
    EXPECT_ERR(parse_target(nested(21, "f(", "a", ")"), 20, PARSE_REFUSES_REST, &kit_arena, &node,
                            &kit_err),
               ERR_LIMIT, "query.max-depth");
    EXPECT_OK(parse_target(nested(20, "", "a", "|f()"), 20, PARSE_REFUSES_REST, &kit_arena, &node,
                           &kit_err));
    EXPECT_I64(node->depth, 20);
    EXPECT_ERR(parse_target(nested(21, "", "a", "|f()"), 20, PARSE_REFUSES_REST, &kit_arena, &node,
                            &kit_err),
               ERR_LIMIT, "query.max-depth");
}

TEST(ignores_the_rest_where_asked_to)
{
    static const struct {
        const char *row, *tree;
    } rows[] = {
        {"scale(a,2)scale(,2)", "scale(a int:2)"},
        {"a b", "a"},
        {"a,b", "a"},
        {"f(a))", "f(a)"},
        {"f(a)|g()'x", "g(f(a))"},
    };
    EACH_ROW (rows, r) {
        const struct node *node = NULL;
        EXPECT_OK(parse_target(r->row, 20, PARSE_IGNORES_REST, &kit_arena, &node, &kit_err));
        EXPECT_TEXT(node ? dumped(node) : "", r->tree);
    }
    const struct node *node = NULL;
    EXPECT_ERR(parse_target("f(a b)", 20, PARSE_IGNORES_REST, &kit_arena, &node, &kit_err),
               ERR_INPUT, "position 5");
}

TEST(keeps_the_text_of_a_call)
{
    const struct node *node = NULL;
    EXPECT_OK(parse_target(" sumSeries( seriesByTag( 'a=b' ,\"c=\") )", 20, PARSE_REFUSES_REST,
                           &kit_arena, &node, &kit_err));
    EXPECT_TEXT(node->source, "sumSeries( seriesByTag( 'a=b' ,\"c=\") )");
    EXPECT_TEXT(node->args[0].node->source, "seriesByTag( 'a=b' ,\"c=\")");
    EXPECT_I64(node->args[0].node->position, 13);
}

TEST(marks_what_stands_in_keywords)
{
    const struct node *node = NULL;
    EXPECT_OK(
        parse_target("f(a,k=g(b.c),l=d)", 20, PARSE_REFUSES_REST, &kit_arena, &node, &kit_err));
    EXPECT(!node->args[0].node->in_keyword);
    EXPECT(node->args[1].node->args[0].node->in_keyword);
    EXPECT(node->args[2].node->in_keyword);
}

TEST(any_text_ends_well)
{
    static const char alphabet[] = "ab.,()|'\"{}[]*\\=; 1-e$t";
    for (size_t round = 0; round < 20000; round++) {
        char text[40];
        size_t n = kit_random_below(sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[kit_random_below(sizeof alphabet - 1)];
        text[n ? n - 1 : 0] = '\0';
        const struct node *node = NULL;
        err_clear(&kit_err);
        bool ok = parse_target(text, 20, PARSE_REFUSES_REST, &kit_arena, &node, &kit_err);
        EXPECT(ok == (node != NULL));
        EXPECT(ok || kit_err.kind == ERR_INPUT);
    }
}

RUN_TESTS(test_of(makes_a_tree), test_of(refuses_with_a_position),
          test_of(nests_as_deep_as_allowed), test_of(ignores_the_rest_where_asked_to),
          test_of(keeps_the_text_of_a_call), test_of(marks_what_stands_in_keywords),
          test_of(any_text_ends_well))
