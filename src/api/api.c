#include "api/api.h"

#include <string.h>

#include "api/call.h"
#include "api/change_json.h"
#include "api/hook_log.h"
#include "api/limits.h"
#include "base/mem.h"
#include "base/str.h"

struct api *api_new(const struct api_deps *deps)
{
    struct api *api = mem_zalloc(sizeof *api);
    api->deps = *deps;
    api->hook_log = hook_log_new();
    api->limits = limits_new();
    return api;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    hook_log_free(api->hook_log);
    limits_free(api->limits);
    mem_free(api);
}

void api_stats(const struct api *api, struct api_stats *out)
{
    limits_stats(api->limits, out);
}

void api_write_change(struct jsonw *json, const struct change *change)
{
    change_json_write(json, change);
}

/* Does the path (its n bytes, without trailing slashes) belong to the route? */
static bool route_matches(const struct route *route, const char *path, size_t n,
                          const char **out_rest)
{
    size_t n_route = strlen(route->path);
    if (n < n_route || memcmp(path, route->path, n_route) != 0)
        return false;
    if (!(route->flags & ROUTE_PREFIX)) {
        *out_rest = "";
        return n == n_route;
    }
    if (n <= n_route + 1 || path[n_route] != '/')
        return false;
    *out_rest = path + n_route + 1;
    return true;
}

static bool allows(const struct route *route, const char *method)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    struct str rest = str_of(route->methods), known;
    while (str_split(&rest, ' ', &known))
        if (str_is(known, method))
            return true;
    return false;
}

static void answer_method(struct api_call *call, const struct route *route)
{
    const char *text = arena_printf(call->arena, "%.200s does not take %.20s, but %s",
                                    call->request->path, call->request->method, route->methods);
    call_refuse(call, 405, text, "");
    char *allowed = arena_printf(call->arena, "%s", route->methods);
    for (char *at = allowed; *at; at++)
        *at = *at == ' ' ? ',' : *at; /* the header is a list with commas */
    http_response_header(call->response, "Allow", allowed);
}

/* Pages of the configured origin may read this answer, a refusal too. True: it was only the question
 * that a browser sends before such a request, and it is answered. */
static bool answer_origin(struct api_call *call, const struct route *route)
{
    const char *origin = call->api->deps.cors_origin;
    if (!origin || !(route->flags & ROUTE_READ))
        return false;
    http_response_header(call->response, "Access-Control-Allow-Origin", origin);
    if (strcmp(call->request->method, "OPTIONS") != 0)
        return false;
    /* Grafana's list of headers grows with its versions, and none of them changes an answer. */
    const char *asked = http_header(call->request, "Access-Control-Request-Headers");
    if (asked)
        http_response_header(call->response, "Access-Control-Allow-Headers", asked);
    http_response_header(call->response, "Access-Control-Allow-Methods", "GET, POST");
    http_response_header(call->response, "Access-Control-Max-Age", "3600");
    return true;
}

/* The first that matches; where its path has a route for each method, the one that takes this one. NULL:
 * there is none. */
static const struct route *find_route(const struct http_request *request, const char **out_rest)
{
    size_t n = strlen(request->path);
    while (n > 1 && request->path[n - 1] == '/')
        n--;
    const char *path = arena_strndup(request->arena, request->path, n);
    const struct route *found = NULL;
    const char *rest;
    for (size_t i = 0; i < n_api_routes; i++) {
        const struct route *route = &api_routes[i];
        const bool is_other = found && strcmp(found->path, route->path) != 0;
        if (is_other || !route_matches(route, path, n, &rest))
            continue;
        if (!found || allows(route, request->method)) {
            found = route;
            *out_rest = rest;
        }
        if (allows(route, request->method))
            break;
    }
    return found;
}

static bool run_route(struct api_call *call, const struct route *route, struct err *err)
{
    if (!route) {
        err_set(err, ERR_MISSING, "there is nothing at %.200s", call->request->path);
        err_hint(err, "/ lists what there is");
        return false;
    }
    if (answer_origin(call, route))
        return true;
    if (!allows(route, call->request->method)) {
        answer_method(call, route);
        return true;
    }
    if (!call_admit(call, route))
        return true;
    if ((route->flags & ROUTE_READ) && !call_is_awaited(call, err))
        return false;
    return route->run(call, err);
}

/* Pages of ours load nothing and run nothing, whatever got into them. */
static void guard_page(struct http_response *response)
{
    const bool is_page = response->content_type && text_starts(response->content_type, "text/html");
    if (is_page || response->status >= 400)
        http_response_header(response, "Content-Security-Policy",
                             "default-src 'none'; frame-ancestors 'none'");
}

void api_handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct api_call call = {
        .api = self, .request = request, .response = response, .arena = request->arena};
    struct err err;
    err_clear(&err);
    if (!run_route(&call, find_route(request, &call.rest), &err))
        call_fail(&call, &err);
    guard_page(response);
}

bool api_is_quick(void *self, const struct http_request *request)
{
    (void)self;
    const char *rest;
    const struct route *route = find_route(request, &rest);
    return !route || (route->flags & ROUTE_QUICK);
}
