#include "query/consolidate.h"

#include <math.h>

#include "kit/kit.h"

enum { POINTS_MAX = 32 };
#define GAP ((double)NAN)

static struct series *make(int64_t start_s, int64_t step_s, const double *values, size_t n)
{
    struct series *series = series_new(&kit_arena, start_s, step_s, n);
    series->name = "s";
    memcpy(series->values, values, n * sizeof *values);
    return series;
}

static struct series *consolidated(struct series *series, size_t n_max)
{
    struct series_list list = {0};
    series_list_add(&list, series, &kit_arena);
    query_consolidate(&list, n_max, &kit_arena);
    EXPECT_I64(list.n, 1);
    return list.items[0];
}

static void expect_values(const struct series *series, const double *values, size_t n)
{
    EXPECT_I64(series->n_points, n);
    for (size_t i = 0; i < n && i < series->n_points; i++) {
        if (is_gap(values[i]))
            EXPECT(is_gap(series->values[i]));
        else
            EXPECT_F64(series->values[i], values[i], 1e-12);
    }
    EXPECT_I64(series->end_s, series->start_s + (int64_t)n * series->step_s);
}

/* By hand: n = range / step; perPoint = ceil(n / max), P = perPoint * step; the start moves by
 * P + start % step - start % P, and one point fewer than that many steps is dropped. */
TEST(buckets_begin_at_multiples_of_their_length)
{
    static const struct {
        const char *row;
        int64_t start_s, step_s;
        size_t n, n_max;
        int64_t want_start_s, want_step_s;
        size_t n_want;
        double want[POINTS_MAX];
    } rows[] = {
        {"it fits", 600, 60, 5, 5, 600, 60, 5, {1, 2, 3, 4, 5}},
        {"one point too many: the first bucket but one point is lost",
         600,
         60,
         6,
         5,
         720,
         120,
         3,
         {2.5, 4.5, 6}},
        {"an aligned start loses most of a bucket",
         600,
         60,
         10,
         5,
         720,
         120,
         5,
         {2.5, 4.5, 6.5, 8.5, 10}},
        {"a start at a bucket's second point loses nothing",
         660,
         60,
         10,
         5,
         720,
         120,
         5,
         {1.5, 3.5, 5.5, 7.5, 9.5}},
        {"a ragged division", 600, 60, 10, 3, 720, 240, 3, {3.5, 7.5, 10}},
        {"one: all in one", 600, 60, 10, 1, 600, 600, 1, {5.5}},
        {"a start off the step", 605, 60, 10, 5, 725, 120, 5, {2.5, 4.5, 6.5, 8.5, 10}},
        {"before 1970", -600, 60, 10, 5, -480, 120, 5, {2.5, 4.5, 6.5, 8.5, 10}},
    };
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    EACH_ROW (rows, r) {
        struct series *series = make(r->start_s, r->step_s, values, r->n);
        struct series *got = consolidated(series, r->n_max);
        EXPECT_I64(got->start_s, r->want_start_s);
        EXPECT_I64(got->step_s, r->want_step_s);
        EXPECT_I64(got->per_point, r->want_step_s / r->step_s);
        expect_values(got, r->want, r->n_want);
        EXPECT_F64(series->values[0], 1, 0); /* a copy: the series stays */
    }
}

/* Recorded answers of a Graphite: json with maxDataPoints. */
static const struct {
    const char *row;
    int64_t start_s, step_s;
    size_t n, n_max;
    int64_t want_start_s, want_step_s;
    size_t n_want;
    double values[POINTS_MAX], want[POINTS_MAX];
} graphite_rows[] = {
    {"php.warnings.www1, 7 points",
     1772478120,
     60,
     30,
     7,
     1772478300,
     300,
     6,
     {7, 0, 6, 5, 7, 0, 3, 3, 4, 3, 6, 1, 3, 5, 0, 0, 3, 5, 6, 6, 7, 5, 6, 4, 7, 7, 5, 7, 2, 1},
     {4.2, 3.4, 2.2, 5.8, 5.8, 3.3333333333333335}},
    {"web.logins.success.www1, 10 points",
     1772460060,
     60,
     10,
     10,
     1772460060,
     60,
     10,
     {131, 126, 128, 125, 126, 133, 141, 135, 131, 126},
     {131, 126, 128, 125, 126, 133, 141, 135, 131, 126}},
    {"php.warnings.www2, 50 points",
     1772462940,
     60,
     10,
     50,
     1772462940,
     60,
     10,
     {0, 1, 3, 5, 6, 2, 6, 5, 4, 1},
     {0, 1, 3, 5, 6, 2, 6, 5, 4, 1}},
    {"php.warnings.www1, 5 points",
     1772475060,
     60,
     30,
     5,
     1772475120,
     360,
     5,
     {3, 5, 1, 3, 6, 6, 7, 7, 3, 6, 7, 6, 5, 2, 7, 5, 6, 2, 6, 4, 1, 3, 2, 6, 2, 7, 6, 3, 2, 2},
     {4, 6, 4.5, 3.6666666666666665, 3.6666666666666665}},
    {"gaps.third, 13 points",
     1772430240,
     60,
     30,
     13,
     1772430300,
     180,
     10,
     {GAP, 25.4, GAP, GAP, 22,   GAP, GAP, 24.2, GAP, GAP, 22.8, GAP, GAP, 25.7, GAP,
      GAP, 23.6, GAP, GAP, 25.9, GAP, GAP, 22.6, GAP, GAP, 21.3, GAP, GAP, 21.8, GAP},
     {25.4, 22, 24.2, 22.8, 25.7, 23.6, 25.9, 22.6, 21.3, 21.8}},
    {"slow.temp.rack1, 3 points",
     1772436600,
     300,
     24,
     3,
     1772438400,
     2400,
     3,
     {16.93, 17.92, 18.19, 17.52, 18.69, 19.63, 19.11, 19.38, 20.23, 20.09, 20.43, 20.02,
      20.47, 19.73, 20.46, 20.84, 21.36, 20.89, 21.05, 21.41, 21.51, 20.91, 21.34, 22.19},
     {19.92, 20.90625, 21.48}},
};

TEST(answers_as_graphite_did)
{
    EACH_ROW (graphite_rows, r) {
        struct series *got = consolidated(make(r->start_s, r->step_s, r->values, r->n), r->n_max);
        EXPECT_I64(got->start_s, r->want_start_s);
        EXPECT_I64(got->step_s, r->want_step_s);
        expect_values(got, r->want, r->n_want);
    }
}

TEST(each_series_has_its_own_way_and_share)
{
    static const struct {
        const char *row;
        enum consolidation how;
        double x_files_factor;
        double want[3];
    } rows[] = {
        {"average", CONSOLIDATE_AVERAGE, 0, {2, 4, 9}},
        {"sum", CONSOLIDATE_SUM, 0, {4, 4, 18}},
        {"min", CONSOLIDATE_MIN, 0, {1, 4, 8}},
        {"max", CONSOLIDATE_MAX, 0, {3, 4, 10}},
        {"first", CONSOLIDATE_FIRST, 0, {3, 4, 8}},
        {"last", CONSOLIDATE_LAST, 0, {1, 4, 10}},
        {"gaps are zeros", CONSOLIDATE_AVG_ZERO, 0, {1, 1, 9}},
        {"half must be there, of a full bucket", CONSOLIDATE_SUM, 0.5, {4, GAP, 18}},
        {"more than half must be there", CONSOLIDATE_SUM, 0.6, {GAP, GAP, GAP}},
    };
    /* buckets of four; the last one has two */
    static const double values[] = {3, GAP, GAP, 1, GAP, 4, GAP, GAP, 8, 10};
    EACH_ROW (rows, r) {
        struct series *series = make(60, 60, values, 10);
        series->consolidation = r->how;
        series->x_files_factor = r->x_files_factor;
        expect_values(consolidate_series(series, 0, 4, &kit_arena), r->want, 3);
    }
}

TEST(the_range_is_that_of_all_series)
{
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct series_list list = {0};
    series_list_add(&list, make(600, 60, values, 10), &kit_arena);
    series_list_add(&list, make(600, 300, values, 4), &kit_arena);
    series_list_add(&list, make(1820, 10, values, 3), &kit_arena);
    query_consolidate(&list, 10, &kit_arena);
    /* 600..1850: 20.8, 4.2 and 125 points */
    EXPECT_I64(list.items[0]->per_point, 3);
    EXPECT_I64(list.items[1]->per_point, 1);
    EXPECT_I64(list.items[2]->per_point, 13);
    EXPECT_I64(list.items[2]->n_points, 0); /* all that it has is nudged away */
}

TEST(empty_series_stay)
{
    struct series_list list = {0};
    query_consolidate(&list, 1, &kit_arena);
    EXPECT_I64(list.n, 0);
    EXPECT_I64(consolidated(make(600, 60, (const double[]){0}, 0), 1)->n_points, 0);
    EXPECT_I64(consolidated(make(600, 60, (const double[]){0}, 0), 7)->n_points, 0);
}

/* The rule, point by point, as plainly as it can be said. */
static void expect_by_the_rule(const struct series *from, size_t n_max, const struct series *got)
{
    double n = (double)(from->end_s - from->start_s) / (double)from->step_s;
    if ((double)n_max >= n) {
        EXPECT_I64(got->n_points, from->n_points);
        return;
    }
    int64_t per_point = (int64_t)ceil(n / (double)n_max), bucket_s = per_point * from->step_s;
    int64_t nudge_s = bucket_s + from->start_s % from->step_s - from->start_s % bucket_s;
    int64_t dropped = nudge_s / from->step_s - 1;
    EXPECT_I64(got->start_s, from->start_s + nudge_s);
    for (size_t i = 0; i < got->n_points; i++) {
        double sum = 0;
        int64_t first = dropped + (int64_t)i * per_point;
        for (int64_t k = first; k < first + per_point && k < (int64_t)from->n_points; k++)
            sum += from->values[k];
        EXPECT_F64(got->values[i], sum, 1e-9);
    }
    EXPECT(got->n_points <= n_max + 1);
}

TEST(any_series_follows_the_rule)
{
    for (size_t round = 0; round < 3000; round++) {
        double values[64];
        size_t n = 2 + kit_random_below(60);
        for (size_t i = 0; i < n; i++)
            values[i] = kit_random_share();
        int64_t step_s = 1 + (int64_t)kit_random_below(90);
        int64_t start_s = (int64_t)kit_random_below(100000);
        size_t n_max = 2 + kit_random_below(40);
        struct series *series = make(start_s, step_s, values, n);
        series->consolidation = CONSOLIDATE_SUM;
        expect_by_the_rule(series, n_max, consolidated(series, n_max));
    }
}

RUN_TESTS(test_of(buckets_begin_at_multiples_of_their_length), test_of(answers_as_graphite_did),
          test_of(each_series_has_its_own_way_and_share), test_of(the_range_is_that_of_all_series),
          test_of(empty_series_stay), test_of(any_series_follows_the_rule))
