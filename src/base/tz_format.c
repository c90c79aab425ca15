/* Civil arithmetic on the proleptic Gregorian calendar, and strftime. */
#include <string.h>

#include "base/tz.h"

enum {
    DAY_S = 86400,
    DAYS_400Y = 146097,  /* the calendar repeats after 400 years */
    EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
};

/* Counting years from 1 March puts the leap day at a year's end, so that month lengths follow one
 * formula: (153 m + 2) / 5 days before month m of such a year. */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t civil_days(int year, int month, int day)
{
    const int64_t months = (int64_t)year * 12 + month - 1 - 2; /* since March of year 0 */
    const int64_t y = floor_div(months, 12);
    const int64_t m = months - y * 12;
    const int64_t leap_days = floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
    return y * 365 + leap_days + (153 * m + 2) / 5 + day - 1 - EPOCH_DAYS;
}

/* Day of an int year: what lies beyond is taken for the first or last such year. */
static const int64_t DAYS_MAX = (int64_t)INT32_MAX * 365;

struct civil civil_of_days(int64_t days)
{
    days = max_i64(-DAYS_MAX, min_i64(days, DAYS_MAX));
    const int64_t since = days + EPOCH_DAYS;
    const int64_t cycle = floor_div(since, DAYS_400Y);
    const int64_t d = since - cycle * DAYS_400Y; /* 0..146096 */
    const int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    const int64_t day_of_year = d - (365 * y + y / 4 - y / 100);
    const int64_t m = (5 * day_of_year + 2) / 153;
    return (struct civil){
        .year = (int)(cycle * 400 + y + (m >= 10)),
        .month = (int)(m < 10 ? m + 3 : m - 9),
        .day = (int)(day_of_year - (153 * m + 2) / 5 + 1),
        .weekday = (int)(days + 3 - floor_div(days + 3, 7) * 7), /* 1970-01-01: Thursday */
    };
}

static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

/* What one call writes: text that does not fit is cut. */
struct writer {
    char *out;
    size_t n, cap; /* cap leaves room for the NUL */
    struct civil civil;
    int32_t offset_s;
    const char *abbreviation;
};

static void put(struct writer *w, const char *text, size_t n)
{
    const size_t kept = min_size(n, w->cap - w->n);
    memcpy(w->out + w->n, text, kept);
    w->n += kept;
}

static void put_text(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

/* At least `width` digits, filled with pad; 0 for none. */
static void put_number(struct writer *w, int64_t value, int width, char pad)
{
    char text[24];
    size_t at = sizeof(text);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        text[--at] = (char)('0' + left % 10);
        left /= 10;
        width--;
    } while (left);
    for (; width > 0; width--)
        text[--at] = pad;
    if (value < 0)
        text[--at] = '-';
    put(w, text + at, sizeof(text) - at);
}

static void put_zone(struct writer *w)
{
    const int32_t minutes = (w->offset_s < 0 ? -w->offset_s : w->offset_s) / 60;
    put(w, w->offset_s < 0 ? "-" : "+", 1);
    put_number(w, minutes / 60, 2, '0');
    put_number(w, minutes % 60, 2, '0');
}

static int hour_12(const struct civil *c)
{
    return c->hour % 12 ? c->hour % 12 : 12;
}

static int day_of_year(const struct civil *c)
{
    return (int)(civil_days(c->year, c->month, c->day) - civil_days(c->year, 1, 1)) + 1;
}

/* Directives that are words. */
static bool put_word(struct writer *w, char directive)
{
    const struct civil *c = &w->civil;
    switch (directive) {
    case 'a':
        put(w, weekdays[c->weekday], 3);
        return true;
    case 'A':
        put_text(w, weekdays[c->weekday]);
        return true;
    case 'b':
    case 'h':
        put(w, months[c->month - 1], 3);
        return true;
    case 'B':
        put_text(w, months[c->month - 1]);
        return true;
    case 'p':
        put(w, c->hour < 12 ? "AM" : "PM", 2);
        return true;
    case 'Z':
        put_text(w, w->abbreviation);
        return true;
    case 'z':
        put_zone(w);
        return true;
    case '%':
        put(w, "%", 1);
        return true;
    default:
        return false;
    }
}

/* Directives that are numbers. */
static bool put_field(struct writer *w, char directive)
{
    const struct civil *c = &w->civil;
    const struct {
        char directive, pad;
        int width, value;
    } fields[] = {
        {'d', '0', 2, c->day},
        {'e', ' ', 2, c->day},
        {'H', '0', 2, c->hour},
        {'k', ' ', 2, c->hour},
        {'I', '0', 2, hour_12(c)},
        {'l', ' ', 2, hour_12(c)},
        {'j', '0', 3, day_of_year(c)},
        {'m', '0', 2, c->month},
        {'M', '0', 2, c->minute},
        {'S', '0', 2, c->second},
        {'y', '0', 2, (c->year % 100 + 100) % 100},
        {'Y', '0', 0, c->year},
        {'u', '0', 1, c->weekday + 1},
        {'w', '0', 1, (c->weekday + 1) % 7},
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (fields[i].directive != directive)
            continue;
        put_number(w, fields[i].value, fields[i].width, fields[i].pad);
        return true;
    }
    return false;
}

/* Directives that stand for others, as in the C locale. NULL if it is none. */
static const char *spelled_out(char directive)
{
    switch (directive) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'R':
        return "%H:%M";
    case 'r':
        return "%I:%M:%S %p";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    default:
        return NULL;
    }
}

/* What is not known is left as it stands. is_inner: format is itself spelled out from a directive. */
static void put_format(struct writer *w, const char *format, bool is_inner)
{
    for (const char *at = format; *at; at++) {
        if (at[0] != '%' || !at[1]) {
            put(w, at, 1);
            continue;
        }
        at++;
        const char *inner = is_inner ? NULL : spelled_out(*at);
        if (inner)
            put_format(w, inner, true);
        else if (!put_word(w, *at) && !put_field(w, *at))
            put(w, at - 1, 2);
    }
}

size_t tz_format(const struct tz *tz, int64_t at_s, const char *format, char *out, size_t out_bytes)
{
    BUG_IF(out_bytes == 0);
    struct writer w = {.out = out, .cap = out_bytes - 1, .civil = tz_civil(tz, at_s)};
    w.offset_s = tz_offset(tz, at_s, &w.abbreviation);
    put_format(&w, format, false);
    out[w.n] = '\0';
    return w.n;
}
