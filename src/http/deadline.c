#include "http/deadline.h"

#include <sys/socket.h>

#include "base/mem.h"
#include "os/realtime.h"
#include "os/thread.h"

enum {
    SOCKETS_MAX = 65536, /* descriptors are small numbers; the connection limit is far below */
    LOOK_EVERY_US = 1000000,
};

struct deadline {
    pthread_mutex_t
        mutex; /* held over shutdown(2), which does not wait, so that no reused number is hit */
    pthread_cond_t wake;
    int64_t *until_us; /* by descriptor; 0: not watched */
    int highest;
    bool is_stopping;
    struct thread thread;
};

static void shut_overdue(struct deadline *deadline)
{
    int64_t now = monotonic_us();
    for (int fd = 0; fd <= deadline->highest; fd++) {
        if (deadline->until_us[fd] == 0 || deadline->until_us[fd] > now)
            continue;
        shutdown(fd, SHUT_RDWR);
        deadline->until_us[fd] = 0;
    }
}

static void reap(void *self)
{
    struct deadline *deadline = self;
    pthread_mutex_lock(&deadline->mutex);
    while (!deadline->is_stopping) {
        cond_wait_us(&deadline->wake, &deadline->mutex, LOOK_EVERY_US);
        shut_overdue(deadline);
    }
    pthread_mutex_unlock(&deadline->mutex);
}

bool deadline_new(struct deadline **out, struct err *err)
{
    struct deadline *deadline = mem_zalloc(sizeof *deadline);
    deadline->until_us = mem_array(SOCKETS_MAX, int64_t);
    pthread_mutex_init(&deadline->mutex, NULL);
    cond_init(&deadline->wake);
    if (!thread_start(&deadline->thread, "http-deadline", reap, deadline, err)) {
        deadline_free(deadline);
        return false;
    }
    *out = deadline;
    return true;
}

void deadline_free(struct deadline *deadline)
{
    if (!deadline)
        return;
    pthread_mutex_lock(&deadline->mutex);
    deadline->is_stopping = true;
    pthread_mutex_unlock(&deadline->mutex);
    pthread_cond_signal(&deadline->wake);
    thread_join(&deadline->thread);
    pthread_cond_destroy(&deadline->wake);
    pthread_mutex_destroy(&deadline->mutex);
    mem_free(deadline->until_us);
    mem_free(deadline);
}

void deadline_set(struct deadline *deadline, int fd, int64_t ms)
{
    if (fd < 0 || fd >= SOCKETS_MAX)
        return;
    pthread_mutex_lock(&deadline->mutex);
    deadline->until_us[fd] = monotonic_us() + ms * 1000;
    if (fd > deadline->highest)
        deadline->highest = fd;
    pthread_mutex_unlock(&deadline->mutex);
}

void deadline_clear(struct deadline *deadline, int fd)
{
    if (fd < 0 || fd >= SOCKETS_MAX)
        return;
    pthread_mutex_lock(&deadline->mutex);
    deadline->until_us[fd] = 0;
    pthread_mutex_unlock(&deadline->mutex);
}
