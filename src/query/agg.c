#include "query/agg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

static const struct {
    const char *name;
    enum agg how;
} names[] = {
    {"average", AGG_AVERAGE}, {"avg", AGG_AVERAGE},       {"avg_zero", AGG_AVG_ZERO},
    {"median", AGG_MEDIAN},   {"sum", AGG_SUM},           {"total", AGG_SUM},
    {"min", AGG_MIN},         {"max", AGG_MAX},           {"diff", AGG_DIFF},
    {"stddev", AGG_STDDEV},   {"count", AGG_COUNT},       {"range", AGG_RANGE},
    {"rangeOf", AGG_RANGE},   {"multiply", AGG_MULTIPLY}, {"last", AGG_LAST},
    {"current", AGG_LAST},
};

static bool find(struct str text, enum agg *out)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(text, names[i].name)) {
            *out = names[i].how;
            return true;
        }
    return false;
}

bool agg_parse(const char *text, enum agg *out, struct err *err)
{
    if (find(str_of(text), out))
        return true;
    err_set(err, ERR_INPUT, "Unsupported aggregation function: %s", text);
    err_hint(err, "one of average, avg_zero, median, sum, min, max, diff, stddev, count, range, "
                  "multiply, last");
    return false;
}

bool agg_parse_stem(const char *text, enum agg *out, size_t *out_stem, struct err *err)
{
    struct str stem = str_of(text);
    if (str_ends(stem, "Series"))
        stem.n -= strlen("Series");
    if (!find(stem, out))
        return agg_parse(text, out, err);
    *out_stem = stem.n;
    return true;
}

size_t agg_count(const double *values, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !is_gap(values[i]);
    return count;
}

static double sum(const double *values, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_gap(values[i]))
            total += values[i];
    return total;
}

double agg_average(const double *values, size_t n)
{
    size_t count = agg_count(values, n);
    return count ? sum(values, n) / (double)count : NAN;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t agg_sorted(const double *values, size_t n, double *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_gap(values[i]))
            out[count++] = values[i];
    if (count > 1)
        qsort(out, count, sizeof(out[0]), compare);
    return count;
}

static double median(const double *values, size_t n, double *scratch)
{
    size_t count = agg_sorted(values, n, scratch);
    if (!count)
        return NAN;
    size_t mid = count / 2;
    return count % 2 ? scratch[mid] : (scratch[mid - 1] + scratch[mid]) / 2;
}

/* The smallest (sign 1) or largest (sign -1) value. */
static double extreme(const double *values, size_t n, double sign)
{
    double best = NAN;
    for (size_t i = 0; i < n; i++)
        if (!is_gap(values[i]) && (is_gap(best) || sign * values[i] < sign * best))
            best = values[i];
    return best;
}

static double diff(const double *values, size_t n)
{
    double rest = NAN;
    for (size_t i = 0; i < n; i++)
        if (!is_gap(values[i]))
            rest = is_gap(rest) ? values[i] : rest - values[i];
    return rest;
}

static double stddev(const double *values, size_t n)
{
    double average = agg_average(values, n), squares = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_gap(values[i]))
            squares += (values[i] - average) * (values[i] - average);
    return is_gap(average) ? NAN : sqrt(squares / (double)agg_count(values, n));
}

static double multiply(const double *values, size_t n)
{
    double product = n ? values[0] : NAN;
    for (size_t i = 1; i < n; i++)
        product *= values[i]; /* one gap makes it a gap */
    return product;
}

static double last(const double *values, size_t n)
{
    while (n > 0 && is_gap(values[n - 1]))
        n--;
    return n ? values[n - 1] : NAN;
}

double agg_run(enum agg how, const double *values, size_t n, double *scratch)
{
    switch (how) {
    case AGG_AVERAGE:
        return agg_average(values, n);
    case AGG_AVG_ZERO:
        return n ? sum(values, n) / (double)n : NAN;
    case AGG_MEDIAN:
        return median(values, n, scratch);
    case AGG_SUM:
        return agg_count(values, n) ? sum(values, n) : NAN;
    case AGG_MIN:
        return extreme(values, n, 1);
    case AGG_MAX:
        return extreme(values, n, -1);
    case AGG_DIFF:
        return diff(values, n);
    case AGG_STDDEV:
        return stddev(values, n);
    case AGG_COUNT:
        return (double)agg_count(values, n);
    case AGG_RANGE:
        return extreme(values, n, -1) - extreme(values, n, 1);
    case AGG_MULTIPLY:
        return multiply(values, n);
    case AGG_LAST:
        return last(values, n);
    }
    return NAN;
}

/* ---- rows: a column at a time, with the row's state in acc and the number of values in seen ---- */

/* Two rows at once, which every x86-64 and ARMv8 does. Comparing gives all ones or all zeros. */
typedef double two_rows __attribute__((vector_size(16), aligned(8), may_alias));
typedef int64_t two_masks __attribute__((vector_size(16)));

static inline two_rows load(const double *at)
{
    return *(const two_rows *)(const void *)at;
}

static inline void store(double *at, two_rows v)
{
    *(two_rows *)(void *)at = v;
}

/* v where the mask is set, else 0. */
static inline two_rows masked(two_rows v, two_masks mask)
{
    return (two_rows)((two_masks)v & mask);
}

static void add_sums(const struct agg_column *column, double *acc, double *seen)
{
    const two_rows ones = {1, 1};
    const double *values = column->values;
    size_t i = 0;
    for (; i + 2 <= column->n; i += 2) {
        const two_rows v = load(values + i);
        const two_masks is_there = v == v;
        store(acc + i, load(acc + i) + masked(v, is_there));
        store(seen + i, load(seen + i) + masked(ones, is_there));
    }
    for (; i < column->n; i++) {
        const bool is_there = !is_gap(values[i]);
        acc[i] += is_there ? values[i] : 0;
        seen[i] += is_there;
    }
}

static void add_extremes(const struct agg_column *column, double sign, double *acc, double *seen)
{
    const two_rows ones = {1, 1}, zeros = {0, 0}, signs = {sign, sign};
    const double *values = column->values;
    size_t i = 0;
    for (; i + 2 <= column->n; i += 2) {
        const two_rows v = load(values + i), best = load(acc + i), n = load(seen + i);
        const two_masks is_there = v == v;
        const two_masks is_better = is_there & ((n == zeros) | (signs * v < signs * best));
        store(acc + i, (two_rows)(((two_masks)v & is_better) | ((two_masks)best & ~is_better)));
        store(seen + i, n + masked(ones, is_there));
    }
    for (; i < column->n; i++) {
        const double v = values[i];
        if (is_gap(v))
            continue;
        if (seen[i] == 0 || sign * v < sign * acc[i])
            acc[i] = v;
        seen[i]++;
    }
}

static void add_others(enum agg how, const struct agg_column *column, double *acc, double *seen)
{
    for (size_t i = 0; i < column->n; i++) {
        double v = column->values[i];
        if (is_gap(v))
            continue;
        if (seen[i] == 0 || how == AGG_LAST)
            acc[i] = v;
        else if (how == AGG_DIFF)
            acc[i] -= v;
        else
            acc[i] *= v;
        seen[i]++;
    }
}

static void add_column(enum agg how, const struct agg_column *column, double *acc, double *seen)
{
    if (how == AGG_MIN || how == AGG_MAX)
        add_extremes(column, how == AGG_MIN ? 1 : -1, acc, seen);
    else if (how == AGG_DIFF || how == AGG_LAST || how == AGG_MULTIPLY)
        add_others(how, column, acc, seen);
    else
        add_sums(column, acc, seen);
}

static void add_all(enum agg how, const struct agg_table *table, double *acc, double *seen)
{
    memset(acc, 0, table->n_rows * sizeof(acc[0]));
    memset(seen, 0, table->n_rows * sizeof(seen[0]));
    for (size_t k = 0; k < table->n_columns; k++)
        add_column(how, &table->columns[k], acc, seen);
}

/* acc: sums, becomes standard deviations. */
static void rows_stddev(const struct agg_table *table, const double *seen, double *acc,
                        double *squares)
{
    memset(squares, 0, table->n_rows * sizeof(squares[0]));
    for (size_t i = 0; i < table->n_rows; i++)
        acc[i] /= seen[i];
    for (size_t k = 0; k < table->n_columns; k++) {
        const struct agg_column *column = &table->columns[k];
        for (size_t i = 0; i < column->n; i++)
            if (!is_gap(column->values[i]))
                squares[i] += (column->values[i] - acc[i]) * (column->values[i] - acc[i]);
    }
    for (size_t i = 0; i < table->n_rows; i++)
        acc[i] = sqrt(squares[i] / seen[i]);
}

static void rows_median(const struct agg_table *table, double *row, double *acc)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        size_t n = 0;
        for (size_t k = 0; k < table->n_columns; k++)
            if (i < table->columns[k].n && !is_gap(table->columns[k].values[i]))
                row[n++] = table->columns[k].values[i];
        acc[i] = median(row, n, row);
    }
}

/* What n_columns columns left behind becomes the result; see add_column. */
static void finish_rows(const struct agg_fold *fold, double x_files_factor)
{
    const double n_columns = (double)fold->n_columns, *seen = fold->seen;
    double *out = fold->acc;
    for (size_t i = 0; i < fold->n_rows; i++) {
        if (fold->how == AGG_AVERAGE)
            out[i] /= seen[i];
        else if (fold->how == AGG_AVG_ZERO)
            out[i] /= n_columns;
        else if (fold->how == AGG_COUNT)
            out[i] = seen[i];
        else if (fold->how == AGG_MULTIPLY && seen[i] < n_columns)
            out[i] = NAN;
        if (seen[i] == 0 || seen[i] / n_columns < x_files_factor)
            out[i] = NAN;
    }
}

void agg_rows(enum agg how, const struct agg_table *table, double *scratch, double *out)
{
    double *seen = scratch, *extra = scratch + table->n_rows, *row = extra + table->n_rows;
    if (how == AGG_RANGE) {
        add_all(AGG_MIN, table, extra, seen);
        add_all(AGG_MAX, table, out, seen);
        for (size_t i = 0; i < table->n_rows; i++)
            out[i] -= extra[i];
    } else {
        add_all(how, table, out, seen);
    }
    if (how == AGG_STDDEV)
        rows_stddev(table, seen, out, extra);
    else if (how == AGG_MEDIAN)
        rows_median(table, row, out);
    const struct agg_fold fold = {how, out, seen, table->n_rows, table->n_columns};
    finish_rows(&fold, table->x_files_factor);
}

bool agg_can_fold(enum agg how)
{
    return how != AGG_RANGE && how != AGG_STDDEV && how != AGG_MEDIAN;
}

void agg_fold_add(struct agg_fold *fold, const struct agg_column *column)
{
    add_column(fold->how, column, fold->acc, fold->seen);
    fold->n_columns++;
}

void agg_fold_end(struct agg_fold *fold, double x_files_factor)
{
    finish_rows(fold, x_files_factor);
}

/* Python's list index: a negative one counts from the end. False: IndexError. */
static bool value_at(const double *sorted, size_t n, double index, double *out)
{
    if (index < 0)
        index += (double)n;
    if (!(index >= 0 && index < (double)n))
        return false;
    *out = sorted[(size_t)index];
    return true;
}

bool agg_percentile(const double *sorted, size_t n, double percent, bool interpolates, double *out)
{
    double exact = percent / 100.0 * (double)(n + 1), rank = trunc(exact), got = 0;
    double fraction = exact - rank;
    if (!interpolates)
        rank += ceil(fraction);
    if (rank == 0)
        got = sorted[0];
    else if (rank - 1 == (double)n)
        got = sorted[n - 1];
    else if (!value_at(sorted, n, rank - 1, &got))
        return false;
    double next;
    if (interpolates && rank < (double)n && value_at(sorted, n, rank, &next))
        got += fraction * (next - got);
    *out = got;
    return true;
}
