/* Runs a command as a change: its start, its end and how it ended are recorded. Its invariants:
 *   1. The command is run, whatever becomes of the records.
 *   2. The start is told before the command begins, the end after it, under one key. All contact with a
 *      server that is silent takes COURIER_MS_MAX together.
 *   3. The exit code is the command's; when that is 0 and there is a gate, the gate's. */
#pragma once

#include "cli/args.h"
#include "cli/gated.h"
#include "model/change.h"

struct client;

enum wrap_capture {
    WRAP_WHEN_FAILED = 0, /* the output's tail is kept with a change that failed */
    WRAP_ALWAYS,
    WRAP_NEVER,
};

struct wrap {
    const char *command;   /* "deploy", for what is told */
    struct change *change; /* with everything but its end; STATUS_RUNNING */
    const char *const *argv;
    const char *prev;        /* the revision that runs now, or "" */
    const char *result_path; /* where to put what became of it, or NULL */
    enum wrap_capture capture;
    struct client
        *client; /* closed, or open from before; one connection serves all, its owner closes it */
    int64_t spent_ms;         /* of contact with the server so far */
    const struct err *away;   /* it did not answer just now, or NULL */
    const struct gated *gate; /* what follows when the command has succeeded; NULL: nothing */
};
/* The options of commands that wrap one, for their tables. */
#define WRAP_OPTIONS                                                                               \
    {"key", 0, CLI_TEXT, "KEY", "its own name: the same KEY again is the same change"},            \
        {"ttl", 0, CLI_TEXT, "LENGTH", "its end is lost when it is not told by then; 1h"},         \
        {"result", 0, CLI_TEXT, "FILE", "what became of it, as JSON"},                             \
        {"capture", 0, CLI_FLAG, NULL, "keep the output's last lines also when it succeeds"},      \
    {                                                                                              \
        "no-capture", 0, CLI_FLAG, NULL, "never keep them, nor touch the output"                   \
    }
/* Takes those options; change and argv are set. err: ERR_INPUT */
MUST_CHECK bool wrap_take(const struct args *args, struct wrap *io, struct err *err);
/* The result of a command that shall not be run: its status is "refused", its code null. */
void wrap_refused(const struct wrap *wrap);
/* With signals held (child_hold_signals). Returns the exit code. */
int wrap_run(struct wrap *wrap, struct arena *arena);
