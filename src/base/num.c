#include "base/num.h"

#include <math.h>
#include <string.h>

#include "base/num_chars.h"

enum {
    REPR_EXP_MIN = -4,   /* Python writes 0.0001 but 1e-05 */
    REPR_EXP_UNTIL = 16, /* and 1000000000000000.0 but 1e+16 */
    G_DIGITS_MAX = 24,   /* with sign, "0.000" or exponent still within NUM_TEXT_MAX */
    DECIMALS_MAX = 64,   /* more than any axis or report asks for */
    /* sign, the 309 digits of the largest double, point, decimals */
    FIXED_BYTES_MAX = 1 + 309 + 1 + DECIMALS_MAX,
    DIGITS_MAX = 17, /* shortest digits never need more */
};

/* A finite number taken apart: 0.digits times 10 to the exp10 + 1. */
struct decimal {
    char digits[DIGITS_MAX];
    int n_digits;
    int exp10; /* of the first digit */
    bool is_negative;
};

/* Takes "-d.ddde+XX" apart. */
static struct decimal decimal_of(double value)
{
    char text[NUM_TEXT_MAX];
    const size_t n = num_chars_shortest(text, sizeof(text), value);
    BUG_IF(n == 0);

    struct decimal d = {.is_negative = text[0] == '-'};
    size_t i = d.is_negative;
    for (; i < n && text[i] != 'e'; i++) {
        if (text[i] == '.')
            continue;
        BUG_IF(d.n_digits == DIGITS_MAX);
        d.digits[d.n_digits++] = text[i];
    }
    const bool is_small = text[++i] == '-';
    for (i++; i < n; i++)
        d.exp10 = d.exp10 * 10 + (text[i] - '0');
    if (is_small)
        d.exp10 = -d.exp10;
    return d;
}

static char *put_zeros(char *at, int n)
{
    for (int i = 0; i < n; i++)
        *at++ = '0';
    return at;
}

static char *put_digits(char *at, const char *digits, int n)
{
    memcpy(at, digits, (size_t)n);
    return at + n;
}

static char *put_scientific(char *at, const struct decimal *d)
{
    *at++ = d->digits[0];
    if (d->n_digits > 1) {
        *at++ = '.';
        at = put_digits(at, d->digits + 1, d->n_digits - 1);
    }
    *at++ = 'e';
    *at++ = d->exp10 < 0 ? '-' : '+';
    const int exp10 = d->exp10 < 0 ? -d->exp10 : d->exp10;
    if (exp10 >= 100)
        *at++ = (char)('0' + exp10 / 100);
    *at++ = (char)('0' + exp10 / 10 % 10);
    *at++ = (char)('0' + exp10 % 10);
    return at;
}

static char *put_fixed(char *at, const struct decimal *d, bool with_point)
{
    if (d->exp10 < 0) {
        *at++ = '0';
        *at++ = '.';
        at = put_zeros(at, -d->exp10 - 1);
        return put_digits(at, d->digits, d->n_digits);
    }
    const int n_whole = d->exp10 + 1;
    if (d->n_digits > n_whole) {
        at = put_digits(at, d->digits, n_whole);
        *at++ = '.';
        return put_digits(at, d->digits + n_whole, d->n_digits - n_whole);
    }
    at = put_digits(at, d->digits, d->n_digits);
    at = put_zeros(at, n_whole - d->n_digits);
    if (with_point) {
        *at++ = '.';
        *at++ = '0';
    }
    return at;
}

/* "nan", "inf" or "-inf"; 0 for a finite number. */
static size_t format_special(char *out, size_t out_bytes, double value)
{
    if (isfinite(value))
        return 0;
    const char *text = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    const size_t n = min_size(strlen(text), out_bytes - 1);
    memcpy(out, text, n);
    out[n] = '\0';
    return n;
}

/* ---- the values that most series have, without taking them apart ---- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* Writes n digits of v, with zeros in front. */
static void put_padded(char *at, uint64_t v, int n)
{
    for (; n >= 2; v /= 100)
        memcpy(at + (n -= 2), pairs + 2 * (v % 100), 2);
    if (n)
        *at = (char)('0' + v % 10);
}

static int n_digits_of(uint64_t v)
{
    int n = 1;
    for (; v >= 10000; v /= 10000)
        n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

static char *put_u64(char *at, uint64_t v)
{
    const int n = n_digits_of(v);
    put_padded(at, v, n);
    return at + n;
}

/* m / 10^n_decimals, a fraction. */
static char *put_decimal(char *at, uint64_t m, uint64_t power, int n_decimals)
{
    at = put_u64(at, m / power);
    *at++ = '.';
    put_padded(at, m % power, n_decimals);
    at += n_decimals;
    while (at[-1] == '0')
        at--;
    return at;
}

/* A magnitude that is m / 10^n with a small n and m below 10^15. No two decimals of 15 digits are the
 * same double, so what reads back the same is the shortest text there is. NULL: not one of these. */
static char *put_short(char *at, double magnitude, bool with_point)
{
    static const double MANTISSA_MAX = 1e15, FIXED_MIN = 1e-4; /* below it Python writes 1e-05 */
    if (!(magnitude < MANTISSA_MAX))
        return NULL;
    const uint64_t whole = (uint64_t)magnitude;
    if ((double)whole == magnitude) {
        at = put_u64(at, whole);
        memcpy(at, ".0", 2);
        return at + (with_point ? 2 : 0);
    }
    const double hundreds = magnitude * 1e2, millions = magnitude * 1e6;
    uint64_t m = (uint64_t)(hundreds + 0.5);
    if (magnitude >= FIXED_MIN && hundreds < MANTISSA_MAX && (double)m / 1e2 == magnitude)
        return put_decimal(at, m, 100, 2);
    if (magnitude < FIXED_MIN || !(millions < MANTISSA_MAX))
        return NULL;
    m = (uint64_t)(millions + 0.5);
    return (double)m / 1e6 == magnitude ? put_decimal(at, m, 1000000, 6) : NULL;
}

static size_t format_repr(char out[NUM_TEXT_MAX], double value, bool with_point)
{
    char *at = out;
    *at = '-';
    at = put_short(at + (signbit(value) != 0), fabs(value), with_point);
    if (at) {
        *at = '\0';
        return (size_t)(at - out);
    }
    const size_t n_special = format_special(out, NUM_TEXT_MAX, value);
    if (n_special)
        return n_special;

    const struct decimal d = decimal_of(value);
    at = out;
    if (d.is_negative)
        *at++ = '-';
    if (d.exp10 < REPR_EXP_MIN || d.exp10 >= REPR_EXP_UNTIL)
        at = put_scientific(at, &d);
    else
        at = put_fixed(at, &d, with_point);
    *at = '\0';
    return (size_t)(at - out);
}

size_t num_format_i64(char out[NUM_TEXT_MAX], int64_t value)
{
    char *at = out;
    *at = '-';
    at = put_u64(at + (value < 0), value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    *at = '\0';
    return (size_t)(at - out);
}

size_t num_format(char out[NUM_TEXT_MAX], double value)
{
    return format_repr(out, value, true);
}

size_t num_format_short(char out[NUM_TEXT_MAX], double value)
{
    return format_repr(out, value, false);
}

size_t num_format_g(char out[NUM_TEXT_MAX], double value, int digits)
{
    const size_t n_special = format_special(out, NUM_TEXT_MAX, value);
    if (n_special)
        return n_special;

    const int kept = (int)max_i64(0, min_i64(digits, G_DIGITS_MAX));
    const size_t n = num_chars_general(out, NUM_TEXT_MAX - 1, value, kept);
    BUG_IF(n == 0);
    out[n] = '\0';
    return n;
}

size_t num_format_fixed(char *out, size_t out_bytes, double value, int decimals)
{
    BUG_IF(out_bytes == 0);
    if (!isfinite(value))
        return format_special(out, out_bytes, value);

    char text[FIXED_BYTES_MAX];
    const int kept = (int)max_i64(0, min_i64(decimals, DECIMALS_MAX));
    const size_t n_text = num_chars_fixed(text, sizeof(text), value, kept);
    BUG_IF(n_text == 0);
    const size_t n = min_size(n_text, out_bytes - 1);
    memcpy(out, text, n);
    out[n] = '\0';
    return n;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Equal in any case; word is in lower case. */
static bool is_word(const char *text, size_t n, const char *word)
{
    if (n != strlen(word))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return true;
}

/* What the grammar says of an unsigned number. */
struct scan {
    bool is_number;
    bool is_zero;      /* no digit but 0 */
    int64_t magnitude; /* power of ten of the first digit that is not 0, about */
};

static size_t scan_digits(const char *text, size_t n, size_t i)
{
    while (i < n && is_digit(text[i]))
        i++;
    return i;
}

/* Power of ten of the first digit that is not 0 among whole and decimals; false if all are 0. */
static bool scan_magnitude(const char *text, size_t n_whole, size_t n_mantissa, int64_t *out)
{
    for (size_t i = 0; i < n_mantissa; i++) {
        if (!is_digit(text[i]) || text[i] == '0')
            continue;
        *out = i < n_whole ? (int64_t)(n_whole - i) - 1 : (int64_t)n_whole - (int64_t)i;
        return true;
    }
    return false;
}

static struct scan scan_number(const char *text, size_t n)
{
    struct scan scan = {0};
    const size_t n_whole = scan_digits(text, n, 0);
    size_t i = n_whole;
    if (i < n && text[i] == '.')
        i = scan_digits(text, n, i + 1);
    const size_t n_mantissa = i;
    if (n_whole == 0 && n_mantissa < 2)
        return scan;
    scan.is_zero = !scan_magnitude(text, n_whole, n_mantissa, &scan.magnitude);
    scan.is_number = i == n;
    if (i == n || (text[i] | 0x20) != 'e')
        return scan;

    i++;
    const bool is_small = i < n && text[i] == '-';
    if (i < n && (text[i] == '-' || text[i] == '+'))
        i++;
    const size_t exp_at = i;
    int64_t exp10 = 0;
    for (; i < n && is_digit(text[i]); i++)
        exp10 = min_i64(exp10 * 10 + (text[i] - '0'), INT64_MAX / 100);
    scan.is_number = i == n && i > exp_at;
    scan.magnitude += is_small ? -exp10 : exp10;
    return scan;
}

bool num_parse_f64(const char *text, size_t n, double *out)
{
    const bool is_negative = n && text[0] == '-';
    if (n && (text[0] == '-' || text[0] == '+')) {
        text++;
        n--;
    }
    double value = 0;
    if (is_word(text, n, "inf") || is_word(text, n, "infinity")) {
        value = (double)INFINITY;
    } else if (is_word(text, n, "nan")) {
        value = (double)NAN;
    } else {
        const struct scan scan = scan_number(text, n);
        if (!scan.is_number)
            return false;
        const enum num_chars_result read = num_chars_read(text, n, &value);
        if (read == NUM_CHARS_INVALID)
            return false;
        /* <charconv> says only "out of range": too large reads as infinity, too small as 0. */
        if (read == NUM_CHARS_OUT_OF_RANGE && !scan.is_zero)
            value = scan.magnitude > 0 ? (double)INFINITY : 0.0;
    }
    *out = is_negative ? -value : value;
    return true;
}

bool num_parse_i64(const char *text, size_t n, int64_t *out)
{
    const bool is_negative = n && text[0] == '-';
    size_t i = n && (text[0] == '-' || text[0] == '+');
    if (i == n)
        return false;

    int64_t value = 0;
    for (; i < n; i++) {
        if (!is_digit(text[i]))
            return false;
        const int digit = text[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool num_parse_span(const char *text, size_t n, int64_t *out_s)
{
    static const char units[] = "smhdwy";
    static const int64_t unit_s[] = {1, 60, 3600, 86400, 604800, 31536000};
    const char *unit = units;
    int64_t number;
    if (n && !is_digit(text[n - 1])) {
        unit = memchr(units, text[n - 1], sizeof units - 1);
        n--;
    }
    if (!unit || !n || !is_digit(text[0]) || !num_parse_i64(text, n, &number) ||
        number > UINT32_MAX)
        return false;
    *out_s = number * unit_s[unit - units];
    return true;
}
