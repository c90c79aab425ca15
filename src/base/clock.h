/* Time comes from a struct clock that is handed in, so tests own it. os/realtime.h has the real one. */
#pragma once

#include "base/base.h"

struct clock {
    int64_t (*now_us)(void *self); /* microseconds since 1970, UTC */
    void *self;
};

static inline int64_t clock_us(const struct clock *clock)
{
    return clock->now_us(clock->self);
}

static inline int64_t clock_s(const struct clock *clock)
{
    return clock->now_us(clock->self) / 1000000;
}
