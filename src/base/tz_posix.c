#include "base/tz_posix.h"

#include <string.h>

#include "base/str.h"
#include "base/tz.h"

enum {
    DAY_S = 86400,
    OFFSET_HOURS_MAX = 24, /* POSIX */
    TIME_HOURS_MAX = 167,  /* RFC 8536: a week, either way */
    NAME_BYTES_MIN = 3,
};

static void skip(struct str *rest, size_t n)
{
    *rest = str_make(rest->at + n, rest->n - n);
}

static bool take_char(struct str *rest, char c)
{
    if (rest->n == 0 || rest->at[0] != c)
        return false;
    skip(rest, 1);
    return true;
}

static bool take_number(struct str *rest, int max, int *out)
{
    int value = 0;
    size_t n = 0;
    while (n < rest->n && rest->at[n] >= '0' && rest->at[n] <= '9') {
        value = value * 10 + (rest->at[n++] - '0');
        if (value > max)
            return false;
    }
    if (n == 0)
        return false;
    skip(rest, n);
    *out = value;
    return true;
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_name_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

/* "CET", or "<+03>" where it is not all letters. */
static bool take_name(struct str *rest, char out[TZ_NAME_MAX])
{
    const bool is_quoted = take_char(rest, '<');
    size_t n = 0;
    while (n < rest->n && (is_quoted ? is_name_char(rest->at[n]) : is_letter(rest->at[n])))
        n++;
    if (n < NAME_BYTES_MIN || n >= TZ_NAME_MAX)
        return false;
    memcpy(out, rest->at, n);
    out[n] = '\0';
    skip(rest, n);
    return !is_quoted || take_char(rest, '>');
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool take_time(struct str *rest, int hours_max, int32_t *out_s)
{
    const bool is_negative = take_char(rest, '-');
    if (!is_negative)
        take_char(rest, '+');
    int hours, minutes = 0, seconds = 0;
    if (!take_number(rest, hours_max, &hours))
        return false;
    if (take_char(rest, ':')) {
        if (!take_number(rest, 59, &minutes))
            return false;
        if (take_char(rest, ':') && !take_number(rest, 59, &seconds))
            return false;
    }
    const int32_t time_s = hours * 3600 + minutes * 60 + seconds;
    *out_s = is_negative ? -time_s : time_s;
    return true;
}

/* POSIX counts west of UTC. */
static bool take_offset(struct str *rest, int32_t *out_s)
{
    if (!take_time(rest, OFFSET_HOURS_MAX, out_s))
        return false;
    *out_s = -*out_s;
    return true;
}

static bool take_weekday(struct str *rest, struct tz_posix_date *out)
{
    out->kind = TZ_POSIX_WEEKDAY;
    if (!take_number(rest, 12, &out->month) || out->month == 0 || !take_char(rest, '.'))
        return false;
    if (!take_number(rest, 5, &out->week) || out->week == 0 || !take_char(rest, '.'))
        return false;
    return take_number(rest, 6, &out->day);
}

static bool take_date(struct str *rest, struct tz_posix_date *out)
{
    bool is_day;
    if (!take_char(rest, ','))
        return false;
    if (take_char(rest, 'M')) {
        is_day = take_weekday(rest, out);
    } else if (take_char(rest, 'J')) {
        out->kind = TZ_POSIX_JULIAN;
        is_day = take_number(rest, 365, &out->day) && out->day > 0;
    } else {
        out->kind = TZ_POSIX_ORDINAL;
        is_day = take_number(rest, 365, &out->day);
    }
    if (!is_day)
        return false;
    out->time_s = 2 * 3600;
    return !take_char(rest, '/') || take_time(rest, TIME_HOURS_MAX, &out->time_s);
}

static bool take_rule(struct str *rest, struct tz_posix *rule)
{
    if (!take_name(rest, rule->standard_name) || !take_offset(rest, &rule->standard_s))
        return false;
    rule->has_dst = rest->n > 0;
    if (!rule->has_dst)
        return true;
    if (!take_name(rest, rule->dst_name))
        return false;
    rule->dst_s = rule->standard_s + 3600;
    const bool has_offset = rest->n && rest->at[0] != ',';
    if (has_offset && !take_offset(rest, &rule->dst_s))
        return false;
    return take_date(rest, &rule->dst_from) && take_date(rest, &rule->dst_until) && rest->n == 0;
}

bool tz_posix_parse(const char *text, size_t n, struct tz_posix *out, struct err *err)
{
    struct tz_posix rule = {0};
    struct str rest = str_make(text, n);
    if (!take_rule(&rest, &rule))
        return FAIL(err, ERR_INPUT, "time zone: the rule at the end of the file is wrong");
    *out = rule;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Seconds since 1970 of the date in that year, as its own wall clock counts. */
static int64_t date_in_year(const struct tz_posix_date *date, int year)
{
    int64_t day = civil_days(year, 1, 1);
    switch (date->kind) {
    case TZ_POSIX_JULIAN:
        day += date->day - 1 + (is_leap(year) && date->day >= 60);
        break;
    case TZ_POSIX_ORDINAL:
        day += date->day;
        break;
    case TZ_POSIX_WEEKDAY: {
        const int64_t first = civil_days(year, date->month, 1);
        const int64_t next_month = civil_days(year, date->month + 1, 1);
        const int sunday_first = (civil_of_days(first).weekday + 1) % 7;
        day = first + (date->day - sunday_first + 7) % 7 + 7 * (int64_t)(date->week - 1);
        if (day >= next_month)
            day -= 7;
        break;
    }
    }
    return day * DAY_S + date->time_s;
}

bool tz_posix_is_dst(const struct tz_posix *rule, int64_t at_s)
{
    if (!rule->has_dst)
        return false;

    /* The latest change that is not after at_s says. A date may fall into the year before or after.
     * Where an end and the next start coincide, the later year wins: it never ended. */
    const int year = civil_of_days((at_s + rule->standard_s) / DAY_S).year;
    int64_t latest = INT64_MIN;
    bool is_dst = false;
    for (int y = year - 1; y <= year + 1; y++) {
        const int64_t from = date_in_year(&rule->dst_from, y) - rule->standard_s;
        const int64_t until = date_in_year(&rule->dst_until, y) - rule->dst_s;
        const struct {
            int64_t at_s;
            bool is_dst;
        } changes[] = {
            {min_i64(from, until), from < until},
            {max_i64(from, until), from >= until},
        };
        for (size_t i = 0; i < COUNT_OF(changes); i++) {
            if (changes[i].at_s > at_s || changes[i].at_s < latest)
                continue;
            latest = changes[i].at_s;
            is_dst = changes[i].is_dst;
        }
    }
    return is_dst;
}
