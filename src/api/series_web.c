#include "api/series_web.h"

/* Times from start up to, but without, the end: constantLine and its kin have more values. */
static size_t n_times(const struct series *series)
{
    const int64_t span_s = series->end_s - series->start_s;
    return span_s > 0 ? (size_t)((span_s + series->step_s - 1) / series->step_s) : 0;
}

static bool check_rows(const struct series_list *list, struct err *err)
{
    const size_t n = list->n ? n_times(list->items[0]) : 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct series *series = list->items[i];
        if (series->n_points == n)
            continue;
        err_set(err, ERR_INPUT,
                "format=dygraph: '%.200s' has %zu values for the %zu times of '%.100s'",
                series->name, series->n_points, n, list->items[0]->name);
        err_hint(err, "summarize() brings series to one step; format=rickshaw takes any");
        return false;
    }
    return true;
}

static void write_row(struct jsonw *json, const struct series_list *list, size_t i)
{
    const struct series *first = list->items[0];
    jsonw_array(json);
    jsonw_i64(json, (first->start_s + (int64_t)i * first->step_s) * 1000);
    for (size_t k = 0; k < list->n; k++)
        jsonw_f64(json, list->items[k]->values[i]);
    jsonw_end(json);
}

bool series_web_dygraph(struct jsonw *json, const struct series_list *list, struct err *err)
{
    if (!check_rows(list, err))
        return false;
    jsonw_object(json);
    if (list->n) {
        jsonw_key(json, "labels");
        jsonw_array(json);
        jsonw_text(json, "Time");
        for (size_t i = 0; i < list->n; i++)
            jsonw_text(json, list->items[i]->name);
        jsonw_end(json);
        jsonw_key(json, "data");
        jsonw_array(json);
        for (size_t i = 0; i < list->items[0]->n_points && !json->out->is_full; i++)
            write_row(json, list, i);
        jsonw_end(json);
    }
    jsonw_end(json);
    return true;
}

void series_web_rickshaw(struct jsonw *json, const struct series_list *list)
{
    jsonw_array(json);
    for (size_t k = 0; k < list->n; k++) {
        const struct series *series = list->items[k];
        const size_t n = min_size(series->n_points, n_times(series));
        jsonw_object(json);
        jsonw_put_text(json, "target", series->name);
        jsonw_key(json, "datapoints");
        jsonw_array(json);
        for (size_t i = 0; i < n && !json->out->is_full; i++) {
            jsonw_object(json);
            jsonw_put_i64(json, "x", series->start_s + (int64_t)i * series->step_s);
            jsonw_put_f64(json, "y", series->values[i]);
            jsonw_end(json);
        }
        jsonw_end(json);
        jsonw_end(json);
    }
    jsonw_end(json);
}
