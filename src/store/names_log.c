#include "store/names_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/file.h"
#include "store/names_record.h"

enum {
    FILE_BYTES_MAX = INT32_MAX, /* 2 GB: what one buffer reads; some 30 M series of usual names */
    PENDING_BYTES_MAX = 1 << 30,
    SPARE_BYTES_MAX = 1 << 20, /* of room that is kept */
    BEHIND_BYTES = 64 << 20,   /* a million names or so that are not on disk */
};

struct names_log {
    char *path;
    int fd;
    uint64_t at;        /* where the next bytes go; the writer's of the moment */
    size_t n_unwritten; /* atomic, bytes */
    size_t n_unsynced;  /* atomic, bytes that were written */
    bool must_rewrite;  /* the syncing thread's: the last sync failed */

    pthread_mutex_t lock; /* pending and is_writing; never held across I/O */
    pthread_cond_t written;
    struct buf pending;
    struct buf spare;       /* room that was needed before; empty */
    struct buf unsynced;    /* what was written since the last good sync; it ends at `at` */
    uint64_t synced, noted; /* bytes on the disk; and as the last note says */
    uint64_t names_end;     /* behind the last record that is no note */
    bool is_writing;
};

/* The file as it was. */
struct replaced {
    const uint8_t *bytes;
    size_t n;
    const struct names_runs *runs;
};

/* Writes the file anew from what was taken of it, in this version. A damaged one is kept: a copy goes to
 * corrupt_dir, when that is not NULL. */
static bool rewrite(const char *path, const char *corrupt_dir, const struct replaced *old,
                    uint64_t *out_at, struct err *err)
{
    uint8_t header[NAMES_LOG_HEADER_BYTES];
    struct buf clean;
    bool is_ok = true;

    names_record_header(header);
    buf_init(&clean, FILE_BYTES_MAX);
    if (corrupt_dir) {
        CLEANUP(mem_done) char *aside = file_join(corrupt_dir, "names.log");
        is_ok = file_replace(aside, old->bytes, old->n, err);
    }
    buf_add(&clean, header, sizeof header);
    if (is_ok)
        names_record_copy(old->bytes, old->runs, &clean);
    is_ok = is_ok && file_replace(path, clean.at, clean.n, err);
    *out_at = clean.n;
    buf_done(&clean);
    return is_ok;
}

static bool create(const char *path, struct err *err)
{
    uint8_t header[NAMES_LOG_HEADER_BYTES];
    names_record_header(header);
    return file_replace(path, header, sizeof header, err);
}

/* Reads the file and leaves it sound; what is known of it goes to log. */
static bool load(struct names_log *log, const char *corrupt_dir,
                 const struct names_log_reader *reader, size_t *out_n_damaged, struct err *err)
{
    CLEANUP(names_record_done) struct names_reading reading = {0};
    const struct names_suspects *suspects = &reading.suspects;
    const void *bytes;
    size_t n;

    if (!file_map(log->path, &bytes, &n, err))
        return false;
    bool is_ok = names_record_begin(bytes, n, &reading, err);
    if (is_ok)
        log->at = names_record_parse(bytes, n, reader, &reading);
    *out_n_damaged = suspects->n_damaged;
    log->noted = suspects->noted;
    log->names_end = suspects->names_end;
    if (is_ok && (suspects->n_all > 0 || names_record_version(bytes) < NAMES_LOG_VERSION)) {
        const struct replaced old = {bytes, n, &reading.runs};
        is_ok = rewrite(log->path, *out_n_damaged > 0 ? corrupt_dir : NULL, &old, &log->at, err);
        log->names_end = log->at;
        log->noted = 0;
    }
    file_unmap(bytes, n);
    log->synced = log->at;
    return is_ok;
}

static struct names_log *log_new(const char *dir)
{
    struct names_log *log = mem_zalloc(sizeof(struct names_log));

    log->path = file_join(dir, "names.log");
    log->fd = -1;
    buf_init(&log->pending, PENDING_BYTES_MAX);
    buf_init(&log->spare, PENDING_BYTES_MAX);
    buf_init(&log->unsynced, PENDING_BYTES_MAX);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->written, NULL);
    return log;
}

static bool log_open(struct names_log *log, const char *corrupt_dir,
                     const struct names_log_reader *reader, size_t *out_n_damaged, struct err *err)
{
    return (file_exists(log->path) || create(log->path, err)) &&
           load(log, corrupt_dir, reader, out_n_damaged, err) &&
           file_open(log->path, O_RDWR, &log->fd, err) &&
           file_truncate(log->fd, log->path, (int64_t)log->at, err) &&
           file_sync(log->fd, log->path, err);
}

bool names_log_read(const char *dir, const struct names_log_reader *reader, size_t *out_n_damaged,
                    struct err *err)
{
    CLEANUP(mem_done) char *path = file_join(dir, "names.log");
    const void *bytes;
    size_t n, good;

    if (!file_map(path, &bytes, &n, err))
        return false;
    bool is_ok = names_log_parse(bytes, n, reader, &good, out_n_damaged, err);
    file_unmap(bytes, n);
    return is_ok;
}

bool names_log_open(const char *dir, const char *corrupt_dir, const struct names_log_reader *reader,
                    size_t *out_n_damaged, struct names_log **out, struct err *err)
{
    struct names_log *log = log_new(dir);

    *out_n_damaged = 0;
    if (!log_open(log, corrupt_dir, reader, out_n_damaged, err)) {
        names_log_close(log);
        return false;
    }
    *out = log;
    return true;
}

void names_log_close(struct names_log *log)
{
    if (!log)
        return;
    fd_done(&log->fd);
    mem_free(log->path);
    buf_done(&log->pending);
    buf_done(&log->spare);
    buf_done(&log->unsynced);
    pthread_mutex_destroy(&log->lock);
    pthread_cond_destroy(&log->written);
    mem_free(log);
}

static void pending_grew(struct names_log *log, size_t before)
{
    BUG_IF(log->pending.is_full);
    __atomic_fetch_add(&log->n_unwritten, log->pending.n - before, __ATOMIC_SEQ_CST);
}

void names_log_add(struct names_log *log, uint32_t id, uint16_t class_no, struct str name)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    names_record_name(&log->pending, id, class_no, name);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

static void mark_add(struct names_log *log, uint32_t id, enum names_mark mark)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    names_record_mark(&log->pending, id, mark);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_hidden(struct names_log *log, uint32_t id, bool is_hidden)
{
    mark_add(log, id, is_hidden ? NAMES_HIDDEN : NAMES_SHOWN);
}

void names_log_add_deleted(struct names_log *log, uint32_t id)
{
    mark_add(log, id, NAMES_DELETED);
}

void names_log_add_moved(struct names_log *log, uint32_t id, uint16_t class_no)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    names_record_moved(&log->pending, id, class_no);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_rules(struct names_log *log, uint64_t fingerprint)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    names_record_rules(&log->pending, fingerprint);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_class(struct names_log *log, uint16_t no, const struct schema *schema,
                         int64_t created_s)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    names_record_class(&log->pending, no, schema, created_s);
    names_record_class(&log->pending, no, schema,
                       created_s); /* no bad sector shall cost all its series */
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

bool names_log_is_behind(const struct names_log *log)
{
    return __atomic_load_n(&log->n_unwritten, __ATOMIC_RELAXED) > BEHIND_BYTES ||
           __atomic_load_n(&log->n_unsynced, __ATOMIC_RELAXED) > BEHIND_BYTES;
}

/* Names are on the disk that the last note does not speak of. */
static bool note_is_due_locked(const struct names_log *log)
{
    return log->names_end > log->noted && log->names_end <= log->synced;
}

static void note_locked(struct names_log *log, struct buf *out)
{
    if (!note_is_due_locked(log))
        return;
    log->noted = log->synced;
    names_record_synced(out, log->synced);
    __atomic_fetch_add(&log->n_unwritten, out->n, __ATOMIC_SEQ_CST);
}

static void bufs_swap(struct buf *a, struct buf *b)
{
    const struct buf was = *a;
    *a = *b;
    *b = was;
}

/* Takes what is pending, a note in front of it, once nobody else writes; false: there is nothing. */
static bool writing_begin(struct names_log *log, struct buf *out)
{
    pthread_mutex_lock(&log->lock);
    while (log->is_writing)
        pthread_cond_wait(&log->written, &log->lock);
    bool has_some = log->pending.n > 0 || note_is_due_locked(log);
    if (has_some) {
        *out = log->spare;
        buf_init(&log->spare, PENDING_BYTES_MAX);
        note_locked(log, out);
        const bool has_names = log->pending.n > 0;
        if (out->n > 0)
            buf_add(out, log->pending.at, log->pending.n);
        else
            bufs_swap(out, &log->pending);
        log->is_writing = true;
        if (has_names)
            log->names_end = log->at + out->n;
        buf_clear(&log->pending);
    }
    pthread_mutex_unlock(&log->lock);
    return has_some;
}

static void writing_end(struct names_log *log, struct buf *taken, bool is_written)
{
    pthread_mutex_lock(&log->lock);
    if (is_written) {
        log->at += taken->n;
        buf_add(&log->unsynced, taken->at, taken->n);
        __atomic_store_n(&log->n_unsynced, log->unsynced.n, __ATOMIC_RELAXED);
        __atomic_fetch_sub(&log->n_unwritten, taken->n, __ATOMIC_SEQ_CST);
    } else { /* in front of what came since */
        buf_add(taken, log->pending.at, log->pending.n);
        bufs_swap(taken, &log->pending);
    }
    if (taken->cap <= SPARE_BYTES_MAX) {
        buf_clear(taken);
        bufs_swap(taken, &log->spare); /* that is empty: only who writes has taken it */
    }
    log->is_writing = false;
    pthread_cond_broadcast(&log->written);
    pthread_mutex_unlock(&log->lock);
    buf_done(taken);
}

static bool write_all(struct names_log *log, struct err *err)
{
    struct buf taken;

    if (!writing_begin(log, &taken))
        return true;
    bool is_ok = file_write_at(log->fd, log->path, taken.at, taken.n, (int64_t)log->at, err);
    writing_end(log, &taken, is_ok);
    return is_ok;
}

bool names_log_write(struct names_log *log, struct err *err)
{
    return __atomic_load_n(&log->n_unwritten, __ATOMIC_SEQ_CST) == 0 || write_all(log, err);
}

static bool note_is_due(struct names_log *log)
{
    pthread_mutex_lock(&log->lock);
    bool is_due = note_is_due_locked(log);
    pthread_mutex_unlock(&log->lock);
    return is_due;
}

/* Takes what is to be made durable and where it lies in the file. */
static struct buf unsynced_take(struct names_log *log, uint64_t *out_at)
{
    pthread_mutex_lock(&log->lock);
    struct buf taken = log->unsynced;
    *out_at = log->at - taken.n;
    buf_init(&log->unsynced, PENDING_BYTES_MAX);
    __atomic_store_n(&log->n_unsynced, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&log->lock);
    return taken;
}

static void synced_set(struct names_log *log, uint64_t n_bytes)
{
    pthread_mutex_lock(&log->lock);
    log->synced = n_bytes;
    pthread_mutex_unlock(&log->lock);
}

static void unsynced_give_back(struct names_log *log, struct buf *taken)
{
    pthread_mutex_lock(&log->lock);
    buf_add(taken, log->unsynced.at, log->unsynced.n);
    bufs_swap(taken, &log->unsynced);
    __atomic_store_n(&log->n_unsynced, log->unsynced.n, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&log->lock);
}

bool names_log_sync(struct names_log *log, struct err *err)
{
    uint64_t at;

    if (note_is_due(log) && !write_all(log, err))
        return false;
    struct buf taken = unsynced_take(log, &at);
    bool is_ok = true;

    if (taken.n > 0 && log->must_rewrite)
        is_ok = file_write_at(log->fd, log->path, taken.at, taken.n, (int64_t)at, err);
    if (taken.n > 0 && is_ok)
        is_ok = file_sync(log->fd, log->path, err);
    log->must_rewrite = !is_ok;
    if (!is_ok)
        unsynced_give_back(log, &taken);
    else if (taken.n > 0)
        synced_set(log, at + taken.n);
    buf_done(&taken);
    return is_ok;
}

void names_log_end(struct names_log *log)
{
    struct err err;
    if (note_is_due(log))
        (void)!write_all(log, &err);
}

uint64_t names_log_bytes(struct names_log *log)
{
    pthread_mutex_lock(&log->lock);
    const uint64_t bytes = log->at;
    pthread_mutex_unlock(&log->lock);
    return bytes;
}

bool names_log_is_synced(struct names_log *log)
{
    pthread_mutex_lock(&log->lock);
    const bool is_synced = log->pending.n == 0 && !log->is_writing && log->names_end <= log->synced;
    pthread_mutex_unlock(&log->lock);
    return is_synced;
}
