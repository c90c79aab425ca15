#include "ledger/commits.h"

#include "base/mem.h"
#include "ledger/work.h"

const char commits_tables[] =
    "CREATE TABLE IF NOT EXISTS commits (service TEXT NOT NULL, sha TEXT NOT NULL,"
    " ordinal INTEGER NOT NULL, at_ms INTEGER NOT NULL, is_merge INTEGER NOT NULL,"
    " title TEXT NOT NULL, PRIMARY KEY (service, sha)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX IF NOT EXISTS commits_by_ordinal ON commits (service, ordinal);";

/* A service's commits are numbered in the order in which they were told of. */
static const char add_sql[] =
    "INSERT OR IGNORE INTO commits (service, sha, ordinal, at_ms, is_merge, title)"
    " VALUES (?1, ?2, (SELECT coalesce(max(ordinal), 0) + 1 FROM commits WHERE service = ?1),"
    " ?3, ?4, ?5)";

static bool add_all(void *self, struct writer *writer, struct err *err)
{
    const struct commit_list *list = self;
    for (size_t i = 0; i < list->n; i++) {
        const struct commit *commit = &list->items[i];
        sqlite3_stmt *st = sql_prepare(writer->db, add_sql, err);
        if (!st)
            return false;
        sql_bind_text(st, 1, commit->service);
        sql_bind_text(st, 2, commit->sha);
        sqlite3_bind_int64(st, 3, commit->at_ms);
        sqlite3_bind_int(st, 4, commit->is_merge);
        sql_bind_text(st, 5, commit->title);
        if (!sql_finish(writer->db, st, "keep a commit", err))
            return false;
    }
    return true;
}

bool ledger_commits_add(struct ledger *ledger, const struct commit_list *list, struct err *err)
{
    struct commit_list borrowed = *list; /* for the call */
    return work_write(ledger, add_all, &borrowed, err);
}
