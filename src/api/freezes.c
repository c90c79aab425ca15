/* Freezes over HTTP: who may deploy, what is frozen, and the end of it. They begin by POST /freeze. */
#include "api/freezes.h"

#include <string.h>

#include "api/recording.h"
#include "api/routes.h"
#include "base/num.h"

static int64_t now_of(const struct api_call *call)
{
    return clock_us(&call->api->deps.clock) / 1000;
}

static const struct tz *zone_of(const struct api_call *call, const struct change *change)
{
    const char *name = freeze_tag(change, FREEZE_ZONE);
    const struct tz *tz = name ? call->api->deps.zone_find(name) : NULL;
    return tz ? tz : call->api->deps.tz;
}

/* Every freeze that there ever was: few, and one that was made years ago may still be in force. */
static bool list_freezes(struct api_call *call, struct change_list *out, struct err *err)
{
    const struct change_query query = {.kind = CHANGE_FREEZE};
    *out = (struct change_list){0};
    const struct changes *changes = &call->api->deps.query.changes;
    return changes->ops->list(changes->self, &query, call->arena, out, err);
}

/* Does it hold at at_ms, or later? A rule that came through another door and cannot be read does not. */
static bool item_of(const struct api_call *call, const struct change *change, int64_t at_ms,
                    struct freezes_item *out)
{
    struct err why;
    struct freezes_item item = {.change = change};
    if (!freeze_concerns(change, change->service, change->env) ||
        !freeze_of(change, zone_of(call, change), &item.freeze, &why))
        return false;
    item.is_on = freeze_window_at(&item.freeze, at_ms, &item.window);
    if (!item.is_on && !freeze_window_next(&item.freeze, at_ms, &item.window))
        return false;
    *out = item;
    return true;
}

bool freezes_all(struct api_call *call, int64_t now_ms, struct freezes_items *out, struct err *err)
{
    struct change_list list;
    if (!list_freezes(call, &list, err))
        return false;
    *out = (struct freezes_items){.items = arena_array(call->arena, list.n, struct freezes_item)};
    for (size_t i = 0; i < list.n; i++)
        if (item_of(call, &list.items[i], now_ms, &out->items[out->n]))
            out->n++;
    return true;
}

/* Of the freezes in force for a service, the one that lasts longest; NULL: none. */
static bool find(struct api_call *call, const struct change *who, const struct freezes_item **out,
                 struct err *err)
{
    struct freezes_items all;
    if (!freezes_all(call, who->start_ms, &all, err))
        return false;
    *out = NULL;
    for (size_t i = 0; i < all.n; i++) {
        const struct freezes_item *item = &all.items[i];
        if (!item->is_on || !freeze_concerns(item->change, who->service, who->env))
            continue;
        const bool is_longer =
            !*out || ((*out)->window.end_ms &&
                      (!item->window.end_ms || item->window.end_ms > (*out)->window.end_ms));
        if (is_longer)
            *out = item;
    }
    return true;
}

void freezes_mark(struct api_call *call, struct change *io)
{
    struct err why;
    const struct freezes_item *item;
    struct change who = *io;
    const int64_t now_ms = now_of(call);
    if (io->kind != CHANGE_DEPLOY || io->is_posted || io->n_tags == CHANGE_TAGS_MAX ||
        freeze_tag(io, "frozen") || !change_check(&who, now_ms, call->arena, &why))
        return; /* what is wrong with it the ledger says */
    if (find(call, &who, &item, &why) && item)
        change_add_tag(io, (struct tag){"frozen", item->change->id}, call->arena);
}

/* ---- beginning ---- */

/* until=: epoch or Graphite's grammar. */
static bool take_until(struct api_call *call, struct change *io, struct err *err)
{
    const char *text = call_param(call, "until");
    int64_t at_s;
    if (!text)
        return true;
    if (!query_parse_time(text, call_zone(call), call_clock_s(call), &at_s, err)) {
        err_prefix(err, "until");
        return false;
    }
    io->end_ms = at_s * 1000;
    return true;
}

/* The rule's fields become tags; for= alone is the length of the one span. */
static bool take_rule(struct api_call *call, struct change *io, struct err *err)
{
    static const char *const names[] = {FREEZE_CRON, FREEZE_FOR, FREEZE_ZONE};
    struct tag *tags = arena_array(call->arena, io->n_tags + COUNT_OF(names), struct tag);
    size_t n = io->n_tags;
    if (n)
        memcpy(tags, io->tags, n * sizeof *tags);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = call_param(call, names[i]);
        if (value && value[0])
            tags[n++] = (struct tag){names[i], value};
    }
    io->tags = tags;
    io->n_tags = n;
    const char *zone = freeze_tag(io, FREEZE_ZONE), *lasts = freeze_tag(io, FREEZE_FOR);
    if (zone && !call->api->deps.zone_find(zone)) {
        err_set(err, ERR_INPUT, "tz: there is no zone '%.60s'", zone);
        err_hint(err, "as in Europe/Berlin or UTC");
        return false;
    }
    int64_t for_ms;
    if (!lasts || freeze_tag(io, FREEZE_CRON))
        return true;
    if (!freeze_for_parse(lasts, &for_ms, err))
        return false;
    if (io->end_ms)
        return FAIL(err, ERR_INPUT, "until and for both say when it ends: give one of them");
    io->end_ms = io->start_ms + for_ms;
    return true;
}

bool freezes_take(struct api_call *call, struct change *io, struct err *err)
{
    const int64_t now_ms = now_of(call);
    if (!io->start_ms)
        io->start_ms = now_ms;
    struct freeze freeze;
    struct freeze_window window;
    if (!take_until(call, io, err) || !take_rule(call, io, err) ||
        !freeze_of(io, zone_of(call, io), &freeze, err))
        return false;
    if (freeze.is_recurring && !freeze_window_at(&freeze, now_ms, &window) &&
        !freeze_window_next(&freeze, now_ms, &window))
        return FAIL(err, ERR_INPUT, "cron: '%.60s' never comes", freeze_tag(io, FREEZE_CRON));
    if (!io->end_ms && io->status == STATUS_UNKNOWN)
        io->status = STATUS_RUNNING;
    return true;
}

/* ---- the end ---- */

static bool end_one(struct api_call *call, const struct change *freeze, struct err *err)
{
    const int64_t now_ms = now_of(call);
    struct ledger_receipt receipt;
    /* One that has not begun never was. */
    const struct ledger_end end = {.id = freeze->id,
                                   .kind = freeze->kind,
                                   .service = freeze->service,
                                   .env = freeze->env,
                                   .status = freeze->start_ms > now_ms ? STATUS_CANCELLED
                                                                       : STATUS_SUCCEEDED,
                                   .end_ms = now_ms,
                                   .msg = ""};
    return recording_end(call, &end, &receipt, err);
}

static bool is_over(const struct change *freeze, int64_t now_ms)
{
    return (freeze->end_ms && freeze->end_ms <= now_ms) ||
           !freeze_concerns(freeze, freeze->service, freeze->env);
}

/* Ends them, n of the list, and says which. */
static bool end_list(struct api_call *call, const struct change_list *list, struct err *err)
{
    for (size_t i = 0; i < list->n; i++)
        if (!end_one(call, &list->items[i], err))
            return false;
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_key(&json, "thawed");
    jsonw_array(&json);
    for (size_t i = 0; i < list->n; i++) {
        jsonw_object(&json);
        jsonw_put_text(&json, "id", list->items[i].id);
        jsonw_put_text(&json, "service", list->items[i].service);
        jsonw_put_text(&json, "msg", list->items[i].msg);
        jsonw_end(&json);
    }
    jsonw_end(&json);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool freezes_end(struct api_call *call, const char *service, const char *env, struct err *err)
{
    struct change_list list;
    char *name = arena_strdup(call->arena, service);
    text_lower(name);
    if (!list_freezes(call, &list, err))
        return false;
    size_t n = 0;
    env = env[0] ? env : "production";
    for (size_t i = 0; i < list.n; i++)
        if (!is_over(&list.items[i], now_of(call)) && strcmp(list.items[i].service, name) == 0 &&
            strcmp(list.items[i].env, env) == 0)
            list.items[n++] = list.items[i];
    list.n = n;
    if (n)
        return end_list(call, &list, err);
    err_set(err, ERR_MISSING, "%s%.60s is not frozen in %s", name[0] ? "" : "everybody", name, env);
    err_hint(err, "plumb freeze lists what is");
    return false;
}

/* id=, or service= (none: of everybody) with env=. */
bool freezes_thaw(struct api_call *call, struct err *err)
{
    const char *id = call_param(call, "id"), *service = call_param(call, "service");
    const char *env = call_param(call, "env");
    if (!id)
        return freezes_end(call, service ? service : "", env ? env : "", err);
    struct change change;
    if (!ledger_get(call->api->deps.ledger, id, call->arena, &change, err))
        return false;
    if (change.kind != CHANGE_FREEZE)
        return FAIL(err, ERR_INPUT, "%s is a %s, no freeze", change.id,
                    change_kind_name(change.kind));
    if (is_over(&change, now_of(call)))
        return FAIL(err, ERR_INPUT, "the freeze %s is over", change.id);
    const struct change_list list = {&change, 1, 1};
    return end_list(call, &list, err);
}

/* ---- asking ---- */

static void put_tag(struct jsonw *json, const struct change *change, const char *key)
{
    const char *value = freeze_tag(change, key);
    jsonw_put_text(json, key, value ? value : "");
}

void freezes_write(struct jsonw *json, const struct freezes_item *item)
{
    const struct change *change = item->change;
    jsonw_object(json);
    jsonw_put_text(json, "id", change->id);
    jsonw_put_text(json, "service", change->service);
    jsonw_put_text(json, "env", change->env);
    jsonw_put_text(json, "by", change->by);
    jsonw_put_text(json, "msg", change->msg);
    jsonw_put_time(json, "start", change->start_ms);
    jsonw_put_time(json, "end", change->end_ms);
    put_tag(json, change, FREEZE_CRON);
    put_tag(json, change, FREEZE_FOR);
    put_tag(json, change, FREEZE_ZONE);
    jsonw_put_bool(json, "frozen", item->is_on);
    jsonw_put_time(json, "from", item->window.begin_ms);
    jsonw_put_time(json, "until", item->window.end_ms);
    jsonw_end(json);
}

bool freezes_list(struct api_call *call, struct err *err)
{
    struct freezes_items all;
    struct jsonw json;
    if (!freezes_all(call, now_of(call), &all, err) || !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < all.n; i++)
        freezes_write(&json, &all.items[i]);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* The revision that runs there now, "" when nobody said. */
static bool running_rev(struct api_call *call, const struct change *who, const char **out,
                        struct err *err)
{
    const struct change_query query = {
        .kind = CHANGE_DEPLOY, .service = who->service, .env = who->env, .n_max = 50};
    const struct changes *changes = &call->api->deps.query.changes;
    struct change_list list = {0};
    *out = "";
    if (!who->service[0])
        return true;
    if (!changes->ops->list(changes->self, &query, call->arena, &list, err))
        return false;
    for (size_t i = 0; i < list.n && !(*out)[0]; i++)
        if (list.items[i].status == STATUS_SUCCEEDED &&
            strcmp(list.items[i].service, who->service) == 0 &&
            strcmp(list.items[i].env, who->env) == 0)
            *out = list.items[i].rev;
    return true;
}

/* Ours, and the same in the words of Deployinator's can-deploy. */
static void write_can(struct jsonw *json, const struct freezes_item *item, const char *rev)
{
    const struct change *change = item ? item->change : NULL;
    jsonw_object(json);
    jsonw_put_bool(json, "can", !item);
    jsonw_put_text(json, "why", item ? "frozen" : NULL);
    jsonw_put_text(json, "by", item ? change->by : NULL);
    jsonw_put_time(json, "since", item ? item->window.begin_ms : 0);
    jsonw_put_time(json, "until", item ? item->window.end_ms : 0);
    jsonw_put_text(json, "msg", item ? change->msg : NULL);
    jsonw_put_text(json, "id", item ? change->id : NULL);
    jsonw_put_text(json, "service", item ? change->service : NULL);
    jsonw_put_text(json, "rev", rev);
    jsonw_put_bool(json, "can_deploy", !item);
    jsonw_put_bool(json, "all_locked", item && !change->service[0]);
    jsonw_put_text(json, "who", item ? change->by : NULL);
    jsonw_put_text(json, "method", item ? "freeze" : NULL);
    jsonw_put_time(json, "lock_time", item ? item->window.begin_ms : 0);
    jsonw_end(json);
}

/* service=, env=. */
bool freezes_can(struct api_call *call, struct err *err)
{
    const char *service = call_param(call, "service"), *env = call_param(call, "env");
    struct change who = change_blank();
    who.kind = CHANGE_FREEZE; /* which needs no service */
    who.service = service ? service : "";
    who.env = env ? env : "";
    who.start_ms = now_of(call);
    const struct freezes_item *item;
    const char *rev;
    struct jsonw json;
    if (!change_check(&who, who.start_ms, call->arena, err) || !find(call, &who, &item, err) ||
        !running_rev(call, &who, &rev, err) || !call_json(call, &json, err))
        return false;
    write_can(&json, item, rev);
    call_json_end(call);
    return true;
}
