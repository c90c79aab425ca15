#include "query/agg.h"

#include <string.h>

#include "base/num.h"
#include "kit/kit.h"

#define GAP ((double)NAN)

static const enum agg all[] = {AGG_AVERAGE, AGG_AVG_ZERO, AGG_MEDIAN, AGG_SUM,
                               AGG_MIN,     AGG_MAX,      AGG_DIFF,   AGG_STDDEV,
                               AGG_COUNT,   AGG_RANGE,    AGG_LAST,   AGG_MULTIPLY};

TEST(knows_the_names)
{
    static const struct {
        const char *row;
        enum agg how;
    } rows[] = {
        {"average", AGG_AVERAGE},   {"avg", AGG_AVERAGE}, {"avg_zero", AGG_AVG_ZERO},
        {"median", AGG_MEDIAN},     {"sum", AGG_SUM},     {"total", AGG_SUM},
        {"min", AGG_MIN},           {"max", AGG_MAX},     {"diff", AGG_DIFF},
        {"stddev", AGG_STDDEV},     {"count", AGG_COUNT}, {"range", AGG_RANGE},
        {"rangeOf", AGG_RANGE},     {"last", AGG_LAST},   {"current", AGG_LAST},
        {"multiply", AGG_MULTIPLY},
    };
    EACH_ROW (rows, r) {
        enum agg how = AGG_COUNT;
        size_t n = 0;
        EXPECT_OK(agg_parse(r->row, &how, &kit_err));
        EXPECT_I64(how, r->how);
        const char *series = arena_printf(&kit_arena, "%sSeries", r->row);
        EXPECT_OK(agg_parse_stem(series, &how, &n, &kit_err));
        EXPECT_I64(how, r->how);
        EXPECT_I64(n, strlen(r->row));
    }
    enum agg how;
    size_t n;
    EXPECT_ERR(agg_parse("sumSeries", &how, &kit_err), ERR_INPUT, "function: sumSeries");
    EXPECT_ERR(agg_parse_stem("nosuchSeries", &how, &n, &kit_err), ERR_INPUT, "nosuchSeries");
    EXPECT_ERR(agg_parse("", &how, &kit_err), ERR_INPUT, "Unsupported");
}

TEST(makes_one_value_of_many)
{
    static const double values[] = {GAP, 4, 1, GAP, 7};
    static const struct {
        const char *row;
        enum agg how;
        double all, first, none; /* of all five, of the first, of no value */
    } rows[] = {
        {"average", AGG_AVERAGE, 4, GAP, GAP}, {"avg_zero", AGG_AVG_ZERO, 2.4, 0, GAP},
        {"median", AGG_MEDIAN, 4, GAP, GAP},   {"sum", AGG_SUM, 12, GAP, GAP},
        {"min", AGG_MIN, 1, GAP, GAP},         {"max", AGG_MAX, 7, GAP, GAP},
        {"diff", AGG_DIFF, -4, GAP, GAP},      {"stddev", AGG_STDDEV, 2.449489742783178, GAP, GAP},
        {"count", AGG_COUNT, 3, 0, 0},         {"range", AGG_RANGE, 6, GAP, GAP},
        {"last", AGG_LAST, 7, GAP, GAP},       {"multiply", AGG_MULTIPLY, GAP, GAP, GAP},
    };
    double scratch[5];
    EACH_ROW (rows, r) {
        const double got = agg_run(r->how, values, 5, scratch);
        EXPECT(is_gap(got) == is_gap(r->all));
        if (!is_gap(r->all))
            EXPECT_F64(got, r->all, 1e-15);
        EXPECT(is_gap(r->first) == is_gap(agg_run(r->how, values, 1, scratch)));
        EXPECT(is_gap(r->none) == is_gap(agg_run(r->how, values, 0, scratch)));
    }
    EXPECT_F64(agg_run(AGG_MULTIPLY, (const double[]){2, 3, 4}, 3, NULL), 24, 0);
    EXPECT_F64(agg_run(AGG_MEDIAN, (const double[]){4, 1, 3, 2}, 4, scratch), 2.5, 0);
}

static double some_value(void)
{
    return kit_random_below(4) == 0 ? GAP : kit_random_share() * 100 - 50;
}

/* agg_rows walks columns; the plain way is agg_run on each row. */
TEST(rows_are_what_each_row_alone_is)
{
    enum { COLUMNS = 7, ROWS = 9 };
    double values[COLUMNS][ROWS], row[COLUMNS], out[ROWS], scratch[2 * ROWS + COLUMNS];
    struct agg_column columns[COLUMNS];
    for (size_t k = 0; k < COLUMNS; k++) {
        columns[k] = (struct agg_column){values[k], kit_random_below(ROWS + 1)};
        for (size_t i = 0; i < ROWS; i++)
            values[k][i] = i < columns[k].n ? some_value() : GAP;
    }
    for (size_t h = 0; h < COUNT_OF(all); h++) {
        const double share = kit_random_share();
        const struct agg_table table = {columns, COLUMNS, ROWS, share};
        agg_rows(all[h], &table, scratch, out);
        for (size_t i = 0; i < ROWS; i++) {
            for (size_t k = 0; k < COLUMNS; k++)
                row[k] = values[k][i];
            const size_t n = agg_count(row, COLUMNS);
            double want = agg_run(all[h], row, COLUMNS, scratch);
            if (n == 0 || (double)n / COLUMNS < share)
                want = GAP;
            EXPECT(is_gap(out[i]) == is_gap(want));
            if (!is_gap(want))
                EXPECT_F64(out[i], want, 1e-12);
        }
    }
}

TEST(percentiles_are_graphites)
{
    static const double sorted[] = {10, 20, 30, 40};
    static const struct {
        const char *row;
        double percent;
        bool interpolates, is_there;
        double value;
    } rows[] = {
        {"half, rounded up", 50, false, true, 30},
        {"half, between", 50, true, true, 25},
        {"low", 5, false, true, 10},
        {"none", 0, false, true, 10},
        {"all", 100, false, true, 40},
        {"all, between", 100, true, true, 40},
        {"exactly a rank", 20, false, true, 10},
        {"past the end", 150, false, false, 0},
        {"far past the end", 1e300, false, false, 0},
    };
    EACH_ROW (rows, r) {
        double got = GAP;
        EXPECT(agg_percentile(sorted, 4, r->percent, r->interpolates, &got) == r->is_there);
        if (r->is_there)
            EXPECT_F64(got, r->value, 1e-12);
    }
}

TEST(sorts_what_is_there)
{
    static const double values[] = {3, GAP, -1, 2, GAP};
    double out[5];
    EXPECT_I64(agg_sorted(values, 5, out), 3);
    EXPECT_F64(out[0], -1, 0);
    EXPECT_F64(out[1], 2, 0);
    EXPECT_F64(out[2], 3, 0);
}

RUN_TESTS(test_of(knows_the_names), test_of(makes_one_value_of_many),
          test_of(rows_are_what_each_row_alone_is), test_of(percentiles_are_graphites),
          test_of(sorts_what_is_there))
