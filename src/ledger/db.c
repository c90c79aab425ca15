#include "ledger/db.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ledger/commits.h"
#include "ledger/db_table.h"
#include "ledger/trains.h"
#include "ledger/verdicts.h"
#include "os/file.h"

enum {
    FORMAT_VERSION = 3,  /* 2 had no verdicts, 1 other tables beside the rows */
    BUSY_WAIT_MS = 5000, /* readers never block the writer in WAL mode; a backup tool may */
    ROW_BYTES_MAX = 1024 * 1024,
};

static const char begin_sql[] = "BEGIN IMMEDIATE";
static const char commit_sql[] = "COMMIT";
static const char rollback_sql[] = "ROLLBACK";
static const char last_row_sql[] = "SELECT seq, hash FROM rows ORDER BY seq DESC LIMIT 1";
static const char add_row_sql[] =
    "INSERT INTO rows (seq, change_id, body, hash) VALUES (?1, ?2, ?3, ?4)";
static const char purge_sql[] =
    "UPDATE rows SET body = '' WHERE change_id = ?1 AND seq < ?2"
    " AND substr(body, 1, length('" ROW_VERDICT_BEGIN "')) <> '" ROW_VERDICT_BEGIN "'";
static const char each_row_sql[] =
    "SELECT seq, change_id, body FROM rows WHERE change_id <> '' ORDER BY seq";
static const char chain_sql[] = "SELECT seq, body, hash FROM rows ORDER BY seq";
static const char odd_sql[] = /* a change whose newest row is not known as such */
    "SELECT max(r.seq) FROM rows r LEFT JOIN changes c ON c.id = r.change_id"
    " WHERE r.change_id <> '' GROUP BY r.change_id HAVING c.seq IS NOT max(r.seq) LIMIT 1";

/* 64 MB of pages: what a change is found by is all over the file. The log is moved into the file when it
 * has 16 MB. */
static const char writer_settings[] =
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
    "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;";
/* Readers share the kernel's pages instead. */
static const char reader_settings[] = "PRAGMA mmap_size = 1073741824;";

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY, change_id TEXT NOT NULL,"
    " body TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS rows_by_change ON rows (change_id, seq);"
    "CREATE TRIGGER IF NOT EXISTS rows_stay BEFORE UPDATE ON rows"
    " WHEN NEW.body <> '' OR NEW.seq <> OLD.seq OR NEW.change_id <> OLD.change_id"
    " OR NEW.hash <> OLD.hash BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER IF NOT EXISTS rows_remain BEFORE DELETE ON rows"
    " BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;";

static bool run(struct db *db, const char *which, const char *what, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, which, err);
    return st && sql_finish(db, st, what, err);
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

/* The tables of an older version, from its rows. */
static bool make_anew(struct db *db, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, each_row_sql, err);
    if (!st)
        return false;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    bool is_ok = true, has_row = true;
    while (is_ok && (is_ok = sql_step(db, st, "read all rows", &has_row, err)) && has_row) {
        struct change change;
        struct err why;
        const char *body = sql_text(st, 2);
        if (row_decode(body, strlen(body), &arena, &change, &why))
            is_ok = db_table_put(db, (uint64_t)sqlite3_column_int64(st, 0), &change, err);
        else
            log_error("row %lld is left out: %s", (long long)sqlite3_column_int64(st, 0), why.text);
        arena_reset(&arena);
    }
    return is_ok;
}

static bool check_version(int version, const char *path, struct err *err)
{
    return version <= FORMAT_VERSION ||
           FAIL(err, ERR_REFUSED,
                "'%s' was written by a newer plumb (ledger format %d, this one knows %d)", path,
                version, FORMAT_VERSION);
}

static bool set_up_reader(struct db *db, const char *path, struct err *err)
{
    int version = 0;
    return sql_exec(db, reader_settings, err) && read_version(db, &version, err) &&
           check_version(version, path, err);
}

static bool set_up(struct db *db, const char *path, struct err *err)
{
    int version = 0;
    if (!set_journal(db, path, err) || !sql_exec(db, writer_settings, err) ||
        !read_version(db, &version, err))
        return false;
    if (!check_version(version, path, err))
        return false;
    char stamp[64];
    snprintf(stamp, sizeof stamp, "PRAGMA user_version = %d", FORMAT_VERSION);
    if (!db_begin(db, err))
        return false;
    const bool is_old = version == 1;
    bool is_ok = (!is_old || db_table_drop(db, err)) && sql_exec(db, tables, err) &&
                 db_table_make(db, err) && (!is_old || make_anew(db, err)) &&
                 sql_exec(db, commits_tables, err) && sql_exec(db, trains_tables, err) &&
                 sql_exec(db, verdicts_tables, err) &&
                 (version == FORMAT_VERSION || sql_exec(db, stamp, err));
    if (is_ok)
        return db_commit(db, err);
    db_rollback(db);
    return false;
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
        is_ok = write ? set_up(db, path, err) : set_up_reader(db, path, err);
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

bool db_append(struct db *db, uint64_t seq, const struct db_entry *entry,
               unsigned char io_hash[ROW_HASH_BYTES], struct err *err)
{
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, ROW_BYTES_MAX);
    if (entry->verdict)
        row_encode_verdict(entry->verdict, &body);
    else
        row_encode(entry->change, entry->audit, &body);
    if (body.is_full)
        return FAIL(err, ERR_LIMIT, "a change or verdict of more than %d bytes", ROW_BYTES_MAX);
    const char *about = entry->verdict  ? entry->verdict->change
                        : entry->change ? entry->change->id
                                        : "";
    unsigned char hash[ROW_HASH_BYTES];
    row_hash(io_hash, seq, body.at, body.n, hash);
    sqlite3_stmt *st = sql_prepare(db, add_row_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, (int64_t)seq);
    sql_bind_text(st, 2, about);
    sql_bind_text(st, 3, body.at);
    sqlite3_bind_blob(st, 4, hash, sizeof hash, SQLITE_STATIC);
    if (!sql_finish(db, st, "add a row", err) ||
        (entry->change && !db_table_put(db, seq, entry->change, err)))
        return false;
    memcpy(io_hash, hash, sizeof hash);
    return true;
}

bool db_purge(struct db *db, const char *change_id, uint64_t before_seq, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, purge_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change_id);
    sqlite3_bind_int64(st, 2, (int64_t)before_seq);
    return sql_finish(db, st, "purge a change", err);
}

bool db_forget_words(struct db *db, struct err *err)
{
    return sql_exec(db, "INSERT INTO search (search) VALUES ('optimize')", err);
}

bool db_empty_log(struct db *db, struct err *err)
{
    return sql_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", err);
}

/* Does the row at st follow from the hash before it? Moves hash on. Of a purged row the hash is all there
 * is. */
static bool row_fits(sqlite3_stmt *st, uint64_t wanted_seq, unsigned char hash[ROW_HASH_BYTES],
                     struct err *err)
{
    uint64_t seq = (uint64_t)sqlite3_column_int64(st, 0);
    const char *body = sql_text(st, 1);
    size_t n = (size_t)sqlite3_column_bytes(st, 1);
    unsigned char wanted[ROW_HASH_BYTES];
    row_hash(hash, seq, body, n, wanted);
    if (seq != wanted_seq)
        return FAIL(err, ERR_CORRUPT, "ledger row %llu is missing", (unsigned long long)wanted_seq);
    const void *kept = sqlite3_column_blob(st, 2);
    if (sqlite3_column_bytes(st, 2) != ROW_HASH_BYTES ||
        (n && memcmp(kept, wanted, ROW_HASH_BYTES) != 0))
        return FAIL(err, ERR_CORRUPT, "ledger row %llu was changed after it was written",
                    (unsigned long long)seq);
    memcpy(hash, kept, ROW_HASH_BYTES);
    return true;
}

/* Texts that were taken out must be ones that a later row says were. */
static bool purges_are_told(struct db *db, struct err *err)
{
    static const char untold_sql[] =
        "SELECT min(r.seq) FROM rows r WHERE r.body = '' AND NOT EXISTS (SELECT 1 FROM rows p"
        " WHERE p.change_id = r.change_id AND p.seq > r.seq"
        " AND p.body LIKE '%\"audit\":{\"what\":\"purge\"%')";
    sqlite3_stmt *st = sql_prepare(db, untold_sql, err);
    bool has_row = false;
    if (!st || !sql_step(db, st, "verify", &has_row, err))
        return false;
    int64_t seq = has_row ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return !seq || FAIL(err, ERR_CORRUPT, "ledger row %lld has lost its text", (long long)seq);
}

static bool tables_fit(struct db *db, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, odd_sql, err);
    bool has_row = false;
    if (!st || !sql_step(db, st, "verify", &has_row, err))
        return false;
    int64_t seq = has_row ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return !has_row || FAIL(err, ERR_CORRUPT,
                            "the change of ledger row %lld is not as the row says", (long long)seq);
}

bool db_verify(struct db *db, uint64_t *out_rows, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, chain_sql, err);
    unsigned char hash[ROW_HASH_BYTES] = {0};
    uint64_t n = 0;
    bool is_ok = st != NULL, has_row = true;
    while (is_ok && (is_ok = sql_step(db, st, "verify", &has_row, err)) && has_row)
        is_ok = row_fits(st, ++n, hash, err);
    if (st)
        sqlite3_reset(st);
    *out_rows = n;
    return is_ok && purges_are_told(db, err) && tables_fit(db, err);
}

static bool copy_to(struct db *db, sqlite3 *to, const char *path, struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", db->handle, "main");
    int code = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR; /* all pages at once */
    if (backup && sqlite3_backup_finish(backup) != SQLITE_OK)
        code = SQLITE_ERROR;
    if (code == SQLITE_DONE)
        return true;
    return FAIL_SAID(err, "copy the ledger to '%s': %s", path, sqlite3_errmsg(to));
}

bool db_copy(struct db *db, const char *path, struct err *err)
{
    sqlite3 *to = NULL;
    CLEANUP(fd_done) int fd = -1;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool is_ok = sqlite3_open_v2(path, &to, flags, NULL) == SQLITE_OK ||
                 FAIL_SAID(err, "open '%s': %s", path, sqlite3_errmsg(to));
    is_ok = is_ok && copy_to(db, to, path, err);
    if (sqlite3_close(to) != SQLITE_OK && is_ok)
        is_ok = FAIL_SAID(err, "close '%s': %s", path, sqlite3_errmsg(to));
    return is_ok && file_open(path, O_RDWR, &fd, err) && file_sync(fd, path, err);
}
