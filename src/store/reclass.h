/* A series belongs to the class of the rule that its name has now. When the rules are not those that the
 * folder was last opened with, every name is looked up again at start; what has another rule moves to its
 * class. Old data stay in the files of the old class: view_past.h says how they are seen, retain.c how long
 * they are kept.
 *
 * Crash-safe because of the order: all points go to files, and the manifest says of the new classes too
 * that no point of the log before this moment is theirs to replay; then the marks are written, and last
 * the rules' fingerprint. Whatever of this is missing is done again at the next start.
 *
 * A series never comes back to a class that it left data in: that class's old values would win over newer
 * ones. It gets another class with the same rule. */
#pragma once

#include "base/err.h"

struct store;

/* Some series are in class `to` and were in class `from` before. */
struct succession {
    uint16_t from, to;
};

/* After the log was replayed, before anybody writes.
 *   err  ERR_IO: the marks could not be written; when it is the data that cannot, the series stay in their
 *        old classes until the next start, which is logged */
MUST_CHECK bool reclass_all(struct store *store, struct err *err);
