/* What the server says of a change's impact, as commands read it. */
#pragma once

#include "base/buf.h"
#include "model/change.h"

enum { JUDGED_BYTES_MAX = 8 << 20 /* of an answer: some thousand metrics */ };

struct judged {
    struct change change;
    struct verdict verdict;
    int64_t left_s;  /* until its horizon is over; 0: it is */
    int64_t every_s; /* so often another look is worth it */
};

/* The answer of /api/v1/changes/ID/impact, in the arena. err: ERR_INPUT when it is none, ERR_LIMIT */
MUST_CHECK bool judged_read(const char *json, size_t n, struct arena *arena, struct judged *out,
                            struct err *err);

/* What to ask for. NULL and 0: what the server does by itself. */
struct judged_wish {
    const char *stage; /* "live" */
    int64_t for_s;
    const char *const *globs, *const *vitals; /* n_ each */
    size_t n_globs, n_vitals;
};
/* Asks for it. err: as client_get and judged_read */
struct client;
MUST_CHECK bool judged_ask(struct client *client, const char *id, const struct judged_wish *wish,
                           struct arena *arena, struct buf *answer, struct err *err);

/* All values of an option. */
struct args;
const char *const *judged_items(const struct args *args, const char *option, struct arena *arena,
                                size_t *out_n);
/* for=15m as seconds: --NAME, or 0. err: ERR_INPUT naming the option */
MUST_CHECK bool judged_length(const struct args *args, const char *option, int64_t *out_s,
                              struct err *err);
