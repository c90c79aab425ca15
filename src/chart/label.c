#include "chart/label.h"

#include <string.h>

#include "base/str.h"

#define ELLIPSIS    "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

/* Of a name that is cut: most of what tells metrics apart stands at their ends. */
#define NAME_HEAD_SHARE 0.35

struct fit_ask {
    double width, head_share; /* how much of what is kept is of the beginning */
};

/* Bytes of the character at text, 0 if it is not valid UTF-8. */
static size_t char_bytes(const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];
    size_t want = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return want <= n && text_is_utf8(text, want) ? want : 0;
}

/* Controls, and the marks that would turn the direction of the text around it: a label's own
 * letters decide that. */
static bool is_hidden(const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];
    if (n == 1)
        return c < 0x20 || c == 0x7f;
    if (n == 2)
        return c == 0xc2 && (unsigned char)text[1] < 0xa0;
    if (n != 3 || c != 0xe2)
        return false;
    unsigned char d = (unsigned char)text[1], e = (unsigned char)text[2];
    bool is_embedding = d == 0x80 && e >= 0xa8 && e <= 0xae; /* line ends, U+202A..U+202E */
    bool is_isolate = d == 0x81 && e >= 0xa6 && e <= 0xa9;   /* U+2066..U+2069 */
    return is_embedding || is_isolate;
}

static const char *clean(const char *text, size_t n, struct arena *arena)
{
    if (n == 0)
        return "";
    size_t room = min_size(n * 3, LABEL_BYTES_MAX), at = 0; /* a bad byte becomes three */
    char *out = arena_alloc(arena, room + 1);
    for (size_t i = 0; i < n;) {
        size_t bytes = char_bytes(text + i, n - i);
        if (at + (bytes ? bytes : 3) > room)
            break;
        if (bytes == 0) {
            memcpy(out + at, REPLACEMENT, 3);
            at += 3;
            i++;
            continue;
        }
        if (is_hidden(text + i, bytes)) {
            out[at++] = ' ';
        } else {
            memcpy(out + at, text + i, bytes);
            at += bytes;
        }
        i += bytes;
    }
    out[at] = '\0';
    return out;
}

const char *label_clean(const char *text, struct arena *arena)
{
    return text ? clean(text, strnlen(text, LABEL_BYTES_MAX), arena) : "";
}

const char *label_line(const char **rest, struct arena *arena)
{
    const char *text = *rest, *end = strchr(text, '\n');
    *rest = end ? end + 1 : NULL;
    size_t n = end ? (size_t)(end - text) : strlen(text);
    return clean(text, min_size(n, LABEL_BYTES_MAX), arena);
}

double label_width(const struct label_measure *measure, const struct label_style *style,
                   const char *text)
{
    return measure->width(measure->self, text, style);
}

/* The first n characters' bytes. */
static size_t prefix_bytes(const char *text, size_t n_chars)
{
    size_t at = 0;
    while (text[at] && n_chars-- > 0)
        at += max_size(char_bytes(text + at, strlen(text + at)), 1);
    return at;
}

static size_t count_chars(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* n characters of a text of n_all: so many of its beginning, the ellipsis, the rest of its end. */
static char *cut(const char *text, size_t n_all, size_t n, double head_share, struct arena *arena)
{
    size_t n_head = (size_t)((double)n * head_share + 0.5);
    size_t bytes = prefix_bytes(text, n_head), tail = prefix_bytes(text, n_all - (n - n_head));
    while (bytes > 0 && text[bytes - 1] == ' ')
        bytes--;
    size_t n_tail = strlen(text + tail), n_dots = sizeof ELLIPSIS - 1;
    char *out = arena_alloc(arena, bytes + n_dots + n_tail + 1);
    memcpy(out, text, bytes);
    memcpy(out + bytes, ELLIPSIS, n_dots);
    memcpy(out + bytes + n_dots, text + tail, n_tail + 1);
    return out;
}

static const char *fit(const struct label_measure *measure, const struct label_style *style,
                       const char *text, struct fit_ask ask, struct arena *arena)
{
    if (label_width(measure, style, text) <= ask.width)
        return text;
    size_t n_all = count_chars(text);
    size_t low = 0, high = n_all; /* low fits (if anything does), high does not */
    char *best = NULL;
    while (low + 1 < high) {
        size_t mid = (low + high) / 2;
        char *trial = cut(text, n_all, mid, ask.head_share, arena);
        if (label_width(measure, style, trial) <= ask.width) {
            low = mid;
            best = trial;
        } else {
            high = mid;
        }
    }
    return best ? best : "";
}

const char *label_fit(const struct label_measure *measure, const struct label_style *style,
                      const char *text, double width, struct arena *arena)
{
    return fit(measure, style, text, (struct fit_ask){width, 1.0}, arena);
}

const char *label_fit_name(const struct label_measure *measure, const struct label_style *style,
                           const char *text, double width, struct arena *arena)
{
    return fit(measure, style, text, (struct fit_ask){width, NAME_HEAD_SHARE}, arena);
}
