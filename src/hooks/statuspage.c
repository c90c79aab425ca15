/* Atlassian Statuspage's webhooks, and those of Instatus, which have the same shape: what goes wrong at
 * a vendor. An incident or maintenance is one change from its start to its end; a component that changes
 * its status is a point. */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "hooks/parse.h"
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
        const char *host = strstr(parse_text(call, root, paths[i]), "://");
        if (!host)
            continue;
        host += strlen("://");
        for (size_t k = 0; k < COUNT_OF(common); k++)
            host += text_starts(host, common[k]) ? strlen(common[k]) : 0;
        return arena_strndup(call->arena, host, strcspn(host, ":/?#"));
    }
    return parse_text(call, root, "page.id");
}

/* "stripe.com", or of a component "stripe.com/api": asking for the vendor finds both. */
static const char *service_of(const struct hook_call *call, const json_t *root,
                              const char *component)
{
    const char *page = vendor(call, root);
    const char *name = component[0] ? arena_printf(call->arena, "%s/%s", page, component) : page;
    const char *mapped = parse_mapped_service(call, name);
    if (mapped)
        return mapped;
    return service_slug(name, call->arena);
}

/* Its name, and the newest thing said about it. */
static const char *message(const struct hook_call *call, const json_t *incident)
{
    const char *name = parse_text(call, incident, "name");
    const json_t *updates = json_object_get(incident, "incident_updates");
    if (!updates)
        updates = json_object_get(incident, "maintenance_updates");
    const char *body = parse_text(call, json_array_get(updates, 0), "body");
    return body[0] ? arena_printf(call->arena, "%s: %s", name, body) : name;
}

/* The first of the times that is told. */
static bool first_time(const struct hook_call *call, const json_t *incident,
                       const char *const *paths, int64_t *out_ms, struct err *err)
{
    for (*out_ms = 0; *paths && !*out_ms; paths++)
        if (!parse_time_at(call, incident, *paths, out_ms, err))
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

static bool read_incident(const struct hook_call *call, const json_t *root, const json_t *incident,
                          struct hook_result *out, struct err *err)
{
    const char *id = parse_field(call, incident, "id");
    const char *status = parse_text(call, incident, "status");
    out->event = arena_printf(call->arena, "incident %s", parse_fit(call, status));
    if (!id[0])
        return FAIL(err, ERR_INPUT, "the incident's id is missing");
    const struct stage *stage = NULL;
    for (size_t i = 0; i < COUNT_OF(stages) && !stage; i++)
        if (strcasecmp(stages[i].name, status) == 0)
            stage = &stages[i];
    if (!stage)
        return FAIL(err, ERR_INPUT, "status '%.40s' of an incident is not known", status);
    struct change change = change_blank();
    change.kind = CHANGE_THIRDPARTY;
    change.status = stage->status;
    if (!take_times(call, incident, &change, err))
        return false;
    change.source = "hook/statuspage";
    change.key = arena_printf(call->arena, "sp:%.64s", id);
    change.service = service_of(call, root, "");
    change.msg = message(call, incident);
    change.url = parse_url(call, incident, "shortlink");
    if (!change.url[0])
        change.url = parse_url(call, incident, "url");
    parse_tag(call, &change, (struct tag){"impact", parse_text(call, incident, "impact")});
    parse_tag(call, &change, (struct tag){"page", parse_text(call, root, "page.id")});
    parse_add(call, out, &change);
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

static bool read_component(const struct hook_call *call, const json_t *root,
                           struct hook_result *out, struct err *err)
{
    const char *name = parse_text(call, root, "component.name");
    const char *id = parse_field(call, root, "component_update.id");
    const char *component = parse_field(call, root, "component_update.component_id");
    struct change change = change_blank();
    out->event = "component_update";
    if (!parse_time_at(call, root, "component_update.created_at", &change.start_ms, err))
        return false;
    if (!name[0] || !change.start_ms)
        return FAIL(err, ERR_INPUT, "%s is missing",
                    name[0] ? "component_update.created_at" : "component.name");
    change.kind = CHANGE_THIRDPARTY;
    change.status = STATUS_SUCCEEDED;
    change.end_ms = change.start_ms;
    change.source = "hook/statuspage";
    change.key = id[0] ? arena_printf(call->arena, "sp:update:%.64s", id)
                       : arena_printf(call->arena, "sp:update:%.64s:%lld", component,
                                      (long long)change.start_ms);
    change.service = service_of(call, root, name);
    change.old_value = parse_field(call, root, "component_update.old_status");
    change.new_value = parse_field(call, root, "component_update.new_status");
    change.msg = arena_printf(call->arena, "%s: %s", name, words(call, change.new_value));
    parse_tag(call, &change, (struct tag){"component", name});
    parse_tag(call, &change, (struct tag){"page", parse_text(call, root, "page.id")});
    parse_add(call, out, &change);
    return true;
}

static bool read_body(const struct hook_call *call, const json_t *root, struct hook_result *out,
                      struct err *err)
{
    const json_t *incident = json_object_get(root, "incident");
    if (!incident)
        incident = json_object_get(root, "maintenance");
    if (json_is_object(incident))
        return read_incident(call, root, incident, out, err);
    if (json_is_object(json_object_get(root, "component_update")))
        return read_component(call, root, out, err);
    return FAIL(err, ERR_INPUT, "there is neither an incident nor a component_update in it");
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    CLEANUP(parse_done) json_t *root = NULL;
    *out = (struct hook_result){.event = "", .delivery = "", .reason = ""};
    return parse_object(call, &root, err) && read_body(call, root, out, err);
}

const struct hook_source source_statuspage = {
    .name = "statuspage",
    .about = "the vendor's status page, Subscribe to updates, webhook",
    .read = read,
};
