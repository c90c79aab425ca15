/* Clients of other tools keep a number, and end or correct by it what they told: another telling of the
 * same change, by its source and key. */
#pragma once

#include "api/recording.h"

struct retell {
    struct change known;
    const char *key; /* of the client's own telling */
};

/* The change that the number stands for, as it now is. err: ERR_MISSING. */
MUST_CHECK bool retell_get(struct api_call *call, const char *number, struct change *out,
                           struct err *err);
/* The same, to be told again.
 *   source  whose clients ask: what came only through other doors is not theirs to correct
 *   err     ERR_MISSING no such number; ERR_REFUSED not theirs */
MUST_CHECK bool retell_find(struct api_call *call, const char *number, const char *source,
                            struct retell *out, struct err *err);
/* Tells it again with what the update knows: texts, tags, start, end. err: as recording_add. */
MUST_CHECK bool retell_record(struct api_call *call, const struct retell *retell,
                              const struct change *update, struct err *err);
/* Answers a wish to delete: nothing is ever deleted here, but retracted. */
MUST_CHECK bool retell_no_delete(struct api_call *call, const char *number, struct err *err);
