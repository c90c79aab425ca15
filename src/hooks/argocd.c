/* Argo CD notifications, in the words of the template in docs/hooks.md. Argo tells the same sync more
 * than once: for each trigger, after each restart of its controller, when a pod is replaced. All of
 * these carry the start of the last operation, which is the key. */
#include <string.h>

#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sources.h"

static bool take_phase(const char *phase, enum change_status *out, struct err *err)
{
    static const struct {
        const char *phase;
        enum change_status status;
    } phases[] = {{"Running", STATUS_RUNNING},
                  {"Terminating", STATUS_RUNNING},
                  {"Succeeded", STATUS_SUCCEEDED},
                  {"Failed", STATUS_FAILED},
                  {"Error", STATUS_FAILED}};
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        if (strcmp(phase, phases[i].phase) != 0)
            continue;
        *out = phases[i].status;
        return true;
    }
    err_set(err, ERR_INPUT, "phase '%.40s' is not known", phase);
    err_hint(err, "Running, Succeeded, Failed and Error are");
    return false;
}

/* Where it runs: what the template says, else whichever of its names [hook NAME] maps. */
static const char *env_of(const struct hook_call *call, const json_t *root)
{
    static const char *const paths[] = {"namespace", "project", "server"};
    const char *env = pick_text(call, root, "env");
    if (env[0])
        return place_env(call, env);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const char *mapped = place_env_or(call, pick_text(call, root, paths[i]), NULL);
        if (mapped)
            return mapped;
    }
    return "";
}

static const char *service_of(const struct hook_call *call, const json_t *root)
{
    const char *app = pick_text(call, root, "app"), *project = pick_text(call, root, "project");
    return place_service(call, project[0] ? arena_printf(call->arena, "%s/%s", project, app) : app,
                         NULL);
}

static void put_tags(const struct hook_call *call, const json_t *root, struct change *change)
{
    static const char *const names[] = {"app", "project", "namespace", "server", "health", "sync"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        result_tag(call, change, names[i], pick_text(call, root, names[i]));
    result_tag(call, change, "argo", pick_text(call, root, "uid"));
}

/* The start and the end. A sync that has ended without saying when has ended now. */
static bool take_times(const struct hook_call *call, const json_t *root, struct change *change,
                       struct err *err)
{
    if (!pick_time(call, root, "startedAt", &change->start_ms, err) ||
        !pick_time(call, root, "finishedAt", &change->end_ms, err))
        return false;
    if (!change->start_ms)
        return FAIL(err, ERR_INPUT, "startedAt is missing: it tells one sync from the next");
    if (change->status == STATUS_RUNNING)
        change->end_ms = 0;
    else if (!change->end_ms)
        change->end_ms = max_i64(call->now_ms, change->start_ms);
    return true;
}

static bool read_sync(const struct hook_call *call, const json_t *root, struct hook_result *io,
                      struct err *err)
{
    const char *service = service_of(call, root);
    if (!service)
        return result_ignore(io, "plumb.conf says '-' for this application");
    struct change *change = result_change(call, io, CHANGE_DEPLOY, "hook/argocd");
    if (!take_phase(pick_text(call, root, "phase"), &change->status, err) ||
        !take_times(call, root, change, err))
        return false;
    change->key = arena_printf(call->arena, "argo:%s:%s", pick_text(call, root, "uid"),
                               pick_text(call, root, "startedAt"));
    change->service = service;
    change->env = env_of(call, root);
    change->rev = place_text(call, pick_text(call, root, "revision"));
    change->by = place_person(call, pick_text(call, root, "by"));
    change->msg = pick_text(call, root, "message");
    change->url = place_url(pick_text(call, root, "url"));
    put_tags(call, root, change);
    return true;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    const char *uid, *app;
    struct hook_result result;
    if (!pick_parse(call, &root, err))
        return false;
    if (!pick_need(call, root, "uid", &uid, err) || !pick_need(call, root, "app", &app, err)) {
        err_hint(err, "send the template of docs/hooks.md, section Argo CD");
        return false;
    }
    const char *phase = pick_text(call, root, "phase");
    result_begin(&result, arena_printf(call->arena, "sync %.40s", phase[0] ? phase : "none"), "");
    if (!phase[0] && !pick_text(call, root, "startedAt")[0])
        result_ignore(&result, "this application has never been synced");
    else if (strcmp(pick_text(call, root, "dryRun"), "true") == 0)
        result_ignore(&result, "a dry run changes nothing");
    else if (!read_sync(call, root, &result, err))
        return false;
    *out = result;
    return true;
}

const struct hook_source source_argocd = {
    .name = "argocd",
    .about = "argocd-notifications-cm: the webhook, template and trigger of docs/hooks.md",
    .read = read,
};
