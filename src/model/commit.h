/* A commit of a version control system, as push hooks and `plumb ingest git` tell of it: what a deploy
 * brings, and since when it waited. */
#pragma once

#include "base/str.h"

struct commit {
    const char *service; /* as changes name it */
    const char *sha;     /* whole */
    const char *title;   /* first line of its message */
    int64_t at_ms;       /* committed; milliseconds since 1970 */
    bool is_merge;
};

/* Commits of one service in the order in which they came to be (oldest first). */
struct commit_list {
    struct commit *items;
    size_t n, cap;
};
