/* Reading the log back: the batches of all segments in the order of their commits. A torn tail ends a
 * segment; sound batches behind damage are found again. Format: docs/formats/wal.md. */
#pragma once

#include "base/err.h"
#include "store/batch.h"

/* One segment's bytes, for tests and fuzzing too. */
struct replay_segment {
    uint64_t no;
    const uint8_t *bytes;
    size_t n;
    size_t at; /* of the batch in `next`; the end when has_next is false */
    bool has_next;
    struct batch_view next;
    uint64_t last_lsn;
    uint64_t end;     /* behind the last sound batch */
    size_t n_damaged; /* bad stretches with sound batches behind them */
};
/* Finds the first batch. no seeds the checksums. */
void replay_segment_open(struct replay_segment *segment, uint64_t no, const void *bytes, size_t n);
/* Moves to the following batch. */
void replay_segment_next(struct replay_segment *segment);

/* The number in a segment's file name; false: it is none. */
MUST_CHECK bool replay_segment_no(const char *name, uint64_t *out);
/* err: ERR_REFUSED a newer version wrote it. */
MUST_CHECK bool replay_version(const void *bytes, size_t n, const char *path, struct err *err);

struct replay_reader {
    void *self;
    void (*on_batch)(void *self, uint64_t lsn); /* then its points */
    batch_fn on_point;
    /* after all batches, each segment in order of number */
    void (*on_segment)(void *self, const struct replay_segment *segment);
};

struct replay_result {
    uint64_t next_segment, next_lsn; /* above everything seen */
    uint64_t n_damaged;
};

/* err: ERR_IO; ERR_REFUSED a segment of a newer version. */
MUST_CHECK bool replay_dir(const char *dir, const struct replay_reader *reader,
                           struct replay_result *out, struct err *err);
