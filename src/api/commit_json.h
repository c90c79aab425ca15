/* Commits as the API's JSON: [{"service","sha","title","at","merge"}], oldest first. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/commit.h"

enum { COMMIT_JSON_MAX = 10000 /* commits in one request */ };

/* "at" is seconds; a title may be missing, "merge" too (false). Services are spelt as changes spell
 * them, titles without secrets. Strings in the arena.
 *   err  ERR_INPUT with the commit's place and field; ERR_LIMIT */
MUST_CHECK bool commit_json_read(const char *text, size_t n, struct arena *arena,
                                 struct commit_list *out, struct err *err);
