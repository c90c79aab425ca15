#include "store/names_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "model/name.h"
#include "os/file.h"

enum {
    RECORD_HEADER_BYTES = 8,    /* length, crc */
    NAME_FIXED_BYTES = 8,       /* id, class, n */
    CLASS_FIXED_BYTES = 20,     /* created, archives, aggregation, unused, xFilesFactor */
    CLASS_ID = -1,              /* in the id's place: this is a class */
    FILE_BYTES_MAX = INT32_MAX, /* 2 GB: what one buffer reads; some 30 M series of usual names */
    PENDING_BYTES_MAX = 1 << 30,
    BEHIND_BYTES = 64 << 20, /* some million names not on disk: it does not work */
};

struct names_log {
    char *path;
    int fd;
    uint64_t at;        /* where the next bytes go; the writer's of the moment */
    size_t n_unwritten; /* atomic, bytes */
    bool must_rewrite;  /* the syncing thread's: the last sync failed */

    pthread_mutex_t lock; /* pending and is_writing; never held across I/O */
    pthread_cond_t written;
    struct buf pending;
    struct buf unsynced; /* what was written since the last good sync; it ends at `at` */
    bool is_writing;
};

/* ---- format ---- */

static void header_make(uint8_t out[NAMES_LOG_HEADER_BYTES])
{
    const uint32_t version = NAMES_LOG_VERSION;
    memset(out, 0, NAMES_LOG_HEADER_BYTES);
    memcpy(out, "PLBNAM1", 8);
    memcpy(out + 8, &version, 4);
    uint32_t crc = hash_crc32c(0, out, NAMES_LOG_HEADER_BYTES - 4);
    memcpy(out + NAMES_LOG_HEADER_BYTES - 4, &crc, 4);
}

static void record_add(struct buf *out, const void *payload, size_t n)
{
    buf_add_u32(out, (uint32_t)n);
    buf_add_u32(out, hash_crc32c((uint32_t)n, payload, n));
    buf_add(out, payload, n);
}

static void name_put(struct buf *out, uint32_t id, uint16_t class_no, struct str name)
{
    uint8_t payload[NAME_FIXED_BYTES + NAME_BYTES_MAX];
    const uint16_t n = (uint16_t)name.n;

    BUG_IF(name.n > NAME_BYTES_MAX);
    memcpy(payload, &id, 4);
    memcpy(payload + 4, &class_no, 2);
    memcpy(payload + 6, &n, 2);
    memcpy(payload + NAME_FIXED_BYTES, name.at, n);
    record_add(out, payload, NAME_FIXED_BYTES + (size_t)n);
}

/* A mark is a name record without a name; the class says which. */
static void hidden_put(struct buf *out, uint32_t id, bool is_hidden)
{
    name_put(out, id, is_hidden, str_make("", 0));
}

static void class_put(struct buf *out, uint16_t no, const struct schema *schema, int64_t created_s)
{
    uint8_t payload[NAME_FIXED_BYTES + CLASS_FIXED_BYTES + 8 * SCHEMA_ARCHIVES_MAX] = {0};
    uint8_t *body = payload + NAME_FIXED_BYTES;
    const uint32_t id = (uint32_t)CLASS_ID;
    const uint16_t n = (uint16_t)(CLASS_FIXED_BYTES + 8 * schema->n_archives);

    memcpy(payload, &id, 4);
    memcpy(payload + 4, &no, 2);
    memcpy(payload + 6, &n, 2);
    memcpy(body, &created_s, 8);
    body[8] = (uint8_t)schema->n_archives;
    body[9] = (uint8_t)schema->aggregation;
    memcpy(body + 12, &schema->x_files_factor, 8);
    for (size_t i = 0; i < schema->n_archives; i++) {
        memcpy(body + CLASS_FIXED_BYTES + 8 * i, &schema->archives[i].step_s, 4);
        memcpy(body + CLASS_FIXED_BYTES + 8 * i + 4, &schema->archives[i].n_points, 4);
    }
    record_add(out, payload, NAME_FIXED_BYTES + (size_t)n);
}

static bool schema_is_sound(const struct schema *schema)
{
    if (!(schema->x_files_factor >= 0 && schema->x_files_factor <= 1))
        return false;
    for (size_t i = 0; i < schema->n_archives; i++) {
        const struct archive *archive = &schema->archives[i];
        if (archive->step_s == 0 || archive->n_points == 0 || archive->step_s > INT32_MAX)
            return false;
        if (i > 0 &&
            (archive->step_s <= archive[-1].step_s || archive->step_s % archive[-1].step_s != 0))
            return false;
    }
    return true;
}

static bool class_read(const uint8_t *body, uint16_t no, size_t n,
                       const struct names_log_reader *reader)
{
    struct schema schema = {0};
    int64_t created_s;

    if (n < CLASS_FIXED_BYTES || body[8] == 0 || body[8] > SCHEMA_ARCHIVES_MAX ||
        body[9] > AGGREGATE_ABSMIN || n != CLASS_FIXED_BYTES + 8 * (size_t)body[8])
        return false;
    memcpy(&created_s, body, 8);
    schema.n_archives = body[8];
    schema.aggregation = (enum aggregation)body[9];
    memcpy(&schema.x_files_factor, body + 12, 8);
    for (size_t i = 0; i < schema.n_archives; i++) {
        memcpy(&schema.archives[i].step_s, body + CLASS_FIXED_BYTES + 8 * i, 4);
        memcpy(&schema.archives[i].n_points, body + CLASS_FIXED_BYTES + 8 * i + 4, 4);
    }
    return schema_is_sound(&schema) && reader->on_class(reader->self, no, &schema, created_s);
}

static bool payload_read(const uint8_t *payload, size_t n_bytes,
                         const struct names_log_reader *reader)
{
    uint32_t id;
    uint16_t no, n;

    memcpy(&id, payload, 4);
    memcpy(&no, payload + 4, 2);
    memcpy(&n, payload + 6, 2);
    if (NAME_FIXED_BYTES + (size_t)n != n_bytes)
        return false;
    if (id == (uint32_t)CLASS_ID)
        return class_read(payload + NAME_FIXED_BYTES, no, n, reader);
    if (n == 0)
        return no <= 1 && reader->on_hidden(reader->self, id, no == 1);
    struct str name = {(const char *)payload + NAME_FIXED_BYTES, n};
    return name_is_canonical(name) && reader->on_name(reader->self, id, no, name);
}

/* The bytes of the record at `at`, 0 when there is no whole and sound one. */
static size_t record_bytes(const uint8_t *at, size_t n)
{
    uint32_t n_bytes, crc;

    if (n < RECORD_HEADER_BYTES + NAME_FIXED_BYTES)
        return 0;
    memcpy(&n_bytes, at, 4);
    memcpy(&crc, at + 4, 4);
    if (n_bytes < NAME_FIXED_BYTES || n_bytes > NAME_FIXED_BYTES + NAME_BYTES_MAX ||
        n_bytes > n - RECORD_HEADER_BYTES)
        return 0;
    if (hash_crc32c(n_bytes, at + RECORD_HEADER_BYTES, n_bytes) != crc)
        return 0;
    return RECORD_HEADER_BYTES + (size_t)n_bytes;
}

static bool header_check(const uint8_t *bytes, size_t n, struct err *err)
{
    uint32_t version, crc;

    if (n < NAMES_LOG_HEADER_BYTES || memcmp(bytes, "PLBNAM1", 8) != 0)
        return FAIL(err, ERR_CORRUPT, "names.log does not begin as a names log does");
    memcpy(&version, bytes + 8, 4);
    memcpy(&crc, bytes + NAMES_LOG_HEADER_BYTES - 4, 4);
    if (hash_crc32c(0, bytes, NAMES_LOG_HEADER_BYTES - 4) != crc)
        return FAIL(err, ERR_CORRUPT, "the header of names.log is damaged");
    if (version != NAMES_LOG_VERSION)
        return FAIL(err, ERR_REFUSED,
                    "names.log was written by a newer version (format %u, this one knows %d)",
                    version, NAMES_LOG_VERSION);
    return true;
}

bool names_log_parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                     size_t *out_good_bytes, size_t *out_n_damaged, struct err *err)
{
    const uint8_t *at = bytes;
    size_t i = NAMES_LOG_HEADER_BYTES, good = i, n_damaged = 0;

    if (!header_check(at, n, err))
        return false;
    while (i < n) {
        size_t n_bytes = record_bytes(at + i, n - i);
        if (n_bytes == 0) {
            i++; /* torn, or damaged: a sound record behind it tells */
            continue;
        }
        n_damaged += i != good;
        n_damaged +=
            !payload_read(at + i + RECORD_HEADER_BYTES, n_bytes - RECORD_HEADER_BYTES, reader);
        i += n_bytes;
        good = i;
    }
    *out_good_bytes = good;
    *out_n_damaged = n_damaged;
    return true;
}

size_t names_log_first_bad(const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    size_t i = NAMES_LOG_HEADER_BYTES, n_bytes;

    while (i < n && (n_bytes = record_bytes(at + i, n - i)) > 0)
        i += n_bytes;
    return min_size(i, n);
}

/* ---- the file ---- */

/* Collects what could be read, to write it anew. */
struct rescue {
    const struct names_log_reader *reader;
    struct buf out;
};

static bool rescue_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    struct rescue *rescue = self;
    if (!rescue->reader->on_class(rescue->reader->self, no, schema, created_s))
        return false;
    class_put(&rescue->out, no, schema, created_s);
    return true;
}

static bool rescue_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct rescue *rescue = self;
    if (!rescue->reader->on_name(rescue->reader->self, id, class_no, name))
        return false;
    name_put(&rescue->out, id, class_no, name);
    return true;
}

static bool rescue_hidden(void *self, uint32_t id, bool is_hidden)
{
    struct rescue *rescue = self;
    if (!rescue->reader->on_hidden(rescue->reader->self, id, is_hidden))
        return false;
    hidden_put(&rescue->out, id, is_hidden);
    return true;
}

static bool rewrite(const char *path, const char *corrupt_dir, const struct buf *clean,
                    struct err *err)
{
    struct buf old, aside;
    buf_init(&old, FILE_BYTES_MAX);
    buf_init(&aside, 8192);
    buf_printf(&aside, "%s/names.log", corrupt_dir);
    bool is_ok = file_read_all(path, &old, err) &&
                 file_replace(buf_text(&aside), old.at, old.n, err) &&
                 file_replace(path, clean->at, clean->n, err);
    buf_done(&old);
    buf_done(&aside);
    return is_ok;
}

static bool create(const char *path, struct err *err)
{
    uint8_t header[NAMES_LOG_HEADER_BYTES];
    header_make(header);
    return file_replace(path, header, sizeof header, err);
}

/* Reads the file and leaves it sound; *out_at: its length. */
static bool load(const char *path, const char *corrupt_dir, const struct names_log_reader *reader,
                 size_t *out_n_damaged, uint64_t *out_at, struct err *err)
{
    struct rescue rescue = {.reader = reader};
    const struct names_log_reader through = {&rescue, rescue_class, rescue_name, rescue_hidden};
    uint8_t header[NAMES_LOG_HEADER_BYTES];
    const void *bytes;
    size_t n, good = 0;

    if (!file_map(path, &bytes, &n, err))
        return false;
    header_make(header);
    buf_init(&rescue.out, FILE_BYTES_MAX);
    buf_add(&rescue.out, header, sizeof header);
    bool is_ok = names_log_parse(bytes, n, &through, &good, out_n_damaged, err);
    file_unmap(bytes, n);
    if (is_ok && *out_n_damaged > 0) {
        good = rescue.out.n;
        is_ok = rewrite(path, corrupt_dir, &rescue.out, err);
    }
    buf_done(&rescue.out);
    *out_at = good;
    return is_ok;
}

bool names_log_read(const char *dir, const struct names_log_reader *reader, size_t *out_n_damaged,
                    struct err *err)
{
    CLEANUP(buf_done) struct buf path;
    const void *bytes;
    size_t n, good;

    buf_init(&path, 8192);
    buf_printf(&path, "%s/names.log", dir);
    if (!file_map(buf_text(&path), &bytes, &n, err))
        return false;
    bool is_ok = names_log_parse(bytes, n, reader, &good, out_n_damaged, err);
    file_unmap(bytes, n);
    return is_ok;
}

bool names_log_open(const char *dir, const char *corrupt_dir, const struct names_log_reader *reader,
                    size_t *out_n_damaged, struct names_log **out, struct err *err)
{
    struct buf path;
    size_t n;
    uint64_t at;
    CLEANUP(fd_done) int fd = -1;

    buf_init(&path, 8192);
    buf_printf(&path, "%s/names.log", dir);
    CLEANUP(mem_done) char *owned = buf_take(&path, &n);
    *out_n_damaged = 0;
    if (!file_exists(owned) && !create(owned, err))
        return false;
    if (!load(owned, corrupt_dir, reader, out_n_damaged, &at, err))
        return false;
    if (!file_open(owned, O_RDWR, &fd, err) || !file_truncate(fd, owned, (int64_t)at, err) ||
        !file_sync(fd, owned, err))
        return false;

    struct names_log *log = mem_zalloc(sizeof(struct names_log));
    log->path = owned;
    owned = NULL;
    log->fd = take_fd(&fd);
    log->at = at;
    buf_init(&log->pending, PENDING_BYTES_MAX);
    buf_init(&log->unsynced, PENDING_BYTES_MAX);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->written, NULL);
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
    name_put(&log->pending, id, class_no, name);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_hidden(struct names_log *log, uint32_t id, bool is_hidden)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    hidden_put(&log->pending, id, is_hidden);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_class(struct names_log *log, uint16_t no, const struct schema *schema,
                         int64_t created_s)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    class_put(&log->pending, no, schema, created_s);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

bool names_log_is_behind(struct names_log *log)
{
    pthread_mutex_lock(&log->lock);
    bool is_behind = log->pending.n > BEHIND_BYTES || log->unsynced.n > BEHIND_BYTES;
    pthread_mutex_unlock(&log->lock);
    return is_behind;
}

/* Takes what is pending once nobody else writes; false: there is nothing. */
static bool writing_begin(struct names_log *log, struct buf *out)
{
    pthread_mutex_lock(&log->lock);
    while (log->is_writing)
        pthread_cond_wait(&log->written, &log->lock);
    bool has_some = log->pending.n > 0;
    if (has_some) {
        *out = log->pending;
        buf_init(&log->pending, PENDING_BYTES_MAX);
        log->is_writing = true;
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
        __atomic_fetch_sub(&log->n_unwritten, taken->n, __ATOMIC_SEQ_CST);
    } else { /* in front of what came since */
        buf_add(taken, log->pending.at, log->pending.n);
        struct buf newer = log->pending;
        log->pending = *taken;
        *taken = newer;
    }
    log->is_writing = false;
    pthread_cond_broadcast(&log->written);
    pthread_mutex_unlock(&log->lock);
    buf_done(taken);
}

bool names_log_write(struct names_log *log, struct err *err)
{
    struct buf taken;

    if (__atomic_load_n(&log->n_unwritten, __ATOMIC_SEQ_CST) == 0)
        return true;
    if (!writing_begin(log, &taken))
        return true;
    bool is_ok = file_write_at(log->fd, log->path, taken.at, taken.n, (int64_t)log->at, err);
    writing_end(log, &taken, is_ok);
    return is_ok;
}

/* Takes what is to be made durable and where it lies in the file. */
static struct buf unsynced_take(struct names_log *log, uint64_t *out_at)
{
    pthread_mutex_lock(&log->lock);
    struct buf taken = log->unsynced;
    *out_at = log->at - taken.n;
    buf_init(&log->unsynced, PENDING_BYTES_MAX);
    pthread_mutex_unlock(&log->lock);
    return taken;
}

static void unsynced_give_back(struct names_log *log, struct buf *taken)
{
    pthread_mutex_lock(&log->lock);
    buf_add(taken, log->unsynced.at, log->unsynced.n);
    struct buf newer = log->unsynced;
    log->unsynced = *taken;
    *taken = newer;
    pthread_mutex_unlock(&log->lock);
}

bool names_log_sync(struct names_log *log, struct err *err)
{
    uint64_t at;
    struct buf taken = unsynced_take(log, &at);
    bool is_ok = true;

    if (taken.n > 0 && log->must_rewrite)
        is_ok = file_write_at(log->fd, log->path, taken.at, taken.n, (int64_t)at, err);
    if (taken.n > 0 && is_ok)
        is_ok = file_sync(log->fd, log->path, err);
    log->must_rewrite = !is_ok;
    if (!is_ok)
        unsynced_give_back(log, &taken);
    buf_done(&taken);
    return is_ok;
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
    const bool is_synced = log->pending.n == 0 && !log->is_writing && log->unsynced.n == 0;
    pthread_mutex_unlock(&log->lock);
    return is_synced;
}
