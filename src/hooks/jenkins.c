/* Jenkins, by its Notification plugin, in JSON. Every phase of a build is one change.
 * https://plugins.jenkins.io/notification/ */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sources.h"
#include "model/redact.h"

/* A build while it is read. */
struct reading {
    const struct hook_call *call;
    const json_t *root;
};

static const char *text(const struct reading *r, const char *path)
{
    return pick_text(r->call, r->root, path);
}

/* "https://ci.example.org/job/deploy-website/18/" without the number, which need not be the job's. */
static const char *job_url(const struct reading *r, const char *number)
{
    const char *full = text(r, "build.full_url");
    const char *ending = arena_printf(r->call->arena, "/%s/", number);
    if (!full[0])
        return text(r, "url");
    return text_ends(full, ending)
               ? arena_strndup(r->call->arena, full, strlen(full) - strlen(ending) + 1)
               : full;
}

/* "job/shop/job/deploy-website/" is "shop/deploy-website". The last part is the name, which the address
 * may spell with escapes. */
static const char *job_path(const struct reading *r, const char *name)
{
    struct str rest = str_of(text(r, "url")), part, before = {"", 0};
    const char *path = "";
    while (str_split(&rest, '/', &part)) {
        if (part.n == 0 || str_is(part, "job"))
            continue;
        if (before.n)
            path = arena_printf(r->call->arena, "%s" STR_FMT "/", path, STR_ARG(before));
        before = part;
    }
    return arena_printf(r->call->arena, "%s%s", path, name);
}

/* A parameter by one of the names that people give it; "" without. */
static const char *parameter(const struct reading *r, const char *const *names, size_t n)
{
    json_t *parameters = json_object_get(json_object_get(r->root, "build"), "parameters");
    for (void *at = json_object_iter(parameters); at; at = json_object_iter_next(parameters, at))
        for (size_t i = 0; i < n; i++)
            if (strcasecmp(json_object_iter_key(at), names[i]) == 0 &&
                json_is_string(json_object_iter_value(at)))
                return arena_strdup(r->call->arena, json_string_value(json_object_iter_value(at)));
    return "";
}

/* They hold passwords more often than not. */
static void put_parameters(const struct reading *r, struct change *change)
{
    json_t *parameters = json_object_get(json_object_get(r->root, "build"), "parameters");
    for (void *at = json_object_iter(parameters); at; at = json_object_iter_next(parameters, at)) {
        const char *key = arena_strdup(r->call->arena, json_object_iter_key(at));
        const char *value = json_string_value(json_object_iter_value(at));
        if (value)
            result_tag(r->call, change, key, redact_tag(key, value, r->call->arena));
    }
}

/* Whose commits are in it, when they are few: the plugin does not say who pressed the button. */
static const char *culprits(const struct reading *r)
{
    const json_t *list = pick_at(r->root, "build.scm.culprits");
    const size_t n = json_array_size(list);
    const char *all = "";
    for (size_t i = 0; i < n && n <= 3; i++) {
        const char *one = json_string_value(json_array_get(list, i));
        if (one)
            all = arena_printf(r->call->arena, "%s%s%s", all, all[0] ? ", " : "",
                               place_person(r->call, one));
    }
    return place_text(r->call, all);
}

static enum change_status result_status(const char *result)
{
    if (strcmp(result, "SUCCESS") == 0 || strcmp(result, "UNSTABLE") == 0)
        return STATUS_SUCCEEDED; /* unstable: it is done, and tests failed; the tag says so */
    if (strcmp(result, "FAILURE") == 0)
        return STATUS_FAILED;
    if (strcmp(result, "ABORTED") == 0 || strcmp(result, "NOT_BUILT") == 0)
        return STATUS_CANCELLED;
    return STATUS_UNKNOWN;
}

/* False: a phase that is none of ours. */
static bool put_progress(const struct reading *r, const char *phase, struct change *change)
{
    const char *result = text(r, "build.status");
    int64_t at_ms = pick_i64(r->root, "build.timestamp");
    at_ms = at_ms > 0 ? at_ms : r->call->now_ms;
    change->start_ms = at_ms;
    if (strcmp(phase, "QUEUED") == 0) {
        change->status = STATUS_QUEUED;
        return true;
    }
    if (strcmp(phase, "STARTED") == 0) {
        change->status = STATUS_RUNNING;
        return true;
    }
    if (strcmp(phase, "COMPLETED") != 0 && strcmp(phase, "FINALIZED") != 0)
        return false;
    const int64_t took_ms = pick_i64(r->root, "build.duration");
    change->status = result_status(result);
    change->end_ms = at_ms;
    if (took_ms > 0 && took_ms < at_ms)
        change->start_ms = at_ms - took_ms;
    if (strcmp(result, "SUCCESS") != 0)
        result_tag(r->call, change, "result", result);
    return true;
}

static void put_texts(const struct reading *r, struct change *change, const char *number)
{
    static const char *const envs[] = {"env", "environment", "deploy_env", "target_env", "stage"};
    static const char *const revs[] = {"rev", "revision", "version", "commit", "sha", "tag"};
    const char *url = job_url(r, number), *commit = text(r, "build.scm.commit");
    change->key = place_text(r->call, arena_printf(r->call->arena, "jk:%s:%s", url, number));
    change->env = place_env(r->call, parameter(r, envs, COUNT_OF(envs)));
    change->rev = place_text(r->call, commit[0] ? commit : parameter(r, revs, COUNT_OF(revs)));
    change->by = culprits(r);
    change->msg = text(r, "build.notes");
    if (!change->msg[0])
        change->msg = arena_printf(r->call->arena, "%s #%s",
                                   pick_either(r->call, r->root, "display_name", "name"), number);
    change->url = place_url(text(r, "build.full_url"));
    result_tag(r->call, change, "ref", text(r, "build.scm.branch"));
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    const char *name, *number, *phase;
    if (!pick_parse(call, &root, err) || !pick_need(call, root, "name", &name, err) ||
        !pick_need(call, root, "build.phase", &phase, err) ||
        !pick_need(call, root, "build.number", &number, err))
        return false;
    const struct reading reading = {call, root};
    struct hook_result result;
    const char *status = text(&reading, "build.status");
    result_begin(&result,
                 arena_printf(call->arena, "%.40s%s%.40s", phase, status[0] ? " " : "", status),
                 "");
    const char *service = place_service(call, job_path(&reading, name), name);
    struct change *change = result_change(call, &result, CHANGE_DEPLOY, "hook/jenkins");
    if (!service) {
        result_ignore(&result, "plumb.conf says '-' for this job");
    } else if (!put_progress(&reading, phase, change)) {
        result_ignore(&result, "a phase that says nothing of progress");
    } else {
        change->service = service;
        put_texts(&reading, change, number);
        put_parameters(&reading, change);
    }
    *out = result;
    return true;
}

const struct hook_source source_jenkins = {
    .name = "jenkins",
    .about = "Notification plugin, in each job: format JSON, protocol HTTP, event All Events, "
             "?token=SECRET at the end of the address",
    .verify = NULL, /* it cannot sign: the address holds the secret */
    .read = read,
};
