#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "os/realtime.h"

enum {
    SIGNALLED = 128,         /* the shell's way: 128 + the signal's number */
    READ_BYTES = 4096,       /* a pipe's atomic write; the programs we read say a line */
    VARIABLES_MAX = 1 << 20, /* the kernel takes far less */
};

static const int ending_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
static const int passed_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

static sigset_t set_of(const int *signals, size_t n)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, signals[i]);
    return set;
}

void child_hold_signals(void)
{
    const sigset_t set = set_of(passed_signals, COUNT_OF(passed_signals));
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void child_release_signals(void)
{
    const sigset_t set = set_of(passed_signals, COUNT_OF(passed_signals));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int child_waiting_signal(void)
{
    sigset_t waiting;
    if (sigpending(&waiting) != 0)
        return 0;
    for (size_t i = 0; i < COUNT_OF(ending_signals); i++) {
        struct sigaction now;
        /* While blocked, an ignored signal waits like any other: nohup's HUP is none to obey. */
        if (sigismember(&waiting, ending_signals[i]) == 1 &&
            sigaction(ending_signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            return ending_signals[i];
    }
    return 0;
}

static bool is_named(const char *entry, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Does a later one of vars, or (from = 0) any of them, speak of this entry? */
static bool is_replaced(const char *entry, const struct child_var *vars, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++)
        if (is_named(entry, vars[i].name))
            return true;
    return false;
}

/* Our environment with those changes; one block for the new texts, both the caller's to free. */
struct environment {
    char **entries;
    struct buf texts;
};

static void environment_done(struct environment *environment)
{
    mem_free(environment->entries);
    buf_done(&environment->texts);
}

static void environment_make(const struct child_var *vars, size_t n_vars, struct environment *out)
{
    size_t n_old = 0;
    while (environ[n_old])
        n_old++;
    out->entries = mem_array(n_old + n_vars + 1, char *);
    size_t n = 0;
    for (size_t i = 0; i < n_old; i++)
        if (!is_replaced(environ[i], vars, 0, n_vars))
            out->entries[n++] = environ[i];

    buf_init(&out->texts, VARIABLES_MAX);
    const size_t n_kept = n;
    for (size_t i = 0; i < n_vars; i++)
        if (vars[i].value) {
            buf_printf(&out->texts, "%s=%s", vars[i].name, vars[i].value);
            buf_add_char(&out->texts, '\0');
        }
    BUG_IF(out->texts.is_full);
    /* Pointers only now: the block moved while it grew. */
    for (size_t i = 0, at = 0; i < n_vars; i++)
        if (vars[i].value) {
            char *entry = out->texts.at + at;
            at += strlen(entry) + 1;
            if (!is_replaced(entry, vars, i + 1, n_vars))
                out->entries[n++] = entry;
        }
    BUG_IF(n < n_kept);
}

/* How a child begins: which descriptors become its stdin, stdout and stderr (-1: as they are). */
struct beginning {
    const char *const *argv;
    char *const *entries; /* its environment */
    const sigset_t *mask; /* to have again */
    int in, out, err;
};

/* In the child, after vfork: only calls that are safe there. Tells the pipe why it did not work. */
NO_RETURN static void become(const struct beginning *begin, int pipe)
{
    const int from[] = {begin->in, begin->out, begin->err};
    bool is_ok = true;
    for (int fd = 0; fd < 3 && is_ok; fd++)
        is_ok = from[fd] < 0 || dup2(from[fd], fd) >= 0;
    if (is_ok) {
        pthread_sigmask(SIG_SETMASK, begin->mask, NULL);
        /* exec does not write to them; its type is older than const. */
        execvpe(begin->argv[0], (char *const *)(uintptr_t)begin->argv, begin->entries);
    }
    const int reason = errno;
    while (write(pipe, &reason, sizeof reason) < 0 && errno == EINTR)
        continue;
    _exit(127);
}

static void reap(pid_t pid, int *out_status)
{
    while (waitpid(pid, out_status, 0) < 0 && errno == EINTR)
        continue;
}

/* Starts it and waits until it is running its program, or could not. */
static bool start(const struct beginning *begin, pid_t *out_pid, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAIL(err, ERR_IO, "a pipe to '%s'", begin->argv[0]);
    CLEANUP(fd_done) int ours = ends[0], theirs = ends[1];
    /* Not fork: pages that both would touch before exec cost a deploy 3 ms. The child has our memory and
     * stack while we stand still: become() writes nothing that matters here and never returns, and no
     * program of ours has signal handlers that could run in it. */
    const pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): see above */
    if (pid < 0)
        return FAIL(err, ERR_IO, "a process for '%s'", begin->argv[0]);
    if (pid == 0)
        become(begin, theirs); /* NOLINT(clang-analyzer-unix.Vfork): see above */
    fd_done(&theirs);

    int reason = 0;
    ssize_t got;
    do
        got = read(ours, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof reason) { /* closed by exec: it runs */
        *out_pid = pid;
        return true;
    }
    int status;
    reap(pid, &status);
    errno = reason;
    if (reason == ENOENT)
        return FAIL(err, ERR_MISSING, "run '%s': there is no such program", begin->argv[0]);
    return FAIL(err, ERR_IO, "run '%s'", begin->argv[0]);
}

static int code_of(int status)
{
    return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The terminal tells its whole foreground group, so the child has heard; but of a hang-up only the
 * session's leader may have. */
static bool must_pass_on(const siginfo_t *got)
{
    return got->si_code != SI_KERNEL || got->si_signo == SIGHUP;
}

/* Waits for the child, passing signals on. All of them are blocked. Returns its status. */
static int wait_for(pid_t pid)
{
    sigset_t awaited = set_of(passed_signals, COUNT_OF(passed_signals));
    sigaddset(&awaited, SIGCHLD);
    for (;;) {
        int status;
        const pid_t ended = waitpid(pid, &status, WNOHANG);
        BUG_IF(ended < 0 && errno != EINTR);
        if (ended == pid)
            return status;
        siginfo_t got;
        const int signal_number = sigwaitinfo(&awaited, &got);
        if (signal_number > 0 && signal_number != SIGCHLD && must_pass_on(&got))
            kill(pid, signal_number);
    }
}

int child_take_signal(void)
{
    const int signal_number = child_waiting_signal();
    const struct timespec now = {0};
    if (!signal_number)
        return 0;
    const sigset_t one = set_of(&signal_number, 1);
    sigtimedwait(&one, NULL, &now);
    return signal_number;
}

static struct child_end end_of(int status)
{
    return (struct child_end){.code = code_of(status),
                              .signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                              .has_run = true};
}

/* ---- what it writes, on its way through ---- */

enum {
    RELAY_STREAMS = 2,
    RELAY_BYTES = PIPE_BUF /* a write of so many to a ready pipe never waits */
};

/* One pipe from the child, and where its bytes go. */
struct stream {
    int from, to; /* from -1: over */
    char bytes[RELAY_BYTES];
    size_t n, at; /* waiting to be written: [at, n) */
    size_t
        owed; /* was in the pipe when the child ended: its own last words, awaited however long */
};

struct relay {
    struct stream streams[RELAY_STREAMS];
    int signals; /* a signalfd */
    struct child_tail *tail;
    pid_t pid;
    bool has_ended;
    int status;
    int64_t until_us; /* when it has ended: others are heard no longer than this */
    bool is_given_up; /* told to end ourselves, with nobody left to pass that on to */
};

static void keep_tail(struct child_tail *tail, const char *bytes, size_t n)
{
    const size_t room = CHILD_TAIL_BYTES - tail->n;
    if (n > room) {
        const size_t n_lost = n - room; /* n is far less than the tail */
        memmove(tail->bytes, tail->bytes + n_lost, tail->n - n_lost);
        tail->n -= n_lost;
        tail->is_cut = true;
    }
    memcpy(tail->bytes + tail->n, bytes, n);
    tail->n += n;
}

static void stream_read(struct relay *relay, struct stream *stream)
{
    const ssize_t got = read(stream->from, stream->bytes, RELAY_BYTES);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        fd_done(&stream->from);
        return;
    }
    stream->at = 0;
    stream->n = (size_t)got;
    stream->owed -= min_size(stream->owed, stream->n);
    keep_tail(relay->tail, stream->bytes, stream->n);
}

/* Where nobody takes it any more, the child hears of that as it would have without us. */
static void stream_write(struct stream *stream)
{
    const ssize_t done = write(stream->to, stream->bytes + stream->at, stream->n - stream->at);
    if (done > 0)
        stream->at += (size_t)done;
    if (done >= 0 || errno == EINTR || errno == EAGAIN)
        return;
    stream->at = stream->n = 0;
    fd_done(&stream->from);
}

/* A signal: its own end, or one to pass on. */
static void relay_signal(struct relay *relay)
{
    struct signalfd_siginfo got;
    if (read(relay->signals, &got, sizeof got) != (ssize_t)sizeof got)
        return;
    const bool must_pass = got.ssi_code != SI_KERNEL || got.ssi_signo == SIGHUP;
    if (got.ssi_signo == SIGCHLD)
        return;
    if (relay->has_ended)
        relay->is_given_up = true;
    else if (must_pass)
        kill(relay->pid, (int)got.ssi_signo);
}

static void relay_reap(struct relay *relay)
{
    if (relay->has_ended || waitpid(relay->pid, &relay->status, WNOHANG) != relay->pid)
        return;
    relay->has_ended = true;
    relay->until_us = monotonic_us() + CHILD_LINGER_MS * 1000;
    for (int i = 0; i < RELAY_STREAMS; i++) {
        int n = 0;
        if (relay->streams[i].from >= 0 && ioctl(relay->streams[i].from, FIONREAD, &n) == 0)
            relay->streams[i].owed = (size_t)max_i64(n, 0);
    }
}

/* Is there something that the child itself wrote? */
static bool relay_owes(const struct relay *relay)
{
    bool owes = false;
    for (int i = 0; i < RELAY_STREAMS; i++) {
        const struct stream *stream = &relay->streams[i];
        owes |= stream->at < stream->n || (stream->from >= 0 && stream->owed > 0);
    }
    return owes;
}

static bool relay_goes_on(const struct relay *relay)
{
    if (!relay->has_ended)
        return true;
    if (relay->is_given_up)
        return false;
    bool is_open = false;
    for (int i = 0; i < RELAY_STREAMS; i++)
        is_open |= relay->streams[i].from >= 0;
    return relay_owes(relay) || (is_open && monotonic_us() < relay->until_us);
}

static void relay_step(struct relay *relay)
{
    struct pollfd ready[RELAY_STREAMS + 1];
    for (int i = 0; i < RELAY_STREAMS; i++) {
        const struct stream *stream = &relay->streams[i];
        const bool has_bytes = stream->at < stream->n;
        ready[i] = (struct pollfd){.fd = has_bytes ? stream->to : stream->from,
                                   .events = has_bytes ? POLLOUT : POLLIN};
    }
    ready[RELAY_STREAMS] = (struct pollfd){.fd = relay->signals, .events = POLLIN};
    const int64_t left_ms = max_i64((relay->until_us - monotonic_us() + 999) / 1000, 0);
    const bool is_awaited = !relay->has_ended || relay_owes(relay);
    if (poll(ready, RELAY_STREAMS + 1, is_awaited ? -1 : (int)left_ms) <= 0)
        return;
    for (int i = 0; i < RELAY_STREAMS; i++) {
        struct stream *stream = &relay->streams[i];
        if (ready[i].revents && stream->at < stream->n)
            stream_write(stream);
        else if (ready[i].revents && stream->from >= 0)
            stream_read(relay, stream);
    }
    if (ready[RELAY_STREAMS].revents)
        relay_signal(relay);
}

static bool is_same_file(int a, int b)
{
    struct stat of_a, of_b;
    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

/* The pipes' other ends, for the child; -1: it has ours. */
struct relay_ends {
    int out, err;
};

static void relay_ends_done(struct relay_ends *ends)
{
    if (ends->err != ends->out)
        fd_done(&ends->err);
    fd_done(&ends->out);
}

static void relay_done(struct relay *relay)
{
    for (int i = 0; i < RELAY_STREAMS; i++)
        fd_done(&relay->streams[i].from);
    fd_done(&relay->signals);
}

static bool open_stream(struct stream *stream, int to, int *out_end)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    stream->from = ends[0];
    stream->to = to;
    *out_end = ends[1];
    return true;
}

/* False: then nothing is kept, and the child has our own stdout and stderr. */
static bool relay_open(struct relay *relay, struct child_tail *tail, struct relay_ends *out)
{
    const bool has_out = isatty(STDOUT_FILENO) == 0, has_err = isatty(STDERR_FILENO) == 0;
    const bool is_one = has_out && has_err && is_same_file(STDOUT_FILENO, STDERR_FILENO);
    sigset_t awaited = set_of(passed_signals, COUNT_OF(passed_signals));
    sigaddset(&awaited, SIGCHLD);
    relay->tail = tail;
    relay->signals = -1;
    for (int i = 0; i < RELAY_STREAMS; i++) {
        relay->streams[i].from = -1;
        relay->streams[i].at = relay->streams[i].n = 0;
    }
    *out = (struct relay_ends){-1, -1};
    if (!has_out && !has_err)
        return false;
    relay->signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
    const bool is_ok =
        relay->signals >= 0 &&
        (!has_out || open_stream(&relay->streams[0], STDOUT_FILENO, &out->out)) &&
        (!has_err || is_one || open_stream(&relay->streams[1], STDERR_FILENO, &out->err));
    if (is_ok && is_one)
        out->err = out->out;
    if (!is_ok) {
        relay_ends_done(out);
        relay_done(relay);
    }
    return is_ok;
}

/* Runs it with its output on the way through us. */
static bool run_relayed(struct relay *relay, struct beginning *begin, struct relay_ends *ends,
                        struct child_end *out, struct err *err)
{
    begin->out = ends->out;
    begin->err = ends->err;
    const bool is_ok = start(begin, &relay->pid, err);
    relay_ends_done(ends);
    if (!is_ok)
        return false;
    /* Only now: the child would inherit it. */
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignored, &before);
    for (relay_reap(relay); relay_goes_on(relay); relay_reap(relay))
        relay_step(relay);
    sigaction(SIGPIPE, &before, NULL);
    *out = end_of(relay->status);
    return true;
}

/* With signals held. */
static bool run_held(struct beginning *begin, struct child_tail *tail, struct child_end *out,
                     struct err *err)
{
    const int waiting = child_take_signal();
    if (waiting) {
        *out = (struct child_end){.code = SIGNALLED + waiting, .signal_number = waiting};
        return true;
    }
    struct relay relay = {0};
    struct relay_ends ends;
    if (tail && relay_open(&relay, tail, &ends)) {
        const bool is_ok = run_relayed(&relay, begin, &ends, out, err);
        relay_done(&relay);
        return is_ok;
    }
    pid_t pid;
    if (!start(begin, &pid, err))
        return false;
    *out = end_of(wait_for(pid));
    return true;
}

bool child_run(const char *const *argv, const struct child_var *vars, size_t n_vars,
               struct child_tail *tail, struct child_end *out, struct err *err)
{
    /* Where a parent ignored SIGCHLD the kernel would throw the exit status away. */
    struct sigaction by_default = {.sa_handler = SIG_DFL}, before;
    sigaction(SIGCHLD, &by_default, &before);
    sigset_t held = set_of(passed_signals, COUNT_OF(passed_signals)), old, for_child;
    sigaddset(&held, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &held, &old);
    for_child = old;
    for (size_t i = 0; i < COUNT_OF(passed_signals); i++)
        sigdelset(&for_child, passed_signals[i]);

    CLEANUP(environment_done) struct environment environment = {0};
    environment_make(vars, n_vars, &environment);
    struct beginning begin = {argv, environment.entries, &for_child, -1, -1, -1};
    if (tail) {
        tail->n = 0;
        tail->is_cut = false;
    }
    const bool is_ok = run_held(&begin, tail, out, err);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    sigaction(SIGCHLD, &before, NULL);
    return is_ok;
}

/* Reads until the end, the deadline or the brim. */
static bool read_pipe(int fd, int64_t until_us, struct buf *out, struct err *err)
{
    for (;;) {
        const int64_t left_ms = (until_us - monotonic_us() + 999) / 1000;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int n = left_ms > 0 ? poll(&ready, 1, (int)min_i64(left_ms, INT32_MAX)) : 0;
        if (n == 0)
            return FAIL(err, ERR_BUSY, "it took too long");
        char bytes[READ_BYTES];
        const ssize_t got = n > 0 ? read(fd, bytes, sizeof bytes) : -1;
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return FAIL(err, ERR_IO, "read its output");
        if (got > 0)
            buf_add(out, bytes, (size_t)got);
        if (out->is_full)
            return FAIL(err, ERR_LIMIT, "it says more than %zu bytes", out->max);
    }
}

/* Waits for the end of one that has closed its stdout, which is nearly always at once. */
static bool reap_until(pid_t pid, int64_t until_us, int *out_status)
{
    for (;;) {
        const pid_t ended = waitpid(pid, out_status, WNOHANG);
        if (ended == pid)
            return true;
        if (ended < 0 && errno != EINTR) /* a parent that ignores SIGCHLD: no status to be had */
            return false;
        if (monotonic_us() >= until_us)
            return false;
        sleep_us(500);
    }
}

bool child_read(const char *const *argv, int64_t wait_ms, struct buf *out, int *out_code,
                struct err *err)
{
    const int64_t until_us = monotonic_us() + wait_ms * 1000;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAIL(err, ERR_IO, "a pipe to '%s'", argv[0]);
    CLEANUP(fd_done) int ours = ends[0], theirs = ends[1];
    CLEANUP(fd_done) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return FAIL(err, ERR_IO, "open '/dev/null'");

    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    const struct beginning begin = {argv, environ, &mask, null, theirs, null};
    pid_t pid;
    if (!start(&begin, &pid, err))
        return false;
    fd_done(&theirs);

    int status;
    const bool is_ok = read_pipe(ours, until_us, out, err);
    if (is_ok && reap_until(pid, until_us, &status)) {
        *out_code = code_of(status);
        return true;
    }
    if (is_ok)
        err_set(err, ERR_BUSY, "it took too long");
    /* Killed but not waited for: one that is stuck in the kernel would keep us as well. */
    kill(pid, SIGKILL);
    waitpid(pid, &status, WNOHANG);
    err_prefix(err, "%s", argv[0]);
    return false;
}

/* Until all is written or nobody reads any more. */
static void write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, text, n);
        if (done < 0 && errno != EINTR)
            return;
        text += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

bool child_feed(const char *const *argv, const char *text, size_t n, int *out_code, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAIL(err, ERR_IO, "a pipe to '%s'", argv[0]);
    CLEANUP(fd_done) int theirs = ends[0], ours = ends[1];
    /* INT is the reader's: a pager stops its search, and we wait for it. */
    struct sigaction ignored = {.sa_handler = SIG_IGN}, by_default = {.sa_handler = SIG_DFL};
    struct sigaction old_pipe, old_int, old_child;
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    sigaction(SIGCHLD, &by_default, &old_child);
    const struct beginning begin = {argv, environ, &mask, theirs, -1, -1};
    pid_t pid;
    bool is_ok = start(&begin, &pid, err);
    if (is_ok) {
        sigaction(SIGPIPE, &ignored, &old_pipe);
        sigaction(SIGINT, &ignored, &old_int);
        fd_done(&theirs);
        write_all(ours, text, n);
        fd_done(&ours);
        int status;
        reap(pid, &status);
        *out_code = code_of(status);
        sigaction(SIGINT, &old_int, NULL);
        sigaction(SIGPIPE, &old_pipe, NULL);
    }
    sigaction(SIGCHLD, &old_child, NULL);
    return is_ok;
}
