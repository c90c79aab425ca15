/* When an event of a calendar comes again: the simple rules of RFC 5545. Pure. */
#pragma once

#include "base/str.h"
#include "base/tz.h"

struct ingest_rrule {
    bool is_weekly; /* else daily */
    int interval;   /* >= 1 */
    int64_t n_max;  /* COUNT; 0: none */
    unsigned days;  /* bit 0 Monday; 0: not given */
    int first_day;  /* of a week; 0 Monday */
    bool has_until;
    struct civil until; /* as written; until_is_utc: in UTC, else in the event's zone */
    bool until_is_utc, until_is_date;
};

/* False: a rule that is not of these. */
bool ingest_rrule_parse(struct str text, struct ingest_rrule *out);

/* The i-th candidate day (days since 1970) of an event that begins on first_day; not before it, and in
 * order. False: this i is none (not one of the week's days), go on. */
bool ingest_rrule_day(const struct ingest_rrule *rule, int64_t first_day, int64_t i,
                      int64_t *out_day);

/* "20261122", "20261122T140500", with Z. False: it is none. */
bool ingest_rrule_time(struct str text, struct civil *out, bool *out_is_utc, bool *out_is_date);
