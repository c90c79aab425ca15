/* Waiting for a change's verdict: what plumb watch and plumb deploy --gate share. A server that is away is
 * asked on until the time is over. With signals held (child_hold_signals): one that asks to end ends it. */
#pragma once

#include "cli/judged.h"

enum {
    CODE_HARM = 1,
    CODE_CANNOT_TELL = 4,
    CODE_TIMED_OUT = 124,
    CODE_SIGNALLED = 128, /* and the signal's number */
};

/* What counts as a failure. */
enum watching_fail_on {
    WATCHING_TELLS_APART = 0, /* harm is CODE_HARM, what cannot be told CODE_CANNOT_TELL */
    WATCHING_HARM_ONLY,       /* what cannot be told is no failure */
    WATCHING_ALSO_UNKNOWN,    /* what cannot be told is as bad as harm */
};

struct watching {
    const char *command; /* for what is told, on stderr */
    struct judged_wish wish;
    int64_t every_s; /* between two looks; 0: as the server says */
    enum watching_fail_on fail_on;
    /* Whose change? Asked until it can say. err: ERR_BUSY, ERR_IO, ERR_CORRUPT: again later; others: never */
    bool (*identify)(void *self, struct arena *arena, const char **out_id, struct err *err);
    /* Each look. is_news: it differs from the one before, or a minute is over, or it is the last one. */
    void (*show)(void *self, const struct judged *now, bool is_news);
    void *self;
};

struct watched {
    int code;          /* what to exit with, by fail_on */
    bool is_harm;      /* what counts as such */
    const char *state; /* "harm", "no_harm", ...; "away", "timed_out", "signalled", "failed" */
    const char *id;    /* of the change; "" never known */
    const char *service, *prev; /* as the server told; "" it never did */
};

/* The options, for tables of commands. */
#define WATCHING_OPTIONS                                                                           \
    {"vital", 0, CLI_LIST, "METRIC", "above all; METRIC:up or METRIC:down says which way is bad"}, \
        {"every", 0, CLI_TEXT, "LENGTH", "between two looks; 10s, or as the server says"},         \
    {                                                                                              \
        "fail-on", 0, CLI_TEXT, "WHAT", "harm: only that; inconclusive: what cannot be told, too"  \
    }
/* Takes those; for_s and who asks are the caller's. err: ERR_INPUT */
MUST_CHECK bool watching_take(const struct args *args, struct arena *arena, struct watching *io,
                              struct err *err);

/* Until there is a verdict, the time is over or a signal comes. What it came to is told on stderr when it is
 * no verdict. Strings in the arena. */
void watching_run(const struct watching *watching, struct arena *arena, struct watched *out);

/* "website 4f2c1e9 no harm: 42 metrics checked, 13m00s left", as a person reads it; clean, without a line's
 * end. Pure. */
void watching_say(const struct judged *now, struct buf *out);
/* {"t","state","checked","moved":[name],"left","say"}, a line. Pure. */
void watching_line(const struct judged *now, int64_t now_ms, struct buf *out);
