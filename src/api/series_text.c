#include "api/series_text.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "query/query.h"

static void write_tags(struct jsonw *json, const struct series *series)
{
    jsonw_key(json, "tags");
    jsonw_object(json);
    for (size_t i = 0; i < series->n_tags; i++) {
        jsonw_put_text(json, series->tags[i].key, series->tags[i].value);
    }
    jsonw_end(json);
}

/* Graphite pairs values with times up to the end: some functions leave more values than times. */
static size_t n_shown(const struct series *series)
{
    if (series->end_s < series->start_s)
        return 0;
    return min_size(series->n_points,
                    (size_t)((series->end_s - series->start_s) / series->step_s) + 1);
}

/* ", [", a value, ", ", a time, "]" */
enum { POINT_BYTES_MAX = 8 + 2 * NUM_TEXT_MAX };

static char *put_text(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

enum { LOW_DIGITS = 10000 };

/* The digits that a time shares with those around it: all but the last four. */
struct high_digits {
    int64_t value; /* 0: none yet */
    size_t n;
    char text[NUM_TEXT_MAX];
};

static char *put_time(char *at, int64_t at_s, struct high_digits *high)
{
    if (at_s < LOW_DIGITS)
        return at + num_format_i64(at, at_s);
    if (at_s / LOW_DIGITS != high->value) {
        high->value = at_s / LOW_DIGITS;
        high->n = num_format_i64(high->text, high->value);
    }
    at = put_text(at, high->text, high->n);
    unsigned low = (unsigned)(at_s % LOW_DIGITS);
    for (int i = 3; i >= 0; i--, low /= 10)
        at[i] = (char)('0' + low % 10);
    return at + 4;
}

static char *put_point(char *at, double value, int64_t at_s, struct high_digits *high)
{
    *at++ = '[';
    if (is_gap(value))
        at = put_text(at, "null", 4);
    else if (isinf(value))
        at = value < 0 ? put_text(at, "-1e9999", 7) : put_text(at, "1e9999", 6);
    else
        at += num_format(at, value);
    at = put_text(at, ", ", 2);
    at = put_time(at, at_s, high);
    *at++ = ']';
    return at;
}

/* The points alone are most of an answer, so they are written straight into the buffer. */
static void add_points(struct buf *out, const struct series *series, bool no_null_points)
{
    const size_t n = n_shown(series);
    struct high_digits high = {0};
    bool has_any = false;
    buf_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        const double value = series->values[i];
        if (is_gap(value) && no_null_points)
            continue;
        char *room = buf_room(out, POINT_BYTES_MAX);
        if (!room)
            return;
        char *at = has_any ? put_text(room, ", ", 2) : room;
        at = put_point(at, value, series->start_s + (int64_t)i * series->step_s, &high);
        out->n += (size_t)(at - room);
        has_any = true;
    }
    buf_add_char(out, ']');
}

static bool has_value(const struct series *series)
{
    for (size_t i = 0; i < series->n_points; i++)
        if (!is_gap(series->values[i]))
            return true;
    return false;
}

static void write_series(struct jsonw *json, const struct series *series, bool no_null_points)
{
    jsonw_object(json);
    jsonw_put_text(json, "target", query_is_unnamed(series) ? NULL : series->name);
    write_tags(json, series);
    jsonw_key(json, "datapoints");
    jsonw_raw(json, ""); /* places the separator */
    add_points(json->out, series, no_null_points);
    jsonw_end(json);
}

void series_text_json(struct jsonw *json, const struct series_list *list, bool no_null_points)
{
    bool has_points = false;
    for (size_t i = 0; i < list->n; i++)
        has_points |= list->items[i]->n_points > 0;
    jsonw_array(json);
    for (size_t i = 0; i < list->n && has_points; i++)
        if (!no_null_points || has_value(list->items[i]))
            write_series(json, list->items[i], no_null_points);
    jsonw_end(json);
}

/* Quoted only where it must be: a comma, a quote, a line end. */
static void add_csv_field(struct buf *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        buf_add_str(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            buf_add_char(out, '"');
        buf_add_char(out, *text);
    }
    buf_add_char(out, '"');
}

void series_text_csv(struct buf *out, const struct series_list *list, const struct tz *tz)
{
    for (size_t k = 0; k < list->n; k++) {
        const struct series *series = list->items[k];
        for (size_t i = 0; i < series->n_points && !out->is_full; i++) {
            char when[32];
            size_t n = tz_format(tz, series->start_s + (int64_t)i * series->step_s,
                                 "%Y-%m-%d %H:%M:%S", when, sizeof when);
            add_csv_field(out, series->name);
            buf_add_char(out, ',');
            buf_add(out, when, n);
            buf_add_char(out, ',');
            if (!is_gap(series->values[i]))
                buf_add_f64(out, series->values[i]);
            buf_add(out, "\r\n", 2);
        }
    }
}

void series_text_raw(struct buf *out, const struct series_list *list)
{
    for (size_t k = 0; k < list->n; k++) {
        const struct series *series = list->items[k];
        buf_add_str(out, series->name);
        const int64_t numbers[] = {series->start_s, series->end_s, series->step_s};
        for (size_t i = 0; i < 3; i++) {
            buf_add_char(out, ',');
            buf_add_i64(out, numbers[i]);
        }
        buf_add_char(out, '|');
        for (size_t i = 0; i < series->n_points; i++) {
            if (i)
                buf_add_char(out, ',');
            if (is_gap(series->values[i]))
                buf_add(out, "None", 4);
            else
                buf_add_f64(out, series->values[i]);
        }
        buf_add_char(out, '\n');
    }
}
