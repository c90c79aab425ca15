/* A kind of channel, as its file offers it to the announcer. Called on the channel's own thread only. */
#pragma once

#include <stdatomic.h>

#include "announce/announce.h"
#include "base/tz.h"

/* What of a change is told. */
enum moment {
    MOMENT_START,   /* it is under way */
    MOMENT_END,     /* it is over, or was a point */
    MOMENT_AGAIN,   /* it was over, and it ended otherwise: failed after all, or retracted */
    MOMENT_VERDICT, /* what it did to the metrics: change->verdict */
    MOMENTS
};

/* One thing to tell. All lent for the call. */
struct message {
    enum moment moment;
    const struct change *change;
    const char *link;   /* to the change's page */
    const char *id;     /* stable over retries: change id and moment, "01J....end" */
    const char *thread; /* what the channel noted when it told of this change before, or "" */
    bool is_first;      /* nothing of this change was told here before */
    enum verdict_state before; /* of a verdict: what was told of it here before; PENDING: nothing */
    const struct tz *tz;       /* times of day are in it; NULL: UTC */
    int64_t now_ms;
    struct arena *arena;
};

/* A kind's own struct begins with it. The announcer fills it in after open. */
struct channel {
    const struct channel_kind *kind;
    const char *name; /* of its section */
    int64_t retry_ms; /* set by tell with ERR_BUSY: the peer said, not before; 0: it did not say */
    const _Atomic bool *is_ending; /* the server stops: what can be cut short should be */
};

struct channel_kind {
    const char *name; /* type = NAME */
    const char *about;
    const char *const *keys; /* of the section, besides the common ones; ended by NULL */
    /* err: ERR_INPUT, which key is missing or wrong; the caller adds file and section. Connects to
     * nothing yet. */
    bool (*open)(const struct ini_section *section, const struct announce_options *options,
                 struct channel **out, struct err *err);
    /* Tells. May take seconds, not more than 10.
     *   out_thread  what to hand back with the change's next message ("" keeps what there is), in the
     *               arena
     *   err         ERR_BUSY try again later (channel->retry_ms may say when); ERR_REFUSED, ERR_INPUT:
     *               the peer will never take this one: a dead letter; ERR_MISSING: it is gone for good,
     *               the channel ends; others: as busy */
    bool (*tell)(struct channel *channel, const struct message *message, const char **out_thread,
                 struct err *err);
    /* NULL, or: what it does when there is nothing to tell (keeping a session); wait_ms at most. Then
     * the announcer does not sleep elsewhere, and wakes it through wake. */
    void (*idle)(struct channel *channel, int64_t wait_ms);
    void (*wake)(struct channel *channel); /* thread: any; ends idle early */
    void (*close)(
        struct channel *channel); /* after its thread has ended, and nobody wakes it any more */
    bool is_noted_first;          /* the peer does not answer: note as told, then tell (IRC) */
    bool is_patient; /* a program: what it did not take is tried for 3 days, not 15 minutes */
};

extern const struct channel_kind *const channel_kinds[]; /* by name */
extern const size_t n_channel_kinds;
