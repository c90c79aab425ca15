/* Carbon's plaintext line: "name value time\n". Format and rules: docs/formats/plain.md.
 * plain_parse is the whole truth about a line; plain_fast.h takes the usual ones faster, with the
 * same result. Pure. Thread: any. */
#pragma once

#include "base/str.h"

enum {
    PLAIN_LINE_MAX = 4096, /* with its newline; longer ones are refused and counted */
};

enum plain_fate {
    PLAIN_OK = 0,
    PLAIN_BLANK,    /* nothing on the line: skipped without a word */
    PLAIN_GAP,      /* the value is NaN: dropped, as carbon does */
    PLAIN_FIELDS,   /* not exactly three fields */
    PLAIN_VALUE,    /* the value is not a number */
    PLAIN_INFINITE, /* the value cannot be kept: infinite, or a number too large for a double */
    PLAIN_TIME,     /* the time is not a number, or not one of 0 .. 2^32-1, -1, N */
};

struct plain_point {
    struct str name; /* as sent; lies in the line */
    double value;    /* finite */
    uint32_t at_s;
};

/* One line without its newline, of any bytes. now_s is the time of lines that say "now" (-1, N).
 * out: filled in only with PLAIN_OK. */
MUST_CHECK enum plain_fate plain_parse(const char *line, size_t n, int64_t now_s,
                                       struct plain_point *out);
