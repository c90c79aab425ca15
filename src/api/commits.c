/* POST /api/v1/commits: what a push hook or plumb ingest git knows of a service's history. */
#include "api/commit_json.h"
#include "api/recording.h"
#include "api/routes.h"

bool commits_add(struct api_call *call, struct err *err)
{
    struct commit_list list = {0};
    struct jsonw json;
    if (!commit_json_read(call->request->body, call->request->n_body, call->arena, &list, err) ||
        !ledger_commits_add(call->api->deps.ledger, &list, err) || !call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_i64(&json, "commits", (int64_t)list.n);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}
