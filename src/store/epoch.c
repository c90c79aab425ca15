#include "store/epoch.h"

#include "os/realtime.h"

void epochs_wait(struct epochs *epochs)
{
    const int64_t pause_us = 20; /* a put of a few thousand points */

    for (size_t i = 0; i < EPOCH_WRITERS_MAX; i++) {
        const uint64_t *n = &epochs->of[i].n;
        uint64_t seen = __atomic_load_n(n, __ATOMIC_SEQ_CST);
        while (seen % 2 == 1 && __atomic_load_n(n, __ATOMIC_SEQ_CST) == seen)
            sleep_us(pause_us);
    }
}
