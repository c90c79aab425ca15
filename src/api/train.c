/* Push trains: GET /api/v1/train[/NAME], POST /api/v1/train/NAME. */
#include <jansson.h>

#include "api/routes.h"

/* Not your turn, or held: a status of its own, so that nobody takes it for a missing right. */
enum { STATUS_LOCKED = 423 };

static void write_car(const struct train_car *car, struct jsonw *json)
{
    jsonw_object(json);
    jsonw_put_text(json, "stage", car->stage);
    jsonw_put_text(json, "driver", car->members[0].name);
    jsonw_key(json, "members");
    jsonw_array(json);
    for (size_t i = 0; i < car->n; i++) {
        jsonw_object(json);
        jsonw_put_text(json, "name", car->members[i].name);
        jsonw_put_text(json, "mark", train_mark_name(car->members[i].mark));
        jsonw_end(json);
    }
    jsonw_end(json);
    jsonw_end(json);
}

/* who: NULL, or whose turn it may be. */
static void write_train(const struct ledger_train *of, const char *who, struct arena *arena,
                        struct jsonw *json)
{
    const struct train *train = &of->train;
    jsonw_object(json);
    jsonw_put_text(json, "name", of->name);
    jsonw_put_text(json, "topic", train_format(train, arena));
    jsonw_put_text(json, "hold", train->hold);
    if (who)
        jsonw_put_bool(json, "turn", train_is_turn(train, train_name(who, arena)));
    jsonw_key(json, "cars");
    jsonw_array(json);
    for (size_t i = 0; i < train->n; i++)
        write_car(&train->cars[i], json);
    jsonw_end(json);
    jsonw_put_text(json, "by", of->by);
    jsonw_put_f64(json, "at", (double)of->at_ms / 1000);
    jsonw_end(json);
}

static bool answer_train(struct api_call *call, const struct ledger_train *train, const char *who,
                         struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    write_train(train, who, call->arena, &json);
    call_json_end(call);
    return true;
}

bool train_list(struct api_call *call, struct err *err)
{
    struct ledger_train *trains;
    size_t n;
    struct jsonw json;
    if (!ledger_trains(call->api->deps.ledger, call->arena, &trains, &n, err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < n; i++)
        write_train(&trains[i], call_param(call, "who"), call->arena, &json);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* {"verb":"join with","who":"nora","arg":"lee"}; verb and arg may be one text. */
static bool read_wish(struct api_call *call, struct train_wish *out, struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(call->request->body, call->request->n_body, 0, &why);
    if (!json_is_object(root)) {
        err_set(err, ERR_INPUT, "the body is no JSON object");
        err_hint(err, "{\"verb\":\"join\",\"who\":\"nora\",\"arg\":\"with lee\"}");
        return false;
    }
    const char *verb = json_string_value(json_object_get(root, "verb"));
    const char *who = json_string_value(json_object_get(root, "who"));
    const char *arg = json_string_value(json_object_get(root, "arg"));
    if (!who || !who[0])
        return FAIL(err, ERR_INPUT,
                    "who is it? Say \"who\" (plumb train: --by NAME, or $PLUMB_BY)");
    if (!verb)
        return FAIL(err, ERR_INPUT, "\"verb\" is missing");
    out->who = arena_strdup(call->arena, who);
    const char *typed = arena_printf(call->arena, "%s %s", verb, arg ? arg : "");
    return train_wish_parse(typed, call->arena, out, err);
}

static bool act(struct api_call *call, struct err *err)
{
    struct train_wish wish;
    struct ledger_train train;
    if (!read_wish(call, &wish, err))
        return false;
    if (ledger_train(call->api->deps.ledger, call->rest, &wish, call->arena, &train, err))
        return answer_train(call, &train, wish.who, err);
    if (err->kind != ERR_REFUSED)
        return false;
    call_refuse(call, STATUS_LOCKED, err->text, err->hint);
    return true;
}

bool train_one(struct api_call *call, struct err *err)
{
    struct ledger_train train;
    if (call->request->method[0] == 'P')
        return act(call, err);
    return ledger_train(call->api->deps.ledger, call->rest, NULL, call->arena, &train, err) &&
           answer_train(call, &train, call_param(call, "who"), err);
}
