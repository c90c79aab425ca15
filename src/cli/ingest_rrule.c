#include "cli/ingest_rrule.h"

#include <string.h>

#include "base/num.h"

enum { INTERVAL_MAX = 10000 };

static bool digits(const char *at, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        value = value * 10 + (at[i] - '0');
    }
    *out = value;
    return true;
}

static bool is_time(const struct civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= 31 && c->hour <= 23 &&
           c->minute <= 59 && c->second <= 60 && c->year >= 1970 && c->year <= 2105;
}

bool ingest_rrule_time(struct str text, struct civil *out, bool *out_is_utc, bool *out_is_date)
{
    struct civil c = {0};
    if (text.n < 8 || !digits(text.at, 4, &c.year) || !digits(text.at + 4, 2, &c.month) ||
        !digits(text.at + 6, 2, &c.day))
        return false;
    const bool is_date = text.n == 8, is_utc = text.n == 16 && text.at[15] == 'Z';
    if (!is_date) {
        if ((text.n != 15 && !is_utc) || text.at[8] != 'T' || !digits(text.at + 9, 2, &c.hour) ||
            !digits(text.at + 11, 2, &c.minute) || !digits(text.at + 13, 2, &c.second))
            return false;
    }
    if (!is_time(&c))
        return false;
    *out = c;
    *out_is_utc = is_utc;
    *out_is_date = is_date;
    return true;
}

static int day_of(struct str name)
{
    static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    for (int i = 0; i < 7; i++)
        if (str_is(name, names[i]))
            return i;
    return -1;
}

static bool take_days(struct str text, unsigned *out)
{
    struct str one;
    while (str_split(&text, ',', &one)) {
        const int day = day_of(one);
        if (day < 0)
            return false;
        *out |= 1u << day;
    }
    return *out != 0;
}

static bool take_number(struct str text, int64_t most, int64_t *out)
{
    return num_parse_i64(text.at, text.n, out) && *out >= 1 && *out <= most;
}

/* One KEY=VALUE. */
static bool take_part(struct ingest_rrule *rule, struct str key, struct str value)
{
    int64_t n;
    if (str_is(key, "FREQ")) {
        rule->is_weekly = str_is(value, "WEEKLY");
        return rule->is_weekly || str_is(value, "DAILY");
    }
    if (str_is(key, "INTERVAL")) {
        if (!take_number(value, INTERVAL_MAX, &n))
            return false;
        rule->interval = (int)n;
        return true;
    }
    if (str_is(key, "COUNT"))
        return take_number(value, INT64_C(1000000), &rule->n_max);
    if (str_is(key, "BYDAY"))
        return take_days(value, &rule->days);
    if (str_is(key, "WKST")) {
        rule->first_day = day_of(value);
        return rule->first_day >= 0;
    }
    rule->has_until = str_is(key, "UNTIL");
    return rule->has_until &&
           ingest_rrule_time(value, &rule->until, &rule->until_is_utc, &rule->until_is_date);
}

bool ingest_rrule_parse(struct str text, struct ingest_rrule *out)
{
    struct ingest_rrule rule = {.interval = 1};
    struct str part;
    bool has_freq = false, has_until = false;
    while (str_split(&text, ';', &part)) {
        struct str value = part, key;
        if (!str_split(&value, '=', &key) || !value.at || !take_part(&rule, key, value))
            return false;
        has_freq |= str_is(key, "FREQ");
        has_until |= rule.has_until;
    }
    rule.has_until = has_until;
    *out = rule;
    return has_freq;
}

bool ingest_rrule_day(const struct ingest_rrule *rule, int64_t first_day, int64_t i,
                      int64_t *out_day)
{
    if (!rule->is_weekly) {
        *out_day = first_day + i * rule->interval;
        const int weekday = civil_of_days(*out_day).weekday;
        return rule->days == 0 || (rule->days >> weekday & 1u) != 0;
    }
    const int weekday = civil_of_days(first_day).weekday;
    const unsigned days = rule->days ? rule->days : 1u << weekday;
    const int64_t week = first_day - (weekday - rule->first_day + 7) % 7; /* where it begins */
    *out_day = week + i / 7 * 7 * rule->interval + i % 7;
    const int day = (rule->first_day + (int)(i % 7)) % 7;
    return *out_day >= first_day && (days >> day & 1u) != 0;
}
