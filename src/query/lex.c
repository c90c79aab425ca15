#include "query/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { TAB_COLUMNS = 8 };

/* Tabs reach to the next eighth column, in quotes too, as Graphite's parser has it. */
static const char *expand_tabs(const char *text, struct arena *arena)
{
    size_t n = 0, column = 0;
    if (!strchr(text, '\t'))
        return text;
    char *out = arena_array(arena, mul_size(strlen(text), TAB_COLUMNS) + 1, char);
    for (; *text; text++) {
        size_t width = *text == '\t' ? TAB_COLUMNS - column % TAB_COLUMNS : 1;
        memset(out + n, *text == '\t' ? ' ' : *text, width);
        n += width;
        if (*text == '\n' || *text == '\r')
            column = 0;
        else if (((unsigned char)*text & 0xC0) != 0x80)
            column += width;
    }
    out[n] = '\0';
    return out;
}

void lex_init(struct lex *lex, const char *text, struct arena *arena)
{
    text = expand_tabs(text, arena);
    *lex = (struct lex){.text = text, .n = strlen(text), .position = 1, .arena = arena};
}

/* Characters, not bytes: UTF-8's continuation bytes do not count. */
static size_t position(const struct lex *lex, size_t at)
{
    bool is_behind = at >= lex->counted;
    size_t n = is_behind ? lex->position : 1;
    for (size_t i = is_behind ? lex->counted : 0; i < at; i++)
        n += ((unsigned char)lex->text[i] & 0xC0) != 0x80;
    return n;
}

bool lex_fail(const struct lex *lex, size_t at, struct err *err, const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return FAIL(err, ERR_INPUT, "position %zu: %s", position(lex, at), text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What may stand in a path besides dots, braces and escapes: printable ASCII without the symbols of
 * the grammar, and whatever is not ASCII. */
static bool is_path_char(char c)
{
    unsigned char u = (unsigned char)c;
    return u > 32 && u != 127 && !strchr("(){},.'\"\\|", c);
}

static char peek(const struct lex *lex, size_t at)
{
    return at < lex->n ? lex->text[at] : '\0';
}

static size_t skip_blanks(const struct lex *lex, size_t at)
{
    while (at < lex->n && is_blank(lex->text[at]))
        at++;
    return at;
}

static size_t skip_digits(const struct lex *lex, size_t at)
{
    while (is_digit(peek(lex, at)))
        at++;
    return at;
}

/* A literal ends an argument: nothing but , ) or the end may follow it. */
static bool ends_argument(const struct lex *lex, size_t at)
{
    char next = peek(lex, skip_blanks(lex, at));
    return next == ',' || next == ')' || next == '\0';
}

static bool give(struct lex *lex, enum token_kind kind, size_t from, size_t until,
                 struct token *out)
{
    out->kind = kind;
    out->text = arena_strndup(lex->arena, lex->text + from, until - from);
    return true;
}

/* -?digits[.digits][e-?digits]: the end of it, or at itself when there is none. */
static size_t number_end(const struct lex *lex, size_t at)
{
    size_t digits = at + (peek(lex, at) == '-');
    size_t end = skip_digits(lex, digits);
    if (end == digits)
        return at;
    if (peek(lex, end) == '.' && is_digit(peek(lex, end + 1)))
        end = skip_digits(lex, end + 1);
    if (peek(lex, end) == 'e' || peek(lex, end) == 'E') {
        size_t power = end + 1 + (peek(lex, end + 1) == '-');
        if (is_digit(peek(lex, power)))
            end = skip_digits(lex, power);
    }
    return end;
}

static bool lex_number(struct lex *lex, struct token *out)
{
    size_t end = number_end(lex, lex->at);
    if (end == lex->at || !ends_argument(lex, end))
        return false;
    lex->at = end;
    return give(lex, TOKEN_NUMBER, out->at, end, out);
}

static bool lex_word(struct lex *lex, struct token *out)
{
    static const struct {
        const char *word;
        enum token_kind kind;
    } words[] = {
        {"true", TOKEN_TRUE}, {"false", TOKEN_FALSE}, {"none", TOKEN_NONE}, {"inf", TOKEN_INF}};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t n = strlen(words[i].word);
        if (strncasecmp(lex->text + lex->at, words[i].word, n) != 0 ||
            !ends_argument(lex, lex->at + n))
            continue;
        lex->at += n;
        return give(lex, words[i].kind, out->at, lex->at, out);
    }
    return false;
}

/* Between quotes everything but a line's end stands for itself. A backslash and a doubled quote
 * keep the character behind them from ending the text, and both stay in it. */
static bool lex_text(struct lex *lex, struct token *out, struct err *err)
{
    const char quote = lex->text[lex->at];
    size_t at = lex->at + 1;
    for (;; at++) {
        char c = peek(lex, at);
        if (c == '\0' || c == '\n' || c == '\r')
            return lex_fail(lex, at, err, "expected the closing %c of the text that begins at %zu",
                            quote, position(lex, lex->at));
        if (c == '\\' && peek(lex, at + 1) != '\0')
            at++;
        else if (c == quote && peek(lex, at + 1) == quote)
            at++;
        else if (c == quote)
            break;
    }
    lex->at = at + 1;
    return give(lex, TOKEN_TEXT, out->at + 1, at, out);
}

/* The name of a call or keyword: letters, digits and _, blanks, then the mark. */
static bool lex_name(struct lex *lex, char mark, enum token_kind kind, struct token *out)
{
    size_t at = lex->at;
    if (!is_name_start(peek(lex, at)))
        return false;
    while (is_name_start(peek(lex, at)) || is_digit(peek(lex, at)))
        at++;
    size_t end = at;
    at = skip_blanks(lex, at);
    if (peek(lex, at) != mark)
        return false;
    lex->at = at + 1;
    return give(lex, kind, out->at, end, out);
}

/* Finds the path's end. Braces may hold commas and dots; a node is never empty. */
static bool path_end(const struct lex *lex, size_t *out_end, struct err *err)
{
    size_t at = lex->at, braces = 0, node = at, brace_at = at;
    for (;; at++) {
        char c = peek(lex, at);
        if (c == '\\') {
            if (peek(lex, at + 1) == '\0')
                return lex_fail(lex, at + 1, err, "expected the character that \\ escapes");
            at++;
        } else if (c == '{') {
            brace_at = at;
            braces++;
        } else if (c == '}' && braces) {
            braces--;
        } else if (c == '.' && !braces) {
            if (at == node)
                return lex_fail(lex, at, err, "expected a name before the dot");
            node = at + 1;
        } else if (!is_path_char(c) && !(braces && (c == ',' || c == '.'))) {
            break;
        }
    }
    if (braces)
        return lex_fail(lex, at, err, "expected the } of the { at %zu", position(lex, brace_at));
    if (at == node)
        return lex_fail(lex, at, err,
                        at == lex->at ? "expected a path or a function"
                                      : "expected a name after the dot");
    *out_end = at;
    return true;
}

/* Graphite escapes only what its grammar would trip over and forgets the backslash at once. An
 * escaped dot or equals sign is a plain one; the rest stays escaped in the pattern. */
static void path_texts(struct lex *lex, size_t end, struct token *out)
{
    size_t n = end - out->at, n_text = 0, n_pattern = 0;
    char *text = arena_array(lex->arena, n + 1, char);
    char *pattern = arena_array(lex->arena, n + 1, char);
    for (size_t i = out->at; i < end; i++) {
        char c = lex->text[i];
        if (c == '\\') {
            char next = lex->text[i + 1];
            if (next != '.' && next != '=')
                pattern[n_pattern++] = c;
            c = next;
            i++;
        }
        pattern[n_pattern++] = c;
        text[n_text++] = c;
    }
    text[n_text] = '\0';
    pattern[n_pattern] = '\0';
    out->text = text;
    out->pattern = pattern;
}

static bool lex_path(struct lex *lex, struct token *out, struct err *err)
{
    size_t end = lex->at;
    if (!path_end(lex, &end, err))
        return false;
    out->kind = TOKEN_PATH;
    path_texts(lex, end, out);
    lex->at = end;
    return true;
}

/* .5 reads as a number to people, but Graphite's grammar stops at the dot. */
static bool lex_dotted_number(struct lex *lex, struct token *out)
{
    if (peek(lex, lex->at) != '.' || !is_digit(peek(lex, lex->at + 1)))
        return false;
    size_t end = skip_digits(lex, lex->at + 1);
    if (!ends_argument(lex, end))
        return false;
    lex->at = end;
    return give(lex, TOKEN_DOTTED_NUMBER, out->at, end, out);
}

static bool lex_argument(struct lex *lex, struct token *out, struct err *err)
{
    char c = peek(lex, lex->at);
    if (c == '\'' || c == '"')
        return lex_text(lex, out, err);
    if (lex_name(lex, '(', TOKEN_CALL, out) || lex_name(lex, '=', TOKEN_KEYWORD, out) ||
        lex_number(lex, out) || lex_word(lex, out) || lex_dotted_number(lex, out))
        return true;
    if (c == '\0' || c == ',' || c == ')' || c == '|')
        return lex_fail(lex, lex->at, err, "expected an argument");
    return lex_path(lex, out, err);
}

static bool lex_mark(struct lex *lex, struct token *out)
{
    static const struct {
        char mark;
        enum token_kind kind;
    } marks[] = {{')', TOKEN_CLOSE}, {',', TOKEN_COMMA}, {'|', TOKEN_PIPE}};
    char c = peek(lex, lex->at);
    if (lex->at >= lex->n) {
        out->kind = TOKEN_END;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (c != marks[i].mark)
            continue;
        out->kind = marks[i].kind;
        lex->at++;
        return true;
    }
    return false;
}

static bool lex_at_place(struct lex *lex, enum lex_place place, struct token *out, struct err *err)
{
    switch (place) {
    case LEX_AFTER:
        return lex_mark(lex, out) ||
               lex_fail(lex, lex->at, err, "expected ',', ')', '|' or the end");
    case LEX_ARGUMENT:
        return peek(lex, lex->at) == ')' ? lex_mark(lex, out) : lex_argument(lex, out, err);
    case LEX_EXPRESSION:
        break;
    }
    return lex_name(lex, '(', TOKEN_CALL, out) || lex_path(lex, out, err);
}

bool lex_next(struct lex *lex, enum lex_place place, struct token *out, struct err *err)
{
    lex->at = skip_blanks(lex, lex->at);
    lex->position = position(lex, lex->at);
    lex->counted = lex->at;
    *out = (struct token){.at = lex->at, .position = lex->position, .text = "", .pattern = ""};
    if (!lex_at_place(lex, place, out, err))
        return false;
    out->end = lex->at;
    return true;
}
