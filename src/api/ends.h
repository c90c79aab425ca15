/* What a change says of one before it. */
#pragma once

#include "api/call.h"

/* A rollback that begins (or a point) ends what was under way before it, as failed, and points at it; with
 * nothing under way, at the newest one that is no rollback. Without a revision it brings back the one
 * before that. Told again it does the same. Other changes stay as they are. err: as ledger_finish */
MUST_CHECK bool ends_rollback(struct api_call *call, struct change *io, struct err *err);
