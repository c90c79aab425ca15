/* Epochs of the writers: how the keeper knows that nobody still works by what was true a moment ago.
 * A writer's counter is odd while it is inside resolve or put. Who publishes a change (a sealed slot,
 * a new hash table) and then calls epochs_wait knows afterwards that every call which could have seen
 * the old state has ended. A writer that is idle never holds anybody up. */
#pragma once

#include "base/base.h"

enum { EPOCH_WRITERS_MAX = 64 };

struct epoch {
    _Alignas(64) uint64_t n; /* own cache line: only its writer stores to it */
};

struct epochs {
    struct epoch of[EPOCH_WRITERS_MAX];
};

/* The store must be ordered before the loads that follow, so what is waited for is loaded with
 * __ATOMIC_SEQ_CST inside (on x86 a plain load). */
static inline void epoch_enter(struct epoch *epoch)
{
    __atomic_store_n(&epoch->n, epoch->n + 1, __ATOMIC_SEQ_CST);
}

static inline void epoch_leave(struct epoch *epoch)
{
    __atomic_store_n(&epoch->n, epoch->n + 1, __ATOMIC_RELEASE);
}

/* Thread: any but a writer that is inside. */
void epochs_wait(struct epochs *epochs);
