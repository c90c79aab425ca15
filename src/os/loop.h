/* One thread's event loop (on libuv): descriptors that have something to read, one timer, and a wake-up
 * from other threads. Every call is the loop's thread's, or made before loop_run, but for loop_wake. */
#pragma once

#include "base/err.h"

struct loop;
struct loop_watch; /* one descriptor */

typedef void (*loop_fn)(void *self);

/* What the loop's owner hears of; each may be NULL. */
struct loop_handlers {
    loop_fn on_wake; /* after loop_wake; several calls may be told of once */
    loop_fn on_pass; /* after each round of events */
    loop_fn on_timer;
    void *self;
};

MUST_CHECK bool loop_open(const struct loop_handlers *handlers, struct loop **out, struct err *err);
/* Every watch must be closed. NULL is fine. */
void loop_close(struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Thread: any, until loop_close. */
void loop_wake(struct loop *loop);
/* on_timer once, in wait_ms. A second call before then replaces the first. */
void loop_timer(struct loop *loop, uint64_t wait_ms);

/* Calls fn(self) while fd has something to read, or has ended. fd is lent: it outlives the watch. */
MUST_CHECK bool loop_watch_open(struct loop *loop, int fd, loop_fn fn, void *self,
                                struct loop_watch **out, struct err *err);
void loop_watch_pause(struct loop_watch *watch);
MUST_CHECK bool loop_watch_resume(struct loop_watch *watch, struct err *err);
/* fn is not called again; fd may be closed at once. NULL is fine. */
void loop_watch_close(struct loop_watch *watch);
