/* GitLab: deployments, pipelines, feature flags, releases, pushes.
 * https://docs.gitlab.com/user/project/integrations/webhook_events/ */
#include <string.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sign.h"
#include "hooks/sources.h"
#include "hooks/stamp.h"

#define SOURCE "hook/gitlab"

enum { ENVS_MAX = 32 }; /* environments of one pipeline; further ones are not looked at */

/* The signature where there is one; else the secret itself, as older versions send it. */
static bool verify(const struct hook_call *call, struct err *err)
{
    const char *token = sign_header(call, "X-Gitlab-Token");
    if (sign_header(call, "webhook-signature"))
        return sign_standard(call, err);
    if (token && sign_is_secret(call, token))
        return true;
    if (token)
        err_set(err, ERR_REFUSED, "X-Gitlab-Token is none of the secrets of this hook");
    else
        err_set(err, ERR_REFUSED, "neither webhook-signature nor X-Gitlab-Token came with it");
    err_hint(err, "the webhook over there needs the secret that plumb.conf has");
    return false;
}

/* Of this delivery, the same when it is sent again; "" in old versions, whose X-Gitlab-Event-UUID several
 * events may share. */
static const char *delivery_number(const struct hook_call *call)
{
    const char *number = sign_header(call, "Idempotency-Key");
    if (!number)
        number = sign_header(call, "webhook-id");
    return number ? number : "";
}

/* A delivery while it is read. */
struct reading {
    const struct hook_call *call;
    const json_t *root;
    const char *service;
    const char *host; /* "gitlab.com": numbers are unique there */
    struct hook_result *out;
};

static const char *text(const struct reading *r, const char *path)
{
    return pick_text(r->call, r->root, path);
}

static const char *host_of(const struct hook_call *call, const char *url)
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : "";
    return arena_strndup(call->arena, start, strcspn(start, "/"));
}

static bool is_preview(const struct reading *r, const char *env)
{
    return !r->call->settings->with_previews && text_starts(env, "review/");
}

static bool ignore_preview(const struct reading *r)
{
    return result_ignore(r->out, "a review environment; 'previews = on' takes them");
}

/* False: it tells of no progress. */
static bool status_of(const char *state, enum change_status *out)
{
    static const struct {
        const char *state;
        enum change_status status;
    } states[] = {
        {"created", STATUS_QUEUED},     {"pending", STATUS_QUEUED},
        {"preparing", STATUS_QUEUED},   {"waiting_for_resource", STATUS_QUEUED},
        {"scheduled", STATUS_PLANNED},  {"blocked", STATUS_PLANNED},
        {"running", STATUS_RUNNING},    {"canceling", STATUS_RUNNING},
        {"success", STATUS_SUCCEEDED},  {"failed", STATUS_FAILED},
        {"canceled", STATUS_CANCELLED},
    };
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].state, state) != 0)
            continue;
        *out = states[i].status;
        return true;
    }
    return false;
}

static bool read_deployment(const struct reading *r, struct err *err)
{
    const char *id, *state, *env = text(r, "environment");
    enum change_status status;
    if (!pick_need(r->call, r->root, "deployment_id", &id, err) ||
        !pick_need(r->call, r->root, "status", &state, err))
        return false;
    r->out->event = arena_printf(r->call->arena, "%s %.40s", r->out->event, state);
    if (!status_of(state, &status))
        return result_ignore(r->out, "a status that says nothing of progress");
    if (is_preview(r, env))
        return ignore_preview(r);
    struct change *change = result_change(r->call, r->out, CHANGE_DEPLOY, SOURCE);
    change->key = place_text(r->call, arena_printf(r->call->arena, "gl:%s:%s", r->host, id));
    change->service = r->service;
    change->env = place_env(r->call, env);
    const char *commit = text(r, "commit_url");
    change->rev = place_text(r->call, place_sha(r->call, commit, text(r, "short_sha")));
    change->diff = place_url(commit);
    change->by = place_person(r->call, pick_either(r->call, r->root, "user.username", "user.name"));
    change->msg = text(r, "commit_title");
    change->url = place_url(text(r, "deployable_url"));
    change->status = status;
    int64_t at_ms = stamp_ms(text(r, "status_changed_at"));
    at_ms = at_ms ? at_ms : r->call->now_ms;
    *(status >= STATUS_SUCCEEDED ? &change->end_ms : &change->start_ms) = at_ms;
    result_tag(r->call, change, "repo", text(r, "project.path_with_namespace"));
    result_tag(r->call, change, "ref", text(r, "ref"));
    result_tag(r->call, change, "tier", text(r, "environment_tier"));
    result_tag(r->call, change, "environment_url", text(r, "environment_external_url"));
    return true;
}

/* ---- pipelines ---- */

/* What the jobs of one environment come to. */
struct stage {
    const char *env, *tier;
    bool is_running, has_failed, is_cancelled, has_begun, is_waiting;
    int64_t start_ms, end_ms;
};

static void add_job(const struct reading *r, struct stage *stage, const json_t *job)
{
    const char *state = pick_text(r->call, job, "status");
    enum change_status status = STATUS_UNKNOWN;
    const int64_t start_ms = stamp_ms(pick_text(r->call, job, "started_at"));
    const int64_t end_ms = stamp_ms(pick_text(r->call, job, "finished_at"));
    if (!status_of(state, &status) || strcmp(state, "created") == 0 || status == STATUS_PLANNED)
        return; /* not its turn yet; waits for a hand; left out */
    stage->has_begun = true;
    stage->is_waiting |= status == STATUS_QUEUED;
    stage->is_running |= status == STATUS_RUNNING;
    stage->has_failed |= status == STATUS_FAILED && !pick_is_true(job, "allow_failure");
    stage->is_cancelled |= status == STATUS_CANCELLED;
    if (start_ms && (!stage->start_ms || start_ms < stage->start_ms))
        stage->start_ms = start_ms;
    if (end_ms > stage->end_ms)
        stage->end_ms = end_ms;
}

static enum change_status stage_status(const struct stage *stage)
{
    if (stage->has_failed)
        return STATUS_FAILED;
    if (stage->is_running || (stage->is_waiting && stage->end_ms))
        return STATUS_RUNNING;
    if (stage->is_waiting)
        return STATUS_QUEUED;
    return stage->is_cancelled ? STATUS_CANCELLED : STATUS_SUCCEEDED;
}

/* Gathers the jobs by environment; those that tear one down do not deploy. Returns how many. */
static size_t stages_of(const struct reading *r, struct stage stages[ENVS_MAX])
{
    size_t n = 0;
    const json_t *jobs = json_object_get(r->root, "builds");
    for (size_t i = 0; i < json_array_size(jobs); i++) {
        const json_t *job = json_array_get(jobs, i);
        const char *env = pick_text(r->call, job, "environment.name");
        const char *action = pick_text(r->call, job, "environment.action");
        if (!env[0] || (action[0] && strcmp(action, "start") != 0))
            continue;
        size_t k = 0;
        while (k < n && strcmp(stages[k].env, env) != 0)
            k++;
        if (k == ENVS_MAX)
            continue;
        if (k == n)
            stages[n++] = (struct stage){
                .env = env, .tier = pick_text(r->call, job, "environment.deployment_tier")};
        add_job(r, &stages[k], job);
    }
    return n;
}

static void stage_change(const struct reading *r, const struct stage *stage, const char *id)
{
    struct change *change = result_change(r->call, r->out, CHANGE_DEPLOY, SOURCE);
    change->key =
        place_text(r->call, arena_printf(r->call->arena, "gl:%s:p:%s:%s", r->host, id, stage->env));
    change->service = r->service;
    change->env = place_env(r->call, stage->env);
    change->rev = place_text(r->call, text(r, "object_attributes.sha"));
    change->by = place_person(r->call, pick_either(r->call, r->root, "user.username", "user.name"));
    change->msg =
        place_first_line(r->call, pick_either(r->call, r->root, "commit.title", "commit.message"));
    change->url = place_url(text(r, "object_attributes.url"));
    change->diff = place_url(text(r, "commit.url"));
    change->status = stage_status(stage);
    change->start_ms =
        stage->start_ms ? stage->start_ms : stamp_ms(text(r, "object_attributes.created_at"));
    if (change->status >= STATUS_SUCCEEDED)
        change->end_ms = stage->end_ms ? stage->end_ms : r->call->now_ms;
    result_tag(r->call, change, "repo", text(r, "project.path_with_namespace"));
    result_tag(r->call, change, "ref", text(r, "object_attributes.ref"));
    result_tag(r->call, change, "trigger", text(r, "object_attributes.source"));
    result_tag(r->call, change, "tier", stage->tier);
}

static bool read_pipeline(const struct reading *r, struct err *err)
{
    const char *id;
    struct stage stages[ENVS_MAX];
    if (!pick_need(r->call, r->root, "object_attributes.id", &id, err))
        return false;
    r->out->event = arena_printf(r->call->arena, "%s %.40s", r->out->event,
                                 text(r, "object_attributes.status"));
    const size_t n = stages_of(r, stages);
    bool has_preview = false;
    for (size_t i = 0; i < n; i++) {
        has_preview |= is_preview(r, stages[i].env);
        if (stages[i].has_begun && !is_preview(r, stages[i].env))
            stage_change(r, &stages[i], id);
    }
    if (r->out->n_changes)
        return true;
    if (has_preview)
        return ignore_preview(r);
    return result_ignore(r->out, n ? "no job with an environment has begun"
                                   : "no job of this pipeline has an environment");
}

/* ---- the others ---- */

static bool read_flag(const struct reading *r, struct err *err)
{
    const char *name;
    if (!pick_need(r->call, r->root, "object_attributes.name", &name, err))
        return false;
    const bool is_on = pick_is_true(r->root, "object_attributes.active");
    struct change *change = result_change(r->call, r->out, CHANGE_FLAG, SOURCE);
    const char *number = delivery_number(r->call);
    if (!number[0])
        number = sign_header(r->call, "X-Gitlab-Event-UUID");
    if (number && number[0])
        change->key =
            place_text(r->call, arena_printf(r->call->arena, "gl:%s:%s", r->host, number));
    change->action = "toggle";
    change->service = r->service;
    change->by = place_person(r->call, pick_either(r->call, r->root, "user.username", "user.name"));
    change->msg = arena_printf(r->call->arena, "%s turned %s", name, is_on ? "on" : "off");
    change->old_value = is_on ? "off" : "on";
    change->new_value = is_on ? "on" : "off";
    change->url = place_url(text(r, "project.web_url"));
    change->start_ms = change->end_ms = r->call->now_ms; /* the hook says no time */
    change->status = STATUS_SUCCEEDED;
    result_tag(r->call, change, "flag", name);
    result_tag(r->call, change, "repo", text(r, "project.path_with_namespace"));
    return true;
}

static bool read_release(const struct reading *r, struct err *err)
{
    const char *tag, *action = text(r, "action");
    if (!pick_need(r->call, r->root, "tag", &tag, err))
        return false;
    r->out->event = arena_printf(r->call->arena, "%s %.40s", r->out->event, action);
    if (strcmp(action, "create") != 0)
        return result_ignore(r->out, "only 'create' counts: edits fire again");
    struct change *change = result_change(r->call, r->out, CHANGE_NOTE, SOURCE);
    change->key =
        place_text(r->call, arena_printf(r->call->arena, "gl:%s:rel:%s", r->host, text(r, "id")));
    change->action = "release";
    change->service = r->service;
    change->rev = place_text(r->call, tag);
    change->msg = pick_either(r->call, r->root, "name", "tag");
    change->url = place_url(text(r, "url"));
    change->start_ms = stamp_ms(pick_either(r->call, r->root, "released_at", "created_at"));
    change->end_ms = change->start_ms;
    change->status = STATUS_SUCCEEDED;
    result_tag(r->call, change, "repo", text(r, "project.path_with_namespace"));
    return true;
}

static void read_commits(const struct reading *r)
{
    const json_t *commits = json_object_get(r->root, "commits");
    for (size_t i = 0; i < json_array_size(commits); i++) {
        const json_t *one = json_array_get(commits, i);
        result_commit(r->call, r->out, pick_text(r->call, one, "id"),
                      pick_either(r->call, one, "title", "message"),
                      stamp_ms(pick_text(r->call, one, "timestamp")));
    }
    for (size_t i = 0; i < r->out->commits.n; i++)
        r->out->commits.items[i].service = r->service;
}

static void push_change(const struct reading *r, const char *ref)
{
    struct change *change = result_change(r->call, r->out, CHANGE_DEPLOY, SOURCE);
    const char *after = text(r, "after"), *before = text(r, "before");
    change->key =
        place_text(r->call, arena_printf(r->call->arena, "gl:%s:push:%s:%s", r->host, after, ref));
    change->service = r->service;
    change->rev = place_text(r->call, after);
    if (before[strspn(before, "0")])
        change->prev = place_text(r->call, before);
    change->by = place_person(r->call, pick_either(r->call, r->root, "user_username", "user_name"));
    if (r->out->commits.n)
        change->msg = r->out->commits.items[r->out->commits.n - 1].title;
    if (change->prev[0])
        change->diff = place_url(arena_printf(r->call->arena, "%s/-/compare/%s...%s",
                                              text(r, "project.web_url"), before, after));
    change->start_ms = change->end_ms = r->call->now_ms; /* the hook says no time */
    change->status = STATUS_SUCCEEDED;
    result_tag(r->call, change, "repo", text(r, "project.path_with_namespace"));
    result_tag(r->call, change, "ref", ref);
}

static bool read_push(const struct reading *r, struct err *err)
{
    const char *ref, *branch = text(r, "project.default_branch"), *after = text(r, "after");
    if (!pick_need(r->call, r->root, "ref", &ref, err))
        return false;
    const bool is_deploy = place_is_deploy_ref(r->call, ref);
    const bool is_main_line =
        !branch[0] || strcmp(ref, arena_printf(r->call->arena, "refs/heads/%s", branch)) == 0;
    if (!after[strspn(after, "0")])
        return result_ignore(r->out, "a branch or tag was deleted");
    if (!is_deploy && !is_main_line)
        return result_ignore(r->out, "neither the default branch nor one of push-refs");
    read_commits(r);
    if (is_deploy)
        push_change(r, ref);
    else if (r->out->commits.n == 0)
        return result_ignore(r->out, "no commits");
    return true;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    static const struct {
        const char *kind;
        bool (*read)(const struct reading *r, struct err *err);
    } kinds[] = {
        {"deployment", read_deployment}, {"pipeline", read_pipeline}, {"feature_flag", read_flag},
        {"release", read_release},       {"push", read_push},         {"tag_push", read_push},
    };
    struct hook_result result;
    json_auto_t *root = NULL;
    const char *kind, *project;
    if (!pick_parse(call, &root, err) || !pick_need(call, root, "object_kind", &kind, err))
        return false;
    result_begin(&result, place_text(call, kind), delivery_number(call));
    result_ignore(&result, "an event that is no change");
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        if (!pick_need(call, root, "project.path_with_namespace", &project, err))
            return false;
        result.fate = HOOK_TAKEN;
        result.reason = "";
        const struct reading reading = {
            .call = call,
            .root = root,
            .service = place_service(call, project, NULL),
            .host = host_of(call, pick_text(call, root, "project.web_url")),
            .out = &result,
        };
        if (!reading.service)
            result_ignore(&result, "plumb.conf says '-' for this project");
        else if (!kinds[i].read(&reading, err))
            return false;
    }
    *out = result;
    return true;
}

const struct hook_source source_gitlab = {
    .name = "gitlab",
    .about = "Settings, Webhooks: a secret or signing token, and Deployment, Push, Release and "
             "Feature flag events (Pipeline events instead of Deployment where those lack)",
    .verify = verify,
    .read = read,
};
