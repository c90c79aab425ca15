#include "announce/moments.h"

#include <string.h>

static const struct moments_next nothing = {.step = MOMENTS_NONE};

static struct moments_next due(enum moment moment, int64_t at_ms)
{
    return (struct moments_next){MOMENTS_DUE, moment, at_ms, 0};
}

/* Those by which one deploy is often told of beside another, a moment later. */
static bool is_weak_door(const char *source)
{
    static const char *const doors[] = {"line", "http", "statsd", "events"};
    for (size_t i = 0; i < COUNT_OF(doors); i++)
        if (strcmp(source, doors[i]) == 0)
            return true;
    return false;
}

/* May another door still say more? Until when. */
static int64_t settled_ms(const struct moments_told *told, const struct change *change)
{
    const bool is_point = change->start_ms == change->end_ms;
    const bool may_grow = is_point && !told->start && change->n_also == 0 &&
                          change->status == STATUS_SUCCEEDED && is_weak_door(change->source);
    return may_grow ? change->received_ms + MOMENTS_MERGE_MS : 0;
}

/* It has an end that lies ahead, as a freeze or planned work has, and did so when it was told. */
static bool is_lasting(const struct change *change, int64_t now_ms)
{
    const int64_t seen_ms = max_i64(now_ms, change->received_ms);
    return change->end_ms > change->start_ms && change->end_ms - seen_ms > MOMENTS_AHEAD_MS;
}

static struct moments_next of_lasting(const struct moments_told *told, const struct change *change,
                                      int64_t now_ms)
{
    if (told->start)
        return (struct moments_next){MOMENTS_LATER, MOMENT_END, change->end_ms, change->end_ms};
    if (change->start_ms > now_ms)
        return (struct moments_next){MOMENTS_LATER, MOMENT_START, change->start_ms,
                                     change->start_ms};
    return due(MOMENT_START, change->start_ms);
}

static struct moments_next after_end(const struct moments_told *told, const struct change *change)
{
    if (told->again || change->end_ms == 0 || change->status == told->status)
        return nothing;
    return due(MOMENT_AGAIN, change->end_ms);
}

static struct moments_next of_course(const struct moments_told *told, const struct change *change,
                                     int64_t now_ms)
{
    if (told->end)
        return after_end(told, change);
    if (change->end_ms == 0) {
        const bool has_begun = change->status != STATUS_PLANNED && change->status != STATUS_QUEUED;
        return has_begun && !told->start ? due(MOMENT_START, change->start_ms) : nothing;
    }
    if (is_lasting(change, now_ms))
        return of_lasting(told, change, now_ms);
    const int64_t look_ms = settled_ms(told, change);
    /* A clock that was set back does not make anybody wait for longer. */
    if (look_ms > now_ms && look_ms - now_ms <= MOMENTS_MERGE_MS)
        return (struct moments_next){MOMENTS_LATER, MOMENT_END, change->end_ms, look_ms};
    return due(MOMENT_END, change->end_ms);
}

static struct moments_next of_verdict(const struct moments_told *told, const struct change *change)
{
    const struct verdict *verdict = change->verdict;
    if (!verdict || verdict->state == VERDICT_PENDING || verdict->state == told->verdict ||
        (verdict->stage == told->seen_stage && verdict->state == told->seen))
        return nothing;
    return due(MOMENT_VERDICT, verdict->made_ms);
}

struct moments_next moments_next(const struct moments_told *told, const struct change *change,
                                 int64_t now_ms)
{
    if (change->is_retracted) {
        if (!told->is_known || told->retracted)
            return nothing;
        return due(MOMENT_AGAIN, max_i64(change->start_ms, change->end_ms));
    }
    const struct moments_next next = of_course(told, change, now_ms);
    return next.step == MOMENTS_NONE ? of_verdict(told, change) : next;
}

static void note_verdict(struct moments_told *told, const struct verdict *verdict, bool is_told)
{
    if (!verdict)
        return;
    told->seen_stage = verdict->stage;
    told->seen = verdict->state;
    if (is_told)
        told->verdict = verdict->state;
}

void moments_note(struct moments_told *told, enum moment moment, const struct change *change,
                  bool is_told)
{
    told->is_known |= is_told;
    switch (moment) {
    case MOMENT_START:
        told->start = true;
        break;
    case MOMENT_END:
        told->end = true;
        told->status = change->status;
        break;
    case MOMENT_AGAIN:
        told->retracted |= change->is_retracted;
        told->again |= !change->is_retracted;
        break;
    case MOMENT_VERDICT:
        note_verdict(told, change->verdict, is_told);
        break;
    case MOMENTS:
        break;
    }
}

const char *moments_name(enum moment moment, const struct change *change)
{
    static const char *const names[] = {"start", "end", "again", "verdict"};
    return moment == MOMENT_AGAIN && change->is_retracted ? "retracted" : names[moment];
}
