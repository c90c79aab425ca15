#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
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

/* In the child, after fork: only calls that are safe there. Tells the pipe why it did not work. */
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
    const pid_t pid = fork();
    if (pid < 0)
        return FAIL(err, ERR_IO, "a process for '%s'", begin->argv[0]);
    if (pid == 0)
        become(begin, theirs);
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

/* Waits for the child, passing signals on. All of them are blocked. */
static int wait_for(pid_t pid)
{
    sigset_t awaited = set_of(passed_signals, COUNT_OF(passed_signals));
    sigaddset(&awaited, SIGCHLD);
    for (;;) {
        int status;
        const pid_t ended = waitpid(pid, &status, WNOHANG);
        BUG_IF(ended < 0 && errno != EINTR);
        if (ended == pid)
            return code_of(status);
        siginfo_t got;
        const int signal_number = sigwaitinfo(&awaited, &got);
        if (signal_number > 0 && signal_number != SIGCHLD && must_pass_on(&got))
            kill(pid, signal_number);
    }
}

/* Takes a waiting signal off, so that it is obeyed once. */
static void consume(int signal_number)
{
    const sigset_t one = set_of(&signal_number, 1);
    const struct timespec now = {0};
    sigtimedwait(&one, NULL, &now);
}

/* With signals held: mask is what the child shall have. */
static bool run_held(const char *const *argv, char *const *entries, const sigset_t *mask,
                     struct child_end *out, struct err *err)
{
    const int waiting = child_waiting_signal();
    if (waiting) {
        consume(waiting);
        *out = (struct child_end){.code = SIGNALLED + waiting};
        return true;
    }
    const struct beginning begin = {argv, entries, mask, -1, -1, -1};
    pid_t pid;
    if (!start(&begin, &pid, err))
        return false;
    *out = (struct child_end){.code = wait_for(pid), .has_run = true};
    return true;
}

bool child_run(const char *const *argv, const struct child_var *vars, size_t n_vars,
               struct child_end *out, struct err *err)
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
    const bool is_ok = run_held(argv, environment.entries, &for_child, out, err);
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
