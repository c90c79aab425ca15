#include "api/retell.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"

bool retell_get(struct api_call *call, const char *number, struct change *out, struct err *err)
{
    int64_t seq;
    if (!num_parse_i64(number, strlen(number), &seq) || seq <= 0)
        return FAIL(err, ERR_MISSING, "'%.60s' is no number of an annotation or marker", number);
    if (ledger_get_row(call->api->deps.ledger, (uint64_t)seq, call->arena, out, err))
        return true;
    if (err->kind == ERR_MISSING)
        err_set(err, ERR_MISSING, "there is nothing with the number %.60s", number);
    return false;
}

/* The key by which the source told of it; NULL: it did not. */
static const char *key_of(const struct change *change, const char *source)
{
    if (strcmp(change->source, source) == 0 && change->key[0])
        return change->key;
    for (size_t i = 0; i < change->n_also; i++)
        if (strcmp(change->also[i].source, source) == 0 && change->also[i].key[0])
            return change->also[i].key;
    return NULL;
}

bool retell_find(struct api_call *call, const char *number, const char *source, struct retell *out,
                 struct err *err)
{
    if (!retell_get(call, number, &out->known, err))
        return false;
    out->key = key_of(&out->known, source);
    if (out->key)
        return true;
    err_set(err, ERR_REFUSED,
            "number %.60s came through another door (%s): it is not corrected "
            "here",
            number, out->known.source);
    err_hint(err, "PATCH /api/v1/changes/%s does, with \"by\" and \"why\" in its JSON",
             out->known.id);
    return false;
}

bool retell_record(struct api_call *call, const struct retell *retell, const struct change *update,
                   struct err *err)
{
    const struct change *known = &retell->known;
    struct ledger_receipt receipt;
    struct change told = *update;
    told.key = retell->key;
    told.kind = known->kind;
    told.service = known->service;
    told.env = known->env;
    told.value = known->value;
    if (!told.start_ms)
        told.start_ms = known->start_ms;
    if (told.end_ms && told.end_ms < told.start_ms)
        return FAIL(err, ERR_INPUT, "its end would be before its start");
    told.status = told.end_ms ? STATUS_SUCCEEDED : known->status;
    return recording_add(call, &told, &receipt, err);
}

bool retell_no_delete(struct api_call *call, const char *number, struct err *err)
{
    struct change change;
    if (!retell_get(call, number, &change, err))
        return false;
    call_refuse(call, 501, "a change is never deleted",
                arena_printf(call->arena,
                             "it can be retracted, which hides it: POST "
                             "/api/v1/changes/%s/retract?by=WHO&why=REASON",
                             change.id));
    return true;
}
