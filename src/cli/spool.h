/* Records that wait for a server: a file each in $XDG_STATE_HOME/plumb/spool (or
 * ~/.local/state/...), holding the JSON that is to be sent. Several processes may use it at once.
 *
 *   1. A file appears whole or not at all.
 *   2. It goes away only after a server took it, or into spool/refused, with a .why beside it.
 *   3. The oldest is sent first.
 *   4. Sending one twice does no harm: its key tells. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    SPOOL_RECORDS_MAX = 10000, /* a week without a server, a change a minute */
    SPOOL_REFUSED_MAX = 1000,  /* older ones make room: nobody has looked at them */
};

struct spool {
    const char *dir, *refused_dir;
    size_t records_max;
};

/* dir NULL: as above. Makes nothing yet; strings in the arena. err: ERR_MISSING without a home. */
MUST_CHECK bool spool_open(const char *dir, struct arena *arena, struct spool *out,
                           struct err *err);

/* How many wait, and how many a server refused. No spool is an empty one. err: ERR_IO */
MUST_CHECK bool spool_count(const struct spool *spool, struct arena *arena, size_t *out_waiting,
                            size_t *out_refused, struct err *err);

/* Keeps a record of this time. err: ERR_LIMIT when it is full, ERR_IO */
MUST_CHECK bool spool_add(const struct spool *spool, const struct buf *record, int64_t now_ms,
                          struct err *err);

/* What became of one that was tried. */
enum spool_fate { SPOOL_SENT, SPOOL_LATER /* and the others too */, SPOOL_REFUSED };
typedef enum spool_fate (*spool_send)(void *self, const struct buf *record, struct err *why);

struct spool_report {
    size_t n_sent, n_refused, n_waiting;
    bool is_busy;              /* another process is at it: nothing was tried */
    struct err later, refused; /* the last reason of each kind; ERR_NONE: none */
};

/* Sends what waits, oldest first, until send says SPOOL_LATER. Damaged files are refused too. No
 * spool is an empty one. err: ERR_IO, with the report of what was done before */
MUST_CHECK bool spool_deliver(const struct spool *spool, spool_send send, void *self,
                              struct spool_report *out, struct err *err);
