/* Atlassian Statuspage's webhooks, and those of Instatus, which have the same shape: what goes wrong at
 * a vendor. An incident or maintenance is one change from its start to its end; a component that changes
 * its status is a point. */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sources.h"
#include "model/service.h"

/* A page's own words for how far an incident is. */
static const struct stage {
    const char *name;
    enum change_status status;
} stages[] = {
    {"investigating", STATUS_RUNNING}, {"identified", STATUS_RUNNING},
    {"monitoring", STATUS_RUNNING},    {"resolved", STATUS_SUCCEEDED},
    {"postmortem", STATUS_SUCCEEDED},  {"scheduled", STATUS_PLANNED},
    {"notstartedyet", STATUS_PLANNED}, {"in_progress", STATUS_RUNNING},
    {"inprogress", STATUS_RUNNING},    {"verifying", STATUS_RUNNING},
    {"completed", STATUS_SUCCEEDED},
};

/* The page's host, without the words that every page has: "stripe.com" of status.stripe.com. The page's
 * id where no address is told. */
static const char *vendor(const struct hook_call *call, const json_t *root)
{
    static const char *const paths[] = {"page.url", "meta.unsubscribe"};
    static const char *const common[] = {"www.", "status."};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const char *host = strstr(pick_text(call, root, paths[i]), "://");
        if (!host)
            continue;
        host += strlen("://");
        for (size_t k = 0; k < COUNT_OF(common); k++)
            host += text_starts(host, common[k]) ? strlen(common[k]) : 0;
        return arena_strndup(call->arena, host, strcspn(host, ":/?#"));
    }
    return pick_text(call, root, "page.id");
}

/* "stripe.com", or of a component "stripe.com/api": asking for the vendor finds both. */
static const char *service_of(const struct hook_call *call, const json_t *root,
                              const char *component)
{
    const char *page = vendor(call, root);
    const char *name = component[0] ? arena_printf(call->arena, "%s/%s", page, component) : page;
    return place_service_or(call, name, service_slug(name, call->arena));
}

/* Its name, and the newest thing said about it. */
static const char *message(const struct hook_call *call, const json_t *incident)
{
    const char *name = pick_text(call, incident, "name");
    const json_t *updates = json_object_get(incident, "incident_updates");
    if (!updates)
        updates = json_object_get(incident, "maintenance_updates");
    const char *body = pick_text(call, json_array_get(updates, 0), "body");
    return body[0] ? arena_printf(call->arena, "%s: %s", name, body) : name;
}

/* The first of the times that is told. */
static bool first_time(const struct hook_call *call, const json_t *incident,
                       const char *const *paths, int64_t *out_ms, struct err *err)
{
    for (*out_ms = 0; *paths && !*out_ms; paths++)
        if (!pick_time(call, incident, *paths, out_ms, err))
            return false;
    return true;
}

static bool take_times(const struct hook_call *call, const json_t *incident, struct change *change,
                       struct err *err)
{
    static const char *const starts[] = {"scheduled_for", "started_at", "created_at", NULL};
    static const char *const ends[] = {"resolved_at", "updated_at", NULL};
    if (!first_time(call, incident, starts, &change->start_ms, err))
        return false;
    if (!change->start_ms)
        return FAIL(err, ERR_INPUT, "created_at is missing");
    if (change->status != STATUS_SUCCEEDED)
        return true;
    if (!first_time(call, incident, ends, &change->end_ms, err))
        return false;
    change->end_ms = max_i64(change->end_ms ? change->end_ms : call->now_ms, change->start_ms);
    return true;
}

static const struct stage *stage_of(const char *status)
{
    for (size_t i = 0; i < COUNT_OF(stages); i++)
        if (strcasecmp(stages[i].name, status) == 0)
            return &stages[i];
    return NULL;
}

/* A delivery while it is read. */
struct reading {
    const struct hook_call *call;
    const json_t *root;
    struct hook_result *out;
};

/* A change of the page's, or of its component's; NULL: it is not to count, and the result says why. */
static struct change *begin(const struct reading *r, const char *component)
{
    const char *service = service_of(r->call, r->root, component);
    if (!service) {
        result_ignore(r->out, "plumb.conf says '-' for this page or component");
        return NULL;
    }
    struct change *change = result_change(r->call, r->out, CHANGE_THIRDPARTY, "hook/statuspage");
    change->service = service;
    result_tag(r->call, change, "page", pick_text(r->call, r->root, "page.id"));
    return change;
}

static bool read_incident(const struct reading *r, const json_t *incident, struct err *err)
{
    const struct hook_call *call = r->call;
    const char *id = pick_text(call, incident, "id");
    const char *status = pick_text(call, incident, "status");
    const struct stage *stage = stage_of(status);
    result_begin(r->out, arena_printf(call->arena, "incident %.40s", status), "");
    if (!id[0])
        return FAIL(err, ERR_INPUT, "the incident's id is missing");
    if (!stage)
        return FAIL(err, ERR_INPUT, "status '%.40s' of an incident is not known", status);
    struct change *change = begin(r, "");
    if (!change)
        return true;
    change->status = stage->status;
    if (!take_times(call, incident, change, err))
        return false;
    change->key = arena_printf(call->arena, "sp:%.64s", id);
    change->msg = message(call, incident);
    change->url = place_url(pick_text(call, incident, "shortlink"));
    if (!change->url[0])
        change->url = place_url(pick_text(call, incident, "url"));
    result_tag(call, change, "impact", pick_text(call, incident, "impact"));
    return true;
}

static const char *words(const struct hook_call *call, const char *status)
{
    char *text = arena_strdup(call->arena, status);
    text_lower(text);
    for (char *at = text; *at; at++)
        if (*at == '_')
            *at = ' ';
    return text;
}

static bool read_component(const struct reading *r, struct err *err)
{
    const struct hook_call *call = r->call;
    const json_t *update = json_object_get(r->root, "component_update");
    const char *name, *id = pick_text(call, update, "id");
    int64_t at_ms;
    result_begin(r->out, "component_update", "");
    if (!pick_need(call, r->root, "component.name", &name, err) ||
        !pick_time(call, r->root, "component_update.created_at", &at_ms, err))
        return false;
    if (!at_ms)
        return FAIL(err, ERR_INPUT, "component_update.created_at is missing");
    struct change *change = begin(r, name);
    if (!change)
        return true;
    change->status = STATUS_SUCCEEDED;
    change->start_ms = change->end_ms = at_ms;
    change->key = id[0] ? arena_printf(call->arena, "sp:update:%.64s", id)
                        : arena_printf(call->arena, "sp:update:%.64s:%lld",
                                       pick_text(call, update, "component_id"), (long long)at_ms);
    change->old_value = place_text(call, pick_text(call, update, "old_status"));
    change->new_value = place_text(call, pick_text(call, update, "new_status"));
    change->msg = arena_printf(call->arena, "%s: %s", name, words(call, change->new_value));
    result_tag(call, change, "component", name);
    return true;
}

static bool read_body(const struct reading *r, struct err *err)
{
    const json_t *incident = json_object_get(r->root, "incident");
    if (!incident)
        incident = json_object_get(r->root, "maintenance");
    if (json_is_object(incident))
        return read_incident(r, incident, err);
    if (json_is_object(json_object_get(r->root, "component_update")))
        return read_component(r, err);
    return FAIL(err, ERR_INPUT, "there is neither an incident nor a component_update in it");
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    struct hook_result result;
    if (!pick_parse(call, &root, err) || !read_body(&(struct reading){call, root, &result}, err))
        return false;
    *out = result;
    return true;
}

const struct hook_source source_statuspage = {
    .name = "statuspage",
    .about = "the vendor's status page, Subscribe to updates, webhook",
    .read = read,
};
