#include "os/realtime.h"

#include <errno.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t wall_us(void *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

struct clock clock_system(void)
{
    return (struct clock){.now_us = wall_us};
}

int64_t monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t thread_cpu_us(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void sleep_us(int64_t us)
{
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}
