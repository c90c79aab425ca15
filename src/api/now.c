/* GET /api/v1/now: all that somebody wants to know who was just woken up, in one answer. */
#include "api/change_json.h"
#include "api/freezes.h"
#include "api/routes.h"

#define MINUTE_MS INT64_C(60000)

enum {
    RECENT_MINUTES = 30,
    OPEN_DAYS = 30,  /* what is open for longer is no news */
    OPEN_MAX = 500,  /* changes looked at for open ones */
    HARM_HOURS = 24, /* what did harm is told so long after its start */
    HARM_MAX = 20,
    RECENT_MAX = 200,
};

static bool list(struct api_call *call, const struct change_query *query, struct change_list *out,
                 struct err *err)
{
    *out = (struct change_list){0};
    const struct changes *changes = &call->api->deps.query.changes;
    return changes->ops->list(changes->self, query, call->arena, out, err);
}

static void put_list(struct jsonw *json, const char *name, const struct change_list *list)
{
    jsonw_key(json, name);
    jsonw_array(json);
    for (size_t i = 0; i < list->n; i++)
        change_json_write(json, &list->items[i]);
    jsonw_end(json);
}

static bool is_trouble(const struct change *change)
{
    return change->kind == CHANGE_INCIDENT || change->kind == CHANGE_THIRDPARTY;
}

/* The open ones: deploys and the like; with kind, of that kind alone. Freezes are told of apart. */
static bool list_open(struct api_call *call, int kind, int64_t now_ms, struct change_list *out,
                      struct err *err)
{
    const struct change_query query = {.kind = kind,
                                       .status = STATUS_RUNNING + 1,
                                       .from_ms = now_ms - OPEN_DAYS * 1440 * MINUTE_MS,
                                       .until_ms = now_ms + 1440 * MINUTE_MS,
                                       .n_max = OPEN_MAX};
    if (!list(call, &query, out, err))
        return false;
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++) {
        const struct change *c = &out->items[i];
        const bool is_wanted = kind >= 0 || (!is_trouble(c) && c->kind != CHANGE_FREEZE);
        if (change_is_open(c) && is_wanted)
            out->items[n++] = *c;
    }
    out->n = n;
    return true;
}

struct sight {
    struct change_list flying, recent, incidents, thirdparty, harm;
    struct freezes_items freezes;
};

static bool look(struct api_call *call, int64_t now_ms, struct sight *out, struct err *err)
{
    const struct change_query recent = {.kind = -1,
                                        .from_ms = now_ms - RECENT_MINUTES * MINUTE_MS,
                                        .until_ms = now_ms + MINUTE_MS,
                                        .n_max = RECENT_MAX};
    const struct change_query harm = {.kind = -1,
                                      .verdict = VERDICT_HARM + 1,
                                      .from_ms = now_ms - HARM_HOURS * 60 * MINUTE_MS,
                                      .until_ms = now_ms + MINUTE_MS,
                                      .n_max = HARM_MAX};
    return list_open(call, -1, now_ms, &out->flying, err) && list(call, &harm, &out->harm, err) &&
           list_open(call, CHANGE_INCIDENT, now_ms, &out->incidents, err) &&
           list_open(call, CHANGE_THIRDPARTY, now_ms, &out->thirdparty, err) &&
           list(call, &recent, &out->recent, err) && freezes_all(call, now_ms, &out->freezes, err);
}

bool now_run(struct api_call *call, struct err *err)
{
    const int64_t now_ms = clock_us(&call->api->deps.clock) / 1000;
    struct sight sight;
    struct jsonw json;
    if (!look(call, now_ms, &sight, err) || !call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_f64(&json, "now", (double)now_ms / 1000.0);
    jsonw_put_i64(&json, "minutes", RECENT_MINUTES);
    put_list(&json, "in_flight", &sight.flying);
    jsonw_key(&json, "frozen");
    jsonw_array(&json);
    for (size_t i = 0; i < sight.freezes.n; i++)
        if (sight.freezes.items[i].is_on)
            freezes_write(&json, &sight.freezes.items[i]);
    jsonw_end(&json);
    put_list(&json, "incidents", &sight.incidents);
    put_list(&json, "thirdparty", &sight.thirdparty);
    put_list(&json, "harm", &sight.harm);
    put_list(&json, "recent", &sight.recent);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}
