/* A calendar's events (RFC 5545) as planned changes. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/tz.h"
#include "model/change.h"

enum {
    INGEST_ICS_DAYS = 90,   /* so far ahead what comes again is told of */
    INGEST_ICS_MAX = 10000, /* events of one calendar, and changes */
    INGEST_ICS_NOTES_MAX =
        20 /* events that are named as not understood; further ones are counted */
};

struct ingest_ics_options {
    int64_t now_ms;
    enum change_kind kind;
    const char *service, *env;                       /* of all of them; may be "" */
    const struct tz *tz;                             /* of times without a zone */
    const struct tz *(*zone_find)(const char *name); /* NULL result: no such zone */
};

struct ingest_ics {
    struct change_list changes; /* those that have not ended yet; repeats within the days above */
    size_t n_past;              /* events that are over */
    const char *notes[INGEST_ICS_NOTES_MAX]; /* what was not understood, and what became of it */
    size_t n_notes;                          /* may be more than are kept */
};

/* UTC, TZID and DATE values; RRULE with FREQ=DAILY or WEEKLY, INTERVAL, COUNT, UNTIL, BYDAY; EXDATE;
 * RECURRENCE-ID. The UID is the key, with the start for one of several. Strings in the arena.
 *   err  ERR_INPUT: no calendar; ERR_LIMIT: too many */
MUST_CHECK bool ingest_ics_read(struct str text, const struct ingest_ics_options *options,
                                struct arena *arena, struct ingest_ics *out, struct err *err);
