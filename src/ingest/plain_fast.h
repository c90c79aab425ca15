/* The usual line, without a byte-by-byte loop: name, one blank, a plain decimal of at most 16 bytes,
 * one blank, ten digits, newline. Whatever is not exactly that is left to plain_parse, whose result is the
 * same wherever both answer (plain_test.c and plain_fuzz.c compare them).
 *
 * Works on 8 bytes at a time in ordinary registers, little-endian (checked below): the digits of a value
 * are moved to the top of a word, so that the leading places are zero, and folded pairwise.
 *
 * Readable memory: PLAIN_SLACK bytes after the newline. */
#pragma once

#include <string.h>

#include "base/base.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written for little-endian machines");

enum {
    PLAIN_SLACK = 32,     /* the value is loaded as 16 bytes, and one more for the sign */
    PLAIN_VALUE_MAX = 16, /* bytes; digits up to 2^53 and at most 15 decimals divide exactly */
    PLAIN_TIME_BYTES = 10,
};

/* The text of the time that was read last, with the newline: most lines repeat it. Made by
 * plain_clock_new only: zeroes would stand for a text of eleven NULs. */
struct plain_clock {
    uint64_t first8;
    uint32_t last4; /* of the eleven bytes: one overlaps */
    uint32_t at_s;
};

static inline struct plain_clock plain_clock_new(void)
{
    struct plain_clock clock = {.at_s = 0};
    memcpy(&clock.first8, "00000000", 8);
    memcpy(&clock.last4, "000\n", 4);
    return clock;
}

#define PLAIN_EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

static inline uint64_t plain_load8(const char *at)
{
    uint64_t w;
    memcpy(&w, at, sizeof w);
    return w;
}

/* 0x80 in each byte of w that is 0; exact up to and including the first such byte. */
static inline uint64_t plain_zero_bytes(uint64_t w)
{
    return (w - PLAIN_EACH(1)) & ~w & PLAIN_EACH(0x80);
}

/* 0x80 in each byte of w that is not 0..9. */
static inline uint64_t plain_bad_digits(uint64_t w)
{
    return (w | (w + PLAIN_EACH(0x76))) & PLAIN_EACH(0x80);
}

/* Eight digits 0..9, the first in the lowest byte. */
static inline uint64_t plain_fold8(uint64_t w)
{
    w = (w * 10 + (w >> 8)) & 0x00FF00FF00FF00FFu;
    w = (w * 100 + (w >> 16)) & 0x0000FFFF0000FFFFu;
    return (w * 10000 + (w >> 32)) & 0xFFFFFFFFu;
}

static inline double plain_power(unsigned n_decimals)
{
    static const double powers[PLAIN_VALUE_MAX] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    return powers[n_decimals];
}

static inline double plain_signed(double magnitude, bool is_negative)
{
    uint64_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    bits ^= (uint64_t)is_negative << 63;
    memcpy(&magnitude, &bits, sizeof magnitude);
    return magnitude;
}

/* n bytes (1..8) at text, which must be digits with at most one dot. */
static inline bool plain_short_value(const char *text, unsigned n, double *out)
{
    const uint64_t dots = plain_load8(text) ^ PLAIN_EACH('.');
    const uint64_t kept = ~(uint64_t)0 >> (64 - 8 * n);
    const uint64_t dot = plain_zero_bytes(dots | ~kept);
    uint64_t w = (plain_load8(text) & kept) ^ (PLAIN_EACH('0') & kept);
    unsigned n_decimals = 0;
    if (dot) {
        /* Below the dot's lowest bit: the digits before it. Move them up over the dot. */
        const unsigned at = (unsigned)__builtin_ctzll(dot) / 8;
        const uint64_t before = ((uint64_t)1 << (8 * at)) - 1;
        const uint64_t through = (before << 8) | 0xFF;
        w = ((w & before) << 8) | (w & ~through);
        n_decimals = n - 1 - at;
        if (UNLIKELY(n == 1))
            return false;
    }
    if (UNLIKELY(plain_bad_digits(w)))
        return false;
    *out = (double)plain_fold8(w << (64 - 8 * n)) / plain_power(n_decimals);
    return true;
}

/* n bytes (9..16). */
static inline bool plain_long_value(const char *text, unsigned n, double *out)
{
    typedef unsigned __int128 wide;
    const uint64_t low = plain_load8(text), high = plain_load8(text + 8);
    const uint64_t kept_high = ~(uint64_t)0 >> (128 - 8 * n);
    const uint64_t dot_low = plain_zero_bytes(low ^ PLAIN_EACH('.'));
    const uint64_t dot_high = plain_zero_bytes((high ^ PLAIN_EACH('.')) | ~kept_high);
    wide w = (wide)((high ^ PLAIN_EACH('0')) & kept_high) << 64 | (low ^ PLAIN_EACH('0'));
    unsigned n_decimals = 0;
    if (dot_low | dot_high) {
        const unsigned at = dot_low ? (unsigned)__builtin_ctzll(dot_low) / 8
                                    : 8 + (unsigned)__builtin_ctzll(dot_high) / 8;
        const wide before = ((wide)1 << (8 * at)) - 1;
        const wide through = (before << 8) | 0xFF;
        w = ((w & before) << 8) | (w & ~through);
        n_decimals = n - 1 - at;
    }
    if (UNLIKELY(plain_bad_digits((uint64_t)w) | plain_bad_digits((uint64_t)(w >> 64))))
        return false;
    w <<= 8 * (PLAIN_VALUE_MAX - n);
    const uint64_t mantissa =
        plain_fold8((uint64_t)w) * 100000000 + plain_fold8((uint64_t)(w >> 64));
    if (UNLIKELY(mantissa >> 53)) /* would be rounded twice */
        return false;
    *out = (double)mantissa / plain_power(n_decimals);
    return true;
}

/* Ten digits and a newline at text. */
static inline bool plain_time(const char *text, struct plain_clock *clock)
{
    const uint64_t first8 = plain_load8(text);
    uint32_t last4;
    memcpy(&last4, text + 7, sizeof last4);
    if (LIKELY(first8 == clock->first8 && last4 == clock->last4))
        return true;
    const unsigned ninth = (unsigned char)text[8] - '0', tenth = (unsigned char)text[9] - '0';
    const uint64_t digits = first8 ^ PLAIN_EACH('0');
    if (plain_bad_digits(digits) || ninth > 9 || tenth > 9 || text[PLAIN_TIME_BYTES] != '\n')
        return false;
    const uint64_t at_s = plain_fold8(digits) * 100 + ninth * 10 + tenth;
    if (at_s > UINT32_MAX)
        return false;
    *clock = (struct plain_clock){first8, last4, (uint32_t)at_s};
    return true;
}

/* What follows the name and its blank: "value time\n". Returns the byte after the newline, with
 * *out_value and clock->at_s set; NULL: not of the usual form, ask plain_parse. */
static inline const char *plain_fast_rest(const char *text, struct plain_clock *clock,
                                          double *out_value)
{
    const bool is_negative = *text == '-';
    text += is_negative;
    double magnitude;
    unsigned n;
    const uint64_t blanks = plain_zero_bytes(plain_load8(text) ^ PLAIN_EACH(' '));
    if (LIKELY(blanks)) {
        n = (unsigned)__builtin_ctzll(blanks) / 8;
        if (UNLIKELY(n == 0) || UNLIKELY(!plain_short_value(text, n, &magnitude)))
            return NULL;
    } else {
        const uint64_t more = plain_zero_bytes(plain_load8(text + 8) ^ PLAIN_EACH(' '));
        n = more ? 8 + (unsigned)__builtin_ctzll(more) / 8 : PLAIN_VALUE_MAX;
        const bool is_good =
            n > 8 ? plain_long_value(text, n, &magnitude) : plain_short_value(text, n, &magnitude);
        if (UNLIKELY(!is_good) || UNLIKELY(text[n] != ' '))
            return NULL;
    }
    if (UNLIKELY(!plain_time(text + n + 1, clock)))
        return NULL;
    *out_value = plain_signed(magnitude, is_negative);
    return text + n + 1 + PLAIN_TIME_BYTES + 1;
}

/* Length of the name that begins a usual line, 0 if it does not begin with one: the bytes before the
 * first blank, none of them a control character. end: of readable bytes, less PLAIN_SLACK. */
static inline size_t plain_fast_name(const char *line, const char *end)
{
    for (const char *at = line; at < end; at += 8) {
        /* Bytes up to 0x20; exact for the first one, and a byte above 0x7F is never one. */
        const uint64_t w = plain_load8(at);
        const uint64_t found = (w - PLAIN_EACH(0x21)) & ~w & PLAIN_EACH(0x80);
        if (found) {
            at += __builtin_ctzll(found) / 8;
            return *at == ' ' ? (size_t)(at - line) : 0;
        }
    }
    return 0;
}
