#include "store/wal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/thread.h"

struct segment {
    uint64_t no;
    uint64_t bytes; /* the file's length, also what a recycled one brings */
    uint64_t last_lsn;
    bool is_damaged;
};

struct segments {
    struct segment *items;
    size_t n, cap;
};

struct stream {
    int fd; /* -1: none yet. The writer's, but closed by wal_sync; changes under the lock */
    uint64_t segment; /* changes under the lock */
    uint64_t at;      /* where the next batch goes; atomic */
    uint64_t begun;   /* its length when wal_sync_begin was called; under the lock */
    uint64_t synced;  /* so much of the segment is on the disk; atomic, wal_sync's */
    char *path;
    uint64_t last_lsn;
    bool is_dirty; /* atomic */
};

/* A full segment waiting for its last sync. */
struct full {
    struct segment segment;
    int fd;
    bool is_synced; /* wal_sync's, as is_begun */
    bool is_begun;  /* it was full when wal_sync_begin was called */
    struct full *next;
};

struct wal {
    char *dir, *corrupt_dir;
    size_t segment_bytes;
    uint64_t next_lsn; /* atomic */
    struct stream streams[WAL_STREAMS_MAX];

    pthread_mutex_t lock; /* the rest; never held across a system call */
    pthread_cond_t moved; /* one of the two below is 0 again */
    unsigned n_appending, n_listing;
    uint64_t next_segment;
    struct full *full;
    struct segments closed, spare;
    unsigned n_holds; /* while not 0 nothing is reclaimed */
    bool dir_is_dirty;
};

uint32_t wal_seed(uint64_t segment)
{
    return hash_crc32c(0x504C4231u, &segment, sizeof segment); /* any fixed number */
}

char *wal_path(const char *dir, uint64_t segment)
{
    struct buf path;
    buf_init(&path, 8192);
    buf_printf(&path, "%s/%016llx.wal", dir, (unsigned long long)segment);
    size_t n;
    return buf_take(&path, &n);
}

struct wal *wal_new(const char *dir, const char *corrupt_dir, size_t segment_bytes,
                    uint64_t next_segment, uint64_t next_lsn)
{
    struct wal *wal = mem_zalloc(sizeof(struct wal));
    wal->dir = mem_strdup(dir);
    wal->corrupt_dir = mem_strdup(corrupt_dir);
    wal->segment_bytes = segment_bytes;
    wal->next_segment = next_segment;
    wal->next_lsn = next_lsn;
    pthread_mutex_init(&wal->lock, NULL);
    cond_init(&wal->moved);
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++)
        wal->streams[i].fd = -1;
    return wal;
}

void wal_free(struct wal *wal)
{
    if (!wal)
        return;
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++) {
        fd_done(&wal->streams[i].fd);
        mem_free(wal->streams[i].path);
    }
    while (wal->full) {
        struct full *next = wal->full->next;
        fd_done(&wal->full->fd);
        mem_free(wal->full);
        wal->full = next;
    }
    mem_free(wal->closed.items);
    mem_free(wal->spare.items);
    mem_free(wal->dir);
    mem_free(wal->corrupt_dir);
    pthread_cond_destroy(&wal->moved);
    pthread_mutex_destroy(&wal->lock);
    mem_free(wal);
}

static void segments_add(struct segments *list, struct segment segment)
{
    mem_grow(&list->items, &list->cap, list->n + 1, sizeof(struct segment));
    list->items[list->n++] = segment;
}

uint64_t wal_next_lsn(const struct wal *wal)
{
    return __atomic_load_n(&wal->next_lsn, __ATOMIC_SEQ_CST);
}

/* ---- appending: the stream's writer ---- */

static void header_make(uint8_t out[WAL_HEADER_BYTES], uint64_t segment, unsigned stream,
                        uint64_t lsn)
{
    const uint32_t version = WAL_VERSION, stream_no = stream;

    memset(out, 0, WAL_HEADER_BYTES);
    memcpy(out, "PLBWAL1", 8);
    memcpy(out + 8, &version, 4);
    memcpy(out + 12, &stream_no, 4);
    memcpy(out + 16, &segment, 8);
    memcpy(out + 24, &lsn, 8);
    uint32_t crc = hash_crc32c(0, out, WAL_HEADER_BYTES - 4);
    memcpy(out + WAL_HEADER_BYTES - 4, &crc, 4);
}

/* A number for the next segment and, if there is one, a spare file to rename. */
static uint64_t segment_claim(struct wal *wal, struct segment *out_spare, bool *out_has_spare)
{
    pthread_mutex_lock(&wal->lock);
    uint64_t no = wal->next_segment++;
    *out_has_spare = wal->spare.n > 0;
    if (*out_has_spare)
        *out_spare = wal->spare.items[--wal->spare.n];
    wal->dir_is_dirty = true;
    pthread_mutex_unlock(&wal->lock);
    return no;
}

static void stream_retire(struct wal *wal, struct stream *stream)
{
    struct full *full = mem_zalloc(sizeof(struct full));
    full->segment = (struct segment){stream->segment, stream->at, stream->last_lsn, false};

    pthread_mutex_lock(&wal->lock);
    full->fd = take_fd(&stream->fd);
    full->next = wal->full;
    wal->full = full;
    pthread_mutex_unlock(&wal->lock);
    mem_free(stream->path);
    stream->path = NULL;
}

static bool segment_create(struct wal *wal, unsigned stream, uint64_t no, const char *path,
                           int *out, struct err *err)
{
    uint8_t header[WAL_HEADER_BYTES];
    CLEANUP(fd_done) int fd = -1;

    if (!file_open(path, O_RDWR | O_CREAT, &fd, err))
        return false;
    header_make(header, no, stream, wal_next_lsn(wal));
    if (!file_write_at(fd, path, header, sizeof header, 0, err))
        return false;
    *out = take_fd(&fd);
    return true;
}

static bool stream_rotate(struct wal *wal, unsigned stream_no, struct err *err)
{
    struct stream *stream = &wal->streams[stream_no];
    struct segment spare;
    bool has_spare;
    int fd = -1;

    uint64_t no = segment_claim(wal, &spare, &has_spare);
    CLEANUP(mem_done) char *path = wal_path(wal->dir, no);
    if (has_spare) {
        CLEANUP(mem_done) char *from = wal_path(wal->dir, spare.no);
        if (!file_rename(from, path, err))
            return false; /* the spare is forgotten; the next start adopts it */
    }
    if (!segment_create(wal, stream_no, no, path, &fd, err)) {
        (void)!file_unlink(path, NULL); /* a full disk wants no litter; a spare's room helps it */
        return false;
    }
    if (stream->fd >= 0)
        stream_retire(wal, stream);
    stream->path = mem_strdup(path);
    pthread_mutex_lock(&wal->lock);
    stream->segment = no;
    __atomic_store_n(&stream->at, WAL_HEADER_BYTES, __ATOMIC_RELEASE);
    stream->fd = fd;
    stream->begun = 0;
    __atomic_store_n(&stream->is_dirty, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&stream->synced, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&wal->lock);
    return true;
}

static bool append(struct wal *wal, unsigned stream_no, struct batch *batch, struct err *err)
{
    struct stream *stream = &wal->streams[stream_no];
    size_t n;

    bool is_full = stream->fd < 0 || stream->at + batch->n + 8 > wal->segment_bytes;
    bool is_fresh = stream->fd >= 0 && stream->at == WAL_HEADER_BYTES; /* a batch beyond any size */
    if (is_full && !is_fresh && !stream_rotate(wal, stream_no, err))
        return false;

    const struct batch_mark mark = {
        .lsn = __atomic_fetch_add(&wal->next_lsn, 1, __ATOMIC_SEQ_CST),
        .synced = __atomic_load_n(&stream->synced, __ATOMIC_RELAXED),
    };
    batch_seal(batch, wal_seed(stream->segment), mark, &n);
    if (!file_write_at(stream->fd, stream->path, batch->at, n, (int64_t)stream->at, err))
        return false;
    __atomic_store_n(&stream->is_dirty, true, __ATOMIC_SEQ_CST); /* before `at`, see streams_sync */
    __atomic_store_n(&stream->at, stream->at + n, __ATOMIC_RELEASE);
    stream->last_lsn = mark.lsn;
    return true;
}

bool wal_append(struct wal *wal, unsigned stream_no, struct batch *batch, struct err *err)
{
    BUG_IF(stream_no >= WAL_STREAMS_MAX);
    pthread_mutex_lock(&wal->lock);
    while (wal->n_listing > 0)
        pthread_cond_wait(&wal->moved, &wal->lock);
    wal->n_appending++;
    pthread_mutex_unlock(&wal->lock);

    bool is_ok = append(wal, stream_no, batch, err);

    pthread_mutex_lock(&wal->lock);
    if (--wal->n_appending == 0 && wal->n_listing > 0)
        pthread_cond_broadcast(&wal->moved);
    pthread_mutex_unlock(&wal->lock);
    return is_ok;
}

/* ---- making durable ---- */

/* A batch without points behind all others, with the last one's lsn: all of the segment is on the disk.
 * Without it damage to the last batches cannot be told from a power cut. */
static void mark_write(struct wal *wal, const struct segment *segment, int fd)
{
    struct batch batch = {0};
    size_t n;
    const struct batch_mark mark = {segment->last_lsn, segment->bytes};

    batch_reserve(&batch, 1);
    batch_clear(&batch);
    batch_seal(&batch, wal_seed(segment->no), mark, &n);
    (void)!file_write_at(fd, wal->dir, batch.at, n, (int64_t)segment->bytes, NULL);
    batch_done(&batch);
}

void wal_end(struct wal *wal)
{
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++) {
        const struct stream *stream = &wal->streams[i];
        const struct segment segment = {stream->segment, stream->at, stream->last_lsn, false};
        if (stream->fd >= 0 && !stream->is_dirty && stream->synced == stream->at &&
            stream->at > WAL_HEADER_BYTES)
            mark_write(wal, &segment, stream->fd);
    }
}

void wal_sync_begin(struct wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++)
        if (wal->streams[i].fd >= 0)
            wal->streams[i].begun = __atomic_load_n(&wal->streams[i].at, __ATOMIC_ACQUIRE);
    for (struct full *full = wal->full; full; full = full->next)
        full->is_begun = true;
    pthread_mutex_unlock(&wal->lock);
}

/* A stream that is not dirty was synced since it had the length that it began with. */
static bool streams_sync(struct wal *wal, struct err *err)
{
    bool is_ok = true;
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++) {
        struct stream *stream = &wal->streams[i];
        const bool is_dirty = __atomic_exchange_n(&stream->is_dirty, false, __ATOMIC_SEQ_CST);
        pthread_mutex_lock(&wal->lock);
        int fd = stream->fd; /* if the stream rotates now, it stays open in `full` */
        pthread_mutex_unlock(&wal->lock);
        if (is_dirty && fd >= 0 && !file_sync(fd, wal->dir, err)) {
            __atomic_store_n(&stream->is_dirty, true, __ATOMIC_SEQ_CST);
            is_ok = false;
            continue;
        }
        pthread_mutex_lock(&wal->lock);
        if (stream->fd == fd) /* no other file has its number: only this thread closes */
            __atomic_store_n(&stream->synced, stream->begun, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&wal->lock);
    }
    return is_ok;
}

/* Those that may be said to be on the disk; others stay for the next sync. */
static bool is_done(const struct full *full)
{
    return full->is_synced && full->is_begun;
}

/* Takes those that are done off the list of full segments. */
static struct full *done_take(struct wal *wal)
{
    struct full *taken = NULL;

    pthread_mutex_lock(&wal->lock);
    for (struct full **at = &wal->full; *at;) {
        struct full *full = *at;
        if (!is_done(full)) {
            at = &full->next;
            continue;
        }
        *at = full->next;
        segments_add(&wal->closed, full->segment);
        full->next = taken;
        taken = full;
    }
    pthread_mutex_unlock(&wal->lock);
    return taken;
}

/* Syncs and closes the full segments; those that fail stay in the list. Writers add in front of it, and
 * only this takes away, so it can be walked without the lock. */
static bool full_sync(struct wal *wal, struct full *list, struct err *err)
{
    bool is_ok = true;
    for (struct full *full = list; full; full = full->next) {
        full->is_synced = file_sync(full->fd, wal->dir, err);
        if (is_done(full))
            mark_write(wal, &full->segment, full->fd);
        is_ok &= full->is_synced;
    }
    struct full *taken = done_take(wal);
    while (taken) {
        struct full *next = taken->next;
        fd_done(&taken->fd);
        mem_free(taken);
        taken = next;
    }
    return is_ok;
}

bool wal_sync(struct wal *wal, struct err *err)
{
    /* streams first: one that rotates meanwhile leaves its old segment in the list taken after */
    bool is_ok = streams_sync(wal, err);

    pthread_mutex_lock(&wal->lock);
    struct full *full = wal->full;
    bool dir_is_dirty = wal->dir_is_dirty;
    wal->dir_is_dirty = false;
    pthread_mutex_unlock(&wal->lock);

    if (!full_sync(wal, full, err))
        is_ok = false;
    if (dir_is_dirty && !dir_sync(wal->dir, err)) {
        pthread_mutex_lock(&wal->lock);
        wal->dir_is_dirty = true;
        pthread_mutex_unlock(&wal->lock);
        is_ok = false;
    }
    return is_ok;
}

/* ---- reuse: the keeper ---- */

void wal_adopt(struct wal *wal, uint64_t segment, uint64_t bytes, uint64_t last_lsn,
               bool is_damaged)
{
    pthread_mutex_lock(&wal->lock);
    segments_add(&wal->closed, (struct segment){segment, bytes, last_lsn, is_damaged});
    pthread_mutex_unlock(&wal->lock);
}

/* Takes one segment below the mark off the closed list. *out_is_spare: it has been kept. */
static bool reclaim_next(struct wal *wal, uint64_t low_lsn, struct segment *out, bool *out_is_spare)
{
    bool found = false;

    *out_is_spare = false;
    pthread_mutex_lock(&wal->lock);
    for (size_t i = 0; i < wal->closed.n && !found && wal->n_holds == 0; i++) {
        if (wal->closed.items[i].last_lsn >= low_lsn)
            continue;
        found = true;
        *out = wal->closed.items[i];
        wal->closed.items[i] = wal->closed.items[--wal->closed.n];
        *out_is_spare =
            !out->is_damaged && wal->spare.n < WAL_SPARE_MAX && out->bytes > wal->segment_bytes / 2;
        if (*out_is_spare)
            segments_add(&wal->spare, *out);
    }
    pthread_mutex_unlock(&wal->lock);
    return found;
}

bool wal_reclaim(struct wal *wal, uint64_t low_lsn, struct err *err)
{
    struct segment segment;
    bool is_spare;

    while (reclaim_next(wal, low_lsn, &segment, &is_spare)) {
        CLEANUP(mem_done) char *path = wal_path(wal->dir, segment.no);
        if (is_spare)
            continue;
        if (!segment.is_damaged && !file_unlink(path, err))
            return false;
        if (!segment.is_damaged)
            continue;
        CLEANUP(mem_done) char *aside = wal_path(wal->corrupt_dir, segment.no);
        if (!file_rename(path, aside, err))
            return false;
    }
    return true;
}

void wal_hold(struct wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    wal->n_holds++;
    pthread_mutex_unlock(&wal->lock);
}

void wal_let_go(struct wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    BUG_IF(wal->n_holds == 0);
    wal->n_holds--;
    pthread_mutex_unlock(&wal->lock);
}

static void part_add(struct wal_part **list, size_t *n, size_t *cap, uint64_t no, uint64_t bytes)
{
    mem_grow(list, cap, *n + 1, sizeof(struct wal_part));
    (*list)[(*n)++] = (struct wal_part){no, bytes};
}

/* Between two commits: one that is under way has its lsn, and later ones may be written before it. */
struct wal_part *wal_list(struct wal *wal, size_t *out_n)
{
    struct wal_part *list = NULL;
    size_t n = 0, cap = 0;

    pthread_mutex_lock(&wal->lock);
    wal->n_listing++;
    while (wal->n_appending > 0)
        pthread_cond_wait(&wal->moved, &wal->lock);
    for (size_t i = 0; i < wal->closed.n; i++)
        part_add(&list, &n, &cap, wal->closed.items[i].no, wal->closed.items[i].bytes);
    for (const struct full *full = wal->full; full; full = full->next)
        part_add(&list, &n, &cap, full->segment.no, full->segment.bytes);
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++) {
        const struct stream *stream = &wal->streams[i];
        if (stream->fd >= 0)
            part_add(&list, &n, &cap, stream->segment,
                     __atomic_load_n(&stream->at, __ATOMIC_ACQUIRE));
    }
    if (--wal->n_listing == 0)
        pthread_cond_broadcast(&wal->moved);
    pthread_mutex_unlock(&wal->lock);
    *out_n = n;
    return list;
}

static uint64_t closed_bytes_locked(const struct wal *wal)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < wal->closed.n; i++)
        bytes += max_size(wal->closed.items[i].bytes, 1);
    return bytes;
}

uint64_t wal_closed_bytes(struct wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    uint64_t bytes = closed_bytes_locked(wal);
    pthread_mutex_unlock(&wal->lock);
    return bytes;
}

uint64_t wal_bytes(struct wal *wal)
{
    pthread_mutex_lock(&wal->lock);
    uint64_t bytes = closed_bytes_locked(wal);
    for (const struct full *full = wal->full; full; full = full->next)
        bytes += full->segment.bytes;
    for (size_t i = 0; i < WAL_STREAMS_MAX; i++)
        bytes +=
            wal->streams[i].fd >= 0 ? __atomic_load_n(&wal->streams[i].at, __ATOMIC_RELAXED) : 0;
    pthread_mutex_unlock(&wal->lock);
    return bytes;
}
