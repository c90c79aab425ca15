/* PagerDuty's webhooks, version 3. */
#include <string.h>

#include "base/mem.h"
#include "hooks/parse.h"
#include "hooks/sources.h"

/* X-PagerDuty-Signature: v1=<hex>[,v1=<hex>...]: one for each secret that is valid over there, too. */
static bool verify(const struct hook_call *call, struct err *err)
{
    struct str rest = str_of(parse_header(call, "X-PagerDuty-Signature")), one;
    if (call->settings->n_secrets == 0)
        return true;
    if (rest.n == 0)
        return FAIL(err, ERR_REFUSED, "the header X-PagerDuty-Signature is missing");
    while (str_split(&rest, ',', &one)) {
        one = str_trim(one);
        if (str_starts(one, "v1=") && parse_is_signed(call, one.at + 3, one.n - 3))
            return true;
    }
    err_set(err, ERR_REFUSED, "X-PagerDuty-Signature does not fit the body");
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

static void add_tags(const struct hook_call *call, const json_t *root, struct change *change)
{
    static const struct {
        const char *key, *path;
    } tags[] = {{"urgency", "event.data.urgency"},
                {"priority", "event.data.priority.summary"},
                {"number", "event.data.number"},
                {"policy", "event.data.escalation_policy.summary"}};
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        parse_tag(call, change, (struct tag){tags[i].key, parse_text(call, root, tags[i].path)});
}

static bool take_times(const struct hook_call *call, const json_t *root, struct change *change,
                       struct err *err)
{
    int64_t occurred_ms;
    if (!parse_time_at(call, root, "event.data.created_at", &change->start_ms, err) ||
        !parse_time_at(call, root, "event.occurred_at", &occurred_ms, err))
        return false;
    if (!occurred_ms)
        occurred_ms = call->now_ms;
    if (!change->start_ms)
        change->start_ms = occurred_ms;
    if (change->status != STATUS_RUNNING)
        change->end_ms = max_i64(occurred_ms, change->start_ms);
    return true;
}

static bool read_incident(const struct hook_call *call, const json_t *root, const struct step *step,
                          struct hook_result *out, struct err *err)
{
    const char *id = parse_field(call, root, "event.data.id");
    if (!id[0])
        return FAIL(err, ERR_INPUT, "event.data.id is missing");
    struct change change = change_blank();
    change.kind = CHANGE_INCIDENT;
    change.status = step->status;
    if (!take_times(call, root, &change, err))
        return false;
    change.source = "hook/pagerduty";
    change.key = arena_printf(call->arena, "pd:%.64s", id);
    change.service = parse_service(call, parse_text(call, root, "event.data.service.summary"));
    change.msg = parse_text(call, root, "event.data.title");
    change.url = parse_url(call, root, "event.data.html_url");
    if (strcmp(parse_text(call, root, "event.agent.type"), "user_reference") == 0)
        change.by = parse_field(call, root, "event.agent.summary");
    add_tags(call, root, &change);
    parse_add(call, out, &change);
    return true;
}

static bool read_body(const struct hook_call *call, const json_t *root, struct hook_result *out,
                      struct err *err)
{
    out->event = parse_field(call, root, "event.event_type");
    out->delivery = parse_field(call, root, "event.id");
    if (!out->event[0]) {
        err_set(err, ERR_INPUT, "event.event_type is missing");
        err_hint(err, json_object_get(root, "messages")
                          ? "this is a webhook of version 1 or 2: make a subscription of version 3"
                          : "a webhook subscription of version 3 sends it");
        return false;
    }
    const struct step *step = step_of(out->event);
    if (!step)
        return parse_ignore(out, "neither the start nor the end of an incident");
    if (step->ignored)
        return parse_ignore(out, step->ignored);
    return read_incident(call, root, step, out, err);
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    CLEANUP(parse_done) json_t *root = NULL;
    *out = (struct hook_result){.event = "", .delivery = "", .reason = ""};
    return parse_object(call, &root, err) && read_body(call, root, out, err);
}

const struct hook_source source_pagerduty = {
    .name = "pagerduty",
    .about = "Integrations, Generic Webhooks (v3): incident.triggered, acknowledged, resolved",
    .verify = verify,
    .read = read,
};
