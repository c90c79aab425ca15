#include "api/recording.h"

#include "api/freezes.h"
#include "api/limits.h"
#include "model/redact.h"

/* ---- rights and rates ---- */

/* Is there a limit to what the caller may write? */
static bool is_limited(const struct api_call *call)
{
    return call->caller.scopes && !call->is_hook && !scope_has(call->caller.scopes, SCOPE_ADMIN);
}

static bool check_right(struct api_call *call, enum change_kind kind, const char *service,
                        struct err *err)
{
    if (scope_may_write(call->caller.scopes, kind, service))
        return true;
    call->is_denied = true;
    limits_count_denied(call->api->limits);
    err_set(err, ERR_REFUSED, "the token '%s' may not write a %s of '%.100s'", call->caller.token,
            change_kind_name(kind), service);
    if (kind == CHANGE_FREEZE)
        err_hint(err, "that needs the scope freeze");
    else
        err_hint(err, "that needs the scope write:%s%s%.100s", change_kind_name(kind),
                 service[0] ? ":" : "", service);
    return false;
}

/* A key names a change, and what is told with it is added to that one: it must be one of the caller's. */
static bool check_known(struct api_call *call, const struct change *change, struct err *err)
{
    struct change known;
    struct err why;
    if (!change->key[0])
        return true;
    if (ledger_get_key(call->api->deps.ledger, change->source, change->key, call->arena, &known,
                       &why))
        return check_right(call, known.kind, known.service, err);
    if (why.kind == ERR_MISSING)
        return true;
    *err = why;
    return false;
}

static bool take(struct api_call *call, enum limits_what what, struct err *err)
{
    const int64_t now_us = clock_us(&call->api->deps.clock);
    if (limits_take(call->api->limits, call->caller.limit_id, what, now_us, &call->retry_after_s))
        return true;
    if (what == LIMITS_WRITE)
        err_set(err, ERR_BUSY, "more than %d changes a minute, and %d at once, from one sender",
                LIMITS_WRITES_PER_MINUTE, LIMITS_WRITES_AT_ONCE);
    else
        err_set(err, ERR_BUSY, "more than %d services an hour that no change has named before",
                LIMITS_SERVICES_PER_HOUR);
    err_hint(err, "again in %lld s; a token with the scope admin is not held back",
             (long long)call->retry_after_s);
    return false;
}

/* Graphite's events, kept apart, make no series, and their tags are no services. */
static bool is_new_service(const struct api_call *call, const struct change *change)
{
    const bool is_apart = change->is_posted && call->api->deps.events_posted_only;
    return change->service[0] && !is_apart && !ledger_has_series(call->api->deps.ledger, change);
}

/* May it be recorded, and now? *change is what was told, as the ledger will read it. */
static bool check(struct api_call *call, const struct change *change, struct err *err)
{
    if (is_limited(call) &&
        (!check_right(call, change->kind, change->service, err) || !check_known(call, change, err)))
        return false;
    if (!call->caller.limit_id)
        return true;
    return take(call, LIMITS_WRITE, err) &&
           (!is_new_service(call, change) || take(call, LIMITS_NEW_SERVICE, err));
}

/* As the ledger will read it: the same spelling is the same service. */
static bool canonical(const struct api_call *call, struct change *io, struct err *err)
{
    return change_check(io, clock_us(&call->api->deps.clock) / 1000, call->arena, err);
}

static bool check_end(struct api_call *call, const struct ledger_end *end, struct err *err)
{
    struct change change = change_blank();
    change.kind = end->kind;
    change.service = end->service;
    if (end->id[0] && !ledger_get(call->api->deps.ledger, end->id, call->arena, &change, err))
        return false;
    if (!end->id[0] && !canonical(call, &change, err))
        return false;
    if (is_limited(call) && !check_right(call, change.kind, change.service, err))
        return false;
    return !call->caller.limit_id || take(call, LIMITS_WRITE, err);
}

/* ---- recording ---- */

bool recording_add(struct api_call *call, const struct change *change, struct ledger_receipt *out,
                   struct err *err)
{
    struct change clean = redact_change(change, call->arena);
    struct change read = clean;
    if ((is_limited(call) || call->caller.limit_id) &&
        (!canonical(call, &read, err) || !check(call, &read, err)))
        return false;
    freezes_mark(call, &clean);
    return ledger_record(call->api->deps.ledger, &clean, out, err);
}

bool recording_end(struct api_call *call, const struct ledger_end *end, struct ledger_receipt *out,
                   struct err *err)
{
    struct ledger_end clean = *end;
    clean.msg = redact_text(end->msg, call->arena);
    if ((is_limited(call) || call->caller.limit_id) && !check_end(call, end, err))
        return false;
    return ledger_finish(call->api->deps.ledger, &clean, out, err);
}

bool recording_answer(struct api_call *call, const struct ledger_receipt *receipt, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "id", receipt->id);
    jsonw_put_i64(&json, "seq", (int64_t)receipt->seq);
    jsonw_put_bool(&json, "merged", receipt->is_merged);
    jsonw_end(&json);
    call_json_end(call);
    buf_add_char(&call->response->body, '\n');
    return true;
}
