/* Finding changes: by key, id and place, and listing them by what they are found by. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ledger/db.h"
#include "ledger/db_table.h"

enum {
    ID_CHARS = 26, /* of a ULID */
};

/* No change is under way longer before somebody else tells of it. */
static const int64_t NEAR_MS_MAX = INT64_C(24) * 3600 * 1000;

/* A change's text is that of its newest row, its number that of its first. */
#define COLUMNS "r.body, c.seq, (SELECT min(f.seq) FROM rows f WHERE f.change_id = c.id)"
#define CHANGES "SELECT " COLUMNS " FROM changes c JOIN rows r ON r.seq = c.seq "
#define PLACE   "WHERE c.kind = ?1 AND c.service = ?2 AND c.env = ?3 "

static const char by_key_sql[] =
    "SELECT " COLUMNS " FROM keys k JOIN changes c ON c.id = k.change_id"
    " JOIN rows r ON r.seq = c.seq WHERE k.source = ?1 AND k.key = ?2";
static const char by_id_sql[] = CHANGES "WHERE c.id >= ?1 AND c.id < ?1 || '~' LIMIT 2";
static const char by_row_sql[] = CHANGES "WHERE c.id = (SELECT change_id FROM rows WHERE seq = ?1)";
static const char newest_open_sql[] =
    CHANGES PLACE "AND c.end_ms = 0 AND c.hidden = 0 ORDER BY c.start_ms DESC LIMIT 1";
static const char newest_sql[] = CHANGES PLACE "AND c.hidden = 0 ORDER BY c.start_ms DESC LIMIT 1";
#define SUCCEEDED "AND c.start_ms < ?4 AND c.status = 4 AND c.hidden = 0 AND c.rev <> '' "
static const char succeeded_sql[] = CHANGES PLACE SUCCEEDED "ORDER BY c.start_ms DESC LIMIT 1";
static const char succeeded_rev_sql[] = /* by its own index: most revisions run once */
    "SELECT " COLUMNS " FROM changes c INDEXED BY changes_by_rev JOIN rows r ON r.seq = "
    "c.seq " PLACE SUCCEEDED "AND c.rev = ?5 ORDER BY c.start_ms DESC LIMIT 1";
_Static_assert(STATUS_SUCCEEDED == 4, "SUCCEEDED names it by number");
static const char near_sql[] =
    CHANGES PLACE "AND c.start_ms >= ?4 AND c.start_ms < ?5 AND (c.end_ms = 0 OR c.end_ms >= ?6)"
                  " AND c.hidden = 0 AND c.source <> ?7 ORDER BY c.start_ms DESC LIMIT ?8";
static const char expired_sql[] =
    CHANGES "WHERE c.expires_ms > 0 AND c.expires_ms <= ?1 ORDER BY c.expires_ms LIMIT ?2";
static const char since_sql[] = CHANGES "WHERE c.seq > ?1 ORDER BY c.seq LIMIT ?2";
static const char each_sql[] = CHANGES "ORDER BY c.ord";
static const char count_sql[] = "SELECT count(*) FROM changes";
static const char rows_sql[] =
    "SELECT seq, body FROM rows WHERE change_id = ?1"
    " AND substr(body, 1, length('" ROW_VERDICT_BEGIN "')) <> '" ROW_VERDICT_BEGIN "'"
    " ORDER BY seq DESC LIMIT ?2";
static const char purged_sql[] = /* a purge empties each row before its own */
    "SELECT body = '' FROM rows WHERE change_id = ?1 ORDER BY seq LIMIT 1";

/* The change at the statement's current row: COLUMNS. */
static bool take_change(sqlite3_stmt *st, struct arena *arena, struct change *out, struct err *err)
{
    const char *body = (const char *)sqlite3_column_text(st, 0);
    size_t n = (size_t)sqlite3_column_bytes(st, 0);
    if (!body || !row_decode(body, n, arena, out, err))
        return body ? false : FAIL(err, ERR_CORRUPT, "a ledger row without a body");
    out->seq = (uint64_t)sqlite3_column_int64(st, 1);
    out->number = (uint64_t)sqlite3_column_int64(st, 2);
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

bool db_by_key(struct db *db, const struct telling *telling, struct arena *arena,
               struct change *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, by_key_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, telling->source);
    sql_bind_text(st, 2, telling->key);
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
    if (take_one(db, st, arena, out, err))
        return true;
    struct err why;
    struct change newest;
    st = sql_prepare(db, newest_sql, &why);
    if (!st)
        return false;
    bind_place(st, place);
    if (!take_one(db, st, arena, &newest, &why) || newest.status != STATUS_UNKNOWN)
        return false;
    *out = newest;
    return true;
}

bool db_succeeded_before(struct db *db, const struct db_place *place, int64_t at_ms,
                         const char *rev, struct arena *arena, struct change *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, rev ? succeeded_rev_sql : succeeded_sql, err);
    if (!st)
        return false;
    bind_place(st, place);
    sqlite3_bind_int64(st, 4, at_ms);
    if (rev)
        sql_bind_text(st, 5, rev);
    return take_one(db, st, arena, out, err);
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

/* Runs a bound statement to its end. */
static bool take_all(struct db *db, sqlite3_stmt *st, struct arena *arena, struct change_list *out,
                     struct err *err)
{
    bool is_ok = take_list(db, st, arena, out, err);
    sqlite3_reset(st);
    return is_ok;
}

bool db_near(struct db *db, const struct db_near *near, struct arena *arena,
             struct change_list *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, near_sql, err);
    if (!st)
        return false;
    bind_place(st, &near->place);
    sqlite3_bind_int64(st, 4, near->from_ms - NEAR_MS_MAX);
    sqlite3_bind_int64(st, 5, near->until_ms);
    sqlite3_bind_int64(st, 6, near->from_ms);
    sql_bind_text(st, 7, near->not_source);
    sqlite3_bind_int64(st, 8, (int64_t)near->n_max);
    return take_all(db, st, arena, out, err);
}

bool db_expired(struct db *db, int64_t now_ms, size_t n_max, struct arena *arena,
                struct change_list *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, expired_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, now_ms);
    sqlite3_bind_int64(st, 2, (int64_t)n_max);
    return take_all(db, st, arena, out, err);
}

/* ---- listing: the conditions that were given become the statement ---- */

struct conditions {
    struct buf sql;
    const char *texts[CHANGE_TAGS_MAX + 8]; /* bound in this order */
    size_t n_texts;
    struct arena *arena;
    const struct change_query *query;
};

static void add_text(struct conditions *c, const char *text)
{
    BUG_IF(c->n_texts == COUNT_OF(c->texts));
    c->texts[c->n_texts++] = text;
}

/* The terms that a change must have, the rarest kind first: its places are walked in order of time,
 * and the others only looked up. */
static size_t wanted_terms(struct conditions *c, const char *out[CHANGE_TAGS_MAX + 8])
{
    const struct change_query *query = c->query;
    size_t n = 0;
    if (query->by && query->by[0])
        out[n++] = db_table_term('b', query->by, c->arena);
    for (size_t i = 0; !query->any_tag && i < min_size(query->n_tags, CHANGE_TAGS_MAX); i++)
        out[n++] = db_table_term('t', query->tags[i], c->arena);
    if (query->verdict > 0 && query->verdict != VERDICT_PENDING + 1)
        out[n++] = db_table_term('v', verdict_state_name((enum verdict_state)(query->verdict - 1)),
                                 c->arena);
    if (query->status > 0)
        out[n++] = db_table_term('x', change_status_name((enum change_status)(query->status - 1)),
                                 c->arena);
    if (query->service && query->service[0])
        out[n++] = db_table_term('s', query->service, c->arena);
    if (query->only_posted)
        out[n++] = db_table_term('p', "", c->arena);
    if (query->env && query->env[0])
        out[n++] = db_table_term('e', query->env, c->arena);
    if (query->kind >= 0)
        out[n++] = db_table_term('k', change_kind_name((enum change_kind)query->kind), c->arena);
    return n;
}

static void add_any_tag(struct conditions *c)
{
    const size_t n = min_size(c->query->n_tags, CHANGE_TAGS_MAX);
    if (n == 0 || !c->query->any_tag)
        return;
    buf_add_str(&c->sql, " AND c.ord IN (SELECT ord FROM terms WHERE term IN (");
    for (size_t i = 0; i < n; i++) {
        buf_add_str(&c->sql, i ? ", ?" : "?");
        add_text(c, db_table_term('t', c->query->tags[i], c->arena));
    }
    buf_add_str(&c->sql, "))");
}

/* Pending is also what nobody has judged: without any of the others. */
static void add_pending(struct conditions *c, const char *walked)
{
    if (c->query->verdict != VERDICT_PENDING + 1)
        return;
    buf_add_str(&c->sql, " AND NOT EXISTS (SELECT 1 FROM terms WHERE term IN (");
    for (int state = VERDICT_PENDING + 1; state < VERDICT_STATES; state++)
        buf_printf(&c->sql, "%s'v:%s'", state > VERDICT_PENDING + 1 ? ", " : "",
                   verdict_state_name((enum verdict_state)state));
    buf_printf(&c->sql, ") AND ord = %s)", walked);
}

/* The first place that a change of that start can have; of times that there are. */
static int64_t first_ord(int64_t ms)
{
    return max_i64(0, min_i64(ms, INT64_C(1) << 42)) << TABLE_ORD_BITS;
}

#define ROWS " CROSS JOIN rows r ON r.seq = c.seq"

/* What is walked: the words' table, a term's places, or all changes. Its order is `walked`. */
static void write_select(struct conditions *c, const char *match)
{
    const char *terms[CHANGE_TAGS_MAX + 8];
    const size_t n_terms = wanted_terms(c, terms);
    const char *walked = match[0] ? "s.rowid" : n_terms ? "t.ord" : "c.ord";
    buf_add_str(&c->sql, "SELECT " COLUMNS " FROM ");
    if (match[0]) {
        buf_add_str(&c->sql, "search s CROSS JOIN changes c ON c.ord = s.rowid" ROWS
                             " WHERE s.words MATCH ?");
        add_text(c, match);
    } else if (n_terms) {
        buf_add_str(&c->sql,
                    "terms t CROSS JOIN changes c ON c.ord = t.ord" ROWS " WHERE t.term = ?");
        add_text(c, terms[0]);
    } else {
        buf_add_str(&c->sql, "changes c" ROWS " WHERE true");
    }
    for (size_t i = match[0] ? 0 : 1; i < n_terms; i++) {
        buf_printf(&c->sql, " AND EXISTS (SELECT 1 FROM terms WHERE term = ? AND ord = %s)",
                   walked);
        add_text(c, terms[i]);
    }
    add_any_tag(c);
    add_pending(c, walked);
    if (c->query->from_ms || c->query->until_ms)
        buf_printf(&c->sql, " AND %s >= %lld AND %s < %lld", walked,
                   (long long)first_ord(c->query->from_ms), walked,
                   (long long)first_ord(c->query->until_ms));
    if (!c->query->with_retracted)
        buf_add_str(&c->sql, " AND c.hidden = 0");
    buf_printf(&c->sql, " ORDER BY %s %s LIMIT ", walked, c->query->oldest_first ? "" : "DESC");
}

bool db_list(struct db *db, const struct change_query *query, size_t n_max, struct arena *arena,
             struct change_list *out, struct err *err)
{
    const bool has_text = query->text && query->text[0];
    const char *match = has_text ? db_table_match(query->text, arena) : "";
    if (has_text && !match[0])
        return FAIL(err, ERR_INPUT, "there is no word in '%.100s' to look for", query->text);
    struct conditions c = {.arena = arena, .query = query};
    buf_init(&c.sql, 16 * 1024);
    write_select(&c, match);
    buf_printf(&c.sql, "%zu", n_max);
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

bool db_rows(struct db *db, const char *change_id, size_t n_max, struct arena *arena,
             struct db_row **out, size_t *out_n, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, rows_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change_id);
    sqlite3_bind_int64(st, 2, (int64_t)n_max);
    struct db_row *rows = NULL;
    size_t n = 0, cap = 0;
    bool is_ok = true, has_row = true;
    while ((is_ok = sql_step(db, st, "read rows", &has_row, err)) && has_row) {
        arena_grow(arena, &rows, &cap, n + 1, sizeof *rows);
        rows[n++] = (struct db_row){(uint64_t)sqlite3_column_int64(st, 0),
                                    arena_strdup(arena, sql_text(st, 1))};
    }
    if (!is_ok)
        return false;
    *out = rows;
    *out_n = n;
    return true;
}

bool db_is_purged(struct db *db, const char *change_id, bool *out, struct err *err)
{
    bool has_row;
    sqlite3_stmt *st = sql_prepare(db, purged_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change_id);
    if (!sql_step(db, st, "look for a purge", &has_row, err))
        return false;
    *out = has_row && sqlite3_column_int(st, 0) != 0;
    sqlite3_reset(st);
    return true;
}
