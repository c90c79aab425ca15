#include "base/str.h"

#include <string.h>

/* Longer words are not typing mistakes of one another in any useful sense. */
enum { DISTANCE_BYTES_MAX = 64 };

struct str str_of(const char *text)
{
    return (struct str){.at = text, .n = text ? strlen(text) : 0};
}

struct str str_make(const char *at, size_t n)
{
    return (struct str){.at = at, .n = n};
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}

int str_cmp(struct str a, struct str b)
{
    const size_t n = min_size(a.n, b.n);
    const int order = n ? memcmp(a.at, b.at, n) : 0;
    if (order)
        return order < 0 ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str a, const char *prefix)
{
    const size_t n = strlen(prefix);
    return a.n >= n && (n == 0 || memcmp(a.at, prefix, n) == 0);
}

bool str_ends(struct str a, const char *suffix)
{
    const size_t n = strlen(suffix);
    return a.n >= n && (n == 0 || memcmp(a.at + a.n - n, suffix, n) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str a)
{
    while (a.n && is_blank(a.at[0])) {
        a.at++;
        a.n--;
    }
    while (a.n && is_blank(a.at[a.n - 1]))
        a.n--;
    return a;
}

bool str_split(struct str *rest, char sep, struct str *out_piece)
{
    if (!rest->at)
        return false;

    const char *cut = rest->n ? memchr(rest->at, sep, rest->n) : NULL;
    if (!cut) {
        *out_piece = *rest;
        *rest = (struct str){0};
        return true;
    }
    const size_t before = (size_t)(cut - rest->at);
    *out_piece = str_make(rest->at, before);
    *rest = str_make(cut + 1, rest->n - before - 1);
    return true;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    return str_ends(str_of(text), suffix);
}

bool text_copy(char *dst, size_t dst_bytes, const char *text)
{
    BUG_IF(dst_bytes == 0);
    const size_t n = strnlen(text, dst_bytes);
    const size_t kept = min_size(n, dst_bytes - 1);
    memmove(dst, text, kept);
    dst[kept] = '\0';
    return n == kept;
}

void text_lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void text_hex(char *out, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[at[i] >> 4];
        *out++ = digits[at[i] & 15];
    }
    *out = '\0';
}

unsigned text_distance(const char *a, const char *b, unsigned max)
{
    const size_t n_a = strnlen(a, DISTANCE_BYTES_MAX), n_b = strnlen(b, DISTANCE_BYTES_MAX);
    unsigned row[DISTANCE_BYTES_MAX + 1]; /* row[j]: from the first i bytes of a to j bytes of b */

    for (size_t j = 0; j <= n_b; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n_a; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n_b; j++) {
            const unsigned above = row[j];
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[n_b] > max ? max + 1 : row[n_b];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)((strnlen(word, DISTANCE_BYTES_MAX) + 2) / 3) + 1;

    for (size_t i = 0; i < n; i++) {
        const unsigned distance = text_distance(word, candidates[i], best);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t text_utf8_bytes(const char *text, size_t n)
{
    const unsigned char *at = (const unsigned char *)text;
    if (n == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xC2) /* a tail, or two bytes for what fits in one */
        return 0;
    if (at[0] < 0xE0)
        return n >= 2 && is_tail(at[1]) ? 2 : 0;
    if (at[0] < 0xF0) {
        if (n < 3 || !is_tail(at[1]) || !is_tail(at[2]))
            return 0;
        const bool is_overlong = at[0] == 0xE0 && at[1] < 0xA0;
        const bool is_surrogate = at[0] == 0xED && at[1] >= 0xA0;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    if (at[0] > 0xF4 || n < 4 || !is_tail(at[1]) || !is_tail(at[2]) || !is_tail(at[3]))
        return 0;
    const bool is_overlong = at[0] == 0xF0 && at[1] < 0x90;
    const bool is_beyond = at[0] == 0xF4 && at[1] >= 0x90; /* past U+10FFFF */
    return is_overlong || is_beyond ? 0 : 4;
}

/* How many of the first bytes are certainly ASCII and not NUL, eight at a time. */
static size_t plain_bytes(const char *text, size_t n)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        if ((word | ((word - ones) & ~word)) & tops)
            break;
    }
    return i;
}

bool text_is_utf8(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        i += plain_bytes(text + i, n - i);
        /* What plain_bytes stopped at, or the last few bytes, one character at a time. */
        const size_t until = min_size(n, i + 8);
        while (i < until) {
            const size_t step = text_utf8_bytes(text + i, n - i);
            if (step == 0 || text[i] == '\0')
                return false;
            i += step;
        }
    }
    return true;
}
