/* Changes of another ledger, as its export tells of them, many at once. Thread: any; returns when they are
 * on disk. */
#pragma once

#include "ledger/ledger.h"

/* One with an id comes as it was: with its id, so that what refers to it still does, its doors, its count of
 * edits, retracted or not; a change of that id, or of its source and key, is known already and is left as
 * it is (is_merged). One without an id is recorded as if somebody told of it now.
 *   changes   n of them, each through change_check, with received_ms; lent for the call
 *   receipts  n of them
 *   err       ERR_IO, ERR_BUSY, ERR_CORRUPT: none was taken */
MUST_CHECK bool restore_changes(struct ledger *ledger, const struct change_list *changes,
                                struct arena *arena, struct ledger_receipt *receipts,
                                struct err *err);
