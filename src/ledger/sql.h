/* One connection to the ledger's SQLite file and what statements are made of. A table has its own
 * file in this folder (db.c, ...), which holds its SQL and lists its tables in sql.c. A connection is
 * used by one thread at a time. Format: docs/formats/ledger.md. */
#pragma once

#include <sqlite3.h>

#include "base/err.h"

enum { SQL_STATEMENTS_MAX = 96 };

/* Statements are prepared once a connection, found by the address of their text. */
struct sql_statement {
    const char *text;
    sqlite3_stmt *st;
};

struct db {
    sqlite3 *handle;
    struct sql_statement statements[SQL_STATEMENTS_MAX];
    size_t n_statements;
};

/* Says what SQLite says: ERR_CORRUPT, ERR_BUSY, else ERR_IO. Always false. */
bool sql_fail(struct db *db, const char *what, struct err *err);
/* Runs texts of ours, several statements. */
MUST_CHECK bool sql_exec(struct db *db, const char *text, struct err *err);
/* The prepared statement of a constant text, reset and without bindings; NULL: err says why. Lent. */
sqlite3_stmt *sql_prepare(struct db *db, const char *text, struct err *err);
/* Parameters count from 1. The text is borrowed until the statement is reset. */
void sql_bind_text(sqlite3_stmt *st, int i, const char *text);
/* "" for NULL; lent until the next step. */
const char *sql_text(sqlite3_stmt *st, int column);
/* Steps to the next row: *out_has_row. At the end, or on false, the statement is reset. */
MUST_CHECK bool sql_step(struct db *db, sqlite3_stmt *st, const char *what, bool *out_has_row,
                         struct err *err);
/* Runs to its end a statement that answers nothing. */
MUST_CHECK bool sql_finish(struct db *db, sqlite3_stmt *st, const char *what, struct err *err);
