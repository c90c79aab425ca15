#include "os/loop.h"

#include <errno.h>
#include <uv.h>

#include "base/mem.h"

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_check_t pass;
    uv_timer_t timer;
    struct loop_handlers handlers;
};

struct loop_watch {
    uv_poll_t poll;
    loop_fn fn;
    void *self;
};

static bool fail_uv(int status, const char *what, struct err *err)
{
    errno = -status; /* libuv's codes are negated errno values here */
    return FAIL(err, ERR_IO, "event loop: %s", what);
}

static void call(loop_fn fn, void *self)
{
    if (fn)
        fn(self);
}

static void on_wake(uv_async_t *async)
{
    const struct loop *loop = async->data;
    call(loop->handlers.on_wake, loop->handlers.self);
}

static void on_pass(uv_check_t *check)
{
    const struct loop *loop = check->data;
    call(loop->handlers.on_pass, loop->handlers.self);
}

static void on_timer(uv_timer_t *timer)
{
    const struct loop *loop = timer->data;
    call(loop->handlers.on_timer, loop->handlers.self);
}

bool loop_open(const struct loop_handlers *handlers, struct loop **out, struct err *err)
{
    struct loop *loop = mem_zalloc(sizeof *loop);
    loop->handlers = *handlers;
    int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        mem_free(loop);
        return fail_uv(status, "open", err);
    }
    /* These two cannot fail; the wake-up needs a descriptor. */
    uv_check_init(&loop->uv, &loop->pass);
    uv_timer_init(&loop->uv, &loop->timer);
    loop->pass.data = loop->timer.data = loop->wake.data = loop;
    uv_check_start(&loop->pass, on_pass);
    status = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (status != 0) {
        loop->wake.type = UV_UNKNOWN_HANDLE;
        loop_close(loop);
        return fail_uv(status, "wake-up", err);
    }
    *out = loop;
    return true;
}

void loop_close(struct loop *loop)
{
    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->pass, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    if (loop->wake.type == UV_ASYNC)
        uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    BUG_IF(uv_loop_close(&loop->uv) != 0);
    mem_free(loop);
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_wake(struct loop *loop)
{
    uv_async_send(&loop->wake);
}

void loop_timer(struct loop *loop, uint64_t wait_ms)
{
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->timer, on_timer, wait_ms, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    const struct loop_watch *watch = poll->data;
    /* libuv stops watching a descriptor with an error on it, but what came before the error is still
     * to be read, and the error itself too. */
    if (status < 0)
        (void)uv_poll_start(poll, UV_READABLE, on_readable);
    watch->fn(watch->self);
}

bool loop_watch_open(struct loop *loop, int fd, loop_fn fn, void *self, struct loop_watch **out,
                     struct err *err)
{
    struct loop_watch *watch = mem_zalloc(sizeof *watch);
    watch->fn = fn;
    watch->self = self;
    const int status = uv_poll_init(&loop->uv, &watch->poll, fd);
    if (status != 0) {
        mem_free(watch);
        return fail_uv(status, "watch a descriptor", err);
    }
    watch->poll.data = watch;
    if (!loop_watch_resume(watch, err)) {
        loop_watch_close(watch);
        return false;
    }
    *out = watch;
    return true;
}

void loop_watch_pause(struct loop_watch *watch)
{
    uv_poll_stop(&watch->poll);
}

bool loop_watch_resume(struct loop_watch *watch, struct err *err)
{
    const int status = uv_poll_start(&watch->poll, UV_READABLE, on_readable);
    return status == 0 || fail_uv(status, "watch a descriptor", err);
}

static void free_watch(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void loop_watch_close(struct loop_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->poll, free_watch);
}
