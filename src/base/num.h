/* Numbers and text, without the process's locale. Thread: any. */
#pragma once

#include "base/base.h"

#define NUM_TEXT_MAX 32 /* longest output of num_format with its NUL */

/* The shortest digits that read back the same double, in Python's form: 1.0, 1e-05, 1e+16, nan, inf.
 * Returns the length; out is ended by NUL. */
size_t num_format(char out[NUM_TEXT_MAX], double value);
/* As num_format but integers without ".0" (names: 5, 0.5, 1e+16). */
size_t num_format_short(char out[NUM_TEXT_MAX], double value);
/* An integer's digits. */
size_t num_format_i64(char out[NUM_TEXT_MAX], int64_t value);
/* C's "%.<digits>g" without a locale. */
size_t num_format_g(char out[NUM_TEXT_MAX], double value, int digits);
/* C's "%.<decimals>f"; out has room for out_bytes. Returns the length, cut to fit. */
size_t num_format_fixed(char *out, size_t out_bytes, double value, int decimals);

/* The whole text must be a number: [+-]digits[.digits][e[+-]digits], .5, 5., inf, nan (any case).
 * No hex, no blanks. False leaves *out untouched. Correctly rounded. */
MUST_CHECK bool num_parse_f64(const char *text, size_t n, double *out);
/* [+-]digits within int64_t. */
MUST_CHECK bool num_parse_i64(const char *text, size_t n, int64_t *out);
/* A span of time in seconds: "90", "36h", "1d" (s, m, h, d, w, y); at most 2^32 of the unit. */
MUST_CHECK bool num_parse_span(const char *text, size_t n, int64_t *out_s);

/* A gap: no value at that time. The one value that differs from itself; inline, since it is asked for
 * every value of every series. */
static inline bool is_gap(double value)
{
    return value != value;
}
