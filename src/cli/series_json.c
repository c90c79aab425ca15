#include "cli/series_json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

enum {
    SERIES_MAX = 10000,    /* in one picture of a terminal; the server's own limit is lower */
    POINTS_MAX = 10000000, /* of all of them: 80 MB */
};

#define TIME_MAX_S INT64_C(4294967295) /* where series end */

/* Graphite's JSON has infinities as 1e9999, which jansson refuses: they travel as the largest power
 * of ten. */
#define INFINITE     "1e9999"
#define NEARLY       "1e+308"
#define NEARLY_LEAST 1e308
_Static_assert(sizeof INFINITE == sizeof NEARLY, "one is written over the other");

static bool fail(struct err *err, const char *what)
{
    return FAIL(err, ERR_INPUT, "the server's answer is no list of series: %s", what);
}

/* Only where a value stands: behind '[' or '-', before ','. */
static void tame_infinities(char *json, size_t n)
{
    const size_t n_word = sizeof INFINITE - 1;
    char *at = json, *const end = json + n;
    while ((at = memmem(at, (size_t)(end - at), INFINITE, n_word)) != NULL) {
        const bool begins = at > json && (at[-1] == '[' || at[-1] == '-');
        if (begins && at + n_word < end && at[n_word] == ',')
            memcpy(at, NEARLY, n_word);
        at += n_word;
    }
}

static double value_of(const json_t *value)
{
    if (json_is_null(value))
        return (double)NAN;
    const double number = json_number_value(value);
    return fabs(number) < NEARLY_LEAST ? number : copysign((double)INFINITY, number);
}

/* One [value, second]. */
static bool read_point(const json_t *point, double *out_value, int64_t *out_s)
{
    const json_t *value = json_array_get(point, 0), *second = json_array_get(point, 1);
    if (!json_is_integer(second))
        return false;
    *out_s = json_integer_value(second);
    *out_value = value_of(value);
    return (json_is_null(value) || json_is_number(value)) && *out_s >= 0 && *out_s <= TIME_MAX_S;
}

/* The first point's time, and the step to the second. */
static bool read_frame(const json_t *points, int64_t lone_step_s, int64_t *out_start_s,
                       int64_t *out_step_s)
{
    double value;
    int64_t next_s;
    if (!read_point(json_array_get(points, 0), &value, out_start_s))
        return false;
    *out_step_s = lone_step_s;
    if (json_array_size(points) == 1)
        return true;
    if (!read_point(json_array_get(points, 1), &value, &next_s))
        return false;
    *out_step_s = next_s - *out_start_s;
    return *out_step_s > 0;
}

static bool read_series(const json_t *item, int64_t lone_step_s, struct arena *arena,
                        struct series_list *out, struct err *err)
{
    const char *name = json_string_value(json_object_get(item, "target"));
    const json_t *points = json_object_get(item, "datapoints");
    const size_t n = json_array_size(points);
    int64_t start_s, step_s;
    if (!name || !json_is_array(points))
        return fail(err, "target or datapoints is missing");
    if (n == 0)
        return true;
    if (!read_frame(points, lone_step_s, &start_s, &step_s))
        return fail(err, "a point is no [value, time]");
    struct series *series = series_new(arena, start_s, step_s, n);
    for (size_t i = 0; i < n; i++) {
        int64_t at_s;
        if (!read_point(json_array_get(points, i), &series->values[i], &at_s))
            return fail(err, "a point is no [value, time]");
        if (at_s != start_s + (int64_t)i * step_s)
            return fail(err, "its points have no fixed step");
    }
    series->name = arena_strdup(arena, name);
    series->path_expression = series->name;
    series_list_add(out, series, arena);
    return true;
}

static size_t count_points(const json_t *root)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(root); i++)
        n += json_array_size(json_object_get(json_array_get(root, i), "datapoints"));
    return n;
}

bool series_json_read(char *json, size_t n, int64_t lone_step_s, struct arena *arena,
                      struct series_list *out, struct err *err)
{
    tame_infinities(json, n);
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    if (!json_is_array(root))
        return fail(err, "it is no JSON list");
    if (json_array_size(root) > SERIES_MAX || count_points(root) > POINTS_MAX)
        return FAIL(err, ERR_LIMIT,
                    "the server's answer holds %zu series with %zu points: too much "
                    "for a terminal",
                    json_array_size(root), count_points(root));
    for (size_t i = 0; i < json_array_size(root); i++)
        if (!read_series(json_array_get(root, i), lone_step_s, arena, out, err))
            return false;
    return true;
}
