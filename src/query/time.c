#include "query/time.h"

#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "query/function.h"

/* Python's calendar: what lies outside cannot be a datetime. */
static const int64_t TIME_MIN_S = -62135596800; /* 0001-01-01 */
static const int64_t TIME_MAX_S = 253402300799; /* 9999-12-31 23:59:59 */
enum {
    OFFSET_DIGITS_MAX = 14, /* more seconds than a timedelta holds, and far from overflow */
};
static const int64_t OFFSET_MAX_S = 86399999999999; /* timedelta.max */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(text[i]))
            return false;
    }
    return n > 0;
}

/* ---- offsets ---- */

/* Seconds of a unit, known by how it begins; 0: no unit. */
static int64_t unit_seconds(const char *unit, size_t n)
{
    static const struct {
        const char *begins;
        int64_t seconds;
    } units[] = {{"s", 1},      {"min", 60},      {"h", 3600},    {"d", 86400},
                 {"w", 604800}, {"mon", 2592000}, {"y", 31536000}};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        size_t n_begins = strlen(units[i].begins);
        if (n >= n_begins && memcmp(unit, units[i].begins, n_begins) == 0)
            return units[i].seconds;
    }
    return 0;
}

static size_t run_of(const char *text, bool (*is_in)(char))
{
    size_t n = 0;
    while (is_in(text[n]))
        n++;
    return n;
}

/* Adds the part "12h" that text begins with to *io_s; *io_text moves behind it. */
static bool add_part(const char **io_text, int64_t *io_s, struct err *err)
{
    const char *text = *io_text;
    size_t n = run_of(text, is_digit);
    if (!n)
        return FAIL(err, ERR_INPUT, "expected a number of units at '%.80s'", text);
    int64_t count = 0;
    if (n > OFFSET_DIGITS_MAX || !num_parse_i64(text, n, &count))
        return FAIL(err, ERR_INPUT, "'%.80s' is too far away", text);

    const char *unit = text + n;
    size_t n_unit = run_of(unit, is_letter);
    int64_t seconds = unit_seconds(unit, n_unit);
    if (!n_unit)
        return FAIL(err, ERR_INPUT, "expected a unit of time behind '%.*s'", (int)n, text);
    if (!seconds) {
        err_set(err, ERR_INPUT, "'%.*s' is no unit of time", (int)min_size(n_unit, 80), unit);
        err_hint(err, "units: s, min, h, d, w, mon, y");
        return false;
    }
    if (count > OFFSET_MAX_S / seconds || *io_s + count * seconds > OFFSET_MAX_S)
        return FAIL(err, ERR_INPUT, "'%.80s' is too far away", text);
    *io_s += count * seconds;
    *io_text = unit + n_unit;
    return true;
}

bool time_parse_offset(const char *text, int64_t *out_s, struct err *err)
{
    int64_t sum_s = 0, sign = 1;
    if (*text == '+' || *text == '-')
        sign = *text++ == '-' ? -1 : 1;
    else if (*text && !is_digit(*text))
        return FAIL(err, ERR_INPUT, "expected +, - or a digit at '%.80s'", text);
    while (*text) {
        if (!add_part(&text, &sum_s, err))
            return false;
    }
    *out_s = sign * sum_s;
    return true;
}

bool interval_parse(const char *text, int64_t *out_s, struct err *err)
{
    if (time_parse_offset(text, out_s, err))
        return true;
    err_prefix(err, "interval '%.80s'", text);
    return false;
}

/* ---- the reference before the offset ---- */

struct reference {
    const char *rest; /* what is left to read */
    int64_t hour, minute;
};

/* A whole slice as int() takes it: digits only, for signs were split off before. */
static bool slice_int(const char *text, size_t n, int64_t *out)
{
    return all_digits(text, n) && num_parse_i64(text, n, out);
}

static bool bad_clock(const char *text, struct err *err)
{
    return FAIL(err, ERR_INPUT, "expected a time of day like 8:50 or 6pm at '%.80s'", text);
}

/* "8:50", "8:50am": pm adds twelve hours, am nothing. */
static bool read_colon(struct reference *ref, struct err *err)
{
    const char *text = ref->rest;
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || colon - text > 2)
        return true;
    size_t n_minute = strnlen(colon + 1, 2);
    if (!slice_int(text, (size_t)(colon - text), &ref->hour) ||
        !slice_int(colon + 1, n_minute, &ref->minute))
        return bad_clock(text, err);
    text = colon + 1 + n_minute;
    if (text_starts(text, "am")) {
        text += 2;
    } else if (text_starts(text, "pm")) {
        ref->hour = (ref->hour + 12) % 24;
        text += 2;
    }
    ref->rest = text;
    return true;
}

/* "6am", "11pm": the mark is looked for at the second or third character. 12am stays 12. */
static bool read_half_day(struct reference *ref, const char *mark, int64_t add_h, struct err *err)
{
    const char *text = ref->rest;
    const char *found = strstr(text, mark);
    if (!found || found == text || found - text > 2)
        return true;
    if (!slice_int(text, (size_t)(found - text), &ref->hour))
        return bad_clock(text, err);
    if (add_h)
        ref->hour = (ref->hour + add_h) % 24;
    ref->rest = found + 2;
    return true;
}

static void read_named_hour(struct reference *ref)
{
    static const struct {
        const char *name;
        int64_t hour;
    } hours[] = {{"noon", 12}, {"midnight", 0}, {"teatime", 16}};
    for (size_t i = 0; i < COUNT_OF(hours); i++) {
        if (!text_starts(ref->rest, hours[i].name))
            continue;
        ref->hour = hours[i].hour;
        ref->minute = 0;
        ref->rest += strlen(hours[i].name);
        return;
    }
}

static int days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

static bool set_date(struct civil *civil, int64_t year, int64_t month, int64_t day, struct err *err)
{
    if (year < 1 || year > 9999)
        return FAIL(err, ERR_INPUT, "year must be in 1..9999");
    if (month < 1 || month > 12)
        return FAIL(err, ERR_INPUT, "month must be in 1..12");
    if (day < 1 || day > days_in_month(year, month))
        return FAIL(err, ERR_INPUT, "day is out of range for month");
    civil->year = (int)year;
    civil->month = (int)month;
    civil->day = (int)day;
    return true;
}

/* MM/DD/YY or MM/DD/YYYY */
static bool read_slashes(const char *text, struct civil *civil, struct err *err)
{
    int64_t parts[3];
    struct str rest = str_of(text), piece;
    for (size_t i = 0; i < 3; i++) {
        if (!str_split(&rest, '/', &piece) || !slice_int(piece.at, piece.n, &parts[i]))
            return FAIL(err, ERR_INPUT, "expected MM/DD/YY at '%.80s'", text);
    }
    if (parts[2] < 1900)
        parts[2] += 1900;
    if (parts[2] < 1970)
        parts[2] += 100;
    return set_date(civil, parts[2], parts[0], parts[1], err);
}

static bool read_digits(const char *text, struct civil *civil, struct err *err)
{
    int64_t year, month, day;
    if (!slice_int(text, 4, &year) || !slice_int(text + 4, 2, &month) ||
        !slice_int(text + 6, 2, &day))
        return FAIL(err, ERR_INPUT, "expected YYYYMMDD at '%.80s'", text);
    return set_date(civil, year, month, day, err);
}

/* Index of the three letters that text begins with in names (three letters each), or -1. */
static int find_three(const char *names, const char *text)
{
    if (strnlen(text, 3) < 3)
        return -1;
    for (int i = 0; names[3 * i]; i++) {
        if (memcmp(names + 3 * (size_t)i, text, 3) == 0)
            return i;
    }
    return -1;
}

/* "january5", "jan12": the last one or two digits are the day, of this year. */
static bool read_month(const char *text, int month, struct civil *civil, struct err *err)
{
    size_t n = strlen(text);
    size_t n_digits = all_digits(text + n - 2, 2) ? 2 : 1;
    int64_t day;
    if (!slice_int(text + n - n_digits, n_digits, &day))
        return FAIL(err, ERR_INPUT, "expected a day behind the month in '%.80s'", text);
    return set_date(civil, civil->year, month, day, err);
}

static bool count_is_two(const char *text, char c)
{
    const char *first = strchr(text, c);
    const char *second = first ? strchr(first + 1, c) : NULL;
    return second && !strchr(second + 1, c);
}

static bool read_day(const char *text, struct civil *civil, struct err *err)
{
    if (strcmp(text, "today") == 0 || !*text)
        return true;
    if (strcmp(text, "yesterday") == 0 || strcmp(text, "tomorrow") == 0) {
        civil->day += *text == 'y' ? -1 : 1; /* tz_instant carries it */
        return true;
    }
    if (count_is_two(text, '/'))
        return read_slashes(text, civil, err);
    if (strlen(text) == 8 && all_digits(text, 8))
        return read_digits(text, civil, err);
    int month = find_three("janfebmaraprmayjunjulaugsepoctnovdec", text);
    if (month >= 0)
        return read_month(text, month + 1, civil, err);
    int weekday = find_three("montuewedthufrisatsun", text);
    if (weekday >= 0) {
        civil->day -= (civil->weekday - weekday + 7) % 7;
        return true;
    }
    err_set(err, ERR_INPUT, "'%.80s' is no day", text);
    err_hint(err, "days: today, yesterday, tomorrow, monday, 20260301, 03/01/26, jan5; an offset "
                  "begins with - or +");
    return false;
}

static bool parse_reference(const char *text, const struct tz *tz, int64_t now_s, int64_t *out_s,
                            struct err *err)
{
    struct reference ref = {.rest = text};
    if (!*text || strcmp(text, "now") == 0) {
        *out_s = now_s;
        return true;
    }
    if (!read_colon(&ref, err) || !read_half_day(&ref, "am", 0, err) ||
        !read_half_day(&ref, "pm", 12, err))
        return false;
    read_named_hour(&ref);
    if (ref.hour > 23)
        return FAIL(err, ERR_INPUT, "hour must be in 0..23");
    if (ref.minute > 59)
        return FAIL(err, ERR_INPUT, "minute must be in 0..59");

    struct civil civil = tz_civil(tz, now_s);
    civil.hour = (int)ref.hour;
    civil.minute = (int)ref.minute;
    civil.second = 0;
    if (!read_day(ref.rest, &civil, err))
        return false;
    *out_s = tz_instant(tz, &civil);
    return true;
}

/* ---- the whole ---- */

/* Lower case, without _ , and spaces; blanks at the ends go too. */
static bool squeeze(const char *text, char *out, struct err *err)
{
    struct str trimmed = str_trim(str_of(text));
    size_t n = 0;
    if (trimmed.n >= TIME_TEXT_BYTES_MAX)
        return FAIL(err, ERR_INPUT, "longer than %d bytes", TIME_TEXT_BYTES_MAX);
    for (size_t i = 0; i < trimmed.n; i++) {
        if (!strchr("_, ", trimmed.at[i]))
            out[n++] = trimmed.at[i];
    }
    out[n] = '\0';
    text_lower(out);
    return true;
}

/* Eight digits that can be a date are one, and no epoch of 1970. */
static bool looks_like_date(const char *text)
{
    int64_t year, month, day;
    return strlen(text) == 8 && slice_int(text, 4, &year) && slice_int(text + 4, 2, &month) &&
           slice_int(text + 6, 2, &day) && year > 1900 && month < 13 && day < 32;
}

static bool check_time(int64_t at_s, int64_t *out_s, struct err *err)
{
    if (at_s < TIME_MIN_S || at_s > TIME_MAX_S)
        return FAIL(err, ERR_INPUT, "it lies outside of the years 1 to 9999");
    *out_s = at_s;
    return true;
}

static bool parse_squeezed(char *text, const struct tz *tz, int64_t now_s, int64_t *out_s,
                           struct err *err)
{
    int64_t at_s = 0, offset_s = 0;
    size_t n = strlen(text);
    if (all_digits(text, n) && !looks_like_date(text)) {
        if (!num_parse_i64(text, n, &at_s))
            return FAIL(err, ERR_INPUT, "it lies outside of the years 1 to 9999");
        return check_time(at_s, out_s, err);
    }
    char *sign = strchr(text, '+');
    if (!sign)
        sign = strchr(text, '-');
    if (sign && !time_parse_offset(sign, &offset_s, err))
        return false;
    if (sign)
        *sign = '\0';
    return parse_reference(text, tz, now_s, &at_s, err) && check_time(at_s + offset_s, out_s, err);
}

bool query_parse_time(const char *text, const struct tz *tz, int64_t now_s, int64_t *out_s,
                      struct err *err)
{
    char squeezed[TIME_TEXT_BYTES_MAX];
    if (squeeze(text, squeezed, err) &&
        parse_squeezed(squeezed, tz ? tz : tz_utc(), now_s, out_s, err))
        return true;
    err_prefix(err, "time '%.80s'", text);
    return false;
}
