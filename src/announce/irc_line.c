#include "announce/irc_line.h"

#include <string.h>

#include "base/num.h"
#include "base/str.h"

/* Cuts a word off: returns it ended by NUL, and moves *at to what follows the blanks. */
static char *cut_word(char **at)
{
    char *word = *at;
    char *end = word + strcspn(word, " ");
    if (*end)
        *end++ = '\0';
    *at = end + strspn(end, " ");
    return word;
}

static void cut_prefix(char *prefix, struct irc_line *out)
{
    out->nick = prefix;
    char *host = strchr(prefix, '@');
    if (host) {
        *host++ = '\0';
        out->host = host;
    }
    char *user = strchr(prefix, '!');
    if (user) {
        *user++ = '\0';
        out->user = user;
    }
}

bool irc_line_parse(char *io_text, struct irc_line *out)
{
    char *at = io_text + strspn(io_text, " ");
    *out = (struct irc_line){.tags = "", .nick = "", .user = "", .host = "", .command = ""};
    if (*at == '@')
        out->tags = cut_word(&at) + 1;
    if (*at == ':')
        cut_prefix(cut_word(&at) + 1, out);
    out->command = cut_word(&at);
    while (*at && out->n_params < IRC_PARAMS_MAX) {
        const bool is_last = *at == ':' || out->n_params == IRC_PARAMS_MAX - 1;
        at += *at == ':';
        out->params[out->n_params++] = is_last ? at : cut_word(&at);
        if (is_last)
            break;
    }
    return out->command[0] != '\0';
}

const char *irc_line_param(const struct irc_line *line, size_t i)
{
    return i < line->n_params ? line->params[i] : "";
}

static char unescaped(char c)
{
    switch (c) {
    case ':':
        return ';';
    case 's':
        return ' ';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return c;
    }
}

bool irc_line_tag(const struct irc_line *line, const char *key, char *out, size_t out_bytes)
{
    struct str rest = str_of(line->tags), tag;
    const size_t n_key = strlen(key);
    while (line->tags[0] && str_split(&rest, ';', &tag)) {
        if (!str_starts(tag, key) || (tag.n > n_key && tag.at[n_key] != '='))
            continue;
        size_t n = 0;
        for (size_t i = n_key + 1; i < tag.n && n + 1 < out_bytes; i++) {
            const bool is_escape = tag.at[i] == '\\';
            i += is_escape;
            if (i < tag.n)
                out[n++] = is_escape ? unescaped(tag.at[i]) : tag.at[i];
        }
        out[n] = '\0';
        return true;
    }
    return false;
}

/* ---- writing ---- */

static bool is_control(unsigned char c, unsigned char next)
{
    return c < ' ' || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

void irc_line_add_clean(struct buf *out, const char *text, size_t text_max)
{
    size_t used = 0, n;
    for (; *text; text += n) {
        n = text_utf8_bytes(text, strnlen(text, 4));
        const bool is_bad = n == 0;
        n = max_size(n, 1);
        const bool is_blank =
            is_control((unsigned char)text[0], n > 1 ? (unsigned char)text[1] : 0);
        const size_t written = is_bad || is_blank ? 1 : n;
        if (used + written > text_max)
            return;
        used += written;
        if (is_bad || is_blank)
            buf_add_char(out, is_blank ? ' ' : '?');
        else
            buf_add(out, text, n);
    }
}

static void add_word(struct buf *out, const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > ' ' && *text != 0x7f)
            buf_add_char(out, *text);
}

void irc_line_add(struct buf *out, const struct irc_out *line)
{
    buf_add_str(out, line->command);
    if (line->target) {
        buf_add_char(out, ' ');
        add_word(out, line->target);
    }
    if (line->text) {
        buf_add_str(out, " :");
        irc_line_add_clean(out, line->text, line->text_max ? line->text_max : IRC_TEXT_MAX);
    }
    buf_add_str(out, "\r\n");
}

/* ---- what people type ---- */

enum { COLOUR = 0x03, HEX_COLOUR = 0x04, HEX_DIGITS = 6 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes that a colour's numbers take: "4", "04,12". */
static size_t colour_bytes(const char *text)
{
    size_t n = 0;
    while (n < 2 && is_digit(text[n]))
        n++;
    if (n == 0 || text[n] != ',' || !is_digit(text[n + 1]))
        return n;
    return n + (is_digit(text[n + 2]) ? 3 : 2);
}

static size_t hex_colour_bytes(const char *text)
{
    size_t n = 0;
    while (n < HEX_DIGITS && text_hex_digit(text[n]) >= 0)
        n++;
    return n == HEX_DIGITS ? n : 0;
}

void irc_line_strip(char *io_text)
{
    char *to = io_text;
    for (const char *from = io_text; *from;) {
        const char c = *from++;
        if (c == COLOUR)
            from += colour_bytes(from);
        else if (c == HEX_COLOUR)
            from += hex_colour_bytes(from);
        else if (c == '\t')
            *to++ = ' ';
        else if ((unsigned char)c >= ' ' && c != 0x7f)
            *to++ = c;
    }
    *to = '\0';
}

/* ---- what a server says of itself ---- */

static void take_token(struct irc_support *support, struct str token)
{
    int64_t n;
    const char *value = memchr(token.at, '=', token.n);
    if (!value)
        return;
    const size_t n_value = token.n - (size_t)(value + 1 - token.at);
    const bool is_number = num_parse_i64(value + 1, n_value, &n) && n > 0 && n < 100000;
    if (str_starts(token, "TOPICLEN=") && is_number)
        support->topic_bytes_max = (size_t)n;
    else if (str_starts(token, "NICKLEN=") && is_number)
        support->nick_bytes_max = (size_t)n;
    else if (str_is(token, "CASEMAPPING=ascii"))
        support->casemap = IRC_CASE_ASCII;
    else if (str_is(token, "CASEMAPPING=strict-rfc1459"))
        support->casemap = IRC_CASE_STRICT;
    else if (str_is(token, "CASEMAPPING=rfc1459"))
        support->casemap = IRC_CASE_RFC1459;
}

void irc_support_take(struct irc_support *support, const struct irc_line *line)
{
    for (size_t i = 1; i < line->n_params; i++)
        take_token(support, str_of(line->params[i]));
}

static char folded(enum irc_casemap casemap, char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    if (casemap != IRC_CASE_ASCII && c >= '[' && c <= ']')
        return (char)(c + ('{' - '['));
    if (casemap == IRC_CASE_RFC1459 && c == '^')
        return '~';
    return c;
}

bool irc_support_same(const struct irc_support *support, const char *a, const char *b)
{
    while (*a && folded(support->casemap, *a) == folded(support->casemap, *b)) {
        a++;
        b++;
    }
    return *a == *b;
}
