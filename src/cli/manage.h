/* What delete and rename have in common: the server says what would be done, a person agrees, and then it
 * is done to just that. */
#pragma once

#include "cli/args.h"

#define MANAGE_OPTIONS                                                                             \
    {"dry-run", 'n', CLI_FLAG, NULL, "only show what would be done"},                              \
        {"yes", 'y', CLI_FLAG, NULL, "do not ask"},                                                \
        {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},                            \
    {                                                                                              \
        "by", 0, CLI_TEXT, "NAME", "who, for the ledger; else $PLUMB_BY, git's user.name, $USER"   \
    }

struct manage {
    const char *verb, *done; /* "delete", "deleted" */
    const char *path;        /* of the API */
    const struct args *args;
    const struct buf *query; /* what it is about, as a form */
};
/* Returns the exit code. */
int manage_run(const struct manage *manage, struct arena *arena);
