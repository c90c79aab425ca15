#include "api/recording.h"

#include "api/freezes.h"
#include "model/redact.h"

/* Without the secrets that slipped into its texts. A posted event stays as it was sent, as in
 * Graphite, but for those. */
static struct change redacted(const struct change *change, struct arena *arena)
{
    struct change clean = *change;
    const char **texts[] = {&clean.msg, &clean.url,       &clean.diff,     &clean.data,
                            &clean.by,  &clean.old_value, &clean.new_value};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = redact_text(*texts[i], arena);
    clean.tags = arena_array(arena, change->n_tags, struct tag);
    for (size_t i = 0; i < change->n_tags; i++) {
        const struct tag *tag = &change->tags[i];
        clean.tags[i] = (struct tag){tag->key, redact_tag(tag->key, tag->value, arena)};
    }
    return clean;
}

bool recording_add(struct api_call *call, const struct change *change, struct ledger_receipt *out,
                   struct err *err)
{
    struct change clean = redacted(change, call->arena);
    freezes_mark(call, &clean);
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
