#include "impact/why.h"

#include "impact/world_kit.h"
#include "kit/fake_weigh.h"

static const int64_t MIN = 60, HOUR = 3600;

static struct why ask(const struct world *world, const struct why_question *question)
{
    struct why why = {0};
    EXPECT_OK(why_ask(&world->options, question, &kit_arena, &why, &kit_err));
    return why;
}

static struct why ask_of(const struct world *world, const char *target, int64_t at_s)
{
    const struct why_question question = {
        .target = target, .at_s = WORLD_NOW_S + at_s, .service = ""};
    return ask(world, &question);
}

static const struct why_reason *reason_of(const struct why_suspect *suspect, enum why_code code)
{
    for (size_t i = 0; i < suspect->n_reasons; i++)
        if (suspect->reasons[i].code == code)
            return &suspect->reasons[i];
    return NULL;
}

static bool misses(const struct why *why, const char *part)
{
    for (size_t i = 0; i < why->n_missing; i++)
        if (strstr(why->missing[i], part))
            return true;
    return false;
}

/* web.logins fell at two hours ago, a minute after a deploy of web that took two minutes; the flag of
 * checkout came half an hour before. */
struct site {
    struct world *world;
    double *logins, *errors;
    struct change *deploy, *flag;
};

static struct site new_site(void)
{
    struct site site = {.world = world_new()};
    site.logins = world_add(site.world, "web.logins");
    site.errors = world_add(site.world, "web.errors");
    (void)world_add(site.world, "web.rps");
    (void)world_add(site.world, "shop.sales");
    world_shift(site.logins, -2 * HOUR, 90 * MIN, -50);
    site.deploy = world_change(site.world, "web", -2 * HOUR - 3 * MIN);
    site.deploy->end_ms += 2 * MIN * 1000;
    site.flag = world_change(site.world, "checkout", -2 * HOUR - 30 * MIN);
    return site;
}

TEST(the_change_just_before_is_the_first_suspect)
{
    struct site site = new_site();
    world_shift(site.errors, -2 * HOUR, 90 * MIN, 50);
    const struct why why = ask_of(site.world, "web.logins", -2 * HOUR);
    EXPECT(why.has_data && why.has_moved);
    EXPECT_TEXT(why.metric.name, "web.logins");
    EXPECT_I64(why.metric.since_s, WORLD_NOW_S - 2 * HOUR);
    EXPECT_I64(why.metric.direction, VERDICT_DOWN);
    EXPECT_I64(why.metric.harm, VERDICT_BAD);
    EXPECT_I64(why.n_suspects, 1); /* the flag's share is next to nothing */
    EXPECT_TEXT(why.suspects[0].change.id, site.deploy->id);
    EXPECT(why.suspects[0].share > 0.9);
    EXPECT_F64(why.none_share + why.suspects[0].share, 1, 0.01);
    const struct why_reason *ends = reason_of(&why.suspects[0], WHY_ENDS_BEFORE);
    EXPECT(ends && ends->value == 60);
    EXPECT(reason_of(&why.suspects[0], WHY_SAME_SERVICE));
    const struct why_reason *others = reason_of(&why.suspects[0], WHY_OTHERS_MOVED);
    EXPECT(others && others->value == 1 && others->n == 2);
    EXPECT(!reason_of(&why.suspects[0], WHY_HISTORY));
}

TEST(it_is_told_when_it_went_back_and_what_undid_it)
{
    struct site site = new_site();
    struct change *rollback = world_change(site.world, "web", -32 * MIN);
    rollback->of = site.deploy->id;
    struct why why = ask_of(site.world, "web.logins", -2 * HOUR);
    EXPECT(why.is_over);
    EXPECT_I64(why.over_s, WORLD_NOW_S - 30 * MIN);
    const struct why_reason *undone = reason_of(&why.suspects[0], WHY_UNDONE);
    EXPECT(undone && undone->value == 120);
    world_shift(site.logins, -30 * MIN, HOUR, -50);
    why = ask_of(site.world, "web.logins", -2 * HOUR);
    EXPECT(!why.is_over && why.over_s == 0);
    EXPECT(!reason_of(&why.suspects[0], WHY_UNDONE));
}

TEST(no_change_of_ours_is_an_answer)
{
    struct site site = new_site();
    site.world->changes.n = 0;
    const struct why why = ask_of(site.world, "web.logins", -2 * HOUR);
    EXPECT(why.has_moved);
    EXPECT_I64(why.n_suspects, 0);
    EXPECT_F64(why.none_share, 1, 0);
    EXPECT(misses(&why, "no change of kind thirdparty"));
}

TEST(what_did_not_move_has_no_suspects)
{
    struct site site = new_site();
    const struct why why = ask_of(site.world, "shop.sales", -2 * HOUR);
    EXPECT(why.has_data && !why.has_moved && !why.is_over);
    EXPECT_I64(why.n_suspects, 0);
    EXPECT_I64(why.metric.since_s, 0);
}

TEST(a_target_can_be_asked_about)
{
    struct site site = new_site();
    const struct why why = ask_of(site.world, "sumSeries(web.*)", -2 * HOUR);
    EXPECT_TEXT(why.metric.name, "sumSeries(web.*)");
    EXPECT(why.has_moved);
    EXPECT_I64(why.n_suspects, 1);
}

TEST(a_bad_question_says_so)
{
    struct site site = new_site();
    struct why why;
    struct why_question question = {.target = "no.such", .service = ""};
    EXPECT_ERR(why_ask(&site.world->options, &question, &kit_arena, &why, &kit_err), ERR_MISSING,
               "there is no series 'no.such'");
    question.target = "web.*";
    EXPECT_ERR(why_ask(&site.world->options, &question, &kit_arena, &why, &kit_err), ERR_LIMIT,
               "'web.*' gives 3 series");
    question.target = "sumSeries(web";
    EXPECT_ERR(why_ask(&site.world->options, &question, &kit_arena, &why, &kit_err), ERR_INPUT,
               "position");
}

static struct verdict kept_verdict;

static bool list_kept(void *self, const char *change_id, struct arena *arena, struct verdict **out,
                      size_t *out_n, struct err *err)
{
    (void)arena, (void)err;
    *out = &kept_verdict;
    *out_n = strcmp(change_id, self) == 0;
    return true;
}

TEST(earlier_verdicts_are_its_history)
{
    struct site site = new_site();
    struct change *earlier = world_change(site.world, "web", -40 * HOUR);
    struct verdict_metric moved = {.name = "web.logins"};
    kept_verdict = verdict_blank();
    kept_verdict.moved = &moved;
    kept_verdict.n_moved = 1;
    site.world->options.records =
        (struct impact_records){.list = list_kept, .self = (void *)(uintptr_t)earlier->id};
    const struct why why = ask_of(site.world, "web.logins", -2 * HOUR);
    const struct why_reason *history = reason_of(&why.suspects[0], WHY_HISTORY);
    EXPECT(history && history->value == 1 && history->n == 1);
}

TEST(what_is_missing_is_said)
{
    struct site site = new_site();
    for (int64_t i = 0; i < WORLD_POINTS + 1440; i++)
        site.logins[i] = i < WORLD_POINTS - 2 * 60 ? site.logins[i] : (double)NAN;
    struct why why = ask_of(site.world, "web.logins", -2 * HOUR);
    EXPECT(!why.has_data && !why.has_moved);
    EXPECT(misses(&why, "It has had no points since that time."));
    for (int64_t i = 0; i < WORLD_POINTS - 10 * 60; i++)
        site.errors[i] = (double)NAN;
    for (int64_t i = 0; i < WORLD_POINTS; i += 3)
        site.errors[i] = (double)NAN;
    why = ask_of(site.world, "web.errors", -2 * HOUR);
    EXPECT(why.has_data);
    EXPECT(misses(&why, "points around that time are missing"));
    EXPECT(misses(&why, "without points since that time: 1."));
}

TEST(asked_about_now_it_looks_at_the_last_minutes)
{
    struct site site = new_site();
    double *rps = (double *)(uintptr_t)site.world->series[2].values;
    world_shift(rps, -4 * MIN, HOUR, 50);
    struct change *deploy = world_change(site.world, "web", -4 * MIN);
    const struct why_question question = {.target = "web.rps", .service = ""};
    const struct why why = ask(site.world, &question);
    EXPECT_I64(why.at_s, WORLD_NOW_S);
    EXPECT(why.has_moved);
    EXPECT_I64(why.n_suspects, 1);
    EXPECT_TEXT(why.suspects[0].change.id, deploy->id);
    EXPECT(reason_of(&why.suspects[0], WHY_STARTS_BEFORE));
}

RUN_TESTS(test_of(the_change_just_before_is_the_first_suspect),
          test_of(it_is_told_when_it_went_back_and_what_undid_it),
          test_of(no_change_of_ours_is_an_answer), test_of(what_did_not_move_has_no_suspects),
          test_of(a_target_can_be_asked_about), test_of(a_bad_question_says_so),
          test_of(earlier_verdicts_are_its_history), test_of(what_is_missing_is_said),
          test_of(asked_about_now_it_looks_at_the_last_minutes))
