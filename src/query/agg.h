/* Aggregation functions: what `func` arguments name, one value out of many. A gap is NaN. Pure. */
#pragma once

#include "base/err.h"

enum agg {
    AGG_AVERAGE = 0,
    AGG_AVG_ZERO, /* gaps count as 0 */
    AGG_MEDIAN,
    AGG_SUM,
    AGG_MIN,
    AGG_MAX,
    AGG_DIFF,     /* the first value minus all others */
    AGG_STDDEV,   /* population */
    AGG_COUNT,    /* of values; 0, never a gap */
    AGG_RANGE,    /* largest minus smallest */
    AGG_MULTIPLY, /* a gap when any value is one */
    AGG_LAST,
};

/* "average", "avg", "sum", "total", ... err: ERR_INPUT "Unsupported aggregation function: x". */
MUST_CHECK bool agg_parse(const char *text, enum agg *out, struct err *err);
/* As agg_parse, but also "sumSeries"; *out_stem is the name without "Series", n bytes of text. */
MUST_CHECK bool agg_parse_stem(const char *text, enum agg *out, size_t *out_stem, struct err *err);

/* One value of n. Gaps are left out but for AVG_ZERO and MULTIPLY; a gap when there is nothing.
 *   scratch   room for n values; only AGG_MEDIAN writes there */
double agg_run(enum agg how, const double *values, size_t n, double *scratch);

/* Python's sum() / len() of the values that are not gaps, in order. */
double agg_average(const double *values, size_t n);
size_t agg_count(const double *values, size_t n);

/* A column of a table: one series' values. */
struct agg_column {
    const double *values;
    size_t n;
};

/* Row by row over n_columns columns, which are walked one after the other: out[i] of n_rows; columns
 * that are shorter have gaps at their end. A row with fewer than x_files_factor of its columns is a gap.
 *   scratch   room for 2 * n_rows + n_columns values */
struct agg_table {
    const struct agg_column *columns;
    size_t n_columns, n_rows;
    double x_files_factor;
};
void agg_rows(enum agg how, const struct agg_table *table, double *scratch, double *out);

/* The same without holding the columns: each is added and may be forgotten. Begins as {how, acc, seen,
 * n_rows}, with n_rows zeros in acc and seen; agg_can_fold says for which functions.
 *   column   of at most n_rows values
 *   end      acc holds what agg_rows would have given */
struct agg_fold {
    enum agg how;
    double *acc, *seen;
    size_t n_rows, n_columns;
};
bool agg_can_fold(enum agg how);
void agg_fold_add(struct agg_fold *fold, const struct agg_column *column);
void agg_fold_end(struct agg_fold *fold, double x_files_factor);

/* As Graphite's percentile: rank = share of (count + 1), rounded up unless interpolating. `sorted` has
 * n >= 1 values, ascending. False when the rank lies outside. */
MUST_CHECK bool agg_percentile(const double *sorted, size_t n, double percent, bool interpolates,
                               double *out);
/* Copies the values that are not gaps to out, ascending; returns how many. */
size_t agg_sorted(const double *values, size_t n, double *out);
