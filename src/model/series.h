/* A series as a query sees it: a name and values at a fixed step. Lives in one arena. A gap is NaN. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/num.h"

enum consolidation {
    CONSOLIDATE_AVERAGE = 0,
    CONSOLIDATE_SUM,
    CONSOLIDATE_MIN,
    CONSOLIDATE_MAX,
    CONSOLIDATE_FIRST,
    CONSOLIDATE_LAST,
    CONSOLIDATE_AVG_ZERO,
};

struct tag {
    const char *key, *value;
};

/* An exact moment inside a slot: what a change line is drawn at, whatever the step. */
struct series_mark {
    int64_t at_ms;
    double value; /* 1, -1 (rollback), or what the sender gave */
    const char *label;
    bool is_failed;
};

/* How to draw it; set by alpha, color, dashed, ... Zero means not set. */
struct series_style {
    const char *color; /* as typed, NULL: from the palette */
    double alpha;      /* valid when has_alpha */
    double line_width; /* 0: the chart's */
    double dash;       /* 0: solid */
    const char *stack; /* name of its stack, NULL: not stacked */
    bool has_alpha;
    bool on_second_axis;
    bool as_infinite; /* a vertical line at each value > 0 */
    bool is_invisible;
    bool connects; /* threshold and constant lines: never broken by gaps */
};

struct series {
    const char *name;            /* shown, ordered by */
    const char *path_expression; /* what combiners list; see the fetch and function rules */
    int64_t start_s, end_s;      /* point i is at start_s + i * step_s; end_s is exclusive */
    int64_t step_s;              /* > 0 */
    double *values;              /* n_points of them */
    size_t n_points;
    struct tag *tags; /* in insertion order */
    size_t n_tags;
    enum consolidation consolidation;
    double x_files_factor; /* 0..1 */
    struct series_style style;
    const struct series_mark *marks; /* by time; NULL: none */
    size_t n_marks;
    int64_t per_point; /* values per point after consolidation; 1 */
};

struct series_list {
    struct series **items;
    size_t n, cap;
};

void series_list_add(struct series_list *list, struct series *item, struct arena *arena);

/* A zeroed series of n gaps at start, step; end = start + n * step; no name. */
MUST_CHECK struct series *series_new(struct arena *arena, int64_t start_s, int64_t step_s,
                                     size_t n_points);
/* The same with values that are not set: the caller writes all of them. */
MUST_CHECK struct series *series_new_unset(struct arena *arena, int64_t start_s, int64_t step_s,
                                           size_t n_points);
/* n gaps. */
void series_set_gaps(double *values, size_t n);
/* A copy with its own values and tags; names and marks are shared. */
MUST_CHECK struct series *series_copy(struct arena *arena, const struct series *from);

/* The tag's value or NULL; setting replaces or appends (strings are borrowed). */
const char *series_tag(const struct series *series, const char *key);
void series_set_tag(struct arena *arena, struct series *series, const char *key, const char *value);

/* "average", "sum", ... and back (also avg, total, current, ...); false: unknown. */
const char *consolidation_name(enum consolidation how);
MUST_CHECK bool consolidation_parse(const char *text, enum consolidation *out);
/* One value out of n by that rule, gaps skipped (avg_zero counts them as 0); a gap if none or less
 * than the share x_files_factor is present. Graphite measures a shorter last bucket against a whole
 * one: for that, hand in x_files_factor * per_point / n. */
double consolidate(enum consolidation how, const double *values, size_t n, double x_files_factor);
