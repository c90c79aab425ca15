#include "app/dora_series.h"

#include <stdatomic.h>

#include "kit/fake_sink.h"

#include "kit/kit.h"

#define NOW_S INT64_C(1500000000)

static struct ledger *open_ledger(void)
{
    struct ledger *ledger = NULL;
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    return ledger;
}

static const char *record(struct ledger *ledger, struct change change)
{
    struct ledger_receipt receipt;
    change.source = "test";
    change.end_ms = change.start_ms + 60000;
    change.status = STATUS_SUCCEEDED;
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    return arena_strdup(&kit_arena, receipt.id);
}

static struct change deploy(const char *service, int64_t ago_s, const char *rev)
{
    struct change change = change_blank();
    change.service = service;
    change.rev = rev;
    change.start_ms = (NOW_S - ago_s) * 1000;
    return change;
}

/* The value of the only point of a name; fails when there is none. */
static double value_of(struct fake_sink *sink, const char *name)
{
    double sum = 0;
    EXPECT_I64(fake_sink_count(sink, name, &sum), 1);
    return sum;
}

TEST(each_service_with_a_deploy_has_points_of_what_is_known)
{
    struct ledger *ledger = open_ledger();
    struct fake_sink *sink = fake_sink_new();
    struct dora_series *series = NULL;
    (void)record(ledger, deploy("search", 40 * 86400, "s1")); /* too long ago */
    (void)record(ledger, deploy("web/checkout", 7200, "r1"));
    struct change back = deploy("web/checkout", 3600, "r2");
    back.of = record(ledger, deploy("web/checkout", 5400, "r3"));
    back.action = "rollback";
    (void)record(ledger, back);
    const struct dora_series_options options = {
        .ledger = ledger, .sink = fake_sink(sink), .clock = kit_clock(), .interval_s = 60};
    EXPECT_OK(dora_series_start(&options, &series, &kit_err));
    EXPECT(fake_sink_wait(sink, 4));
    dora_series_stop(series);
    EXPECT_F64(value_of(sink, "dora.web.checkout.deploys"), 3, 0);
    EXPECT_F64(value_of(sink, "dora.web.checkout.failed"), 1.0 / 3, 1e-12);
    EXPECT_F64(value_of(sink, "dora.web.checkout.recovery_s"), 1800, 1e-9);
    EXPECT_F64(value_of(sink, "dora.web.checkout.rework"), 1.0 / 3, 1e-12);
    EXPECT_I64(fake_sink_stats(sink).n_points, 4); /* no lead time: no commit is known */
    EXPECT_I64(fake_sink_at(sink, 0).at_s, NOW_S);
    EXPECT_I64(fake_sink_stats(sink).n_writers, 0);
    ledger_close(ledger);
    fake_sink_free(sink);
}

/* A clock that moves on by a little more than an interval each time it is asked. */
static int64_t hurried_us(void *self)
{
    return atomic_fetch_add((_Atomic int64_t *)self, 11 * INT64_C(1000000));
}

TEST(they_come_again_each_interval)
{
    _Atomic int64_t now_us = NOW_S * 1000000;
    struct ledger *ledger = open_ledger();
    struct fake_sink *sink = fake_sink_new();
    struct dora_series *series = NULL;
    (void)record(ledger, deploy("web", 3600, "r1"));
    const struct dora_series_options options = {.ledger = ledger,
                                                .sink = fake_sink(sink),
                                                .clock = {hurried_us, &now_us},
                                                .interval_s = 10};
    EXPECT_OK(dora_series_start(&options, &series, &kit_err));
    EXPECT(fake_sink_wait(sink, 9)); /* three a round */
    dora_series_stop(series);
    EXPECT_I64(fake_sink_at(sink, 0).at_s % 10, 0);
    EXPECT(fake_sink_at(sink, 8).at_s > fake_sink_at(sink, 0).at_s);
    ledger_close(ledger);
    fake_sink_free(sink);
}

TEST(a_sink_that_refuses_does_not_end_it)
{
    struct ledger *ledger = open_ledger();
    struct fake_sink *sink = fake_sink_new();
    struct dora_series *series = NULL;
    (void)record(ledger, deploy("web", 3600, "r1"));
    fake_sink_set_faults(sink, &(struct fake_sink_faults){.n_names_max = 1});
    const struct dora_series_options options = {
        .ledger = ledger, .sink = fake_sink(sink), .clock = kit_clock()};
    EXPECT_OK(dora_series_start(&options, &series, &kit_err));
    EXPECT(fake_sink_wait(sink, 1));
    dora_series_stop(series);
    dora_series_stop(NULL);
    ledger_close(ledger);
    fake_sink_free(sink);
}

RUN_TESTS(test_of(each_service_with_a_deploy_has_points_of_what_is_known),
          test_of(they_come_again_each_interval), test_of(a_sink_that_refuses_does_not_end_it))
