#include "hooks/stamp.h"

#include <string.h>

#include "base/tz.h"

/* Exactly n digits at *io; false leaves it. */
static bool take_number(const char **io, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        const char c = (*io)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *io += n;
    *out = value;
    return true;
}

static bool take_char(const char **io, const char *allowed)
{
    if (!**io || !strchr(allowed, **io))
        return false;
    (*io)++;
    return true;
}

static bool take_date(const char **io, struct civil *out)
{
    return take_number(io, 4, &out->year) && take_char(io, "-") &&
           take_number(io, 2, &out->month) && take_char(io, "-") && take_number(io, 2, &out->day) &&
           out->year >= 1970 && out->month >= 1 && out->month <= 12 && out->day >= 1 &&
           out->day <= 31;
}

static bool take_clock(const char **io, struct civil *out)
{
    return take_number(io, 2, &out->hour) && take_char(io, ":") &&
           take_number(io, 2, &out->minute) && take_char(io, ":") &&
           take_number(io, 2, &out->second) && out->hour < 24 && out->minute < 60 &&
           out->second <= 60;
}

/* ".5": digits past the third do not count. */
static int take_fraction_ms(const char **io)
{
    int ms = 0, unit = 100;
    if (!take_char(io, ".,"))
        return 0;
    for (; **io >= '0' && **io <= '9'; (*io)++, unit /= 10)
        ms += (**io - '0') * unit;
    return ms;
}

/* Seconds east of UTC. */
static bool take_zone(const char **io, int *out_s)
{
    *out_s = 0;
    (void)take_char(io, " ");
    if (strcmp(*io, "") == 0 || strcmp(*io, "Z") == 0 || strcmp(*io, "z") == 0 ||
        strcmp(*io, "UTC") == 0)
        return true;
    const int sign = **io == '-' ? -1 : 1;
    int hours, minutes;
    if (!take_char(io, "+-") || !take_number(io, 2, &hours))
        return false;
    (void)take_char(io, ":");
    if (!take_number(io, 2, &minutes) || **io || hours > 18 || minutes > 59)
        return false;
    *out_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

int64_t stamp_ms(const char *text)
{
    struct civil civil = {0};
    int zone_s;
    if (!take_date(&text, &civil) || !take_char(&text, "Tt ") || !take_clock(&text, &civil))
        return 0;
    const int ms = take_fraction_ms(&text);
    if (!take_zone(&text, &zone_s))
        return 0;
    return max_i64((tz_instant(tz_utc(), &civil) - zone_s) * 1000 + ms, 0);
}
