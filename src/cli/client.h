/* The server, as the commands talk to it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "os/fetch.h"

enum {
    CLIENT_ASK_MS = 30000,              /* a heavy graph may take some seconds */
    CLIENT_ANSWER_BYTES_MAX = 64 << 20, /* of one answer */
};

/* Owner: the command. A zeroed one may be closed. */
struct client {
    struct fetch *fetch;
    const char *base;  /* "http://127.0.0.1:2010", without a slash at its end */
    const char *shown; /* the same, fit to be told: without a password */
    const char *token; /* sent as Authorization: Bearer; NULL: none */
    int status;        /* of the last answer; 0 before the first */
};

/* At $PLUMB_URL with $PLUMB_TOKEN, else as one's own file says (account.h), else the default. A token that
 * stands in the file is sent to the server that the file names, and to no other. err: ERR_INPUT when that is
 * no address of a server, or the file is wrong; ERR_IO */
MUST_CHECK bool client_open(struct client *out, struct arena *arena, struct err *err);
void client_close(struct client *client);
/* The address that client_open would ask, in the arena. Tells nothing. err: as client_open */
MUST_CHECK bool client_where(struct arena *arena, const char **out_base, struct err *err);

/* Adds key=value to a query, both encoded. */
void client_param(struct buf *query, const char *key, const char *value);
void client_param_i64(struct buf *query, const char *key, int64_t value);

/* Adds prefix and the name, encoded, to a path. */
void client_path(struct buf *path, const char *prefix, const char *name);

/* GET path?query (as a form by POST when it is long, or when it shall change something), appended to out.
 *   err  ERR_BUSY no server answered there, ERR_MISSING 404, ERR_INPUT it refused, with its reason,
 *        ERR_REFUSED a token is needed, or another one (401, 403), ERR_CORRUPT any other status,
 *        ERR_LIMIT the answer is longer than out takes */
struct client_ask {
    const char *path;        /* "/render" */
    const struct buf *query; /* NULL: none */
    const char *accept;
    int64_t wait_ms;
    bool is_post; /* a query is needed then */
};
MUST_CHECK bool client_get(struct client *client, const struct client_ask *ask, struct buf *out,
                           struct err *err);

/* POST of JSON, the answer appended to out. err: as client_get. */
MUST_CHECK bool client_post(struct client *client, const char *path, const struct buf *body,
                            int64_t wait_ms, struct buf *out, struct err *err);

/* The answer to one question, to $PLUMB_URL; what most commands need. path and query as for client_get. */
MUST_CHECK bool client_ask_get(const char *path, const struct buf *query, struct buf *out,
                               struct err *err);
MUST_CHECK bool client_ask_post(const char *path, const struct buf *query, struct buf *out,
                                struct err *err);

enum client_fate {
    CLIENT_TAKEN,
    CLIENT_LATER,   /* nobody there, not a plumb server, or it is unwell: keep the record */
    CLIENT_REFUSED, /* it will never take this one */
};
/* Hands a change's JSON over, with our clock as "now".
 *   out_id  of the change, in the arena; only when taken
 *   why     as above, when not taken */
enum client_fate client_record(struct client *client, const struct buf *body, int64_t wait_ms,
                               struct arena *arena, const char **out_id, struct err *why);
