#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    PATTERN_BYTES_MAX = 16384,  /* a request line may be long, but nobody means such a pattern */
    SUB_BYTES_MAX = 1 << 20,    /* of one replaced text: names are at most a few kilobytes */
    MATCH_STEPS_MAX = 1000000,  /* some milliseconds of backtracking, then it is no match */
    MATCH_HEAP_KIB_MAX = 20000, /* PCRE2's own default; used by the interpreter only */
    GROUP_NAME_BYTES_MAX = 32,  /* PCRE2 knows no longer names */
};

/* Python patterns work on characters. PCRE2 may only be shown valid UTF-8, so a text that is not
 * valid meets a second compilation that works on bytes. */
struct regex {
    pcre2_code *search;   /* UTF-8; bytes if the pattern itself is not UTF-8 */
    pcre2_code *anchored; /* the same at the start only: the JIT has no such option at match time */
    pcre2_code *bytes;    /* NULL if the pattern asks for what only characters have */
    pcre2_match_context *limits;
    bool is_utf8;
};

static void *heap_alloc(size_t bytes, void *unused UNUSED)
{
    return mem_alloc(bytes);
}

static void heap_free(void *block, void *unused UNUSED)
{
    mem_free(block);
}

static void general_done(pcre2_general_context **general)
{
    pcre2_general_context_free(*general);
}

static void compile_done(pcre2_compile_context **context)
{
    pcre2_compile_context_free(*context);
}

static void match_done(pcre2_match_data **match)
{
    pcre2_match_data_free(*match);
}

static void regex_done(struct regex **regex)
{
    regex_free(*regex);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Writes the escape at text ("\Z") for PCRE2; returns how many bytes of text it was. */
static size_t translate_escape(const char *text, size_t n, bool in_class, struct buf *out)
{
    if (n >= 2 && text[1] == 'Z' && !in_class) {
        buf_add(out, "\\z", 2); /* the very end; PCRE2's \Z allows a line end after it */
        return 2;
    }
    const size_t n_hex = n < 2 ? 0 : text[1] == 'u' ? 4 : text[1] == 'U' ? 8 : 0;
    size_t i = 2;
    while (n_hex && i < n && i < 2 + n_hex && is_hex(text[i]))
        i++;
    if (n_hex && i == 2 + n_hex) {
        buf_printf(out, "\\x{%.*s}", (int)n_hex, text + 2);
        return i;
    }
    buf_add(out, text, min_size(2, n));
    return min_size(2, n);
}

/* "{,3}" or "{,}": PCRE2 wants the 0 that Python leaves out. */
static bool is_open_repeat(const char *text, size_t n)
{
    size_t i = 2;
    if (n < 3 || text[0] != '{' || text[1] != ',')
        return false;
    while (i < n && is_digit(text[i]))
        i++;
    return i < n && text[i] == '}';
}

/* Bytes that open a [class]: a bracket right after "[" or "[^" is a character of it. */
static size_t class_opening(const char *text, size_t n)
{
    size_t i = 1;
    if (i < n && text[i] == '^')
        i++;
    return i < n && text[i] == ']' ? i + 1 : i;
}

/* The few places where Python's syntax means something else; see translate_escape too. */
static bool translate(struct str pattern, struct buf *out, struct err *err)
{
    bool in_class = false;
    for (size_t i = 0; i < pattern.n;) {
        const char *at = pattern.at + i;
        const size_t left = pattern.n - i;
        size_t n = 1;
        if (*at == '\\') {
            i += translate_escape(at, left, in_class, out);
            continue;
        }
        /* PCRE2 would read a command here, such as one that lifts our limits. */
        if (!in_class && left >= 2 && at[0] == '(' && at[1] == '*')
            return FAIL(err, ERR_INPUT, "regular expression: nothing to repeat at position %zu",
                        i + 1);
        if (!in_class && *at == '[') {
            in_class = true;
            n = class_opening(at, left);
        } else if (*at == ']') {
            in_class = false;
        }
        buf_add(out, at, n);
        if (!in_class && is_open_repeat(at, left))
            buf_add_char(out, '0');
        i += n;
    }
    return true;
}

/* NULL, and *err set, if PCRE2 refuses. */
static pcre2_code *compile(struct str pattern, uint32_t options, struct err *err)
{
    CLEANUP(general_done)
    pcre2_general_context *general = pcre2_general_context_create(heap_alloc, heap_free, NULL);
    CLEANUP(compile_done)
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF); /* as Python, whatever PCRE2 was built for */

    int code = 0;
    PCRE2_SIZE at = 0;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern.at, pattern.n,
                                         options | PCRE2_NEVER_BACKSLASH_C, &code, &at, context);
    if (!compiled) {
        PCRE2_UCHAR reason[160];
        pcre2_get_error_message(code, reason, sizeof(reason));
        err_set(err, ERR_INPUT, "regular expression: %s at position %zu", (const char *)reason,
                (size_t)at);
    }
    return compiled;
}

static pcre2_match_context *limits_new(void)
{
    CLEANUP(general_done)
    pcre2_general_context *general = pcre2_general_context_create(heap_alloc, heap_free, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(general);
    pcre2_set_match_limit(limits, MATCH_STEPS_MAX);
    pcre2_set_heap_limit(limits, MATCH_HEAP_KIB_MAX);
    return limits;
}

bool regex_compile(const char *pattern, struct regex **out, struct err *err)
{
    const struct str given = str_of(pattern);
    if (given.n > PATTERN_BYTES_MAX)
        return FAIL(err, ERR_INPUT, "regular expression: longer than %d bytes", PATTERN_BYTES_MAX);

    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 4 * PATTERN_BYTES_MAX); /* no translation is longer than that */
    if (!translate(given, &text, err))
        return false;

    const struct str translated = str_make(buf_text(&text), text.n);
    CLEANUP(regex_done) struct regex *regex = mem_array(1, struct regex);
    regex->is_utf8 = text_is_utf8(given.at, given.n);
    const uint32_t options = regex->is_utf8 ? PCRE2_UTF | PCRE2_UCP : PCRE2_NEVER_UTF;
    regex->search = compile(translated, options, err);
    if (!regex->search)
        return false;
    regex->anchored = compile(translated, options | PCRE2_ANCHORED, err);
    if (!regex->anchored)
        return false;
    if (regex->is_utf8)
        regex->bytes = compile(translated, PCRE2_NEVER_UTF, NULL);
    regex->limits = limits_new();
    /* Without a JIT on this machine the interpreter does the same, slower. */
    pcre2_jit_compile(regex->search, PCRE2_JIT_COMPLETE);
    pcre2_jit_compile(regex->anchored, PCRE2_JIT_COMPLETE);
    *out = regex;
    regex = NULL;
    return true;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->search);
    pcre2_code_free(regex->anchored);
    pcre2_code_free(regex->bytes);
    pcre2_match_context_free(regex->limits);
    mem_free(regex);
}

/* What to run on a text, and with which options. */
struct plan {
    const pcre2_code *code; /* NULL: nothing can match */
    uint32_t options;
};

static struct plan plan_for(const struct regex *regex, struct str text, bool is_anchored)
{
    const pcre2_code *code = is_anchored ? regex->anchored : regex->search;
    if (!regex->is_utf8)
        return (struct plan){.code = code};
    if (text_is_utf8(text.at, text.n))
        return (struct plan){.code = code, .options = PCRE2_NO_UTF_CHECK};
    return (struct plan){.code = regex->bytes, .options = is_anchored ? PCRE2_ANCHORED : 0};
}

/* True for a match at from_byte or later. */
static bool run(const struct regex *regex, struct plan plan, struct str text, size_t from_byte,
                pcre2_match_data *match)
{
    PCRE2_SPTR at = (PCRE2_SPTR)(text.at ? text.at : "");
    int groups = pcre2_match(plan.code, at, text.n, from_byte, plan.options, match, regex->limits);
    if (groups == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter may use more memory */
        groups = pcre2_match(plan.code, at, text.n, from_byte, plan.options | PCRE2_NO_JIT, match,
                             regex->limits);
    return groups > 0;
}

static bool has_match(const struct regex *regex, struct str text, bool is_anchored)
{
    const struct plan plan = plan_for(regex, text, is_anchored);
    if (!plan.code)
        return false;
    CLEANUP(match_done)
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(plan.code, NULL);
    return run(regex, plan, text, 0, match);
}

bool regex_search(const struct regex *regex, const char *text, size_t n)
{
    return has_match(regex, str_make(text, n), false);
}

bool regex_match(const struct regex *regex, const char *text, size_t n)
{
    return has_match(regex, str_make(text, n), true);
}

/* A replacement being written out for one match; without a match it is only checked. */
struct template
{
    const pcre2_code *code;
    uint32_t n_groups;
    struct str rest; /* of the replacement */
    const char *text;
    const PCRE2_SIZE *groups; /* start and end of each in text; NULL: check only */
    struct buf *out;
    struct err *err;
};

static void skip(struct template *t, size_t n)
{
    t->rest = str_make(t->rest.at + n, t->rest.n - n);
}

static void put(struct template *t, const char *bytes, size_t n)
{
    if (t->groups)
        buf_add(t->out, bytes, n);
}

static bool put_group(struct template *t, int64_t group)
{
    if (group < 0 || group > t->n_groups)
        return FAIL(t->err, ERR_INPUT, "replacement: there is no group %lld", (long long)group);
    if (!t->groups)
        return true;
    const PCRE2_SIZE from = t->groups[2 * group], until = t->groups[2 * group + 1];
    if (from != PCRE2_UNSET && from < until) /* a group that took no part is empty */
        put(t, t->text + from, until - from);
    return true;
}

/* After "\g": "<1>" or "<name>". */
static bool put_named(struct template *t)
{
    const char *end = t->rest.n ? memchr(t->rest.at, '>', t->rest.n) : NULL;
    if (!end || t->rest.at[0] != '<')
        return FAIL(t->err, ERR_INPUT, "replacement: \\g wants a group, as in \\g<1>");

    char name[GROUP_NAME_BYTES_MAX + 1];
    const size_t n = (size_t)(end - t->rest.at) - 1;
    int64_t group = 0;
    size_t n_digits = 0;
    for (; n_digits < n && is_digit(t->rest.at[1 + n_digits]); n_digits++)
        group = min_i64(group * 10 + (t->rest.at[1 + n_digits] - '0'), INT32_MAX);
    if (n == 0 || n_digits < n) {
        group = -1;
        if (n < sizeof(name)) {
            memcpy(name, t->rest.at + 1, n);
            name[n] = '\0';
            group = pcre2_substring_number_from_name(t->code, (PCRE2_SPTR)name);
        }
    }
    if (group < 0)
        return FAIL(t->err, ERR_INPUT, "replacement: there is no group '%.*s'",
                    (int)min_size(n, 2 * GROUP_NAME_BYTES_MAX), t->rest.at + 1);
    skip(t, n + 2);
    return put_group(t, group);
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* After "\": "0", "07" or three octal digits are a character, else one or two digits a group. */
static bool put_number(struct template *t)
{
    const char *at = t->rest.at;
    const size_t n = t->rest.n;
    const bool is_char =
        at[0] == '0' || (n >= 3 && is_octal(at[0]) && is_octal(at[1]) && is_octal(at[2]));
    if (!is_char) {
        const bool has_two = n >= 2 && is_digit(at[1]);
        const int group = has_two ? (at[0] - '0') * 10 + (at[1] - '0') : at[0] - '0';
        skip(t, has_two ? 2 : 1);
        return put_group(t, group);
    }
    unsigned value = 0;
    size_t i = 0;
    for (; i < 3 && i < n && is_octal(at[i]); i++)
        value = value * 8 + (unsigned)(at[i] - '0');
    if (value == 0 || value > 0x7f)
        return FAIL(t->err, ERR_INPUT, "replacement: \\%.*s is not an ASCII character", (int)i, at);
    skip(t, i);
    put(t, &(const char){(char)value}, 1);
    return true;
}

/* After "\". */
static bool put_escape(struct template *t)
{
    static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
    if (t->rest.n == 0)
        return FAIL(t->err, ERR_INPUT, "replacement: a \\ at the end");

    const char c = t->rest.at[0];
    if (is_digit(c))
        return put_number(t);
    skip(t, 1);
    if (c == 'g')
        return put_named(t);
    const char *letter = memchr(letters, c, sizeof(letters) - 1);
    if (letter)
        put(t, &meanings[letter - letters], 1);
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return FAIL(t->err, ERR_INPUT, "replacement: \\%c means nothing", c);
    else if (c == '\\')
        put(t, "\\", 1);
    else
        put(t, t->rest.at - 2, 2);
    return true;
}

static bool expand(struct template t)
{
    while (t.rest.n) {
        const char *escape = memchr(t.rest.at, '\\', t.rest.n);
        const size_t n = escape ? (size_t)(escape - t.rest.at) : t.rest.n;
        put(&t, t.rest.at, n);
        skip(&t, n);
        if (!escape)
            break;
        skip(&t, 1);
        if (!put_escape(&t))
            return false;
    }
    return true;
}

bool regex_sub(const struct regex *regex, const char *replacement, const char *text,
               struct arena *arena, const char **out, struct err *err)
{
    const struct str subject = str_of(text);
    CLEANUP(buf_done) struct buf result;
    buf_init(&result, SUB_BYTES_MAX);
    struct template template = {
        .code = regex->search,
        .rest = str_of(replacement),
        .text = text,
        .out = &result,
        .err = err,
    };
    pcre2_pattern_info(regex->search, PCRE2_INFO_CAPTURECOUNT, &template.n_groups);
    if (!expand(template)) /* a wrong one is told even if nothing matches */
        return false;

    struct plan plan = plan_for(regex, subject, false);
    CLEANUP(match_done)
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(regex->search, NULL);
    template.groups = pcre2_get_ovector_pointer(match);
    size_t done = 0; /* bytes of text that are in the result */
    while (plan.code && !result.is_full && run(regex, plan, subject, done, match)) {
        const size_t from = template.groups[0], until = template.groups[1];
        buf_add(&result, text + done, from - done);
        if (!expand(template))
            return false;
        /* Python: no second empty match where one was, but one may follow a longer match. */
        plan.options &= ~(uint32_t)PCRE2_NOTEMPTY_ATSTART;
        plan.options |= from == until ? PCRE2_NOTEMPTY_ATSTART : 0;
        done = until;
    }
    buf_add(&result, text + done, subject.n - done);
    if (result.is_full)
        return FAIL(err, ERR_LIMIT, "replacement: the result is longer than %d bytes",
                    SUB_BYTES_MAX);
    *out = arena_strndup(arena, buf_text(&result), result.n);
    return true;
}
