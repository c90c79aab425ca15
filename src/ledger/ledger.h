/* The ledger: every change, kept for ever, append-only, each row chained to the one before by hash.
 * SQLite (WAL mode, synchronous FULL). One thread writes; readers have connections of their own.
 * Thread: any, unless said otherwise. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "model/change.h"
#include "model/commit.h"
#include "model/schema.h"
#include "model/source.h"

struct ledger;

struct ledger_options {
    const char *path; /* <data>/ledger.db */
    struct clock clock;
    const struct schemas *schemas; /* steps of the event series; may be NULL */
    bool posted_apart; /* Graphite's two worlds: what came through /events/ makes no series */
    /* NULL, or called on the ledger's thread after each commit that added rows. Must be quick. */
    void (*on_commit)(void *self);
    void *self;
};

/* err: ERR_REFUSED (a newer version wrote it), ERR_IO, ERR_CORRUPT. Starts the writing thread. */
MUST_CHECK bool ledger_open(const struct ledger_options *options, struct ledger **out,
                            struct err *err);
void ledger_close(struct ledger *ledger); /* finishes what is queued */

/* What recording a change came to. */
struct ledger_receipt {
    char id[27]; /* ULID, NUL */
    uint64_t seq;
    bool is_merged; /* it was, or closed, a change already there */
};

/* Records (or merges by source and key, or by sameness; see docs/ledger.md) and returns when it is on
 * disk. The change is borrowed. err: ERR_INPUT (field named), ERR_BUSY (queue full), ERR_IO. */
MUST_CHECK bool ledger_record(struct ledger *ledger, const struct change *change,
                              struct ledger_receipt *out, struct err *err);
/* Copies and queues it; on disk a moment later. For the plain line. err: ERR_BUSY when the queue has
 * been full for wait_us. */
MUST_CHECK bool ledger_post(struct ledger *ledger, const struct change *change, int64_t wait_us,
                            struct err *err);
/* Waits until all that was posted before is on disk. */
MUST_CHECK bool ledger_barrier(struct ledger *ledger, struct err *err);

/* Ends the open change of (kind, service, env) or of id (when given): status, end, message.
 * err: ERR_MISSING when none is open; ERR_INPUT as for a change. */
struct ledger_end {
    const char *id; /* "" : the newest open one of kind, service, env */
    enum change_kind kind;
    const char *service, *env;
    enum change_status status;
    int64_t end_ms;
    const char *msg; /* "" keeps it */
};
MUST_CHECK bool ledger_finish(struct ledger *ledger, const struct ledger_end *end,
                              struct ledger_receipt *out, struct err *err);

/* One change, whole. err: ERR_MISSING. A unique prefix of the id (>= 4) is enough, in any case. */
MUST_CHECK bool ledger_get(struct ledger *ledger, const char *id, struct arena *arena,
                           struct change *out, struct err *err);
/* The change that row number seq told of, as it now is. err: ERR_MISSING. */
MUST_CHECK bool ledger_get_row(struct ledger *ledger, uint64_t seq, struct arena *arena,
                               struct change *out, struct err *err);

/* Keeps commits, in the order given, after those that are kept already; one that is known stays where it
 * is. On disk when it returns. err: ERR_INPUT (a commit without service or sha), ERR_BUSY, ERR_IO. */
MUST_CHECK bool ledger_commits_add(struct ledger *ledger, const struct commit_list *commits,
                                   struct err *err);
/* What a deploy brought. prev and rev may be short. */
struct ledger_revs {
    const char *service, *prev, *rev;
};
/* The commits that came after prev, up to rev with it, oldest first; none when rev is not newer.
 * err: ERR_MISSING when one of the two is not known, so that unknown is not taken for none; ERR_INPUT
 * one is too short or fits several; ERR_LIMIT more than 10,000. */
MUST_CHECK bool ledger_commits_between(struct ledger *ledger, const struct ledger_revs *revs,
                                       struct arena *arena, struct commit_list *out,
                                       struct err *err);

/* Without query->n_max, more than 100,000 changes are ERR_LIMIT. */
struct changes ledger_changes(struct ledger *ledger);
/* events.<kind>.<service> series: step as the schemas say, else 1 s, coarsened so that an answer
 * stays within 100,000 points; marks carry the exact times. Never expires. */
struct source ledger_source(struct ledger *ledger);

struct ledger_stats {
    uint64_t n_changes, n_rows, n_queued, n_refused;
};
void ledger_stats(struct ledger *ledger, struct ledger_stats *out);
/* Walks the hash chain. err: ERR_CORRUPT with the first row that does not fit. */
MUST_CHECK bool ledger_verify(struct ledger *ledger, uint64_t *out_rows, struct err *err);
/* The same for a file, whether a server has it open or not. Nothing is changed.
 * err: ERR_MISSING there is none, ERR_REFUSED a newer version's, ERR_CORRUPT, ERR_IO. */
struct ledger_verified {
    uint64_t n_rows, n_changes;
    char head
        [65]; /* the newest row's hash in hex: with it noted elsewhere, even a chain that was made
                      anew from its beginning is found out */
};
MUST_CHECK bool ledger_verify_file(const char *path, struct ledger_verified *out, struct err *err);
/* Copies it, as it is now, to a file that is not there yet; synced. Recording goes on meanwhile. */
MUST_CHECK bool ledger_snapshot(struct ledger *ledger, const char *path, struct err *err);

/* The rest of this door: what is done to the ledger besides recording. */
#include "ledger/amend.h"
#include "ledger/dora.h"
#include "ledger/dora_read.h"
#include "ledger/restore.h"
