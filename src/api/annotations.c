/* Grafana's annotations API over the ledger, so that what posts to Grafana posts here with another host.
 * An annotation's id is the number of the row that first told of it. */
#include <string.h>

#include "api/alias.h"
#include "api/retell.h"
#include "api/routes.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    LIST_DEFAULT = 100,
    LIST_MAX = 10000, /* looked at for one answer */
    TAGS_MAX = CHANGE_TAGS_MAX + 3,
};

static struct alias_body body_of(const struct api_call *call, bool is_update)
{
    return (struct alias_body){.text = call->request->body,
                               .n = call->request->n_body,
                               .now_ms = clock_us(&call->api->deps.clock) / 1000,
                               .is_update = is_update};
}

/* {"message","id"}; id 0: none; warning "": none. */
struct reply {
    const char *message, *warning;
    uint64_t id;
};

static bool answer(struct api_call *call, const struct reply *reply, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "message", reply->message);
    if (reply->id)
        jsonw_put_i64(&json, "id", (int64_t)reply->id);
    if (reply->warning[0])
        jsonw_put_text(&json, "warning", reply->warning);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* ---- one, out ---- */

static const char *tag_value(const struct change *change, const char *key)
{
    for (size_t i = 0; i < change->n_tags; i++)
        if (strcmp(change->tags[i].key, key) == 0)
            return change->tags[i].value;
    return "";
}

static int64_t tag_number(const struct change *change, const char *key)
{
    int64_t number = 0;
    const char *value = tag_value(change, key);
    return num_parse_i64(value, strlen(value), &number) ? number : 0;
}

/* Every key that Grafana has; what has no meaning here is empty. */
static void write_one(struct jsonw *json, const struct change *change, struct arena *arena)
{
    const char *tags[TAGS_MAX];
    const size_t n_tags = alias_tags(change, arena, tags);
    jsonw_object(json);
    jsonw_put_i64(json, "id", (int64_t)change->number);
    jsonw_put_i64(json, "alertId", 0);
    jsonw_put_text(json, "alertName", "");
    jsonw_put_i64(json, "dashboardId", tag_number(change, "dashboardId"));
    jsonw_put_text(json, "dashboardUID", tag_value(change, "dashboardUID"));
    jsonw_put_i64(json, "panelId", tag_number(change, "panelId"));
    jsonw_put_i64(json, "userId", 0);
    jsonw_put_text(json, "login", change->by);
    jsonw_put_text(json, "email", "");
    jsonw_put_text(json, "avatarUrl", "");
    jsonw_put_text(json, "newState", "");
    jsonw_put_text(json, "prevState", "");
    jsonw_put_i64(json, "created", change->received_ms);
    jsonw_put_i64(json, "updated", change->received_ms);
    jsonw_put_i64(json, "time", change->start_ms);
    jsonw_put_i64(json, "timeEnd", change->end_ms ? change->end_ms : change->start_ms);
    jsonw_put_text(json, "text", alias_text(change, arena));
    jsonw_key(json, "tags");
    jsonw_array(json);
    for (size_t i = 0; i < n_tags; i++)
        jsonw_text(json, tags[i]);
    jsonw_end(json);
    jsonw_key(json, "data");
    jsonw_object(json);
    jsonw_end(json);
    jsonw_end(json);
}

/* ---- listing ---- */

struct wish {
    const char *tags[CHANGE_TAGS_MAX];
    size_t n_tags;
    bool any_tag;
    size_t n_max;
    struct change_query query;
};

/* Milliseconds; seconds are told by their size. */
static bool time_param(struct api_call *call, const char *key, int64_t *io_ms, struct err *err)
{
    int64_t at = 0;
    if (!call_param_int(call, key, 0, &at, err))
        return false;
    if (at > 0)
        *io_ms = at < INT64_C(100000000000) ? at * 1000 : at;
    return true;
}

/* Words without a value are in the ledger's index; what more was asked is looked at one by one. */
static void narrow(struct wish *io, struct arena *arena)
{
    const char **words = arena_array(arena, CHANGE_TAGS_MAX, const char *);
    size_t n = 0;
    for (size_t i = 0; i < io->n_tags; i++)
        if (!strchr(io->tags[i], ':'))
            words[n++] = io->tags[i];
    if (n == 0 || (io->any_tag && n < io->n_tags))
        return;
    io->query.tags = words;
    io->query.n_tags = n;
    io->query.any_tag = io->any_tag;
}

static bool read_wish(struct api_call *call, struct wish *out, struct err *err)
{
    int64_t until_ms = INT64_C(4294967295000), n;
    *out = (struct wish){.query = {.kind = -1}};
    if (!time_param(call, "from", &out->query.from_ms, err) ||
        !time_param(call, "to", &until_ms, err) ||
        !call_param_int(call, "limit", LIST_DEFAULT, &n, err))
        return false;
    out->query.until_ms = until_ms + 1; /* both ends count */
    out->n_max = (size_t)min_i64(n > 0 ? n : LIST_DEFAULT, LIST_MAX);
    out->any_tag = call_flag(call, "matchAny");
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, "tags") != 0 || !field->value[0])
            continue;
        if (out->n_tags == CHANGE_TAGS_MAX)
            return FAIL(err, ERR_INPUT, "tags: more than %d", CHANGE_TAGS_MAX);
        out->tags[out->n_tags++] = field->value;
    }
    out->query.n_max = out->n_tags ? LIST_MAX : out->n_max;
    narrow(out, call->arena);
    return true;
}

static bool is_wanted(const struct wish *wish, const struct change *change, struct arena *arena)
{
    const char *tags[TAGS_MAX];
    const size_t n_tags = alias_tags(change, arena, tags);
    size_t n_found = 0;
    for (size_t i = 0; i < wish->n_tags; i++) {
        bool has_it = false;
        for (size_t k = 0; k < n_tags && !has_it; k++)
            has_it = strcmp(tags[k], wish->tags[i]) == 0;
        n_found += has_it;
    }
    return wish->any_tag ? n_found > 0 || wish->n_tags == 0 : n_found == wish->n_tags;
}

static bool list(struct api_call *call, struct err *err)
{
    const struct changes *changes = &call->api->deps.query.changes;
    const char *type = call_param(call, "type");
    struct change_list found = {0};
    struct wish wish;
    struct jsonw json;
    if (!read_wish(call, &wish, err))
        return false;
    const bool is_alerts = type && strcmp(type, "alert") == 0; /* states of Grafana's own alerts */
    if ((!is_alerts && !changes->ops->list(changes->self, &wish.query, call->arena, &found, err)) ||
        !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    size_t n = 0;
    for (size_t i = 0; i < found.n && n < wish.n_max; i++) {
        if (!is_wanted(&wish, &found.items[i], call->arena))
            continue;
        write_one(&json, &found.items[i], call->arena);
        n++;
    }
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* ---- routes ---- */

bool annotations_all(struct api_call *call, struct err *err)
{
    if (strcmp(call->request->method, "POST") != 0)
        return list(call, err);
    const struct alias_body body = body_of(call, false);
    struct reply reply = {.message = "Annotation added"};
    struct ledger_receipt receipt;
    struct change change;
    if (!alias_annotation(&body, call->arena, &change, &reply.warning, err) ||
        !recording_add(call, &change, &receipt, err))
        return false;
    reply.id = receipt.seq;
    return answer(call, &reply, err);
}

bool annotations_graphite(struct api_call *call, struct err *err)
{
    const struct alias_body body = body_of(call, false);
    struct ledger_receipt receipt;
    struct change change;
    if (!alias_graphite(&body, call->arena, &change, err) ||
        !recording_add(call, &change, &receipt, err))
        return false;
    const struct reply reply = {"Graphite annotation added", "", receipt.seq};
    return answer(call, &reply, err);
}

static bool update(struct api_call *call, const char *message, struct err *err)
{
    const struct alias_body body = body_of(call, true);
    struct reply reply = {.message = message};
    struct retell retell;
    struct change change;
    if (!alias_annotation(&body, call->arena, &change, &reply.warning, err) ||
        !retell_find(call, call->rest, "grafana", &retell, err) ||
        !retell_record(call, &retell, &change, err))
        return false;
    return answer(call, &reply, err);
}

bool annotations_one(struct api_call *call, struct err *err)
{
    const char *method = call->request->method;
    if (strcmp(method, "DELETE") == 0)
        return retell_no_delete(call, call->rest, err);
    if (strcmp(method, "PATCH") == 0)
        return update(call, "Annotation patched", err);
    if (strcmp(method, "PUT") == 0)
        return update(call, "Annotation updated", err);
    struct change change;
    struct jsonw json;
    if (!retell_get(call, call->rest, &change, err) || !call_json(call, &json, err))
        return false;
    write_one(&json, &change, call->arena);
    call_json_end(call);
    return true;
}
