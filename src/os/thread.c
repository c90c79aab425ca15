#include "os/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/realtime.h"

struct start {
    void (*run)(void *self);
    void *self;
    char name[16];
};

static void *thread_main(void *arg)
{
    struct start start = *(struct start *)arg;
    mem_free(arg);
    pthread_setname_np(pthread_self(), start.name);
    start.run(start.self);
    return NULL;
}

bool thread_start(struct thread *thread, const char *name, void (*run)(void *self), void *self,
                  struct err *err)
{
    struct start *start = mem_zalloc(sizeof *start);
    *start = (struct start){.run = run, .self = self};
    snprintf(start->name, sizeof start->name, "%s", name);

    /* Signals are main's: block them while the thread inherits the mask. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, NULL, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        mem_free(start);
        errno = failed;
        return FAIL(err, ERR_IO, "start thread '%s'", name);
    }
    thread->is_running = true;
    return true;
}

void thread_join(struct thread *thread)
{
    if (!thread->is_running)
        return;
    pthread_join(thread->id, NULL);
    thread->is_running = false;
}

void thread_be_nice(void)
{
    enum { NICE = 10 };
    /* On Linux a thread's own number stands for the thread alone. It is a wish: nothing depends on it. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

unsigned thread_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t us)
{
    int64_t until = monotonic_us() + us;
    struct timespec at = {until / 1000000, until % 1000000 * 1000};
    return pthread_cond_timedwait(cond, mutex, &at) == 0;
}
