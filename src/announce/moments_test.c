#include "announce/moments.h"

#include "kit/kit.h"

enum { NOW_MS = 1000000 };

static struct change change_of(enum change_status status, int64_t start_ms, int64_t end_ms)
{
    struct change change = change_blank();
    change.status = status;
    change.start_ms = start_ms;
    change.end_ms = end_ms;
    change.received_ms = NOW_MS;
    change.source = "cli";
    return change;
}

static const struct {
    const char *row;
    enum change_status status;
    int64_t start_ms, end_ms;
    struct moments_told told;
    enum moments_step step;
    enum moment moment;
    int64_t at_ms;
} dues[] = {
    {"under way", STATUS_RUNNING, 900, 0, {0}, MOMENTS_DUE, MOMENT_START, 900},
    {"under way, and told", STATUS_RUNNING, 900, 0, {.start = true}, MOMENTS_NONE, 0, 0},
    {"open, nobody said how far", STATUS_UNKNOWN, 900, 0, {0}, MOMENTS_DUE, MOMENT_START, 900},
    {"planned", STATUS_PLANNED, 900, 0, {0}, MOMENTS_NONE, 0, 0},
    {"queued", STATUS_QUEUED, 900, 0, {0}, MOMENTS_NONE, 0, 0},
    {"over, start told", STATUS_SUCCEEDED, 900, 950, {.start = true}, MOMENTS_DUE, MOMENT_END, 950},
    {"over, nothing told", STATUS_SUCCEEDED, 900, 950, {0}, MOMENTS_DUE, MOMENT_END, 950},
    {"over and told",
     STATUS_SUCCEEDED,
     900,
     950,
     {.end = true, .status = STATUS_SUCCEEDED},
     MOMENTS_NONE,
     0,
     0},
    {"after its end no start is told",
     STATUS_RUNNING,
     900,
     0,
     {.end = true, .status = STATUS_SUCCEEDED},
     MOMENTS_NONE,
     0,
     0},
    {"failed after all",
     STATUS_FAILED,
     900,
     960,
     {.end = true, .is_known = true, .status = STATUS_SUCCEEDED},
     MOMENTS_DUE,
     MOMENT_AGAIN,
     960},
    {"failed after all, told",
     STATUS_FAILED,
     900,
     960,
     {.end = true, .again = true, .status = STATUS_SUCCEEDED},
     MOMENTS_NONE,
     0,
     0},
    {"its end is lost", STATUS_UNKNOWN, 900, 990, {.start = true}, MOMENTS_DUE, MOMENT_END, 990},
    {"planned, then over at once", STATUS_SUCCEEDED, 900, 900, {0}, MOMENTS_DUE, MOMENT_END, 900},
    {"a freeze until later", STATUS_SUCCEEDED, 900, 1900000, {0}, MOMENTS_DUE, MOMENT_START, 900},
    {"its end is waited for",
     STATUS_SUCCEEDED,
     900,
     1900000,
     {.start = true},
     MOMENTS_LATER,
     MOMENT_END,
     1900000},
    {"planned for later",
     STATUS_SUCCEEDED,
     1500000,
     1900000,
     {0},
     MOMENTS_LATER,
     MOMENT_START,
     1500000},
    {"a clock that is a bit fast",
     STATUS_SUCCEEDED,
     900,
     1030000,
     {0},
     MOMENTS_DUE,
     MOMENT_END,
     1030000},
    {"cancelled before it began", STATUS_CANCELLED, 900, 950, {0}, MOMENTS_DUE, MOMENT_END, 950},
};

TEST(what_is_due)
{
    EACH_ROW (dues, r) {
        const struct change change = change_of(r->status, r->start_ms, r->end_ms);
        const struct moments_next next = moments_next(&r->told, &change, NOW_MS);
        EXPECT_I64(next.step, r->step);
        if (r->step == MOMENTS_NONE)
            continue;
        EXPECT_I64(next.moment, r->moment);
        EXPECT_I64(next.at_ms, r->at_ms);
    }
}

TEST(a_point_of_a_weak_door_waits_for_others)
{
    static const struct {
        const char *row, *source;
        int64_t end_ms;
        size_t n_also;
        enum change_status status;
        bool is_start_told, waits;
    } rows[] = {
        {"a line", "line", 900, 0, STATUS_SUCCEEDED, false, true},
        {"HTTP", "http", 900, 0, STATUS_SUCCEEDED, false, true},
        {"a posted event", "events", 900, 0, STATUS_SUCCEEDED, false, true},
        {"StatsD", "statsd", 900, 0, STATUS_SUCCEEDED, false, true},
        {"the wrapper says all", "cli", 900, 0, STATUS_SUCCEEDED, false, false},
        {"a hook says all", "hook/github", 900, 0, STATUS_SUCCEEDED, false, false},
        {"a span says more than a point", "http", 950, 0, STATUS_SUCCEEDED, false, false},
        {"another door told, too", "line", 900, 1, STATUS_SUCCEEDED, false, false},
        {"its start was told", "line", 900, 0, STATUS_SUCCEEDED, true, false},
        {"bad news does not wait", "http", 900, 0, STATUS_FAILED, false, false},
    };
    EACH_ROW (rows, r) {
        struct change change = change_of(r->status, 900, r->end_ms);
        change.source = r->source;
        change.n_also = r->n_also;
        const struct moments_told told = {.start = r->is_start_told};
        const struct moments_next next = moments_next(&told, &change, NOW_MS + 100);
        EXPECT_I64(next.step, r->waits ? MOMENTS_LATER : MOMENTS_DUE);
        EXPECT_I64(next.moment, MOMENT_END);
        EXPECT_I64(next.at_ms, r->end_ms);
        if (r->waits)
            EXPECT_I64(next.look_ms, NOW_MS + MOMENTS_MERGE_MS);
        EXPECT_I64(moments_next(&told, &change, NOW_MS + MOMENTS_MERGE_MS).step, MOMENTS_DUE);
        /* A clock that was set back by an hour. */
        EXPECT_I64(moments_next(&told, &change, NOW_MS - 3600000).step, MOMENTS_DUE);
    }
}

TEST(what_never_was_is_taken_back_once_and_only_where_it_was_told)
{
    struct change change = change_of(STATUS_RUNNING, 900, 0);
    struct moments_told told = {0};
    change.is_retracted = true;
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
    told.start = true; /* passed over: nobody heard of it */
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
    told.is_known = true;
    const struct moments_next next = moments_next(&told, &change, NOW_MS);
    EXPECT_I64(next.step, MOMENTS_DUE);
    EXPECT_I64(next.moment, MOMENT_AGAIN);
    EXPECT_TEXT(moments_name(next.moment, &change), "retracted");
    moments_note(&told, next.moment, &change, true);
    EXPECT(told.retracted && !told.again);
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
}

TEST(noting_moments)
{
    struct change change = change_of(STATUS_SUCCEEDED, 900, 950);
    struct moments_told told = {0};
    moments_note(&told, MOMENT_START, &change, false);
    EXPECT(told.start && !told.is_known);
    moments_note(&told, MOMENT_END, &change, true);
    EXPECT(told.end && told.is_known);
    EXPECT_I64(told.status, STATUS_SUCCEEDED);
    change.status = STATUS_FAILED;
    EXPECT_I64(moments_next(&told, &change, NOW_MS).moment, MOMENT_AGAIN);
    moments_note(&told, MOMENT_AGAIN, &change, true);
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
    EXPECT_TEXT(moments_name(MOMENT_START, &change), "start");
    EXPECT_TEXT(moments_name(MOMENT_END, &change), "end");
    EXPECT_TEXT(moments_name(MOMENT_AGAIN, &change), "again");
}

TEST(a_verdict_is_due_after_the_end_and_once_for_each_thing_it_says)
{
    struct change change = change_of(STATUS_SUCCEEDED, 900, 950);
    struct moments_told told = {0};
    struct verdict verdict = verdict_blank();
    verdict.made_ms = 990;
    verdict.stage = VERDICT_15M;
    verdict.state = VERDICT_HARM;
    change.verdict = &verdict;
    EXPECT_I64(moments_next(&told, &change, NOW_MS).moment, MOMENT_END);
    moments_note(&told, MOMENT_END, &change, true);
    struct moments_next next = moments_next(&told, &change, NOW_MS);
    EXPECT_I64(next.step, MOMENTS_DUE);
    EXPECT_I64(next.moment, MOMENT_VERDICT);
    EXPECT_I64(next.at_ms, 990);
    EXPECT_TEXT(moments_name(next.moment, &change), "verdict");
    moments_note(&told, MOMENT_VERDICT, &change, true);
    verdict.stage = VERDICT_1H; /* still harm */
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
    verdict.state = VERDICT_NO_HARM; /* taken back */
    EXPECT_I64(moments_next(&told, &change, NOW_MS).moment, MOMENT_VERDICT);
    moments_note(&told, MOMENT_VERDICT, &change,
                 false); /* nobody wanted it: not considered again */
    EXPECT_I64(told.verdict, VERDICT_HARM);
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
    verdict.stage = VERDICT_24H;
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_DUE);
    verdict.state = VERDICT_PENDING;
    EXPECT_I64(moments_next(&told, &change, NOW_MS).step, MOMENTS_NONE);
    verdict.state = VERDICT_IMPROVED;
    change.is_retracted = true; /* what never was did nothing */
    EXPECT_I64(moments_next(&told, &change, NOW_MS).moment, MOMENT_AGAIN);
}

RUN_TESTS(test_of(a_verdict_is_due_after_the_end_and_once_for_each_thing_it_says),
          test_of(what_is_due), test_of(a_point_of_a_weak_door_waits_for_others),
          test_of(what_never_was_is_taken_back_once_and_only_where_it_was_told),
          test_of(noting_moments))
