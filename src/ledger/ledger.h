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
#include "model/train.h"

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

/* ---- push trains ---- */

struct ledger_train {
    const char *name; /* as a service's: [a-z0-9._/-], lower case */
    struct train train;
    const char *by; /* who changed it last, and when; "" and 0: nobody ever did */
    int64_t at_ms;
};
/* The train of that name, all of it in the arena; one that nobody has boarded yet is clear. With a wish,
 * what the wish makes of it: on disk, with who and what in the chain of rows.
 *   wish  NULL: only look
 *   err   as train_apply; ERR_INPUT the name is none; ERR_LIMIT too many trains; ERR_BUSY, ERR_IO */
MUST_CHECK bool ledger_train(struct ledger *ledger, const char *name, const struct train_wish *wish,
                             struct arena *arena, struct ledger_train *out, struct err *err);
/* All of them, by name, in the arena. */
MUST_CHECK bool ledger_trains(struct ledger *ledger, struct arena *arena, struct ledger_train **out,
                              size_t *out_n, struct err *err);

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

/* ---- tokens: who may ask for what from elsewhere ---- */

enum {
    LEDGER_TOKENS_MAX = 1000,         /* that are not revoked */
    LEDGER_TOKEN_NAME_MAX = 64,       /* bytes: a-z A-Z 0-9 . _ - */
    LEDGER_SECRET_BYTES = 4 + 32 + 1, /* "plb_", 160 bits in base 32, NUL */
};

/* Only the secret's SHA-256 is kept. Times in ms since 1970; 0: never. */
struct ledger_token {
    const char *name; /* unique among those that are not revoked */
    const char *can;  /* scopes, as scope_format writes them */
    int64_t created_ms, expires_ms, revoked_ms;
    int64_t used_ms; /* to the minute */
};

enum ledger_token_state {
    LEDGER_TOKEN_GOOD,
    LEDGER_TOKEN_UNKNOWN,
    LEDGER_TOKEN_EXPIRED,
    LEDGER_TOKEN_REVOKED,
};

/* Makes one, on disk when this returns, with a row of the chain. name, can and expires_ms are read; by: who
 * asked, "" not known. out_secret is shown this once.
 *   err  ERR_INPUT the name, the scopes, an end that is past, or the name is taken; ERR_LIMIT */
MUST_CHECK bool ledger_token_new(struct ledger *ledger, const struct ledger_token *token,
                                 const char *by, char out_secret[LEDGER_SECRET_BYTES],
                                 struct err *err);
/* err: ERR_MISSING no token of that name is good. */
MUST_CHECK bool ledger_token_revoke(struct ledger *ledger, const char *name, const char *by,
                                    struct err *err);
/* Whose secret is it? From memory, without SQL; marks it as used. *out is set unless unknown; strings in the
 * arena. */
enum ledger_token_state ledger_token_find(struct ledger *ledger, const char *secret,
                                          struct arena *arena, struct ledger_token *out);
/* All of them by name, also those revoked within the last 30 days. In the arena. */
const struct ledger_token *ledger_token_list(struct ledger *ledger, struct arena *arena,
                                             size_t *out_n);
/* Those that are good now. */
size_t ledger_token_count(struct ledger *ledger);

/* Does the series of its kind and service have a change? From memory. */
bool ledger_has_series(struct ledger *ledger, const struct change *change);
/* The change that has been told with that key. err: ERR_MISSING. */
MUST_CHECK bool ledger_get_key(struct ledger *ledger, const char *source, const char *key,
                               struct arena *arena, struct change *out, struct err *err);
/* The rest of this door: what is done to the ledger besides recording. */
#include "ledger/amend.h"
#include "ledger/dora.h"
#include "ledger/dora_read.h"
#include "ledger/restore.h"
#include "ledger/verdicts.h"
