#include "hooks/place.h"

#include <string.h>

#include "base/str.h"
#include "model/glob.h"
#include "model/service.h"

/* A glob is of one node of a metric's name, which holds no dot; names over there do. */
static struct str undotted(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; *at; at++)
        *at = *at == '.' ? '\x1f' : *at;
    return str_of(copy);
}

bool place_check_glob(const char *glob, struct arena *arena, struct err *err)
{
    struct glob *compiled;
    return glob_compile(undotted(glob, arena), arena, &compiled, err);
}

static bool matches(const struct hook_call *call, const char *glob, const char *name)
{
    struct glob *compiled;
    struct err ignored; /* globs are checked when they are read from plumb.conf */
    return glob_compile(undotted(glob, call->arena), call->arena, &compiled, &ignored) &&
           glob_match(compiled, undotted(name, call->arena));
}

/* What the first matching glob says; NULL: none matches. */
static const char *find(const struct hook_call *call, const struct tag *map, size_t n,
                        const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (matches(call, map[i].key, name))
            return map[i].value;
    return NULL;
}

static const char *last_part(const struct hook_call *call, const char *name)
{
    size_t n = strlen(name);
    while (n && name[n - 1] == '/')
        n--;
    const char *whole = arena_strndup(call->arena, name, n), *slash = strrchr(whole, '/');
    return service_slug(slash ? slash + 1 : whole, call->arena);
}

const char *place_service_or(const struct hook_call *call, const char *name, const char *otherwise)
{
    const struct hook_settings *settings = call->settings;
    const char *found = find(call, settings->services, settings->n_services, name);
    if (!found)
        return otherwise;
    return strcmp(found, "-") == 0 ? NULL : service_slug(found, call->arena);
}

const char *place_service(const struct hook_call *call, const char *name, const char *broader)
{
    return place_service_or(call, name,
                            broader ? place_service(call, broader, NULL) : last_part(call, name));
}

const char *place_env_or(const struct hook_call *call, const char *env, const char *otherwise)
{
    const char *found = find(call, call->settings->envs, call->settings->n_envs, env);
    return found ? found : otherwise;
}

const char *place_env(const struct hook_call *call, const char *env)
{
    return place_env_or(call, env, place_text(call, env));
}

bool place_is_deploy_ref(const struct hook_call *call, const char *ref)
{
    static const char heads[] = "refs/heads/";
    if (!call->settings->push_refs)
        return false;
    const char *branch = text_starts(ref, heads) ? ref + sizeof heads - 1 : ref;
    struct str rest = str_of(call->settings->push_refs), one;
    while (str_split(&rest, ' ', &one)) {
        const char *glob = arena_strndup(call->arena, one.at, one.n);
        if (glob[0] && (matches(call, glob, ref) || matches(call, glob, branch)))
            return true;
    }
    return false;
}

const char *place_text(const struct hook_call *call, const char *text)
{
    size_t n = strlen(text);
    if (n <= CHANGE_FIELD_MAX)
        return text;
    n = CHANGE_FIELD_MAX;
    while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return arena_strndup(call->arena, text, n);
}

const char *place_person(const struct hook_call *call, const char *who)
{
    const char *at = strchr(who, '@');
    return place_text(call,
                      at && at > who ? arena_strndup(call->arena, who, (size_t)(at - who)) : who);
}

const char *place_url(const char *url)
{
    const bool is_web = text_starts(url, "http://") || text_starts(url, "https://");
    return is_web && strlen(url) <= CHANGE_FIELD_MAX ? url : "";
}

const char *place_sha(const struct hook_call *call, const char *url, const char *short_sha)
{
    const char *slash = strrchr(url, '/');
    const char *sha = slash ? slash + 1 : "";
    const size_t n = strspn(sha, "0123456789abcdef");
    const bool is_whole = (n == 40 || n == 64) && !sha[n] && text_starts(sha, short_sha);
    return is_whole ? arena_strdup(call->arena, sha) : short_sha;
}

const char *place_first_line(const struct hook_call *call, const char *text)
{
    return arena_strndup(call->arena, text, strcspn(text, "\r\n"));
}
