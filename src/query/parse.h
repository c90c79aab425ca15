/* The target grammar: text in, a tree out.
 *
 *   target    = expression
 *   expression= (call | path) ('|' call)*        a|f(1) is f(a,1)
 *   call      = name '(' [argument (',' argument)*] ')'
 *   argument  = [name '='] (number | text | true | false | none | inf | expression)
 *   template  = template(expression [, number or text [, ...]])
 *
 * Keywords come after the positional arguments. Unlike Graphite, which ignores what follows the
 * first complete expression, the whole text of a request's target must be one. Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum node_kind {
    NODE_PATH,
    NODE_CALL,
    NODE_TEMPLATE, /* args[0] is the expression, the others are literals */
    NODE_INT,
    NODE_FLOAT, /* inf, and integers too large for 64 bits, too */
    NODE_TEXT,
    NODE_BOOL,
    NODE_NONE,
    NODE_NOTHING, /* the whole target: it holds a .5, which Graphite answers with no series */
};

struct node;

struct node_arg {
    const char *keyword; /* NULL: positional */
    const struct node *node;
};

/* Lives in the arena that parse_target was given; never changes. */
struct node {
    enum node_kind kind;
    size_t position;  /* in the target, characters from 1 */
    const char *text; /* path without escapes; function's name; literal as typed, without quotes */
    const char *pattern; /* NODE_PATH: for glob_path_compile */
    const char *source;  /* NODE_CALL: the call as typed */
    double number;       /* NODE_INT, NODE_FLOAT */
    int64_t integer;     /* NODE_INT */
    bool is_true;        /* NODE_BOOL */
    bool in_keyword;     /* somewhere inside a keyword's value */
    struct node_arg *args;
    size_t n_args;
    unsigned depth; /* of nested calls: a path has 0 */
};

enum parse_rest {
    PARSE_REFUSES_REST,
    PARSE_IGNORES_REST, /* what functions make of names by regex: ".*" matches the empty end too */
};

/* The tree of a target.
 *   err  ERR_INPUT "position P: expected X", P in characters from 1;
 *        ERR_LIMIT "query.max-depth: ..." past depth_max nested calls */
MUST_CHECK bool parse_target(const char *text, unsigned depth_max, enum parse_rest rest,
                             struct arena *arena, const struct node **out, struct err *err);
