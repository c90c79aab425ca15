/* The one way by which a request puts changes into the ledger, whatever its route: rights are checked,
 * secrets blotted out, rates kept. */
#pragma once

#include "api/call.h"

/* Records (or merges). err: as ledger_record; ERR_REFUSED: this token may not write that; ERR_BUSY with
 * call->retry_after_s: too many from this caller. */
MUST_CHECK bool recording_add(struct api_call *call, const struct change *change,
                              struct ledger_receipt *out, struct err *err);
/* Ends an open change. err: as ledger_finish, and as above. */
MUST_CHECK bool recording_end(struct api_call *call, const struct ledger_end *end,
                              struct ledger_receipt *out, struct err *err);
/* {"id","seq","merged"} as the answer. */
MUST_CHECK bool recording_answer(struct api_call *call, const struct ledger_receipt *receipt,
                                 struct err *err);
