#include "model/series.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* A gap is the one value that differs from itself. In the loops below, a call of is_gap for each
 * value would cost more than the rest. */
static inline bool is_known(double value)
{
    return value == value;
}

void series_list_add(struct series_list *list, struct series *item, struct arena *arena)
{
    arena_grow(arena, &list->items, &list->cap, list->n + 1, sizeof(list->items[0]));
    list->items[list->n++] = item;
}

struct series *series_new_unset(struct arena *arena, int64_t start_s, int64_t step_s,
                                size_t n_points)
{
    BUG_IF(step_s <= 0);
    struct series *series = arena_zalloc(arena, sizeof(*series));
    series->name = "";
    series->path_expression = "";
    series->start_s = start_s;
    series->end_s = start_s + (int64_t)n_points * step_s;
    series->step_s = step_s;
    series->values = arena_array(arena, n_points, double);
    series->n_points = n_points;
    series->per_point = 1;
    return series;
}

void series_set_gaps(double *values, size_t n)
{
    for (; n >= 4; n -= 4, values += 4)
        values[0] = values[1] = values[2] = values[3] = NAN;
    for (; n > 0; n--)
        *values++ = NAN;
}

struct series *series_new(struct arena *arena, int64_t start_s, int64_t step_s, size_t n_points)
{
    struct series *series = series_new_unset(arena, start_s, step_s, n_points);
    series_set_gaps(series->values, n_points);
    return series;
}

struct series *series_copy(struct arena *arena, const struct series *from)
{
    struct series *series = arena_alloc(arena, sizeof(*series));
    *series = *from;
    series->values = arena_array(arena, from->n_points, double);
    if (from->n_points > 0)
        memcpy(series->values, from->values, from->n_points * sizeof(double));
    series->tags = arena_array(arena, from->n_tags, struct tag);
    if (from->n_tags > 0)
        memcpy(series->tags, from->tags, from->n_tags * sizeof(struct tag));
    return series;
}

const char *series_tag(const struct series *series, const char *key)
{
    for (size_t i = 0; i < series->n_tags; i++) {
        if (strcmp(series->tags[i].key, key) == 0)
            return series->tags[i].value;
    }
    return NULL;
}

void series_set_tag(struct arena *arena, struct series *series, const char *key, const char *value)
{
    for (size_t i = 0; i < series->n_tags; i++) {
        if (strcmp(series->tags[i].key, key) == 0) {
            series->tags[i].value = value;
            return;
        }
    }
    /* Tags are few and appended one at a time; no capacity is kept, the old array stays behind. */
    struct tag *tags = arena_array(arena, series->n_tags + 1, struct tag);
    if (series->n_tags > 0)
        memcpy(tags, series->tags, series->n_tags * sizeof(struct tag));
    tags[series->n_tags] = (struct tag){key, value};
    series->tags = tags;
    series->n_tags++;
}

static const struct {
    const char *name;
    enum consolidation how;
} consolidations[] = {
    /* the name shown comes first */
    {"average", CONSOLIDATE_AVERAGE},   {"avg", CONSOLIDATE_AVERAGE}, {"sum", CONSOLIDATE_SUM},
    {"total", CONSOLIDATE_SUM},         {"min", CONSOLIDATE_MIN},     {"max", CONSOLIDATE_MAX},
    {"first", CONSOLIDATE_FIRST},       {"last", CONSOLIDATE_LAST},   {"current", CONSOLIDATE_LAST},
    {"avg_zero", CONSOLIDATE_AVG_ZERO},
};

const char *consolidation_name(enum consolidation how)
{
    for (size_t i = 0; i < COUNT_OF(consolidations); i++) {
        if (consolidations[i].how == how)
            return consolidations[i].name;
    }
    base_bug(__FILE__, __LINE__, "a consolidation without a name");
}

bool consolidation_parse(const char *text, enum consolidation *out)
{
    for (size_t i = 0; i < COUNT_OF(consolidations); i++) {
        if (strcmp(consolidations[i].name, text) == 0) {
            *out = consolidations[i].how;
            return true;
        }
    }
    return false;
}

/* Sums go from left to right in doubles, as Python's do, so that the last bits agree. */
static double known_sum(const double *values, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += is_known(values[i]) ? values[i] : 0.0;
    return sum;
}

static double known_min(const double *values, size_t n)
{
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        least = values[i] < least ? values[i] : least;
    return least;
}

static double known_max(const double *values, size_t n)
{
    double most = -INFINITY;
    for (size_t i = 0; i < n; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

static double known_first(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_known(values[i]))
            return values[i];
    }
    return NAN;
}

static double known_last(const double *values, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        if (is_known(values[i - 1]))
            return values[i - 1];
    }
    return NAN;
}

double consolidate(enum consolidation how, const double *values, size_t n, double x_files_factor)
{
    size_t n_known = 0;
    for (size_t i = 0; i < n; i++)
        n_known += is_known(values[i]);
    if (n_known == 0 || (double)n_known / (double)n < x_files_factor)
        return NAN;

    switch (how) {
    case CONSOLIDATE_AVERAGE:
        return known_sum(values, n) / (double)n_known;
    case CONSOLIDATE_SUM:
        return known_sum(values, n);
    case CONSOLIDATE_MIN:
        return known_min(values, n);
    case CONSOLIDATE_MAX:
        return known_max(values, n);
    case CONSOLIDATE_FIRST:
        return known_first(values, n);
    case CONSOLIDATE_LAST:
        return known_last(values, n);
    case CONSOLIDATE_AVG_ZERO:
        return known_sum(values, n) / (double)n;
    }
    base_bug(__FILE__, __LINE__, "an unknown consolidation");
}
