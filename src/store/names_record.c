#include "store/names_record.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model/name.h"

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
};

/* ---- putting ---- */

void names_record_header(uint8_t out[NAMES_LOG_HEADER_BYTES])
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

void names_record_name(struct buf *out, uint32_t id, uint16_t class_no, struct str name)
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

void names_record_mark(struct buf *out, uint32_t id, enum names_mark mark)
{
    names_record_name(out, id, (uint16_t)mark, str_make("", 0));
}

void names_record_moved(struct buf *out, uint32_t id, uint16_t class_no)
{
    names_record_name(out, id, (uint16_t)(MARK_MOVED + class_no), str_make("", 0));
}

void names_record_rules(struct buf *out, uint64_t fingerprint)
{
    names_record_name(out, (uint32_t)RULES_ID, 0,
                      str_make((const char *)&fingerprint, RULES_BYTES));
}

void names_record_synced(struct buf *out, uint64_t n_bytes)
{
    names_record_name(out, (uint32_t)SYNCED_ID, 0, str_make((const char *)&n_bytes, SYNCED_BYTES));
}

void names_record_class(struct buf *out, uint16_t no, const struct schema *schema,
                        int64_t created_s)
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

/* ---- reading ---- */

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
    case NAMES_SHOWN:
    case NAMES_HIDDEN:
        return reader->on_hidden(reader->self, id, mark == NAMES_HIDDEN);
    case NAMES_DELETED:
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

uint32_t names_record_version(const uint8_t *bytes)
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
    if (names_record_version(bytes) == 0 || names_record_version(bytes) > NAMES_LOG_VERSION)
        return FAIL(err, ERR_REFUSED,
                    "names.log was written by a newer version (format %u, this one knows %d)",
                    names_record_version(bytes), NAMES_LOG_VERSION);
    return true;
}

static void runs_add(struct names_runs *runs, size_t from, size_t until)
{
    if (runs->n > 0 && runs->items[runs->n - 1].until == from) {
        runs->items[runs->n - 1].until = until;
        return;
    }
    mem_grow(&runs->items, &runs->cap, runs->n + 1, sizeof *runs->items);
    runs->items[runs->n++] = (struct names_run){from, until};
}

static void suspect_add(struct names_suspects *suspects, size_t at)
{
    suspects->n_all++;
    if (suspects->n < NAMES_SUSPECTS_MAX)
        suspects->at[suspects->n++] = at;
}

static void suspects_judge(struct names_suspects *suspects, uint64_t synced)
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

void names_record_done(struct names_reading *reading)
{
    mem_free(reading->runs.items);
}

/* The record of n bytes at bytes + at. */
static void record_read(const uint8_t *bytes, size_t at, size_t n,
                        const struct names_log_reader *reader, struct names_reading *reading)
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

size_t names_record_parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                          struct names_reading *reading)
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

bool names_record_begin(const void *bytes, size_t n, struct names_reading *reading, struct err *err)
{
    if (header_check(bytes, n, err))
        return true;
    if (err->kind != ERR_CORRUPT || n <= NAMES_LOG_HEADER_BYTES ||
        record_bytes((const uint8_t *)bytes + NAMES_LOG_HEADER_BYTES, n - NAMES_LOG_HEADER_BYTES) ==
            0)
        return false;
    err_clear(err);
    reading->suspects.n_all = reading->suspects.n_damaged = 1;
    return true;
}

static void run_copy(const uint8_t *bytes, const struct names_run *run, bool *has_class,
                     struct buf *out)
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

void names_record_copy(const void *bytes, const struct names_runs *runs, struct buf *out)
{
    CLEANUP(mem_done) bool *has_class = mem_array(UINT16_MAX + 1, bool);
    for (size_t i = 0; i < runs->n; i++)
        run_copy(bytes, &runs->items[i], has_class, out);
}

bool names_log_parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                     size_t *out_good_bytes, size_t *out_n_damaged, struct err *err)
{
    CLEANUP(names_record_done) struct names_reading reading = {0};

    if (!header_check(bytes, n, err))
        return false;
    *out_good_bytes = names_record_parse(bytes, n, reader, &reading);
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
