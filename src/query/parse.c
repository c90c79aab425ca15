#include "query/parse.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "query/lex.h"

struct parse {
    struct lex lex;
    struct arena *arena;
    unsigned depth_max;
    enum parse_rest rest;
    unsigned depth;      /* open parentheses */
    unsigned n_keywords; /* open keyword values */
    bool is_nothing;     /* a .5 was met */
    struct token next;   /* one token behind what was parsed */
};

static bool parse_call(struct parse *parse, const struct token *name, struct node **out,
                       struct err *err);
static bool parse_pipes(struct parse *parse, struct node *left, struct node **out, struct err *err);

static struct node *node_new(struct parse *parse, enum node_kind kind, const struct token *token)
{
    struct node *node = arena_zalloc(parse->arena, sizeof *node);
    node->kind = kind;
    node->text = token->text;
    node->pattern = token->pattern;
    node->in_keyword = parse->n_keywords > 0;
    node->position = token->position;
    return node;
}

static bool advance(struct parse *parse, enum lex_place place, struct err *err)
{
    if (lex_next(&parse->lex, place, &parse->next, err))
        return true;
    if (place != LEX_AFTER || parse->depth || parse->rest == PARSE_REFUSES_REST)
        return false;
    parse->next.kind = TOKEN_END;
    return true;
}

static bool too_deep(const struct parse *parse, struct err *err)
{
    return FAIL(err, ERR_LIMIT, "query.max-depth: calls are nested deeper than %u",
                parse->depth_max);
}

static struct node *number_node(struct parse *parse, const struct token *token)
{
    struct node *node = node_new(parse, NODE_FLOAT, token);
    size_t n = strlen(token->text);
    if (num_parse_i64(token->text, n, &node->integer)) {
        node->kind = NODE_INT;
        node->number = (double)node->integer;
    } else if (!num_parse_f64(token->text, n, &node->number)) {
        node->number =
            (double)NAN; /* not reached: the lexer's numbers are a part of num_parse_f64's */
    }
    return node;
}

/* The node of a literal token, or NULL when it is none. */
static struct node *literal_node(struct parse *parse, const struct token *token)
{
    struct node *node;
    enum token_kind kind = token->kind;
    if (kind == TOKEN_NUMBER || kind == TOKEN_DOTTED_NUMBER) {
        parse->is_nothing |= kind == TOKEN_DOTTED_NUMBER;
        return number_node(parse, token);
    }
    if (kind == TOKEN_TEXT)
        return node_new(parse, NODE_TEXT, token);
    if (kind == TOKEN_NONE)
        return node_new(parse, NODE_NONE, token);
    if (kind == TOKEN_INF) {
        node = node_new(parse, NODE_FLOAT, token);
        node->number = HUGE_VAL;
        return node;
    }
    if (kind == TOKEN_TRUE || kind == TOKEN_FALSE) {
        node = node_new(parse, NODE_BOOL, token);
        node->is_true = kind == TOKEN_TRUE;
        return node;
    }
    return NULL;
}

/* What the token begins, with its pipes; the token behind it is in next. */
static bool parse_value(struct parse *parse, const struct token *token, bool may_be_literal,
                        struct node **out, struct err *err)
{
    struct node *node = may_be_literal ? literal_node(parse, token) : NULL;
    if (node) {
        *out = node;
        return advance(parse, LEX_AFTER, err);
    }
    if (token->kind == TOKEN_PATH) {
        node = node_new(parse, NODE_PATH, token);
        if (!advance(parse, LEX_AFTER, err))
            return false;
    } else if (token->kind == TOKEN_CALL) {
        if (!parse_call(parse, token, &node, err))
            return false;
    } else {
        return lex_fail(&parse->lex, token->at, err, "expected an argument");
    }
    return parse_pipes(parse, node, out, err);
}

static void add_arg(struct parse *parse, struct node *call, size_t *cap, struct node_arg arg)
{
    BUG_IF(!arg.node);
    arena_grow(parse->arena, &call->args, cap, call->n_args + 1, sizeof *call->args);
    call->args[call->n_args++] = arg;
    if (arg.node->depth + 1 > call->depth)
        call->depth = arg.node->depth + 1;
}

/* One argument, its keyword first if it has one; next is the token that begins it. */
static bool parse_arg(struct parse *parse, bool keyword_due, struct node_arg *out, struct err *err)
{
    struct token token = parse->next;
    struct node *node = NULL;
    out->keyword = NULL;
    if (token.kind == TOKEN_KEYWORD) {
        out->keyword = token.text;
        parse->n_keywords++;
        if (!advance(parse, LEX_ARGUMENT, err))
            return false;
        token = parse->next;
    } else if (keyword_due) {
        return lex_fail(&parse->lex, token.at, err, "expected another name=value");
    }
    if (!parse_value(parse, &token, true, &node, err))
        return false;
    parse->n_keywords -= out->keyword != NULL;
    out->node = node;
    return true;
}

/* The arguments up to the closing parenthesis, which is left in next. */
static bool parse_args(struct parse *parse, struct node *call, struct err *err)
{
    size_t cap = 0;
    bool keyword_due = false;
    if (!advance(parse, LEX_ARGUMENT, err))
        return false;
    if (parse->next.kind == TOKEN_CLOSE)
        return true;
    for (;;) {
        struct node_arg arg = {0};
        if (!parse_arg(parse, keyword_due, &arg, err))
            return false;
        add_arg(parse, call, &cap, arg);
        keyword_due = arg.keyword != NULL;
        if (parse->next.kind == TOKEN_CLOSE)
            return true;
        if (parse->next.kind != TOKEN_COMMA)
            return lex_fail(&parse->lex, parse->next.at, err, "expected ',' or ')'");
        if (!advance(parse, LEX_ARGUMENT, err))
            return false;
    }
}

static bool check_template(const struct parse *parse, struct node *call, size_t at, struct err *err)
{
    if (!call->n_args || call->args[0].keyword || call->args[0].node->depth > parse->depth_max)
        return lex_fail(&parse->lex, at, err, "expected a target as template()'s first argument");
    enum node_kind first = call->args[0].node->kind;
    if (first != NODE_PATH && first != NODE_CALL)
        return lex_fail(&parse->lex, at, err,
                        "expected a path or a call as template()'s first "
                        "argument");
    for (size_t i = 1; i < call->n_args; i++) {
        enum node_kind kind = call->args[i].node->kind;
        if (kind != NODE_INT && kind != NODE_FLOAT && kind != NODE_TEXT)
            return lex_fail(&parse->lex, at, err,
                            "expected numbers and quoted texts as template()'s values");
    }
    call->kind = NODE_TEMPLATE;
    return true;
}

/* name( was read. */
static bool parse_call(struct parse *parse, const struct token *name, struct node **out,
                       struct err *err)
{
    struct node *call = node_new(parse, NODE_CALL, name);
    if (++parse->depth > parse->depth_max)
        return too_deep(parse, err);
    call->depth = 1;
    if (!parse_args(parse, call, err))
        return false;
    parse->depth--;
    call->source =
        arena_strndup(parse->arena, parse->lex.text + name->at, parse->next.end - name->at);
    if (strcmp(name->text, "template") == 0 && !check_template(parse, call, name->at, err))
        return false;
    *out = call;
    return advance(parse, LEX_AFTER, err);
}

/* Puts left before the arguments of call. */
static void pipe_into(struct parse *parse, const struct node *left, struct node *call)
{
    struct node_arg *args = arena_array(parse->arena, call->n_args + 1, struct node_arg);
    args[0] = (struct node_arg){.node = left};
    for (size_t i = 0; i < call->n_args; i++)
        args[i + 1] = call->args[i];
    call->args = args;
    call->n_args++;
    if (left->depth + 1 > call->depth)
        call->depth = left->depth + 1;
}

static bool parse_pipes(struct parse *parse, struct node *left, struct node **out, struct err *err)
{
    while (parse->next.kind == TOKEN_PIPE) {
        struct node *call = NULL;
        if (!advance(parse, LEX_EXPRESSION, err))
            return false;
        struct token name = parse->next;
        if (name.kind != TOKEN_CALL || strcmp(name.text, "template") == 0)
            return lex_fail(&parse->lex, name.at, err, "expected a function after '|'");
        if (!parse_call(parse, &name, &call, err))
            return false;
        pipe_into(parse, left, call);
        if (call->depth > parse->depth_max)
            return too_deep(parse, err);
        left = call;
    }
    *out = left;
    return true;
}

bool parse_target(const char *text, unsigned depth_max, enum parse_rest rest, struct arena *arena,
                  const struct node **out, struct err *err)
{
    struct parse parse = {.arena = arena, .depth_max = depth_max, .rest = rest};
    lex_init(&parse.lex, text, arena);

    struct node *node = NULL;
    if (!advance(&parse, LEX_EXPRESSION, err))
        return false;
    struct token first = parse.next;
    if (!parse_value(&parse, &first, false, &node, err))
        return false;
    if (parse.next.kind != TOKEN_END && rest == PARSE_REFUSES_REST)
        return lex_fail(&parse.lex, parse.next.at, err, "expected '|' or the end");
    BUG_IF(!node);
    if (parse.is_nothing)
        node->kind = NODE_NOTHING;
    *out = node;
    return true;
}
