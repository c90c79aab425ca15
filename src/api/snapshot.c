/* POST /api/v1/snapshot: the one request that makes the server write where the asker says. So it is taken
 * from this machine alone, and not from pages in a browser on it, whoever wrote them. */
#include <jansson.h>
#include <string.h>

#include "api/routes.h"
#include "base/str.h"

/* Browsers name the page that asks, and ask before they send JSON to another site. */
static bool is_from_page(const struct http_request *request)
{
    const char *type = http_header(request, "Content-Type");
    return http_header(request, "Origin") || http_header(request, "Sec-Fetch-Site") || !type ||
           !text_starts(type, "application/json");
}

bool snapshot_run(struct api_call *call, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    const struct http_request *request = call->request;

    if (!call->caller.is_here) {
        err_set(err, ERR_REFUSED, "snapshots are made from the server's own machine only");
        err_hint(err, "run plumb snapshot there");
        return false;
    }
    if (is_from_page(request))
        return FAIL(err, ERR_REFUSED, "a snapshot is asked for with JSON, and not by a web page");
    json_auto_t *root = json_loadb(request->body, request->n_body, 0, NULL);
    const char *dir = json_string_value(json_object_get(root, "dir"));
    struct jsonw json;
    if (!dir || !dir[0])
        return FAIL(err, ERR_INPUT, "which folder? {\"dir\": \"/absolute/path\"}");
    if (!call_json(call, &json, err) || !deps->snapshot(deps->self, dir, &json, err))
        return false;
    call_json_end(call);
    return true;
}
