/* DogStatsD's event, "_e{5,9}:title|some text|t:error|#service:web,kind:deploy", as a change. Format:
 * docs/formats/statsd.md. Pure. Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "model/change.h"

/* The line begins with "_e{". Strings are in the arena; ledger_post checks lengths and the service.
 *   now_ms  when it came; its time, unless it says another (d:)
 *   err     ERR_INPUT: the lengths do not fit the line, a field cannot be what it says */
MUST_CHECK bool statsd_event_parse(struct str line, int64_t now_ms, struct arena *arena,
                                   struct change *out, struct err *err);
