/* Ending changes: POST /api/v1/end, and what a rollback ends. */
#include "api/ends.h"

#include <string.h>

#include "api/change_json.h"
#include "api/recording.h"
#include "api/routes.h"

enum {
    LOOKED_AT = 200, /* newest changes of a place, among which the one to end is */
    ID_BYTES = 26,   /* a whole id is no service's name */
};

/* The newest changes of a service and what belongs to it. */
static bool list_place(struct api_call *call, const struct change_query *place,
                       struct change_list *out, struct err *err)
{
    struct change_query query = *place;
    query.n_max = LOOKED_AT;
    *out = (struct change_list){0};
    const struct changes *changes = &call->api->deps.query.changes;
    return changes->ops->list(changes->self, &query, call->arena, out, err);
}

static bool is_rollback(const struct change *change)
{
    return strcmp(change->action, "rollback") == 0;
}

/* What a rollback takes back: the newest open one, else the newest that ran to its end. */
static const struct change *undone_by(const struct change *rollback, const struct change_list *list)
{
    const struct change *newest = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct change *c = &list->items[i];
        if (strcmp(c->service, rollback->service) != 0 || strcmp(c->env, rollback->env) != 0 ||
            is_rollback(c) || c->is_posted || c->start_ms >= rollback->start_ms)
            continue;
        if (change_is_open(c))
            return c;
        const bool has_run = c->status == STATUS_SUCCEEDED || c->status == STATUS_FAILED;
        if (!newest && has_run && !c->is_retracted)
            newest = c;
    }
    return newest;
}

static bool end_failed(struct api_call *call, const struct change *open, int64_t end_ms,
                       struct err *err)
{
    struct ledger_receipt receipt;
    const struct ledger_end end = {.id = open->id,
                                   .kind = open->kind,
                                   .service = open->service,
                                   .env = open->env,
                                   .status = STATUS_FAILED,
                                   .end_ms = end_ms,
                                   .msg = ""};
    return recording_end(call, &end, &receipt, err);
}

bool ends_rollback(struct api_call *call, struct change *io, struct err *err)
{
    const bool is_end = io->status != STATUS_RUNNING && io->end_ms != io->start_ms;
    if (!is_rollback(io) || is_end || io->of[0])
        return true;
    struct change checked = *io; /* its service as the ledger will have it */
    const int64_t now_ms = clock_us(&call->api->deps.clock) / 1000;
    if (!change_check(&checked, now_ms, call->arena, err))
        return false;
    const struct change_query place = {.kind = (int)checked.kind,
                                       .service = checked.service,
                                       .env = checked.env,
                                       .from_ms = 0,
                                       .until_ms = checked.start_ms};
    struct change_list list;
    if (!list_place(call, &place, &list, err))
        return false;
    const struct change *undone = undone_by(&checked, &list);
    if (!undone)
        return true;
    if (change_is_open(undone) && !end_failed(call, undone, checked.start_ms, err))
        return false;
    io->of = undone->id;
    if (!io->prev[0])
        io->prev = undone->rev;
    if (!io->rev[0])
        io->rev = undone->prev;
    return true;
}

/* The newest open change of exactly that service; freezes are thawed instead. */
static const struct change *open_of(const char *service, const char *env,
                                    const struct change_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct change *c = &list->items[i];
        if (change_is_open(c) && c->kind != CHANGE_FREEZE && strcmp(c->service, service) == 0 &&
            strcmp(c->env, env) == 0)
            return c;
    }
    return NULL;
}

/* The change that what= names: a whole id, a service with an open change, or the beginning of an id. */
static bool find_open(struct api_call *call, const char *what, struct change *out, struct err *err)
{
    const char *kind = call_param(call, "kind"), *env = call_param(call, "env");
    enum change_kind known = CHANGE_DEPLOY;
    if (kind && !change_json_kind(kind, &known, err))
        return false;
    char *service = arena_strdup(call->arena, what);
    text_lower(service);
    const struct change_query place = {.kind = kind ? (int)known : -1, .service = service};
    struct change_list list = {0};
    const struct change *open = NULL;
    env = env ? env : "production";
    if (strlen(what) != ID_BYTES && !list_place(call, &place, &list, err))
        return false;
    open = open_of(service, env, &list);
    if (open) {
        *out = *open;
        return true;
    }
    struct err why;
    if (!ledger_get(call->api->deps.ledger, what, call->arena, out, &why)) {
        err_set(err, ERR_MISSING, "'%.60s' has nothing under way in %s, and no id begins so", what,
                env);
        return false;
    }
    if (out->kind == CHANGE_FREEZE) { /* which takes another right */
        err_set(err, ERR_INPUT, "%s is a freeze", out->id);
        err_hint(err, "plumb thaw ends it");
        return false;
    }
    if (change_is_open(out))
        return true;
    err_set(err, ERR_INPUT, "%s is over: it %s", out->id, change_status_name(out->status));
    return false;
}

/* what=, status=ok|fail, at=, kind=, env=, msg=. */
bool ends_run(struct api_call *call, struct err *err)
{
    const char *what = call_param(call, "what"), *status = call_param(call, "status");
    const char *msg = call_param(call, "msg");
    const bool is_fail = status && strcmp(status, "fail") == 0;
    if (!what || !what[0])
        return FAIL(err, ERR_INPUT, "what= is missing: a service or the id of a change");
    if (!is_fail && !(status && strcmp(status, "ok") == 0))
        return FAIL(err, ERR_INPUT, "status= is ok or fail");
    struct change open;
    struct ledger_receipt receipt;
    if (!find_open(call, what, &open, err))
        return false;
    const struct ledger_end end = {.id = open.id,
                                   .kind = open.kind,
                                   .service = open.service,
                                   .env = open.env,
                                   .status = is_fail ? STATUS_FAILED : STATUS_SUCCEEDED,
                                   .end_ms = clock_us(&call->api->deps.clock) / 1000,
                                   .msg = msg ? msg : ""};
    return recording_end(call, &end, &receipt, err) && recording_answer(call, &receipt, err);
}
