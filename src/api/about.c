/* What the server says about itself. */
#include <jansson.h>
#include <string.h>

#include "api/routes.h"
#include "base/arena.h"
#include "base/str.h"

/* What Grafana and others read as the version of Graphite: they choose features by it. */
#define GRAPHITE_VERSION "1.1.10"

bool about_root(struct api_call *call, struct err *err)
{
    (void)err;
    call_text_answer(call, "text/plain; charset=utf-8",
                     "Plumbline " PLUMB_VERSION "\n\n"
                     "  /render?target=...&from=-1h[&format=json|csv|raw|png|svg]\n"
                     "  /metrics/find?query=*    /functions    /events/get_data\n"
                     "  POST /deploy/SERVICE     body = message; /start, /ok, /fail, /rollback\n"
                     "  /api/v1/changes[/ID/impact]  /api/v1/why?metric=...  /api/v1/stream\n"
                     "  /gate/SERVICE    /api/v1/rejects    /metrics\n");
    return true;
}

bool about_version(struct api_call *call, struct err *err)
{
    (void)err;
    call_text_answer(call, "text/html; charset=utf-8", GRAPHITE_VERSION);
    return true;
}

/* Pages of Graphite's own user interface, which other tools look for but nobody needs here. */
bool about_page(struct api_call *call, struct err *err)
{
    (void)err;
    call_text_answer(
        call, "text/html; charset=utf-8",
        "<!doctype html><title>Plumbline</title>\n"
        "<p>Plumbline has no composer and no dashboards of its own: Grafana's Graphite data\n"
        "source works with this server's address. <a href=\"/\">What there is</a></p>\n");
    return true;
}

bool about_dashboards(struct api_call *call, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_key(&json, "dashboards");
    jsonw_array(&json);
    jsonw_end(&json);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* Graphite answers a missing dashboard with 200 and an error inside. */
bool about_no_dashboard(struct api_call *call, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "error",
                   arena_printf(call->arena, "Dashboard '%s' does not exist.", call->rest));
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool about_ping(struct api_call *call, struct err *err)
{
    (void)err;
    call_text_answer(call, "text/plain; charset=utf-8", "ok\n");
    return true;
}

bool about_functions(struct api_call *call, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    const char *grouped = call_param(call, "grouped");
    bool is_grouped = grouped && (strcmp(grouped, "1") == 0 || strcmp(grouped, "true") == 0);
    const char *type = call_param(call, "type");
    if (type && strcmp(type, "pie") == 0) {
        jsonw_object(&json); /* no pie functions yet */
        jsonw_end(&json);
    } else {
        query_write_functions(&json, is_grouped, call_param(call, "group"));
    }
    call_json_end(call);
    return true;
}

bool about_function(struct api_call *call, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    if (query_write_function(&json, call->rest)) {
        call_json_end(call);
        return true;
    }
    size_t n;
    const char *const *names = query_function_names(&n);
    const char *near = text_nearest(call->rest, names, n);
    err_set(err, ERR_MISSING, "Function not found: %.100s", call->rest);
    if (near)
        err_hint(err, "did you mean %s?", near);
    return false;
}

bool about_rejects(struct api_call *call, struct err *err)
{
    struct jsonw json;
    int64_t n;
    if (!call_param_int(call, "n", 1000, &n, err) || !call_json(call, &json, err))
        return false;
    const struct api_deps *deps = &call->api->deps;
    deps->write_rejects(deps->self, (size_t)max_i64(n, 0), &json);
    call_json_end(call);
    return true;
}

bool about_stats(struct api_call *call, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    const struct api_deps *deps = &call->api->deps;
    deps->write_stats(deps->self, &json);
    call_json_end(call);
    return true;
}

bool about_flush(struct api_call *call, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    if (!deps->flush(deps->self, err))
        return false;
    call_text_answer(call, "text/plain; charset=utf-8", "on disk\n");
    return true;
}

/* {"store.points": 5} as `plumb_store_points 5`. */
static void write_prometheus(const json_t *numbers, struct buf *out)
{
    void *at;
    for (at = json_object_iter((json_t *)(uintptr_t)numbers); at;
         at = json_object_iter_next((json_t *)(uintptr_t)numbers, at)) {
        if (!json_is_integer(json_object_iter_value(at)))
            continue;
        buf_add_str(out, "plumb_");
        for (const char *c = json_object_iter_key(at); *c; c++)
            buf_add_char(out, *c == '.' ? '_' : *c);
        buf_add_char(out, ' ');
        buf_add_i64(out, json_integer_value(json_object_iter_value(at)));
        buf_add_char(out, '\n');
    }
}

bool about_prometheus(struct api_call *call, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 64 * 1024);
    struct jsonw json;
    jsonw_init(&json, &text, 0);
    deps->write_stats(deps->self, &json);
    json_auto_t *numbers = json_loads(buf_text(&text), 0, NULL);
    if (!numbers)
        return FAIL(err, ERR_LIMIT, "the statistics do not fit");
    call->response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    write_prometheus(numbers, &call->response->body);
    return true;
}
