/* The data folder of the commands that read it without a server. */
#pragma once

#include "base/arena.h"
#include "cli/cli.h"

/* Their options: --data and --config, as serve has them. */
#define FOLDER_OPTIONS                                                                             \
    {"data", 0, CLI_TEXT, "DIR", "the data folder [data]"},                                        \
    {                                                                                              \
        "config", 0, CLI_TEXT, "FILE", "plumb.conf, which may name it"                             \
    }

/* The data folder that flags or plumb.conf name. err: ERR_INPUT. */
MUST_CHECK bool folder_data(const struct args *args, struct arena *arena, const char **out,
                            struct err *err);
/* The store's folder in the data folder that flags or plumb.conf name. err: ERR_INPUT. */
MUST_CHECK bool folder_store(const struct args *args, struct arena *arena, const char **out,
                             struct err *err);
/* "12.3 MB" */
const char *folder_bytes(struct arena *arena, uint64_t n);
