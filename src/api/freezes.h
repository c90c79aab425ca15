/* Freezes, as other routes need them. */
#pragma once

#include "api/call.h"
#include "model/freeze.h"

/* until=, for=, cron= and tz= of a request, and what else makes a freeze of the change: without an end it
 * goes on until thawed. err: ERR_INPUT: what cannot be read, or cannot be */
MUST_CHECK bool freezes_take(struct api_call *call, struct change *io, struct err *err);
/* Ends all freezes of just this service ("": of everybody) in env, and answers. err: ERR_MISSING none */
MUST_CHECK bool freezes_end(struct api_call *call, const char *service, const char *env,
                            struct err *err);
/* A deploy that begins while its service is frozen gets the tag frozen: the freeze's id. */
void freezes_mark(struct api_call *call, struct change *io);

/* Every freeze that is in force at now_ms or will be, with that window. The zone of a rule that names
 * one that nobody knows is the server's. */
struct freezes_item {
    const struct change *change;
    struct freeze freeze;
    struct freeze_window window;
    bool is_on;
};
struct freezes_items {
    struct freezes_item *items;
    size_t n;
};
MUST_CHECK bool freezes_all(struct api_call *call, int64_t now_ms, struct freezes_items *out,
                            struct err *err);
/* One of them as an object: id, service, env, by, msg, start, end, cron, for, tz, frozen, from, until. */
void freezes_write(struct jsonw *json, const struct freezes_item *item);
