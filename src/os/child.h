/* Running another program: as a wrapper that must not be noticed, and to read what a short one
 * says. Thread: main, the only one. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct child_var {
    const char *name, *value; /* value NULL: removed from the environment */
};

/* From now on a signal that asks this process to end (HUP, INT, QUIT, TERM) or that it would pass
 * on (USR1, USR2) waits: for child_run to deal with it, or for child_release_signals. */
void child_hold_signals(void);
/* Ends what child_hold_signals began: what is waiting is delivered, as it would have been. */
void child_release_signals(void);
/* The held signal that asks this process to end, or 0; it goes on waiting. Ignored ones do not
 * count. */
int child_waiting_signal(void);
/* The same, but it is obeyed by that: it waits no longer. */
int child_take_signal(void);

/* How a run ended. */
struct child_end {
    int code; /* its exit status; 128 + n when signal n ended it, or came before it began */
    int signal_number; /* that n, or 0 */
    bool has_run;      /* false: a held signal came first, and it was never started */
};

enum {
    CHILD_TAIL_BYTES = 16 * 1024,
    CHILD_LINGER_MS = 200, /* output is awaited after the end: a daemon may hold it for ever */
};

/* The last bytes of what a program wrote to stdout and stderr, as they came. */
struct child_tail {
    char bytes[CHILD_TAIL_BYTES];
    size_t n;
    bool is_cut; /* there were more before */
};

/* Runs a program to its end, with our stdin, stdout, stderr, terminal, folder and process group, so
 * that it behaves as if nothing stood between it and its caller. Signals sent to us are passed on
 * to it, but for those the terminal sent to the whole group, which it has got already. Signals are
 * held until this returns, and after it if child_hold_signals was called before.
 *   argv  NULL-ended; argv[0] is looked for in PATH; a script without #! is run by the shell
 *   vars  n_vars changes to its environment; the last of a name wins
 *   tail  NULL, or filled: then what it writes goes through pipes, each byte as it comes, but for what
 *         goes to a terminal. Where stdout and stderr are one file, they are one pipe. What is written
 *         CHILD_LINGER_MS after its end, by what it left behind, is refused.
 *   err   it could not be started: ERR_MISSING no such program, ERR_IO any other reason */
MUST_CHECK bool child_run(const char *const *argv, const struct child_var *vars, size_t n_vars,
                          struct child_tail *tail, struct child_end *out, struct err *err);

/* What a short program prints to stdout, appended to out. It has no stdin and its stderr is
 * dropped.
 *   out_code  as in child_end
 *   err       ERR_MISSING, ERR_IO; ERR_BUSY it was not done within wait_ms, ERR_LIMIT out is full:
 *             in both cases it is killed */
MUST_CHECK bool child_read(const char *const *argv, int64_t wait_ms, struct buf *out, int *out_code,
                           struct err *err);

/* Runs a program that reads text from stdin, to its end; its stdout and stderr are ours. It may stop
 * reading: a pager that is left. err: ERR_MISSING, ERR_IO it could not be started */
MUST_CHECK bool child_feed(const char *const *argv, const char *text, size_t n, int *out_code,
                           struct err *err);
