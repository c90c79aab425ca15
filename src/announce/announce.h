/* Telling people and programs of changes: IRC, chat, mail, webhooks, ... A file per kind of channel, one
 * table (channels.c). A channel is a [announce NAME] section of plumb.conf, and has a thread of its own:
 * a slow one holds up nobody else, and none of them an input.
 *
 * Invariants
 * 1. The ledger is the queue: a channel remembers in <dir>/<name>.state up to which row it has told, and
 *    which moments (start, end) of which changes, and goes on from there after a restart.
 * 2. A moment of a change is told once. It is noted as told after the peer took it (at least once); a peer
 *    that cannot be asked (IRC) is told right after it was noted.
 * 3. Nothing that was older than 15 minutes when it was first looked at is told; what is left out is
 *    counted. People are told within 15 minutes or not at all; programs (is_patient) are tried for 3 days.
 * 4. Start and end of one change are one thread wherever the peer has threads; the end waits for the start.
 * 5. A new channel begins with what comes after it. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/ini.h"
#include "base/jsonw.h"
#include "base/tz.h"
#include "model/change.h"
#include "model/train.h"

struct announce;

struct announce_options {
    const struct ini *config; /* its [announce NAME] sections; lent while it runs */
    const char *dir;          /* <data>/announce */
    const char *base_url;     /* where people reach this server, for links: "http://host:2010" */
    struct clock clock;
    const struct tz *tz; /* times of day in messages are in it; NULL: UTC */
    struct changes changes;
    /* What a chat asks for (!log): records a change. err: as ledger_record. Thread: any. */
    bool (*record)(void *self, const struct change *change, char out_id[27], struct err *err);
    /* A change as the API's JSON. Thread: any. */
    void (*write_change)(struct jsonw *json, const struct change *change);
    /* The push train of that name, and what a wish makes of it (NULL: only look), in the arena.
     * err: as ledger_train. */
    bool (*train)(void *self, const char *name, const struct train_wish *wish, struct arena *arena,
                  struct train *out, struct err *err);
    /* What a chat asks for (.why): which change moved the metric, in one line in the arena. at: a time as
     * /render takes it; "" now. NULL: nobody can say. err: ERR_INPUT, ERR_MISSING, ERR_LIMIT, ERR_BUSY */
    bool (*why)(void *self, const char *metric, const char *at, struct arena *arena,
                const char **out_line, struct err *err);
    void *self;
};

/* err: ERR_INPUT naming file, line, section and key; ERR_IO. Without sections it starts nothing. */
MUST_CHECK bool announce_start(const struct announce_options *options, struct announce **out,
                               struct err *err);
/* Ends the threads: what is on its way has a second. announce_wake may still be called until
 * announce_free, which comes when nobody knows of it any more. NULL is fine for both. */
void announce_stop(struct announce *announce);
void announce_free(struct announce *announce);
/* There is something new in the ledger. Never waits. Thread: any. NULL is fine. */
void announce_wake(struct announce *announce);
/* An array: each channel's name, type, state, counts, last error, and the last 20 messages that its peer
 * never took, with the reason. Thread: any. NULL is fine. */
void announce_write_state(struct announce *announce, struct jsonw *json);
/* Tells the channel something made up, now, and waits for what its peer says. Thread: any.
 *   err  ERR_MISSING no channel of that name, ERR_BUSY it is still busy with something else after 15 s;
 *        others: what the peer, or the way there, had against it */
MUST_CHECK bool announce_test(struct announce *announce, const char *name, struct err *err);
