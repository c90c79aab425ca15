/* Takes a change to the server, or to the spool when there is none: what every command that records
 * uses. It never takes longer than a stated time, and what it could not do it warns of on stderr.
 * */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/change.h"

struct client;

enum {
    COURIER_MS_MAX =
        1900 /* all contact with the server for one record: with what else it takes, 2 s */
};

struct courier_order {
    const char *command;    /* for the warnings */
    bool delivers_the_rest; /* what is left of the time goes to what waits in the spool */
    int64_t ms_max;         /* 1..COURIER_MS_MAX */
    struct client *client;  /* NULL, or the caller's: opened when it is not, and left open */
    const struct err *away; /* why no server answered just now: straight into the spool; or NULL */
};

enum courier_fate {
    COURIER_DELIVERED,
    COURIER_KEPT,    /* in the spool */
    COURIER_REFUSED, /* by the server, and for good */
    COURIER_LOST,    /* no server, and no place to keep it */
};

/* Told by warnings: COURIER_KEPT and COURIER_LOST. Not told, but in why: COURIER_REFUSED. With COURIER_KEPT
 * why is ERR_REFUSED when it waits for a token, not for a server.
 *   change  must have a key
 *   out_id  set when delivered, in the arena */
enum courier_fate courier_record(const struct change *change, const struct courier_order *order,
                                 struct arena *arena, const char **out_id, struct err *why);

/* A new idempotency key. */
const char *courier_key(struct arena *arena);
