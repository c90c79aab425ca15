/* A verdict in short, as the row of a change has it: a few lines of words, which a list of changes reads
 * ten times as fast as JSON. Format: docs/formats/ledger.md. Pure. */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "model/verdict.h"

/* The first VERDICT_SUMMARY_MAX of what moved and of what would have been seen to move, as in
 * model/verdict_write.h. */
void summary_encode(const struct verdict *verdict, struct buf *out);
/* Strings in the arena; `change` is "". Lines that cannot be read are left out. False: not even the first can
 * be. */
MUST_CHECK bool summary_decode(struct str text, struct arena *arena, struct verdict *out);
