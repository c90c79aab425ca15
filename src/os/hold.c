#include "os/hold.h"

#include <errno.h>
#include <time.h>

void hold_begin(struct hold *hold)
{
    sigset_t all, waiting;
    sigpending(&waiting);
    hold->had_pipe = sigismember(&waiting, SIGPIPE) == 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &hold->before);
}

void hold_end(const struct hold *hold)
{
    if (!hold->had_pipe) {
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        const struct timespec now = {0};
        while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &hold->before, NULL);
}
