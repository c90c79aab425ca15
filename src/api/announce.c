/* The channels that tell of changes: how they are, and a message to try one. */
#include "api/routes.h"

bool announce_list(struct api_call *call, struct err *err)
{
    struct jsonw json;
    const struct api_deps *deps = &call->api->deps;
    if (!call_json(call, &json, err))
        return false;
    deps->announce_state(deps->self, &json);
    call_json_end(call);
    return true;
}

bool announce_try(struct api_call *call, struct err *err)
{
    const char *channel = call_param(call, "channel");
    const struct api_deps *deps = &call->api->deps;
    if (!channel)
        return FAIL(err, ERR_INPUT,
                    "channel is missing: ?channel=NAME, of its section in plumb.conf");
    if (!deps->announce_test(deps->self, channel, err))
        return false;
    call_text_answer(call, "text/plain; charset=utf-8", "told\n");
    return true;
}
