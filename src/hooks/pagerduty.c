/* PagerDuty's webhooks, version 3. */
#include <string.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sign.h"
#include "hooks/sources.h"

/* X-PagerDuty-Signature: v1=<hex>[,v1=<hex>...]: one for each secret that is valid over there, too. */
static bool verify(const struct hook_call *call, struct err *err)
{
    const char *given = sign_header(call, "X-PagerDuty-Signature");
    struct str rest = str_of(given ? given : ""), one;
    while (str_split(&rest, ',', &one)) {
        one = str_trim(one);
        if (str_starts(one, "v1=") && sign_fits(call, call->body, call->n_body, SIGN_HEX,
                                                arena_strndup(call->arena, one.at + 3, one.n - 3)))
            return true;
    }
    if (given)
        err_set(err, ERR_REFUSED,
                "X-PagerDuty-Signature does not fit the body with any secret of this hook");
    else
        err_set(err, ERR_REFUSED, "the header X-PagerDuty-Signature is missing");
    err_hint(err, "the secret is shown once, when the webhook subscription is made");
    return false;
}

/* What each event says of the incident. */
static const struct step {
    const char *event;
    enum change_status status;
    const char *ignored; /* why it records nothing */
} steps[] = {
    {"incident.triggered", STATUS_RUNNING, NULL},
    {"incident.acknowledged", STATUS_RUNNING, NULL},
    {"incident.resolved", STATUS_SUCCEEDED, NULL},
    {"incident.reopened", STATUS_UNKNOWN,
     "an end stays; it moves on when the incident is resolved again"},
    {"pagey.ping", STATUS_UNKNOWN, "a test: it came through"},
};

static const struct step *step_of(const char *event)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (strcmp(steps[i].event, event) == 0)
            return &steps[i];
    return NULL;
}

static void put_tags(const struct hook_call *call, const json_t *root, struct change *change)
{
    static const char *const tags[][2] = {{"urgency", "event.data.urgency"},
                                          {"priority", "event.data.priority.summary"},
                                          {"number", "event.data.number"},
                                          {"policy", "event.data.escalation_policy.summary"}};
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        result_tag(call, change, tags[i][0], pick_text(call, root, tags[i][1]));
}

static bool take_times(const struct hook_call *call, const json_t *root, struct change *change,
                       struct err *err)
{
    int64_t occurred_ms;
    if (!pick_time(call, root, "event.data.created_at", &change->start_ms, err) ||
        !pick_time(call, root, "event.occurred_at", &occurred_ms, err))
        return false;
    if (!occurred_ms)
        occurred_ms = call->now_ms;
    if (!change->start_ms)
        change->start_ms = occurred_ms;
    if (change->status != STATUS_RUNNING)
        change->end_ms = max_i64(occurred_ms, change->start_ms);
    return true;
}

static bool read_incident(const struct hook_call *call, const json_t *root,
                          enum change_status status, struct hook_result *io, struct err *err)
{
    const char *id;
    if (!pick_need(call, root, "event.data.id", &id, err))
        return false;
    const char *service =
        place_service(call, pick_text(call, root, "event.data.service.summary"), NULL);
    if (!service)
        return result_ignore(io, "plumb.conf says '-' for this service");
    struct change *change = result_change(call, io, CHANGE_INCIDENT, "hook/pagerduty");
    change->status = status;
    if (!take_times(call, root, change, err))
        return false;
    change->key = arena_printf(call->arena, "pd:%.64s", id);
    change->service = service;
    change->msg = pick_text(call, root, "event.data.title");
    change->url = place_url(pick_text(call, root, "event.data.html_url"));
    if (strcmp(pick_text(call, root, "event.agent.type"), "user_reference") == 0)
        change->by = place_person(call, pick_text(call, root, "event.agent.summary"));
    put_tags(call, root, change);
    return true;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    const char *event;
    struct hook_result result;
    if (!pick_parse(call, &root, err))
        return false;
    if (!pick_need(call, root, "event.event_type", &event, err)) {
        err_hint(err, json_object_get(root, "messages")
                          ? "this is a webhook of version 1 or 2: make a subscription of version 3"
                          : "a webhook subscription of version 3 sends it");
        return false;
    }
    result_begin(&result, place_text(call, event), pick_text(call, root, "event.id"));
    const struct step *step = step_of(event);
    if (!step)
        result_ignore(&result, "neither the start nor the end of an incident");
    else if (step->ignored)
        result_ignore(&result, step->ignored);
    else if (!read_incident(call, root, step->status, &result, err))
        return false;
    *out = result;
    return true;
}

const struct hook_source source_pagerduty = {
    .name = "pagerduty",
    .about = "Integrations, Generic Webhooks (v3): incident.triggered, acknowledged, resolved",
    .verify = verify,
    .read = read,
};
