#include "chart/time_axis.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    TEXT_BYTES = 120, /* of one label; xFormat may repeat itself */
    TIMES_MAX = 4000, /* lines or labels; a picture has at most 10,000 columns */
};

/* The first second of the year 1 and the first after the year 9999: what calendars here can
 * name. */
#define TIME_MIN_S (-62135596800)
#define TIME_MAX_S 253402300800

/* Steps: so many seconds up to half a day, else calendar days, months or years. */
enum step_unit { BY_SECOND = 0, BY_DAY, BY_MONTH, BY_YEAR };

struct step {
    enum step_unit unit;
    int n;
};

/* A row of Graphite's own table: from so many seconds a pixel on. */
struct graphite_row {
    double seconds_per_px;
    struct step minor, major, label;
    const char *format;
    int64_t span_max_s; /* 0: any */
};

static const struct graphite_row graphite_rows[] = {
    {0.00, {0, 5}, {0, 60}, {0, 5}, "%H:%M:%S", 10 * 60},
    {0.07, {0, 10}, {0, 60}, {0, 10}, "%H:%M:%S", 20 * 60},
    {0.14, {0, 15}, {0, 60}, {0, 15}, "%H:%M:%S", 30 * 60},
    {0.27, {0, 30}, {0, 120}, {0, 60}, "%H:%M", 2 * HOUR_S},
    {0.5, {0, 60}, {0, 120}, {0, 60}, "%H:%M", 2 * HOUR_S},
    {1.2, {0, 60}, {0, 240}, {0, 120}, "%H:%M", 3 * HOUR_S},
    {2, {0, 60}, {0, 600}, {0, 300}, "%H:%M", 6 * HOUR_S},
    {5, {0, 120}, {0, 600}, {0, 600}, "%H:%M", 12 * HOUR_S},
    {10, {0, 300}, {0, 1200}, {0, 1200}, "%H:%M", DAY_S},
    {30, {0, 600}, {0, HOUR_S}, {0, HOUR_S}, "%H:%M", 2 * DAY_S},
    {60, {0, 1800}, {0, 2 * HOUR_S}, {0, 2 * HOUR_S}, "%H:%M", 2 * DAY_S},
    {100, {0, 2 * HOUR_S}, {0, 4 * HOUR_S}, {0, 4 * HOUR_S}, "%a %H:%M", 6 * DAY_S},
    {255, {0, 6 * HOUR_S}, {0, 12 * HOUR_S}, {0, 12 * HOUR_S}, "%m/%d %H:%M", 10 * DAY_S},
    {600, {0, 6 * HOUR_S}, {BY_DAY, 1}, {BY_DAY, 1}, "%m/%d", 14 * DAY_S},
    {1000, {0, 12 * HOUR_S}, {BY_DAY, 1}, {BY_DAY, 1}, "%m/%d", 365 * DAY_S},
    {2000, {BY_DAY, 1}, {BY_DAY, 2}, {BY_DAY, 2}, "%m/%d", 365 * DAY_S},
    {4000, {BY_DAY, 2}, {BY_DAY, 4}, {BY_DAY, 4}, "%m/%d", 365 * DAY_S},
    {8000, {BY_DAY, 4}, {BY_DAY, 7}, {BY_DAY, 7}, "%m/%d", 365 * DAY_S},
    {16000, {BY_DAY, 7}, {BY_DAY, 14}, {BY_DAY, 14}, "%m/%d", 365 * DAY_S},
    {32000, {BY_DAY, 15}, {BY_DAY, 30}, {BY_DAY, 30}, "%m/%d", 365 * DAY_S},
    {64000, {BY_DAY, 30}, {BY_DAY, 60}, {BY_DAY, 60}, "%m/%d %Y", 0},
    {100000, {BY_DAY, 60}, {BY_DAY, 120}, {BY_DAY, 120}, "%m/%d %Y", 0},
    {120000, {BY_DAY, 120}, {BY_DAY, 240}, {BY_DAY, 240}, "%m/%d %Y", 0},
};

/* Ours: the first step whose labels have room. sample is as wide as a label gets; era is what the
 * second row says; alone is the format when there is no second row. */
struct our_row {
    struct step step;
    const char *format, *sample;
    const char *alone, *alone_sample;
    enum step_unit era; /* BY_DAY, BY_MONTH, BY_YEAR; BY_SECOND: none needed */
};

#define SECONDS(n) {BY_SECOND, n}, "%H:%M:%S", "00:00:00", "%H:%M:%S", "00:00:00", BY_DAY
#define MINUTES(n) {BY_SECOND, (n)*60}, "%H:%M", "00:00", "%H:%M", "00:00", BY_DAY
#define HOURS(n)   MINUTES((n)*60)
#define DAYS(n)    {BY_DAY, n}, "%a %e", "Wed 30", "%e %b", "30 May", BY_MONTH
#define WEEKS(n)   {BY_DAY, (n)*7}, "%e %b", "30 May", "%e %b", "30 May", BY_YEAR
#define MONTHS(n)  {BY_MONTH, n}, "%b", "May", "%b %Y", "May 2000", BY_YEAR
#define YEARS(n)   {BY_YEAR, n}, "%Y", "2000", "%Y", "2000", BY_SECOND

static const struct our_row our_rows[] = {
    {SECONDS(1)}, {SECONDS(2)}, {SECONDS(5)}, {SECONDS(10)}, {SECONDS(15)}, {SECONDS(30)},
    {MINUTES(1)}, {MINUTES(2)}, {MINUTES(5)}, {MINUTES(10)}, {MINUTES(15)}, {MINUTES(30)},
    {HOURS(1)},   {HOURS(2)},   {HOURS(3)},   {HOURS(6)},    {HOURS(12)},   {DAYS(1)},
    {DAYS(2)},    {WEEKS(1)},   {WEEKS(2)},   {MONTHS(1)},   {MONTHS(2)},   {MONTHS(3)},
    {MONTHS(6)},  {YEARS(1)},   {YEARS(2)},   {YEARS(5)},    {YEARS(10)},   {YEARS(20)},
    {YEARS(50)},  {YEARS(100)}, {YEARS(200)}, {YEARS(500)},  {YEARS(1000)}, {YEARS(2000)},
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

static double step_seconds(struct step step)
{
    static const double unit_s[] = {1.0, DAY_S, 30.0 * DAY_S, 365.0 * DAY_S};
    return unit_s[step.unit] * step.n;
}

/* The instant whose local time is local_s (seconds since 1970 on the wall clock); false when the
 * clocks jump over it. */
static bool instant_of_local(const struct tz *tz, int64_t local_s, int64_t *out_s)
{
    int32_t guess = tz_offset(tz, local_s - DAY_S, NULL);
    int64_t at_s = local_s - tz_offset(tz, local_s - guess, NULL);
    if (at_s + tz_offset(tz, at_s, NULL) != local_s)
        at_s = local_s - guess;
    *out_s = at_s;
    return at_s + tz_offset(tz, at_s, NULL) == local_s;
}

/* The first instant after at_s whose local time is a multiple of step_s. Where the clocks go
 * back, times that are round twice come twice; where they go forward, what is jumped over is
 * left out. */
static int64_t next_local(const struct tz *tz, int64_t at_s, int64_t step_s)
{
    int64_t local = at_s + tz_offset(tz, at_s, NULL);
    int64_t target = (floor_div(local, step_s) + 1) * step_s;
    int64_t straight = at_s + (target - local);
    int32_t offset = tz_offset(tz, straight, NULL);
    if (floor_div(straight + offset, step_s) * step_s == straight + offset)
        return straight;
    for (int i = 0; i < 4; i++, target += step_s) {
        int64_t found;
        if (instant_of_local(tz, target, &found) && found > at_s)
            return found;
    }
    return at_s + step_s;
}

static int64_t midnight(const struct tz *tz, int year, int month, int day)
{
    struct civil civil = {.year = year, .month = month, .day = day};
    return tz_instant(tz, &civil);
}

/* The index-th round day, month or year since the beginning of the calendar used. */
static int64_t calendar_instant(const struct tz *tz, struct step step, int64_t index)
{
    if (step.unit == BY_DAY) {
        /* Multiples of 7 days are Mondays: 1970-01-05 is day 4. */
        struct civil c = civil_of_days(index * step.n + (step.n % 7 == 0 ? 4 : 0));
        return midnight(tz, c.year, c.month, c.day);
    }
    int64_t months = index * step.n * (step.unit == BY_YEAR ? 12 : 1);
    return midnight(tz, (int)floor_div(months, 12), (int)(months - floor_div(months, 12) * 12) + 1,
                    1);
}

static int64_t calendar_index(const struct tz *tz, struct step step, int64_t at_s)
{
    struct civil c = tz_civil(tz, at_s);
    if (step.unit == BY_DAY)
        return floor_div(civil_days(c.year, c.month, c.day) - (step.n % 7 == 0 ? 4 : 0), step.n);
    if (step.unit == BY_MONTH)
        return floor_div((int64_t)c.year * 12 + c.month - 1, step.n);
    return floor_div(c.year, step.n);
}

/* Every round time t of from <= t <= until; at most TIMES_MAX of them. */
struct times {
    int64_t *items;
    size_t n, cap;
};

static void add_time(struct times *times, int64_t at_s, struct arena *arena)
{
    arena_grow(arena, &times->items, &times->cap, times->n + 1, sizeof *times->items);
    times->items[times->n++] = at_s;
}

static struct times find_times(const struct time_axis_ask *ask, struct step step,
                               struct arena *arena)
{
    struct times times = {0};
    if (step.unit == BY_SECOND) {
        int64_t at_s = next_local(ask->tz, ask->from_s - 1, step.n);
        for (; at_s <= ask->until_s && times.n < TIMES_MAX;
             at_s = next_local(ask->tz, at_s, step.n))
            add_time(&times, at_s, arena);
        return times;
    }
    int64_t index = calendar_index(ask->tz, step, ask->from_s);
    for (; times.n < TIMES_MAX; index++) {
        int64_t at_s = calendar_instant(ask->tz, step, index);
        if (at_s > ask->until_s)
            break;
        if (at_s >= ask->from_s)
            add_time(&times, at_s, arena);
    }
    return times;
}

static const char *format_time(const struct time_axis_ask *ask, int64_t at_s, const char *format,
                               struct arena *arena)
{
    char text[TEXT_BYTES];
    size_t n = tz_format(ask->tz, at_s, format, text, sizeof text);
    const char *begin = text;
    while (n > 0 && *begin == ' ')
        begin++;
    const char *label = label_clean(begin, arena);
    const char *doubled = strstr(label, "  "); /* %e pads: "Mon  2" */
    if (!doubled)
        return label;
    return arena_printf(arena, "%.*s%s", (int)(doubled - label), label, doubled + 1);
}

static void set_labels(const struct time_axis_ask *ask, const struct times *times,
                       const char *format, struct arena *arena, struct time_axis *out)
{
    out->labels = arena_array(arena, times->n + 1, struct time_label);
    out->n_labels = times->n;
    for (size_t i = 0; i < times->n; i++)
        out->labels[i] =
            (struct time_label){times->items[i], format_time(ask, times->items[i], format, arena)};
}

static void make_graphite(const struct time_axis_ask *ask, struct arena *arena,
                          struct time_axis *out)
{
    double span_s = (double)(ask->until_s - ask->from_s),
           per_px = span_s / fmax(ask->width_px, 1.0);
    const struct graphite_row *row = &graphite_rows[COUNT_OF(graphite_rows) - 1];
    bool is_found = false;
    for (size_t i = COUNT_OF(graphite_rows); i-- > 0 && !is_found;) {
        const struct graphite_row *r = &graphite_rows[i];
        is_found =
            r->seconds_per_px <= per_px && (r->span_max_s == 0 || span_s <= (double)r->span_max_s);
        row = is_found ? r : row;
    }
    struct times labels = {0}, major = {0}, minor = {0};
    /* Decades in a small picture: Graphite's last step would fill it with lines. */
    double step_px = step_seconds(row->label) / per_px;
    if (step_px >= 12.0) {
        labels = find_times(ask, row->label, arena);
        major = find_times(ask, row->major, arena);
        minor = find_times(ask, row->minor, arena);
    }
    if (labels.n > 0 && labels.items[labels.n - 1] == ask->until_s)
        labels.n--; /* there the next picture begins */
    set_labels(ask, &labels, ask->format ? ask->format : row->format, arena, out);
    out->major = major.items;
    out->n_major = major.n;
    out->minor = minor.items;
    out->n_minor = minor.n;
}

/* Does the span hold or touch more than one local day? */
static bool is_within_day(const struct time_axis_ask *ask)
{
    struct civil a = tz_civil(ask->tz, ask->from_s), b = tz_civil(ask->tz, ask->until_s - 1);
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

/* Without a second row the first label of a day says which day. */
static void name_midnights(const struct time_axis_ask *ask, struct arena *arena,
                           struct time_axis *out)
{
    for (size_t i = 0; i < out->n_labels; i++) {
        struct civil c = tz_civil(ask->tz, out->labels[i].at_s);
        if (c.hour == 0 && c.minute == 0 && c.second == 0)
            out->labels[i].text = format_time(ask, out->labels[i].at_s, "%e %b", arena);
    }
}

static void add_eras(const struct time_axis_ask *ask, enum step_unit unit, struct arena *arena,
                     struct time_axis *out)
{
    static const char *const texts[][2] = {
        [BY_DAY] = {"%A %e %B %Y", "%e %b"},
        [BY_MONTH] = {"%B %Y", "%b"},
        [BY_YEAR] = {"%Y", "%Y"},
    };
    struct times starts = find_times(ask, (struct step){unit, 1}, arena);
    bool is_first_whole = starts.n > 0 && starts.items[0] == ask->from_s;
    out->eras = arena_array(arena, starts.n + 1, struct time_era);
    out->n_eras = 0;
    for (size_t i = is_first_whole ? 1 : 0; i <= starts.n; i++) {
        int64_t at_s = i == 0 ? ask->from_s : starts.items[i - 1];
        out->eras[out->n_eras++] =
            (struct time_era){at_s, format_time(ask, at_s, texts[unit][0], arena),
                              format_time(ask, at_s, texts[unit][1], arena)};
    }
}

static void make_ours(const struct time_axis_ask *ask, const struct label_measure *measure,
                      struct arena *arena, struct time_axis *out)
{
    double px_per_s = ask->width_px / (double)(ask->until_s - ask->from_s);
    double gap = ask->style.size * 1.6;
    for (size_t i = 0; i < COUNT_OF(our_rows); i++) {
        const struct our_row *row = &our_rows[i];
        const char *format = ask->has_eras ? row->format : row->alone;
        const char *sample = ask->has_eras ? row->sample : row->alone_sample;
        if (ask->format) {
            format = ask->format;
            sample = format_time(ask, ask->from_s, format, arena);
        }
        double step_px = step_seconds(row->step) * px_per_s;
        if (step_px < gap || step_px < label_width(measure, &ask->style, sample) + gap)
            continue;
        struct times times = find_times(ask, row->step, arena);
        set_labels(ask, &times, format, arena, out);
        out->major = times.items;
        out->n_major = times.n;
        if (ask->has_eras && !ask->format && row->era != BY_SECOND)
            add_eras(ask, row->era, arena, out);
        else if (!ask->format && row->era == BY_DAY && !is_within_day(ask))
            name_midnights(ask, arena, out);
        return;
    }
}

static const char *zone_part(const struct time_axis_ask *ask, int64_t at_s, struct arena *arena)
{
    const char *name = "";
    (void)tz_offset(ask->tz, at_s, &name);
    bool is_number = name[0] == '+' || name[0] == '-';
    return arena_printf(arena, "%s%s", is_number ? "UTC" : "", label_clean(name, arena));
}

bool time_axis_check(int64_t from_s, int64_t until_s, struct err *err)
{
    if (from_s >= until_s)
        return FAIL(err, ERR_INPUT, "from must be before until");
    if (from_s < TIME_MIN_S || until_s > TIME_MAX_S)
        return FAIL(err, ERR_INPUT, "from and until must be in the years 1 to 9999");
    return true;
}

void time_axis_make(const struct time_axis_ask *ask, const struct label_measure *measure,
                    struct arena *arena, struct time_axis *out)
{
    *out = (struct time_axis){0};
    if (ask->is_graphite)
        make_graphite(ask, arena, out);
    else
        make_ours(ask, measure, arena, out);
    const char *first = zone_part(ask, ask->from_s, arena);
    const char *last = zone_part(ask, ask->until_s - 1, arena);
    bool is_one = strcmp(first, last) == 0;
    out->zone = is_one ? first : arena_printf(arena, "%s/%s", first, last);
}
