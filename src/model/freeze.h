/* When nobody may deploy: a change of kind freeze, as one span or as windows that come again and again.
 * Pure; times are milliseconds since 1970.
 *   start..end   the span; no end: until somebody thaws it; an end that lies ahead: until then
 *   service      whom it concerns: "web" also web/checkout; "" everybody
 *   env          where; "*" everywhere
 *   tags         cron: when a window begins, in the five fields of crontab(5); for: how long it lasts;
 *                tz: the zone of the fields. With these, start..end is when the rule is in force. */
#pragma once

#include "base/tz.h"
#include "model/change.h"

#define FREEZE_CRON     "cron" /* its tags */
#define FREEZE_FOR      "for"
#define FREEZE_ZONE     "tz"
#define FREEZE_ALL_ENVS "*"

/* Bit i of each: value i is meant. */
struct freeze_cron {
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* weekday 0 is Sunday */
    bool any_day,
        any_weekday; /* when neither is any, either of the two is enough, as cron has it */
};

/* "0 18 * * FRI": numbers, names of months and weekdays (in any case; Sunday is 0 and 7), lists, ranges,
 * steps. err: ERR_INPUT with the field, and what it may hold. */
MUST_CHECK bool freeze_cron_parse(const char *text, struct freeze_cron *out, struct err *err);
/* "62h", "90m", "1h30m", "2d", "1w": a minute to 366 days. err: ERR_INPUT */
MUST_CHECK bool freeze_for_parse(const char *text, int64_t *out_ms, struct err *err);

/* The value of a tag, or NULL. */
const char *freeze_tag(const struct change *change, const char *key);

struct freeze {
    int64_t from_ms, until_ms; /* until 0: until thawed */
    bool is_recurring;
    struct freeze_cron cron;
    int64_t for_ms;
    const struct tz *tz;
};
/* tz: of its tz tag, or the server's. err: ERR_INPUT: cron without for, or either cannot be read */
MUST_CHECK bool freeze_of(const struct change *change, const struct tz *tz, struct freeze *out,
                          struct err *err);

struct freeze_window {
    int64_t begin_ms, end_ms; /* end 0: not known yet */
};
/* Is at_ms inside? Then the window around it; windows that meet are one up to their last end. */
bool freeze_window_at(const struct freeze *freeze, int64_t at_ms, struct freeze_window *out);
/* The first window that begins behind at_ms. */
bool freeze_window_next(const struct freeze *freeze, int64_t at_ms, struct freeze_window *out);

/* Is it a freeze, neither cancelled nor retracted, for this service in this env? service "": for those
 * of nobody in particular, only. */
bool freeze_concerns(const struct change *change, const char *service, const char *env);
