/* /gate/<service>: may a rollout go on? Flagger's webhook contract: 2xx is yes, all else is hold. Others
 * (Argo Rollouts' web provider, a script's curl -f) understand the same. */
#include <jansson.h>
#include <string.h>

#include "api/judging.h"
#include "api/routes.h"
#include "model/verdict_say.h"

enum {
    LOOK_AT_MAX = 50, /* newest changes, to find one that did something */
    SAY_BYTES_MAX = 4096,
    GO = 200,
    NOT_YET = 425,     /* asked for no_harm, and it is too early to say */
    CANNOT_TELL = 424, /* asked not to go on without knowing */
    HARM = 409,
};

/* What the caller will not go on with. */
struct gate {
    const char *service, *env;
    bool wants_no_harm;        /* require=no_harm */
    bool fails_on_cannot_tell; /* fail-on=inconclusive */
    struct judging judging;
};

/* Flagger names its canary in the body; that counts where the path names no service. */
static const char *service_of_body(const struct api_call *call)
{
    const struct http_request *request = call->request;
    json_auto_t *root =
        request->n_body ? json_loadb(request->body, request->n_body, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(root, "name"));
    return arena_strdup(call->arena, name ? name : "");
}

/* Two parameters of which each knows one word. */
static bool take_word(const struct api_call *call, const char *key, const char *word, bool *out,
                      struct err *err)
{
    const char *given = call_param(call, key);
    *out = given && strcmp(given, word) == 0;
    if (!given || !given[0] || *out)
        return true;
    err_set(err, ERR_INPUT, "%s='%.40s' is not known", key, given);
    err_hint(err, "%s=%s is", key, word);
    return false;
}

static bool take_gate(const struct api_call *call, struct gate *out, struct err *err)
{
    const char *fail_on = call_param(call, "fail-on");
    const bool is_harm = fail_on && strcmp(fail_on, "harm") == 0; /* it always does */
    char *service = arena_strdup(call->arena, call->rest[0] ? call->rest : service_of_body(call));
    text_lower(service);
    *out = (struct gate){.service = service, .env = call_param(call, "env")};
    if (!service[0]) {
        err_set(err, ERR_INPUT, "which service?");
        err_hint(err, "/gate/website");
        return false;
    }
    return take_word(call, "require", "no_harm", &out->wants_no_harm, err) &&
           (is_harm ||
            take_word(call, "fail-on", "inconclusive", &out->fails_on_cannot_tell, err)) &&
           judging_wish(call, &out->judging, err);
}

/* Notes, freezes, incidents and what others did are no reason to hold a rollout. */
static bool is_ours(const struct change *change)
{
    return change->kind <= CHANGE_DATA;
}

/* NULL: none is known. */
static bool find_newest(const struct api_call *call, const struct gate *gate,
                        const struct change **out, struct err *err)
{
    const struct changes *changes = &call->api->deps.query.changes;
    const struct change_query query = {
        .kind = -1, .service = gate->service, .env = gate->env, .n_max = LOOK_AT_MAX};
    struct change_list list = {0};
    if (!changes->ops->list(changes->self, &query, call->arena, &list, err))
        return false;
    *out = NULL;
    for (size_t i = 0; i < list.n && !*out; i++)
        if (is_ours(&list.items[i]))
            *out = &list.items[i];
    return true;
}

static int status_of(const struct gate *gate, enum verdict_state state)
{
    switch (state) {
    case VERDICT_HARM:
        return HARM;
    case VERDICT_PENDING:
        return gate->wants_no_harm ? NOT_YET : GO;
    case VERDICT_CANNOT_TELL:
        return gate->wants_no_harm || gate->fails_on_cannot_tell ? CANNOT_TELL : GO;
    case VERDICT_MOVED:
        return gate->wants_no_harm ? CANNOT_TELL : GO;
    case VERDICT_NO_HARM:
    case VERDICT_IMPROVED:
    case VERDICT_STATES:
        break;
    }
    return GO;
}

static void put_moved(struct jsonw *json, const struct verdict *verdict)
{
    jsonw_key(json, "moved");
    jsonw_array(json);
    for (size_t i = 0; i < verdict->n_moved; i++)
        jsonw_text(json, verdict->moved[i].name);
    jsonw_end(json);
}

static bool answer_nothing_known(struct api_call *call, const struct gate *gate, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "service", gate->service);
    jsonw_put_bool(&json, "go", true);
    jsonw_put_text(&json, "state", NULL);
    jsonw_put_text(&json, "say",
                   arena_printf(call->arena,
                                "no change of %s is known, so nothing speaks against "
                                "going on",
                                gate->service));
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

static bool answer(struct api_call *call, const struct gate *gate, const struct change *change,
                   const struct verdict *verdict, struct err *err)
{
    CLEANUP(buf_done) struct buf say;
    struct jsonw json;
    buf_init(&say, SAY_BYTES_MAX);
    const int status = status_of(gate, verdict->state);
    if (!call_json(call, &json, err))
        return false;
    call->response->status = status;
    buf_printf(&say, "%s%s%s ", change->service, change->rev[0] ? " " : "", change->rev);
    verdict_say(verdict, &say);
    jsonw_object(&json);
    jsonw_put_text(&json, "service", change->service);
    jsonw_put_bool(&json, "go", status == GO);
    jsonw_put_text(&json, "state", verdict_state_name(verdict->state));
    jsonw_put_text(&json, "say", buf_text(&say));
    jsonw_put_text(&json, "change", change->id);
    jsonw_put_text(&json, "stage", verdict_stage_name(verdict->stage));
    jsonw_put_i64(&json, "checked", verdict->n_checked);
    put_moved(&json, verdict);
    jsonw_put_i64(&json, "left", judging_left_s(call, verdict));
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool gate_run(struct api_call *call, struct err *err)
{
    struct gate gate;
    const struct change *change;
    struct verdict verdict = verdict_blank();
    if (!take_gate(call, &gate, err) || !find_newest(call, &gate, &change, err))
        return false;
    if (!change)
        return answer_nothing_known(call, &gate, err);
    return judging_in_short(call, change, &gate.judging, &verdict, err) &&
           answer(call, &gate, change, &verdict, err);
}
