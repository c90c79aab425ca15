/* The inside of a store: what its parts share, and who may touch what. The front door is store.h.
 *
 * Threads: writers (at most 64; each owns one struct sink_writer and one log stream), the commit
 * thread (sync.c), the keeper (keeper.c), readers (any number).
 *
 *   part       written by                      read by           how
 *   names      writers, one mutex              all               published slots, epochs (names.h)
 *   names log  writers flush, commit syncs     -                 own mutex, not held across I/O
 *   head       writers; keeper moves windows   all               atomic cells, epochs (head.h)
 *   late       writers; keeper drains          all               own mutex
 *   wal        each writer its stream          commit, keeper    own mutex for the lists
 *   index      writers leave names, readers    readers           own read-write lock (index.h)
 *              and commits put them in
 *   hidden     store_hide, keeper              keeper            own mutex (hidden.h)
 *   idle       keeper, creation                readers           relaxed atomics (idle.h)
 *   manifest   keeper                          keeper            -
 *   files      keeper                          all               references (files.h)
 *
 * A value moves head -> file and late -> file. So a reader copies the head first, then the late
 * points, then takes the version of the files: what it missed in one it finds in the next. Then it
 * lays them over each other from the oldest to the newest: files by generation, what the head still
 * has below the sealed slot, late points, head.
 *
 * Why that order is right (invariants that seal.c and recover_log.c keep):
 *   1. a late point below the sealed slot came after the seal, so it is newer than the sealed value;
 *      overlay files get later generations than the sealed file
 *   2. a point beyond the ring is kept late until the ring gets there; it is flushed before any head
 *      value of its window is written, so its file has the lower generation
 *   3. nobody ever writes a gap over a value */
#pragma once

#include <pthread.h>

#include "os/thread.h"
#include "store/block.h"
#include "store/epoch.h"
#include "store/files.h"
#include "store/head.h"
#include "store/idle.h"
#include "store/index.h"
#include "store/late.h"
#include "store/manifest.h"
#include "store/names.h"
#include "store/names_log.h"
#include "store/reclass.h"
#include "store/store.h"
#include "store/wal.h"

/* What tests make small. */
struct shared_tuning {
    size_t wal_segment_bytes;
    uint64_t wal_bytes_max; /* past it the keeper writes heads early so that segments come free */
    size_t late_flush_bytes, late_bytes_max;
    int64_t late_flush_us;
    /* A replay that has ended, or pauses: so much waits and nothing was added for a while. */
    size_t late_quiet_bytes;
    int64_t late_quiet_us;
    size_t late_run; /* late points of one slot and tablet in one put: from here on a pane pays */
    size_t files_merge;    /* as many files in a partition are merged */
    int64_t merge_turn_us; /* a merge lets the heads be sealed after so long */
    int64_t cold_wait_us; /* nothing came to a past partition for so long: it is written for good */
    int64_t sweep_us;    /* so often files are looked through for deleted series, after deletions */
    bool has_no_threads; /* the test calls keeper_pass and the commits sync themselves */
};
struct shared_tuning shared_tuning_usual(void);

struct sink_writer {
    struct store *store;
    unsigned no; /* its epoch and its log stream */
    bool is_open;
    bool is_refused; /* atomic: the last write failed; try again before taking points */
    struct batch batch;
    struct sink_point *slow; /* of the put in hand: what is outside the columns */
    size_t n_slow, cap_slow;
    struct late_point *late; /* those of them that are late */
    size_t n_late, cap_late;
    uint64_t n_put, n_committed;                 /* points; atomic: barrier compares them */
    uint64_t n_stored, n_refused, n_late_points; /* atomic: statistics */
};

/* The commit thread's books, see sync.c. */
struct sync {
    pthread_mutex_t lock;
    pthread_cond_t wanted, done;
    uint64_t n_wanted, n_begun, n_done; /* passes */
    uint64_t n_failed;                  /* the last one that did */
    bool is_stopping;
    struct err last_err;
    struct thread thread;
};

/* Deleted series leave the files, see merge.c. */
struct sweep {
    uint64_t n_dead; /* when the last look began */
    int64_t at_us;   /* monotonic, when it did; 0: never */
    bool is_under_way;
};

/* Work that somebody else wants done between the keeper's duties; under the keeper's lock. */
struct keeper_call {
    bool (*fn)(void *self, struct err *err);
    void *self;
    bool is_done, is_ok;
    struct err *err;
};

struct keeper {
    pthread_mutex_t lock;
    pthread_cond_t wanted, done;
    struct keeper_call *call;  /* NULL: none waits */
    uint64_t n_wanted, n_done; /* seal requests */
    bool is_stopping, last_was_ok;
    bool is_woken; /* atomic: a pass is wanted now */
    struct err last_err;
    struct thread thread;
    struct codec *codec;
    int64_t late_since_us; /* 0: nothing waits */
    size_t late_bytes;     /* at the last pass */
    int64_t late_grew_us;  /* when that changed last */
    int64_t late_big_us;   /* when it was last above late_quiet_bytes */
    int64_t wal_kept_us;   /* monotonic */
    struct sweep sweep;
    uint64_t n_seals;        /* atomic */
    uint64_t n_written;      /* windows, and sets of late points */
    uint64_t n_written_kept; /* when the log was looked through last */
    bool has_warned;
};

struct store {
    struct shared_tuning tuning;
    char *dir, *data_dir, *wal_dir, *corrupt_dir;
    int lock_fd;
    const struct schemas *schemas;
    struct clock clock;
    int64_t fsync_interval_ms;
    unsigned writers_max;
    uint64_t names_max;
    int64_t hide_idle_after_s; /* 0: never */
    uint32_t creates_max;      /* of a minute; 0: any number */

    struct names *names;
    struct names_log *names_log;
    struct index *index;
    struct hidden *hidden;
    struct idle *idle;
    struct head *head;
    struct late *late;
    struct wal *wal;
    struct files *files;
    struct manifest *manifest;

    int64_t creates_minute;       /* under the creation lock, as n_creates */
    uint32_t n_creates;           /* in that minute */
    pthread_mutex_t classes_lock; /* a class is in the names log before its first series is; inside
                                   * it the head's and the names log's locks are taken */
    struct epochs epochs;
    pthread_mutex_t writers_lock; /* is_open of the writers */
    struct sink_writer writers[EPOCH_WRITERS_MAX];

    struct sync sync;
    struct keeper keeper;
    bool disk_is_bad;     /* atomic: a sync failed; points are refused until all is safe again */
    uint64_t n_renamings; /* atomic; see sink.h */
    uint32_t newest_s;    /* atomic, about: the latest time of a stored point; ages count from it */
    uint64_t n_recovered, n_damaged;
    uint64_t rules;   /* fingerprint of those that the classes of all series follow; 0: unknown */
    uint64_t n_moved; /* series that changed their class at start */
    struct succession *successions; /* each pair once; as at start */
    size_t n_successions, cap_successions;
    int64_t ready_ms;

    bool is_read_only; /* opened by dump.c: nothing in the folder is changed, nothing can be put */
    uint64_t *wanted;  /* then: a bit an id; points of others are not read from the log */
};

/* For dump.c: a store that is not open yet, and its end. */
MUST_CHECK struct store *shared_new(const struct store_options *options,
                                    const struct shared_tuning *tuning);
void shared_free(struct store *store);

/* store_open with other sizes. */
MUST_CHECK bool shared_open(const struct store_options *options, const struct shared_tuning *tuning,
                            struct store **out, struct err *err);

/* Level i of the class holds nothing before this; the coarser one does. version may be NULL at start. */
int64_t shared_floor_s(const struct files_version *version, const struct head_class *of,
                       size_t level);
/* The level that keeps a point of this time: the finest one for which it is not before its floor, nor
 * before a coarser one's. A level without files keeps its old floor, and what is put below the floor of a
 * coarser one would never be counted there. */
size_t shared_level_of(const struct files_version *version, const struct head_class *of,
                       int64_t at_s);
/* That; false: the point is too old for all. */
MUST_CHECK bool shared_level(const struct files_version *version, const struct head_class *of,
                             int64_t at_s, int64_t now_s, size_t *out);
/* head_lane_take; HEAD_LANE_NONE for a deleted series as well. Thread: writers. */
uint32_t shared_lane_take(struct store *store, struct head_class *of, uint32_t id);
int64_t shared_retention_s(const struct schema *schema, size_t level);
