/* LaunchDarkly: entries of its audit log, of which changes of flags and segments count.
 * https://launchdarkly.com/docs/api/webhooks */
#include <string.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sign.h"
#include "hooks/sources.h"

enum { ENVS_MAX = 32 }; /* environments that one entry changes; further ones are not looked at */

static bool verify(const struct hook_call *call, struct err *err)
{
    static const char hint[] = "sign this webhook over there, with the secret that plumb.conf has";
    const char *given = sign_header(call, "X-LD-Signature");
    if (given && sign_fits(call, call->body, call->n_body, SIGN_HEX, given))
        return true;
    if (given)
        err_set(err, ERR_REFUSED,
                "X-LD-Signature does not fit the body with any secret of this hook");
    else
        err_set(err, ERR_REFUSED, "the header X-LD-Signature is missing");
    err_hint(err, hint);
    return false;
}

/* One "proj/x:env/prod:flag/y", in pieces; "" for what it does not name. */
struct resource {
    const char *project, *env, *kind, *name;
};

static struct resource resource_of(const struct hook_call *call, const char *spec)
{
    struct resource out = {"", "", "", ""};
    struct str rest = str_of(spec), part;
    while (str_split(&rest, ':', &part)) {
        const char *slash = memchr(part.at, '/', part.n);
        const size_t n_kind = slash ? (size_t)(slash - part.at) : part.n;
        const char *kind = arena_strndup(call->arena, part.at, n_kind);
        const char *name = slash ? slash + 1 : "";
        size_t n_name = slash ? part.n - n_kind - 1 : 0;
        const char *end = slash ? memchr(name, ';', n_name) : NULL; /* tags follow */
        if (end)
            n_name = (size_t)(end - name);
        name = arena_strndup(call->arena, name, n_name);
        if (strcmp(kind, "proj") == 0) {
            out.project = name;
        } else if (strcmp(kind, "env") == 0) {
            out.env = name;
        } else {
            out.kind = kind;
            out.name = name;
        }
    }
    return out;
}

/* An entry while it is read. */
struct reading {
    const struct hook_call *call;
    const json_t *root;
    const char *id;
    struct hook_result *out;
};

static const char *text(const struct reading *r, const char *path)
{
    return pick_text(r->call, r->root, path);
}

/* A share of the traffic: 100000 is all of it. */
static const char *shares_of(const struct hook_call *call, const json_t *variations)
{
    const char *all = "";
    for (size_t i = 0; i < json_array_size(variations); i++) {
        const int64_t weight = pick_i64(json_array_get(variations, i), "weight");
        all = arena_printf(call->arena, "%s%s%lld.%lld%%", all, i ? "/" : " ",
                           (long long)(weight / 1000), (long long)(weight % 1000 / 100));
    }
    return all;
}

/* "on", "off", "on 10.0%/90.0%", "on variation 1"; "" when the version does not tell. */
static const char *state_of(const struct reading *r, const char *version, const char *env)
{
    const json_t *envs = pick_at(json_object_get(r->root, version), "environments");
    const json_t *state = json_object_get(envs, env);
    if (!json_is_boolean(json_object_get(state, "on")))
        return "";
    if (!pick_is_true(state, "on"))
        return "off";
    const json_t *all = json_object_get(state, "fallthrough");
    const char *shares = shares_of(r->call, pick_at(all, "rollout.variations"));
    const char *number = pick_text(r->call, all, "variation");
    if (number[0])
        shares = arena_printf(r->call->arena, " variation %s", number);
    return place_text(r->call, arena_printf(r->call->arena, "on%s", shares));
}

static const char *person(const struct reading *r)
{
    const char *first = text(r, "member.firstName"), *last = text(r, "member.lastName");
    if (first[0] || last[0])
        return place_text(r->call, arena_printf(r->call->arena, "%s%s%s", first,
                                                first[0] && last[0] ? " " : "", last));
    const char *mail = text(r, "member.email");
    return mail[0] ? place_person(r->call, mail) : place_text(r->call, text(r, "token.name"));
}

/* "Nora Jones turned on the flag new-login in 'Production'", and why. */
static const char *message(const struct reading *r, const char *name)
{
    const char *verb = text(r, "titleVerb"), *comment = text(r, "comment");
    const char *what = verb[0] ? arena_printf(r->call->arena, "%s %s", verb, name)
                               : pick_either(r->call, r->root, "title", "name");
    return comment[0] ? arena_printf(r->call->arena, "%s: %s", what, comment) : what;
}

static void put_change(const struct reading *r, const struct resource *at, bool is_one_of_many,
                       const char *service)
{
    const bool is_flag = strcmp(at->kind, "flag") == 0;
    struct change *change =
        result_change(r->call, r->out, is_flag ? CHANGE_FLAG : CHANGE_CONFIG, "hook/launchdarkly");
    change->key = place_text(r->call, arena_printf(r->call->arena, "ld:%s", r->id));
    if (is_one_of_many)
        change->key = place_text(
            r->call, arena_printf(r->call->arena, "ld:%s:%s:%s", r->id, at->env, at->name));
    change->service = service;
    change->env = place_env(r->call, at->env);
    change->by = person(r);
    change->msg = message(r, at->name);
    change->old_value = state_of(r, "previousVersion", at->env);
    change->new_value = state_of(r, "currentVersion", at->env);
    const bool is_toggle = change->old_value[0] && change->new_value[0] &&
                           (change->old_value[1] == 'n') != (change->new_value[1] == 'n');
    const json_t *access = json_array_get(json_object_get(r->root, "accesses"), 0);
    change->action =
        is_toggle ? "toggle" : place_text(r->call, pick_text(r->call, access, "action"));
    const char *page = text(r, "_links.site.href");
    if (page[0] == '/')
        page = arena_printf(r->call->arena, "https://app.launchdarkly.com%s", page);
    change->url = place_url(page);
    change->start_ms = change->end_ms = pick_i64(r->root, "date");
    change->status = STATUS_SUCCEEDED;
    result_tag(r->call, change, is_flag ? "flag" : at->kind, at->name);
    result_tag(r->call, change, "project", at->project);
}

/* The resources that it is about: of what was done, or else of what it was done to. Each once. */
static size_t resources_of(const struct reading *r, struct resource found[ENVS_MAX])
{
    const json_t *accesses = json_object_get(r->root, "accesses");
    const json_t *targets = pick_at(r->root, "target.resources");
    const size_t n_accesses = json_array_size(accesses);
    const size_t n_all = n_accesses ? n_accesses : json_array_size(targets);
    size_t n = 0;
    for (size_t i = 0; i < n_all && n < ENVS_MAX; i++) {
        const char *spec = n_accesses ? pick_text(r->call, json_array_get(accesses, i), "resource")
                                      : json_string_value(json_array_get(targets, i));
        const struct resource one = resource_of(r->call, spec ? spec : "");
        size_t k = 0;
        while (k < n &&
               (strcmp(found[k].env, one.env) != 0 || strcmp(found[k].name, one.name) != 0))
            k++;
        if (k == n && (strcmp(one.kind, "flag") == 0 || strcmp(one.kind, "segment") == 0))
            found[n++] = one;
    }
    return n;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    struct hook_result result;
    struct resource found[ENVS_MAX];
    struct reading reading = {.call = call, .out = &result};
    if (!pick_parse(call, &root, err) || !pick_need(call, root, "_id", &reading.id, err))
        return false;
    reading.root = root;
    if (pick_i64(root, "date") <= 0)
        return FAIL(err, ERR_INPUT, "date is missing, or is no number of milliseconds");
    const char *kind = pick_text(call, root, "kind");
    const json_t *access = json_array_get(json_object_get(root, "accesses"), 0);
    result_begin(&result,
                 arena_printf(call->arena, "%.40s %.60s", kind, pick_text(call, access, "action")),
                 reading.id);
    const size_t n = resources_of(&reading, found);
    bool is_unwanted = false;
    for (size_t i = 0; i < n; i++) {
        const char *name = arena_printf(call->arena, "%s/%s", found[i].project, found[i].name);
        const char *service = place_service(call, name, found[i].project);
        is_unwanted |= !service;
        if (service)
            put_change(&reading, &found[i], n > 1, service);
    }
    if (result.n_changes == 0)
        result_ignore(&result,
                      is_unwanted ? "plumb.conf says '-' for it" : "neither a flag nor a segment");
    *out = result;
    return true;
}

const struct hook_source source_launchdarkly = {
    .name = "launchdarkly",
    .about = "Integrations, Webhooks: sign this webhook, with a policy for "
             "proj/*:env/*:flag/*",
    .verify = verify,
    .read = read,
};
