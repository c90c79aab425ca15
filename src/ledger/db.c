#include "ledger/db.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ledger/commits.h"
#include "ledger/sql.h"
#include "os/file.h"

enum {
    FORMAT_VERSION = 1,
    BUSY_WAIT_MS = 5000, /* readers never block the writer in WAL mode; a backup tool may */
    ROW_BYTES_MAX = 1024 * 1024,
    ID_CHARS = 26, /* of a ULID */
};

static const char begin_sql[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
static const char rollback_sql[] = "ROLLBACK";
static const char last_row_sql[] = "SELECT seq, hash FROM rows ORDER BY seq DESC LIMIT 1";
static const char add_row_sql[] =
    "INSERT INTO rows (seq, change_id, body, hash) VALUES (?1, ?2, ?3, ?4)";
static const char put_change_sql[] =
    "INSERT INTO changes (id, seq, source, key, kind, service, env, rev, status,"
    " start_ms, end_ms, posted, body)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    " ON CONFLICT (id) DO UPDATE SET seq = ?2, key = ?4, rev = ?8, status = ?9,"
    " start_ms = ?10, end_ms = ?11, body = ?13";
static const char drop_tags_sql[] = "DELETE FROM tags WHERE change_id = ?1";
static const char add_tag_sql[] = "INSERT OR IGNORE INTO tags (tag, change_id) VALUES (?1, ?2)";
static const char by_key_sql[] = "SELECT body, seq FROM changes WHERE source = ?1 AND key = ?2";
static const char by_id_sql[] =
    "SELECT body, seq FROM changes WHERE id >= ?1 AND id < ?1 || '~' LIMIT 2";
static const char by_row_sql[] =
    "SELECT c.body, c.seq FROM rows r JOIN changes c ON c.id = r.change_id"
    " WHERE r.seq = ?1";
static const char newest_open_sql[] =
    "SELECT body, seq FROM changes WHERE kind = ?1 AND service = ?2 AND env = ?3"
    " AND end_ms = 0 ORDER BY start_ms DESC LIMIT 1";
static const char succeeded_sql[] =
    "SELECT body, seq FROM changes WHERE kind = ?1 AND service = ?2 AND env = ?3"
    " AND status = 4 AND start_ms < ?4 AND rev <> '' AND (?5 IS NULL OR rev = ?5)"
    " ORDER BY start_ms DESC LIMIT 1";
static const char since_sql[] =
    "SELECT body, seq FROM changes WHERE seq > ?1 ORDER BY seq LIMIT ?2";
static const char each_sql[] = "SELECT body, seq FROM changes ORDER BY start_ms";
static const char count_sql[] = "SELECT count(*) FROM changes";
_Static_assert(STATUS_SUCCEEDED == 4, "succeeded_sql names it by number");

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY, change_id TEXT NOT NULL,"
    " body TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS changes (id TEXT PRIMARY KEY, seq INTEGER NOT NULL,"
    " source TEXT NOT NULL, key TEXT NOT NULL, kind INTEGER NOT NULL, service TEXT NOT NULL,"
    " env TEXT NOT NULL, rev TEXT NOT NULL, status INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
    " end_ms INTEGER NOT NULL, posted INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE UNIQUE INDEX IF NOT EXISTS changes_by_key ON changes (source, key) WHERE key <> '';"
    "CREATE INDEX IF NOT EXISTS changes_by_seq ON changes (seq);"
    "CREATE INDEX IF NOT EXISTS changes_by_start ON changes (start_ms);"
    "CREATE INDEX IF NOT EXISTS changes_by_place ON changes (kind, service, env, start_ms);"
    "CREATE INDEX IF NOT EXISTS changes_open ON changes (kind, service, env) WHERE end_ms = 0;"
    "CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, change_id TEXT NOT NULL,"
    " PRIMARY KEY (tag, change_id)) WITHOUT ROWID;"
    "CREATE TRIGGER IF NOT EXISTS rows_stay BEFORE UPDATE ON rows"
    " BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER IF NOT EXISTS rows_remain BEFORE DELETE ON rows"
    " BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;";

static bool run(struct db *db, const char *which, const char *what, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, which, err);
    return st && sql_finish(db, st, what, err);
}

static bool read_version(struct db *db, int *out, struct err *err)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK)
        return sql_fail(db, "read the version", err);
    *out = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;
    sqlite3_finalize(st);
    return true;
}

/* Where SQLite cannot keep a WAL it says so only by naming the mode it stayed in. */
static bool set_journal(struct db *db, const char *path, struct err *err)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK)
        return sql_fail(db, "set up", err);
    bool is_row = sqlite3_step(st) == SQLITE_ROW;
    bool is_wal = is_row && strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;
    if (!is_row)
        sql_fail(db, "set up", err);
    sqlite3_finalize(st);
    if (!is_row || is_wal)
        return is_row;
    return FAIL(err, ERR_REFUSED, "'%s' is on a file system that SQLite cannot keep a log on",
                path);
}

static bool set_up(struct db *db, const char *path, struct err *err)
{
    int version = 0;
    if (!set_journal(db, path, err) || !sql_exec(db, "PRAGMA synchronous = FULL;", err) ||
        !read_version(db, &version, err))
        return false;
    if (version > FORMAT_VERSION)
        return FAIL(err, ERR_REFUSED,
                    "'%s' was written by a newer plumb (ledger format %d, this one knows %d)", path,
                    version, FORMAT_VERSION);
    char stamp[64];
    snprintf(stamp, sizeof stamp, "PRAGMA user_version = %d", FORMAT_VERSION);
    return sql_exec(db, tables, err) && sql_exec(db, commits_tables, err) &&
           (version == FORMAT_VERSION || sql_exec(db, stamp, err));
}

bool db_open(const char *path, bool write, struct db **out, struct err *err)
{
    struct db *db = mem_zalloc(sizeof *db);
    int flags = SQLITE_OPEN_NOMUTEX |
                (write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    bool is_ok = sqlite3_open_v2(path, &db->handle, flags, NULL) == SQLITE_OK;
    if (!is_ok) {
        err_set(err, ERR_REFUSED, "open the ledger '%s': %s", path, sqlite3_errmsg(db->handle));
        if (err)
            err->kind = ERR_IO;
    } else {
        sqlite3_busy_timeout(db->handle, BUSY_WAIT_MS);
        is_ok = !write || set_up(db, path, err);
        if (!is_ok && err && !strstr(err->text, path))
            err_prefix(err, "'%s'", path);
    }
    if (!is_ok) {
        db_close(db);
        return false;
    }
    *out = db;
    return true;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->n_statements; i++)
        sqlite3_finalize(db->statements[i].st);
    sqlite3_close(db->handle);
    mem_free(db);
}

bool db_begin(struct db *db, struct err *err)
{
    return run(db, begin_sql, "begin", err);
}

bool db_commit(struct db *db, struct err *err)
{
    return run(db, commit_sql, "commit", err);
}

void db_rollback(struct db *db)
{
    struct err ignored;
    if (!sqlite3_get_autocommit(db->handle) && !run(db, rollback_sql, "roll back", &ignored))
        return; /* the next begin will say so */
}

bool db_last_row(struct db *db, uint64_t *out_seq, unsigned char out[ROW_HASH_BYTES],
                 struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, last_row_sql, err);
    if (!st)
        return false;
    int code = sqlite3_step(st);
    *out_seq = 0;
    memset(out, 0, ROW_HASH_BYTES);
    bool is_whole = code == SQLITE_ROW && sqlite3_column_bytes(st, 1) == ROW_HASH_BYTES;
    if (is_whole) {
        *out_seq = (uint64_t)sqlite3_column_int64(st, 0);
        memcpy(out, sqlite3_column_blob(st, 1), ROW_HASH_BYTES);
    }
    if (code == SQLITE_ROW && !is_whole)
        err_set(err, ERR_CORRUPT, "the ledger's last row has no hash");
    else if (code != SQLITE_ROW && code != SQLITE_DONE)
        sql_fail(db, "read the last row", err);
    sqlite3_reset(st);
    return is_whole || code == SQLITE_DONE;
}

static bool put_change(struct db *db, uint64_t seq, const struct change *change, const char *body,
                       struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, put_change_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change->id);
    sqlite3_bind_int64(st, 2, (int64_t)seq);
    sql_bind_text(st, 3, change->source);
    sql_bind_text(st, 4, change->key);
    sqlite3_bind_int(st, 5, (int)change->kind);
    sql_bind_text(st, 6, change->service);
    sql_bind_text(st, 7, change->env);
    sql_bind_text(st, 8, change->rev);
    sqlite3_bind_int(st, 9, (int)change->status);
    sqlite3_bind_int64(st, 10, change->start_ms);
    sqlite3_bind_int64(st, 11, change->end_ms);
    sqlite3_bind_int(st, 12, change->is_posted);
    sql_bind_text(st, 13, body);
    return sql_finish(db, st, "keep a change", err);
}

static bool add_tag(struct db *db, const char *tag, const char *id, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, add_tag_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, tag);
    sql_bind_text(st, 2, id);
    return sql_finish(db, st, "keep a tag", err);
}

/* A posted event is found by its tags as sent; any other change by kind, service and tag keys. */
static bool put_tags(struct db *db, const struct change *change, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, drop_tags_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change->id);
    if (!sql_finish(db, st, "keep tags", err))
        return false;
    for (size_t i = 0; i < change->n_tags; i++)
        if (!add_tag(db, change->tags[i].key, change->id, err))
            return false;
    if (change->is_posted)
        return true;
    return add_tag(db, change_kind_name(change->kind), change->id, err) &&
           add_tag(db, change->service, change->id, err);
}

bool db_append(struct db *db, uint64_t seq, const struct change *change,
               unsigned char io_hash[ROW_HASH_BYTES], struct err *err)
{
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, ROW_BYTES_MAX);
    row_encode(change, &body);
    if (body.is_full)
        return FAIL(err, ERR_LIMIT, "a change of more than %d bytes", ROW_BYTES_MAX);
    unsigned char hash[ROW_HASH_BYTES];
    row_hash(io_hash, seq, body.at, body.n, hash);
    sqlite3_stmt *st = sql_prepare(db, add_row_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, (int64_t)seq);
    sql_bind_text(st, 2, change->id);
    sql_bind_text(st, 3, body.at);
    sqlite3_bind_blob(st, 4, hash, sizeof hash, SQLITE_STATIC);
    if (!sql_finish(db, st, "add a row", err) || !put_change(db, seq, change, body.at, err) ||
        !put_tags(db, change, err))
        return false;
    memcpy(io_hash, hash, sizeof hash);
    return true;
}

/* The change at the statement's current row: columns body, seq. */
static bool take_change(sqlite3_stmt *st, struct arena *arena, struct change *out, struct err *err)
{
    const char *body = (const char *)sqlite3_column_text(st, 0);
    size_t n = (size_t)sqlite3_column_bytes(st, 0);
    if (!body || !row_decode(body, n, arena, out, err))
        return body ? false : FAIL(err, ERR_CORRUPT, "a ledger row without a body");
    out->seq = (uint64_t)sqlite3_column_int64(st, 1);
    return true;
}

/* The one change that a bound statement finds. */
static bool take_one(struct db *db, sqlite3_stmt *st, struct arena *arena, struct change *out,
                     struct err *err)
{
    int code = sqlite3_step(st);
    bool is_ok = false;
    if (code == SQLITE_ROW)
        is_ok = take_change(st, arena, out, err);
    else if (code == SQLITE_DONE)
        err_set(err, ERR_MISSING, "there is no such change");
    else
        sql_fail(db, "look up a change", err);
    sqlite3_reset(st);
    return is_ok;
}

bool db_by_key(struct db *db, const char *source, const char *key, struct arena *arena,
               struct change *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, by_key_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, source);
    sql_bind_text(st, 2, key);
    return take_one(db, st, arena, out, err);
}

/* ULIDs are written in capitals; people type them as they like. */
static void upper_copy(char out[ID_CHARS + 1], const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i <= n; i++)
        out[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
}

/* Does only one id begin so? */
static bool is_alone(struct db *db, const char *prefix)
{
    sqlite3_stmt *st = sql_prepare(db, by_id_sql, NULL);
    if (!st)
        return true;
    sql_bind_text(st, 1, prefix);
    bool has_second = sqlite3_step(st) == SQLITE_ROW && sqlite3_step(st) == SQLITE_ROW;
    sqlite3_reset(st);
    return !has_second;
}

bool db_by_id(struct db *db, const char *id_prefix, struct arena *arena, struct change *out,
              struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, by_id_sql, err);
    char prefix[ID_CHARS + 1];
    if (!st)
        return false;
    if (strlen(id_prefix) > ID_CHARS)
        return FAIL(err, ERR_MISSING, "there is no change '%.100s'", id_prefix);
    upper_copy(prefix, id_prefix);
    sql_bind_text(st, 1, prefix);
    struct change change;
    if (!take_one(db, st, arena, &change, err)) {
        if (err && err->kind == ERR_MISSING)
            err_set(err, ERR_MISSING, "there is no change '%s'", id_prefix);
        return false;
    }
    if (strlen(prefix) < ID_CHARS && !is_alone(db, prefix))
        return FAIL(err, ERR_INPUT, "'%s' begins more than one change's id", id_prefix);
    *out = change;
    return true;
}

bool db_by_row(struct db *db, uint64_t seq, struct arena *arena, struct change *out,
               struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, by_row_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, (int64_t)seq);
    return take_one(db, st, arena, out, err);
}

static void bind_place(sqlite3_stmt *st, const struct db_place *place)
{
    sqlite3_bind_int(st, 1, (int)place->kind);
    sql_bind_text(st, 2, place->service);
    sql_bind_text(st, 3, place->env);
}

bool db_newest_open(struct db *db, const struct db_place *place, struct arena *arena,
                    struct change *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, newest_open_sql, err);
    if (!st)
        return false;
    bind_place(st, place);
    return take_one(db, st, arena, out, err);
}

bool db_succeeded_before(struct db *db, const struct db_place *place, int64_t at_ms,
                         const char *rev, struct arena *arena, struct change *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, succeeded_sql, err);
    if (!st)
        return false;
    bind_place(st, place);
    sqlite3_bind_int64(st, 4, at_ms);
    if (rev)
        sql_bind_text(st, 5, rev);
    return take_one(db, st, arena, out, err);
}

/* ---- listing: the conditions that were given become the statement ---- */

struct conditions {
    struct buf sql;
    const char *texts[CHANGE_TAGS_MAX + 3];
    size_t n_texts;
    bool has_any;
};

static void add_condition(struct conditions *c, const char *sql)
{
    buf_add_str(&c->sql, c->has_any ? " AND " : " WHERE ");
    buf_add_str(&c->sql, sql);
    c->has_any = true;
}

static bool is_repeat(const char *const *tags, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(tags[k], tags[i]) == 0)
            return true;
    return false;
}

static void add_tag_conditions(struct conditions *c, const struct change_query *query)
{
    size_t n = min_size(query->n_tags, CHANGE_TAGS_MAX), n_wanted = 0;
    if (n == 0)
        return;
    add_condition(c, "id IN (SELECT change_id FROM tags WHERE tag IN (");
    for (size_t i = 0; i < n; i++) {
        if (is_repeat(query->tags, i))
            continue; /* the table holds a change's tag once, however often it is asked for */
        buf_add_str(&c->sql, n_wanted++ ? ", ?" : "?");
        c->texts[c->n_texts++] = query->tags[i];
    }
    buf_printf(&c->sql, ") GROUP BY change_id HAVING count(*) >= %zu)",
               query->any_tag ? 1 : n_wanted);
}

static void write_conditions(struct conditions *c, const struct change_query *query)
{
    char text[64];
    if (query->from_ms || query->until_ms) {
        snprintf(text, sizeof text, "start_ms >= %lld", (long long)query->from_ms);
        add_condition(c, text);
        snprintf(text, sizeof text, "start_ms < %lld", (long long)query->until_ms);
        add_condition(c, text);
    }
    if (query->kind >= 0) {
        snprintf(text, sizeof text, "kind = %d", query->kind);
        add_condition(c, text);
    }
    if (query->only_posted)
        add_condition(c, "posted = 1");
    if (query->service && query->service[0]) {
        add_condition(c, "(service = ? OR substr(service, 1, length(?) + 1) = ? || '/')");
        for (int i = 0; i < 3; i++)
            c->texts[c->n_texts++] = query->service;
    }
    add_tag_conditions(c, query);
}

static bool take_list(struct db *db, sqlite3_stmt *st, struct arena *arena, struct change_list *out,
                      struct err *err)
{
    struct change_list list = {0};
    int code;
    while ((code = sqlite3_step(st)) == SQLITE_ROW) {
        arena_grow(arena, &list.items, &list.cap, list.n + 1, sizeof *list.items);
        struct err why;
        if (take_change(st, arena, &list.items[list.n], &why))
            list.n++;
        else
            log_error("change %lld is left out: %s", (long long)sqlite3_column_int64(st, 1),
                      why.text);
    }
    if (code != SQLITE_DONE)
        return sql_fail(db, "list changes", err);
    *out = list;
    return true;
}

bool db_list(struct db *db, const struct change_query *query, size_t n_max, struct arena *arena,
             struct change_list *out, struct err *err)
{
    struct conditions c = {0};
    buf_init(&c.sql, 16 * 1024);
    buf_add_str(&c.sql, "SELECT body, seq FROM changes");
    write_conditions(&c, query);
    buf_printf(&c.sql, " ORDER BY start_ms %s, id %s LIMIT %zu", query->oldest_first ? "" : "DESC",
               query->oldest_first ? "" : "DESC", n_max);
    sqlite3_stmt *st = NULL;
    bool is_ok = sqlite3_prepare_v2(db->handle, buf_text(&c.sql), -1, &st, NULL) == SQLITE_OK;
    for (size_t i = 0; is_ok && i < c.n_texts; i++)
        sql_bind_text(st, (int)i + 1, c.texts[i]);
    is_ok = is_ok ? take_list(db, st, arena, out, err) : sql_fail(db, "list changes", err);
    sqlite3_finalize(st);
    buf_done(&c.sql);
    return is_ok;
}

bool db_since(struct db *db, uint64_t after_seq, size_t n_max, struct arena *arena,
              struct change_list *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, since_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, (int64_t)after_seq);
    sqlite3_bind_int64(st, 2, (int64_t)n_max);
    bool is_ok = take_list(db, st, arena, out, err);
    sqlite3_reset(st);
    return is_ok;
}

bool db_each(struct db *db, db_each_fn fn, void *self, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, each_sql, err);
    if (!st)
        return false;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    int code;
    while ((code = sqlite3_step(st)) == SQLITE_ROW) {
        struct change change;
        struct err why;
        if (take_change(st, &arena, &change, &why))
            fn(self, &change);
        else
            log_error("change %lld is left out: %s", (long long)sqlite3_column_int64(st, 1),
                      why.text);
        arena_reset(&arena);
    }
    if (code != SQLITE_DONE)
        sql_fail(db, "read all changes", err);
    sqlite3_reset(st);
    return code == SQLITE_DONE;
}

bool db_count(struct db *db, uint64_t *out_changes, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, count_sql, err);
    if (!st)
        return false;
    bool is_ok = sqlite3_step(st) == SQLITE_ROW;
    *out_changes = is_ok ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return is_ok || sql_fail(db, "count changes", err);
}

/* Does the row at st follow from the hash before it? Moves hash on. */
static bool row_fits(sqlite3_stmt *st, uint64_t wanted_seq, unsigned char hash[ROW_HASH_BYTES],
                     struct err *err)
{
    uint64_t seq = (uint64_t)sqlite3_column_int64(st, 0);
    const char *body = (const char *)sqlite3_column_text(st, 1);
    size_t n = (size_t)sqlite3_column_bytes(st, 1);
    unsigned char wanted[ROW_HASH_BYTES];
    row_hash(hash, seq, body ? body : "", n, wanted);
    if (seq != wanted_seq)
        return FAIL(err, ERR_CORRUPT, "ledger row %llu is missing", (unsigned long long)wanted_seq);
    if (sqlite3_column_bytes(st, 2) != ROW_HASH_BYTES ||
        memcmp(sqlite3_column_blob(st, 2), wanted, ROW_HASH_BYTES) != 0)
        return FAIL(err, ERR_CORRUPT, "ledger row %llu was changed after it was written",
                    (unsigned long long)seq);
    memcpy(hash, wanted, ROW_HASH_BYTES);
    return true;
}

bool db_verify(struct db *db, uint64_t *out_rows, struct err *err)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db->handle, "SELECT seq, body, hash FROM rows ORDER BY seq", -1, &st,
                           NULL) != SQLITE_OK)
        return sql_fail(db, "verify", err);
    unsigned char hash[ROW_HASH_BYTES] = {0};
    uint64_t n = 0;
    int code;
    bool is_ok = true;
    while (is_ok && (code = sqlite3_step(st)) == SQLITE_ROW)
        is_ok = row_fits(st, ++n, hash, err);
    if (is_ok && code != SQLITE_DONE)
        is_ok = sql_fail(db, "verify", err);
    sqlite3_finalize(st);
    *out_rows = n;
    return is_ok;
}

static bool copy_to(struct db *db, sqlite3 *to, const char *path, struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", db->handle, "main");
    int code = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR; /* all pages at once */
    if (backup && sqlite3_backup_finish(backup) != SQLITE_OK)
        code = SQLITE_ERROR;
    if (code == SQLITE_DONE)
        return true;
    return FAIL(err, ERR_IO, "copy the ledger to '%s': %s", path, sqlite3_errmsg(to));
}

bool db_copy(struct db *db, const char *path, struct err *err)
{
    sqlite3 *to = NULL;
    CLEANUP(fd_done) int fd = -1;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool is_ok = sqlite3_open_v2(path, &to, flags, NULL) == SQLITE_OK ||
                 FAIL(err, ERR_IO, "open '%s': %s", path, sqlite3_errmsg(to));
    is_ok = is_ok && copy_to(db, to, path, err);
    if (sqlite3_close(to) != SQLITE_OK && is_ok)
        is_ok = FAIL(err, ERR_IO, "close '%s'", path);
    return is_ok && file_open(path, O_RDWR, &fd, err) && file_sync(fd, path, err);
}
