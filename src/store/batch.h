/* A batch of points as the log holds it: about 3 bytes a point when ids and times run in order.
 * Pure. Format: docs/formats/wal.md, "Batch". */
#pragma once

#include <string.h>

#include "base/base.h"
#include "model/sink.h"

enum {
    BATCH_HEADER_BYTES = 24,     /* crc, length, count, synced, lsn */
    BATCH_POINT_BYTES_MAX = 19,  /* control, 8 of the value, 5 of the id, 5 of the time */
    BATCH_PAYLOAD_MAX = 4 << 20, /* a longer one is damage, not a batch */
    BATCH_PIECE_POINTS = 512,    /* read at once: they stay near the processor */
};

/* One writer's growing batch. Zeroed is empty; batch_done ends it. */
struct batch {
    uint8_t *at; /* BATCH_HEADER_BYTES are left free in front */
    size_t n, cap;
    uint32_t count;
    uint32_t id, at_s; /* of the last point */
};

void batch_done(struct batch *batch);
void batch_clear(struct batch *batch); /* keeps the memory */
/* Room for n more points; always before batch_add. */
void batch_reserve(struct batch *batch, size_t n);
void batch_add(struct batch *batch, uint32_t id, uint32_t at_s, double value);
/* The same for n points. */
void batch_add_all(struct batch *batch, const struct sink_point *points, size_t n);
/* Private to batch*.c: an id or a time as its difference to the one before, modulo 2^32, so that every one
 * can follow every one. Returns where the next byte goes. */
uint8_t *batch_put_delta(uint8_t *at, uint32_t now, uint32_t before);
/* What a batch says besides its points. One without points says only this. */
struct batch_mark {
    uint64_t lsn;
    uint64_t synced; /* so many bytes of its segment were on the disk when it was written */
};
/* Fills in the header and pads to 8 bytes. seed ties the batch to its segment: a stale one in a
 * recycled file fails its checksum. The bytes are batch->at[0 .. *out_n). May be called again. */
void batch_seal(struct batch *batch, uint32_t seed, struct batch_mark mark, size_t *out_n);

/* What a batch's header says, once its checksum held. */
struct batch_view {
    const uint8_t *payload;
    uint32_t n_bytes, count;
    uint32_t synced;
    uint64_t lsn;
    size_t all_bytes; /* with header and padding: the next batch begins there */
};
/* What the header at the beginning of n bytes says, unproved and without a payload; n may be what the file
 * has, of which BATCH_HEADER_BYTES are there. False: no batch begins so. */
MUST_CHECK bool batch_peek(const uint8_t *bytes, size_t n, struct batch_view *out);
/* The batch at the beginning of n bytes; false: there is none that is whole and sound. */
MUST_CHECK bool batch_view(const uint8_t *bytes, size_t n, uint32_t seed, struct batch_view *out);

/* Where reading a batch has come to. Its points are taken in their order, by either of two functions. */
struct batch_cursor {
    const uint8_t *at, *end;
    uint32_t left;     /* points to come */
    uint32_t id, at_s; /* of the last point */
};
void batch_begin(struct batch_cursor *cursor, const struct batch_view *view);
/* Up to n points. Fewer: the batch ends, or breaks off, or holds what batch_add never writes. */
size_t batch_read(struct batch_cursor *cursor, struct sink_point *out, size_t n);
/* The next point is that of the next id at the same time. */
bool batch_follows(const struct batch_cursor *cursor);
/* Up to n of the points that follow the last one, the ids after its, one by one, at its time: their values
 * into cells of the head. Fewer: the next point is another's, or unsound, or there is none. */
size_t batch_read_cells(struct batch_cursor *cursor, uint64_t *cells, size_t n);
/* All of it was read, and was sound. */
static inline bool batch_is_read(const struct batch_cursor *cursor)
{
    return cursor->left == 0 && cursor->at == cursor->end;
}

typedef void (*batch_fn)(void *self, const struct sink_point *points, size_t n);
/* Calls fn with all points in their order, BATCH_PIECE_POINTS at most at once. False when the payload
 * breaks off or holds what batch_add never writes; the points before were given. */
MUST_CHECK bool batch_each(const struct batch_view *view, batch_fn fn, void *self);
