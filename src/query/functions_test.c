/* The table of functions, and every function against what Graphite answers: the rows of
 * tests/golden/functions. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "kit/fake_source.h"
#include "kit/kit.h"
#include "query/fn.h"
#include "query/query.h"

enum { T0 = 1772323200 }; /* the first whole day of the data: rows count seconds from here */

/* ---- the table ---- */

TEST(the_table_is_sorted_by_name)
{
    for (size_t i = 1; i < n_functions; i++) {
        kit_row(functions_all[i].name);
        EXPECT(strcmp(functions_all[i - 1].name, functions_all[i].name) < 0);
    }
    kit_row(NULL);
}

TEST(finds_each_function_by_its_name_only)
{
    for (size_t i = 0; i < n_functions; i++)
        EXPECT(function_find(functions_all[i].name) == functions_all[i].function);
    EXPECT(function_find("sum") == &fn_sum_series);
    EXPECT(function_find("pct") == &fn_as_percent);
    EXPECT(function_find("nosuch") == NULL);
    EXPECT(function_find("") == NULL);
    EXPECT(function_find("Sum") == NULL);
}

static bool is_group(const char *group)
{
    static const char *const groups[] = {"Alias",       "Calculate", "Combine",
                                         "Filter Data", "Graph",     "Filter Series",
                                         "Sorting",     "Special",   "Transform"};
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        if (strcmp(groups[i], group) == 0)
            return true;
    return false;
}

static void check_params(const struct function *function)
{
    bool is_optional = false;
    for (size_t i = 0; i < PARAMS_MAX && function->params[i].name; i++) {
        const struct param *param = &function->params[i];
        const bool is_last = i + 1 == PARAMS_MAX || !function->params[i + 1].name;
        EXPECT(*param->name);
        EXPECT(!param->is_multiple || is_last);
        EXPECT(!is_optional || param->is_optional); /* nothing required behind what is not */
        EXPECT(!param->fallback || param->is_optional);
        is_optional = param->is_optional;
    }
}

TEST(descriptors_say_all_there_is_to_say)
{
    for (size_t i = 0; i < n_functions; i++) {
        const struct function *function = functions_all[i].function;
        kit_row(functions_all[i].name);
        EXPECT(is_group(function->group));
        EXPECT(function->run != NULL);
        EXPECT(strlen(function->about) > 10);
        EXPECT(function->about[strlen(function->about) - 1] == '.');
        EXPECT(strstr(function->example, function->name) != NULL);
        EXPECT(function_find(function->name) == function);
        check_params(function);
    }
    kit_row(NULL);
}

/* ---- the golden rows ---- */

struct held {
    struct fake_series *items;
    size_t n, cap;
};

/* "name start step value value ...", "-" for a gap. */
static void read_series(struct held *held, struct str line)
{
    struct str word;
    int64_t start_s = 0, step_s = 0;
    double *values = arena_array(&kit_arena, line.n, double);
    size_t n = 0;
    bool ok = str_split(&line, ' ', &word);
    const char *name = arena_strndup(&kit_arena, word.at, word.n);
    ok = ok && str_split(&line, ' ', &word) && num_parse_i64(word.at, word.n, &start_s);
    ok = ok && str_split(&line, ' ', &word) && num_parse_i64(word.at, word.n, &step_s);
    while (ok && str_split(&line, ' ', &word)) {
        values[n] = (double)NAN;
        ok = str_is(word, "-") || num_parse_f64(word.at, word.n, &values[n]);
        n++;
    }
    EXPECT(ok);
    arena_grow(&kit_arena, &held->items, &held->cap, held->n + 1, sizeof(held->items[0]));
    held->items[held->n++] = (struct fake_series){name, start_s, step_s, values, n};
}

static struct held read_data(void)
{
    struct held held = {0};
    size_t n;
    const char *text = kit_read("tests/golden/functions/data.txt", &n);
    EXPECT(text != NULL);
    struct str rest = str_make(text, text ? n : 0), line;
    while (text && str_split(&rest, '\n', &line))
        if (line.n && line.at[0] != '#')
            read_series(&held, line);
    EXPECT(held.n > 10);
    return held;
}

static struct change posted(int64_t at_s, struct tag *tags, size_t n)
{
    struct change change = change_blank();
    change.start_ms = (T0 + at_s) * 1000;
    change.tags = tags;
    change.n_tags = n;
    change.is_posted = true;
    return change;
}

/* What the rows were recorded over. */
struct world {
    struct fake_source source;
    struct fake_changes changes;
    struct change held[3];
};

static struct tag both[] = {{"deploy", ""}, {"website", ""}};
static struct tag search[] = {{"deploy", ""}, {"search", ""}};
static struct tag config[] = {{"config", ""}};

static void make_world(struct world *world)
{
    struct held held = read_data();
    *world = (struct world){.source = {.items = held.items, .n = held.n}};
    world->held[0] = posted(630, both, 2);
    world->held[1] = posted(630, search, 2);
    world->held[2] = posted(900, config, 1);
    world->changes = (struct fake_changes){.items = world->held, .n = 3};
}

/* One row: a target and what it should answer. */
struct golden {
    const char *target;
    int64_t from_s, until_s;
    double x_files_factor;
    struct str answer; /* the lines below it */
};

static bool run_golden(struct world *world, const struct golden *golden, struct series_list *out)
{
    const struct query_env env = {.source = fake_source(&world->source),
                                  .changes = fake_changes(&world->changes),
                                  .limits = query_limits_default(),
                                  .clock = kit_clock()};
    const struct query_request request = {.from_s = T0 + golden->from_s,
                                          .until_s = T0 + golden->until_s,
                                          .now_s = T0 + 86400,
                                          .tz = tz_utc(),
                                          .x_files_factor = golden->x_files_factor,
                                          .targets = &golden->target,
                                          .n_targets = 1};
    err_clear(&kit_err);
    return query_run(&env, &request, &kit_arena, out, &kit_err);
}

/* "> target<tab>from until xff" */
static bool read_head(struct str line, struct golden *out)
{
    struct str target, word;
    str_split(&line, '\t', &target);
    out->target = arena_strndup(&kit_arena, target.at + 2, target.n - 2);
    out->x_files_factor = (double)NAN;
    return str_split(&line, ' ', &word) && num_parse_i64(word.at, word.n, &out->from_s) &&
           str_split(&line, ' ', &word) && num_parse_i64(word.at, word.n, &out->until_s) &&
           str_split(&line, ' ', &word) &&
           (str_is(word, "-") || num_parse_f64(word.at, word.n, &out->x_files_factor));
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct tag *)a)->key, ((const struct tag *)b)->key);
}

/* All of a series but its values, as the rows write it. */
static const char *head_text(struct series *series)
{
    const char *tags = "";
    qsort(series->tags, series->n_tags, sizeof(series->tags[0]), by_key);
    for (size_t i = 0; i < series->n_tags; i++)
        tags = arena_printf(&kit_arena, "%s%s%s=%s", tags, i ? ";" : "", series->tags[i].key,
                            series->tags[i].value);
    return arena_printf(&kit_arena, "%s|%s|%lld %lld %lld|%s", series->name,
                        series->path_expression, (long long)(series->start_s - T0),
                        (long long)(series->end_s - T0), (long long)series->step_s, tags);
}

/* 1e-9 of the value, or 1e-12 of the largest in the series: sums in another order still pass. */
static void check_values(const struct series *series, struct str values)
{
    double largest = 0;
    struct str word;
    size_t i = 0;
    for (size_t k = 0; k < series->n_points; k++)
        largest = fmax(largest, isfinite(series->values[k]) ? fabs(series->values[k]) : 0);
    for (; values.n && str_split(&values, ' ', &word); i++) {
        double want = (double)NAN, got = i < series->n_points ? series->values[i] : (double)NAN;
        EXPECT(str_is(word, "-") || num_parse_f64(word.at, word.n, &want));
        EXPECT(is_gap(want) == is_gap(got));
        if (!is_gap(want) && !is_gap(got))
            EXPECT_F64(got, want, fmax(1e-9 * fabs(want), 1e-12 * largest));
    }
    EXPECT_I64(series->n_points, i);
}

static void check_series(struct series *series, struct str line)
{
    const char *head = head_text(series);
    size_t at = line.n;
    while (at > 0 && line.at[at - 1] != '|')
        at--;
    EXPECT_TEXT(head, arena_strndup(&kit_arena, line.at, at ? at - 1 : 0));
    const struct str values = str_make(line.at + at, line.n - at);
    if (!str_is(values, "*"))
        check_values(series, values);
}

static void check_golden(struct world *world, const struct golden *golden)
{
    struct series_list list = {0};
    struct str rest = golden->answer, line;
    const bool ok = run_golden(world, golden, &list);
    if (str_starts(rest, "! ")) {
        str_split(&rest, '\n', &line);
        const char *part = arena_strndup(&kit_arena, line.at + 2, line.n - 2);
        EXPECT(!ok);
        EXPECT(kit_err.kind == ERR_INPUT || kit_err.kind == ERR_LIMIT);
        if (!strstr(kit_err.text, part))
            EXPECT_TEXT(kit_err.text, part);
        return;
    }
    EXPECT_TEXT(ok ? "" : kit_err.text, "");
    size_t n = 0;
    while (rest.n && str_split(&rest, '\n', &line) && line.n) {
        if (n < list.n)
            check_series(list.items[n], line);
        n++;
    }
    EXPECT_I64(list.n, n);
}

/* The next row of the file, or false at its end. */
static bool next_golden(struct str *rest, struct golden *out)
{
    struct str line;
    while (str_split(rest, '\n', &line))
        if (str_starts(line, "> "))
            break;
    if (!rest->at || !str_starts(line, "> "))
        return false;
    EXPECT(read_head(line, out));
    out->answer = *rest;
    const char *next = strstr(rest->at, "\n> ");
    out->answer.n = str_starts(*rest, "> ") ? 0 : next ? (size_t)(next - rest->at) : rest->n;
    return true;
}

TEST(answers_as_graphite_does)
{
    struct world world;
    struct golden golden;
    size_t n = 0, bytes;
    make_world(&world);
    const char *text = kit_read("tests/golden/functions/rows.txt", &bytes);
    EXPECT(text != NULL);
    struct str rest = str_make(text, text ? bytes : 0);
    for (; text && next_golden(&rest, &golden); n++) {
        kit_row(golden.target);
        check_golden(&world, &golden);
    }
    kit_row(NULL);
    EXPECT(n > 800);
}

/* Is there a row that calls it? */
static bool has_row(const char *text, const char *name)
{
    const char *call = arena_printf(&kit_arena, "%s(", name);
    for (const char *at = strstr(text, call); at; at = strstr(at + 1, call))
        if (at == text || strchr(" (,\n", at[-1]))
            return true;
    return false;
}

TEST(each_function_has_golden_rows)
{
    const char *text = kit_read("tests/golden/functions/rows.txt", NULL);
    for (size_t i = 0; text && i < n_functions; i++) {
        kit_row(functions_all[i].name);
        EXPECT(has_row(text, functions_all[i].name));
    }
    kit_row(NULL);
}

TEST(each_example_can_be_asked)
{
    struct world world;
    make_world(&world);
    for (size_t i = 0; i < n_functions; i++) {
        const struct golden golden = {.target = functions_all[i].function->example,
                                      .until_s = 86400,
                                      .x_files_factor = (double)NAN};
        struct series_list list = {0};
        kit_row(golden.target);
        /* What the examples name is not in the data; a few functions cannot do with nothing. */
        if (!run_golden(&world, &golden, &list))
            EXPECT(strstr(kit_err.text, "exactly") || strstr(kit_err.text, "must not match"));
    }
    kit_row(NULL);
}

RUN_TESTS(test_of(the_table_is_sorted_by_name), test_of(finds_each_function_by_its_name_only),
          test_of(descriptors_say_all_there_is_to_say), test_of(answers_as_graphite_does),
          test_of(each_function_has_golden_rows), test_of(each_example_can_be_asked))
