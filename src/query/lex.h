/* Tokens of a target. What a word is depends on where it stands: `a=b` is a path as a target and a
 * keyword as an argument; `5` is a number only when a comma, a parenthesis or the end follows.
 * Thread: any; a struct lex is one parser's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum token_kind {
    TOKEN_END,
    TOKEN_CLOSE,   /* ) */
    TOKEN_COMMA,   /* , */
    TOKEN_PIPE,    /* | */
    TOKEN_CALL,    /* name( : text is the name */
    TOKEN_KEYWORD, /* name= : text is the name */
    TOKEN_PATH,    /* text is the path without its escapes, pattern keeps them */
    TOKEN_NUMBER,
    TOKEN_TEXT, /* text is what stands between the quotes */
    TOKEN_TRUE,
    TOKEN_FALSE,
    TOKEN_NONE,
    TOKEN_INF,
    TOKEN_DOTTED_NUMBER, /* .5, which Graphite does not take as a number */
};

enum lex_place {
    LEX_EXPRESSION, /* a target's start: only calls and paths */
    LEX_ARGUMENT,   /* inside a call's parentheses */
    LEX_AFTER,      /* behind a whole expression: only , ) | and the end */
};

struct token {
    enum token_kind kind;
    size_t at;           /* byte where it begins */
    size_t end;          /* byte behind it */
    size_t position;     /* of at, in characters from 1 */
    const char *text;    /* in the arena; "" for punctuation */
    const char *pattern; /* of a path: what glob_path_compile takes */
};

struct lex {
    const char *text;
    size_t n, at;
    size_t counted, position; /* position of byte counted, so that nothing is counted twice */
    struct arena *arena;
};

/* text is borrowed for as long as lex is used. */
void lex_init(struct lex *lex, const char *text, struct arena *arena);

/* The next token, read as what may stand at that place.
 *   err  ERR_INPUT "position P: expected X" */
MUST_CHECK bool lex_next(struct lex *lex, enum lex_place place, struct token *out, struct err *err);

/* FAILs with "position P: " and the text; P counts characters from 1. Always false. */
PRINTF_LIKE(4, 5)
bool lex_fail(const struct lex *lex, size_t at, struct err *err, const char *fmt, ...);
