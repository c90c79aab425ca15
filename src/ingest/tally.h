/* What StatsD samples add up to between two flushes, and the plaintext lines that a flush makes of it: names
 * and numbers of Etsy's statsd with its graphite backend and its default configuration. Format:
 * docs/formats/statsd.md. Pure but for the key of its hashes. Owner: one thread. */
#pragma once

#include "base/buf.h"
#include "ingest/statsd.h"

enum {
    TALLY_KEYS_MAX = 1000000, /* names, of all types; some 150 bytes each */
    TALLY_VALUES_MAX =
        8 << 20, /* of timers, and members of sets, in one interval: 8 bytes each, 16 of a set */
    TALLY_PERCENTS_MAX = 8,
    TALLY_PIECE_BYTES = 64 * 1024, /* a flush's lines come in pieces of about this size */
};

struct tally_options {
    int64_t interval_s;
    double percents[TALLY_PERCENTS_MAX]; /* of timers; below 0: the top ones. Never 0 */
    size_t n_percents;
    bool
        deletes_idle; /* names without a sample since the last flush are not told of; else 0, or the last gauge */
};

struct tally;

/* started_s: the "last flush" until there is one. */
MUST_CHECK struct tally *tally_new(const struct tally_options *options, int64_t started_s);
void tally_free(struct tally *tally); /* NULL is fine */

enum tally_fate {
    TALLY_OK = 0,
    TALLY_KEYS_FULL,   /* no more names */
    TALLY_VALUES_FULL, /* no more values of timers and sets until the next flush */
};
/* key: canonical. */
enum tally_fate tally_add(struct tally *tally, struct str key, const struct statsd_sample *sample);
/* statsd's counters of itself. */
void tally_count_packet(struct tally *tally);
void tally_count_line(struct tally *tally);
void tally_count_bad(struct tally *tally);

/* A sample that names its own time adds up with nothing: its lines (two of a counter), into out. False: its type
 * has no such lines, it is to be added. */
bool tally_write_timed(const struct tally *tally, struct str key,
                       const struct statsd_sample *sample, struct buf *out);

/* Hears of whole lines; n > 0 bytes, borrowed for the call, during which samples may be added: each is in this
 * flush or in the next. */
typedef void (*tally_fn)(void *self, const char *lines, size_t n);

/* Everything so far as lines of the time at_s; begins the next interval. Nothing before the first packet: who does
 * not use StatsD has none of its series.
 *   last_ms  what the flush before this one took */
void tally_flush(struct tally *tally, int64_t at_s, int64_t last_ms, tally_fn fn, void *self);
