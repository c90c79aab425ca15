#include "api/recording.h"

#include "model/redact.h"

bool recording_add(struct api_call *call, const struct change *change, struct ledger_receipt *out,
                   struct err *err)
{
    const struct change clean = redact_change(change, call->arena);
    return ledger_record(call->api->deps.ledger, &clean, out, err);
}

bool recording_end(struct api_call *call, const struct ledger_end *end, struct ledger_receipt *out,
                   struct err *err)
{
    struct ledger_end clean = *end;
    clean.msg = redact_text(end->msg, call->arena);
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
