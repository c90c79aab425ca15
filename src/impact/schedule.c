#include "impact/schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "impact/assess.h"

/* A change that is known. */
struct entry {
    char id[32];
    uint64_t self_print, near_print; /* of what its own verdict, and others', depend on */
    int64_t start_s, end_s;
    int64_t due_s[VERDICT_STAGES]; /* 0: not to be judged */
    bool is_done[VERDICT_STAGES];
    uint8_t n_tries[VERDICT_STAGES];
    bool is_late, can_move;
};

struct schedule {
    struct entry *entries;
    size_t n, cap;
    uint64_t n_skipped;
};

struct schedule *schedule_new(void)
{
    return mem_zalloc(sizeof(struct schedule));
}

void schedule_free(struct schedule *schedule)
{
    if (!schedule)
        return;
    mem_free(schedule->entries);
    mem_free(schedule);
}

static struct entry *find(const struct schedule *schedule, const char *id)
{
    for (size_t i = schedule->n; i-- > 0;)
        if (strcmp(schedule->entries[i].id, id) == 0)
            return &schedule->entries[i];
    return NULL;
}

/* ---- what a verdict depends on ---- */

static uint64_t add_bytes(uint64_t print, const void *bytes, size_t n)
{
    return hash_sip13((struct hash_key){print, 0}, bytes, n);
}

static uint64_t add_text(uint64_t print, const char *text)
{
    return add_bytes(print, text, strlen(text));
}

static uint64_t add_number(uint64_t print, int64_t number)
{
    return add_bytes(print, &number, sizeof number);
}

/* What others' verdicts depend on: when it began, where, and what it is. */
static uint64_t near_print(const struct change *change)
{
    uint64_t print = add_number(1, change->start_ms);
    print = add_number(print, assess_can_move(change) ? 1 : 2);
    print = add_text(print, change->service);
    print = add_text(print, change->env);
    return add_text(print, change->parent);
}

static uint64_t self_print(const struct change *change)
{
    return add_number(near_print(change), change->end_ms);
}

/* ---- when ---- */

static int64_t over_s(const struct entry *entry, enum verdict_stage stage)
{
    return entry->end_s + assess_horizon_s(stage) + SCHEDULE_GRACE_S;
}

/* All stages that were not judged yet. Of those that are past, the first says no more than the next. */
static void plan(struct entry *entry, int64_t now_s)
{
    for (enum verdict_stage stage = VERDICT_15M; stage < VERDICT_STAGES; stage++)
        entry->due_s[stage] = entry->is_done[stage] ? 0 : over_s(entry, stage);
    if (!entry->is_done[VERDICT_1H] && over_s(entry, VERDICT_1H) <= now_s)
        entry->due_s[VERDICT_15M] = 0;
}

static void unplan(struct entry *entry)
{
    memset(entry->due_s, 0, sizeof entry->due_s);
}

/* Was this stage judged without knowing of something that began at start_s, near enough to matter? */
static bool is_touched(const struct entry *entry, enum verdict_stage stage, int64_t start_s)
{
    const int64_t reach_s = min_i64(assess_horizon_s(stage), SCHEDULE_NEAR_S);
    return entry->is_done[stage] && start_s >= entry->start_s - reach_s &&
           start_s <= entry->end_s + reach_s;
}

static void touch_near(struct schedule *schedule, const struct entry *cause, int64_t start_s,
                       int64_t now_s)
{
    for (size_t i = 0; i < schedule->n; i++) {
        struct entry *entry = &schedule->entries[i];
        if (entry == cause || !entry->can_move)
            continue;
        for (enum verdict_stage stage = VERDICT_15M; stage < VERDICT_STAGES; stage++)
            if (is_touched(entry, stage, start_s)) {
                entry->is_done[stage] = false;
                entry->n_tries[stage] = 0;
                entry->due_s[stage] = now_s + SCHEDULE_AGAIN_S;
            }
    }
}

/* ---- taking changes ---- */

static size_t count_late(const struct schedule *schedule)
{
    size_t n = 0;
    for (size_t i = 0; i < schedule->n; i++)
        for (enum verdict_stage stage = VERDICT_15M; stage < VERDICT_STAGES; stage++)
            n += schedule->entries[i].is_late && schedule->entries[i].due_s[stage];
    return n;
}

static void fill(struct entry *entry, const struct change *change, int64_t now_s)
{
    entry->self_print = self_print(change);
    entry->near_print = near_print(change);
    entry->start_s = change->start_ms / 1000;
    entry->end_s = assess_end_s(change, now_s);
    entry->can_move = assess_can_move(change);
}

static void plan_if_ended(struct entry *entry, const struct change *change, int64_t now_s)
{
    if (entry->can_move && change->end_ms)
        plan(entry, now_s);
    else
        unplan(entry);
}

static void take_new(struct schedule *schedule, const struct change *change, int64_t now_s,
                     bool is_start)
{
    struct entry entry = {0};
    snprintf(entry.id, sizeof entry.id, "%s", change->id);
    fill(&entry, change, now_s);
    entry.is_late = !is_start && now_s - entry.end_s > SCHEDULE_LATE_S;
    /* News of a change that was judged long ago: only what was corrected is judged again. */
    const bool is_old = now_s - entry.end_s > SCHEDULE_KEEP_S;
    const bool is_judged = change->verdict && (is_start || !is_old || !change->n_edits);
    for (enum verdict_stage stage = VERDICT_15M; is_judged && stage <= change->verdict->stage;
         stage++)
        entry.is_done[stage] = true;
    if (is_old && is_judged)
        return;
    plan_if_ended(&entry, change, now_s);
    if (entry.is_late && count_late(schedule) >= SCHEDULE_LATE_MAX) {
        schedule->n_skipped++;
        unplan(&entry);
    }
    if (schedule->n == SCHEDULE_KNOWN_MAX)
        schedule_sweep(schedule, now_s + SCHEDULE_KEEP_S);
    if (schedule->n == SCHEDULE_KNOWN_MAX) {
        schedule->n_skipped++;
        return;
    }
    mem_grow(&schedule->entries, &schedule->cap, schedule->n + 1, sizeof entry);
    schedule->entries[schedule->n++] = entry;
    if (!is_start && (entry.can_move || change->is_retracted))
        touch_near(schedule, &schedule->entries[schedule->n - 1], entry.start_s, now_s);
}

static void take_again(struct schedule *schedule, struct entry *entry, const struct change *change,
                       int64_t now_s)
{
    const struct entry before = *entry;
    if (before.self_print == self_print(change))
        return;
    fill(entry, change, now_s);
    memset(entry->is_done, 0, sizeof entry->is_done);
    memset(entry->n_tries, 0, sizeof entry->n_tries);
    plan_if_ended(entry, change, now_s);
    if (before.near_print == entry->near_print)
        return;
    touch_near(schedule, entry, before.start_s, now_s);
    touch_near(schedule, entry, entry->start_s, now_s);
}

void schedule_take(struct schedule *schedule, const struct change *change, int64_t now_s,
                   bool is_start)
{
    struct entry *entry = find(schedule, change->id);
    if (entry)
        take_again(schedule, entry, change, now_s);
    else
        take_new(schedule, change, now_s, is_start);
}

/* ---- what is due ---- */

static void job_of(const struct entry *entry, enum verdict_stage stage, struct schedule_job *out)
{
    memcpy(out->id, entry->id, sizeof out->id);
    out->stage = stage;
    out->due_s = entry->due_s[stage];
}

bool schedule_next(const struct schedule *schedule, int64_t now_s, struct schedule_job *out,
                   int64_t *out_due_s)
{
    const struct entry *best = NULL;
    enum verdict_stage best_stage = VERDICT_LIVE;
    *out_due_s = INT64_MAX;
    for (size_t i = 0; i < schedule->n; i++) {
        const struct entry *entry = &schedule->entries[i];
        for (enum verdict_stage stage = VERDICT_15M; stage < VERDICT_STAGES; stage++) {
            const int64_t due_s = entry->due_s[stage];
            if (!due_s)
                continue;
            *out_due_s = min_i64(*out_due_s, due_s);
            if (due_s > now_s)
                continue;
            const bool is_better =
                !best ||
                (entry->is_late != best->is_late ? best->is_late : due_s < best->due_s[best_stage]);
            if (is_better) {
                best = entry;
                best_stage = stage;
            }
        }
    }
    if (best)
        job_of(best, best_stage, out);
    return best != NULL;
}

void schedule_done(struct schedule *schedule, const struct schedule_job *job)
{
    struct entry *entry = find(schedule, job->id);
    if (!entry)
        return;
    entry->is_done[job->stage] = true;
    entry->due_s[job->stage] = 0;
}

void schedule_failed(struct schedule *schedule, const struct schedule_job *job, int64_t now_s)
{
    struct entry *entry = find(schedule, job->id);
    if (!entry)
        return;
    const bool is_hopeless = ++entry->n_tries[job->stage] >= SCHEDULE_TRIES_MAX;
    entry->due_s[job->stage] = is_hopeless ? 0 : now_s + SCHEDULE_RETRY_S;
}

static bool is_waiting(const struct entry *entry)
{
    for (enum verdict_stage stage = VERDICT_15M; stage < VERDICT_STAGES; stage++)
        if (entry->due_s[stage])
            return true;
    return false;
}

void schedule_sweep(struct schedule *schedule, int64_t now_s)
{
    size_t n = 0;
    for (size_t i = 0; i < schedule->n; i++)
        if (is_waiting(&schedule->entries[i]) ||
            now_s - schedule->entries[i].end_s <= SCHEDULE_KEEP_S)
            schedule->entries[n++] = schedule->entries[i];
    schedule->n = n;
}

size_t schedule_count(const struct schedule *schedule)
{
    return schedule->n;
}

size_t schedule_waiting(const struct schedule *schedule)
{
    size_t n = 0;
    for (size_t i = 0; i < schedule->n; i++)
        for (enum verdict_stage stage = VERDICT_15M; stage < VERDICT_STAGES; stage++)
            n += schedule->entries[i].due_s[stage] != 0;
    return n;
}

uint64_t schedule_skipped(const struct schedule *schedule)
{
    return schedule->n_skipped;
}
