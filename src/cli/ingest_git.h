/* What git log says, as commits. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/commit.h"

/* The format that says everything in a line: sha, time, parents and title, with a unit separator between
 * them. */
#define INGEST_GIT_FORMAT "%H%x1f%ct%x1f%P%x1f%s"

/* That format, or git log's own (also with --format=fuller, --date=iso). Oldest first, whichever way the
 * text goes; strings in the arena.
 *   service  of all of them; lent
 *   err      ERR_INPUT with the line */
MUST_CHECK bool ingest_git_read(struct str text, const char *service, struct arena *arena,
                                struct commit_list *out, struct err *err);
