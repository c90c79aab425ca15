#include "impact/schedule.h"

#include "kit/kit.h"

static const int64_t T0_S = 1700000000, MIN = 60, HOUR = 3600, DAY = 86400;

/* A point at so many seconds from T0. */
static struct change point(const char *id, int64_t at_s)
{
    struct change change = change_blank();
    change.id = id;
    change.service = "web";
    change.env = "production";
    change.start_ms = change.end_ms = (T0_S + at_s) * 1000;
    change.status = STATUS_SUCCEEDED;
    return change;
}

static void take(struct schedule *schedule, struct change change, int64_t now_s)
{
    schedule_take(schedule, &change, T0_S + now_s, false);
}

/* What is due at so many seconds from T0, as "a 15m"; "" nothing. It counts as judged. */
static const char *next(struct schedule *schedule, int64_t now_s)
{
    struct schedule_job job;
    int64_t due_s;
    if (!schedule_next(schedule, T0_S + now_s, &job, &due_s))
        return "";
    schedule_done(schedule, &job);
    return arena_printf(&kit_arena, "%s %s", job.id, verdict_stage_name(job.stage));
}

static int64_t next_due(const struct schedule *schedule)
{
    struct schedule_job job;
    int64_t due_s;
    (void)schedule_next(schedule, 0, &job, &due_s);
    return due_s == INT64_MAX ? -1 : due_s - T0_S;
}

TEST(each_stage_comes_after_its_horizon)
{
    struct schedule *schedule = schedule_new();
    take(schedule, point("a", 0), 1);
    EXPECT_I64(schedule_waiting(schedule), 3);
    EXPECT_I64(next_due(schedule), 15 * MIN + SCHEDULE_GRACE_S);
    EXPECT_TEXT(next(schedule, 15 * MIN), "");
    EXPECT_TEXT(next(schedule, 15 * MIN + SCHEDULE_GRACE_S), "a 15m");
    EXPECT_I64(next_due(schedule), HOUR + SCHEDULE_GRACE_S);
    EXPECT_TEXT(next(schedule, HOUR + SCHEDULE_GRACE_S), "a 1h");
    EXPECT_TEXT(next(schedule, DAY + SCHEDULE_GRACE_S), "a 24h");
    EXPECT_I64(next_due(schedule), -1);
    schedule_free(schedule);
}

TEST(a_change_waits_for_its_end)
{
    struct schedule *schedule = schedule_new();
    struct change change = point("a", 0);
    change.end_ms = 0;
    take(schedule, change, 1);
    EXPECT_I64(next_due(schedule), -1);
    change.end_ms = (T0_S + 10 * MIN) * 1000;
    take(schedule, change, 10 * MIN);
    EXPECT_I64(next_due(schedule), 25 * MIN + SCHEDULE_GRACE_S);
    schedule_free(schedule);
}

TEST(what_can_move_nothing_is_not_judged)
{
    struct schedule *schedule = schedule_new();
    struct change change = point("a", 0);
    change.kind = CHANGE_NOTE;
    take(schedule, change, 1);
    change = point("b", 0);
    change.status = STATUS_PLANNED;
    take(schedule, change, 1);
    EXPECT_I64(schedule_waiting(schedule), 0);
    change.status = STATUS_SUCCEEDED;
    take(schedule, change, 2);
    EXPECT_I64(schedule_waiting(schedule), 3);
    schedule_free(schedule);
}

TEST(the_same_news_again_changes_nothing)
{
    struct schedule *schedule = schedule_new();
    struct verdict verdict = verdict_blank();
    struct change change = point("a", 0);
    take(schedule, change, 1);
    EXPECT_TEXT(next(schedule, 20 * MIN), "a 15m");
    verdict.stage = VERDICT_15M;
    change.verdict = &verdict; /* our own verdict comes as a row */
    change.msg = "and more was said";
    take(schedule, change, 21 * MIN);
    EXPECT_TEXT(next(schedule, 21 * MIN), "");
    EXPECT_I64(schedule_waiting(schedule), 2);
    schedule_free(schedule);
}

TEST(a_correction_is_judged_again)
{
    struct schedule *schedule = schedule_new();
    struct change change = point("a", 0);
    take(schedule, change, 1);
    EXPECT_TEXT(next(schedule, 2 * HOUR), "a 15m");
    EXPECT_TEXT(next(schedule, 2 * HOUR), "a 1h");
    change.start_ms += 60 * 1000;
    take(schedule, change, 2 * HOUR);
    EXPECT_TEXT(next(schedule, 2 * HOUR), "a 1h");
    schedule_free(schedule);
}

TEST(what_is_told_late_is_judged_at_once_and_those_near_it_again)
{
    struct schedule *schedule = schedule_new();
    take(schedule, point("a", 0), 1);
    take(schedule, point("far", -3 * HOUR), 1);
    EXPECT_TEXT(next(schedule, 20 * MIN), "a 15m");
    EXPECT_TEXT(next(schedule, 20 * MIN), "far 1h");
    take(schedule, point("late", 5 * MIN), 30 * MIN);
    EXPECT_TEXT(next(schedule, 30 * MIN), "late 15m");
    EXPECT_TEXT(next(schedule, 30 * MIN), "");
    EXPECT_TEXT(next(schedule, 30 * MIN + SCHEDULE_AGAIN_S), "a 15m");
    EXPECT_TEXT(next(schedule, 30 * MIN + SCHEDULE_AGAIN_S), "");
    schedule_free(schedule);
}

TEST(those_near_a_retracted_change_are_judged_again)
{
    struct schedule *schedule = schedule_new();
    struct change other = point("b", 2 * MIN);
    take(schedule, point("a", 0), 1);
    take(schedule, other, 2 * MIN);
    EXPECT_TEXT(next(schedule, 30 * MIN), "a 15m");
    EXPECT_TEXT(next(schedule, 30 * MIN), "b 15m");
    other.is_retracted = true;
    take(schedule, other, 31 * MIN);
    EXPECT_TEXT(next(schedule, 33 * MIN), "a 15m");
    EXPECT_TEXT(next(schedule, 2 * DAY), "a 1h");
    EXPECT_TEXT(next(schedule, 2 * DAY), "a 24h");
    EXPECT_TEXT(next(schedule, 2 * DAY), "");
    schedule_free(schedule);
}

TEST(on_time_news_disturbs_no_verdict)
{
    struct schedule *schedule = schedule_new();
    take(schedule, point("a", 0), 1);
    EXPECT_TEXT(next(schedule, 17 * MIN), "a 15m");
    take(schedule, point("b", 17 * MIN), 17 * MIN + 1);
    EXPECT_TEXT(next(schedule, 20 * MIN), "");
    schedule_free(schedule);
}

TEST(old_ones_wait_behind_those_of_now_and_are_bounded)
{
    struct schedule *schedule = schedule_new();
    for (size_t i = 0; i < SCHEDULE_LATE_MAX; i++)
        take(schedule, point(arena_printf(&kit_arena, "old%zu", i), -30 * DAY - (int64_t)i * DAY),
             0);
    EXPECT_I64(schedule_skipped(schedule), SCHEDULE_LATE_MAX / 2);
    take(schedule, point("a", 0), 1);
    EXPECT_TEXT(next(schedule, 20 * MIN), "a 15m");
    EXPECT(strncmp(next(schedule, 20 * MIN), "old", 3) == 0);
    schedule_free(schedule);
}

TEST(after_a_start_only_what_is_missing_is_judged)
{
    struct schedule *schedule = schedule_new();
    struct verdict verdict = verdict_blank();
    struct change judged = point("judged", -2 * HOUR), open = point("open", -HOUR);
    verdict.stage = VERDICT_1H;
    judged.verdict = &verdict;
    open.end_ms = 0;
    const struct change fresh = point("fresh", -20 * MIN);
    schedule_take(schedule, &judged, T0_S, true);
    schedule_take(schedule, &open, T0_S, true);
    schedule_take(schedule, &fresh, T0_S, true);
    EXPECT_TEXT(next(schedule, 0), "fresh 15m");
    EXPECT_TEXT(next(schedule, 0), "");
    EXPECT_TEXT(next(schedule, DAY), "fresh 1h");
    EXPECT_TEXT(next(schedule, DAY), "judged 24h");
    EXPECT_TEXT(next(schedule, DAY), "fresh 24h");
    schedule_free(schedule);
}

TEST(what_fails_is_tried_again_some_times)
{
    struct schedule *schedule = schedule_new();
    struct schedule_job job;
    int64_t due_s, now_s = T0_S + 20 * MIN;
    take(schedule, point("a", 0), 1);
    for (size_t i = 0; i < SCHEDULE_TRIES_MAX; i++) {
        EXPECT(schedule_next(schedule, now_s, &job, &due_s));
        schedule_failed(schedule, &job, now_s);
        EXPECT(!schedule_next(schedule, now_s, &job, &due_s));
        now_s += SCHEDULE_RETRY_S;
    }
    EXPECT(!schedule_next(schedule, now_s, &job, &due_s));
    EXPECT_I64(due_s, T0_S + HOUR + SCHEDULE_GRACE_S);
    schedule_free(schedule);
}

TEST(what_is_over_is_forgotten)
{
    struct schedule *schedule = schedule_new();
    take(schedule, point("a", 0), 1);
    take(schedule, point("b", 0), 1);
    while (next(schedule, 2 * DAY)[0])
        continue;
    schedule_sweep(schedule, T0_S + 2 * DAY);
    EXPECT_I64(schedule_count(schedule), 2);
    schedule_sweep(schedule, T0_S + SCHEDULE_KEEP_S + 1);
    EXPECT_I64(schedule_count(schedule), 0);
    schedule_free(schedule);
}

RUN_TESTS(test_of(each_stage_comes_after_its_horizon), test_of(a_change_waits_for_its_end),
          test_of(what_can_move_nothing_is_not_judged),
          test_of(the_same_news_again_changes_nothing), test_of(a_correction_is_judged_again),
          test_of(what_is_told_late_is_judged_at_once_and_those_near_it_again),
          test_of(those_near_a_retracted_change_are_judged_again),
          test_of(on_time_news_disturbs_no_verdict),
          test_of(old_ones_wait_behind_those_of_now_and_are_bounded),
          test_of(after_a_start_only_what_is_missing_is_judged),
          test_of(what_fails_is_tried_again_some_times), test_of(what_is_over_is_forgotten))
