/* Write-ahead log: the points that are not yet in a block file. One stream of segment files for each
 * writer; a batch is one write(2). Segments are recycled by renaming, never truncated.
 * Format: docs/formats/wal.md. Thread: a stream belongs to its writer; the rest says who.
 *
 * Invariants:
 *   1. log sequence numbers (lsn) are unique and ascend within a segment; they order batches of
 *      different writers as they were committed
 *   2. a segment is reused only when every batch in it is below the low-water mark
 *   3. only wal_sync closes descriptors, so it never syncs a stranger's file */
#pragma once

#include "base/err.h"
#include "store/batch.h"

enum {
    WAL_HEADER_BYTES = 64,
    /* Small, so that some soon come back: bytes that a file has had before cost a fifth of new ones. */
    WAL_SEGMENT_BYTES = 8 << 20,
    WAL_STREAMS_MAX = 64,
    WAL_SPARE_MAX = 32, /* recycled segments kept for the next rotation */
    WAL_VERSION = 2,    /* in 1 no batch said what was on the disk; it is read */
};

struct wal;

/* After wal_replay. next_segment, next_lsn: above everything that was there. corrupt_dir: where damaged
 * segments go instead of being reused. */
MUST_CHECK struct wal *wal_new(const char *dir, const char *corrupt_dir, size_t segment_bytes,
                               uint64_t next_segment, uint64_t next_lsn);
/* Closes descriptors; does not sync. */
void wal_free(struct wal *wal);

/* Writes the batch to stream's segment, in a new one when it is full; the batch is untouched. On false
 * nothing of it will be replayed, and the call may be repeated.
 *   err  ERR_IO */
MUST_CHECK bool wal_append(struct wal *wal, unsigned stream, struct batch *batch, struct err *err);

/* The next lsn to be given out: everything put before a commit that has returned is below. */
uint64_t wal_next_lsn(const struct wal *wal);

/* What has been appended by now is what the next wal_sync notes as being on the disk: whatever it refers to
 * (names) is to be synced between the two. What is appended later is noted by the sync after. */
void wal_sync_begin(struct wal *wal);
/* Makes durable what was appended before the call. Thread: any, one at a time (the caller's care).
 *   err  ERR_IO: what was not synced is unknown, see store's disk_is_bad */
MUST_CHECK bool wal_sync(struct wal *wal, struct err *err);

/* After the last sync: notes in each stream that all of it is on the disk. */
void wal_end(struct wal *wal);

/* Segments found at start by wal_replay, so that they are reused in their time. */
void wal_adopt(struct wal *wal, uint64_t segment, uint64_t bytes, uint64_t last_lsn,
               bool is_damaged);
/* Recycles or removes closed segments whose batches are all below low_lsn. Thread: keeper. */
MUST_CHECK bool wal_reclaim(struct wal *wal, uint64_t low_lsn, struct err *err);

/* A copy of the log: until wal_let_go no segment is reclaimed, so the bytes that wal_list tells of stay
 * as they are. Holds may overlap. Thread: any. */
void wal_hold(struct wal *wal);
void wal_let_go(struct wal *wal);
struct wal_part {
    uint64_t segment, bytes; /* how much of its file has been written */
};
/* All that may hold points that are in no file, as far as it was appended by now: waits for appends that
 * are under way, new ones wait meanwhile, so no batch is missing before one that is there. mem_free ends it. */
MUST_CHECK struct wal_part *wal_list(struct wal *wal, size_t *out_n);

uint64_t wal_closed_bytes(struct wal *wal); /* of those that may be reclaimed one day */
uint64_t wal_bytes(struct wal *wal);        /* of segments in use */

/* "<dir>/<number in 16 hex digits>.wal", freed by the caller. */
MUST_CHECK char *wal_path(const char *dir, uint64_t segment);
/* The checksum seed of a segment's batches. */
uint32_t wal_seed(uint64_t segment);
