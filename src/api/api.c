#include "api/api.h"

#include <string.h>

#include "api/call.h"
#include "base/mem.h"

struct api *api_new(const struct api_deps *deps)
{
    struct api *api = mem_zalloc(sizeof *api);
    api->deps = *deps;
    return api;
}

void api_free(struct api *api)
{
    mem_free(api);
}

/* Does the path (its n bytes, without trailing slashes) belong to the route? */
static bool route_matches(const struct route *route, const char *path, size_t n,
                          const char **out_rest)
{
    size_t n_route = strlen(route->path);
    if (n < n_route || memcmp(path, route->path, n_route) != 0)
        return false;
    if (!route->is_prefix) {
        *out_rest = "";
        return n == n_route;
    }
    *out_rest = path + n_route + 1;
    return n > n_route + 1 && path[n_route] == '/';
}

static bool allows(const struct route *route, const char *method)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    const char *at = strstr(route->methods, method);
    size_t n = strlen(method);
    return at && (at[n] == ' ' || at[n] == '\0');
}

static void answer_method(struct api_call *call, const struct route *route)
{
    call->response->status = 405;
    http_response_header(call->response, "Allow", route->methods);
    buf_printf(&call->response->body, "%s does not take %s, but %s\n", call->request->path,
               call->request->method, route->methods);
}

void api_handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct api_call call = {
        .api = self, .request = request, .response = response, .arena = request->arena};
    size_t n = strlen(request->path);
    while (n > 1 && request->path[n - 1] == '/')
        n--;
    const char *path = arena_strndup(call.arena, request->path, n);
    struct err err;
    err_clear(&err);
    for (size_t i = 0; i < n_api_routes; i++) {
        if (!route_matches(&api_routes[i], path, n, &call.rest))
            continue;
        if (!allows(&api_routes[i], request->method))
            answer_method(&call, &api_routes[i]);
        else if (!api_routes[i].run(&call, &err))
            call_fail(&call, &err);
        return;
    }
    err_set(&err, ERR_MISSING, "there is nothing at %.200s", path);
    err_hint(&err, "/ lists what there is");
    call_fail(&call, &err);
}
