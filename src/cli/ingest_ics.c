#include "cli/ingest_ics.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "cli/ingest_rrule.h"

enum {
    DEPTH_MAX = 8,       /* components within components */
    UID_BYTES_MAX = 180, /* of a key, which holds a time too */
    DAY_S = 86400,
    STEPS_MAX = 200000, /* days looked at for one rule: centuries */
    EXDATES_MAX = 1000,
    LINE_BYTES_MAX = 1 << 20,
};

/* One unfolded line, NAME;PARAM=X;...:VALUE. */
struct line {
    struct str name, params, value;
};

/* A time as written. */
struct when {
    bool is_there, is_date;
    struct civil civil;
    const struct tz *tz;
};

struct event {
    struct str uid, summary, url, status, rrule, duration;
    struct when start, end, recurrence;
    struct when *exdates;
    size_t n_exdates, exdates_cap;
    struct str bad; /* a line of it that was not understood */
};

struct event_list {
    struct event **items;
    size_t n, cap;
};

struct reading {
    const struct ingest_ics_options *options;
    struct arena *arena;
    struct ingest_ics *out;
    const struct tz *tz; /* X-WR-TIMEZONE, else the options' */
    struct event_list events;
    struct event_list moved; /* those of them that stand for one of a repeated event */
};

/* ---- lines ---- */

/* The text with folded lines joined again: a line that begins with a blank goes on. */
static struct str unfold(struct str text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.at[i];
        if (c == '\r')
            continue;
        if (c == '\n' && i + 1 < text.n && (text.at[i + 1] == ' ' || text.at[i + 1] == '\t')) {
            i++;
            continue;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return str_make(out, n);
}

/* A colon or semicolon within quotes belongs to a parameter. */
static bool split_line(struct str text, struct line *out)
{
    size_t params = text.n, colon = text.n;
    bool is_quoted = false;
    for (size_t i = 0; i < text.n && colon == text.n; i++) {
        const char c = text.at[i];
        is_quoted ^= c == '"';
        if (is_quoted)
            continue;
        if (c == ';' && params == text.n)
            params = i;
        if (c == ':')
            colon = i;
    }
    if (colon == text.n)
        return false;
    const size_t n_name = min_size(params, colon);
    out->name = str_make(text.at, n_name);
    out->params = str_make(text.at + n_name, colon - n_name);
    out->value = str_make(text.at + colon + 1, text.n - colon - 1);
    return true;
}

/* The parameter's value, without quotes; NULL pointer: not there. */
static struct str param(const struct line *line, const char *name)
{
    struct str rest = line->params, one;
    const size_t n = strlen(name);
    while (str_split(&rest, ';', &one)) {
        if (!str_starts(one, name) || one.n <= n || one.at[n] != '=')
            continue;
        struct str value = str_make(one.at + n + 1, one.n - n - 1);
        if (value.n >= 2 && value.at[0] == '"' && value.at[value.n - 1] == '"')
            value = str_make(value.at + 1, value.n - 2);
        return value;
    }
    return str_make(NULL, 0);
}

/* \n, \, \; \\ as they were meant. */
static const char *unescape(struct str text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.at[i];
        if (c == '\\' && i + 1 < text.n) {
            c = text.at[++i];
            c = c == 'n' || c == 'N' ? ' ' : c;
        }
        if (c)
            out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

/* ---- times ---- */

/* "Europe/Berlin", or the end of "/vendor.org/Olson/Europe/Berlin". */
static const struct tz *find_zone(const struct reading *r, struct str name)
{
    const char *id = arena_strndup(r->arena, name.at, name.n);
    const struct tz *tz = r->options->zone_find(id);
    for (const char *at = strchr(id, '/'); !tz && at; at = strchr(at + 1, '/'))
        tz = r->options->zone_find(at + 1);
    return tz;
}

static bool take_when(const struct reading *r, const struct line *line, struct str value,
                      struct when *out)
{
    struct when when = {.is_there = true, .tz = r->tz};
    bool is_utc;
    const struct str zone = param(line, "TZID");
    if (!ingest_rrule_time(value, &when.civil, &is_utc, &when.is_date))
        return false;
    if (is_utc)
        when.tz = tz_utc();
    else if (zone.at && !when.is_date)
        when.tz = find_zone(r, zone);
    if (!when.tz)
        return false;
    *out = when;
    return true;
}

static int64_t instant_s(const struct when *when)
{
    return tz_instant(when->tz, &when->civil);
}

/* P1W, P1DT2H30M, PT90M: seconds. */
static bool parse_duration(struct str text, int64_t *out_s)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'W', 7 * (int64_t)DAY_S}, {'D', DAY_S}, {'H', 3600}, {'M', 60}, {'S', 1}};
    int64_t total_s = 0, value = 0;
    bool has_digits = false;
    if (text.n < 3 || text.at[0] != 'P')
        return false;
    for (size_t i = 1; i < text.n; i++) {
        const char c = text.at[i];
        if (c == 'T')
            continue;
        if (c >= '0' && c <= '9' && value < 1000000) {
            value = value * 10 + (c - '0');
            has_digits = true;
            continue;
        }
        size_t k = 0;
        while (k < COUNT_OF(units) && units[k].letter != c)
            k++;
        if (k == COUNT_OF(units) || !has_digits)
            return false;
        total_s += value * units[k].seconds;
        value = 0;
        has_digits = false;
    }
    *out_s = total_s;
    return !has_digits;
}

/* Wall-clock seconds from its start to its end: a window keeps its hours over a change of the clocks. */
static bool length_of(const struct event *event, int64_t *out_s)
{
    const struct civil *a = &event->start.civil, *b = &event->end.civil;
    *out_s = event->start.is_date ? DAY_S : 0;
    if (event->duration.at)
        return parse_duration(event->duration, out_s);
    if (!event->end.is_there)
        return true;
    if (event->start.tz != event->end.tz)
        *out_s = instant_s(&event->end) - instant_s(&event->start);
    else
        *out_s = (civil_days(b->year, b->month, b->day) - civil_days(a->year, a->month, a->day)) *
                     DAY_S +
                 (b->hour - a->hour) * 3600 + (b->minute - a->minute) * 60 + b->second - a->second;
    return *out_s >= 0;
}

/* ---- events from lines ---- */

static void note(struct reading *r, const struct event *event, const char *what)
{
    struct ingest_ics *out = r->out;
    if (out->n_notes < INGEST_ICS_NOTES_MAX)
        out->notes[out->n_notes] =
            arena_printf(r->arena, "'%.60s': %s",
                         unescape(event->summary.n ? event->summary : event->uid, r->arena), what);
    out->n_notes++;
}

static bool take_exdates(const struct reading *r, const struct line *line, struct event *event)
{
    struct str rest = line->value, one;
    while (str_split(&rest, ',', &one)) {
        struct when when;
        if (event->n_exdates == EXDATES_MAX || !take_when(r, line, one, &when))
            return false;
        arena_grow(r->arena, &event->exdates, &event->exdates_cap, event->n_exdates + 1,
                   sizeof event->exdates[0]);
        event->exdates[event->n_exdates++] = when;
    }
    return true;
}

/* False: a line that matters and is not understood. */
static bool take_line(const struct reading *r, const struct line *line, struct event *event)
{
    const struct {
        const char *name;
        struct str *text;
        struct when *when;
    } places[] = {{"UID", &event->uid, NULL},
                  {"SUMMARY", &event->summary, NULL},
                  {"URL", &event->url, NULL},
                  {"STATUS", &event->status, NULL},
                  {"RRULE", &event->rrule, NULL},
                  {"DURATION", &event->duration, NULL},
                  {"DTSTART", NULL, &event->start},
                  {"DTEND", NULL, &event->end},
                  {"RECURRENCE-ID", NULL, &event->recurrence}};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (!str_is(line->name, places[i].name))
            continue;
        if (places[i].when)
            return take_when(r, line, line->value, places[i].when);
        *places[i].text = line->value;
        return true;
    }
    if (str_is(line->name, "EXDATE"))
        return take_exdates(r, line, event);
    return !str_is(line->name, "RDATE") && !str_is(line->name, "EXRULE");
}

static struct event *add_event(struct reading *r, struct event_list *list, struct event *event)
{
    arena_grow(r->arena, &list->items, &list->cap, list->n + 1, sizeof list->items[0]);
    list->items[list->n++] = event;
    return event;
}

/* Lines of a VEVENT itself, not of an alarm within it. */
static bool read_events(struct reading *r, struct str text, struct err *err)
{
    struct str rest = text, one;
    struct event *event = NULL;
    unsigned depth = 0;
    struct line line;
    while (str_split(&rest, '\n', &one)) {
        if (one.n > LINE_BYTES_MAX || !split_line(one, &line))
            continue;
        const bool is_begin = str_is(line.name, "BEGIN");
        if (is_begin && event)
            depth++;
        else if (is_begin && str_is(line.value, "VEVENT"))
            event = add_event(r, &r->events, arena_zalloc(r->arena, sizeof *event));
        else if (str_is(line.name, "END") && event && depth == 0)
            event = NULL;
        else if (str_is(line.name, "END") && event)
            depth--;
        else if (event && depth == 0 && !take_line(r, &line, event))
            event->bad = one;
        else if (!event && str_is(line.name, "X-WR-TIMEZONE") && find_zone(r, line.value))
            r->tz = find_zone(r, line.value);
        if (depth > DEPTH_MAX || r->events.n > INGEST_ICS_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d events, or too deep", INGEST_ICS_MAX);
    }
    return true;
}

/* ---- changes from events ---- */

static const char *url_of(const struct reading *r, const struct event *event)
{
    const bool is_http = str_starts(event->url, "http://") || str_starts(event->url, "https://");
    return is_http && event->url.n <= CHANGE_FIELD_MAX ? unescape(event->url, r->arena) : "";
}

/* One time of an event. */
struct slot {
    int64_t start_s, end_s;
    int64_t key_s; /* of one of several: where it stood in the calendar; 0: the only one */
};

static bool emit(struct reading *r, const struct event *event, const struct slot *slot,
                 struct err *err)
{
    struct change_list *list = &r->out->changes;
    struct change change = change_blank();
    const char *uid = arena_strndup(r->arena, event->uid.at, min_size(event->uid.n, UID_BYTES_MAX));
    if (list->n == INGEST_ICS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d planned changes", INGEST_ICS_MAX);
    change.source = "ingest/ics";
    change.kind = r->options->kind;
    change.service = r->options->service;
    change.env = r->options->env;
    change.key = slot->key_s ? arena_printf(r->arena, "ics:%s:%lld", uid, (long long)slot->key_s)
                             : arena_printf(r->arena, "ics:%s", uid);
    change.status = str_is(event->status, "CANCELLED") ? STATUS_CANCELLED : STATUS_PLANNED;
    change.start_ms = slot->start_s * 1000;
    change.end_ms = slot->end_s * 1000;
    change.msg = unescape(event->summary, r->arena);
    change.url = url_of(r, event);
    arena_grow(r->arena, &list->items, &list->cap, list->n + 1, sizeof list->items[0]);
    list->items[list->n++] = change;
    return true;
}

/* Left out by EXDATE, or told of by an event of its own. */
static bool is_excepted(const struct reading *r, const struct event *event, int64_t at_s)
{
    for (size_t i = 0; i < event->n_exdates; i++)
        if (instant_s(&event->exdates[i]) == at_s)
            return true;
    for (size_t i = 0; i < r->moved.n; i++) {
        const struct event *other = r->moved.items[i];
        if (str_eq(other->uid, event->uid) && instant_s(&other->recurrence) == at_s)
            return true;
    }
    return false;
}

static int64_t until_s(const struct ingest_rrule *rule, const struct event *event)
{
    struct civil until = rule->until;
    if (!rule->has_until)
        return INT64_MAX;
    if (rule->until_is_date) { /* all of that day */
        until.hour = 23;
        until.minute = until.second = 59;
    }
    return tz_instant(rule->until_is_utc ? tz_utc() : event->start.tz, &until);
}

static bool repeat(struct reading *r, const struct event *event, const struct ingest_rrule *rule,
                   int64_t length_s, struct err *err)
{
    const int64_t now_s = r->options->now_ms / 1000;
    const int64_t last_s = min_i64(until_s(rule, event), now_s + (int64_t)INGEST_ICS_DAYS * DAY_S);
    const struct civil *first = &event->start.civil;
    const int64_t first_day = civil_days(first->year, first->month, first->day);
    int64_t n = 0;
    for (int64_t i = 0, day; i < STEPS_MAX && (!rule->n_max || n < rule->n_max); i++) {
        const bool is_one = ingest_rrule_day(rule, first_day, i, &day);
        struct civil at = civil_of_days(day);
        at.hour = first->hour;
        at.minute = first->minute;
        at.second = first->second;
        struct slot slot = {.start_s = tz_instant(event->start.tz, &at)};
        if (slot.start_s > last_s)
            return true;
        if (!is_one)
            continue;
        n++;
        at.second += (int)length_s;
        slot.end_s = tz_instant(event->start.tz, &at);
        slot.key_s = slot.start_s;
        if (slot.end_s > now_s && !is_excepted(r, event, slot.start_s) &&
            !emit(r, event, &slot, err))
            return false;
    }
    return true;
}

static bool tell(struct reading *r, const struct event *event, struct err *err)
{
    const int64_t now_s = r->options->now_ms / 1000;
    struct ingest_rrule rule;
    int64_t length_s;
    if (event->bad.n)
        note(r, event,
             arena_printf(r->arena, "'%.*s' is not understood", (int)min_size(event->bad.n, 100),
                          event->bad.at));
    if (!event->start.is_there || !event->uid.n || !length_of(event, &length_s) ||
        length_s > 20LL * 366 * DAY_S) {
        note(r, event, "no UID, no start, or no end that fits; left out");
        return true;
    }
    if (event->rrule.at && ingest_rrule_parse(event->rrule, &rule))
        return repeat(r, event, &rule, length_s, err);
    if (event->rrule.at)
        note(r, event,
             arena_printf(r->arena, "RRULE '%.*s' is not understood; only its first time is told",
                          (int)min_size(event->rrule.n, 100), event->rrule.at));
    struct civil end = event->start.civil;
    end.second += (int)length_s;
    const struct slot slot = {instant_s(&event->start), tz_instant(event->start.tz, &end),
                              event->recurrence.is_there ? instant_s(&event->recurrence) : 0};
    if (slot.end_s <= now_s) {
        r->out->n_past++;
        return true;
    }
    return emit(r, event, &slot, err);
}

bool ingest_ics_read(struct str text, const struct ingest_ics_options *options, struct arena *arena,
                     struct ingest_ics *out, struct err *err)
{
    struct ingest_ics read = {0};
    struct reading r = {.options = options, .arena = arena, .out = &read, .tz = options->tz};
    if (!str_starts(str_trim(text), "BEGIN:VCALENDAR") && !str_starts(text, "\xEF\xBB\xBF"
                                                                            "BEGIN:VCALENDAR"))
        return FAIL(err, ERR_INPUT, "this is no calendar: it does not begin with BEGIN:VCALENDAR");
    if (!read_events(&r, unfold(text, arena), err))
        return false;
    for (size_t i = 0; i < r.events.n; i++)
        if (r.events.items[i]->recurrence.is_there)
            (void)add_event(&r, &r.moved, r.events.items[i]);
    for (size_t i = 0; i < r.events.n; i++)
        if (!tell(&r, r.events.items[i], err))
            return false;
    *out = read;
    return true;
}
