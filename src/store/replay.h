/* Reading the log back: the batches of all segments in the order of their commits. A torn tail ends a
 * segment; sound batches behind damage are found again. Format: docs/formats/wal.md. */
#pragma once

#include "base/err.h"
#include "store/batch.h"

enum { REPLAY_HOLES = 8 /* remembered; what comes behind counts with them */ };

/* One segment, for tests and fuzzing too. Of a file only a window is in memory: reading costs less than
 * mapping what is looked at once. */
struct replay_segment {
    uint64_t no;
    size_t n;              /* bytes */
    char *path;            /* NULL: all bytes are there */
    const uint8_t *window; /* bytes from .. from + n_window */
    size_t from, n_window;
    uint8_t *buffer; /* of the window, when there is a path */
    size_t cap;
    size_t at; /* of the batch in `next`; the end when has_next is false */
    bool has_next;
    struct batch_view next;
    uint64_t last_lsn;
    uint64_t end; /* behind the last sound batch */
    /* A bad stretch with sound batches behind it is damage if it was on the disk once: a later batch says so.
     * Else it was never written: the power failed, and sectors go to the disk in any order. */
    size_t n_damaged;
    size_t synced;              /* so many bytes were on the disk once, as the batches say */
    size_t holes[REPLAY_HOLES]; /* where those begin that are not known to be damage */
    size_t n_holes;
    uint64_t low_lsn; /* below it all points are in files: what is missing there is nobody's loss */
};
/* Finds the first batch in n bytes; the caller has set no, which seeds the checksums, and low_lsn. */
void replay_segment_open(struct replay_segment *segment, const void *bytes, size_t n);
/* Moves to the following batch. */
void replay_segment_next(struct replay_segment *segment);

/* The number in a segment's file name; false: it is none. */
MUST_CHECK bool replay_segment_no(const char *name, uint64_t *out);
/* err: ERR_REFUSED a newer version wrote it. */
MUST_CHECK bool replay_version(const void *bytes, size_t n, const char *path, struct err *err);

struct replay_reader {
    void *self;
    /* False: its checksum holds but its content does not. */
    bool (*on_batch)(void *self, const struct batch_view *view);
    /* after all batches, each segment in order of number */
    void (*on_segment)(void *self, const struct replay_segment *segment);
    uint64_t low_lsn; /* stretches in front of batches below it are not damage */
};

struct replay_result {
    uint64_t next_segment, next_lsn; /* above everything seen */
    uint64_t n_damaged;
};

/* err: ERR_IO; ERR_REFUSED a segment of a newer version. */
MUST_CHECK bool replay_dir(const char *dir, const struct replay_reader *reader,
                           struct replay_result *out, struct err *err);
