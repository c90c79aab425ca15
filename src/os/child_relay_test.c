/* What a program writes on its way through child_run, and child_feed. */
#include "os/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/realtime.h"

#include "kit/kit.h"

enum { BIG_BYTES = 4 << 20 };

/* A script that ran in a process of its own, whose streams are files, or one file. */
struct ran {
    const char *out, *err, *tail; /* as text */
    size_t n_out;
    int code;
    bool is_cut;
    int64_t took_ms;
};

static const char *read_text(const char *dir, const char *name, size_t *out_n)
{
    CLEANUP(buf_done) struct buf bytes;
    buf_init(&bytes, 2 * BIG_BYTES);
    EXPECT_OK(file_read_all(kit_path(dir, name), &bytes, &kit_err));
    *out_n = bytes.n;
    return arena_strndup(&kit_arena, buf_text(&bytes), bytes.n);
}

NO_RETURN static void run_and_exit(const char *dir, const char *script, bool is_one)
{
    const int out = open(kit_path(dir, "out"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int err = open(kit_path(dir, "err"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(is_one ? out : err, 2);
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct child_end end = {.code = 1};
    struct err why;
    struct child_tail *tail = arena_zalloc(&kit_arena, sizeof *tail);
    const bool is_ok = child_run(argv, NULL, 0, tail, &end, &why) &&
                       file_replace(kit_path(dir, "tail"), tail->bytes, tail->n, &why) &&
                       file_replace(kit_path(dir, "cut"), tail->is_cut ? "y" : "n", 1, &why);
    _exit(is_ok ? end.code : 99);
}

static struct ran run(const char *script, bool is_one)
{
    const char *dir = kit_temp_dir();
    struct ran ran = {0};
    const int64_t began_us = monotonic_us();
    const pid_t pid = fork();
    if (pid == 0)
        run_and_exit(dir, script, is_one);
    int status = 0;
    size_t n;
    EXPECT_I64(waitpid(pid, &status, 0), pid);
    ran.took_ms = (monotonic_us() - began_us) / 1000;
    ran.code = WEXITSTATUS(status);
    ran.out = read_text(dir, "out", &ran.n_out);
    ran.err = read_text(dir, "err", &n);
    ran.tail = read_text(dir, "tail", &n);
    EXPECT(n <= CHILD_TAIL_BYTES);
    ran.is_cut = read_text(dir, "cut", &n)[0] == 'y';
    return ran;
}

TEST(what_it_writes_passes_and_is_kept)
{
    const struct ran ran = run("echo out; echo err >&2; exit 7", false);
    EXPECT_I64(ran.code, 7);
    EXPECT_TEXT(ran.out, "out\n");
    EXPECT_TEXT(ran.err, "err\n");
    EXPECT_I64(strlen(ran.tail), 8); /* both, in whichever order they were read */
    EXPECT(strstr(ran.tail, "out\n") && strstr(ran.tail, "err\n"));
    EXPECT(!ran.is_cut);
}

TEST(one_file_stays_in_order)
{
    const struct ran ran =
        run("i=0; while [ $i -lt 300 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done", true);
    CLEANUP(buf_done) struct buf want;
    buf_init(&want, 65536);
    for (int i = 0; i < 300; i++)
        buf_printf(&want, "o%d\ne%d\n", i, i);
    EXPECT_TEXT(ran.out, buf_text(&want));
    EXPECT_TEXT(ran.tail, buf_text(&want));
}

TEST(much_of_any_bytes)
{
    const struct ran ran = run("head -c 4194304 /dev/zero; printf last", false);
    EXPECT_I64(ran.code, 0);
    EXPECT_I64(ran.n_out, BIG_BYTES + 4);
    EXPECT(memcmp(ran.out + BIG_BYTES, "last", 4) == 0);
    EXPECT(ran.is_cut);
}

TEST(a_daemon_that_holds_the_pipe_is_not_awaited)
{
    const struct ran ran = run("sleep 30 & echo $! ; exit 3", false);
    EXPECT_I64(ran.code, 3);
    EXPECT(ran.took_ms >= CHILD_LINGER_MS && ran.took_ms < 10000);
    int64_t pid = 0;
    for (const char *at = ran.out; *at >= '0' && *at <= '9'; at++)
        pid = pid * 10 + (*at - '0');
    EXPECT(pid > 1);
    if (pid > 1)
        EXPECT_I64(kill((pid_t)pid, SIGKILL), 0);
}

TEST(one_that_ends_quickly_is_not_held_up)
{
    int64_t least_ms = INT64_MAX;
    for (int i = 0; i < 5; i++)
        least_ms = min_i64(least_ms, run("echo x", false).took_ms);
    EXPECT(least_ms < CHILD_LINGER_MS);
}

/* A reader that comes late gets all of it, however long that takes after the end. */
TEST(a_slow_reader_gets_everything)
{
    int ends[2];
    EXPECT_I64(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        /* More than our pipe holds, less than ours and the child's together. */
        const char *const argv[] = {"head", "-c", "100000", "/dev/zero", NULL};
        struct child_end end = {.code = 1};
        struct child_tail *tail = arena_zalloc(&kit_arena, sizeof *tail);
        _exit(child_run(argv, NULL, 0, tail, &end, &kit_err) ? end.code : 99);
    }
    close(ends[1]);
    sleep_us(3 * CHILD_LINGER_MS * 1000);
    size_t n = 0;
    char bytes[4096];
    for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;)
        n += (size_t)got;
    close(ends[0]);
    int status = 0;
    EXPECT_I64(waitpid(pid, &status, 0), pid);
    EXPECT_I64(WEXITSTATUS(status), 0);
    EXPECT_I64(n, 100000);
}

/* `yes | head`: who reads no more is heard of by the command, not by us. */
TEST(a_reader_that_leaves_ends_the_command)
{
    int ends[2];
    EXPECT_I64(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        const char *const argv[] = {"yes", NULL};
        struct child_end end = {.code = 1};
        struct child_tail *tail = arena_zalloc(&kit_arena, sizeof *tail);
        const bool is_ok = child_run(argv, NULL, 0, tail, &end, &kit_err);
        _exit(is_ok && end.signal_number == SIGPIPE ? end.code : 99);
    }
    close(ends[1]);
    char byte;
    EXPECT_I64(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    int status = 0;
    EXPECT_I64(waitpid(pid, &status, 0), pid);
    EXPECT_I64(WEXITSTATUS(status), 128 + SIGPIPE);
}

TEST(signals_are_passed_on_while_it_writes)
{
    int ends[2];
    EXPECT_I64(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        const char *const argv[] = {"sh", "-c", "trap 'exit 21' TERM; while :; do echo y; done",
                                    NULL};
        struct child_end end = {.code = 1};
        struct child_tail *tail = arena_zalloc(&kit_arena, sizeof *tail);
        _exit(child_run(argv, NULL, 0, tail, &end, &kit_err) ? end.code : 99);
    }
    close(ends[1]);
    char byte;
    EXPECT_I64(read(ends[0], &byte, 1), 1); /* and then it is stuck: nobody reads on */
    EXPECT_I64(kill(pid, SIGTERM), 0);
    char bytes[4096];
    while (read(ends[0], bytes, sizeof bytes) > 0)
        continue;
    close(ends[0]);
    int status = 0;
    EXPECT_I64(waitpid(pid, &status, 0), pid);
    EXPECT_I64(WEXITSTATUS(status), 21);
}

TEST(text_is_fed)
{
    const char *path = kit_path(kit_temp_dir(), "fed");
    const char *const argv[] = {"sh", "-c", arena_printf(&kit_arena, "cat >'%s'; exit 4", path),
                                NULL};
    int code = 0;
    EXPECT_OK(child_feed(argv, "some\ntext", 9, &code, &kit_err));
    EXPECT_I64(code, 4);
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 100);
    EXPECT_OK(file_read_all(path, &got, &kit_err));
    EXPECT_TEXT(buf_text(&got), "some\ntext");
    /* One that reads nothing does not end us. */
    const char *const deaf[] = {"true", NULL};
    char *big = arena_zalloc(&kit_arena, BIG_BYTES);
    EXPECT_OK(child_feed(deaf, big, BIG_BYTES, &code, &kit_err));
    EXPECT_I64(code, 0);
    const char *const none[] = {"/no/such/pager", NULL};
    EXPECT_ERR(child_feed(none, "x", 1, &code, &kit_err), ERR_MISSING, "/no/such/pager");
}

RUN_TESTS(test_of(what_it_writes_passes_and_is_kept), test_of(one_file_stays_in_order),
          test_of(much_of_any_bytes), test_of(a_daemon_that_holds_the_pipe_is_not_awaited),
          test_of(one_that_ends_quickly_is_not_held_up), test_of(a_slow_reader_gets_everything),
          test_of(a_reader_that_leaves_ends_the_command),
          test_of(signals_are_passed_on_while_it_writes), test_of(text_is_fed))
