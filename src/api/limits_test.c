#include "api/limits.h"

#include "kit/kit.h"

#define MINUTE_US (INT64_C(60) * 1000000)

/* How many of n are had at that time. */
static int had(struct limits *limits, uint64_t caller, enum limits_what what, int64_t at_us, int n)
{
    int n_had = 0;
    int64_t wait_s;
    for (int i = 0; i < n; i++)
        n_had += limits_take(limits, caller, what, at_us, &wait_s);
    return n_had;
}

TEST(writes_come_in_a_burst_and_then_by_the_clock)
{
    struct limits *limits = limits_new();
    const int64_t at_us = INT64_C(1500000000) * 1000000;
    int64_t wait_s = 0;
    EXPECT_I64(had(limits, 7, LIMITS_WRITE, at_us, 1000), LIMITS_WRITES_AT_ONCE);
    EXPECT(!limits_take(limits, 7, LIMITS_WRITE, at_us, &wait_s));
    EXPECT_I64(wait_s, 1);
    EXPECT_I64(had(limits, 7, LIMITS_WRITE, at_us + MINUTE_US, 1000), LIMITS_WRITES_PER_MINUTE);
    EXPECT_I64(had(limits, 7, LIMITS_WRITE, at_us + 61 * MINUTE_US, 1000), LIMITS_WRITES_AT_ONCE);
    struct api_stats stats;
    limits_stats(limits, &stats);
    EXPECT_I64(stats.n_limited, 400 + 1 + 940 + 400);
    limits_free(limits);
}

TEST(callers_and_allowances_are_apart)
{
    struct limits *limits = limits_new();
    const int64_t at_us = INT64_C(1500000000) * 1000000;
    int64_t wait_s = 0;
    EXPECT_I64(had(limits, 7, LIMITS_NEW_SERVICE, at_us, 1000), LIMITS_SERVICES_PER_HOUR);
    EXPECT(!limits_take(limits, 7, LIMITS_NEW_SERVICE, at_us, &wait_s));
    EXPECT_I64(wait_s, 36);
    EXPECT(limits_take(limits, 7, LIMITS_WRITE, at_us, &wait_s));
    EXPECT(limits_take(limits, 8, LIMITS_NEW_SERVICE, at_us, &wait_s));
    EXPECT_I64(had(limits, 7, LIMITS_NEW_SERVICE, at_us + 36 * 1000000, 5), 1);
    limits_free(limits);
}

TEST(of_too_many_callers_the_silent_ones_are_forgotten)
{
    struct limits *limits = limits_new();
    int64_t wait_s, at_us = INT64_C(1500000000) * 1000000;
    EXPECT_I64(had(limits, 1, LIMITS_WRITE, at_us, 600), 600);
    for (uint64_t caller = 2; caller <= LIMITS_CALLERS_MAX; caller++)
        EXPECT(limits_take(limits, caller, LIMITS_WRITE, at_us + 1, &wait_s));
    EXPECT(!limits_take(limits, 1, LIMITS_WRITE, at_us + 2, &wait_s)); /* all have a seat */
    EXPECT(limits_take(limits, 5000, LIMITS_WRITE, at_us + 3, &wait_s));
    EXPECT(
        !limits_take(limits, 1, LIMITS_WRITE, at_us + 4, &wait_s)); /* not the last one heard of */
    limits_free(limits);
}

RUN_TESTS(test_of(writes_come_in_a_burst_and_then_by_the_clock),
          test_of(callers_and_allowances_are_apart),
          test_of(of_too_many_callers_the_silent_ones_are_forgotten))
