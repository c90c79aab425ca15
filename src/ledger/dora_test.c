#include "ledger/dora.h"

#include <math.h>
#include <string.h>

#include "kit/kit.h"

#define DAY INT64_C(86400000)
#define T0  INT64_C(1500000000000)

static struct change deploy(const char *id, int64_t at_ms, const char *action, const char *of)
{
    struct change change = change_blank();
    change.id = id;
    change.service = "website";
    change.env = "production";
    change.status = STATUS_SUCCEEDED;
    change.start_ms = T0 + at_ms;
    change.end_ms = change.start_ms + 60000;
    change.action = action;
    change.of = of;
    return change;
}

static struct change incident(const char *id, int64_t at_ms, int64_t end_ms, const char *cause)
{
    struct change change = deploy(id, at_ms, "", cause);
    change.kind = CHANGE_INCIDENT;
    change.end_ms = end_ms ? T0 + end_ms : 0;
    return change;
}

static struct dora measure(const struct change *changes, size_t n)
{
    const struct dora_wish wish = {.changes = changes,
                                   .n_changes = n,
                                   .env = "production",
                                   .from_ms = T0,
                                   .until_ms = T0 + 28 * DAY,
                                   .now_ms = T0 + 28 * DAY};
    struct dora out = {0};
    EXPECT_OK(dora_measure(&wish, &kit_arena, &out, &kit_err));
    return out;
}

TEST(counts_deploys_that_reached_the_environment)
{
    struct change changes[] = {deploy("a", -DAY, "", ""),     deploy("b", DAY, "", ""),
                               deploy("c", 2 * DAY, "", ""),  deploy("d", 3 * DAY, "", ""),
                               deploy("e", 4 * DAY, "", ""),  deploy("f", 5 * DAY, "", ""),
                               deploy("g", 29 * DAY, "", ""), deploy("h", 6 * DAY, "", "")};
    changes[3].status = STATUS_FAILED;
    changes[4].env = "staging";
    changes[5].is_retracted = true;
    changes[7].service = "search";
    const struct dora got = measure(changes, COUNT_OF(changes));
    EXPECT_I64(got.n_deploys, 3); /* b, c, h */
    EXPECT_I64(got.n_broken, 1);
    EXPECT_F64(got.per_day.value, 3.0 / 28, 1e-12);
    EXPECT(got.per_day.low > 0.6 / 28 && got.per_day.low < 0.7 / 28); /* exact: 0.62 to 8.77 of 3 */
    EXPECT(got.per_day.high > 8.7 / 28 && got.per_day.high < 8.9 / 28);
    EXPECT_F64(got.gap_s.value, 2.5 * 86400, 1e-6);
    EXPECT_F64(got.days_a_week, 0, 0); /* three of four weeks had none */
}

TEST(each_failed_deploy_counts_once_and_recovers_with_what_ended_it_first)
{
    const struct change changes[] = {
        deploy("a", DAY, "", ""),
        incident("i1", DAY + 100000, DAY + 700000, "a"),
        incident("i2", DAY + 200000, 0, "a"), /* another one, still open */
        deploy("r", DAY + 300000, "rollback", "a"),
        deploy("b", 2 * DAY, "", ""),
        deploy("c", 3 * DAY, "", ""),
        incident("i3", 3 * DAY + 100000, 0, "c"),
    };
    const struct dora got = measure(changes, COUNT_OF(changes));
    EXPECT_I64(got.n_deploys, 4);
    EXPECT_I64(got.failures.n, 2);
    EXPECT_F64(got.fail.value, 0.5, 1e-12);
    EXPECT_F64(got.recovery_s.value, 300, 1e-6); /* the rollback's end, not the incident's */
    EXPECT_I64(got.recovery_s.n, 1);
    EXPECT_I64(got.n_open, 1);
    EXPECT_F64(got.failures.items[1].value, 25 * 86400 - 60, 1e-6); /* its age */
    EXPECT_I64(got.reworks.n, 1);
    EXPECT_TEXT(got.reworks.items[0].change->id, "r");
}

static bool commits_of(void *self, const struct change *change, struct arena *arena,
                       struct commit_list *out, struct err *err)
{
    (void)self;
    (void)err;
    static const int64_t before_ms[] = {3600000, 7200000, -5000, 600000};
    if (strcmp(change->id, "a") != 0)
        return true;
    out->items = arena_array(arena, 4, struct commit);
    for (size_t i = 0; i < 4; i++)
        out->items[out->n++] =
            (struct commit){"website", "x", "", change->end_ms - before_ms[i], i == 3};
    return true;
}

TEST(lead_time_is_unknown_without_commits_and_never_negative)
{
    const struct change changes[] = {deploy("a", DAY, "", ""), deploy("b", 2 * DAY, "", "")};
    const struct dora_wish wish = {changes,       2,          NULL, "production", T0, T0 + 28 * DAY,
                                   T0 + 28 * DAY, commits_of, NULL};
    struct dora got = {0};
    EXPECT_OK(dora_measure(&wish, &kit_arena, &got, &kit_err));
    EXPECT_F64(got.lead_s.value, 5400, 1e-9); /* of one hour and two */
    EXPECT_I64(got.lead_s.n, 2);
    EXPECT_I64(got.n_negative_lead, 1);
    EXPECT_I64(got.n_unknown_lead, 1);
    EXPECT(isnan(got.deploys.items[1].value));
}

TEST(numbers_say_how_sure_they_are)
{
    const struct dora_number one_in_nine = dora_rate(1, 9);
    EXPECT_F64(one_in_nine.low, 0.0199, 0.0005); /* Wilson, as published tables have it */
    EXPECT_F64(one_in_nine.high, 0.4350, 0.0005);
    const struct dora_number none = dora_rate(0, 20);
    EXPECT_F64(none.low, 0, 0);
    EXPECT_F64(none.high, 0.1611, 0.0005);
    double values[] = {5, 1, 3};
    const struct dora_number few = dora_median(values, 3);
    EXPECT_F64(few.value, 3, 0);
    EXPECT(isnan(few.low));
    const struct dora nothing = measure(NULL, 0);
    EXPECT(isnan(nothing.fail.value) && isnan(nothing.lead_s.value));
    EXPECT_F64(nothing.per_day.value, 0, 0);
}

RUN_TESTS(test_of(counts_deploys_that_reached_the_environment),
          test_of(each_failed_deploy_counts_once_and_recovers_with_what_ended_it_first),
          test_of(lead_time_is_unknown_without_commits_and_never_negative),
          test_of(numbers_say_how_sure_they_are))
