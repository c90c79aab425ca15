#include "ledger/sql.h"

#include "base/mem.h"

bool sql_fail(struct db *db, const char *what, struct err *err)
{
    int code = sqlite3_errcode(db->handle) & 0xff;
    /* A constraint is broken only by tables that are not what this program made of them. */
    bool is_corrupt = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_CONSTRAINT;
    err_set(err, is_corrupt ? ERR_CORRUPT : ERR_REFUSED, "ledger: %s: %s", what,
            sqlite3_errmsg(db->handle));
    if (err && !is_corrupt)
        err->kind = code == SQLITE_BUSY ? ERR_BUSY : ERR_IO;
    return false;
}

bool sql_exec(struct db *db, const char *text, struct err *err)
{
    if (sqlite3_exec(db->handle, text, NULL, NULL, NULL) != SQLITE_OK)
        return sql_fail(db, "set up", err);
    return true;
}

static sqlite3_stmt *find(struct db *db, const char *text)
{
    for (size_t i = 0; i < db->n_statements; i++)
        if (db->statements[i].text == text)
            return db->statements[i].st;
    return NULL;
}

sqlite3_stmt *sql_prepare(struct db *db, const char *text, struct err *err)
{
    sqlite3_stmt *st = find(db, text);
    if (!st) {
        BUG_IF(db->n_statements == SQL_STATEMENTS_MAX);
        if (sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) !=
            SQLITE_OK) {
            sql_fail(db, "prepare", err);
            return NULL;
        }
        db->statements[db->n_statements++] = (struct sql_statement){text, st};
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return st;
}

void sql_bind_text(sqlite3_stmt *st, int i, const char *text)
{
    sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
}

const char *sql_text(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text ? text : "";
}

bool sql_step(struct db *db, sqlite3_stmt *st, const char *what, bool *out_has_row, struct err *err)
{
    int code = sqlite3_step(st);
    *out_has_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        sql_fail(db, what, err);
    sqlite3_reset(st);
    return code == SQLITE_DONE;
}

bool sql_finish(struct db *db, sqlite3_stmt *st, const char *what, struct err *err)
{
    int code = sqlite3_step(st);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        sql_fail(db, what, err);
    sqlite3_reset(st);
    return code == SQLITE_DONE || code == SQLITE_ROW;
}
