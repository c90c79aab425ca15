#include "cli/terminal.h"

#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "cli/env.h"

enum { COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 24, SIZE_MAX_SANE = 1000 };

struct range {
    uint32_t first, last;
};

/* What a terminal obeys instead of showing, and what turns the direction of the text around it. */
static const struct range controls[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},
    {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},
};
/* Characters without a column of their own. */
static const struct range thin[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x0E34, 0x0E3A},
    {0x200B, 0x200D}, {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};
/* Two columns: East Asian wide and fullwidth, and the pictures. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

static bool is_in(uint32_t code, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

/* The character at text, whose length terminal code knows to be n_bytes. */
static uint32_t code_at(const char *text, size_t n_bytes)
{
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)text[0] & first_bits[n_bytes];
    for (size_t i = 1; i < n_bytes; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code;
}

static bool is_utf8_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = env_get(names[i]);
        if (value)
            return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
    }
    return false;
}

static unsigned number_of(const char *name, unsigned fallback)
{
    const char *text = env_get(name);
    int64_t n;
    if (!text || !num_parse_i64(text, strlen(text), &n) || n < 1 || n > SIZE_MAX_SANE)
        return fallback;
    return (unsigned)n;
}

struct terminal terminal_of(int fd)
{
    struct terminal t = {.is_tty = isatty(fd) == 1, .has_utf8 = is_utf8_locale()};
    const char *term = env_get("TERM");
    t.has_colour = t.is_tty && term && strcmp(term, "dumb") != 0 && !env_get("NO_COLOR");
    t.columns = number_of("COLUMNS", COLUMNS_DEFAULT);
    t.rows = number_of("LINES", ROWS_DEFAULT);
    struct winsize size;
    if (!t.is_tty || ioctl(fd, TIOCGWINSZ, &size) != 0)
        return t;
    if (size.ws_col > 0)
        t.columns = size.ws_col;
    if (size.ws_row > 0)
        t.rows = size.ws_row;
    return t;
}

void terminal_clean(struct buf *out, const char *text)
{
    for (size_t left = strlen(text); left;) {
        const size_t n = text_utf8_bytes(text, left);
        const size_t step = n ? n : 1;
        if (n == 0)
            buf_add_char(out, '?');
        else if (is_in(code_at(text, n), controls, COUNT_OF(controls)))
            buf_add_char(out, ' ');
        else
            buf_add(out, text, n);
        text += step;
        left -= step;
    }
}

static unsigned width_at(const char *text, size_t n_bytes)
{
    const uint32_t code = code_at(text, n_bytes);
    if (is_in(code, thin, COUNT_OF(thin)))
        return 0;
    return is_in(code, wide, COUNT_OF(wide)) ? 2 : 1;
}

const char *terminal_cleaned(struct arena *arena, const char *text)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, strlen(text) + 1);
    terminal_clean(&out, text);
    return arena_strdup(arena, buf_text(&out));
}

unsigned terminal_width(const char *text)
{
    unsigned width = 0;
    for (size_t left = strlen(text); left;) {
        const size_t n = text_utf8_bytes(text, left);
        const size_t step = n ? n : 1;
        width += n ? width_at(text, n) : 1;
        text += step;
        left -= step;
    }
    return width;
}

/* Adds as much of text as fits; returns its columns. */
static unsigned add_some(struct buf *out, const char *text, unsigned columns)
{
    unsigned width = 0;
    for (size_t left = strlen(text); left;) {
        const size_t n = text_utf8_bytes(text, left);
        const size_t step = n ? n : 1;
        const unsigned more = n ? width_at(text, n) : 1;
        if (width + more > columns)
            break;
        buf_add(out, text, step);
        width += more;
        text += step;
        left -= step;
    }
    return width;
}

void terminal_fit(struct buf *out, const char *text, unsigned columns, bool has_utf8)
{
    const bool is_cut = terminal_width(text) > columns;
    unsigned width = add_some(out, text, is_cut && columns ? columns - 1 : columns);
    if (is_cut && columns) {
        buf_add_str(out, has_utf8 ? "\xE2\x80\xA6" : "~");
        width++;
    }
    for (; width < columns; width++)
        buf_add_char(out, ' ');
}

const char *terminal_grouped(struct arena *arena, uint64_t n)
{
    const unsigned last = (unsigned)(n % 1000);
    if (n < 1000)
        return arena_printf(arena, "%u", last);
    return arena_printf(arena, "%s,%03u", terminal_grouped(arena, n / 1000), last);
}
