/* What plumb doctor makes of a server's answers. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum doctor_mark {
    DOCTOR_FINE,
    DOCTOR_LOOK, /* worth a look */
    DOCTOR_MEND, /* something to mend */
};

struct doctor_check {
    const char *name; /* "clock" */
    enum doctor_mark mark;
    const char *text; /* what is so */
    const char *todo; /* what to do about it; "" : nothing */
};

/* Strings in the arena. */
struct doctor_report {
    struct arena *arena;
    struct doctor_check *items;
    size_t n, cap;
};

PRINTF_LIKE(5, 6)
void doctor_checks_add(struct doctor_report *report, const char *name, enum doctor_mark mark,
                       const char *todo, const char *fmt, ...);

/* Of GET /api/v1/stats: version, clock (now_ms: this machine's, in the middle of the exchange), disk, store,
 * ledger. */
void doctor_checks_stats(struct doctor_report *report, const char *json, size_t n, int64_t now_ms);
/* Of GET /hook as JSON: which hooks there are. Calls ask for each that refused or failed something; it
 * returns what GET /hook/SOURCE/NAME says, or NULL. */
struct doctor_ask {
    const char *(*ask)(void *self, const char *hook);
    void *self;
};
void doctor_checks_hooks(struct doctor_report *report, const char *json, size_t n,
                         const struct doctor_ask *ask);
/* Of GET /api/v1/announce. */
void doctor_checks_announce(struct doctor_report *report, const char *json, size_t n);
/* Of GET /api/v1/rejects?n=1. */
void doctor_checks_rejects(struct doctor_report *report, const char *json, size_t n);

/* The worst of all. */
enum doctor_mark doctor_checks_worst(const struct doctor_report *report);
/* A line each, what to do below it. Texts of others are cleaned. */
void doctor_checks_print(const struct doctor_report *report, bool has_utf8, struct buf *out);
void doctor_checks_json(const struct doctor_report *report, struct buf *out);
