#include "model/verdict_write.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

static const char *const directions[] = {"up", "down", "erratic"};
static const char *const harms[] = {NULL, "bad", "good"};

/* JSON has no infinity. */
static double finite_or_gap(double value)
{
    return isfinite(value) ? value : NAN;
}

static void put_number(struct jsonw *json, const char *key, double value)
{
    jsonw_put_f64(json, key, finite_or_gap(value));
}

static void put_seconds(struct jsonw *json, const char *key, int64_t at_s)
{
    jsonw_key(json, key);
    if (at_s)
        jsonw_i64(json, at_s);
    else
        jsonw_null(json);
}

static void put_range(struct jsonw *json, const char *key, int64_t from, int64_t until)
{
    jsonw_key(json, key);
    jsonw_array(json);
    jsonw_i64(json, from);
    jsonw_i64(json, until);
    jsonw_end(json);
}

static void put_name(struct jsonw *json, const struct verdict_metric *metric)
{
    jsonw_put_text(json, "metric", metric->name);
    jsonw_put_text(json, "direction", directions[metric->direction]);
    jsonw_put_text(json, "harm", harms[metric->harm]);
}

static void put_metric(struct jsonw *json, const struct verdict_metric *metric)
{
    jsonw_object(json);
    put_name(json, metric);
    put_number(json, "before", metric->before);
    put_number(json, "after", metric->after);
    put_number(json, "delta", metric->effect);
    put_seconds(json, "since", metric->since_s);
    jsonw_put_bool(json, "vital", metric->is_vital);
    jsonw_key(json, "usual");
    jsonw_array(json);
    jsonw_f64(json, finite_or_gap(metric->usual_low));
    jsonw_f64(json, finite_or_gap(metric->usual_high));
    jsonw_end(json);
    put_number(json, "p", metric->p);
    put_range(json, "rank", metric->rank, metric->n_rank);
    put_number(json, "share", metric->share);
    put_number(json, "would_see", metric->would_see);
    jsonw_key(json, "spark");
    jsonw_array(json);
    for (size_t i = 0; i < min_size(metric->n_spark, VERDICT_SPARK_MAX); i++)
        jsonw_f64(json, finite_or_gap(metric->spark[i]));
    jsonw_end(json);
    jsonw_put_i64(json, "spark_change", metric->spark_change);
    jsonw_end(json);
}

static void put_metrics(struct jsonw *json, const char *key, const struct verdict_metric *metrics,
                        size_t n)
{
    jsonw_key(json, key);
    jsonw_array(json);
    for (size_t i = 0; i < n; i++)
        put_metric(json, &metrics[i]);
    jsonw_end(json);
}

static void put_texts(struct jsonw *json, const char *key, const char *const *texts, size_t n)
{
    jsonw_key(json, key);
    jsonw_array(json);
    for (size_t i = 0; i < n; i++)
        jsonw_text(json, texts[i]);
    jsonw_end(json);
}

void verdict_write_members(struct jsonw *json, const struct verdict *verdict)
{
    jsonw_put_text(json, "stage", verdict_stage_name(verdict->stage));
    jsonw_put_text(json, "state", verdict_state_name(verdict->state));
    jsonw_put_time(json, "made", verdict->made_ms);
    jsonw_key(json, "windows");
    jsonw_object(json);
    put_range(json, "before", verdict->from_s, verdict->at_s);
    put_range(json, "after", verdict->at_s, verdict->until_s);
    jsonw_end(json);
    jsonw_put_i64(json, "checked", verdict->n_checked);
    jsonw_put_i64(json, "revised", verdict->n_revised);
    if (verdict->n_moved_more)
        jsonw_put_i64(json, "moved_more", verdict->n_moved_more);
    put_metrics(json, "moved", verdict->moved, verdict->n_moved);
    put_metrics(json, "unmoved", verdict->unmoved, verdict->n_unmoved);
    put_texts(json, "nodata", verdict->no_data, verdict->n_no_data);
    put_texts(json, "overlaps", verdict->overlaps, verdict->n_overlaps);
    put_texts(json, "reasons", verdict->reasons, verdict->n_reasons);
    put_number(json, "false_alarms_per_1000", verdict->false_alarms);
    jsonw_put_text(json, "method", verdict->method);
}

void verdict_write(struct jsonw *json, const struct verdict *verdict)
{
    jsonw_object(json);
    jsonw_put_text(json, "change", verdict->change);
    verdict_write_members(json, verdict);
    jsonw_end(json);
}

/* So many digits as somebody reads; a list holds many of these. */
static void put_short(struct jsonw *json, const char *key, double value, int digits)
{
    char text[NUM_TEXT_MAX];
    if (isfinite(value))
        num_format_g(text, value, digits);
    jsonw_key(json, key);
    if (isfinite(value))
        jsonw_raw(json, text);
    else
        jsonw_null(json);
}

static void put_worst(struct jsonw *json, const struct verdict_metric *metric)
{
    jsonw_object(json);
    put_name(json, metric);
    put_short(json, "before", metric->before, 6);
    put_short(json, "after", metric->after, 6);
    put_short(json, "delta", metric->effect, 6);
    put_seconds(json, "since", metric->since_s);
    jsonw_end(json);
}

/* A key that is there twice would make the whole unreadable; bytes that are no UTF-8 could become one. */
static bool is_seen(const struct verdict *verdict, size_t i)
{
    bool is_repeat = false;
    for (size_t k = 0; k < i && !is_repeat; k++)
        is_repeat = strcmp(verdict->unmoved[k].name, verdict->unmoved[i].name) == 0;
    const char *name = verdict->unmoved[i].name;
    return !is_repeat && text_is_utf8(name, strlen(name)) &&
           !is_gap(verdict_sees(&verdict->unmoved[i]));
}

void verdict_write_summary(struct jsonw *json, const struct verdict *verdict)
{
    jsonw_object(json);
    jsonw_put_text(json, "state", verdict_state_name(verdict->state));
    jsonw_put_text(json, "stage", verdict_stage_name(verdict->stage));
    jsonw_put_time(json, "made", verdict->made_ms);
    put_seconds(json, "until", verdict->until_s);
    jsonw_put_i64(json, "checked", verdict->n_checked);
    jsonw_put_i64(json, "moved", (int64_t)verdict_moved(verdict));
    jsonw_put_i64(json, "revised", verdict->n_revised);
    jsonw_key(json, "worst");
    jsonw_array(json);
    for (size_t i = 0; i < min_size(verdict->n_moved, VERDICT_SUMMARY_MAX); i++)
        put_worst(json, &verdict->moved[i]);
    jsonw_end(json);
    if (verdict->state == VERDICT_CANNOT_TELL && verdict->n_reasons)
        jsonw_put_text(json, "reason", verdict->reasons[0]);
    jsonw_key(json, "would_see");
    jsonw_object(json);
    for (size_t i = 0, n = 0; i < verdict->n_unmoved && n < VERDICT_SUMMARY_MAX; i++) {
        if (!is_seen(verdict, i))
            continue;
        put_short(json, verdict->unmoved[i].name, verdict_sees(&verdict->unmoved[i]), 3);
        n++;
    }
    jsonw_end(json);
    jsonw_end(json);
}
