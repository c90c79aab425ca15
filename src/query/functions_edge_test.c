/* Every function of the table over the edges of what it may be given: nothing, gaps alone, series of different steps,
 * one point, arguments of wrong types. The descriptors say which arguments there are. What is checked holds
 * for any function: it ends in sane series, or in an error that names the function. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "kit/fake_source.h"
#include "kit/kit.h"
#include "query/fn.h"
#include "query/query.h"

enum {
    T0 = 1772323200, /* a midnight */
    HOUR_S = 3600,
    N_FINE = 120, /* points of a minute: an hour before T0 and one behind it */
    N_COARSE = 24,
    RESULT_VALUES_MAX = 1000000, /* far past what any call here needs */
};

/* ---- what there is to read ---- */

static double ramp[N_FINE], waves[N_FINE], gaps[N_FINE];
static const struct fake_series held[] = {
    {"edge.ramp.a", T0 - HOUR_S, 60, ramp, N_FINE},
    {"edge.ramp.b", T0 - HOUR_S, 60, waves, N_FINE},
    {"edge.gaps.a", T0 - HOUR_S, 60, gaps, N_FINE},
    {"edge.gaps.b", T0 - HOUR_S, 60, gaps, N_FINE},
    {"edge.mixed.a", T0 - HOUR_S, 60, ramp, N_FINE},
    {"edge.mixed.b", T0 - HOUR_S, 300, waves, N_COARSE},
    {"edge.mixed.c", T0 - HOUR_S, 420, ramp, N_COARSE}, /* no multiple of the others */
};
static struct fake_source source = {.items = held, .n = COUNT_OF(held)};

static void fill(void)
{
    for (size_t i = 0; i < N_FINE; i++) {
        ramp[i] = (double)i - N_FINE / 2;
        waves[i] = i % 7 == 3 ? (double)NAN : 50 + 40 * sin((double)i / 5);
        gaps[i] = (double)NAN;
    }
}

/* ---- one call ---- */

struct ask {
    const struct function_entry *entry;
    const char *series; /* for arguments that are lists of series */
    int64_t until_s;    /* from T0 on */
    bool is_full;       /* the optional arguments too */
    size_t wrong_i;     /* this argument is `wrong` instead */
    const char *wrong;  /* NULL: none is */
};

static size_t n_params(const struct function *function)
{
    size_t n = 0;
    while (n < PARAMS_MAX && function->params[n].name)
        n++;
    return n;
}

/* Something of its type that most functions can work with. */
static const char *argument(const struct param *param, const char *series)
{
    static const char *const texts[] = {
        [PARAM_FLOAT] = "5",        [PARAM_INT] = "2",
        [PARAM_INT_OR_INF] = "2",   [PARAM_STRING] = "'edge'",
        [PARAM_BOOL] = "true",      [PARAM_INTERVAL] = "'10min'",
        [PARAM_NODE] = "1",         [PARAM_INT_OR_INTERVAL] = "3",
        [PARAM_NODE_OR_TAG] = "1",  [PARAM_TAG] = "'name'",
        [PARAM_AGG_FUNC] = "'sum'", [PARAM_AGG_OR_SERIES_FUNC] = "'sum'",
        [PARAM_DATE] = "'-1h'",     [PARAM_ANY] = "7",
    };
    static const struct {
        const char *param, *text; /* texts that are more than text */
    } known[] = {{"operator", "'>'"},
                 {"system", "'si'"},
                 {"newName", "'%d'"},
                 {"consolidationFunc", "'sum'"},
                 {"tagSpecs", "'name=edge.ramp.a'"},
                 {"templateFunction", "'scale(%,2)'"},
                 {"reduceFunction", "'sumSeries'"},
                 {"reduceMatchers", "'a'"},
                 {"units", "'hours'"},
                 {"color", "'red'"}};
    if (param->type <= PARAM_SERIES)
        return series;
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (param->type == PARAM_STRING && strcmp(param->name, known[i].param) == 0)
            return known[i].text;
    if (param->fallback && strcmp(param->fallback, "null") != 0)
        return param->fallback;
    return texts[param->type];
}

static const char *target_of(const struct ask *ask)
{
    const struct function *function = ask->entry->function;
    const char *text = arena_printf(&kit_arena, "%s(", ask->entry->name);
    for (size_t i = 0; i < n_params(function); i++) {
        const struct param *param = &function->params[i];
        const bool is_wrong = ask->wrong && ask->wrong_i == i;
        /* legendValue and reduceSeries call optional what they cannot do without. */
        if (param->is_optional && !ask->is_full && !is_wrong && !param->is_multiple)
            break;
        text = arena_printf(&kit_arena, "%s%s%s", text, i ? "," : "",
                            is_wrong ? ask->wrong : argument(param, ask->series));
    }
    return arena_printf(&kit_arena, "%s)", text);
}

/* ---- what must hold of any answer ---- */

/* Their values and their times do not go together in Graphite, whose answers are matched. */
static bool has_lengths_of_its_own(const char *name)
{
    static const char *const names[] = {
        "asPercent",                /* over series of different steps each keeps its own */
        "pct",                      /* the same */
        "delay",                    /* by 0 leaves no point */
        "exponentialMovingAverage", /* as those that follow */
        "moving",    /* a window of points over different steps reads the longest ahead for all */
        "timeStack", /* all end with the first */
        "verticalLine", /* two points at one time */
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (text_starts(name, names[i]))
            return true;
    return false;
}

/* As many points as slots begin in its span; a combined one is cut at whole steps, lines of a constant
 * have a point at each end: one more or less. */
static void check_length(const struct ask *ask, const struct series *series)
{
    const int64_t span_s = series->end_s - series->start_s;
    const int64_t n_slots = span_s / series->step_s + (span_s % series->step_s != 0);
    const int64_t n_off = (int64_t)series->n_points - n_slots;
    if (!has_lengths_of_its_own(ask->entry->name) && (n_off < -1 || n_off > 1))
        EXPECT_I64(series->n_points, n_slots);
}

static void check_series(const struct ask *ask, const struct series *series)
{
    EXPECT(series->name != NULL && series->path_expression != NULL);
    EXPECT(series->step_s > 0);
    EXPECT(series->n_points == 0 || series->values != NULL);
    EXPECT(series->n_points < RESULT_VALUES_MAX);
    EXPECT(series->end_s >= series->start_s);
    EXPECT(!isnan(series->x_files_factor));
    EXPECT(series->per_point >= 1);
    check_length(ask, series);
    double sum = 0; /* reads them all: ASan looks on */
    for (size_t i = 0; i < series->n_points; i++)
        sum += series->values[i];
    EXPECT(isnan(sum) || sum <= HUGE_VAL);
    for (size_t i = 0; i < series->n_tags; i++)
        EXPECT(series->tags[i].key && series->tags[i].value);
}

static void check_error(const struct ask *ask)
{
    const char *name = arena_printf(&kit_arena, "%s()", ask->entry->name);
    EXPECT(kit_err.kind == ERR_INPUT || kit_err.kind == ERR_LIMIT);
    EXPECT(strstr(kit_err.text, "position ") != NULL || kit_err.kind == ERR_LIMIT);
    EXPECT(strstr(kit_err.text, "(null)") == NULL);
    if (!strstr(kit_err.text, name))
        EXPECT_TEXT(kit_err.text, name);
}

/* True: it ended in series. */
static bool check_call(const struct ask *ask)
{
    const char *target = target_of(ask);
    struct fake_changes changes = {0};
    const struct query_env env = {.source = fake_source(&source),
                                  .changes = fake_changes(&changes),
                                  .limits = query_limits_default(),
                                  .clock = kit_clock()};
    const struct query_request request = {.from_s = T0,
                                          .until_s = T0 + ask->until_s,
                                          .now_s = T0 + HOUR_S,
                                          .tz = tz_utc(),
                                          .x_files_factor = (double)NAN,
                                          .targets = &target,
                                          .n_targets = 1};
    struct arena arena;
    struct series_list list = {0};
    arena_init(&arena);
    err_clear(&kit_err);
    kit_row(target);
    const bool ok = query_run(&env, &request, &arena, &list, &kit_err);
    if (!ok)
        check_error(ask);
    for (size_t i = 0; ok && i < list.n; i++)
        check_series(ask, list.items[i]);
    kit_row(NULL);
    arena_done(&arena);
    return ok;
}

/* Every function with and without its optional arguments; how many of the calls ended in series. */
static size_t check_all(const char *series, int64_t until_s)
{
    size_t n = 0;
    fill();
    for (size_t i = 0; i < 2 * n_functions; i++)
        n += check_call(&(struct ask){.entry = &functions_all[i / 2],
                                      .series = series,
                                      .until_s = until_s,
                                      .is_full = i % 2});
    return n;
}

/* ---- the edges ---- */

enum { MOST_OF_TEN = 9 };

static bool is_most(size_t n)
{
    return 10 * n >= 2 * MOST_OF_TEN * n_functions;
}

TEST(what_there_usually_is)
{
    EXPECT(is_most(check_all("edge.ramp.*", HOUR_S)));
}

TEST(an_empty_list)
{
    EXPECT(is_most(check_all("grep(edge.ramp.*,'nosuch')", HOUR_S)));
}

TEST(a_wildcard_that_matches_nothing)
{
    EXPECT(is_most(check_all("edge.nosuch.*", HOUR_S)));
}

TEST(gaps_alone)
{
    EXPECT(is_most(check_all("edge.gaps.*", HOUR_S)));
}

TEST(different_steps)
{
    EXPECT(is_most(check_all("edge.mixed.*", HOUR_S)));
    EXPECT(is_most(check_all("edge.mixed.{b,c}", HOUR_S)));
}

TEST(one_point)
{
    EXPECT(is_most(check_all("edge.ramp.a", 60)));
    EXPECT(is_most(check_all("edge.{ramp,gaps}.a", 60)));
    check_all("edge.mixed.c", 60); /* a range that holds none of its times */
    check_all("edge.ramp.a", 2);   /* nor any of a minute */
}

static const char *const wrong_arguments[] = {
    "edge.ramp.a",
    "edge.nosuch.*",
    "sumSeries(edge.ramp.*)",
    "'x'",
    "''",
    "'-1'",
    "'[('",
    "'10parsecs'",
    "'-5min'",
    "0",
    "-1",
    "-1000000",
    "0.5",
    "1e300",
    "100000000000",
    "99999999999",
    "9999999999999999999999",
    "true",
    "none",
    "inf",
    "-inf",
    "'%s%d'",
    "'\xff'",
};

TEST(arguments_of_wrong_types_and_sizes)
{
    fill();
    for (size_t f = 0; f < n_functions; f++) {
        struct ask ask = {.entry = &functions_all[f], .series = "edge.ramp.*", .until_s = HOUR_S};
        for (size_t i = 0; i < n_params(ask.entry->function) * COUNT_OF(wrong_arguments); i++) {
            ask.wrong_i = i / COUNT_OF(wrong_arguments);
            ask.wrong = wrong_arguments[i % COUNT_OF(wrong_arguments)];
            ask.is_full = ask.entry->function->params[ask.wrong_i].is_optional;
            check_call(&ask);
        }
    }
}

RUN_TESTS(test_of(what_there_usually_is), test_of(an_empty_list),
          test_of(a_wildcard_that_matches_nothing), test_of(gaps_alone), test_of(different_steps),
          test_of(one_point), test_of(arguments_of_wrong_types_and_sizes))
