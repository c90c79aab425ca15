/* Honeycomb's markers over the ledger, for honeymarker and the scripts that do the same by hand. */
#include <string.h>

#include "api/alias.h"
#include "api/retell.h"
#include "api/routes.h"
#include "base/mem.h"
#include "model/service.h"

enum { LIST_MAX = 1000 };

/* /1/markers/<dataset>[/<number>] */
struct place {
    const char *dataset, *number; /* "": none */
};

static struct place place_of(const struct api_call *call)
{
    const char *slash = strchr(call->rest, '/');
    if (!slash)
        return (struct place){call->rest, ""};
    return (struct place){arena_strndup(call->arena, call->rest, (size_t)(slash - call->rest)),
                          slash + 1};
}

static struct alias_body body_of(const struct api_call *call, bool is_update)
{
    return (struct alias_body){.text = call->request->body,
                               .n = call->request->n_body,
                               .now_ms = clock_us(&call->api->deps.clock) / 1000,
                               .is_update = is_update};
}

static void put_time(struct jsonw *json, const char *key, int64_t ms)
{
    char text[40];
    tz_format(tz_utc(), ms / 1000, "%Y-%m-%dT%H:%M:%SZ", text, sizeof text);
    jsonw_put_text(json, key, text);
}

static const char *type_of(const struct change *change)
{
    for (size_t i = 0; i < change->n_tags; i++)
        if (strcmp(change->tags[i].key, "type") == 0)
            return change->tags[i].value;
    return change_kind_name(change->kind);
}

static void write_one(struct jsonw *json, const struct change *change, const char *number,
                      struct arena *arena)
{
    jsonw_object(json);
    put_time(json, "created_at", change->received_ms);
    put_time(json, "updated_at", change->received_ms);
    jsonw_put_i64(json, "start_time", change->start_ms / 1000);
    if (change->end_ms > change->start_ms)
        jsonw_put_i64(json, "end_time", change->end_ms / 1000);
    jsonw_put_text(json, "message", alias_text(change, arena));
    jsonw_put_text(json, "type", type_of(change));
    if (change->url[0])
        jsonw_put_text(json, "url", change->url);
    jsonw_put_text(json, "id", number);
    jsonw_end(json);
}

/* As it now is, under the number that the client knows. */
static bool answer(struct api_call *call, const char *number, struct err *err)
{
    struct change change;
    struct jsonw json;
    if (!retell_get(call, number, &change, err) || !call_json(call, &json, err))
        return false;
    write_one(&json, &change, number, call->arena);
    call_json_end(call);
    return true;
}

static bool add(struct api_call *call, const char *dataset, struct err *err)
{
    const struct alias_body body = body_of(call, false);
    struct ledger_receipt receipt;
    struct change change;
    if (!alias_marker(&body, dataset, call->arena, &change, err) ||
        !recording_add(call, &change, &receipt, err))
        return false;
    call->response->status = 201;
    return answer(call, arena_printf(call->arena, "%llu", (unsigned long long)receipt.seq), err);
}

static bool update(struct api_call *call, const struct place *place, struct err *err)
{
    const struct alias_body body = body_of(call, true);
    struct retell retell;
    struct change change;
    if (!alias_marker(&body, place->dataset, call->arena, &change, err) ||
        !retell_find(call, place->number, "honeycomb", &retell, err) ||
        !retell_record(call, &retell, &change, err))
        return false;
    return answer(call, place->number, err);
}

/* Every change of the service that the dataset is. */
static bool list(struct api_call *call, const char *dataset, struct err *err)
{
    const struct changes *changes = &call->api->deps.query.changes;
    struct change_query query = {.kind = -1, .n_max = LIST_MAX};
    struct change_list found = {0};
    struct jsonw json;
    if (strcmp(dataset, "__all__") != 0)
        query.service = service_slug(dataset, call->arena);
    if (!changes->ops->list(changes->self, &query, call->arena, &found, err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < found.n; i++) {
        const struct change *change = &found.items[i];
        const char *number = arena_printf(call->arena, "%llu", (unsigned long long)change->number);
        write_one(&json, change, number, call->arena);
    }
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool markers_run(struct api_call *call, struct err *err)
{
    const struct place place = place_of(call);
    const char *method = call->request->method;
    if (!place.number[0] && strcmp(method, "POST") == 0)
        return add(call, place.dataset, err);
    if (!place.number[0] && strcmp(method, "GET") == 0)
        return list(call, place.dataset, err);
    if (place.number[0] && strcmp(method, "PUT") == 0)
        return update(call, &place, err);
    if (place.number[0] && strcmp(method, "GET") == 0)
        return answer(call, place.number, err);
    if (place.number[0] && strcmp(method, "DELETE") == 0)
        return retell_no_delete(call, place.number, err);
    err_set(err, ERR_INPUT, "%.20s of /1/markers/%.100s is nothing", method, call->rest);
    err_hint(err, "POST and GET /1/markers/<dataset>, PUT and GET /1/markers/<dataset>/<id>");
    return false;
}
