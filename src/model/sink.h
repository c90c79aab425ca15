/* The seam where points go in: receivers above, a storage backend below. A receiver opens one writer;
 * it resolves names to ids (once a name, then remembered by the receiver), puts points by id in
 * batches, and commits at the end of each receive buffer. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "model/name.h"

struct sink_writer; /* one receiver's; owned by the backend; one thread */

enum { SINK_ID_NONE = 0xFFFFFFFFu };

struct sink_point {
    uint32_t id;
    uint32_t at_s; /* seconds since 1970 */
    double value;  /* finite */
};

/* What became of one point or name. Everything but SINK_OK is counted and kept as a reject. */
enum sink_fate {
    SINK_OK = 0,
    SINK_TOO_OLD,    /* before every archive of its series */
    SINK_TOO_NEW,    /* further in the future than the backend can keep */
    SINK_NAME_LIMIT, /* no more series may be created (now, or at all) */
    SINK_NAME_BAD,   /* see name_normalise */
    SINK_DISK,       /* the disk refused; nothing of the batch after it is kept */
    SINK_GONE,       /* the series was deleted since its name was resolved: resolve it again */
};

/* A name as stored, for receivers that predict the next line: at least 64 readable bytes follow it.
 * Lent for ever: names never move. */
struct sink_name {
    const char *at;
    uint32_t n;
};

struct sink_ops {
    /* A writer for the calling thread. err: ERR_IO, ERR_LIMIT (too many writers). */
    bool (*writer_open)(void *self, struct sink_writer **out, struct err *err);
    void (*writer_close)(struct sink_writer *writer);

    /* Ids of n names, any spelling; creates what is new. out_ids[i] is SINK_ID_NONE where
     * out_fates[i] is not SINK_OK. */
    void (*resolve)(struct sink_writer *writer, const struct str *names, size_t n,
                    uint32_t *out_ids, enum sink_fate *out_fates);
    struct sink_name (*name)(struct sink_writer *writer, uint32_t id);

    /* Stores n points, any order; each is seen by readers at once. Fates of those not stored are
     * written to out_fates[i] (all n are set). Returns how many were stored. */
    size_t (*put)(struct sink_writer *writer, const struct sink_point *points, size_t n,
                  enum sink_fate *out_fates);
    /* What was put is handed to the kernel when this returns true: it survives kill -9.
     * err: ERR_IO (disk full, ...): points stay readable but are not safe. */
    bool (*commit)(struct sink_writer *writer, struct err *err);

    /* From any thread: returns when everything put before the call is on disk. */
    bool (*barrier)(void *self, struct err *err);

    /* Counts deletions and renamings of series. Who remembers ids asks for each buffer that was read: once
     * it is another number, a name may lead to another id, or to none. NULL: never. Thread: any. */
    uint64_t (*n_renamings)(void *self);
};

struct sink {
    const struct sink_ops *ops;
    void *self;
};
