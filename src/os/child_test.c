#include "os/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "os/realtime.h"

#include "kit/kit.h"

enum { FAILED_TO_RUN = -1 };

static int run_shell(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct child_end end = {.code = FAILED_TO_RUN};
    EXPECT_OK(child_run(argv, NULL, 0, NULL, &end, &kit_err));
    EXPECT(end.has_run);
    return end.code;
}

TEST(the_code_is_the_commands_own)
{
    static const struct {
        const char *row, *script;
        int code;
    } rows[] = {
        {"fine", "exit 0", 0},
        {"failed", "exit 3", 3},
        {"highest", "exit 255", 255},
        {"killed", "kill -KILL $$", 128 + SIGKILL},
        {"ended itself", "kill -TERM $$", 128 + SIGTERM},
        {"stopped and went on", "(sleep 0.05; kill -CONT $$) & kill -STOP $$; exit 4", 4},
    };
    EACH_ROW (rows, r)
        EXPECT_I64(run_shell(r->script), r->code);
}

TEST(what_cannot_be_run_is_told_apart)
{
    const char *dir = kit_temp_dir();
    const char *plain = kit_path(dir, "plain");
    EXPECT_OK(file_replace(plain, "exit 5\n", 7, &kit_err));
    const char *path = plain;
    struct child_end end = {.code = 77};

    const char *const none[] = {"/no/such/program", NULL};
    EXPECT_ERR(child_run(none, NULL, 0, NULL, &end, &kit_err), ERR_MISSING, "/no/such/program");
    const char *const unfound[] = {"no-such-program-anywhere", NULL};
    EXPECT_ERR(child_run(unfound, NULL, 0, NULL, &end, &kit_err), ERR_MISSING, "no-such-program");
    const char *const refused[] = {path, NULL};
    EXPECT_ERR(child_run(refused, NULL, 0, NULL, &end, &kit_err), ERR_IO, "Permission denied");
    EXPECT_I64(end.code, 77);
    /* A script without #! works as it does from a shell. */
    EXPECT_I64(chmod(path, 0700), 0);
    EXPECT_OK(child_run(refused, NULL, 0, NULL, &end, &kit_err));
    EXPECT_I64(end.code, 5);
}

TEST(the_environment_is_ours_with_changes)
{
    setenv("CHILD_KEPT", "kept", 1);
    setenv("CHILD_OLD", "old", 1);
    setenv("CHILD_GONE", "gone", 1);
    const struct child_var vars[] = {
        {"CHILD_OLD", "first"}, {"CHILD_GONE", NULL}, {"CHILD_NEW", "a=b c"}, {"CHILD_OLD", "new"},
        {"CHILD_EMPTY", ""},    {"CHILD_TWICE", "x"}, {"CHILD_TWICE", NULL},
    };
    const char *const argv[] = {"sh", "-c",
                                "[ \"$CHILD_KEPT,$CHILD_OLD,${CHILD_GONE-unset},$CHILD_NEW\" = "
                                "'kept,new,unset,a=b c' ] && [ \"${CHILD_EMPTY-unset}\" = '' ] && "
                                "[ \"${CHILD_TWICE-unset}\" = unset ]",
                                NULL};
    struct child_end end;
    EXPECT_OK(child_run(argv, vars, COUNT_OF(vars), NULL, &end, &kit_err));
    EXPECT_I64(end.code, 0);
    EXPECT_TEXT(getenv("CHILD_OLD"), "old");
}

TEST(streams_are_handed_through)
{
    /* In a process of its own, whose streams are files. */
    const char *dir = kit_temp_dir();
    const char *in = kit_path(dir, "in"), *out = kit_path(dir, "out"), *errs = kit_path(dir, "err");
    EXPECT_OK(file_replace(in, "typed\0bytes", 11, &kit_err));
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(open(in, O_RDONLY), 0);
        dup2(open(out, O_WRONLY | O_CREAT, 0600), 1);
        dup2(open(errs, O_WRONLY | O_CREAT, 0600), 2);
        const char *const argv[] = {"sh", "-c", "cat; echo bad >&2; exit 9", NULL};
        struct child_end end = {.code = 1};
        struct err err;
        _exit(child_run(argv, NULL, 0, NULL, &end, &err) ? end.code : 99);
    }
    int status;
    EXPECT_I64(waitpid(pid, &status, 0), pid);
    EXPECT_I64(WEXITSTATUS(status), 9);
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 1000);
    EXPECT_OK(file_read_all(out, &got, &kit_err));
    EXPECT_I64(got.n, 11);
    EXPECT(got.n == 11 && memcmp(got.at, "typed\0bytes", 11) == 0);
    buf_clear(&got);
    EXPECT_OK(file_read_all(errs, &got, &kit_err));
    EXPECT_TEXT(buf_text(&got), "bad\n");
}

/* A process that runs the script through child_run and exits with its code. Returns once the script
 * has said something, so that a signal cannot come too early. */
static pid_t run_apart(const char *script)
{
    int ready[2];
    EXPECT_I64(pipe(ready), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ready[1], 1);
        close(ready[0]);
        close(ready[1]);
        const char *const argv[] = {"sh", "-c", script, NULL};
        struct child_end end = {.code = 1};
        struct err err;
        _exit(child_run(argv, NULL, 0, NULL, &end, &err) ? end.code : 99);
    }
    close(ready[1]);
    char byte;
    EXPECT_I64(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

TEST(signals_are_passed_on)
{
    static const struct {
        const char *row, *script;
        int number, code;
    } rows[] = {
        {"TERM, caught", "trap 'exit 21' TERM; echo; while :; do sleep 0.01; done", SIGTERM, 21},
        {"INT, caught", "trap 'exit 22' INT; echo; while :; do sleep 0.01; done", SIGINT, 22},
        {"HUP, caught", "trap 'exit 23' HUP; echo; while :; do sleep 0.01; done", SIGHUP, 23},
        {"USR1, caught", "trap 'exit 24' USR1; echo; while :; do sleep 0.01; done", SIGUSR1, 24},
        {"TERM kills it", "echo; while :; do sleep 0.01; done", SIGTERM, 128 + SIGTERM},
        {"INT kills it", "echo; while :; do sleep 0.01; done", SIGINT, 128 + SIGINT},
    };
    EACH_ROW (rows, r) {
        const pid_t pid = run_apart(r->script);
        EXPECT_I64(kill(pid, r->number), 0);
        int status = 0;
        EXPECT_I64(waitpid(pid, &status, 0), pid);
        EXPECT(WIFEXITED(status));
        EXPECT_I64(WEXITSTATUS(status), r->code);
    }
}

TEST(a_signal_that_came_first_keeps_it_from_starting)
{
    const char *mark = kit_path(kit_temp_dir(), "ran");
    const char *const argv[] = {"touch", mark, NULL};
    child_hold_signals();
    raise(SIGTERM);
    EXPECT_I64(child_waiting_signal(), SIGTERM);
    struct child_end end = {.code = 1, .has_run = true};
    EXPECT_OK(child_run(argv, NULL, 0, NULL, &end, &kit_err));
    EXPECT_I64(end.code, 128 + SIGTERM);
    EXPECT(!end.has_run);
    EXPECT(!file_exists(mark));
    EXPECT_I64(child_waiting_signal(), 0); /* obeyed once */
    child_release_signals();
}

TEST(an_ignored_signal_keeps_nothing_from_starting)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGHUP, &ignore, &before);
    child_hold_signals();
    raise(SIGHUP);
    EXPECT_I64(child_waiting_signal(), 0);
    EXPECT_I64(run_shell("exit 6"), 6);
    child_release_signals();
    sigaction(SIGHUP, &before, NULL);
}

TEST(the_code_survives_a_parent_that_ignores_its_children)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGCHLD, &ignore, &before);
    EXPECT_I64(run_shell("exit 8"), 8);
    sigaction(SIGCHLD, &before, NULL);
}

TEST(reads_what_a_program_says)
{
    CLEANUP(buf_done) struct buf said;
    buf_init(&said, 1000);
    int code = -1;
    const char *const good[] = {"sh", "-c", "echo out; echo err >&2; cat; exit 3", NULL};
    EXPECT_OK(child_read(good, 5000, &said, &code, &kit_err));
    EXPECT_TEXT(buf_text(&said), "out\n"); /* and its stdin was empty */
    EXPECT_I64(code, 3);
    const char *const none[] = {"/no/such/program", NULL};
    EXPECT_ERR(child_read(none, 5000, &said, &code, &kit_err), ERR_MISSING, "/no/such/program");
    const char *const endless[] = {"sh", "-c", "exec yes", NULL};
    EXPECT_ERR(child_read(endless, 5000, &said, &code, &kit_err), ERR_LIMIT, "1000 bytes");
}

TEST(does_not_wait_for_a_slow_program)
{
    CLEANUP(buf_done) struct buf said;
    buf_init(&said, 1000);
    int code = -1;
    const int64_t began_us = monotonic_us();
    const char *const silent[] = {"sleep", "30", NULL};
    EXPECT_ERR(child_read(silent, 100, &said, &code, &kit_err), ERR_BUSY, "sleep: ");
    const char *const deaf[] = {"sh", "-c", "exec >&-; exec sleep 30", NULL};
    EXPECT_ERR(child_read(deaf, 100, &said, &code, &kit_err), ERR_BUSY, "sh: ");
    EXPECT(monotonic_us() - began_us < 10 * 1000000);
}

RUN_TESTS(test_of(the_code_is_the_commands_own), test_of(what_cannot_be_run_is_told_apart),
          test_of(the_environment_is_ours_with_changes), test_of(streams_are_handed_through),
          test_of(signals_are_passed_on), test_of(a_signal_that_came_first_keeps_it_from_starting),
          test_of(an_ignored_signal_keeps_nothing_from_starting),
          test_of(the_code_survives_a_parent_that_ignores_its_children),
          test_of(reads_what_a_program_says), test_of(does_not_wait_for_a_slow_program))
