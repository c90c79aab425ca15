/* A change as the API's JSON, in and out. Times are seconds with milliseconds behind the point. */
#pragma once

#include "base/jsonw.h"
#include "model/change.h"

/* Stable key order; every key always present. "verdict" is as verdict_write_summary has it, or null. */
void change_json_write(struct jsonw *json, const struct change *change);
/* {"kind","service",...}: what is absent stays as in *io; unknown keys of text or number become tags.
 * "now" is the sender's clock, "ttl" a number of seconds.
 * Strings in the arena. err: ERR_INPUT with the field. */
MUST_CHECK bool change_json_read(const char *text, size_t n, struct arena *arena, struct change *io,
                                 struct err *err);
/* The same, and what is long or for few: ttl, posted, data. For one change, and for export. */
void change_json_write_whole(struct jsonw *json, const struct change *change);
/* The same, and of what has an id also what the ledger said of it (id, also, edits, retracted, received,
 * skew, verdict). err: as above. */
MUST_CHECK bool change_json_read_whole(const char *text, size_t n, struct arena *arena,
                                       struct change *io, struct err *err);
/* A kind's name. err: ERR_INPUT, with the names that there are. */
MUST_CHECK bool change_json_kind(const char *text, enum change_kind *out, struct err *err);
/* "1500000000", "1500000000.5", ms, us: whatever change_check tells apart. err: ERR_INPUT. */
MUST_CHECK bool change_json_time(const char *field, double value, int64_t *out_ms, struct err *err);
