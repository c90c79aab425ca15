/* The local storage engine: points by name and time in one data folder.
 * Formats: docs/formats/. Structures: research behind them in docs/storage.md. Thread: any. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "model/schema.h"
#include "model/sink.h"
#include "model/source.h"

struct arena;
struct store;

struct store_options {
    const char *dir;               /* made if missing */
    const struct schemas *schemas; /* borrowed for the store's life */
    struct clock clock;
    int64_t fsync_interval_ms; /* 0: each commit waits for the disk; default 1000 */
    unsigned writers_max;      /* receivers plus internal writers; at most 64 */
    uint64_t series_max;       /* 0: as many as fit */
    /* New names taken in a minute; what is more is SINK_NAME_LIMIT. 0: any number. */
    uint32_t creates_per_minute_max;
    /* Series whose last point is older than this, and older than the span that is asked for, are not
     * found. 0: all are. */
    int64_t hide_idle_after_s;
};

struct store_stats {
    uint64_t n_series, n_points_stored, n_points_refused;
    uint64_t wal_bytes, disk_bytes, n_files, n_files_corrupt;
    uint64_t n_late_points, n_seals;
    uint64_t late_bytes; /* late points that are in memory and the log alone */
    uint64_t head_bytes;
    uint64_t n_points_recovered;
    uint64_t n_series_moved; /* to other rules, at start */
    int64_t ready_ms;        /* how long opening took */
};

/* Opens or creates; replays the log. err:
 *   ERR_BUSY     another process has this folder open
 *   ERR_REFUSED  a newer version wrote it (the text says which)
 *   ERR_IO       the disk; ERR_CORRUPT only when the names log is unreadable from the start on: lesser damage
 *                is set aside (moved to <dir>/corrupt/), counted and logged */
MUST_CHECK bool store_open(const struct store_options *options, struct store **out,
                           struct err *err);
/* Seals nothing, loses nothing: syncs and stops the store's own threads. NULL is fine. */
void store_close(struct store *store);

struct sink store_sink(struct store *store);
struct source store_source(struct store *store);
void store_stats(struct store *store, struct store_stats *out);
/* Leaves series out of the answers by tag (find_tagged, tags), or no longer; points and tree stay as
 * they are. A hidden one comes back by itself once it gets a point of a later slot. Names in any
 * spelling; one that is not there is fine. Handed to the kernel when this returns true.
 *   err  ERR_INPUT (no name: nothing was done), ERR_LIMIT (writers), ERR_IO */
MUST_CHECK bool store_hide(struct store *store, const struct str *names, size_t n, bool is_hidden,
                           struct err *err);
/* Deletes series: gone at once, for readers and writers; what is sent to their names from now on makes
 * new series. Their data leaves the files when these are merged, rolled up or dropped. Names in any
 * spelling; one that is not there is fine. Durable when this returns true.
 *   out_n  how many there were; set in any case
 *   err    ERR_INPUT (no name: nothing was done); ERR_IO: they are gone, but may be back after a crash */
MUST_CHECK bool store_delete(struct store *store, const struct str *names, size_t n, size_t *out_n,
                             struct err *err);
/* Gives series other names, all or none; data, class and place in the files stay. The old names are
 * free at once. Names in any spelling. Durable when this returns true.
 *   err  ERR_MISSING (no such series), ERR_INPUT (no name, or the new one is there), ERR_LIMIT: nothing
 *        was done; ERR_IO: it is done, but may be undone by a crash */
MUST_CHECK bool store_rename(struct store *store, const struct name_change *renames, size_t n,
                             struct err *err);
/* Tests and shutdown: seal everything that may be sealed now. */
MUST_CHECK bool store_seal(struct store *store, struct err *err);

/* ---- a copy while it runs ---- */

struct store_copy {
    uint64_t n_files, n_files_linked, n_bytes; /* block files; of all files */
};
/* Makes dir, which must not be there, a folder that store_open takes: with everything that was committed
 * before the call. Nobody who puts or reads is held up. Synced. What is half made stays: the caller
 * removes it.
 *   err  ERR_REFUSED there is something of that name, ERR_IO */
MUST_CHECK bool store_snapshot(struct store *store, const char *dir, struct store_copy *out,
                               struct err *err);

/* ---- a folder without its server: nothing in it is changed, and no lock is taken. A server may run on
 * it all the while, start or end. ---- */

/* One thing that verify found. Texts are lent for the call. */
struct store_finding {
    bool is_note;      /* nothing is wrong, but worth to know */
    const char *file;  /* in the folder: "data/c0-a0-p19675-g1.blk" */
    const char *where; /* a series, a place in the file; "" : all of it */
    const char *what;
    const char *means; /* to whoever keeps the metrics, and what to do about it */
};
struct store_verifier {
    void *self;
    void (*on_finding)(void *self, const struct store_finding *finding);
    void (*on_progress)(void *self, uint64_t n_bytes, uint64_t n_bytes_all); /* may be NULL */
};
struct store_verified {
    bool is_served;     /* a server runs on it */
    uint64_t n_damages; /* findings that are no notes */
    uint64_t n_notes;
    uint64_t n_names, n_classes, n_edits_bytes;
    uint64_t n_segments, n_batches, n_log_points;
    uint64_t n_files, n_runs, n_units, n_values, n_aggregates; /* of block files */
    uint64_t n_bytes;
};
/* Reads every byte that counts: all checksums; decodes all values, compares them with their aggregates.
 *   err  it could not be looked at: ERR_MISSING (no store there), ERR_IO, ERR_REFUSED (a newer version) */
MUST_CHECK bool store_verify(const char *dir, const struct store_verifier *verifier,
                             struct store_verified *out, struct err *err);

/* Series of a folder, with all that files and log hold of them. */
struct store_series {
    const char *name;
    uint32_t id;
    uint16_t class_no;
    struct schema schema;
    int64_t created_s; /* the class */
};
/* Where values of a series lie: in a file, or in the log (file NULL). */
struct store_place {
    const char *file;
    uint64_t generation;
    size_t level;
    int64_t from_s, until_s; /* of the file's window; of the values in the log */
    uint64_t n_values, n_bytes, n_units;
    const char *forms; /* "RAW, 2 CONST": units by how they are encoded */
};
struct store_reading {
    struct store *store; /* only for the calls below; store_read_close ends it */
    struct store_series *series;
    size_t n;
    bool is_served;
    uint64_t n_damaged; /* damages met: verify tells more */
};
/* pattern: a name, or Graphite's pattern of names. Lists in the arena.
 *   err  ERR_MISSING no such series, or no store there; ERR_INPUT the pattern; ERR_BUSY a server changes
 *        the folder faster than it can be read; ERR_IO, ERR_REFUSED, ERR_CORRUPT */
MUST_CHECK bool store_read_open(const char *dir, const char *pattern, struct clock clock,
                                struct arena *arena, struct store_reading *out, struct err *err);
MUST_CHECK bool store_read_places(struct store *store, uint32_t id, struct arena *arena,
                                  struct store_place **out, size_t *out_n, struct err *err);

void store_read_close(struct store *store); /* NULL is fine */

enum { STORE_LEVEL_BEST = -1 };
struct store_points {
    int level; /* of an archive; STORE_LEVEL_BEST: at each time the finest that has it */
    int64_t from_s, until_s;
    void *self;
    bool (*on_point)(void *self, int64_t at_s, double value); /* ascending; false: enough */
};
/* Values of one series, no gaps. */
MUST_CHECK bool store_read_points(struct store *store, uint32_t id,
                                  const struct store_points *points, struct err *err);
