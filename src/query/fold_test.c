/* Folding against the usual way: group() around the arguments keeps a call from being folded. */
#include "query/fold.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "kit/fake_source.h"
#include "kit/kit.h"
#include "query/query.h"

#define GAP (double)NAN

enum { HOSTS = 40, POINTS = 7000, NOW_S = 1600000000 };

static const double ones[] = {1, GAP, 1, 1}, twos[] = {2, GAP, GAP, 2}, minutes[] = {5, 6};

/* Hosts of one step, enough for several batches; others of another step; tagged ones. */
static struct fake_source world(void)
{
    struct fake_series *items = arena_array(&kit_arena, HOSTS + 4, struct fake_series);
    for (size_t k = 0; k < HOSTS; k++) {
        double *values = arena_array(&kit_arena, POINTS, double);
        for (size_t i = 0; i < POINTS; i++)
            values[i] = kit_random_below(10) ? (kit_random_share() - 0.5) * 1e3 : GAP;
        const char *name = arena_printf(&kit_arena, "host.h%02zu.load", k);
        items[k] = (struct fake_series){name, NOW_S - 100000, 10, values, POINTS};
    }
    items[HOSTS] = (struct fake_series){"few.a", NOW_S - 100000, 10, ones, 4};
    items[HOSTS + 1] = (struct fake_series){"few.b", NOW_S - 100000, 10, twos, 4};
    items[HOSTS + 2] = (struct fake_series){"mixed.a", NOW_S - 100000, 10, ones, 4};
    items[HOSTS + 3] = (struct fake_series){"mixed.b", NOW_S - 99980, 60, minutes, 2};
    return (struct fake_source){.items = items, .n = HOSTS + 4};
}

static bool run(struct fake_source *fake, const char *target, size_t n_points_max,
                struct series_list *out)
{
    struct query_env env = {
        .source = fake_source(fake), .limits = query_limits_default(), .clock = kit_clock()};
    if (n_points_max)
        env.limits.n_points_max = n_points_max;
    const struct query_request request = {.from_s = NOW_S - 100010,
                                          .until_s = NOW_S - 20000,
                                          .now_s = NOW_S,
                                          .tz = tz_utc(),
                                          .x_files_factor = (double)NAN,
                                          .targets = &target,
                                          .n_targets = 1};
    err_clear(&kit_err);
    return query_run(&env, &request, &kit_arena, out, &kit_err);
}

static void expect_same(const struct series *got, const struct series *want)
{
    EXPECT_TEXT(got->name, want->name);
    EXPECT_TEXT(got->path_expression, want->path_expression);
    EXPECT_I64(got->start_s, want->start_s);
    EXPECT_I64(got->end_s, want->end_s);
    EXPECT_I64(got->step_s, want->step_s);
    EXPECT_I64(got->n_points, want->n_points);
    EXPECT_I64(got->consolidation, want->consolidation);
    EXPECT_F64(got->x_files_factor, want->x_files_factor, 0);
    EXPECT_I64(got->n_tags, want->n_tags);
    for (size_t i = 0; i < min_size(got->n_tags, want->n_tags); i++) {
        EXPECT_TEXT(got->tags[i].key, want->tags[i].key);
        EXPECT_TEXT(got->tags[i].value, want->tags[i].value);
    }
    size_t n_wrong = 0;
    for (size_t i = 0; i < min_size(got->n_points, want->n_points); i++)
        n_wrong +=
            is_gap(got->values[i]) ? !is_gap(want->values[i]) : got->values[i] != want->values[i];
    EXPECT_I64(n_wrong, 0);
}

TEST(a_fold_is_what_the_function_makes_of_the_whole_list)
{
    static const char *const functions[] = {"sumSeries", "sum",       "averageSeries", "avg",
                                            "minSeries", "maxSeries", "diffSeries"};
    static const char *const rows[] = {
        "host.*.load",
        "few.a",
        "few.*",
        "nosuch.*",
        "nosuch.*,few.*",
        "few.b,host.*.load",
        "mixed.*",
        "few.*,mixed.b",
        "few.a,few.a",
        "few.{a,b},mixed.a",
        "mixed.b",
        "few.a,few.*,few.b",
        "host.h0[0-3].load,host.h1?.load,nosuch.x",
    };
    struct fake_source fake = world();
    for (size_t f = 0; f < COUNT_OF(functions) * COUNT_OF(rows); f++) {
        const char *function = functions[f / COUNT_OF(rows)], *row = rows[f % COUNT_OF(rows)];
        const char *folded = arena_printf(&kit_arena, "%s(%s)", function, row);
        const char *whole = arena_printf(&kit_arena, "%s(group(%s))", function, row);
        struct series_list got, want;
        kit_row(folded);
        EXPECT_OK(run(&fake, folded, 0, &got));
        EXPECT_OK(run(&fake, whole, 0, &want));
        EXPECT_I64(got.n, want.n);
        for (size_t i = 0; i < min_size(got.n, want.n); i++)
            expect_same(got.items[i], want.items[i]);
    }
    kit_row(NULL);
}

TEST(a_fold_may_be_wider_than_what_fits_at_once)
{
    struct fake_source fake = world();
    struct series_list list;
    EXPECT_ERR(run(&fake, "sumSeries(group(host.*.load))", 50000, &list), ERR_LIMIT,
               "query.max-points");
    EXPECT_OK(run(&fake, "sumSeries(host.*.load)", 50000, &list));
    EXPECT_I64(list.n, 1);
    EXPECT_ERR(run(&fake, "sumSeries(host.*.load)", 5000, &list), ERR_LIMIT, "query.max-points");
}

TEST(a_bad_path_is_named_with_its_place)
{
    struct fake_source fake = world();
    struct series_list list;
    EXPECT_ERR(run(&fake, "sumSeries(few.*,few.[a)", 0, &list), ERR_INPUT, "position");
}

RUN_TESTS(test_of(a_fold_is_what_the_function_makes_of_the_whole_list),
          test_of(a_fold_may_be_wider_than_what_fits_at_once),
          test_of(a_bad_path_is_named_with_its_place))
