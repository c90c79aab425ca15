#include "api/limits.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

/* An allowance is the time at which it is full again: each use puts that off. */
struct seat {
    uint64_t caller; /* 0: free */
    int64_t seen_us;
    int64_t full_us[LIMITS_KINDS];
};

struct limits {
    pthread_mutex_t mutex; /* of the seats */
    struct seat seats[LIMITS_CALLERS_MAX];
    _Atomic uint64_t n_denied, n_limited;
};

static const struct {
    int64_t each_us, n_max;
} allowances[LIMITS_KINDS] = {
    [LIMITS_WRITE] = {INT64_C(60000000) / LIMITS_WRITES_PER_MINUTE, LIMITS_WRITES_AT_ONCE},
    [LIMITS_NEW_SERVICE] = {INT64_C(3600000000) / LIMITS_SERVICES_PER_HOUR,
                            LIMITS_SERVICES_PER_HOUR},
};

struct limits *limits_new(void)
{
    struct limits *limits = mem_zalloc(sizeof *limits);
    pthread_mutex_init(&limits->mutex, NULL);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    pthread_mutex_destroy(&limits->mutex);
    mem_free(limits);
}

/* The caller's seat, or that of whoever was silent for longest. */
static struct seat *seat_of(struct limits *limits, uint64_t caller)
{
    struct seat *oldest = &limits->seats[0];
    for (size_t i = 0; i < LIMITS_CALLERS_MAX; i++) {
        struct seat *seat = &limits->seats[i];
        if (seat->caller == caller)
            return seat;
        if (seat->seen_us < oldest->seen_us)
            oldest = seat;
    }
    *oldest = (struct seat){.caller = caller};
    return oldest;
}

bool limits_take(struct limits *limits, uint64_t caller, enum limits_what what, int64_t now_us,
                 int64_t *out_wait_s)
{
    const int64_t each_us = allowances[what].each_us;
    pthread_mutex_lock(&limits->mutex);
    struct seat *seat = seat_of(limits, caller);
    const int64_t full_us = max_i64(seat->full_us[what], now_us) + each_us;
    const int64_t wait_us = full_us - now_us - each_us * allowances[what].n_max;
    seat->seen_us = now_us;
    if (wait_us <= 0)
        seat->full_us[what] = full_us;
    pthread_mutex_unlock(&limits->mutex);
    if (wait_us <= 0)
        return true;
    atomic_fetch_add(&limits->n_limited, 1);
    *out_wait_s = (wait_us + 999999) / 1000000;
    return false;
}

void limits_count_denied(struct limits *limits)
{
    atomic_fetch_add(&limits->n_denied, 1);
}

void limits_stats(const struct limits *limits, struct api_stats *out)
{
    *out = (struct api_stats){.n_denied = atomic_load(&limits->n_denied),
                              .n_limited = atomic_load(&limits->n_limited)};
}
