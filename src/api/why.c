/* GET /api/v1/why: which of our changes explains what a metric did, or that none does. */
#include <math.h>
#include <string.h>

#include "api/change_json.h"
#include "api/routes.h"
#include "base/num.h"

enum {
    WINDOW_DEFAULT_S = 45 * 60,
    WINDOW_MAX_S = 7 * 86400,
};

static bool take_question(const struct api_call *call, struct why_question *out, struct err *err)
{
    const char *metric = call_param(call, "metric"), *at = call_param(call, "at");
    const char *window = call_param(call, "window"), *service = call_param(call, "service");
    *out = (struct why_question){.target = metric,
                                 .at_s = call_clock_s(call),
                                 .window_s = WINDOW_DEFAULT_S,
                                 .service = service ? service : ""};
    if (!metric || !metric[0]) {
        err_set(err, ERR_INPUT, "metric= says what moved; it is missing");
        err_hint(err, "/api/v1/why?metric=web.logins&at=14:10");
        return false;
    }
    if (at && at[0] && !query_parse_time(at, call_zone(call), out->at_s, &out->at_s, err)) {
        err_prefix(err, "at");
        return false;
    }
    if (window && window[0] &&
        (!num_parse_span(window, strlen(window), &out->window_s) || out->window_s < 60 ||
         out->window_s > WINDOW_MAX_S)) {
        err_set(err, ERR_INPUT, "window='%.40s' is no length of time from a minute to 7 days",
                window);
        err_hint(err, "window=45m");
        return false;
    }
    return true;
}

static const char *code_name(enum why_code code)
{
    static const char *const names[] = {"ends_before",  "starts_before", "starts_after",
                                        "same_service", "history",       "others_moved",
                                        "undone"};
    return names[code];
}

/* A number, [k, n] where it is k of n, or true. */
static void write_reason(struct jsonw *json, const struct why_reason *reason)
{
    jsonw_object(json);
    jsonw_put_text(json, "code", code_name(reason->code));
    jsonw_key(json, "value");
    if (reason->code == WHY_SAME_SERVICE) {
        jsonw_bool(json, true);
    } else if (reason->code == WHY_HISTORY || reason->code == WHY_OTHERS_MOVED) {
        jsonw_array(json);
        jsonw_f64(json, reason->value);
        jsonw_i64(json, reason->n);
        jsonw_end(json);
    } else {
        jsonw_f64(json, reason->value);
    }
    jsonw_end(json);
}

static void write_suspects(struct jsonw *json, const struct why *why)
{
    jsonw_key(json, "suspects");
    jsonw_array(json);
    for (size_t i = 0; i < why->n_suspects; i++) {
        const struct why_suspect *suspect = &why->suspects[i];
        jsonw_object(json);
        jsonw_key(json, "change");
        change_json_write(json, &suspect->change);
        jsonw_put_f64(json, "score", suspect->share);
        jsonw_key(json, "reasons");
        jsonw_array(json);
        for (size_t k = 0; k < suspect->n_reasons; k++)
            write_reason(json, &suspect->reasons[k]);
        jsonw_end(json);
        jsonw_end(json);
    }
    jsonw_end(json);
}

static const char *direction_name(enum verdict_direction direction)
{
    static const char *const names[] = {"up", "down", "erratic"};
    return names[direction];
}

/* Null where there is no data to say it of. */
static void write_movement(struct jsonw *json, const struct why *why)
{
    static const struct verdict_metric nothing = {.name = "",
                                                  .before = (double)NAN,
                                                  .after = (double)NAN,
                                                  .effect = (double)NAN,
                                                  .usual_low = (double)NAN,
                                                  .usual_high = (double)NAN};
    const struct verdict_metric *metric = why->has_data ? &why->metric : &nothing;
    const char *direction = direction_name(metric->direction);
    jsonw_put_bool(json, "data", why->has_data);
    jsonw_put_bool(json, "moved", why->has_moved);
    jsonw_put_text(json, "direction", why->has_moved ? direction : NULL);
    jsonw_put_time(json, "onset", why->has_moved ? metric->since_s * 1000 : 0);
    jsonw_put_time(json, "over", why->is_over ? why->over_s * 1000 : 0);
    jsonw_put_f64(json, "before", metric->before);
    jsonw_put_f64(json, "after", metric->after);
    jsonw_put_f64(json, "delta", metric->effect);
    jsonw_key(json, "rank");
    jsonw_array(json);
    jsonw_i64(json, metric->rank);
    jsonw_i64(json, metric->n_rank);
    jsonw_end(json);
    jsonw_key(json, "usual");
    jsonw_array(json);
    jsonw_f64(json, metric->usual_low);
    jsonw_f64(json, metric->usual_high);
    jsonw_end(json);
}

static void write_why(struct jsonw *json, const struct why *why)
{
    jsonw_object(json);
    jsonw_put_text(json, "metric", why->target);
    jsonw_put_i64(json, "at", why->at_s);
    write_movement(json, why);
    write_suspects(json, why);
    jsonw_put_f64(json, "none", why->none_share);
    jsonw_put_i64(json, "changes", (int64_t)why->n_changes);
    jsonw_put_bool(json, "none_in_window", why->n_changes == 0);
    jsonw_key(json, "missing");
    jsonw_array(json);
    for (size_t i = 0; i < why->n_missing; i++)
        jsonw_text(json, why->missing[i]);
    jsonw_end(json);
    jsonw_end(json);
}

bool why_run(struct api_call *call, struct err *err)
{
    struct impact *impact = call->api->deps.impact;
    struct why_question question;
    struct why why = {.target = ""};
    struct jsonw json;
    if (!take_question(call, &question, err))
        return false;
    if (!impact)
        return FAIL(err, ERR_BUSY, "this server judges no changes");
    if (!impact_why(impact, &question, call->arena, &why, err) || !call_json(call, &json, err))
        return false;
    write_why(&json, &why);
    call_json_end(call);
    return true;
}
