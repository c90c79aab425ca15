/* The rule at the end of a TZif file, in POSIX's TZ form: "CET-1CEST,M3.5.0,M10.5.0/3". It says what
 * holds after the last transition of the file. Private to tz.c. Thread: any. */
#pragma once

#include "base/err.h"

#define TZ_NAME_MAX 16 /* an abbreviation with its NUL; zones have 3 to 6 letters */

struct tz_posix_date { /* when a change happens, in the wall-clock time that ends then */
    enum tz_posix_day {
        TZ_POSIX_JULIAN,  /* Jn: day 1..365, 29 February does not count */
        TZ_POSIX_ORDINAL, /* n: day 0..365 */
        TZ_POSIX_WEEKDAY, /* Mm.w.d */
    } kind;
    int day;         /* of the year; for TZ_POSIX_WEEKDAY 0 = Sunday */
    int month, week; /* week 5: the last */
    int32_t time_s;  /* since midnight; may be negative or past a day */
};

struct tz_posix {
    char standard_name[TZ_NAME_MAX], dst_name[TZ_NAME_MAX];
    int32_t standard_s, dst_s; /* east of UTC */
    bool has_dst;
    struct tz_posix_date dst_from, dst_until;
};

/* text: n bytes. err: ERR_INPUT */
MUST_CHECK bool tz_posix_parse(const char *text, size_t n, struct tz_posix *out, struct err *err);

/* Whether daylight saving time holds at that instant. */
bool tz_posix_is_dst(const struct tz_posix *rule, int64_t at_s);
