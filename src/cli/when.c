#include "cli/when.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

enum {
    TEXT_MAX = 64,
    /* Clocks of people and machines differ: 14:05 typed at 14:04:50 is not yesterday's. */
    AHEAD_MS_MAX = 5 * 60 * 1000,
};

#define DAY_MS     INT64_C(86400000)
#define FIRST_MS   INT64_C(946684800000)  /* 2000 */
#define LAST_MS    INT64_C(4294967295000) /* 2106, where series end */
#define AGO_MS_MAX (LAST_MS - FIRST_MS)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, at least least of them and at most most (<= 9). */
static bool take_number(const char **io, int least, int most, int *out)
{
    int n = 0, value = 0;
    while (n < most && is_digit((*io)[n]))
        value = value * 10 + ((*io)[n++] - '0');
    if (n < least)
        return false;
    *io += n;
    *out = value;
    return true;
}

static bool take_char(const char **io, char c)
{
    if (**io != c)
        return false;
    ++*io;
    return true;
}

/* The unit at *io, in ms; 0: none. */
static int64_t take_unit(const char **io)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {
        {"s", 1000},        {"sec", 1000},        {"secs", 1000},        {"second", 1000},
        {"seconds", 1000},  {"m", 60000},         {"min", 60000},        {"mins", 60000},
        {"minute", 60000},  {"minutes", 60000},   {"h", 3600000},        {"hour", 3600000},
        {"hours", 3600000}, {"d", DAY_MS},        {"day", DAY_MS},       {"days", DAY_MS},
        {"w", 7 * DAY_MS},  {"week", 7 * DAY_MS}, {"weeks", 7 * DAY_MS},
    };
    size_t n = 0;
    while ((*io)[n] >= 'a' && (*io)[n] <= 'z')
        n++;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (str_is(str_make(*io, n), units[i].name)) {
            *io += n;
            return units[i].ms;
        }
    return 0;
}

/* "1h30m", "-6h", "10 min ago" */
static bool parse_ago(const char *at, int64_t *out_ms)
{
    int64_t sum_ms = 0;
    take_char(&at, '-');
    do {
        int n;
        if (!take_number(&at, 1, 9, &n))
            return false;
        take_char(&at, ' ');
        const int64_t unit_ms = take_unit(&at);
        if (!unit_ms || n > AGO_MS_MAX / unit_ms)
            return false;
        sum_ms += n * unit_ms;
        if (strcmp(at, " ago") == 0)
            at += 4;
        take_char(&at, ' ');
    } while (*at && sum_ms <= AGO_MS_MAX);
    *out_ms = sum_ms;
    return *at == '\0';
}

/* "14:05", "14:05:30", "14:05:30.25": *out_ms behind the minute. */
static bool take_clock(const char **io, struct civil *out, int *out_ms)
{
    int hour, minute, second = 0, ms = 0;
    if (!take_number(io, 1, 2, &hour) || !take_char(io, ':') || !take_number(io, 2, 2, &minute))
        return false;
    if (take_char(io, ':')) {
        if (!take_number(io, 2, 2, &second))
            return false;
        if (take_char(io, '.')) {
            const char *digits = *io;
            if (!take_number(io, 1, 3, &ms))
                return false;
            for (int n = (int)(*io - digits); n < 3; n++)
                ms *= 10;
            *io += strspn(*io, "0123456789");
        }
    }
    if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0))
        return false;
    out->hour = hour;
    out->minute = minute;
    out->second = second;
    *out_ms = ms;
    return true;
}

static int64_t midnight_ms(const struct when_now *now, int days)
{
    struct civil civil = tz_civil(now->tz, now->ms / 1000);
    civil.hour = civil.minute = civil.second = 0;
    civil.day += days;
    return tz_instant(now->tz, &civil) * 1000;
}

static bool parse_clock(const char *at, const struct when_now *now, int64_t *out_ms)
{
    struct civil civil = tz_civil(now->tz, now->ms / 1000);
    int ms;
    if (!take_clock(&at, &civil, &ms) || *at)
        return false;
    int64_t at_ms = tz_instant(now->tz, &civil) * 1000 + ms;
    if (at_ms > now->ms + AHEAD_MS_MAX) {
        civil.day--;
        at_ms = tz_instant(now->tz, &civil) * 1000 + ms;
    }
    *out_ms = at_ms;
    return true;
}

/* "Z", "+01:00", "+0100", "+01"; nothing: *out_has_zone false. */
static bool take_zone(const char **io, bool *out_has_zone, int *out_east_s)
{
    *out_has_zone = true;
    *out_east_s = 0;
    if (take_char(io, 'Z') || take_char(io, 'z'))
        return true;
    const bool is_west = **io == '-';
    if (!is_west && **io != '+') {
        *out_has_zone = false;
        return true;
    }
    ++*io;
    int hours, minutes = 0;
    if (!take_number(io, 2, 2, &hours))
        return false;
    take_char(io, ':');
    if (**io && !take_number(io, 2, 2, &minutes))
        return false;
    *out_east_s = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return hours <= 15 && minutes <= 59;
}

static int days_of_month(int year, int month)
{
    const int next = month == 12 ? 1 : month + 1;
    return (int)(civil_days(month == 12 ? year + 1 : year, next, 1) - civil_days(year, month, 1));
}

static bool take_date(const char **io, struct civil *out)
{
    return take_number(io, 4, 4, &out->year) && take_char(io, '-') &&
           take_number(io, 2, 2, &out->month) && take_char(io, '-') &&
           take_number(io, 2, 2, &out->day) && out->month >= 1 && out->month <= 12 &&
           out->day >= 1 && out->day <= days_of_month(out->year, out->month);
}

static bool parse_date(const char *at, const struct when_now *now, int64_t *out_ms)
{
    struct civil civil = {0};
    int ms = 0, east_s = 0;
    bool has_zone = false;
    if (!take_date(&at, &civil))
        return false;
    const bool has_clock = take_char(&at, 'T') || take_char(&at, 't') || take_char(&at, ' ');
    if (has_clock && (!take_clock(&at, &civil, &ms) || !take_zone(&at, &has_zone, &east_s)))
        return false;
    const struct tz *tz = has_zone ? tz_utc() : now->tz;
    *out_ms = (tz_instant(tz, &civil) - east_s) * 1000 + ms;
    return *at == '\0';
}

/* Seconds since 1970 have nine digits or more from 1973 on; milliseconds twelve. */
static bool parse_unix(const char *text, int64_t *out_ms)
{
    const size_t n = strlen(text);
    double value;
    if (!is_digit(text[0]) || strspn(text, "0123456789.") != n || !num_parse_f64(text, n, &value))
        return false;
    if (value < 1e8 || value > 1e14)
        return false;
    *out_ms = value < 1e11 ? llround(value * 1000.0) : llround(value);
    return true;
}

static bool parse_any(const char *text, const struct when_now *now, int64_t *out_ms)
{
    int64_t ago_ms;
    if (strcmp(text, "now") == 0)
        *out_ms = now->ms;
    else if (strcmp(text, "today") == 0)
        *out_ms = midnight_ms(now, 0);
    else if (strcmp(text, "yesterday") == 0)
        *out_ms = midnight_ms(now, -1);
    else if (parse_ago(text, &ago_ms))
        *out_ms = now->ms - ago_ms;
    else
        return parse_clock(text, now, out_ms) || parse_date(text, now, out_ms) ||
               parse_unix(text, out_ms);
    return true;
}

static bool check_range(const char *text, int64_t ms, struct err *err)
{
    if (ms < FIRST_MS || ms > LAST_MS)
        return FAIL(err, ERR_INPUT, "'%s' is not between the years 2000 and 2106", text);
    return true;
}

/* The next 14:05. */
static bool parse_clock_ahead(const char *at, const struct when_now *now, int64_t *out_ms)
{
    struct civil civil = tz_civil(now->tz, now->ms / 1000);
    int ms;
    if (!take_clock(&at, &civil, &ms) || *at)
        return false;
    int64_t at_ms = tz_instant(now->tz, &civil) * 1000 + ms;
    if (at_ms <= now->ms) {
        civil.day++;
        at_ms = tz_instant(now->tz, &civil) * 1000 + ms;
    }
    *out_ms = at_ms;
    return true;
}

static bool parse_any_ahead(const char *text, const struct when_now *now, int64_t *out_ms)
{
    int64_t length_ms;
    if (strcmp(text, "tomorrow") == 0)
        *out_ms = midnight_ms(now, 1);
    else if (text[0] != '-' && !text_ends(text, "ago") && parse_ago(text, &length_ms))
        *out_ms = now->ms + length_ms;
    else
        return parse_clock_ahead(text, now, out_ms) || parse_date(text, now, out_ms) ||
               parse_unix(text, out_ms);
    return true;
}

bool when_parse_ahead(const char *text, const struct when_now *now, int64_t *out_ms,
                      struct err *err)
{
    int64_t ms;
    if (strlen(text) >= TEXT_MAX || !parse_any_ahead(text, now, &ms)) {
        err_set(err, ERR_INPUT, "'%.60s' is no time", text);
        err_hint(err, "18:00, 2h, tomorrow, 2026-11-30T08:00 or unix seconds");
        return false;
    }
    if (!check_range(text, ms, err))
        return false;
    if (ms <= now->ms)
        return FAIL(err, ERR_INPUT, "'%s' is over", text);
    *out_ms = ms;
    return true;
}

bool when_parse(const char *text, const struct when_now *now, int64_t *out_ms, struct err *err)
{
    int64_t ms;
    if (strlen(text) >= TEXT_MAX || !parse_any(text, now, &ms)) {
        err_set(err, ERR_INPUT, "'%.60s' is no time", text);
        err_hint(err, "10m, 2h, 3d, 14:05, yesterday, 2026-11-22T14:05Z or unix seconds");
        return false;
    }
    if (!check_range(text, ms, err))
        return false;
    *out_ms = ms;
    return true;
}

bool when_parse_length(const char *text, int64_t *out_ms, struct err *err)
{
    int64_t ms;
    const bool is_ahead = text[0] >= '0' && text[0] <= '9' && !text_ends(text, "ago");
    if (strlen(text) < TEXT_MAX && is_ahead && parse_ago(text, &ms) && ms >= 1000) {
        *out_ms = ms;
        return true;
    }
    err_set(err, ERR_INPUT, "'%.60s' is no length of time", text);
    err_hint(err, "90s, 10m, 1h30m or 2d");
    return false;
}
