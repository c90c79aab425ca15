#include "model/verdict_read.h"

#include <math.h>
#include <string.h>

#include "model/verdict_write.h"

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double number(const json_t *object, const char *key)
{
    return number_of(json_object_get(object, key));
}

static const char *text_of(const json_t *value, struct arena *arena)
{
    const char *text = json_string_value(value);
    return text ? arena_strdup(arena, text) : "";
}

/* Whole, and neither negative nor past what has a name. */
static int64_t whole_of(const json_t *value, int64_t max)
{
    const json_int_t at = json_integer_value(value);
    return at < 0 ? 0 : min_i64(at, max);
}

static uint32_t count(const json_t *object, const char *key)
{
    return (uint32_t)whole_of(json_object_get(object, key), UINT32_MAX);
}

static int64_t seconds_of(const json_t *value)
{
    return whole_of(value, UINT32_MAX);
}

static int64_t time_ms(const json_t *object, const char *key)
{
    const double seconds = number(object, key);
    return seconds > 0.0 && seconds <= (double)UINT32_MAX ? llround(seconds * 1000.0) : 0;
}

static enum verdict_direction direction_of(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && strcmp(text, "erratic") == 0)
        return VERDICT_ERRATIC;
    return text && strcmp(text, "down") == 0 ? VERDICT_DOWN : VERDICT_UP;
}

static enum verdict_harm harm_of(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && strcmp(text, "bad") == 0)
        return VERDICT_BAD;
    return text && strcmp(text, "good") == 0 ? VERDICT_GOOD : VERDICT_NO_RULE;
}

static struct verdict_metric metric_of(const json_t *from, struct arena *arena)
{
    const json_t *usual = json_object_get(from, "usual"), *rank = json_object_get(from, "rank");
    const json_t *spark = json_object_get(from, "spark");
    struct verdict_metric metric = {
        .name = text_of(json_object_get(from, "metric"), arena),
        .direction = direction_of(json_object_get(from, "direction")),
        .harm = harm_of(json_object_get(from, "harm")),
        .is_vital = json_is_true(json_object_get(from, "vital")),
        .before = number(from, "before"),
        .after = number(from, "after"),
        .effect = number(from, "delta"),
        .usual_low = number_of(json_array_get(usual, 0)),
        .usual_high = number_of(json_array_get(usual, 1)),
        .p = number(from, "p"),
        .rank = (uint32_t)whole_of(json_array_get(rank, 0), UINT32_MAX),
        .n_rank = (uint32_t)whole_of(json_array_get(rank, 1), UINT32_MAX),
        .share = number(from, "share"),
        .since_s = seconds_of(json_object_get(from, "since")),
        .would_see = number(from, "would_see"),
        .n_spark = (uint32_t)min_size(json_array_size(spark), VERDICT_SPARK_MAX),
    };
    metric.spark_change = (uint32_t)min_size(count(from, "spark_change"), metric.n_spark);
    for (size_t i = 0; i < metric.n_spark; i++)
        metric.spark[i] = number_of(json_array_get(spark, i));
    return metric;
}

/* How long the list of that name is; 0 for what is none. */
static bool length(const json_t *root, const char *key, size_t *out, struct err *err)
{
    *out = json_array_size(json_object_get(root, key));
    return *out <= VERDICT_LIST_MAX ||
           FAIL(err, ERR_LIMIT, "%s of a verdict lists %zu; at most %d are taken", key, *out,
                VERDICT_LIST_MAX);
}

static bool read_metrics(const json_t *root, const char *key, struct arena *arena,
                         struct verdict_metric **out, size_t *out_n, struct err *err)
{
    size_t n;
    if (!length(root, key, &n, err))
        return false;
    *out = arena_array(arena, n, struct verdict_metric);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = metric_of(json_array_get(json_object_get(root, key), i), arena);
    *out_n = n;
    return true;
}

static bool read_texts(const json_t *root, const char *key, struct arena *arena, const char ***out,
                       size_t *out_n, struct err *err)
{
    size_t n;
    if (!length(root, key, &n, err))
        return false;
    *out = arena_array(arena, n, const char *);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = text_of(json_array_get(json_object_get(root, key), i), arena);
    *out_n = n;
    return true;
}

static bool read_names(const json_t *root, struct verdict *out)
{
    const char *state = json_string_value(json_object_get(root, "state"));
    const char *stage = json_string_value(json_object_get(root, "stage"));
    return state && stage && verdict_state_parse(state, &out->state) &&
           verdict_stage_parse(stage, &out->stage);
}

static bool read_lists(const json_t *root, struct arena *arena, struct verdict *out,
                       struct err *err)
{
    return read_metrics(root, "moved", arena, &out->moved, &out->n_moved, err) &&
           read_metrics(root, "unmoved", arena, &out->unmoved, &out->n_unmoved, err) &&
           read_texts(root, "nodata", arena, &out->no_data, &out->n_no_data, err) &&
           read_texts(root, "overlaps", arena, &out->overlaps, &out->n_overlaps, err) &&
           read_texts(root, "reasons", arena, &out->reasons, &out->n_reasons, err);
}

bool verdict_read(const json_t *root, struct arena *arena, struct verdict *out, struct err *err)
{
    struct verdict verdict = verdict_blank();
    if (!read_names(root, &verdict))
        return FAIL(err, ERR_INPUT, "this is no verdict of a known state and stage");
    const json_t *windows = json_object_get(root, "windows");
    const json_t *before = json_object_get(windows, "before");
    verdict.change = text_of(json_object_get(root, "change"), arena);
    verdict.made_ms = time_ms(root, "made");
    verdict.from_s = seconds_of(json_array_get(before, 0));
    verdict.at_s = seconds_of(json_array_get(before, 1));
    verdict.until_s = seconds_of(json_array_get(json_object_get(windows, "after"), 1));
    verdict.n_checked = count(root, "checked");
    verdict.n_revised = count(root, "revised");
    verdict.n_moved_more = count(root, "moved_more");
    verdict.false_alarms = number(root, "false_alarms_per_1000");
    verdict.method = text_of(json_object_get(root, "method"), arena);
    if (!read_lists(root, arena, &verdict, err))
        return false;
    *out = verdict;
    return true;
}

static void read_would_see(json_t *from, struct arena *arena, struct verdict *out)
{
    out->unmoved = arena_zarray(arena, VERDICT_SUMMARY_MAX, struct verdict_metric);
    for (void *at = json_object_iter(from); at && out->n_unmoved < VERDICT_SUMMARY_MAX;
         at = json_object_iter_next(from, at)) {
        const json_t *share = json_object_iter_value(at);
        const double unknown = NAN;
        out->unmoved[out->n_unmoved++] = (struct verdict_metric){
            .name = arena_strdup(arena, json_object_iter_key(at)),
            .before = 1.0,
            .after = unknown,
            .effect = unknown,
            .usual_low = unknown,
            .usual_high = unknown,
            .p = unknown,
            .share = unknown,
            .would_see = number_of(share),
        };
    }
}

bool verdict_read_summary(const json_t *root, struct arena *arena, struct verdict *out)
{
    struct verdict verdict = verdict_blank();
    if (!read_names(root, &verdict))
        return false;
    const json_t *worst = json_object_get(root, "worst");
    const size_t n_worst = min_size(json_array_size(worst), VERDICT_SUMMARY_MAX);
    const uint32_t n_moved = count(root, "moved");
    verdict.made_ms = time_ms(root, "made");
    verdict.until_s = seconds_of(json_object_get(root, "until"));
    verdict.n_checked = count(root, "checked");
    verdict.n_revised = count(root, "revised");
    verdict.moved = arena_array(arena, n_worst, struct verdict_metric);
    for (size_t i = 0; i < n_worst; i++)
        verdict.moved[verdict.n_moved++] = metric_of(json_array_get(worst, i), arena);
    verdict.n_moved_more = n_moved > n_worst ? n_moved - (uint32_t)n_worst : 0;
    if (json_is_string(json_object_get(root, "reason"))) {
        verdict.reasons = arena_array(arena, 1, const char *);
        verdict.reasons[verdict.n_reasons++] = text_of(json_object_get(root, "reason"), arena);
    }
    read_would_see(json_object_get(root, "would_see"), arena, &verdict);
    *out = verdict;
    return true;
}
