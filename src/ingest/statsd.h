/* StatsD lines, Etsy's and DogStatsD's: bytes → typed samples. Format: docs/formats/statsd.md. Pure, and nothing
 * is allocated. Thread: any.
 *
 *   statsd_begin(&line, text)                     name and tags
 *   while (statsd_next(&line, &sample, &fate))    each value: a line may hold several */
#pragma once

#include "base/str.h"
#include "model/name.h"

enum {
    STATSD_LINE_MAX = 16 * 1024, /* longer ones are refused; DogStatsD's events end at 8 KB */
    /* A name and its tags, as sent. "stats_counts." or "stats.timers." comes before it, 5 bytes for each tag
     * without a value, ".sum_squares_top99_99", a value and a time after it: a line of at most 4,096. */
    STATSD_KEY_MAX = 3400,
};

enum statsd_kind {
    STATSD_METRIC = 0,
    STATSD_EVENT, /* _e{...}: see statsd_event.h */
    STATSD_CHECK, /* _sc|...: a service check */
};
enum statsd_kind statsd_kind(struct str text);

enum statsd_type {
    STATSD_COUNTER = 0,
    STATSD_GAUGE,
    STATSD_GAUGE_DELTA, /* the value was sent with its sign */
    STATSD_TIMER,
    STATSD_SET,
};

struct statsd_sample {
    enum statsd_type type;
    double value;      /* finite; not of a set */
    double weight;     /* 1 / sample rate: so many were there */
    struct str member; /* of a set; lies in the line */
    int64_t at_s;      /* as sent (|T...), 0: now */
};

enum statsd_fate {
    STATSD_OK = 0,
    STATSD_NAME,     /* nothing is left of the name, it is too long, or a tag cannot be taken */
    STATSD_FIELDS,   /* no type: not "name:value|type" */
    STATSD_VALUE,    /* not a number, or a negative time */
    STATSD_INFINITE, /* too large for a double, or infinite */
    STATSD_RATE,     /* the field after the type is not "@" and a number above 0 */
    STATSD_TIME,     /* "|T..." is not a time in seconds */
};

struct statsd_line {
    struct str key; /* cleaned, canonical, with its tags; lies in text */
    enum name_fault fault;
    struct str rest, more; /* what is left of the line, and what stood after the tags */
    struct str values;     /* of the group: "1" of "1|c", "1:2:3" of "1:2:3|d" */
    struct statsd_sample group;
    enum statsd_fate group_fate;
    bool has_values, has_rest;
    bool is_time; /* Etsy's ms: never negative; DogStatsD's h and d may be of anything */
    char text[NAME_BYTES_MAX + 1];
};

/* Reads name and tags of one line, without its newline, which is borrowed until the last statsd_next.
 * STATSD_OK, or STATSD_NAME with the fault in line->fault; then there is nothing to ask statsd_next for. A name
 * of a change (see change_name_is) keeps its tags' values as they were sent. */
MUST_CHECK enum statsd_fate statsd_begin(struct statsd_line *line, struct str text);
/* The next value of the line; false: there is none. *out is set with STATSD_OK alone. */
MUST_CHECK bool statsd_next(struct statsd_line *line, struct statsd_sample *out,
                            enum statsd_fate *out_fate);

/* A short reason for people. */
const char *statsd_fate_text(enum statsd_fate fate);
