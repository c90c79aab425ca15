#include "ledger/merge.h"

#include "kit/kit.h"

static struct arena *arena(void)
{
    static struct arena one;
    static bool is_ready;
    if (!is_ready)
        arena_init(&one);
    is_ready = true;
    return &one;
}

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
    EXPECT(merge_into(&known, &told, arena()));
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
    EXPECT(!merge_into(&known, &told, arena()));
    EXPECT_I64(known.status, STATUS_FAILED);
    EXPECT_I64(known.end_ms, 5000);
}

/* One way of telling: by which door, from when to when, how it ended. Times in seconds. */
struct door {
    const char *source, *key;
    enum change_status status;
    int64_t start_s, end_s; /* end_s 0: open */
    const char *rev;
};

static struct change told_by(const struct door *door)
{
    struct change change =
        telling(door->source, door->status, 1500000000000 + door->start_s * 1000);
    change.end_ms = door->end_s ? 1500000000000 + door->end_s * 1000 : 0;
    change.key = door->key;
    change.rev = door->rev ? door->rev : "";
    return change;
}

#define POINT(source, at_s)                                                                        \
    {                                                                                              \
        source, "", STATUS_SUCCEEDED, at_s, at_s, ""                                               \
    }

TEST(knows_one_deploy_behind_two_doors)
{
    static const struct {
        const char *row;
        struct door a, b;
        bool is_same;
    } rows[] = {
        {"a line while the wrapper runs",
         {"cli", "k", STATUS_RUNNING, 100, 0},
         POINT("line", 300),
         1},
        {"a line a minute after it",
         {"cli", "k", STATUS_SUCCEEDED, 100, 200},
         POINT("line", 260),
         1},
        {"a line long after it", {"cli", "k", STATUS_SUCCEEDED, 100, 200}, POINT("line", 400), 0},
        {"a line long before it", {"cli", "k", STATUS_RUNNING, 500, 0}, POINT("line", 100), 0},
        {"the wrapper after its line", POINT("line", 300), {"cli", "k", STATUS_RUNNING, 290, 0}, 1},
        {"GitHub's job around it",
         {"hook/github", "gh:1", STATUS_SUCCEEDED, 50, 400},
         {"cli", "k", STATUS_SUCCEEDED, 100, 390},
         1},
        {"another revision",
         {"hook/github", "gh:1", STATUS_RUNNING, 50, 0, "aaaaaaa"},
         {"cli", "k", STATUS_RUNNING, 100, 0, "bbbbbbb"},
         0},
        {"the same revision, told in part",
         {"hook/github", "gh:1", STATUS_RUNNING, 50, 0, "4f2c1e9aa0c1"},
         {"cli", "k", STATUS_RUNNING, 100, 0, "4f2c1e9"},
         1},
        {"two keys of one door",
         {"hook/github", "gh:1", STATUS_RUNNING, 50, 0},
         {"hook/github", "gh:2", STATUS_RUNNING, 60, 0},
         0},
    };
    EACH_ROW (rows, r) {
        const struct change a = told_by(&r->a), b = told_by(&r->b);
        EXPECT_I64(merge_is_same(&a, &b), r->is_same);
    }
}

TEST(does_not_join_what_only_happened_at_the_same_time)
{
    struct change a = telling("http", STATUS_SUCCEEDED, 1500000000000);
    struct change b = telling("hook/launchdarkly", STATUS_SUCCEEDED, 1500000000000);
    a.kind = b.kind = CHANGE_FLAG; /* two flags of one service, by two doors */
    a.end_ms = b.end_ms = a.start_ms;
    a.msg = "cart on";
    b.msg = "search off";
    EXPECT(!merge_is_same(&a, &b));
    b.msg = "cart on";
    EXPECT(merge_is_same(&a, &b));
    b.service = "search";
    EXPECT(!merge_is_same(&a, &b));
}

TEST(a_rollback_is_not_what_it_undoes)
{
    struct change deploy = telling("cli", STATUS_SUCCEEDED, 1500000000000);
    struct change line = telling("line", STATUS_SUCCEEDED, 1500000010000);
    deploy.end_ms = line.start_ms;
    line.end_ms = line.start_ms;
    line.action = "rollback";
    EXPECT(!merge_is_same(&deploy, &line));
    deploy.action = "rollback";
    EXPECT(merge_is_same(&deploy, &line));
}

TEST(a_span_knows_more_than_a_point_whichever_came_first)
{
    const struct door point = POINT("line", 300);
    static const struct {
        const char *row;
        struct door span;
    } rows[] = {
        {"running", {"cli", "k", STATUS_RUNNING, 290, 0}},
        {"ended", {"cli", "k", STATUS_FAILED, 290, 400}},
    };
    EACH_ROW (rows, r) {
        struct change first = told_by(&point), second = told_by(&r->span);
        EXPECT(merge_into(&first, &second, arena()));
        struct change other = told_by(&r->span), line = told_by(&point);
        EXPECT(merge_into(&other, &line, arena())); /* the door is noted */
        const struct change want = told_by(&r->span);
        const struct change *const gots[] = {&first, &other};
        for (size_t i = 0; i < COUNT_OF(gots); i++) {
            EXPECT_I64(gots[i]->status, want.status);
            EXPECT_I64(gots[i]->start_ms, want.start_ms);
            EXPECT_I64(gots[i]->end_ms, want.end_ms);
            EXPECT_I64(gots[i]->n_also, 1);
        }
    }
}

TEST(joins_the_ends_of_spans)
{
    static const struct {
        const char *row;
        struct door known, told;
        enum change_status status;
        int64_t end_s;
    } rows[] = {
        {"an end closes", {"a", "", STATUS_RUNNING, 0, 0}, {"a", "", STATUS_FAILED, 0, 9}, 5, 9},
        {"the latest end",
         {"a", "", STATUS_SUCCEEDED, 0, 5},
         {"b", "", STATUS_SUCCEEDED, 0, 9},
         4,
         9},
        {"running is behind",
         {"a", "", STATUS_SUCCEEDED, 0, 5},
         {"b", "", STATUS_RUNNING, 0, 0},
         4,
         5},
        {"failed after all",
         {"a", "", STATUS_SUCCEEDED, 0, 5},
         {"a", "", STATUS_FAILED, 0, 60},
         5,
         60},
        {"failed much later",
         {"a", "", STATUS_SUCCEEDED, 0, 5},
         {"a", "", STATUS_FAILED, 0, 700},
         4,
         5},
        {"failed stays", {"a", "", STATUS_FAILED, 0, 5}, {"a", "", STATUS_SUCCEEDED, 0, 9}, 5, 9},
        {"a lost end gives way",
         {"a", "", STATUS_UNKNOWN, 0, 3600},
         {"a", "", STATUS_SUCCEEDED, 0, 9},
         4,
         9},
        {"queued, then running",
         {"a", "", STATUS_QUEUED, 0, 0},
         {"a", "", STATUS_RUNNING, 0, 0},
         3,
         0},
    };
    EACH_ROW (rows, r) {
        struct change known = told_by(&r->known), told = told_by(&r->told);
        (void)merge_into(&known, &told, arena());
        EXPECT_I64(known.status, r->status);
        EXPECT_I64(known.end_ms, r->end_s ? 1500000000000 + r->end_s * 1000 : 0);
    }
}

TEST(another_door_fills_and_does_not_replace)
{
    struct change known = telling("cli", STATUS_RUNNING, 1000);
    struct change told = telling("hook/github", STATUS_RUNNING, 1000);
    known.key = "k";
    known.msg = "fix login";
    known.rev = "4f2c1e9";
    told.key = "gh:1";
    told.msg = "Deploy to production";
    told.url = "https://ci/1";
    told.rev = "4f2c1e9aa0c1";
    EXPECT(merge_into(&known, &told, arena()));
    EXPECT_TEXT(known.msg, "fix login");
    EXPECT_TEXT(known.url, "https://ci/1");
    EXPECT_TEXT(known.rev, "4f2c1e9aa0c1");
    EXPECT_TEXT(known.key, "k");
    const char *key;
    EXPECT(merge_knows(&known, "hook/github", &key));
    EXPECT_TEXT(key, "gh:1");
    EXPECT(!merge_into(&known, &told, arena())); /* nothing new */
}

RUN_TESTS(test_of(knows_two_tellings_of_one_change), test_of(posted_events_are_never_the_same),
          test_of(takes_the_earliest_start_the_latest_end_and_the_further_status),
          test_of(running_never_overwrites_an_end), test_of(knows_one_deploy_behind_two_doors),
          test_of(does_not_join_what_only_happened_at_the_same_time),
          test_of(a_rollback_is_not_what_it_undoes),
          test_of(a_span_knows_more_than_a_point_whichever_came_first),
          test_of(joins_the_ends_of_spans), test_of(another_door_fills_and_does_not_replace))
