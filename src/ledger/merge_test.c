#include "ledger/merge.h"

#include "kit/kit.h"

static struct change telling(const char *source, enum change_status status, int64_t start_ms)
{
    struct change change = change_blank();
    change.service = "website";
    change.env = "production";
    change.source = source;
    change.status = status;
    change.start_ms = start_ms;
    return change;
}

TEST(knows_two_tellings_of_one_change)
{
    static const struct {
        const char *row, *source;
        int64_t apart_ms;
        const char *rev_a, *rev_b, *msg_b;
        double value_b;
        bool is_same;
    } rows[] = {
        {"the same line twice", "line", 0, "", "", "m", 1, true},
        {"lines within one second", "line", 900, "", "", "m", 1, true},
        {"lines two seconds apart", "line", 2000, "", "", "m", 1, false},
        {"lines of another value", "line", 0, "", "", "m", -1, false},
        {"posts a minute apart", "http", 60000, "", "", "m", 1, true},
        {"posts three minutes apart", "http", 180000, "", "", "m", 1, false},
        {"posts with another message", "http", 1000, "", "", "other", 1, false},
        {"posts of another revision", "http", 1000, "a1", "b2", "m", 1, false},
        {"only one names the revision", "http", 1000, "a1", "", "m", 1, true},
    };
    EACH_ROW (rows, r) {
        struct change a = telling(r->source, STATUS_SUCCEEDED, 1500000000000);
        struct change b = telling(r->source, STATUS_SUCCEEDED, 1500000000000 + r->apart_ms);
        a.rev = r->rev_a;
        b.rev = r->rev_b;
        a.msg = "m";
        b.msg = r->msg_b;
        b.value = r->value_b;
        EXPECT_I64(merge_is_same(&a, &b), r->is_same);
    }
}

TEST(posted_events_are_never_the_same)
{
    struct change a = telling("events", STATUS_SUCCEEDED, 1500000000000);
    a.is_posted = true;
    EXPECT(!merge_is_same(&a, &a));
}

TEST(takes_the_earliest_start_the_latest_end_and_the_further_status)
{
    struct change known = telling("cli", STATUS_RUNNING, 2000);
    struct change told = telling("cli", STATUS_SUCCEEDED, 1000);
    told.end_ms = 5000;
    told.rev = "4f2c1e9";
    EXPECT(merge_into(&known, &told));
    EXPECT_I64(known.start_ms, 1000);
    EXPECT_I64(known.end_ms, 5000);
    EXPECT_I64(known.status, STATUS_SUCCEEDED);
    EXPECT_TEXT(known.rev, "4f2c1e9");
}

TEST(running_never_overwrites_an_end)
{
    struct change known = telling("cli", STATUS_FAILED, 1000);
    known.end_ms = 5000;
    struct change told = telling("cli", STATUS_RUNNING, 1000);
    EXPECT(!merge_into(&known, &told));
    EXPECT_I64(known.status, STATUS_FAILED);
    EXPECT_I64(known.end_ms, 5000);
}

RUN_TESTS(test_of(knows_two_tellings_of_one_change), test_of(posted_events_are_never_the_same),
          test_of(takes_the_earliest_start_the_latest_end_and_the_further_status),
          test_of(running_never_overwrites_an_end))
