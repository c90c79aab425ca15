/* Putting changes right over HTTP: PATCH /api/v1/changes/ID corrects, POST .../retract and .../restore,
 * POST /api/v1/purge/ID; GET .../history shows every row of it. Who asks says who it is and why. */
#include <string.h>

#include "api/change_json.h"
#include "api/recording.h"
#include "api/routes.h"
#include "model/redact.h"

enum { HISTORY_MAX = 1000 /* rows in one answer */ };

/* by= and why=, as parameters or as keys of the JSON that *io was read from. */
static bool take_reasons(struct api_call *call, const char *id, const struct change *told,
                         struct amendment *out, struct err *err)
{
    const char *why = call_param(call, "why"), *by = call_param(call, "by");
    for (size_t i = 0; told && i < told->n_tags; i++)
        if (strcmp(told->tags[i].key, "why") == 0)
            why = told->tags[i].value;
    *out = (struct amendment){id, by ? by : "", why ? why : ""};
    if (out->why[0])
        return true;
    err_set(err, ERR_INPUT, "why? The ledger keeps the reason");
    err_hint(err, "add \"why\" to the JSON, or ?why= to the address");
    return false;
}

/* The reason is no tag of the change. */
static void drop_reason(struct change *told)
{
    size_t n = 0;
    for (size_t i = 0; i < told->n_tags; i++)
        if (strcmp(told->tags[i].key, "why") != 0)
            told->tags[n++] = told->tags[i];
    told->n_tags = n;
}

static bool edit(struct api_call *call, struct err *err)
{
    struct change now = change_blank();
    struct amendment amendment;
    struct ledger_receipt receipt;
    const struct http_request *request = call->request;
    if (!change_json_read(request->body, request->n_body, call->arena, &now, err) ||
        !take_reasons(call, call->rest, &now, &amendment, err))
        return false;
    drop_reason(&now);
    const struct change clean = redact_change(&now, call->arena);
    return amend_edit(call->api->deps.ledger, &amendment, &clean, &receipt, err) &&
           recording_answer(call, &receipt, err);
}

static bool act(struct api_call *call, const char *id, const char *verb, struct err *err)
{
    struct ledger *ledger = call->api->deps.ledger;
    struct amendment amendment;
    struct ledger_receipt receipt;
    if (!take_reasons(call, id, NULL, &amendment, err))
        return false;
    const bool is_restore = strcmp(verb, "restore") == 0;
    return amend_retract(ledger, &amendment, is_restore, &receipt, err) &&
           recording_answer(call, &receipt, err);
}

bool corrections_purge(struct api_call *call, struct err *err)
{
    struct amendment amendment;
    struct ledger_receipt receipt;
    return take_reasons(call, call->rest, NULL, &amendment, err) &&
           amend_purge(call->api->deps.ledger, &amendment, &receipt, err) &&
           recording_answer(call, &receipt, err);
}

/* call->rest is ID/VERB. */
static bool split(struct api_call *call, const char **out_id, const char **out_verb)
{
    const char *slash = strchr(call->rest, '/');
    if (!slash)
        return false;
    *out_id = arena_strndup(call->arena, call->rest, (size_t)(slash - call->rest));
    *out_verb = slash + 1;
    return true;
}

static bool is_verb(const char *verb, const char *const *verbs)
{
    while (*verbs && strcmp(*verbs, verb) != 0)
        verbs++;
    return *verbs != NULL;
}

bool corrections_change(struct api_call *call, struct err *err)
{
    static const char *const verbs[] = {"retract", "restore", NULL};
    const char *id, *verb;
    if (strcmp(call->request->method, "PATCH") == 0 && !strchr(call->rest, '/'))
        return edit(call, err);
    if (strcmp(call->request->method, "POST") == 0 && split(call, &id, &verb) &&
        is_verb(verb, verbs))
        return act(call, id, verb, err);
    err_set(err, ERR_MISSING, "%.20s does nothing at %.200s", call->request->method,
            call->request->path);
    err_hint(err, "PATCH /api/v1/changes/ID, or POST to its /retract or /restore");
    return false;
}

static void write_note(struct jsonw *json, const struct amend_note *note)
{
    jsonw_object(json);
    jsonw_put_i64(json, "seq", (int64_t)note->seq);
    jsonw_put_text(json, "what", note->audit.what[0] ? note->audit.what : "told");
    jsonw_put_text(json, "by", note->audit.by);
    jsonw_put_text(json, "why", note->audit.why);
    jsonw_put_text(json, "about", note->audit.about);
    if (note->audit.at_ms)
        jsonw_put_f64(json, "at", (double)note->audit.at_ms / 1000.0);
    jsonw_put_bool(json, "purged", note->is_purged);
    if (note->change.id[0]) {
        jsonw_key(json, "change");
        change_json_write(json, &note->change);
    }
    jsonw_end(json);
}

static bool history(struct api_call *call, const char *id, struct err *err)
{
    struct amend_note *notes;
    size_t n;
    struct jsonw json;
    if (!amend_history(call->api->deps.ledger, id, HISTORY_MAX, call->arena, &notes, &n, err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < n; i++)
        write_note(&json, &notes[i]);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* GET /api/v1/audit: what was done to the ledger itself. */
bool corrections_audit(struct api_call *call, struct err *err)
{
    return history(call, "", err);
}

bool corrections_history(struct api_call *call, struct err *err)
{
    const char *id, *verb;
    static const char *const verbs[] = {"history", NULL};
    static const char *const judged[] = {"impact", NULL};
    if (split(call, &id, &verb) && is_verb(verb, verbs))
        return history(call, id, err);
    if (split(call, &id, &verb) && is_verb(verb, judged))
        return impact_answer(call, id, err);
    return changes_one(call, err);
}
