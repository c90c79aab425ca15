/* Whom the commands ask, and as whom: $PLUMB_URL and $PLUMB_TOKEN, else what one's own file says:
 *
 *   [plumb]
 *   url = https://plumb.example
 *   token = plb_...
 *
 * in $XDG_CONFIG_HOME/plumb/config, else ~/.config/plumb/config. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct account {
    const char *url;   /* NULL: not said */
    const char *token; /* NULL: none */
    const char
        *file_url;    /* the token of the file is for this one only; NULL: for the default one */
    bool is_of_file;  /* the token */
    const char *file; /* its path */
    bool is_exposed;  /* others on this machine may read the token in it */
};

/* Strings in the arena, or the environment's. err: ERR_INPUT, naming file and line or the variable; ERR_IO */
MUST_CHECK bool account_read(struct arena *arena, struct account *out, struct err *err);
