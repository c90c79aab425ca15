/* Graphite's /events/: posting, /events/get_data, one event. Every change is an event, unless the
 * configuration asks for Graphite's narrower view. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "api/alias.h"
#include "api/change_json.h"
#include "api/recording.h"
#include "api/routes.h"
#include "base/mem.h"
#include "base/num.h"

enum { WHAT_BYTES_MAX = 4096 /* Graphite's column holds 255 characters */ };

/* Blank-separated words become tags with empty values. */
static bool add_words(struct change *event, const char *text, struct arena *arena, struct err *err)
{
    for (const char *at = text + strspn(text, " \t\r\n"); *at;) {
        size_t n = strcspn(at, " \t\r\n");
        if (event->n_tags == CHANGE_TAGS_MAX)
            return FAIL(err, ERR_INPUT, "\"tags\": more than %d", CHANGE_TAGS_MAX);
        event->tags[event->n_tags++] = (struct tag){arena_strndup(arena, at, n), ""};
        at += n;
        at += strspn(at, " \t\r\n");
    }
    return true;
}

static bool read_tags(const json_t *tags, struct change *event, struct arena *arena,
                      struct err *err)
{
    event->tags = arena_array(arena, CHANGE_TAGS_MAX, struct tag);
    if (!tags || json_is_null(tags))
        return true;
    if (json_is_string(tags))
        return add_words(event, json_string_value(tags), arena, err);
    size_t i, n = json_array_size(tags);
    for (i = 0; i < n; i++) {
        const json_t *item = json_array_get(tags, i);
        if (!json_is_string(item))
            break;
        if (!add_words(event, json_string_value(item), arena, err))
            return false;
    }
    if (!json_is_array(tags) || i < n)
        return FAIL(err, ERR_INPUT, "\"tags\" must be an array or space-separated string");
    return true;
}

static bool read_event(struct api_call *call, struct change *event, struct err *err)
{
    json_error_t why;
    const struct http_request *request = call->request;
    json_auto_t *root = json_loadb(request->body, request->n_body, 0, &why);
    if (!json_is_object(root))
        return FAIL(err, ERR_INPUT, "the body is not a JSON object: %s",
                    root ? "another kind of value" : why.text);
    const json_t *what = json_object_get(root, "what"), *data = json_object_get(root, "data");
    const json_t *when = json_object_get(root, "when");
    if (!json_is_string(what) || json_string_length(what) > WHAT_BYTES_MAX)
        return FAIL(err, ERR_INPUT, "\"what\" must be a text of at most %d bytes", WHAT_BYTES_MAX);
    if (data && !json_is_string(data) && !json_is_null(data))
        return FAIL(err, ERR_INPUT, "\"data\" must be a text");
    if (when && !json_is_number(when) && !json_is_null(when))
        return FAIL(err, ERR_INPUT, "\"when\" must be a number of seconds");
    event->msg = arena_strdup(call->arena, json_string_value(what));
    event->data = json_is_string(data) ? arena_strdup(call->arena, json_string_value(data)) : "";
    event->start_ms = clock_us(&call->api->deps.clock) / 1000;
    if (json_is_number(when) &&
        !change_json_time("when", json_number_value(when), &event->start_ms, err))
        return false;
    event->end_ms = event->start_ms;
    return read_tags(json_object_get(root, "tags"), event, call->arena, err);
}

static bool post_event(struct api_call *call, struct err *err)
{
    struct change event = change_blank();
    struct ledger_receipt receipt;
    event.source = "events";
    event.is_posted = true;
    event.status = STATUS_SUCCEEDED;
    if (!read_event(call, &event, err))
        return false;
    alias_classify(&event);
    if (!recording_add(call, &event, &receipt, err))
        return false;
    call_text_answer(call, "text/html; charset=utf-8", "");
    return true;
}

static void write_tags(struct jsonw *json, const struct change *change)
{
    jsonw_key(json, "tags");
    jsonw_array(json);
    if (!change->is_posted) {
        jsonw_text(json, change_kind_name(change->kind));
        if (change->service[0])
            jsonw_text(json, change->service);
    }
    for (size_t i = 0; i < change->n_tags; i++)
        jsonw_text(json, change->tags[i].key);
    jsonw_end(json);
}

static void write_event(struct jsonw *json, const struct change *change, struct arena *arena)
{
    jsonw_object(json);
    jsonw_put_i64(json, "when", change->start_ms / 1000);
    jsonw_put_text(json, "what", alias_text(change, arena));
    jsonw_put_text(json, "data", change->data);
    write_tags(json, change);
    jsonw_put_i64(json, "id", (int64_t)change->number);
    jsonw_end(json);
}

static bool read_span(struct api_call *call, struct change_query *query, struct err *err)
{
    int64_t from_s = 0, until_s = call_clock_s(call);
    const char *from = call_param(call, "from"), *until = call_param(call, "until");
    if (from && !query_parse_time(from, call_zone(call), call_clock_s(call), &from_s, err)) {
        err_prefix(err, "from");
        return false;
    }
    if (until && !query_parse_time(until, call_zone(call), call_clock_s(call), &until_s, err)) {
        err_prefix(err, "until");
        return false;
    }
    query->from_ms = from_s * 1000;
    query->until_ms = (until_s + 1) * 1000; /* Graphite's ends are both inclusive */
    return true;
}

static bool read_wanted_tags(struct api_call *call, struct change_query *query, struct err *err)
{
    struct change words = change_blank();
    const char *text = call_param(call, "tags"), *set = call_param(call, "set");
    words.tags = arena_array(call->arena, CHANGE_TAGS_MAX, struct tag);
    if (!text)
        return true;
    if (!add_words(&words, text, call->arena, err))
        return false;
    const char **tags = arena_array(call->arena, CHANGE_TAGS_MAX, const char *);
    for (size_t i = 0; i < words.n_tags; i++)
        tags[i] = words.tags[i].key;
    query->tags = tags;
    query->n_tags = words.n_tags;
    query->any_tag = set && strcmp(set, "union") == 0;
    return true;
}

static bool list_events(struct api_call *call, struct change_list *out, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    struct change_query query = {
        .kind = -1, .oldest_first = true, .only_posted = deps->events_posted_only};
    if (!read_span(call, &query, err) || !read_wanted_tags(call, &query, err))
        return false;
    return deps->query.changes.ops->list(deps->query.changes.self, &query, call->arena, out, err);
}

bool events_data(struct api_call *call, struct err *err)
{
    struct change_list list = {0};
    struct jsonw json;
    if (!list_events(call, &list, err) || !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < list.n; i++)
        write_event(&json, &list.items[i], call->arena);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            buf_add_str(out, "&lt;");
        else if (*text == '&')
            buf_add_str(out, "&amp;");
        else
            buf_add_char(out, *text);
    }
}

bool events_page(struct api_call *call, struct err *err)
{
    if (strcmp(call->request->method, "POST") == 0)
        return post_event(call, err);
    struct change_list list = {0};
    if (!list_events(call, &list, err))
        return false;
    struct buf *out = &call->response->body;
    call->response->content_type = "text/html; charset=utf-8";
    buf_add_str(out, "<!doctype html><title>Events</title><h1>Events</h1>\n<table>\n"
                     "<tr><th>when</th><th>what</th><th>tags</th></tr>\n");
    for (size_t i = list.n; i-- > 0;) {
        const struct change *change = &list.items[i];
        char when[40];
        tz_format(call_zone(call), change->start_ms / 1000, "%Y-%m-%d %H:%M:%S %Z", when,
                  sizeof when);
        buf_printf(out, "<tr><td>%s</td><td>", when);
        add_escaped(out, alias_text(change, call->arena));
        buf_add_str(out, "</td><td>");
        for (size_t k = 0; k < change->n_tags; k++) {
            add_escaped(out, change->tags[k].key);
            buf_add_char(out, ' ');
        }
        buf_add_str(out, "</td></tr>\n");
    }
    buf_add_str(out, "</table>\n");
    return true;
}

bool events_one(struct api_call *call, struct err *err)
{
    struct change change;
    struct jsonw json;
    int64_t id;
    if (!num_parse_i64(call->rest, strlen(call->rest), &id) || id < 0)
        return FAIL(err, ERR_MISSING, "Event matching query does not exist");
    if (!ledger_get_row(call->api->deps.ledger, (uint64_t)id, call->arena, &change, err)) {
        if (err->kind == ERR_MISSING)
            err_set(err, ERR_MISSING, "Event matching query does not exist");
        return false;
    }
    if (!call_json(call, &json, err))
        return false;
    write_event(&json, &change, call->arena);
    call_json_end(call);
    return true;
}
