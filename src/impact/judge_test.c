#include "impact/judge.h"

#include <pthread.h>
#include <stdio.h>

#include "impact/self_check.h"
#include "impact/world_kit.h"
#include "kit/fake_weigh.h"
#include "os/realtime.h"

static const int64_t MIN = 60, HOUR = 3600;

enum { KEPT_MAX = 64, PATIENCE_US = 20000000 };

/* What the judge has kept. */
struct shelf {
    pthread_mutex_t mutex;
    struct {
        char change[32];
        enum verdict_stage stage;
        enum verdict_state state;
        double false_alarms;
    } kept[KEPT_MAX];
    size_t n;
    struct impact_check check; /* at_ms 0: none yet */
    char detail[512];
    bool is_broken;
};

static bool put(void *self, const struct verdict *verdict, struct err *err)
{
    struct shelf *shelf = self;
    pthread_mutex_lock(&shelf->mutex);
    const bool is_ok = !shelf->is_broken && shelf->n < KEPT_MAX;
    if (is_ok) {
        snprintf(shelf->kept[shelf->n].change, 32, "%s", verdict->change);
        shelf->kept[shelf->n].stage = verdict->stage;
        shelf->kept[shelf->n].state = verdict->state;
        shelf->kept[shelf->n++].false_alarms = verdict->false_alarms;
    }
    pthread_mutex_unlock(&shelf->mutex);
    return is_ok || FAIL(err, ERR_BUSY, "the shelf is full");
}

static bool put_check(void *self, const struct impact_check *check, struct err *err)
{
    struct shelf *shelf = self;
    (void)err;
    pthread_mutex_lock(&shelf->mutex);
    shelf->check = *check;
    snprintf(shelf->detail, sizeof shelf->detail, "%s", check->detail);
    pthread_mutex_unlock(&shelf->mutex);
    return true;
}

static bool get_check(void *self, struct arena *arena, struct impact_check *out, struct err *err)
{
    const struct shelf *shelf = self;
    (void)arena;
    *out = shelf->check;
    return shelf->check.at_ms || FAIL(err, ERR_MISSING, "none yet");
}

static struct shelf *new_shelf(struct world *world)
{
    struct shelf *shelf = arena_zalloc(&kit_arena, sizeof *shelf);
    pthread_mutex_init(&shelf->mutex, NULL);
    world->options.records = (struct impact_records){
        .put = put, .put_check = put_check, .get_check = get_check, .self = shelf};
    world->rules.cpu_share = 1;
    return shelf;
}

static size_t count_kept(struct shelf *shelf)
{
    pthread_mutex_lock(&shelf->mutex);
    const size_t n = shelf->n;
    pthread_mutex_unlock(&shelf->mutex);
    return n;
}

static void await_kept(struct shelf *shelf, size_t n)
{
    const int64_t until_us = monotonic_us() + PATIENCE_US;
    while (count_kept(shelf) < n && monotonic_us() < until_us)
        sleep_us(1000);
    EXPECT_I64(count_kept(shelf), n);
}

static struct judge *start(struct world *world, struct impact **out_impact)
{
    struct judge *judge = NULL;
    *out_impact = impact_new(&world->options);
    const struct judge_options options = {.impact = *out_impact, .weighs = &world->options};
    EXPECT_OK(judge_start(&options, &judge, &kit_err));
    return judge;
}

/* Its thread has been round once. */
static void await_round(struct judge *judge)
{
    const int64_t until_us = monotonic_us() + PATIENCE_US;
    struct judge_stats stats = {0};
    while (!stats.cpu_us && monotonic_us() < until_us) {
        judge_stats(judge, &stats);
        sleep_us(1000);
    }
    EXPECT(stats.cpu_us > 0);
}

static void stop(struct judge *judge, struct impact *impact)
{
    judge_stop(judge);
    judge_free(judge);
    impact_free(impact);
}

TEST(each_stage_is_judged_when_its_time_has_come)
{
    struct world *world = world_new();
    struct shelf *shelf = new_shelf(world);
    struct impact *impact;
    struct judge_stats stats;
    world_shift(world_add(world, "web.errors"), 30 * MIN, 23 * HOUR, 50);
    (void)world_add(world, "web.rps");
    const struct change *deploy = world_change(world, "web", -5 * MIN);
    struct change *planned = world_change(world, "web", 5 * MIN);
    planned->status = STATUS_PLANNED;
    struct judge *judge = start(world, &impact);
    kit_now_raise((WORLD_NOW_S + 12 * MIN) * 1000000);
    judge_wake(judge);
    await_kept(shelf, 1);
    kit_now_raise((WORLD_NOW_S + HOUR) * 1000000);
    judge_wake(judge);
    await_kept(shelf, 2);
    judge_stats(judge, &stats);
    stop(judge, impact);
    EXPECT_TEXT(shelf->kept[0].change, deploy->id);
    EXPECT_I64(shelf->kept[0].stage, VERDICT_15M);
    EXPECT_I64(shelf->kept[0].state, VERDICT_NO_HARM);
    EXPECT_I64(shelf->kept[1].stage, VERDICT_1H);
    EXPECT_I64(shelf->n, 2);
    EXPECT_I64(stats.n_failed, 0);
}

TEST(a_restart_judges_what_is_missing)
{
    struct world *world = world_new();
    struct shelf *shelf = new_shelf(world);
    struct impact *impact;
    struct verdict verdict = verdict_blank();
    world_shift(world_add(world, "web.errors"), -30 * MIN, HOUR, 50);
    world_change(world, "web", -26 * HOUR - MIN);
    struct change *judged = world_change(world, "web", -3 * HOUR);
    verdict.stage = VERDICT_1H;
    judged->verdict = &verdict;
    const struct change *deploy = world_change(world, "web", -30 * MIN);
    struct judge *judge = start(world, &impact);
    await_kept(shelf, 1);
    stop(judge, impact);
    EXPECT_I64(shelf->n, 1);
    EXPECT_TEXT(shelf->kept[0].change, deploy->id);
    EXPECT_I64(shelf->kept[0].state, VERDICT_HARM);
}

TEST(what_cannot_be_kept_is_counted)
{
    struct world *world = world_new();
    struct shelf *shelf = new_shelf(world);
    struct impact *impact;
    struct judge_stats stats;
    (void)world_add(world, "web.errors");
    world_change(world, "web", -30 * MIN);
    shelf->is_broken = true;
    struct judge *judge = start(world, &impact);
    const int64_t until_us = monotonic_us() + PATIENCE_US;
    do {
        judge_stats(judge, &stats);
        sleep_us(1000);
    } while (!stats.n_failed && monotonic_us() < until_us);
    stop(judge, impact);
    EXPECT_I64(stats.n_failed, 1);
    EXPECT_I64(stats.n_judged, 0);
    EXPECT_I64(stats.n_waiting, 3);
}

TEST(it_stops_at_once_while_it_sleeps_off_its_work)
{
    struct world *world = world_new();
    struct shelf *shelf = new_shelf(world);
    struct impact *impact;
    for (size_t i = 0; i < 20; i++)
        (void)world_add(world, arena_printf(&kit_arena, "web.m%zu", i));
    world_change(world, "web", -30 * MIN);
    world_change(world, "web", -40 * MIN);
    world->rules.cpu_share = 1e-6; /* a ms of work is 17 minutes of sleep */
    struct judge *judge = start(world, &impact);
    await_round(judge);
    const int64_t stop_us = monotonic_us();
    stop(judge, impact);
    EXPECT(monotonic_us() - stop_us < PATIENCE_US / 2);
    EXPECT_I64(shelf->n, 1); /* the other would have come after the sleep */
}

TEST(it_measures_itself_on_quiet_times)
{
    struct world *world = world_new();
    struct shelf *shelf = new_shelf(world);
    struct impact *impact;
    for (size_t i = 0; i < 30; i++)
        (void)world_add(world, arena_printf(&kit_arena, "web.m%zu", i));
    world_change(world, "web", -10 * HOUR);
    struct judge *judge = start(world, &impact);
    await_round(judge);
    kit_now_raise((WORLD_NOW_S + 11 * MIN) * 1000000);
    judge_wake(judge);
    const int64_t until_us = monotonic_us() + PATIENCE_US;
    while (isnan(impact_false_alarms(impact)) && monotonic_us() < until_us)
        sleep_us(1000);
    EXPECT_F64(impact_false_alarms(impact), 0, 0);
    stop(judge, impact);
    EXPECT_I64(shelf->check.n_metrics, 20 * 30);
    EXPECT_TEXT(shelf->detail, "{\"counts\":{\"judged\":600,\"moved\":0},\"ratios\":{\"judged\":0,"
                               "\"moved\":0},\"values\":{\"judged\":0,\"moved\":0}}");
}

TEST(the_last_measurement_is_known_after_a_start)
{
    struct world *world = world_new();
    struct shelf *shelf = new_shelf(world);
    struct impact *impact;
    (void)world_add(world, "web.errors");
    world_change(world, "web", -30 * MIN);
    shelf->check =
        (struct impact_check){.at_ms = (WORLD_NOW_S - HOUR) * INT64_C(1000), .false_alarms = 7.5};
    struct judge *judge = start(world, &impact);
    await_kept(shelf, 1);
    stop(judge, impact);
    EXPECT_F64(shelf->kept[0].false_alarms, 7.5, 0);
}

TEST(quiet_times_are_far_from_every_change)
{
    int64_t times[SELF_CHECK_TIMES];
    EXPECT_I64(self_check_times(NULL, 0, WORLD_NOW_S, times), SELF_CHECK_TIMES);
    struct world *world = world_new();
    struct change *run = world_change(world, "web", -23 * HOUR);
    run->end_ms = (WORLD_NOW_S - 3 * HOUR) * INT64_C(1000);
    struct change *note = world_change(world, "web", -2 * HOUR);
    note->kind = CHANGE_NOTE;
    const size_t n = self_check_times(world->list, 2, WORLD_NOW_S, times);
    EXPECT(n > 10);
    for (size_t i = 0; i < n; i++)
        EXPECT(times[i] <= WORLD_NOW_S - 23 * HOUR - 30 * MIN ||
               (times[i] >= WORLD_NOW_S - 3 * HOUR + 30 * MIN && times[i] < WORLD_NOW_S - HOUR));
    run->end_ms = 0; /* it still runs */
    EXPECT(self_check_times(world->list, 2, WORLD_NOW_S, times) < n);
}

RUN_TESTS(test_of(each_stage_is_judged_when_its_time_has_come),
          test_of(a_restart_judges_what_is_missing), test_of(what_cannot_be_kept_is_counted),
          test_of(it_stops_at_once_while_it_sleeps_off_its_work),
          test_of(it_measures_itself_on_quiet_times),
          test_of(the_last_measurement_is_known_after_a_start),
          test_of(quiet_times_are_far_from_every_change))
