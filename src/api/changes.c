/* Changes over HTTP: POST /<kind>/<service>[/verb], and /api/v1/changes. */
#include <string.h>
#include <strings.h>

#include "api/change_json.h"
#include "api/ends.h"
#include "api/freezes.h"
#include "api/recording.h"
#include "api/routes.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    LIST_DEFAULT = 100,
    LIST_MAX = 10000, /* changes in one answer */
};

/* What a path's last word may say about the change. */
enum verb { VERB_NONE, VERB_START, VERB_OK, VERB_FAIL, VERB_ROLLBACK };

static enum verb take_verb(struct str *io_service)
{
    static const struct {
        const char *suffix;
        enum verb verb;
    } verbs[] = {{"/start", VERB_START},
                 {"/ok", VERB_OK},
                 {"/fail", VERB_FAIL},
                 {"/rollback", VERB_ROLLBACK}};
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        size_t n = strlen(verbs[i].suffix);
        if (io_service->n <= n || !str_ends(*io_service, verbs[i].suffix))
            continue;
        io_service->n -= n;
        return verbs[i].verb;
    }
    return VERB_NONE;
}

/* The body is the message, whatever curl calls it: none of its words is a field. */
static void keep_query_only(struct api_call *call)
{
    struct http_request *request = arena_array(call->arena, 1, struct http_request);
    *request = *call->request;
    request->n_fields = request->n_query;
    call->request = request;
}

/* The fields that a change has, by name. */
static bool take_fields(struct api_call *call, struct change *change, struct err *err)
{
    static const char *const names[] = {"env", "rev", "prev", "by", "url", "diff", "key", "action"};
    const char **places[] = {&change->env, &change->rev,  &change->prev, &change->by,
                             &change->url, &change->diff, &change->key,  &change->action};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = call_param(call, names[i]);
        if (value)
            *places[i] = value;
    }
    const char *at = call_param(call, "at");
    double seconds;
    if (at && !num_parse_f64(at, strlen(at), &seconds))
        return FAIL(err, ERR_INPUT, "at='%.50s' is not a number of seconds", at);
    return !at || change_json_time("at", seconds, &change->start_ms, err);
}

static bool is_json(const struct api_call *call)
{
    static const char type[] = "application/json";
    const char *given = http_header(call->request, "Content-Type");
    return given && strncasecmp(given, type, sizeof type - 1) == 0;
}

/* Trailing line ends of an `echo ... | curl -d @-` are no part of the message. */
static const char *message(struct api_call *call)
{
    size_t n = call->request->n_body;
    while (n && strchr("\r\n", call->request->body[n - 1]))
        n--;
    return arena_strndup(call->arena, call->request->body, n);
}

static bool finish(struct api_call *call, const struct change *change, enum change_status status,
                   struct err *err)
{
    struct ledger_receipt receipt;
    const struct ledger_end end = {.id = "",
                                   .kind = change->kind,
                                   .service = change->service,
                                   .env = change->env,
                                   .status = status,
                                   .end_ms = change->end_ms ? change->end_ms : change->start_ms,
                                   .msg = change->msg};
    if (!recording_end(call, &end, &receipt, err))
        return false;
    return recording_answer(call, &receipt, err);
}

static bool record(struct api_call *call, const struct change *change, struct err *err)
{
    struct ledger_receipt receipt;
    if (!recording_add(call, change, &receipt, err))
        return false;
    return recording_answer(call, &receipt, err);
}

/* The end of a change that has a key is another telling of it: it finds its own start, not the newest
 * open one, and may come first. */
static bool record_end(struct api_call *call, struct change *change, enum change_status status,
                       struct err *err)
{
    int64_t end_ms = max_i64(change->end_ms, change->start_ms);
    change->status = status;
    change->end_ms = end_ms ? end_ms : clock_us(&call->api->deps.clock) / 1000;
    if (!change->start_ms)
        change->start_ms = change->end_ms;
    return record(call, change, err);
}

/* What is no span that goes on is a point, or a span whose end is given: it succeeded. */
static bool record_news(struct api_call *call, struct change *change, struct err *err)
{
    if (change->kind == CHANGE_FREEZE && !freezes_take(call, change, err))
        return false;
    if (change->status == STATUS_UNKNOWN) {
        change->status = STATUS_SUCCEEDED;
        change->end_ms = max_i64(change->end_ms, change->start_ms);
    }
    return ends_rollback(call, change, err) && record(call, change, err);
}

bool changes_tell(struct api_call *call, struct err *err)
{
    struct change change = change_blank();
    keep_query_only(call);
    struct str kind = str_of(call->request->path + 1);
    kind.n = strcspn(kind.at, "/");
    if (!change_kind_parse(kind, &change.kind))
        return FAIL(err, ERR_MISSING, "'" STR_FMT "' is no kind of change", STR_ARG(kind));
    struct str service = str_of(call->rest);
    enum verb verb = take_verb(&service);
    change.service = arena_strndup(call->arena, service.at, service.n);
    change.source = "http";
    if (!take_fields(call, &change, err))
        return false;
    if (!is_json(call))
        change.msg = message(call);
    else if (!change_json_read(call->request->body, call->request->n_body, call->arena, &change,
                               err))
        return false;
    if (change.kind == CHANGE_FREEZE && verb == VERB_OK)
        return freezes_end(call, change.service, change.env, err);
    if (verb == VERB_OK || verb == VERB_FAIL) {
        enum change_status status = verb == VERB_OK ? STATUS_SUCCEEDED : STATUS_FAILED;
        return change.key[0] ? record_end(call, &change, status, err)
                             : finish(call, &change, status, err);
    }
    if (!change.start_ms)
        change.start_ms = clock_us(&call->api->deps.clock) / 1000;
    if (verb == VERB_ROLLBACK)
        change.action = "rollback";
    if (verb == VERB_START)
        change.status = STATUS_RUNNING;
    return record_news(call, &change, err);
}

/* A from= or until= of the API: epoch or Graphite's grammar, in ms. */
static bool time_param(struct api_call *call, const char *key, int64_t fallback_ms, int64_t *out_ms,
                       struct err *err)
{
    const char *text = call_param(call, key);
    *out_ms = fallback_ms;
    if (!text)
        return true;
    int64_t at_s;
    if (!query_parse_time(text, call_zone(call), call_clock_s(call), &at_s, err)) {
        err_prefix(err, "%s", key);
        return false;
    }
    *out_ms = at_s * 1000;
    return true;
}

static bool take_verdict(struct api_call *call, int *out, struct err *err)
{
    const char *text = call_param(call, "verdict");
    enum verdict_state state;
    if (!text)
        return true;
    if (!verdict_state_parse(text, &state)) {
        err_set(err, ERR_INPUT, "verdict '%.50s' is not known", text);
        err_hint(err, "harm, no_harm, improved, moved, inconclusive and pending are");
        return false;
    }
    *out = (int)state + 1;
    return true;
}

/* Which ones: service=, kind=, status=, env=, by=, q=, verdict=, from=, until=, n=. */
static bool take_query(struct api_call *call, struct change_query *out, struct err *err)
{
    struct change_query query = {.kind = -1,
                                 .service = call_param(call, "service"),
                                 .env = call_param(call, "env"),
                                 .by = call_param(call, "by"),
                                 .text = call_param(call, "q")};
    const char *kind = call_param(call, "kind"), *status = call_param(call, "status");
    enum change_kind known_kind;
    enum change_status known_status;
    int64_t n;
    if (kind && !change_json_kind(kind, &known_kind, err))
        return false;
    if (status && !change_status_parse(status, &known_status))
        return FAIL(err, ERR_INPUT, "status '%.50s' is not known", status);
    query.kind = kind ? (int)known_kind : -1;
    query.status = status ? (int)known_status + 1 : 0;
    const int64_t never_ms = INT64_C(4294967296000);
    if (!take_verdict(call, &query.verdict, err) ||
        !time_param(call, "from", 0, &query.from_ms, err) ||
        !time_param(call, "until", never_ms, &query.until_ms, err) ||
        !call_param_int(call, "n", LIST_DEFAULT, &n, err))
        return false;
    query.n_max = (size_t)min_i64(max_i64(n, 1), LIST_MAX);
    *out = query;
    return true;
}

static bool list_changes(struct api_call *call, struct err *err)
{
    struct change_query query;
    struct change_list list = {0};
    struct jsonw json;
    const struct changes *changes = &call->api->deps.query.changes;
    if (!take_query(call, &query, err) ||
        !changes->ops->list(changes->self, &query, call->arena, &list, err) ||
        !call_json(call, &json, err))
        return false;
    const bool is_whole = call_flag(call, "whole");
    jsonw_array(&json);
    for (size_t i = 0; i < list.n; i++)
        if (is_whole)
            change_json_write_whole(&json, &list.items[i]);
        else
            change_json_write(&json, &list.items[i]);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool changes_all(struct api_call *call, struct err *err)
{
    if (strcmp(call->request->method, "POST") != 0)
        return list_changes(call, err);
    struct change change = change_blank();
    change.source = "http";
    if (!change_json_read(call->request->body, call->request->n_body, call->arena, &change, err))
        return false;
    if (!change.start_ms && !change.end_ms)
        change.start_ms = clock_us(&call->api->deps.clock) / 1000;
    return record_news(call, &change, err);
}

bool changes_one(struct api_call *call, struct err *err)
{
    struct change change;
    struct jsonw json;
    if (!ledger_get(call->api->deps.ledger, call->rest, call->arena, &change, err) ||
        !call_json(call, &json, err))
        return false;
    change_json_write_whole(&json, &change);
    call_json_end(call);
    return true;
}
