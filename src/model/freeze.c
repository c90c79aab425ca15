#include "model/freeze.h"

#include <string.h>
#include <strings.h>

#define MINUTE_MS  INT64_C(60000)
#define DAY_MS     INT64_C(86400000)
#define FOR_MS_MAX (366 * DAY_MS)

enum {
    FIELDS = 5,
    AHEAD_DAYS_MAX = 3000, /* 29 February comes within eight years; 30 February never does */
    MEETING_MAX = 100,     /* windows that are joined to one */
};

static const char *const months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                     "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
static const char *const weekdays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

/* One of the five. */
struct field {
    const char *name;
    unsigned least, most;
    const char *const *names; /* of least, least + 1, ... */
    size_t n_names;
};
static const struct field fields[FIELDS] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of the month", 1, 31, NULL, 0},
    {"month", 1, 12, months, COUNT_OF(months)},
    {"day of the week", 0, 7, weekdays, COUNT_OF(weekdays)},
};

static bool take_value(struct str *io, const struct field *field, unsigned *out)
{
    for (size_t i = 0; i < field->n_names; i++) {
        const size_t n = strlen(field->names[i]);
        if (io->n < n || strncasecmp(io->at, field->names[i], n) != 0)
            continue;
        *io = str_make(io->at + n, io->n - n);
        *out = field->least + (unsigned)i;
        return true;
    }
    unsigned value = 0;
    size_t n = 0;
    while (n < io->n && n < 2 && io->at[n] >= '0' && io->at[n] <= '9')
        value = value * 10 + (unsigned)(io->at[n++] - '0');
    *io = str_make(io->at + n, io->n - n);
    *out = value;
    return n > 0;
}

static bool take_char(struct str *io, char c)
{
    if (io->n == 0 || io->at[0] != c)
        return false;
    *io = str_make(io->at + 1, io->n - 1);
    return true;
}

/* "*", "5", "MON-FRI", each also with a step behind a slash. */
static bool parse_part(struct str part, const struct field *field, uint64_t *io_bits)
{
    unsigned first = field->least, last = field->most, step = 1;
    const bool is_all = take_char(&part, '*');
    if (!is_all) {
        if (!take_value(&part, field, &first))
            return false;
        last = first;
        if (take_char(&part, '-')) {
            if (!take_value(&part, field, &last))
                return false;
        } else if (part.n > 0) {
            last = field->most; /* "10/20": from 10 on, each 20th */
        }
    }
    static const struct field steps = {"step", 1, 59, NULL, 0};
    if (take_char(&part, '/') && (!take_value(&part, &steps, &step) || step == 0))
        return false;
    if (part.n > 0 || first < field->least || last > field->most || first > last)
        return false;
    for (unsigned i = first; i <= last; i += step)
        *io_bits |= UINT64_C(1) << i;
    return true;
}

static bool parse_field(struct str text, const struct field *field, uint64_t *out, struct err *err)
{
    const struct str whole = text;
    struct str part;
    *out = 0;
    while (str_split(&text, ',', &part))
        if (!parse_part(part, field, out)) {
            err_set(err, ERR_INPUT, "cron: '%.*s' is no %s", (int)min_size(whole.n, 40), whole.at,
                    field->name);
            if (field->names)
                err_hint(err, "%u to %u, %s to %s, *, a list 1,2, a range 1-5 or a step */2",
                         field->least, field->most, field->names[0],
                         field->names[field->n_names - 1]);
            else
                err_hint(err, "%u to %u, *, a list 1,2, a range 1-5 or a step */2", field->least,
                         field->most);
            return false;
        }
    return true;
}

bool freeze_cron_parse(const char *text, struct freeze_cron *out, struct err *err)
{
    uint64_t bits[FIELDS];
    bool is_any[FIELDS];
    size_t n = 0;
    for (text += strspn(text, " \t"); *text; n++) {
        const struct str field = str_make(text, strcspn(text, " \t"));
        if (n < FIELDS && !parse_field(field, &fields[n], &bits[n], err))
            return false;
        if (n < FIELDS)
            is_any[n] = field.at[0] == '*';
        text += field.n;
        text += strspn(text, " \t");
    }
    if (n != FIELDS) {
        err_set(err, ERR_INPUT, "cron: %zu fields instead of five", n);
        err_hint(err, "minute hour day month weekday: \"0 18 * * FRI\" is Fridays at 18:00");
        return false;
    }
    if (bits[4] >> 7) /* Sunday has two numbers */
        bits[4] = (bits[4] | 1) & 0x7F;
    *out = (struct freeze_cron){.minutes = bits[0],
                                .hours = (uint32_t)bits[1],
                                .days = (uint32_t)bits[2],
                                .months = (uint32_t)bits[3],
                                .weekdays = (uint32_t)bits[4],
                                .any_day = is_any[2],
                                .any_weekday = is_any[4]};
    return true;
}

static int64_t unit_ms(char c)
{
    switch (c) {
    case 's':
        return 1000;
    case 'm':
        return MINUTE_MS;
    case 'h':
        return 60 * MINUTE_MS;
    case 'd':
        return DAY_MS;
    case 'w':
        return 7 * DAY_MS;
    default:
        return 0;
    }
}

bool freeze_for_parse(const char *text, int64_t *out_ms, struct err *err)
{
    int64_t sum_ms = 0;
    const char *at = text;
    bool is_ok = *at != '\0';
    while (is_ok && *at) {
        int64_t n = 0;
        int n_digits = 0;
        for (; *at >= '0' && *at <= '9' && n_digits < 9; at++, n_digits++)
            n = n * 10 + (*at - '0');
        is_ok = n_digits > 0 && unit_ms(*at) > 0;
        sum_ms += is_ok ? n * unit_ms(*at++) : 0;
        is_ok = is_ok && sum_ms <= FOR_MS_MAX;
    }
    if (is_ok && sum_ms >= MINUTE_MS) {
        *out_ms = sum_ms;
        return true;
    }
    err_set(err, ERR_INPUT, "for: '%.40s' is no length of time from a minute to 366 days", text);
    err_hint(err, "62h, 90m, 1h30m, 2d or 1w");
    return false;
}

const char *freeze_tag(const struct change *change, const char *key)
{
    for (size_t i = 0; i < change->n_tags; i++)
        if (strcmp(change->tags[i].key, key) == 0)
            return change->tags[i].value;
    return NULL;
}

bool freeze_of(const struct change *change, const struct tz *tz, struct freeze *out,
               struct err *err)
{
    struct freeze freeze = {.from_ms = change->start_ms, .until_ms = change->end_ms, .tz = tz};
    const char *cron = freeze_tag(change, FREEZE_CRON), *lasts = freeze_tag(change, FREEZE_FOR);
    if (cron && !lasts) {
        err_set(err, ERR_INPUT, "cron says when a freeze begins, but not how long it lasts");
        err_hint(err, "for=62h does");
        return false;
    }
    freeze.is_recurring = cron != NULL;
    if (cron && (!freeze_cron_parse(cron, &freeze.cron, err) ||
                 !freeze_for_parse(lasts, &freeze.for_ms, err)))
        return false;
    *out = freeze;
    return true;
}

/* Does cron name this day? */
static bool has_day(const struct freeze_cron *cron, const struct civil *day)
{
    const bool is_day = (cron->days >> day->day) & 1;
    const bool is_weekday = (cron->weekdays >> ((day->weekday + 1) % 7)) & 1;
    if (!((cron->months >> day->month) & 1))
        return false;
    return cron->any_day || cron->any_weekday ? is_day && is_weekday : is_day || is_weekday;
}

/* Beginnings of windows on one day: of those in [from_ms, until_ms) the first or the last one. What the
 * clocks skip begins when they have been put forward; what they repeat begins once. */
struct search {
    const struct freeze *freeze;
    int64_t from_ms, until_ms;
    bool wants_last;
    bool is_found;
    int64_t at_ms;
};

static void search_minute(struct search *search, struct civil *civil)
{
    civil->second = 0;
    const int64_t at_ms = tz_instant(search->freeze->tz, civil) * 1000;
    if (at_ms < search->from_ms || at_ms >= search->until_ms)
        return;
    /* Within a day the order may change where clocks are put forward. */
    if (search->is_found && (search->wants_last ? at_ms < search->at_ms : at_ms > search->at_ms))
        return;
    search->is_found = true;
    search->at_ms = at_ms;
}

static void search_day(struct search *search, int64_t day)
{
    const struct freeze_cron *cron = &search->freeze->cron;
    struct civil civil = civil_of_days(day);
    if (!has_day(cron, &civil))
        return;
    for (civil.hour = 0; civil.hour < 24; civil.hour++)
        for (civil.minute = 0; ((cron->hours >> civil.hour) & 1) && civil.minute < 60;
             civil.minute++)
            if ((cron->minutes >> civil.minute) & 1)
                search_minute(search, &civil);
}

static int64_t day_of(const struct freeze *freeze, int64_t at_ms)
{
    const struct civil civil = tz_civil(freeze->tz, at_ms / 1000);
    return civil_days(civil.year, civil.month, civil.day);
}

/* The last beginning at at_ms or before, but within the length of a window. */
static bool last_begin(const struct freeze *freeze, int64_t at_ms, int64_t *out_ms)
{
    struct search search = {.freeze = freeze,
                            .from_ms = at_ms - freeze->for_ms + 1,
                            .until_ms = at_ms + 1,
                            .wants_last = true};
    const int64_t least = day_of(freeze, search.from_ms);
    for (int64_t day = day_of(freeze, at_ms); day >= least && !search.is_found; day--)
        search_day(&search, day);
    *out_ms = search.at_ms;
    return search.is_found;
}

/* The first beginning in [from_ms, until_ms). */
static bool first_begin(const struct freeze *freeze, int64_t from_ms, int64_t until_ms,
                        int64_t *out_ms)
{
    struct search search = {.freeze = freeze, .from_ms = from_ms, .until_ms = until_ms};
    const int64_t first = day_of(freeze, from_ms);
    const int64_t most = min_i64(first + AHEAD_DAYS_MAX, day_of(freeze, until_ms));
    for (int64_t day = first; day <= most && !search.is_found; day++)
        search_day(&search, day);
    *out_ms = search.at_ms;
    return search.is_found;
}

/* The end of the window that begins at begin_ms, with those that begin before it is over. */
static int64_t end_of(const struct freeze *freeze, int64_t begin_ms)
{
    int64_t end_ms = begin_ms + freeze->for_ms, next_ms;
    for (int i = 0; i < MEETING_MAX && (!freeze->until_ms || end_ms < freeze->until_ms); i++) {
        if (!last_begin(freeze, end_ms, &next_ms) || next_ms <= begin_ms)
            break;
        begin_ms = next_ms;
        end_ms = next_ms + freeze->for_ms;
    }
    return freeze->until_ms ? min_i64(end_ms, freeze->until_ms) : end_ms;
}

bool freeze_window_at(const struct freeze *freeze, int64_t at_ms, struct freeze_window *out)
{
    if (at_ms < freeze->from_ms || (freeze->until_ms && at_ms >= freeze->until_ms))
        return false;
    if (!freeze->is_recurring) {
        *out = (struct freeze_window){freeze->from_ms, freeze->until_ms};
        return true;
    }
    int64_t begin_ms;
    if (!last_begin(freeze, at_ms, &begin_ms))
        return false;
    *out = (struct freeze_window){max_i64(begin_ms, freeze->from_ms), end_of(freeze, begin_ms)};
    return true;
}

bool freeze_window_next(const struct freeze *freeze, int64_t at_ms, struct freeze_window *out)
{
    if (!freeze->is_recurring) {
        if (freeze->from_ms <= at_ms || (freeze->until_ms && freeze->until_ms <= freeze->from_ms))
            return false;
        *out = (struct freeze_window){freeze->from_ms, freeze->until_ms};
        return true;
    }
    const int64_t from_ms = max_i64(at_ms + 1, freeze->from_ms);
    const int64_t ahead_ms = from_ms + AHEAD_DAYS_MAX * DAY_MS;
    const int64_t until_ms = freeze->until_ms ? min_i64(freeze->until_ms, ahead_ms) : ahead_ms;
    int64_t begin_ms;
    if (from_ms >= until_ms || !first_begin(freeze, from_ms, until_ms, &begin_ms))
        return false;
    *out = (struct freeze_window){begin_ms, end_of(freeze, begin_ms)};
    return true;
}

bool freeze_concerns(const struct change *change, const char *service, const char *env)
{
    if (change->kind != CHANGE_FREEZE || change->is_retracted ||
        change->status == STATUS_CANCELLED || change->status == STATUS_FAILED)
        return false;
    if (strcmp(change->env, FREEZE_ALL_ENVS) != 0 && strcmp(change->env, env) != 0)
        return false;
    const size_t n = strlen(change->service);
    if (n == 0)
        return true;
    return strncmp(service, change->service, n) == 0 && (service[n] == '\0' || service[n] == '/');
}
