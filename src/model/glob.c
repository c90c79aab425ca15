/* How a pattern becomes something to match with:
 *  1. It is read once into tokens; brackets and braces must close.
 *  2. Braces are multiplied out, leftmost and outermost first, into alternatives without braces.
 *  3. Alternatives that are plain text are sorted, to be found by bisection; the others are tried
 *     one by one. A star is matched by going back to the last star only, so that one alternative
 *     costs at most (pattern length x text length) steps, whatever is typed.
 * A character is a Unicode code point; a byte that is no UTF-8 counts as one. */
#include "model/glob.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    ALTERNATIVES_MAX = 10000,    /* past this a pattern is a mistake or an attack */
    TOKENS_MAX = 2000000,        /* 8 bytes each: what multiplying out may cost in all */
    PATTERN_BYTES_MAX = 1 << 20, /* fits 10,000 names of 100 bytes in one brace list */
    SHOWN_BYTES_MAX = 200,       /* of a pattern in a message */
};

enum token_kind {
    TOKEN_BYTE, /* value: the byte */
    TOKEN_ANY,
    TOKEN_STAR,
    TOKEN_CLASS, /* value: index into classes */
    TOKEN_OPEN,
    TOKEN_COMMA,
    TOKEN_CLOSE,
};

struct token {
    uint32_t kind;
    uint32_t value;
};

struct class_range {
    uint32_t first, last; /* code points, both included */
};

struct class
{
    struct class_range *ranges;
    size_t n, cap;
    bool is_negated;
};

/* A run of tokens; without braces once the pattern is compiled. */
struct run {
    const struct token *tokens;
    size_t n;
};

struct glob {
    struct str *literals; /* sorted, each once */
    size_t n_literals, cap_literals;
    struct run *patterns;
    size_t n_patterns, cap_patterns;
    struct class *classes;
    size_t n_classes, cap_classes;
    struct str prefix;
};

struct compiler {
    struct arena *arena;
    struct glob *glob;
    const char *whole; /* what the user typed, for messages; pattern lies in it */
    size_t whole_n;
    struct str pattern;
    struct token *tokens;
    size_t n_tokens, cap_tokens;
    struct run *work; /* runs that may still hold braces */
    size_t n_work, cap_work;
    size_t n_made; /* tokens made by multiplying out */
    bool has_dot;  /* no node of a name holds a dot: nothing can match */
};

/* One code point of text at *io_at, which moves past it. */
static uint32_t next_char(struct str text, size_t *io_at)
{
    static const uint8_t lengths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4};
    static const uint8_t masks[5] = {0, 0xFF, 0x1F, 0x0F, 0x07};
    const unsigned char *at = (const unsigned char *)text.at + *io_at;
    const size_t n = lengths[at[0] >> 4];
    uint32_t c = at[0] & masks[n];
    for (size_t i = 1; i < n; i++) {
        if (*io_at + i >= text.n || (at[i] & 0xC0) != 0x80) {
            *io_at += 1;
            return at[0];
        }
        c = c << 6 | (at[i] & 0x3Fu);
    }
    *io_at += n;
    return c;
}

/* The typed text, cut, for a message. */
static const char *shown(const struct compiler *compiler)
{
    const size_t n = min_size(compiler->whole_n, SHOWN_BYTES_MAX);
    return arena_strndup(compiler->arena, compiler->whole, n);
}

/* Where the pattern's byte `at` stands in what was typed, counted from 1. */
static size_t position(const struct compiler *compiler, size_t at)
{
    return (size_t)(compiler->pattern.at - compiler->whole) + at + 1;
}

static bool fail_too_many(const struct compiler *compiler, struct err *err)
{
    return FAIL(err, ERR_LIMIT, "the braces of '%s' multiply past %d alternatives or %d characters",
                shown(compiler), ALTERNATIVES_MAX, TOKENS_MAX);
}

static void token_add(struct compiler *compiler, enum token_kind kind, uint32_t value)
{
    arena_grow(compiler->arena, &compiler->tokens, &compiler->cap_tokens, compiler->n_tokens + 1,
               sizeof(struct token));
    compiler->tokens[compiler->n_tokens++] = (struct token){kind, value};
}

/* A member of a class at *io_at: one code point, escaped or not. */
static uint32_t class_member(struct str pattern, size_t *io_at)
{
    if (pattern.at[*io_at] == '\\' && *io_at + 1 < pattern.n)
        (*io_at)++;
    return next_char(pattern, io_at);
}

/* Where the ']' of the class that opens at `open` stands; text.n when there is none. A ']' that
 * comes first is a member. */
static size_t class_end(struct str text, size_t open)
{
    size_t at = open + 1;
    at += at < text.n && text.at[at] == '!';
    const size_t first = at;
    while (at < text.n && (at == first || text.at[at] != ']'))
        at += text.at[at] == '\\' ? 2 : 1;
    return min_size(at, text.n);
}

/* The class whose '[' is at *io_at; *io_at moves past its ']'. A range backwards, [z-a], holds
 * nothing. */
static bool class_parse(struct compiler *compiler, size_t *io_at, struct err *err)
{
    const size_t end = class_end(compiler->pattern, *io_at);
    if (end == compiler->pattern.n)
        return FAIL(err, ERR_INPUT, "'[' at position %zu of '%s' is not closed by ']'",
                    position(compiler, *io_at), shown(compiler));

    size_t at = *io_at + 1;
    struct class class = {.is_negated = compiler->pattern.at[at] == '!'};
    at += class.is_negated;
    const struct str members = str_make(compiler->pattern.at, end);
    while (at < end) {
        struct class_range range;
        compiler->has_dot = compiler->has_dot || members.at[at] == '.';
        range.first = class_member(members, &at);
        range.last = range.first;
        if (at + 1 < end && members.at[at] == '-') {
            at++;
            range.last = class_member(members, &at);
        }
        arena_grow(compiler->arena, &class.ranges, &class.cap, class.n + 1, sizeof(range));
        class.ranges[class.n++] = range;
    }

    struct glob *glob = compiler->glob;
    arena_grow(compiler->arena, &glob->classes, &glob->cap_classes, glob->n_classes + 1,
               sizeof(class));
    glob->classes[glob->n_classes] = class;
    token_add(compiler, TOKEN_CLASS, (uint32_t)glob->n_classes++);
    *io_at = end + 1;
    return true;
}

/* Everything but a class. A comma or '}' outside of open braces is plain. */
static void token_parse(struct compiler *compiler, size_t *io_at, size_t *io_depth)
{
    const struct str pattern = compiler->pattern;
    char c = pattern.at[(*io_at)++];
    enum token_kind kind = TOKEN_BYTE;
    if (c == '\\' && *io_at < pattern.n) {
        c = pattern.at[(*io_at)++];
    } else if (c == '*') {
        kind = TOKEN_STAR;
    } else if (c == '?') {
        kind = TOKEN_ANY;
    } else if (c == '{') {
        kind = TOKEN_OPEN;
        (*io_depth)++;
    } else if (c == ',' && *io_depth > 0) {
        kind = TOKEN_COMMA;
    } else if (c == '}' && *io_depth > 0) {
        kind = TOKEN_CLOSE;
        (*io_depth)--;
    }
    compiler->has_dot = compiler->has_dot || (kind == TOKEN_BYTE && c == '.');
    token_add(compiler, kind, (unsigned char)c);
}

static bool tokenise(struct compiler *compiler, struct err *err)
{
    const struct str pattern = compiler->pattern;
    size_t depth = 0;
    size_t open = 0; /* the outermost brace that is open */
    size_t at = 0;
    while (at < pattern.n) {
        if (pattern.at[at] == '[') {
            if (!class_parse(compiler, &at, err))
                return false;
            continue;
        }
        if (depth == 0)
            open = at;
        token_parse(compiler, &at, &depth);
    }
    if (depth > 0)
        return FAIL(err, ERR_INPUT, "'{' at position %zu of '%s' is not closed by '}'",
                    position(compiler, open), shown(compiler));
    return true;
}

static struct run slice(struct run run, size_t from, size_t until)
{
    return (struct run){run.tokens + from, until - from};
}

/* Puts three runs, joined, on the work list. */
static bool work_add(struct compiler *compiler, const struct run parts[3], struct err *err)
{
    const size_t n = parts[0].n + parts[1].n + parts[2].n;
    compiler->n_made += n;
    if (compiler->n_work >= ALTERNATIVES_MAX || compiler->n_made > TOKENS_MAX)
        return fail_too_many(compiler, err);

    struct token *tokens = arena_array(compiler->arena, n, struct token);
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].n > 0)
            memcpy(tokens + at, parts[i].tokens, parts[i].n * sizeof(struct token));
        at += parts[i].n;
    }
    arena_grow(compiler->arena, &compiler->work, &compiler->cap_work, compiler->n_work + 1,
               sizeof(struct run));
    compiler->work[compiler->n_work++] = (struct run){tokens, n};
    return true;
}

/* Replaces the brace group that opens at `open` by each of its pieces, all on the work list. */
static bool expand_group(struct compiler *compiler, struct run run, size_t open, struct err *err)
{
    size_t close = open;
    for (size_t depth = 0; close < run.n; close++) {
        depth += run.tokens[close].kind == TOKEN_OPEN;
        depth -= run.tokens[close].kind == TOKEN_CLOSE;
        if (depth == 0)
            break;
    }
    BUG_IF(close == run.n); /* tokenise lets no open brace pass */

    struct run parts[3] = {slice(run, 0, open), {NULL, 0}, slice(run, close + 1, run.n)};
    size_t from = open + 1;
    size_t depth = 0;
    for (size_t i = from; i <= close; i++) {
        const uint32_t kind = run.tokens[i].kind;
        if (i == close || (kind == TOKEN_COMMA && depth == 0)) {
            parts[1] = slice(run, from, i);
            from = i + 1;
            if (!work_add(compiler, parts, err))
                return false;
        }
        depth += kind == TOKEN_OPEN;
        depth -= kind == TOKEN_CLOSE && depth > 0;
    }
    return true;
}

/* How many plain bytes a run begins with. */
static size_t plain_prefix(struct run run)
{
    size_t n = 0;
    while (n < run.n && run.tokens[n].kind == TOKEN_BYTE)
        n++;
    return n;
}

static struct str run_text(struct run run, struct arena *arena)
{
    char *text = arena_array(arena, run.n + 1, char);
    for (size_t i = 0; i < run.n; i++)
        text[i] = (char)run.tokens[i].value;
    text[run.n] = '\0';
    return str_make(text, run.n);
}

/* Keeps a run without braces. */
static void keep(struct compiler *compiler, struct run run)
{
    struct glob *glob = compiler->glob;
    if (plain_prefix(run) == run.n) {
        arena_grow(compiler->arena, &glob->literals, &glob->cap_literals, glob->n_literals + 1,
                   sizeof(glob->literals[0]));
        glob->literals[glob->n_literals++] = run_text(run, compiler->arena);
        return;
    }
    arena_grow(compiler->arena, &glob->patterns, &glob->cap_patterns, glob->n_patterns + 1,
               sizeof(glob->patterns[0]));
    glob->patterns[glob->n_patterns++] = run;
}

static bool expand(struct compiler *compiler, struct err *err)
{
    const struct run whole[3] = {{compiler->tokens, compiler->n_tokens}};
    if (!work_add(compiler, whole, err))
        return false;
    while (compiler->n_work > 0) {
        const struct run run = compiler->work[--compiler->n_work];
        size_t open = 0;
        while (open < run.n && run.tokens[open].kind != TOKEN_OPEN)
            open++;
        if (open < run.n) {
            if (!expand_group(compiler, run, open, err))
                return false;
            continue;
        }
        if (compiler->glob->n_literals + compiler->glob->n_patterns >= ALTERNATIVES_MAX)
            return fail_too_many(compiler, err);
        keep(compiler, run);
    }
    return true;
}

static int literal_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void sort_literals(struct glob *glob)
{
    if (glob->n_literals < 2)
        return;
    qsort(glob->literals, glob->n_literals, sizeof(glob->literals[0]), literal_cmp);
    size_t n = 1;
    for (size_t i = 1; i < glob->n_literals; i++) {
        if (!str_eq(glob->literals[i], glob->literals[n - 1]))
            glob->literals[n++] = glob->literals[i];
    }
    glob->n_literals = n;
}

static size_t common_prefix(struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.at[n] == b.at[n])
        n++;
    return n;
}

static void find_prefix(struct glob *glob, struct arena *arena)
{
    bool is_first = true;
    if (glob->n_literals > 0) {
        glob->prefix = glob->literals[0];
        glob->prefix.n = common_prefix(glob->prefix, glob->literals[glob->n_literals - 1]);
        is_first = false;
    }
    for (size_t i = 0; i < glob->n_patterns; i++) {
        const struct run run = glob->patterns[i];
        const struct str prefix = run_text(slice(run, 0, plain_prefix(run)), arena);
        glob->prefix.n = is_first ? prefix.n : common_prefix(glob->prefix, prefix);
        glob->prefix.at = is_first ? prefix.at : glob->prefix.at;
        is_first = false;
    }
}

/* pattern lies in whole, which messages show. */
static bool compile(struct str pattern, struct str whole, struct arena *arena, struct glob **out,
                    struct err *err)
{
    struct compiler compiler = {
        .arena = arena, .pattern = pattern, .whole = whole.at, .whole_n = whole.n};
    compiler.glob = arena_zalloc(arena, sizeof(struct glob));
    compiler.glob->prefix = str_make("", 0);
    if (pattern.n > PATTERN_BYTES_MAX)
        return FAIL(err, ERR_LIMIT, "a pattern of %zu bytes; at most %d are taken", pattern.n,
                    PATTERN_BYTES_MAX);
    if (!tokenise(&compiler, err))
        return false;
    if (!compiler.has_dot) {
        if (!expand(&compiler, err))
            return false;
        sort_literals(compiler.glob);
        find_prefix(compiler.glob, arena);
    }
    *out = compiler.glob;
    return true;
}

bool glob_compile(struct str pattern, struct arena *arena, struct glob **out, struct err *err)
{
    return compile(pattern, pattern, arena, out, err);
}

static bool class_has(const struct class *class, uint32_t c)
{
    for (size_t i = 0; i < class->n; i++) {
        if (c >= class->ranges[i].first && c <= class->ranges[i].last)
            return !class->is_negated;
    }
    return class->is_negated;
}

/* Does one token (no star) take what stands at *io_at? Then *io_at moves past it. */
static bool take(const struct glob *glob, struct token token, struct str text, size_t *io_at)
{
    if (token.kind == TOKEN_BYTE) {
        if ((unsigned char)text.at[*io_at] != token.value)
            return false;
        (*io_at)++;
        return true;
    }
    size_t at = *io_at;
    const uint32_t c = next_char(text, &at);
    if (token.kind == TOKEN_CLASS && !class_has(&glob->classes[token.value], c))
        return false;
    *io_at = at;
    return true;
}

static bool run_match(const struct glob *glob, struct run run, struct str text)
{
    size_t i = 0;
    size_t at = 0;
    size_t star_i = 0; /* past the last star; 0: none yet */
    size_t star_at = 0;
    while (at < text.n) {
        if (i < run.n && run.tokens[i].kind == TOKEN_STAR) {
            star_i = ++i;
            star_at = at;
            if (i == run.n)
                return true;
        } else if (i < run.n && take(glob, run.tokens[i], text, &at)) {
            i++;
        } else if (star_i > 0) {
            (void)next_char(text, &star_at);
            at = star_at;
            i = star_i;
        } else {
            return false;
        }
    }
    while (i < run.n && run.tokens[i].kind == TOKEN_STAR)
        i++;
    return i == run.n;
}

static bool literals_have(const struct glob *glob, struct str text)
{
    size_t from = 0;
    size_t until = glob->n_literals;
    while (from < until) {
        const size_t middle = from + (until - from) / 2;
        const int order = str_cmp(text, glob->literals[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            until = middle;
        else
            from = middle + 1;
    }
    return false;
}

bool glob_match(const struct glob *glob, struct str text)
{
    const struct str prefix = glob->prefix;
    if (text.n < prefix.n || (prefix.n > 0 && memcmp(text.at, prefix.at, prefix.n) != 0))
        return false;
    if (glob->n_literals > 0 && literals_have(glob, text))
        return true;
    for (size_t i = 0; i < glob->n_patterns; i++) {
        if (run_match(glob, glob->patterns[i], text))
            return true;
    }
    return false;
}

bool glob_is_literal(const struct glob *glob, struct str *out)
{
    if (glob->n_patterns > 0 || glob->n_literals != 1)
        return false;
    *out = glob->literals[0];
    return true;
}

bool glob_literals(const struct glob *glob, const struct str **out, size_t *out_n)
{
    if (glob->n_patterns > 0)
        return false;
    *out = glob->literals;
    *out_n = glob->n_literals;
    return true;
}

bool glob_is_any(const struct glob *glob)
{
    return glob->n_patterns > 0 && glob->patterns[0].n == 1 &&
           glob->patterns[0].tokens[0].kind == TOKEN_STAR;
}

struct str glob_prefix(const struct glob *glob)
{
    return glob->prefix;
}

/* The end of the node that begins at `at`: the next dot outside brackets and braces, or the end. */
static size_t node_end(struct str path, size_t at)
{
    size_t depth = 0;
    while (at < path.n) {
        const char c = path.at[at];
        if (c == '.' && depth == 0)
            return at;
        depth += c == '{';
        depth -= c == '}' && depth > 0;
        if (c == '\\')
            at++;
        else if (c == '[')
            at = class_end(path, at);
        at++;
    }
    return path.n;
}

/* A dot separates nodes even when it is escaped: no node can hold one. */
static struct str without_escaped_dots(const char *pattern, struct arena *arena)
{
    const size_t n = strlen(pattern);
    char *text = arena_array(arena, n + 1, char);
    size_t n_text = 0;
    for (size_t i = 0; i < n; i++) {
        const bool is_escape = pattern[i] == '\\' && i + 1 < n;
        if (is_escape && pattern[i + 1] != '.')
            text[n_text++] = pattern[i];
        i += is_escape;
        text[n_text++] = pattern[i];
    }
    text[n_text] = '\0';
    return str_make(text, n_text);
}

bool glob_path_compile(const char *pattern, struct arena *arena, struct glob_path *out,
                       struct err *err)
{
    const struct str whole = without_escaped_dots(pattern, arena);
    struct glob_path path = {0};
    size_t cap = 0;
    size_t cap_any = 0;
    for (size_t at = 0; at < whole.n;) {
        const size_t end = node_end(whole, at);
        const struct str node = str_make(whole.at + at, end - at);
        at = end + 1;
        if (node.n == 0) /* "a..b" is "a.b", as in names */
            continue;
        arena_grow(arena, &path.nodes, &cap, path.n_nodes + 1, sizeof(struct glob *));
        arena_grow(arena, &path.is_any_depth, &cap_any, path.n_nodes + 1, sizeof(bool));
        if (!compile(node, whole, arena, &path.nodes[path.n_nodes], err))
            return false;
        path.is_any_depth[path.n_nodes++] = str_is(node, "**");
    }
    if (path.n_nodes == 0)
        return FAIL(err, ERR_INPUT, "an empty path");
    *out = path;
    return true;
}

/* What follows the first node of a dotted path; NULL when nothing does. */
static const char *after_node(const char *dotted)
{
    const char *dot = strchr(dotted, '.');
    return dot ? dot + 1 : NULL;
}

static bool node_match(const struct glob_path *path, size_t i, const char *dotted)
{
    if (i == path->n_nodes)
        return false;
    return glob_match(path->nodes[i], str_make(dotted, strcspn(dotted, ".")));
}

/* As run_match, a level higher: nodes for characters, "**" for the star. */
bool glob_path_match(const struct glob_path *path, const char *dotted)
{
    const char *rest = dotted; /* NULL once every node is taken */
    const char *deep_rest = NULL;
    size_t i = 0;
    size_t deep_i = 0; /* past the last "**"; 0: none yet */
    while (rest != NULL) {
        if (i < path->n_nodes && path->is_any_depth[i]) {
            deep_i = ++i;
            deep_rest = rest;
            if (i == path->n_nodes)
                return true;
        } else if (node_match(path, i, rest)) {
            i++;
            rest = after_node(rest);
        } else if (deep_i > 0) {
            deep_rest = after_node(deep_rest);
            rest = deep_rest;
            i = deep_i;
        } else {
            return false;
        }
    }
    return i == path->n_nodes;
}

bool glob_has_pattern(const char *text)
{
    return strpbrk(text, "*?[{\\") != NULL;
}
