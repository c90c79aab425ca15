/* Argo CD notifications, in the words of the template in docs/hooks.md. Argo tells the same sync more
 * than once: for each trigger, after each restart of its controller, when a pod is replaced. All of
 * these carry the start of the last operation, which is the key. */
#include <string.h>

#include "base/mem.h"
#include "hooks/parse.h"
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
    const char *env = parse_text(call, root, "env");
    if (env[0])
        return parse_env(call, env);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const char *name = parse_text(call, root, paths[i]);
        for (size_t k = 0; k < call->settings->n_envs; k++)
            if (strcmp(call->settings->envs[k].key, name) == 0)
                return call->settings->envs[k].value;
    }
    return "";
}

static const char *service_of(const struct hook_call *call, const json_t *root)
{
    const char *app = parse_text(call, root, "app"), *project = parse_text(call, root, "project");
    if (!project[0])
        return parse_service(call, app);
    return parse_service(call, arena_printf(call->arena, "%s/%s", project, app));
}

static void add_tags(const struct hook_call *call, const json_t *root, struct change *change)
{
    static const char *const names[] = {"app", "project", "namespace", "server", "health", "sync"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        parse_tag(call, change, (struct tag){names[i], parse_text(call, root, names[i])});
    parse_tag(call, change, (struct tag){"argo", parse_text(call, root, "uid")});
}

/* The start and the end. A sync that has ended without saying when has ended now. */
static bool take_times(const struct hook_call *call, const json_t *root, struct change *change,
                       struct err *err)
{
    if (!parse_time_at(call, root, "startedAt", &change->start_ms, err) ||
        !parse_time_at(call, root, "finishedAt", &change->end_ms, err))
        return false;
    if (change->status == STATUS_RUNNING)
        change->end_ms = 0;
    else if (!change->end_ms)
        change->end_ms = max_i64(call->now_ms, change->start_ms);
    return true;
}

static bool is_dry_run(const struct hook_call *call, const json_t *root)
{
    return json_is_true(parse_at(root, "dryRun")) ||
           strcmp(parse_text(call, root, "dryRun"), "true") == 0;
}

static bool read_body(const struct hook_call *call, const json_t *root, struct hook_result *out,
                      struct err *err)
{
    const char *uid = parse_text(call, root, "uid"), *phase = parse_text(call, root, "phase");
    const char *started = parse_text(call, root, "startedAt");
    out->event = arena_printf(call->arena, "sync %s", phase[0] ? phase : "none");
    if (!uid[0] || !parse_text(call, root, "app")[0]) {
        err_set(err, ERR_INPUT, "%s is missing", uid[0] ? "app" : "uid");
        err_hint(err, "send the template of docs/hooks.md, section argocd");
        return false;
    }
    if (!phase[0] && !started[0])
        return parse_ignore(out, "this application has never been synced");
    if (is_dry_run(call, root))
        return parse_ignore(out, "a dry run changes nothing");
    struct change change = change_blank();
    if (!take_phase(phase, &change.status, err) || !take_times(call, root, &change, err))
        return false;
    if (!change.start_ms)
        return FAIL(err, ERR_INPUT, "startedAt is missing: it tells one sync from the next");
    change.key = arena_printf(call->arena, "argo:%s:%s", uid, started);
    change.source = "hook/argocd";
    change.service = service_of(call, root);
    change.env = env_of(call, root);
    change.rev = parse_field(call, root, "revision");
    change.by = parse_field(call, root, "by");
    change.msg = parse_text(call, root, "message");
    change.url = parse_url(call, root, "url");
    add_tags(call, root, &change);
    parse_add(call, out, &change);
    return true;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    CLEANUP(parse_done) json_t *root = NULL;
    *out = (struct hook_result){.event = "sync", .delivery = "", .reason = ""};
    return parse_object(call, &root, err) && read_body(call, root, out, err);
}

const struct hook_source source_argocd = {
    .name = "argocd",
    .about = "argocd-notifications-cm: the webhook, template and trigger of docs/hooks.md",
    .read = read,
};
