/* A block file: the values of many series in one window of slots, in units of unit_slots, with an
 * index by series id and (if wanted) per-unit aggregates. Sealed windows, merged partitions and
 * overlays of late points are the same format and differ in window, generation and density.
 * Slot s of step_s seconds begins at s * step_s since 1970. Format: docs/formats/block.md.
 *
 * Invariants of a finished file:
 *   1. ids are strictly ascending; every listed series holds at least one value
 *   2. runs lie in id order without holes between header and index
 *   3. every byte is under a checksum: header, index, footer, each run, each aggregate row */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "store/codec.h"

enum {
    BLOCK_UNIT_SLOTS_MAX = 4096, /* a unit's length is kept in 16 bits */
    BLOCK_UNITS_MAX = 4096,      /* of one series in one file */
    BLOCK_SLOTS_MAX = 1 << 22,   /* 48 days of seconds in one window */
    BLOCK_SERIES_MAX = 1 << 22,  /* in one file; a bigger partition takes several files */
};

struct block_info {
    int64_t first_slot;
    uint32_t step_s;
    uint32_t n_slots;    /* 1..BLOCK_SLOTS_MAX */
    uint32_t unit_slots; /* 1..BLOCK_UNIT_SLOTS_MAX; the last unit may be shorter */
    uint32_t n_series;   /* known to readers; a writer ignores it */
    uint64_t generation; /* later wins where files overlap; the engine gives it meaning */
    bool has_aggregates; /* 42 bytes a unit: worth it for long units only */
    bool is_cold;        /* written once, seldom read: its units may be CODEC_EC */
};

/* Units of one series: ceil(n_slots / unit_slots). */
uint32_t block_n_units(const struct block_info *info);

/* ---- writing: one thread ---- */

struct block_writer;

/* Both borrow codec. info is copied; a broken one is a bug of ours. Memory until the end: about
 * 256 KB and, for each series, 4 + 2 * units bytes, with aggregates 42 * units + 4 more.
 *   fd    the file, empty, open for writing; path is for messages, copied; the caller closes it
 *   to    or memory: the file is appended to this buf (which must be empty) */
MUST_CHECK struct block_writer *block_writer_new(const struct block_info *info, struct codec *codec,
                                                 int fd, const char *path);
MUST_CHECK struct block_writer *block_writer_new_buf(const struct block_info *info,
                                                     struct codec *codec, struct buf *to);
/* NULL is fine. What was not finished is no block. */
void block_writer_free(struct block_writer *writer);

/* Adds one series: values[info.n_slots], gaps are NaN; all gaps: nothing is stored. Ids ascend.
 *   hint  may be NULL
 *   err   ERR_IO; ERR_LIMIT past BLOCK_SERIES_MAX, or the buf is full. The file is then spoilt. */
MUST_CHECK bool block_writer_add(struct block_writer *writer, uint32_t id, const double *values,
                                 struct codec_hint *hint, struct err *err);
/* How many series it holds so far. */
uint32_t block_writer_count(const struct block_writer *writer);
/* Writes index, aggregates, footer and last the header. Not synced: the caller does that, then
 * renames. A block of no series is valid. */
MUST_CHECK bool block_writer_finish(struct block_writer *writer, uint64_t *out_file_bytes,
                                    struct err *err);

/* ---- reading: any number of threads at once, nothing in it changes ---- */

struct block;

/* Over a whole file in memory or mapped, borrowed until block_close. Checks header, footer and
 * index (not the data: that is checked as it is read). name is for messages, copied.
 *   err  ERR_CORRUPT (what and where), ERR_REFUSED a newer version wrote it */
MUST_CHECK bool block_open(const void *bytes, size_t n, const char *name, struct block **out,
                           struct err *err);
void block_close(struct block *block); /* NULL is fine */

const struct block_info *block_info(const struct block *block);
/* The id of row 0 <= row < n_series; rows ascend by id. */
uint32_t block_id(const struct block *block, uint32_t row);
bool block_has(const struct block *block, uint32_t id);

/* Values of slots first_slot .. first_slot + n_slots - 1 (any span, it may lie partly or wholly
 * outside the window): out[i] is overwritten where the block has a value and left alone elsewhere,
 * so fill with NAN first, then read files in order of generation.
 *   out_n_values  how many were written; 0 when the series is not in the block
 *   err  ERR_CORRUPT naming the file and the series; values of its undamaged units may have been
 *        written when a unit fails behind a checksum that holds, and gaps in the failed one's place */
MUST_CHECK bool block_read(const struct block *block, uint32_t id, int64_t first_slot,
                           size_t n_slots, double *out, size_t *out_n_values, struct err *err);

/* What is known of one unit without decoding it. n_values 0: no value, the others are NAN. */
struct block_aggregate {
    double min, max, sum, first, last; /* sum: left to right */
    uint32_t n_values;
};

/* Those of n values; for the writer, and for whoever rolls up. */
struct block_aggregate block_aggregate_of(const double *values, size_t n);

/* Some units of a block: first + n is at most block_n_units. */
struct block_units {
    uint32_t first, n;
};

/* The aggregates of these units. *out_found: the series is in the block; else out is untouched.
 *   err  ERR_CORRUPT as above; ERR_MISSING when the file has no aggregates */
MUST_CHECK bool block_aggregates(const struct block *block, uint32_t id, struct block_units units,
                                 struct block_aggregate *out, bool *out_found, struct err *err);

/* How a unit is kept. n_bytes 0: gaps only, form says nothing; CODEC_FORMS: a
 * damaged run. */
struct block_unit {
    enum codec_form form;
    uint32_t n_bytes;
};
/* Of all units of a series, out[block_n_units]. False: it is not in the block. */
MUST_CHECK bool block_look(const struct block *block, uint32_t id, struct block_unit *out);

/* What block_verify_row has read. */
struct block_counts {
    uint64_t n_runs, n_units, n_values, n_aggregates, n_bytes;
};
/* Reads the run and the aggregates of a row: checksums, every unit decoded, its aggregates compared with
 * its values. Adds to io.
 *   err  ERR_CORRUPT naming the series */
MUST_CHECK bool block_verify_row(const struct block *block, uint32_t row, struct block_counts *io,
                                 struct err *err);
/* Reads every run and every aggregate row; for plumb's verify and for tests.
 *   err  ERR_CORRUPT naming the first bad series */
MUST_CHECK bool block_verify(const struct block *block, struct err *err);
