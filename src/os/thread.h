/* Threads with names. A mutex is private to one .c file and never held across I/O or a callback. */
#pragma once

#include <pthread.h>

#include "base/err.h"

struct thread {
    pthread_t id;
    bool is_running;
};

/* name: at most 15 bytes, shown by ps and top. All signals are blocked in it. */
MUST_CHECK bool thread_start(struct thread *thread, const char *name, void (*run)(void *self),
                             void *self, struct err *err);
void thread_join(struct thread *thread); /* fine if it never started */
void thread_be_nice(void);  /* the calling one: others go first. For work that nobody waits for */
unsigned thread_cpus(void); /* usable processors, at least 1 */

/* Waits on cond until woken or us microseconds have passed (false). cond: from cond_init. */
void cond_init(pthread_cond_t *cond); /* on the monotonic clock */
bool cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t us);
