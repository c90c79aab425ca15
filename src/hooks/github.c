/* GitHub: deployments, releases, pushes.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads */
#include <string.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sign.h"
#include "hooks/sources.h"
#include "hooks/stamp.h"

#define SOURCE "hook/github"

enum { PAYLOAD_TAGS_MAX = 16 }; /* of what the deployer put into the deployment */

static bool verify(const struct hook_call *call, struct err *err)
{
    static const char prefix[] = "sha256=";
    static const char hint[] =
        "the webhook's settings over there need the secret that plumb.conf has";
    const char *given = sign_header(call, "X-Hub-Signature-256");
    if (!given) {
        err_set(err, ERR_REFUSED, "the header X-Hub-Signature-256 is missing%s",
                sign_header(call, "X-Hub-Signature") ? "; X-Hub-Signature (SHA-1) is not enough"
                                                     : "");
        err_hint(err, hint);
        return false;
    }
    if (!text_starts(given, prefix))
        return FAIL(err, ERR_REFUSED, "X-Hub-Signature-256 is not 'sha256=' and hex digits");
    if (sign_fits(call, call->body, call->n_body, SIGN_HEX, given + sizeof prefix - 1))
        return true;
    err_set(err, ERR_REFUSED,
            "X-Hub-Signature-256 does not fit the body with any secret of this hook");
    err_hint(err, hint);
    return false;
}

/* A delivery while it is read. */
struct reading {
    const struct hook_call *call;
    const json_t *root;
    const char *service;
    struct hook_result *out;
};

static const char *text(const struct reading *r, const char *path)
{
    return pick_text(r->call, r->root, path);
}

/* Numbers are GitHub's own, or those of an Enterprise server. */
static const char *key_of(const struct reading *r, const char *what, const char *id)
{
    const char *host = sign_header(r->call, "X-GitHub-Enterprise-Host");
    return place_text(r->call, arena_printf(r->call->arena, "gh:%s%s%s%s", host ? host : "",
                                            host ? ":" : "", what, id));
}

static void put_refs(const struct reading *r, struct change *change)
{
    const char *sha = text(r, "deployment.sha"), *home = text(r, "repository.html_url");
    change->rev = place_text(r->call, sha);
    if (sha[0] && home[0])
        change->diff = place_url(arena_printf(r->call->arena, "%s/commit/%s", home, sha));
    result_tag(r->call, change, "repo", text(r, "repository.full_name"));
    result_tag(r->call, change, "ref", text(r, "deployment.ref"));
}

/* What the deployer handed along: flat members of an object. */
static void put_payload(const struct reading *r, struct change *change)
{
    json_t *payload = json_object_get(json_object_get(r->root, "deployment"), "payload");
    int n = 0;
    for (void *at = json_object_iter(payload); at && n < PAYLOAD_TAGS_MAX;
         at = json_object_iter_next(payload, at)) {
        const char *key = json_object_iter_key(at);
        if (strchr(key, '.') || strlen(key) > CHANGE_FIELD_MAX / 4)
            continue; /* no path of ours */
        result_tag(r->call, change, key, pick_text(r->call, payload, key));
        n++;
    }
}

/* A robot deploys for whoever started it. */
static const char *deployer(const struct reading *r)
{
    const char *by = text(r, "deployment.creator.login");
    const char *human =
        pick_either(r->call, r->root, "workflow_run.triggering_actor.login", "sender.login");
    return place_person(r->call, by[0] && !(text_ends(by, "[bot]") && human[0]) ? by : human);
}

/* What deployment and deployment_status have in common. NULL: it is not to count, and out says so; or
 * err says what is missing (its kind is set). */
static struct change *deployment(const struct reading *r, struct err *err)
{
    const char *id;
    if (!pick_need(r->call, r->root, "deployment.id", &id, err))
        return NULL;
    if (pick_is_true(r->root, "deployment.transient_environment") &&
        !r->call->settings->with_previews) {
        result_ignore(r->out, "a preview environment; 'previews = on' takes them");
        return NULL;
    }
    struct change *change = result_change(r->call, r->out, CHANGE_DEPLOY, SOURCE);
    change->key = key_of(r, "", id);
    change->service = r->service;
    change->env = place_env(r->call, pick_either(r->call, r->root, "deployment_status.environment",
                                                 "deployment.environment"));
    change->msg = text(r, "deployment.description");
    change->by = deployer(r);
    change->start_ms = stamp_ms(text(r, "deployment.created_at"));
    put_refs(r, change);
    const char *task = text(r, "deployment.task");
    if (strcmp(task, "rollback") == 0)
        change->action = "rollback";
    else if (strcmp(task, "deploy") != 0)
        result_tag(r->call, change, "task", task);
    put_payload(r, change);
    return change;
}

static bool read_deployment(const struct reading *r, struct err *err)
{
    const char *action = text(r, "action");
    if (action[0] && strcmp(action, "created") != 0)
        return result_ignore(r->out, "only 'created' tells of a deployment");
    struct change *change = deployment(r, err);
    if (!change)
        return r->out->fate == HOOK_IGNORED;
    change->status = STATUS_QUEUED;
    return true;
}

/* False: not one that tells of progress. */
static bool status_of(const char *state, enum change_status *out)
{
    static const struct {
        const char *state;
        enum change_status status;
    } states[] = {
        {"pending", STATUS_QUEUED},      {"queued", STATUS_QUEUED},     {"waiting", STATUS_QUEUED},
        {"in_progress", STATUS_RUNNING}, {"success", STATUS_SUCCEEDED}, {"failure", STATUS_FAILED},
        {"error", STATUS_FAILED},
    };
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].state, state) != 0)
            continue;
        *out = states[i].status;
        return true;
    }
    return false;
}

static bool read_status(const struct reading *r, struct err *err)
{
    const char *state;
    enum change_status status;
    if (!pick_need(r->call, r->root, "deployment_status.state", &state, err))
        return false;
    r->out->event = arena_printf(r->call->arena, "deployment_status %.40s", state);
    if (strcmp(state, "inactive") == 0)
        return result_ignore(r->out, "inactive: a later deployment took its place");
    if (!status_of(state, &status))
        return result_ignore(r->out, "a state that says nothing of progress");
    struct change *change = deployment(r, err);
    if (!change)
        return r->out->fate == HOOK_IGNORED;
    change->status = status;
    const int64_t at_ms = stamp_ms(text(r, "deployment_status.created_at"));
    if (status >= STATUS_SUCCEEDED)
        change->end_ms = at_ms ? at_ms : r->call->now_ms;
    if (change->start_ms > at_ms && at_ms)
        change->start_ms = at_ms;
    const char *said = text(r, "deployment_status.description");
    if (!change->msg[0])
        change->msg = said;
    else if (status == STATUS_FAILED && said[0])
        change->msg = arena_printf(r->call->arena, "%s: %s", change->msg, said);
    change->url = place_url(
        pick_either(r->call, r->root, "deployment_status.log_url", "deployment_status.target_url"));
    result_tag(r->call, change, "environment_url", text(r, "deployment_status.environment_url"));
    return true;
}

static bool read_release(const struct reading *r, struct err *err)
{
    const char *id;
    r->out->event = arena_printf(r->call->arena, "release %.40s", text(r, "action"));
    if (strcmp(text(r, "action"), "published") != 0)
        return result_ignore(r->out, "only 'published' counts: edits fire again");
    if (pick_is_true(r->root, "release.draft"))
        return result_ignore(r->out, "a draft");
    if (!pick_need(r->call, r->root, "release.id", &id, err))
        return false;
    struct change *change = result_change(r->call, r->out, CHANGE_NOTE, SOURCE);
    change->key = key_of(r, "rel:", id);
    change->action = "release";
    change->service = r->service;
    change->rev = place_text(r->call, text(r, "release.tag_name"));
    change->msg = pick_either(r->call, r->root, "release.name", "release.tag_name");
    change->by = place_person(r->call, text(r, "release.author.login"));
    change->url = place_url(text(r, "release.html_url"));
    change->start_ms = change->end_ms = stamp_ms(text(r, "release.published_at"));
    change->status = STATUS_SUCCEEDED;
    result_tag(r->call, change, "repo", text(r, "repository.full_name"));
    result_tag(r->call, change, "target", text(r, "release.target_commitish"));
    if (pick_is_true(r->root, "release.prerelease"))
        result_tag(r->call, change, "prerelease", "true");
    return true;
}

static void read_commits(const struct reading *r)
{
    const json_t *commits = json_object_get(r->root, "commits");
    for (size_t i = 0; i < json_array_size(commits); i++) {
        const json_t *one = json_array_get(commits, i);
        result_commit(r->call, r->out, pick_text(r->call, one, "id"),
                      pick_text(r->call, one, "message"),
                      stamp_ms(pick_text(r->call, one, "timestamp")));
    }
    for (size_t i = 0; i < r->out->commits.n; i++)
        r->out->commits.items[i].service = r->service;
}

/* pushed_at is a text or, in a push, a number of seconds. */
static int64_t pushed_ms(const struct reading *r)
{
    const int64_t at_s = pick_i64(r->root, "repository.pushed_at");
    const int64_t at_ms = at_s > 0 && at_s < INT64_C(5000000000)
                              ? at_s * 1000
                              : stamp_ms(text(r, "repository.pushed_at"));
    return at_ms ? at_ms : r->call->now_ms;
}

static void push_change(const struct reading *r, const char *ref)
{
    struct change *change = result_change(r->call, r->out, CHANGE_DEPLOY, SOURCE);
    const char *after = text(r, "after"), *before = text(r, "before");
    change->key = key_of(r, "push:", arena_printf(r->call->arena, "%s:%s", after, ref));
    change->service = r->service;
    change->rev = place_text(r->call, after);
    if (before[strspn(before, "0")])
        change->prev = place_text(r->call, before);
    change->by =
        place_person(r->call, pick_either(r->call, r->root, "sender.login", "pusher.name"));
    change->msg = place_first_line(r->call, text(r, "head_commit.message"));
    change->diff = place_url(text(r, "compare"));
    change->start_ms = change->end_ms = pushed_ms(r);
    change->status = STATUS_SUCCEEDED;
    result_tag(r->call, change, "repo", text(r, "repository.full_name"));
    result_tag(r->call, change, "ref", ref);
    if (pick_is_true(r->root, "forced"))
        result_tag(r->call, change, "forced", "true");
}

/* Is it the branch that deploys come from? Commits of others come again, when they are merged. */
static bool is_main_line(const struct reading *r, const char *ref)
{
    const char *branch = text(r, "repository.default_branch");
    return !branch[0] || strcmp(ref, arena_printf(r->call->arena, "refs/heads/%s", branch)) == 0;
}

static bool read_push(const struct reading *r, struct err *err)
{
    const char *ref;
    if (!pick_need(r->call, r->root, "ref", &ref, err))
        return false;
    const bool is_deploy = place_is_deploy_ref(r->call, ref);
    if (pick_is_true(r->root, "deleted"))
        return result_ignore(r->out, "a branch or tag was deleted");
    if (!is_deploy && !is_main_line(r, ref))
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
        const char *event;
        bool (*read)(const struct reading *r, struct err *err);
    } events[] = {
        {"deployment", read_deployment},
        {"deployment_status", read_status},
        {"push", read_push},
        {"release", read_release},
    };
    const char *event = sign_header(call, "X-GitHub-Event");
    if (!event)
        return FAIL(err, ERR_INPUT,
                    "the header X-GitHub-Event is missing: this is not from GitHub");
    struct hook_result result;
    json_auto_t *root = NULL;
    result_begin(&result, event, sign_header(call, "X-GitHub-Delivery"));
    if (!pick_parse(call, &root, err))
        return false;
    result_ignore(&result, strcmp(event, "ping") == 0 ? "pong" : "an event that is no change");
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        const char *repo;
        if (strcmp(events[i].event, event) != 0)
            continue;
        result.fate = HOOK_TAKEN;
        result.reason = "";
        if (!pick_need(call, root, "repository.full_name", &repo, err))
            return false;
        const struct reading reading = {call, root, place_service(call, repo, NULL), &result};
        if (!reading.service)
            result_ignore(&result, "plumb.conf says '-' for this repository");
        else if (!events[i].read(&reading, err))
            return false;
    }
    *out = result;
    return true;
}

const struct hook_source source_github = {
    .name = "github",
    .about = "Settings, Webhooks: content type application/json, a secret, and the events "
             "Deployments, Deployment statuses, Pushes, Releases",
    .verify = verify,
    .read = read,
};
