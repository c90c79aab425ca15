#include "api/pie.h"

#include "kit/fake_source.h"
#include "kit/kit.h"

static const double wave[] = {1.0, 2.0, 3.0, 4.0};
static const struct fake_series stored[] = {
    {"cpu.idle", 60, 60, wave, 4},
    {"cpu.user", 60, 60, wave, 4},
};

static bool run(const char *const *targets, size_t n, struct series_list *out)
{
    struct fake_source source = {.items = stored, .n = COUNT_OF(stored)};
    struct fake_changes none = {0};
    struct query_env env = {fake_source(&source), fake_changes(&none), query_limits_default(),
                            kit_clock()};
    struct query_request request = {.from_s = 0,
                                    .until_s = 240,
                                    .now_s = 240,
                                    .tz = tz_utc(),
                                    .x_files_factor = NAN,
                                    .targets = targets,
                                    .n_targets = n};
    return pie_run(&env, &request, &kit_arena, out, &kit_err);
}

TEST(slices_keep_the_order_of_the_targets)
{
    static const char *const targets[] = {"b: 20", "cpu.*", "a:10.5", "alias(cpu.idle,'x:y')"};
    static const char *const names[] = {"b", "cpu.idle", "cpu.user", "a", "x:y"};
    struct series_list list = {0};
    EXPECT_OK(run(targets, COUNT_OF(targets), &list));
    EXPECT_I64(list.n, COUNT_OF(names));
    for (size_t i = 0; i < list.n && i < COUNT_OF(names); i++)
        EXPECT_TEXT(list.items[i]->name, names[i]);
    EXPECT_F64(list.items[0]->values[0], 20.0, 0.0);
    EXPECT_F64(list.items[3]->values[0], 10.5, 0.0);
}

TEST(a_value_that_is_no_share_is_refused)
{
    struct series_list list = {0};
    EXPECT_ERR(run((const char *const[]){"a:inf"}, 1, &list), ERR_INPUT, "'a:'");
    EXPECT_ERR(run((const char *const[]){"a:b"}, 1, &list), ERR_INPUT, "label:number");
    EXPECT_I64(list.n, 0);
}

RUN_TESTS(test_of(slices_keep_the_order_of_the_targets),
          test_of(a_value_that_is_no_share_is_refused))
