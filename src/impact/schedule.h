/* Which change is to be judged when: at each stage's end, again when what was known of it or of those near it was
 * wrong, at once when it was told late. In memory, made anew from the ledger at start. Pure; one thread. */
#pragma once

#include "model/change.h"

enum {
    SCHEDULE_GRACE_S = 90,          /* after a horizon, for points on their way */
    SCHEDULE_AGAIN_S = 60,          /* what was told late comes in bunches */
    SCHEDULE_KEEP_S = 50 * 3600,    /* a change is remembered so long after its end */
    SCHEDULE_REBUILD_S = 25 * 3600, /* at start: changes of so long before */
    SCHEDULE_LATE_S = 3600, /* older than this when it was told: it waits behind the others */
    SCHEDULE_NEAR_S = 3600, /* at most so far from another does a change bear on its verdict */
    SCHEDULE_KNOWN_MAX = 20000,
    SCHEDULE_LATE_MAX = 1000, /* old ones that wait; further ones are counted and left */
    SCHEDULE_RETRY_S = 300,
    SCHEDULE_TRIES_MAX = 3,
};

struct schedule;

struct schedule *schedule_new(void);
void schedule_free(struct schedule *schedule);

/* What a change now is. is_start: it is not news, the program has just begun. */
void schedule_take(struct schedule *schedule, const struct change *change, int64_t now_s,
                   bool is_start);

struct schedule_job {
    char id[32];
    enum verdict_stage stage;
    int64_t due_s;
};

/* The next one that is due; those that were told late come last. False: none is, and *out_due_s is when one will
 * be (INT64_MAX: none waits). */
bool schedule_next(const struct schedule *schedule, int64_t now_s, struct schedule_job *out,
                   int64_t *out_due_s);
/* It was judged. */
void schedule_done(struct schedule *schedule, const struct schedule_job *job);
/* It could not be: later again, some times. */
void schedule_failed(struct schedule *schedule, const struct schedule_job *job, int64_t now_s);
/* Drops what is over for good. */
void schedule_sweep(struct schedule *schedule, int64_t now_s);

size_t schedule_count(const struct schedule *schedule);     /* changes that are known */
size_t schedule_waiting(const struct schedule *schedule);   /* stages still to be judged */
uint64_t schedule_skipped(const struct schedule *schedule); /* too many old ones at once */
