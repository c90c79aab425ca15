#include <sys/socket.h>
#include <unistd.h>

#include "os/loop.h"
#include "os/thread.h"

#include "kit/kit.h"

struct fixture {
    struct loop *loop;
    struct loop_watch *watch;
    int pair[2]; /* what is written to 1 is read from 0 */
    int n_reads, n_wakes, n_timers, n_passes;
    int stop_at_reads;
};

static void on_wake(void *self)
{
    struct fixture *f = self;
    f->n_wakes++;
    loop_stop(f->loop);
}

static void on_pass(void *self)
{
    ((struct fixture *)self)->n_passes++;
}

static void on_timer(void *self)
{
    struct fixture *f = self;
    f->n_timers++;
    loop_stop(f->loop);
}

static void on_read(void *self)
{
    struct fixture *f = self;
    char byte;
    EXPECT_I64(read(f->pair[0], &byte, 1), 1);
    if (++f->n_reads == f->stop_at_reads)
        loop_stop(f->loop);
}

static void open_fixture(struct fixture *f)
{
    const struct loop_handlers handlers = {on_wake, on_pass, on_timer, f};
    EXPECT_I64(socketpair(AF_UNIX, SOCK_STREAM, 0, f->pair), 0);
    EXPECT_OK(loop_open(&handlers, &f->loop, &kit_err));
    EXPECT_OK(loop_watch_open(f->loop, f->pair[0], on_read, f, &f->watch, &kit_err));
}

static void close_fixture(struct fixture *f)
{
    loop_watch_close(f->watch);
    loop_close(f->loop);
    close(f->pair[0]);
    close(f->pair[1]);
}

TEST(tells_of_bytes_until_they_are_read)
{
    struct fixture f = {.stop_at_reads = 3};
    open_fixture(&f);
    EXPECT_I64(write(f.pair[1], "abc", 3), 3);
    loop_run(f.loop);
    EXPECT_I64(f.n_reads, 3);
    EXPECT(f.n_passes >= 2);
    close_fixture(&f);
}

TEST(a_paused_watch_is_silent)
{
    struct fixture f = {.stop_at_reads = 1};
    open_fixture(&f);
    EXPECT_I64(write(f.pair[1], "a", 1), 1);
    loop_watch_pause(f.watch);
    loop_timer(f.loop, 20);
    loop_run(f.loop);
    EXPECT_I64(f.n_timers, 1);
    EXPECT_I64(f.n_reads, 0);
    EXPECT_OK(loop_watch_resume(f.watch, &kit_err));
    loop_run(f.loop);
    EXPECT_I64(f.n_reads, 1);
    close_fixture(&f);
}

static void wake_from_thread(void *self)
{
    loop_wake(self);
}

TEST(another_thread_wakes_it)
{
    struct fixture f = {0};
    struct thread thread = {0};
    open_fixture(&f);
    EXPECT_OK(thread_start(&thread, "waker", wake_from_thread, f.loop, &kit_err));
    loop_run(f.loop);
    thread_join(&thread);
    EXPECT_I64(f.n_wakes, 1);
    close_fixture(&f);
}

TEST(a_bad_descriptor_cannot_be_watched)
{
    const struct loop_handlers none = {0};
    struct loop *loop = NULL;
    struct loop_watch *watch = NULL;
    EXPECT_OK(loop_open(&none, &loop, &kit_err));
    EXPECT_ERR(loop_watch_open(loop, -1, on_wake, NULL, &watch, &kit_err), ERR_IO, "watch");
    loop_watch_close(NULL);
    loop_close(loop);
    loop_close(NULL);
}

RUN_TESTS(test_of(tells_of_bytes_until_they_are_read), test_of(a_paused_watch_is_silent),
          test_of(another_thread_wakes_it), test_of(a_bad_descriptor_cannot_be_watched))
