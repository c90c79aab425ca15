/* GET /api/v1/changes/ID/impact: what a change moved, and what it did not. */
#include "api/change_json.h"
#include "api/judging.h"
#include "api/routes.h"
#include "model/verdict_say.h"
#include "model/verdict_write.h"

enum { SENTENCE_BYTES_MAX = 4096 };

static void put_sentence(struct jsonw *json, const struct verdict *verdict)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, SENTENCE_BYTES_MAX);
    verdict_say(verdict, &text);
    jsonw_put_text(json, "say", buf_text(&text));
}

bool impact_answer(struct api_call *call, const char *id, struct err *err)
{
    const struct changes *changes = &call->api->deps.query.changes;
    struct judging judging;
    struct change change;
    struct verdict verdict = verdict_blank();
    struct jsonw json;
    if (!judging_wish(call, &judging, err) ||
        !changes->ops->get(changes->self, id, call->arena, &change, err) ||
        !judging_verdict(call, &change, &judging, &verdict, err) || !call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "id", change.id);
    jsonw_key(&json, "change");
    change_json_write(&json, &change);
    verdict_write_members(&json, &verdict);
    put_sentence(&json, &verdict);
    jsonw_put_i64(&json, "left", judging_left_s(call, &verdict));
    jsonw_put_i64(&json, "every", JUDGING_EVERY_S);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}
