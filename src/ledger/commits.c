#include "ledger/commits.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "ledger/work.h"

enum {
    COMMITS_MAX = 10000, /* in one answer */
    SHORT_MIN = 4,       /* bytes of a revision: git's own least */
};

const char commits_tables[] =
    "CREATE TABLE IF NOT EXISTS commits (ordinal INTEGER PRIMARY KEY, service TEXT NOT NULL,"
    " sha TEXT NOT NULL, title TEXT NOT NULL, at_ms INTEGER NOT NULL, is_merge INTEGER NOT NULL,"
    " UNIQUE (service, sha));";

static const char add_sql[] =
    "INSERT INTO commits (service, sha, title, at_ms, is_merge) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (service, sha) DO NOTHING";
static const char find_sql[] =
    "SELECT ordinal FROM commits WHERE service = ?1 AND sha >= ?2 AND sha < ?2 || '~' LIMIT 2";
static const char between_sql[] =
    "SELECT sha, title, at_ms, is_merge FROM commits"
    " WHERE service = ?1 AND ordinal > ?2 AND ordinal <= ?3 ORDER BY ordinal LIMIT ?4";

/* ---- adding ---- */

static bool add_one(struct db *db, const struct commit *commit, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, add_sql, err);
    if (!st)
        return false;
    char *service = mem_strdup(commit->service);
    text_lower(service); /* as changes spell it */
    sql_bind_text(st, 1, service);
    sql_bind_text(st, 2, commit->sha);
    sql_bind_text(st, 3, commit->title);
    sqlite3_bind_int64(st, 4, commit->at_ms);
    sqlite3_bind_int(st, 5, commit->is_merge);
    const bool is_ok = sql_finish(db, st, "keep a commit", err);
    mem_free(service);
    return is_ok;
}

static bool add_all(void *self, struct writer *writer, struct err *err)
{
    const struct commit_list *commits = self;
    for (size_t i = 0; i < commits->n; i++)
        if (!add_one(writer->db, &commits->items[i], err))
            return false;
    return true;
}

bool ledger_commits_add(struct ledger *ledger, const struct commit_list *commits, struct err *err)
{
    for (size_t i = 0; i < commits->n; i++) {
        const struct commit *commit = &commits->items[i];
        if (!commit->service[0] || !commit->sha[0])
            return FAIL(err, ERR_INPUT, "commit %zu has no %s", i + 1,
                        commit->sha[0] ? "service" : "sha");
        if (strlen(commit->sha) > CHANGE_FIELD_MAX || strlen(commit->title) > CHANGE_FIELD_MAX)
            return FAIL(err, ERR_INPUT, "commit %zu: sha or title is longer than %d bytes", i + 1,
                        CHANGE_FIELD_MAX);
    }
    struct commit_list copy = *commits;
    return copy.n == 0 || work_write(ledger, add_all, &copy, err);
}

/* ---- asking ---- */

struct wish {
    const struct ledger_revs *revs;
    struct arena *arena;
    struct commit_list *out;
};

/* Where the one commit stands that rev is, or begins. */
static bool find(struct db *db, const char *service, const char *rev, int64_t *out_ordinal,
                 struct err *err)
{
    if (!rev[0])
        return FAIL(err, ERR_MISSING, "no revision of '%s' is given", service);
    if (strlen(rev) < SHORT_MIN)
        return FAIL(err, ERR_INPUT, "revision '%s' is too short: at least %d characters", rev,
                    SHORT_MIN);
    sqlite3_stmt *st = sql_prepare(db, find_sql, err);
    bool has_row, has_second = false;
    if (!st)
        return false;
    sql_bind_text(st, 1, service);
    sql_bind_text(st, 2, rev);
    if (!sql_step(db, st, "find a commit", &has_row, err))
        return false;
    if (!has_row)
        return FAIL(err, ERR_MISSING, "commit '%s' of '%s' is not known", rev, service);
    const int64_t ordinal = sqlite3_column_int64(st, 0);
    const bool is_ok = sql_step(db, st, "find a commit", &has_second, err);
    sqlite3_reset(st);
    if (is_ok && has_second)
        return FAIL(err, ERR_INPUT, "'%s' is the beginning of several commits of '%s'", rev,
                    service);
    *out_ordinal = ordinal;
    return is_ok;
}

static bool read_rows(struct db *db, sqlite3_stmt *st, const struct wish *wish, struct err *err)
{
    bool has_row = true;
    struct commit_list *out = wish->out;
    while (sql_step(db, st, "read commits", &has_row, err) && has_row) {
        arena_grow(wish->arena, &out->items, &out->cap, out->n + 1, sizeof out->items[0]);
        out->items[out->n++] = (struct commit){.service = wish->revs->service,
                                               .sha = arena_strdup(wish->arena, sql_text(st, 0)),
                                               .title = arena_strdup(wish->arena, sql_text(st, 1)),
                                               .at_ms = sqlite3_column_int64(st, 2),
                                               .is_merge = sqlite3_column_int(st, 3) != 0};
    }
    return !has_row;
}

static bool read_between(void *self, struct db *db, struct err *err)
{
    const struct wish *wish = self;
    int64_t prev, last;
    if (!find(db, wish->revs->service, wish->revs->prev, &prev, err) ||
        !find(db, wish->revs->service, wish->revs->rev, &last, err))
        return false;
    sqlite3_stmt *st = sql_prepare(db, between_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, wish->revs->service);
    sqlite3_bind_int64(st, 2, prev);
    sqlite3_bind_int64(st, 3, last);
    sqlite3_bind_int64(st, 4, COMMITS_MAX + 1);
    if (!read_rows(db, st, wish, err))
        return false;
    if (wish->out->n > COMMITS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d commits between '%s' and '%s'", COMMITS_MAX,
                    wish->revs->prev, wish->revs->rev);
    return true;
}

bool ledger_commits_between(struct ledger *ledger, const struct ledger_revs *revs,
                            struct arena *arena, struct commit_list *out, struct err *err)
{
    struct commit_list found = {0};
    struct wish wish = {revs, arena, &found};
    if (!work_read(ledger, read_between, &wish, err))
        return false;
    *out = found;
    return true;
}
