/* The local storage engine: points by name and time in one data folder.
 * Formats: docs/formats/. Structures: research behind them in docs/storage.md. Thread: any. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "model/schema.h"
#include "model/sink.h"
#include "model/source.h"

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
