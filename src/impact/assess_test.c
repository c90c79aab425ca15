#include "impact/assess.h"

#include "impact/world_kit.h"
#include "kit/fake_weigh.h"

static const int64_t MIN = 60, HOUR = 3600;

static bool rest_never(void *self)
{
    (void)self;
    return true;
}

static struct verdict judge(const struct world *world, const struct change *change,
                            enum verdict_stage stage)
{
    const struct impact_wish wish = {.stage = stage};
    const struct assess_job job = {.options = &world->options,
                                   .change = change,
                                   .wish = &wish,
                                   .false_alarms = (double)NAN,
                                   .rest = rest_never};
    struct verdict verdict = verdict_blank();
    EXPECT_OK(assess_run(&job, &kit_arena, &verdict, &kit_err));
    return verdict;
}

static const char *moved_of(const struct verdict *verdict)
{
    const char *text = "";
    for (size_t i = 0; i < verdict->n_moved; i++)
        text = arena_printf(&kit_arena, "%s%s%s", text, i ? " " : "", verdict->moved[i].name);
    return text;
}

static bool has_reason(const struct verdict *verdict, const char *part)
{
    for (size_t i = 0; i < verdict->n_reasons; i++)
        if (strstr(verdict->reasons[i], part))
            return true;
    return false;
}

/* web.logins, web.errors, web.rps, shop.sales, shop.load, and a deploy of web two hours ago. */
struct site {
    struct world *world;
    double *logins, *errors, *rps, *sales, *load;
    struct change *deploy;
};

static struct site new_site(void)
{
    struct site site = {.world = world_new()};
    site.logins = world_add(site.world, "web.logins");
    site.errors = world_add(site.world, "web.errors");
    site.rps = world_add(site.world, "web.rps");
    site.sales = world_add(site.world, "shop.sales");
    site.load = world_add(site.world, "shop.temperature");
    site.deploy = world_change(site.world, "web", -2 * HOUR);
    return site;
}

TEST(nothing_moved_is_no_harm_with_what_would_have_been_seen)
{
    struct site site = new_site();
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_NO_HARM);
    EXPECT_I64(verdict.n_checked, 5);
    EXPECT_I64(verdict.n_unmoved, 5);
    EXPECT_I64(verdict.n_no_data, 0);
    EXPECT(verdict.unmoved[0].would_see > 3 && verdict.unmoved[0].would_see < 5);
    EXPECT_TEXT(verdict.change, site.deploy->id);
    EXPECT_I64(verdict.at_s, WORLD_NOW_S - 2 * HOUR);
    EXPECT_I64(verdict.from_s, WORLD_NOW_S - 3 * HOUR);
    EXPECT_I64(verdict.until_s, WORLD_NOW_S - HOUR);
    EXPECT_I64(verdict.made_ms, (int64_t)WORLD_NOW_S * 1000);
    EXPECT(isnan(verdict.false_alarms));
    EXPECT_TEXT(verdict.method, "1");
}

TEST(what_moved_the_bad_way_is_harm_the_worst_first)
{
    struct site site = new_site();
    world_shift(site.logins, -2 * HOUR + 3 * MIN, HOUR, -50);
    world_shift(site.errors, -2 * HOUR, HOUR, -50);
    world_shift(site.load, -2 * HOUR, HOUR, 50);
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_15M);
    EXPECT_I64(verdict.state, VERDICT_HARM);
    EXPECT_TEXT(moved_of(&verdict), "web.logins shop.temperature web.errors");
    const struct verdict_metric *logins = &verdict.moved[0];
    EXPECT_I64(logins->harm, VERDICT_BAD);
    EXPECT_I64(logins->direction, VERDICT_DOWN);
    EXPECT_I64(logins->since_s, WORLD_NOW_S - 2 * HOUR + 3 * MIN);
    EXPECT_F64(logins->before, 100, 1);
    EXPECT_F64(logins->after, 100 - 50 * 12.0 / 15, 1);
    EXPECT_F64(logins->effect, logins->after - logins->before, 1e-9);
    EXPECT_I64(logins->n_spark, 31);
    EXPECT_I64(logins->spark_change, 16);
    EXPECT_F64(logins->spark[30], 50, 1.1);
    EXPECT(logins->usual_low < logins->before && logins->usual_high > logins->before);
    EXPECT_I64(verdict.n_unmoved, 2);
}

TEST(states_follow_the_rules)
{
    static const struct {
        const char *row;
        double logins, errors, rps, load;
        enum verdict_state state;
    } rows[] = {
        {"good", 50, 0, 0, 0, VERDICT_IMPROVED},
        {"good and no rule", 0, -50, 0, 50, VERDICT_IMPROVED},
        {"no rule", 0, 0, 0, 50, VERDICT_MOVED},
        {"more requests have no rule", 0, 0, 50, 0, VERDICT_MOVED},
        {"good and bad", 50, 50, 0, 0, VERDICT_HARM},
        {"fewer requests", 0, 0, -50, 0, VERDICT_HARM},
        {"nothing", 0, 0, 0, 0, VERDICT_NO_HARM},
    };
    EACH_ROW (rows, r) {
        struct site site = new_site();
        world_shift(site.logins, -2 * HOUR, HOUR, r->logins);
        world_shift(site.errors, -2 * HOUR, HOUR, r->errors);
        world_shift(site.rps, -2 * HOUR, HOUR, r->rps);
        world_shift(site.load, -2 * HOUR, HOUR, r->load);
        EXPECT_I64(judge(site.world, site.deploy, VERDICT_1H).state, r->state);
    }
}

TEST(while_its_horizon_lasts_it_is_pending_until_something_moves)
{
    struct site site = new_site();
    site.deploy->start_ms += (2 * HOUR - 5 * MIN) * 1000;
    site.deploy->end_ms = site.deploy->start_ms;
    EXPECT_I64(judge(site.world, site.deploy, VERDICT_LIVE).state, VERDICT_PENDING);
    world_shift(site.errors, -3 * MIN, HOUR, 500);
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_LIVE);
    EXPECT_I64(verdict.state, VERDICT_HARM);
    EXPECT_TEXT(moved_of(&verdict), "web.errors");
    EXPECT_I64(verdict.moved[0].since_s, WORLD_NOW_S - 3 * MIN);
    EXPECT_I64(verdict.until_s, WORLD_NOW_S + 10 * MIN);
}

TEST(the_first_seconds_say_nothing)
{
    struct site site = new_site();
    world_rules(site.world, "[impact]\nvital = web.logins\n");
    site.deploy->start_ms = ((int64_t)WORLD_NOW_S - 5) * 1000;
    site.deploy->end_ms = 0;
    struct verdict verdict = judge(site.world, site.deploy, VERDICT_LIVE);
    EXPECT_I64(verdict.state, VERDICT_PENDING);
    EXPECT(!has_reason(&verdict, "has had no points"));
    EXPECT(has_reason(&verdict, "still running"));
    site.deploy->start_ms = ((int64_t)WORLD_NOW_S + 60) * 1000;
    verdict = judge(site.world, site.deploy, VERDICT_LIVE);
    EXPECT_I64(verdict.state, VERDICT_PENDING);
    EXPECT(has_reason(&verdict, "has not begun"));
}

TEST(what_moved_while_it_ran_counts)
{
    struct site site = new_site();
    site.deploy->end_ms = site.deploy->start_ms + 20 * MIN * 1000;
    world_shift(site.errors, -2 * HOUR + 5 * MIN, HOUR, 50);
    struct verdict verdict = judge(site.world, site.deploy, VERDICT_15M);
    EXPECT_I64(verdict.state, VERDICT_HARM);
    EXPECT_I64(verdict.until_s, WORLD_NOW_S - 2 * HOUR + 35 * MIN);
    EXPECT(has_reason(&verdict, "It ran for 20 min: what moved from its start on counts."));
    site.deploy->start_ms -= 30 * HOUR * 1000;
    verdict = judge(site.world, site.deploy, VERDICT_15M);
    EXPECT(has_reason(&verdict, "It ran for 30 h: only what moved after its end is judged."));
    EXPECT_I64(verdict.at_s, site.deploy->end_ms / 1000);
}

TEST(changes_at_one_time_cannot_be_told_apart)
{
    struct site site = new_site();
    struct change *flag = world_change(site.world, "checkout", -2 * HOUR + MIN);
    flag->kind = CHANGE_FLAG;
    world_shift(site.errors, -2 * HOUR + MIN, HOUR, 50);
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_CANNOT_TELL);
    EXPECT_TEXT(verdict.reasons[0], "web.errors moved, and this change cannot be told apart from "
                                    "01JD9Q0001 (flag checkout, 60 s later).");
    EXPECT_I64(verdict.n_overlaps, 1);
    EXPECT_TEXT(verdict.overlaps[0], flag->id);
}

TEST(what_another_change_did_is_not_this_ones)
{
    struct site site = new_site();
    world_change(site.world, "shop", -2 * HOUR + 30 * MIN);
    world_shift(site.errors, -2 * HOUR + 31 * MIN, HOUR, 50);
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_NO_HARM);
    EXPECT_I64(verdict.n_moved, 0);
}

TEST(not_every_other_change_competes)
{
    static const struct {
        const char *row;
        enum change_kind kind;
        const char *parent, *env;
        enum change_status status;
        bool is_retracted;
        int64_t lag_s;
        size_t n;
    } rows[] = {
        {"another", CHANGE_DEPLOY, "", "production", STATUS_SUCCEEDED, false, 60, 1},
        {"failed", CHANGE_DEPLOY, "", "production", STATUS_FAILED, false, 60, 1},
        {"note", CHANGE_NOTE, "", "production", STATUS_SUCCEEDED, false, 60, 0},
        {"freeze", CHANGE_FREEZE, "", "production", STATUS_SUCCEEDED, false, 60, 0},
        {"incident", CHANGE_INCIDENT, "", "production", STATUS_SUCCEEDED, false, 60, 0},
        {"third party", CHANGE_THIRDPARTY, "", "production", STATUS_SUCCEEDED, false, 60, 1},
        {"retracted", CHANGE_DEPLOY, "", "production", STATUS_SUCCEEDED, true, 60, 0},
        {"planned", CHANGE_DEPLOY, "", "production", STATUS_PLANNED, false, 60, 0},
        {"same train", CHANGE_DEPLOY, "train", "production", STATUS_SUCCEEDED, false, 60, 0},
        {"elsewhere", CHANGE_DEPLOY, "", "staging", STATUS_SUCCEEDED, false, 60, 0},
        {"within a horizon before", CHANGE_FLAG, "", "production", STATUS_SUCCEEDED, false, -3600,
         1},
        {"more than a horizon before", CHANGE_FLAG, "", "production", STATUS_SUCCEEDED, false,
         -3700, 0},
        {"more than a horizon after", CHANGE_FLAG, "", "production", STATUS_SUCCEEDED, false, 3700,
         0},
    };
    EACH_ROW (rows, r) {
        struct site site = new_site();
        site.deploy->parent = "train";
        struct change *other = world_change(site.world, "x", -2 * HOUR + r->lag_s);
        other->kind = r->kind;
        other->parent = r->parent;
        other->env = r->env;
        other->status = r->status;
        other->is_retracted = r->is_retracted;
        EXPECT_I64(judge(site.world, site.deploy, VERDICT_1H).n_overlaps, r->n);
    }
}

static void forget(double *values, int64_t from_s, int64_t until_s)
{
    for (int64_t i = WORLD_POINTS + from_s / 60; i < WORLD_POINTS + until_s / 60; i++)
        values[i] = (double)NAN;
}

TEST(what_cannot_be_told_says_why)
{
    struct world *empty = world_new();
    const struct change *deploy = world_change(empty, "web", -2 * HOUR);
    struct verdict verdict = judge(empty, deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_CANNOT_TELL);
    EXPECT_TEXT(verdict.reasons[0], "There is no metric to judge it by.");

    struct site site = new_site();
    for (size_t i = 0; i < site.world->source.n; i++)
        forget((double *)(uintptr_t)site.world->series[i].values, -WORLD_DAYS * 24 * HOUR,
               -2 * HOUR - 90 * MIN);
    verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_CANNOT_TELL);
    EXPECT_TEXT(verdict.reasons[0], "There are less than two hours of history before it.");
    EXPECT_I64(verdict.n_no_data, 5);

    site = new_site();
    forget(site.logins, -2 * HOUR, 0);
    forget(site.errors, -2 * HOUR, 0);
    forget(site.rps, -2 * HOUR, 0);
    forget(site.sales, -2 * HOUR, 0);
    verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_CANNOT_TELL);
    EXPECT_TEXT(verdict.reasons[0], "Only 1 of 5 metrics had enough points to be judged.");
    EXPECT(has_reason(&verdict, "No points since the change have shop.sales, web.errors, "
                                "web.logins and 1 more."));
}

TEST(a_vital_metric_that_falls_silent_is_told)
{
    struct site site = new_site();
    forget(site.logins, -2 * HOUR, 0);
    EXPECT_I64(judge(site.world, site.deploy, VERDICT_1H).state, VERDICT_NO_HARM);
    world_rules(site.world, "[impact]\nvital = web.logins\n");
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_CANNOT_TELL);
    EXPECT_TEXT(verdict.reasons[0], "web.logins has had no points since the change.");
    EXPECT_TEXT(verdict.no_data[0], "web.logins");
}

TEST(what_was_asked_for_and_is_not_there_is_told)
{
    struct site site = new_site();
    forget(site.sales, -WORLD_DAYS * 24 * HOUR, -90 * MIN);
    struct verdict verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.n_reasons, 0);
    EXPECT_TEXT(verdict.no_data[0], "shop.sales");
    world_rules(site.world, "[impact]\nvital = web.logins, web.signups, shop.sales\n");
    verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.n_reasons, 2);
    EXPECT_TEXT(verdict.reasons[0], "There is no series for web.signups.");
    EXPECT_TEXT(verdict.reasons[1], "No points before the change have shop.sales.");
    EXPECT_I64(verdict.state, VERDICT_NO_HARM);
}

TEST(when_the_whole_site_moves_nothing_is_claimed)
{
    struct site site = new_site();
    site.deploy->service = "web";
    double *more[4];
    for (size_t i = 0; i < 4; i++)
        more[i] = world_add(site.world, arena_printf(&kit_arena, "mail.m%zu", i));
    for (size_t i = 0; i < 4; i++)
        world_shift(more[i], -2 * HOUR + 20 * MIN, 2 * HOUR, 50);
    const struct verdict verdict = judge(site.world, site.deploy, VERDICT_1H);
    EXPECT_I64(verdict.state, VERDICT_CANNOT_TELL);
    EXPECT(has_reason(&verdict, "something larger than this change"));
}

TEST(a_high_rate_of_false_alarms_weakens_what_is_said)
{
    struct site site = new_site();
    const struct impact_wish wish = {.stage = VERDICT_1H};
    const struct assess_job job = {.options = &site.world->options,
                                   .change = site.deploy,
                                   .wish = &wish,
                                   .false_alarms = 8.25,
                                   .rest = rest_never};
    struct verdict verdict;
    EXPECT_OK(assess_run(&job, &kit_arena, &verdict, &kit_err));
    EXPECT_F64(verdict.false_alarms, 8.25, 0);
    EXPECT(has_reason(&verdict, "8.25 look moved on this server (5 are usual)"));
}

static bool rest_once(void *self)
{
    return ++*(size_t *)self < 1;
}

TEST(it_stops_between_slices)
{
    struct site site = new_site();
    size_t n = 0;
    /* Of another grid, so of another slice. */
    site.world->series[0].step_s = 300;
    site.world->series[0].n /= 5;
    const struct impact_wish wish = {.stage = VERDICT_1H};
    const struct assess_job job = {.options = &site.world->options,
                                   .change = site.deploy,
                                   .wish = &wish,
                                   .rest = rest_once,
                                   .rest_self = &n};
    struct verdict verdict;
    EXPECT_ERR(assess_run(&job, &kit_arena, &verdict, &kit_err), ERR_BUSY, "stop");
}

RUN_TESTS(test_of(nothing_moved_is_no_harm_with_what_would_have_been_seen),
          test_of(what_moved_the_bad_way_is_harm_the_worst_first), test_of(states_follow_the_rules),
          test_of(while_its_horizon_lasts_it_is_pending_until_something_moves),
          test_of(the_first_seconds_say_nothing), test_of(what_moved_while_it_ran_counts),
          test_of(changes_at_one_time_cannot_be_told_apart),
          test_of(what_another_change_did_is_not_this_ones),
          test_of(not_every_other_change_competes), test_of(what_cannot_be_told_says_why),
          test_of(a_vital_metric_that_falls_silent_is_told),
          test_of(what_was_asked_for_and_is_not_there_is_told),
          test_of(when_the_whole_site_moves_nothing_is_claimed),
          test_of(a_high_rate_of_false_alarms_weakens_what_is_said),
          test_of(it_stops_between_slices))
