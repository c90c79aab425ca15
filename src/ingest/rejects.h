/* What was not taken: counts by reason, and the last REJECTS_KEPT refusals whole, so that "where did my
 * metric go?" has an answer. A flood of bad lines costs a counter each; at most REJECTS_PER_SECOND of
 * them are kept whole. Thread: any. */
#pragma once

#include "base/jsonw.h"
#include "base/str.h"

enum {
    REJECTS_KEPT = 1000,
    REJECTS_LINE_MAX = 200,    /* bytes of a line that are kept */
    REJECTS_PEER_MAX = 64,     /* an address and a port, with the NUL */
    REJECTS_DETAIL_MAX = 160,  /* one sentence, cut to fit */
    REJECTS_PER_SECOND = 1000, /* kept whole; the rest is counted only */
};

enum reject_reason {
    REJECT_FIELDS = 0,
    REJECT_VALUE,
    REJECT_INFINITE,
    REJECT_TIME,
    REJECT_TOO_LONG,
    REJECT_CUT,        /* the connection broke inside a line */
    REJECT_NAME,       /* see name_fault */
    REJECT_NAME_LIMIT, /* no more series */
    REJECT_TOO_OLD,
    REJECT_TOO_NEW,
    REJECT_CHANGE,      /* the ledger said no */
    REJECT_CONNECTIONS, /* too many of them; a connection, not a line */
    REJECT_SENDER,      /* may not send; a connection or a datagram, not a line */
    REJECT_DISK,        /* the disk refused until the very end */
    REJECT_RATE,        /* StatsD: not a sample rate */
    REJECT_FULL,        /* StatsD: more in one interval than can be held */
    REJECT_PICKLE,      /* bytes that are no pickle of points; the connection is closed */
    REJECT_NAN,         /* dropped, as carbon does; counted, never kept whole */
    REJECT_REASONS
};

/* "too-long": the counter's name. */
const char *rejects_reason_name(enum reject_reason reason);

struct rejects;

MUST_CHECK struct rejects *rejects_new(void);
void rejects_free(struct rejects *rejects);

/* Counts one. True: it may be kept whole too, with rejects_keep. now_s: for the rate. */
bool rejects_count(struct rejects *rejects, enum reject_reason reason, int64_t now_s);
/* detail NULL or "": the reason says it all. Everything is copied, cut to fit. */
void rejects_keep(struct rejects *rejects, enum reject_reason reason, int64_t now_s,
                  const char *peer, const char *detail, struct str line);

/* All but REJECT_NAN. */
uint64_t rejects_total(const struct rejects *rejects);
uint64_t rejects_of(const struct rejects *rejects, enum reject_reason reason);
/* One JSON object, see ingest_write_rejects. */
void rejects_write(struct rejects *rejects, size_t n_max, struct jsonw *json);
