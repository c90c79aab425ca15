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
    RECORD_HEADER_BYTES = 8, /* length, crc */
    NAME_FIXED_BYTES = 8,    /* id, class, n */
    CLASS_FIXED_BYTES = 20,  /* created, archives, aggregation, unused, xFilesFactor */
    CLASS_ID = -1,           /* in the id's place: this is a class */
    RULES_ID = -2,           /* or the fingerprint of rules */
    RULES_BYTES = 8,
    MARK_MOVED = 16, /* plus the class; HEAD_CLASSES_MAX of them */
    SYNCED_ID = -3,  /* or a note: so many bytes of the file are on the disk */
    SYNCED_BYTES = 8,
    AHEAD_BYTES = 1024, /* of records that are foreseen: as long as memory takes to come */
    SUSPECTS_MAX = 64,  /* bad places that may be torn; what comes behind counts with them */
    FILE_BYTES_MAX = INT32_MAX, /* 2 GB: what one buffer reads; some 30 M series of usual names */
    PENDING_BYTES_MAX = 1 << 30,
    SPARE_BYTES_MAX = 1 << 20, /* of room that is kept */
    BEHIND_BYTES = 64 << 20,   /* some million names not on disk: it does not work */
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

/* A mark is a name record without a name; its class says which. */
enum mark { MARK_SHOWN = 0, MARK_HIDDEN = 1, MARK_DELETED = 2 };

static void mark_put(struct buf *out, uint32_t id, enum mark mark)
{
    name_put(out, id, (uint16_t)mark, str_make("", 0));
}

static void moved_put(struct buf *out, uint32_t id, uint16_t class_no)
{
    name_put(out, id, (uint16_t)(MARK_MOVED + class_no), str_make("", 0));
}

static void rules_put(struct buf *out, uint64_t fingerprint)
{
    name_put(out, (uint32_t)RULES_ID, 0, str_make((const char *)&fingerprint, RULES_BYTES));
}

static void synced_put(struct buf *out, uint64_t n_bytes)
{
    name_put(out, (uint32_t)SYNCED_ID, 0, str_make((const char *)&n_bytes, SYNCED_BYTES));
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

static bool rules_read(const uint8_t *body, size_t n, const struct names_log_reader *reader)
{
    uint64_t fingerprint;

    if (n != RULES_BYTES)
        return false;
    memcpy(&fingerprint, body, RULES_BYTES);
    return reader->on_rules(reader->self, fingerprint);
}

static bool mark_read(uint32_t id, uint16_t mark, const struct names_log_reader *reader)
{
    if (mark >= MARK_MOVED)
        return reader->on_moved(reader->self, id, (uint16_t)(mark - MARK_MOVED));
    switch (mark) {
    case MARK_SHOWN:
    case MARK_HIDDEN:
        return reader->on_hidden(reader->self, id, mark == MARK_HIDDEN);
    case MARK_DELETED:
        return reader->on_deleted(reader->self, id);
    default:
        return false;
    }
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
    if (id == (uint32_t)RULES_ID)
        return rules_read(payload + NAME_FIXED_BYTES, n, reader);
    if (n == 0)
        return mark_read(id, no, reader);
    struct str name = {(const char *)payload + NAME_FIXED_BYTES, n};
    return name_is_canonical(name) && reader->on_name(reader->self, id, no, name);
}

static bool is_rules(const uint8_t *record)
{
    uint32_t id;
    memcpy(&id, record + RECORD_HEADER_BYTES, 4);
    return id == (uint32_t)RULES_ID;
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

static uint32_t version_of(const uint8_t *bytes)
{
    uint32_t version;
    memcpy(&version, bytes + 8, 4);
    return version;
}

static bool header_check(const uint8_t *bytes, size_t n, struct err *err)
{
    uint32_t crc;

    if (n < NAMES_LOG_HEADER_BYTES || memcmp(bytes, "PLBNAM1", 8) != 0)
        return FAIL(err, ERR_CORRUPT, "names.log does not begin as a names log does");
    memcpy(&crc, bytes + NAMES_LOG_HEADER_BYTES - 4, 4);
    if (hash_crc32c(0, bytes, NAMES_LOG_HEADER_BYTES - 4) != crc)
        return FAIL(err, ERR_CORRUPT, "the header of names.log is damaged");
    if (version_of(bytes) == 0 || version_of(bytes) > NAMES_LOG_VERSION)
        return FAIL(err, ERR_REFUSED,
                    "names.log was written by a newer version (format %u, this one knows %d)",
                    version_of(bytes), NAMES_LOG_VERSION);
    return true;
}

/* The stretches of records that were taken, to write them anew. */
struct run {
    size_t from, until;
};

struct runs {
    struct run *items;
    size_t n, cap;
};

static void runs_add(struct runs *runs, size_t from, size_t until)
{
    if (runs->n > 0 && runs->items[runs->n - 1].until == from) {
        runs->items[runs->n - 1].until = until;
        return;
    }
    mem_grow(&runs->items, &runs->cap, runs->n + 1, sizeof *runs->items);
    runs->items[runs->n++] = (struct run){from, until};
}

/* Bad stretches and refused records, until a note behind them says that they were on the disk once: sectors
 * go there in any order, so after a power cut sound records may stand behind torn ones. */
struct suspects {
    size_t at[SUSPECTS_MAX];
    size_t n, n_all, n_damaged;
    uint64_t noted;   /* what the last note says */
    size_t names_end; /* behind the last record that is no note */
};

static void suspect_add(struct suspects *suspects, size_t at)
{
    suspects->n_all++;
    if (suspects->n < SUSPECTS_MAX)
        suspects->at[suspects->n++] = at;
}

static void suspects_judge(struct suspects *suspects, uint64_t synced)
{
    size_t n_kept = 0;
    suspects->noted = synced;
    for (size_t i = 0; i < suspects->n; i++) {
        if (suspects->at[i] < synced)
            suspects->n_damaged++;
        else
            suspects->at[n_kept++] = suspects->at[i];
    }
    suspects->n = n_kept;
}

/* The bytes on the disk, if the record is a note of them. */
static bool synced_read(const uint8_t *payload, size_t n, uint64_t *out)
{
    uint32_t id;
    uint16_t n_body;

    memcpy(&id, payload, 4);
    memcpy(&n_body, payload + 6, 2);
    if (id != (uint32_t)SYNCED_ID || n_body != SYNCED_BYTES || n != NAME_FIXED_BYTES + SYNCED_BYTES)
        return false;
    memcpy(out, payload + NAME_FIXED_BYTES, SYNCED_BYTES);
    return true;
}

/* What a reading leaves. */
struct reading {
    struct suspects suspects;
    struct runs runs;
};

static void reading_done(struct reading *reading)
{
    mem_free(reading->runs.items);
}

/* The record of n bytes at bytes + at. */
static void record_read(const uint8_t *bytes, size_t at, size_t n,
                        const struct names_log_reader *reader, struct reading *reading)
{
    const uint8_t *payload = bytes + at + RECORD_HEADER_BYTES;
    uint64_t synced;

    if (synced_read(payload, n - RECORD_HEADER_BYTES, &synced)) {
        suspects_judge(&reading->suspects, synced);
        return;
    }
    reading->suspects.names_end = at + n;
    if (!payload_read(payload, n - RECORD_HEADER_BYTES, reader))
        suspect_add(&reading->suspects, at);
    else if (!is_rules(bytes +
                       at)) /* what is missing may be a move: all series are looked at again */
        runs_add(&reading->runs, at, at + n);
}

/* Looks at a record or two in front of the one at i, the last of them that was looked at being just before
 * `ahead`; returns where the next one should be. No checksum is needed to foresee. */
static size_t look_ahead(const uint8_t *bytes, size_t n, size_t i, size_t ahead,
                         const struct names_log_reader *reader)
{
    if (ahead < i)
        ahead = i;
    for (int k = 0; k < 2 && ahead < i + AHEAD_BYTES; k++) {
        uint32_t n_bytes;
        if (n - ahead < RECORD_HEADER_BYTES + NAME_FIXED_BYTES)
            break;
        memcpy(&n_bytes, bytes + ahead, 4);
        if (n_bytes <= NAME_FIXED_BYTES || n_bytes > n - ahead - RECORD_HEADER_BYTES)
            break;
        const char *name = (const char *)bytes + ahead + RECORD_HEADER_BYTES + NAME_FIXED_BYTES;
        if (n_bytes <= NAME_FIXED_BYTES + NAME_BYTES_MAX)
            reader->on_ahead(reader->self, str_make(name, n_bytes - NAME_FIXED_BYTES));
        ahead += RECORD_HEADER_BYTES + (size_t)n_bytes;
    }
    return ahead;
}

/* The records: those behind damage are found again. */
static size_t parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                    struct reading *reading)
{
    const uint8_t *at = bytes;
    size_t i = NAMES_LOG_HEADER_BYTES, good = i, ahead = i;

    while (i < n) {
        if (reader->on_ahead)
            ahead = look_ahead(at, n, i, ahead, reader);
        size_t n_bytes = record_bytes(at + i, n - i);
        if (n_bytes == 0) {
            i++; /* torn, or damaged: a sound record behind it tells */
            continue;
        }
        if (i != good)
            suspect_add(&reading->suspects, good);
        record_read(at, i, n_bytes, reader, reading);
        i += n_bytes;
        good = i;
    }
    return good;
}

bool names_log_parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                     size_t *out_good_bytes, size_t *out_n_damaged, struct err *err)
{
    CLEANUP(reading_done) struct reading reading = {0};

    if (!header_check(bytes, n, err))
        return false;
    *out_good_bytes = parse(bytes, n, reader, &reading);
    *out_n_damaged = reading.suspects.n_damaged;
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

/* The file as it was. */
struct replaced {
    const uint8_t *bytes;
    size_t n;
    const struct runs *runs;
};

/* Copies the records; each class is to stand twice. */
static void run_copy(const uint8_t *bytes, const struct run *run, bool *has_class, struct buf *out)
{
    for (size_t at = run->from; at < run->until;) {
        const uint8_t *record = bytes + at;
        const size_t n = record_bytes(record, run->until - at);
        uint32_t id;
        uint16_t no;
        memcpy(&id, record + RECORD_HEADER_BYTES, 4);
        memcpy(&no, record + RECORD_HEADER_BYTES + 4, 2);
        const bool is_class = id == (uint32_t)CLASS_ID;
        for (int i = is_class ? 2 * !has_class[no] : 1; i > 0; i--)
            buf_add(out, record, n);
        if (is_class)
            has_class[no] = true;
        at += n;
    }
}

/* Writes the file anew from what was taken of it, in this version. A damaged one is kept: a copy goes to
 * corrupt_dir, when that is not NULL. */
static bool rewrite(const char *path, const char *corrupt_dir, const struct replaced *old,
                    uint64_t *out_at, struct err *err)
{
    const struct runs *runs = old->runs;
    CLEANUP(mem_done) bool *has_class = mem_array(UINT16_MAX + 1, bool);
    uint8_t header[NAMES_LOG_HEADER_BYTES];
    struct buf clean, aside;
    bool is_ok = true;

    header_make(header);
    buf_init(&clean, FILE_BYTES_MAX);
    buf_init(&aside, 8192);
    buf_printf(&aside, "%s/names.log", corrupt_dir ? corrupt_dir : "");
    if (corrupt_dir)
        is_ok = file_replace(buf_text(&aside), old->bytes, old->n, err);
    buf_add(&clean, header, sizeof header);
    for (size_t i = 0; i < runs->n && is_ok; i++)
        run_copy(old->bytes, &runs->items[i], has_class, &clean);
    is_ok = is_ok && file_replace(path, clean.at, clean.n, err);
    *out_at = clean.n;
    buf_done(&clean);
    buf_done(&aside);
    return is_ok;
}

static bool create(const char *path, struct err *err)
{
    uint8_t header[NAMES_LOG_HEADER_BYTES];
    header_make(header);
    return file_replace(path, header, sizeof header, err);
}

/* The header, or records that speak for themselves: a damaged header costs nothing. */
static bool head_check(const void *bytes, size_t n, struct suspects *suspects, struct err *err)
{
    if (header_check(bytes, n, err))
        return true;
    if (err->kind != ERR_CORRUPT || n <= NAMES_LOG_HEADER_BYTES ||
        record_bytes((const uint8_t *)bytes + NAMES_LOG_HEADER_BYTES, n - NAMES_LOG_HEADER_BYTES) ==
            0)
        return false;
    err_clear(err);
    suspects->n_all = suspects->n_damaged = 1;
    return true;
}

/* Reads the file and leaves it sound; what is known of it goes to log. */
static bool load(struct names_log *log, const char *corrupt_dir,
                 const struct names_log_reader *reader, size_t *out_n_damaged, struct err *err)
{
    CLEANUP(reading_done) struct reading reading = {0};
    const struct suspects *suspects = &reading.suspects;
    const void *bytes;
    size_t n;

    if (!file_map(log->path, &bytes, &n, err))
        return false;
    bool is_ok = head_check(bytes, n, &reading.suspects, err);
    if (is_ok)
        log->at = parse(bytes, n, reader, &reading);
    *out_n_damaged = suspects->n_damaged;
    log->noted = suspects->noted;
    log->names_end = suspects->names_end;
    if (is_ok && (suspects->n_all > 0 || version_of(bytes) < NAMES_LOG_VERSION)) {
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
    struct buf path;
    size_t n;

    buf_init(&path, 8192);
    buf_printf(&path, "%s/names.log", dir);
    log->path = buf_take(&path, &n);
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
    name_put(&log->pending, id, class_no, name);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

static void mark_add(struct names_log *log, uint32_t id, enum mark mark)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    mark_put(&log->pending, id, mark);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_hidden(struct names_log *log, uint32_t id, bool is_hidden)
{
    mark_add(log, id, is_hidden ? MARK_HIDDEN : MARK_SHOWN);
}

void names_log_add_deleted(struct names_log *log, uint32_t id)
{
    mark_add(log, id, MARK_DELETED);
}

void names_log_add_moved(struct names_log *log, uint32_t id, uint16_t class_no)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    moved_put(&log->pending, id, class_no);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_rules(struct names_log *log, uint64_t fingerprint)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    rules_put(&log->pending, fingerprint);
    pending_grew(log, before);
    pthread_mutex_unlock(&log->lock);
}

void names_log_add_class(struct names_log *log, uint16_t no, const struct schema *schema,
                         int64_t created_s)
{
    pthread_mutex_lock(&log->lock);
    size_t before = log->pending.n;
    class_put(&log->pending, no, schema, created_s);
    class_put(&log->pending, no, schema, created_s); /* no bad sector shall cost all its series */
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
    synced_put(out, log->synced);
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
