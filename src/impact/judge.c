#include "impact/judge.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "impact/assess.h"
#include "impact/schedule.h"
#include "impact/self_check.h"
#include "os/realtime.h"
#include "os/thread.h"

enum {
    ROWS_MAX = 256,   /* of the ledger at a time */
    SLEEP_MAX_S = 60, /* a clock that jumped is noticed */
    SWEEP_S = 3600,
    CHECK_EVERY_S = 86400,
    CHECK_RETRY_S = 3600,
    CHECK_FIRST_S = 600, /* after the start: there are more urgent things */
};

struct judge {
    struct judge_options options;
    struct thread thread;

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t woken;
    bool is_woken, is_stopping;
    struct judge_stats shown;

    /* From here on: the thread's. */
    struct schedule *schedule;
    struct judge_stats stats;
    uint64_t seq;      /* the newest row that was taken */
    int64_t rested_us; /* its processor time at the last rest */
    int64_t swept_s, check_s;
    bool has_complained;
};

static int64_t now_s(const struct judge *judge)
{
    return clock_s(&judge->options.weighs->clock);
}

static void complain(struct judge *judge, const struct err *err)
{
    if (!judge->has_complained)
        log_warn("judge: %s", err->text);
    judge->has_complained = true;
}

static void publish(struct judge *judge)
{
    judge->stats.cpu_us = thread_cpu_us();
    judge->stats.n_waiting = schedule_waiting(judge->schedule);
    judge->stats.n_skipped = schedule_skipped(judge->schedule);
    pthread_mutex_lock(&judge->mutex);
    judge->shown = judge->stats;
    pthread_mutex_unlock(&judge->mutex);
}

/* ---- its share of the processor ---- */

/* Sleeps in proportion to the work since the last rest. False: it is time to end. */
static bool rest(void *self)
{
    struct judge *judge = self;
    const double share = judge->options.weighs->rules->cpu_share;
    const double used_us = (double)(thread_cpu_us() - judge->rested_us);
    const int64_t until_us = monotonic_us() + (int64_t)(used_us * (1 / share - 1));
    publish(judge);
    pthread_mutex_lock(&judge->mutex);
    for (int64_t left = until_us - monotonic_us(); left > 0 && !judge->is_stopping;
         left = until_us - monotonic_us())
        (void)cond_wait_us(&judge->woken, &judge->mutex, left);
    const bool goes_on = !judge->is_stopping;
    pthread_mutex_unlock(&judge->mutex);
    judge->rested_us = thread_cpu_us();
    return goes_on;
}

/* Until there is news, or for so long. False: it is time to end. */
static bool wait_for_news(struct judge *judge, int64_t wait_s)
{
    pthread_mutex_lock(&judge->mutex);
    if (!judge->is_stopping && !judge->is_woken && wait_s > 0)
        (void)cond_wait_us(&judge->woken, &judge->mutex, wait_s * 1000000);
    judge->is_woken = false;
    const bool goes_on = !judge->is_stopping;
    pthread_mutex_unlock(&judge->mutex);
    return goes_on;
}

/* ---- following the ledger ---- */

static bool rebuild(struct judge *judge, struct err *err)
{
    const struct changes *changes = &judge->options.weighs->changes;
    const int64_t now = now_s(judge);
    const struct change_query query = {.from_ms = (now - SCHEDULE_REBUILD_S) * 1000,
                                       .until_ms = INT64_MAX,
                                       .kind = -1,
                                       .oldest_first = true};
    CLEANUP(arena_done) struct arena arena;
    struct change_list list = {0};
    arena_init(&arena);
    /* First the number: what comes between is seen twice, and that does no harm. */
    judge->seq = changes->ops->last_seq(changes->self);
    if (!changes->ops->list(changes->self, &query, &arena, &list, err))
        return false;
    for (size_t i = 0; i < list.n; i++)
        schedule_take(judge->schedule, &list.items[i], now, true);
    return true;
}

static bool follow(struct judge *judge, struct err *err)
{
    const struct changes *changes = &judge->options.weighs->changes;
    for (size_t n = ROWS_MAX; n == ROWS_MAX;) {
        CLEANUP(arena_done) struct arena arena;
        struct change_list list = {0};
        arena_init(&arena);
        if (!changes->ops->since(changes->self, judge->seq, ROWS_MAX, &arena, &list, err))
            return false;
        for (size_t i = 0; i < list.n; i++) {
            schedule_take(judge->schedule, &list.items[i], now_s(judge), false);
            judge->seq = list.items[i].seq;
        }
        n = list.n;
    }
    return true;
}

/* ---- judging ---- */

static bool keep(struct judge *judge, const struct verdict *verdict, struct err *err)
{
    const struct impact_records *records = &judge->options.weighs->records;
    return !records->put || records->put(records->self, verdict, err);
}

static bool judge_change(struct judge *judge, const struct schedule_job *job, struct err *err)
{
    const struct changes *changes = &judge->options.weighs->changes;
    const struct impact_wish wish = {.stage = job->stage};
    CLEANUP(arena_done) struct arena arena;
    struct change change;
    struct verdict verdict;
    arena_init(&arena);
    if (!changes->ops->get(changes->self, job->id, &arena, &change, err))
        return false;
    /* What became of it since it was planned comes with the next rows. */
    if (!assess_can_move(&change) || !change.end_ms)
        return true;
    const struct assess_job assess = {.options = judge->options.weighs,
                                      .change = &change,
                                      .wish = &wish,
                                      .false_alarms = impact_false_alarms(judge->options.impact),
                                      .rest = rest,
                                      .rest_self = judge};
    if (!assess_run(&assess, &arena, &verdict, err) || !keep(judge, &verdict, err))
        return false;
    judge->stats.n_judged++;
    judge->stats.lag_s = now_s(judge) - job->due_s;
    return true;
}

static bool is_stopping(struct judge *judge)
{
    pthread_mutex_lock(&judge->mutex);
    const bool is = judge->is_stopping;
    pthread_mutex_unlock(&judge->mutex);
    return is;
}

static void do_job(struct judge *judge, const struct schedule_job *job)
{
    struct err err;
    if (judge_change(judge, job, &err)) {
        schedule_done(judge->schedule, job);
        return;
    }
    if (is_stopping(judge))
        return;
    complain(judge, &err);
    judge->stats.n_failed++;
    schedule_failed(judge->schedule, job, now_s(judge));
}

/* ---- measuring itself ---- */

static void load_check(struct judge *judge)
{
    const struct impact_records *records = &judge->options.weighs->records;
    CLEANUP(arena_done) struct arena arena;
    struct impact_check check;
    struct err err;
    arena_init(&arena);
    judge->stats.false_alarms = (double)NAN;
    judge->check_s = now_s(judge) + CHECK_FIRST_S;
    if (!records->get_check || !records->get_check(records->self, &arena, &check, &err))
        return;
    judge->stats.false_alarms = check.false_alarms;
    judge->stats.checked_ms = check.at_ms;
    judge->check_s = max_i64(judge->check_s, check.at_ms / 1000 + CHECK_EVERY_S);
    impact_set_false_alarms(judge->options.impact, check.false_alarms);
}

static void check_itself(struct judge *judge)
{
    const struct impact_records *records = &judge->options.weighs->records;
    const struct self_check_rest pause = {rest, judge};
    CLEANUP(arena_done) struct arena arena;
    struct impact_check check;
    bool is_known = false;
    struct err err;
    arena_init(&arena);
    judge->check_s = now_s(judge) + CHECK_RETRY_S;
    if (!self_check_run(judge->options.weighs, &pause, &arena, &check, &is_known, &err)) {
        if (!is_stopping(judge))
            complain(judge, &err);
        return;
    }
    if (!is_known)
        return;
    judge->check_s = now_s(judge) + CHECK_EVERY_S;
    judge->stats.false_alarms = check.false_alarms;
    judge->stats.checked_ms = check.at_ms;
    impact_set_false_alarms(judge->options.impact, check.false_alarms);
    if (records->put_check && !records->put_check(records->self, &check, &err))
        complain(judge, &err);
}

/* ---- the thread ---- */

/* One piece of work. False: nothing was due, and *out_wait_s is for how long. */
static bool work(struct judge *judge, int64_t *out_wait_s)
{
    struct schedule_job job;
    int64_t due_s;
    const int64_t now = now_s(judge);
    if (now - judge->swept_s > SWEEP_S || now < judge->swept_s) {
        schedule_sweep(judge->schedule, now);
        judge->swept_s = now;
    }
    if (schedule_next(judge->schedule, now, &job, &due_s)) {
        do_job(judge, &job);
        return true;
    }
    if (now >= judge->check_s) {
        check_itself(judge);
        return true;
    }
    *out_wait_s = min_i64(min_i64(due_s, judge->check_s) - now, SLEEP_MAX_S);
    return false;
}

static void run(void *self)
{
    struct judge *judge = self;
    struct err err;
    int64_t wait_s = 0;
    thread_be_nice();
    load_check(judge);
    bool is_built = rebuild(judge, &err);
    do {
        wait_s = 0;
        if (!is_built)
            is_built = rebuild(judge, &err);
        if (!is_built || !follow(judge, &err)) {
            complain(judge, &err);
            wait_s = SLEEP_MAX_S;
        } else if (work(judge, &wait_s)) {
            (void)rest(judge);
        }
        publish(judge);
    } while (wait_for_news(judge, wait_s));
}

bool judge_start(const struct judge_options *options, struct judge **out, struct err *err)
{
    struct judge *judge = mem_zalloc(sizeof *judge);
    judge->options = *options;
    judge->schedule = schedule_new();
    judge->shown.false_alarms = (double)NAN;
    pthread_mutex_init(&judge->mutex, NULL);
    cond_init(&judge->woken);
    if (!thread_start(&judge->thread, "judge", run, judge, err)) {
        judge_free(judge);
        return false;
    }
    *out = judge;
    return true;
}

void judge_wake(struct judge *judge)
{
    if (!judge)
        return;
    pthread_mutex_lock(&judge->mutex);
    judge->is_woken = true;
    pthread_cond_signal(&judge->woken);
    pthread_mutex_unlock(&judge->mutex);
}

void judge_stop(struct judge *judge)
{
    if (!judge)
        return;
    pthread_mutex_lock(&judge->mutex);
    judge->is_stopping = true;
    pthread_cond_signal(&judge->woken);
    pthread_mutex_unlock(&judge->mutex);
    thread_join(&judge->thread);
}

void judge_free(struct judge *judge)
{
    if (!judge)
        return;
    schedule_free(judge->schedule);
    pthread_mutex_destroy(&judge->mutex);
    pthread_cond_destroy(&judge->woken);
    mem_free(judge);
}

void judge_stats(struct judge *judge, struct judge_stats *out)
{
    *out = (struct judge_stats){.false_alarms = (double)NAN};
    if (!judge)
        return;
    pthread_mutex_lock(&judge->mutex);
    *out = judge->shown;
    pthread_mutex_unlock(&judge->mutex);
}
