#include "ledger/db_table.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ledger/row.h"

enum {
    WORDS_MAX = 16 * 1024,     /* of a change's texts that are searched */
    DATA_WORDS_MAX = 4 * 1024, /* of its data: output of a command may be long */
    REV_CHARS_MIN = 6,         /* of a revision that was typed in part */
};

/* Changes of no known ttl stay open; see expires_ms. */
static const int64_t HOUR_MS = INT64_C(3600000);

static const char find_sql[] =
    "SELECT c.ord, r.body FROM changes c JOIN rows r ON r.seq = c.seq WHERE c.id = ?1";
static const char taken_sql[] = "SELECT 1 FROM changes WHERE ord = ?1";
static const char remove_sql[] = "DELETE FROM changes WHERE ord = ?1";
static const char put_sql[] =
    "INSERT INTO changes (ord, id, seq, kind, service, env, rev, source, status, start_ms, end_ms,"
    " expires_ms, hidden) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
static const char add_key_sql[] =
    "INSERT OR IGNORE INTO keys (source, key, change_id) VALUES (?1, ?2, ?3)";
static const char add_term_sql[] = "INSERT OR IGNORE INTO terms (term, ord) VALUES (?1, ?2)";
static const char drop_term_sql[] = "DELETE FROM terms WHERE term = ?1 AND ord = ?2";
static const char add_words_sql[] = "INSERT INTO search (rowid, words) VALUES (?2, ?1)";
static const char drop_words_sql[] =
    "INSERT INTO search (search, rowid, words) VALUES ('delete', ?2, ?1)";

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS changes (ord INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " seq INTEGER NOT NULL, kind INTEGER NOT NULL, service TEXT NOT NULL, env TEXT NOT NULL,"
    " rev TEXT NOT NULL, source TEXT NOT NULL, status INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
    " end_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, hidden INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS changes_by_seq ON changes (seq);"
    "CREATE INDEX IF NOT EXISTS changes_by_place ON changes (kind, service, env, start_ms, end_ms);"
    "CREATE INDEX IF NOT EXISTS changes_by_rev ON changes (service, rev, start_ms) WHERE rev <> '';"
    "CREATE INDEX IF NOT EXISTS changes_open ON changes (kind, service, env) WHERE end_ms = 0;"
    "CREATE INDEX IF NOT EXISTS changes_expiring ON changes (expires_ms) WHERE expires_ms > 0;"
    "CREATE TABLE IF NOT EXISTS keys (source TEXT NOT NULL, key TEXT NOT NULL,"
    " change_id TEXT NOT NULL, PRIMARY KEY (source, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS terms (term TEXT NOT NULL, ord INTEGER NOT NULL,"
    " PRIMARY KEY (term, ord)) WITHOUT ROWID;"
    "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (words, content='', columnsize=0,"
    " tokenize=\"unicode61 tokenchars '_'\");";

bool db_table_make(struct db *db, struct err *err)
{
    return sql_exec(db, tables, err);
}

bool db_table_drop(struct db *db, struct err *err)
{
    return sql_exec(db,
                    "DROP TABLE IF EXISTS changes; DROP TABLE IF EXISTS tags;"
                    "DROP TABLE IF EXISTS meta; DROP TRIGGER IF EXISTS rows_stay;",
                    err);
}

/* ---- what a change is found by ---- */

const char *db_table_term(char what, const char *value, struct arena *arena)
{
    return arena_printf(arena, "%c:%s", what, value);
}

struct terms {
    const char **items;
    size_t n, cap;
    struct arena *arena;
};

static void add_term(struct terms *terms, char what, const char *value)
{
    arena_grow(terms->arena, &terms->items, &terms->cap, terms->n + 1, sizeof *terms->items);
    terms->items[terms->n++] = db_table_term(what, value, terms->arena);
}

/* "web/checkout" is found by web, too. */
static void add_services(struct terms *terms, const char *service)
{
    for (const char *at = strchr(service, '/'); at; at = strchr(at + 1, '/'))
        add_term(terms, 's', arena_strndup(terms->arena, service, (size_t)(at - service)));
    add_term(terms, 's', service);
}

/* A posted event is found by its tags as sent; any other change by kind, service and tag keys. */
static struct terms terms_of(const struct change *change, struct arena *arena)
{
    struct terms terms = {.arena = arena};
    add_term(&terms, 'k', change_kind_name(change->kind));
    add_term(&terms, 'x', change_status_name(change->status));
    add_term(&terms, 'e', change->env);
    if (change->by[0])
        add_term(&terms, 'b', change->by);
    if (change->service[0])
        add_services(&terms, change->service);
    if (change->is_posted)
        add_term(&terms, 'p', "");
    if (change->verdict)
        add_term(&terms, 'v', verdict_state_name(change->verdict->state));
    for (size_t i = 0; i < change->n_tags; i++)
        add_term(&terms, 't', change->tags[i].key);
    if (!change->is_posted) {
        add_term(&terms, 't', change_kind_name(change->kind));
        add_term(&terms, 't', change->service);
    }
    return terms;
}

static const char *words_of(const struct change *change, struct arena *arena)
{
    CLEANUP(buf_done) struct buf words;
    buf_init(&words, WORDS_MAX);
    const char *const texts[] = {change->service,
                                 change->env,
                                 change->rev,
                                 change->prev,
                                 change->by,
                                 change->msg,
                                 change->action,
                                 change->url,
                                 change->diff,
                                 change->key,
                                 change->old_value,
                                 change->new_value,
                                 change_kind_name(change->kind)};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        buf_printf(&words, "%s\n", texts[i]);
    for (size_t i = 0; i < change->n_tags; i++)
        buf_printf(&words, "%s %s\n", change->tags[i].key, change->tags[i].value);
    buf_add(&words, change->data, min_size(strlen(change->data), DATA_WORDS_MAX));
    return arena_strndup(arena, words.at, words.n);
}

/* Letters, digits, '_' and everything past ASCII, as the tokenizer has it. */
static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_revision(const char *word, size_t n)
{
    size_t n_hex = strspn(word, "0123456789abcdefABCDEF");
    return n >= REV_CHARS_MIN && n_hex >= n && strcspn(word, "0123456789") < n;
}

const char *db_table_match(const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, WORDS_MAX);
    for (const char *at = text; *at;) {
        size_t n = 0;
        while (at[n] && is_word_char(at[n]))
            n++;
        if (n)
            buf_printf(&out, "%s\"%.*s\"%s", out.n ? " " : "", (int)n, at,
                       at[n] == '*' || is_revision(at, n) ? "*" : "");
        at += n ? n : 1;
    }
    return out.n ? arena_strdup(arena, buf_text(&out)) : "";
}

/* ---- putting ---- */

static bool run_on(struct db *db, const char *sql, const char *text, int64_t ord, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, text);
    sqlite3_bind_int64(st, 2, ord);
    return sql_finish(db, st, "keep what a change is found by", err);
}

static bool run_terms(struct db *db, const char *sql, const struct terms *terms, int64_t ord,
                      struct err *err)
{
    for (size_t i = 0; i < terms->n; i++)
        if (!run_on(db, sql, terms->items[i], ord, err))
            return false;
    return true;
}

/* The change as the tables have it; ord 0: they do not. */
struct entry {
    int64_t ord;
    struct change change;
    bool is_readable;
};

static bool find_entry(struct db *db, const char *id, struct arena *arena, struct entry *out,
                       struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, find_sql, err);
    bool has_row = false;
    *out = (struct entry){.change = change_blank()};
    if (!st)
        return false;
    sql_bind_text(st, 1, id);
    if (!sql_step(db, st, "look up a change", &has_row, err))
        return false;
    if (!has_row)
        return true;
    struct err why;
    const char *body = sql_text(st, 1);
    out->is_readable = row_decode(body, strlen(body), arena, &out->change, &why);
    out->ord = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return true;
}

static bool ord_for(struct db *db, int64_t start_ms, uint64_t seq, int64_t *out, struct err *err)
{
    const int64_t number_mask = (INT64_C(1) << TABLE_ORD_BITS) - 1;
    sqlite3_stmt *st = sql_prepare(db, taken_sql, err);
    bool has_row = st != NULL;
    for (uint64_t number = seq; has_row; number++) {
        *out = start_ms * (INT64_C(1) << TABLE_ORD_BITS) | ((int64_t)number & number_mask);
        sqlite3_reset(st);
        sqlite3_bind_int64(st, 1, *out);
        if (!sql_step(db, st, "place a change", &has_row, err))
            return false;
    }
    if (st)
        sqlite3_reset(st);
    return st != NULL;
}

/* When it is given up waiting for the end of an open change; 0: never. */
static int64_t expires_ms(const struct change *change)
{
    static const int64_t hours[CHANGE_KINDS] = {
        [CHANGE_DEPLOY] = 1, [CHANGE_CONFIG] = 1, [CHANGE_FLAG] = 1,
        [CHANGE_INFRA] = 24, [CHANGE_DATA] = 24,  [CHANGE_NOTE] = 24};
    const bool is_waited_for = change_is_open(change) && change->status != STATUS_PLANNED;
    const int64_t ttl_ms = change->ttl_ms ? change->ttl_ms : hours[change->kind] * HOUR_MS;
    const int64_t since_ms = max_i64(change->start_ms, change->received_ms);
    return is_waited_for && ttl_ms ? since_ms + ttl_ms : 0;
}

static bool put_row(struct db *db, int64_t ord, uint64_t seq, const struct change *change,
                    struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, put_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, ord);
    sql_bind_text(st, 2, change->id);
    sqlite3_bind_int64(st, 3, (int64_t)seq);
    sqlite3_bind_int(st, 4, (int)change->kind);
    sql_bind_text(st, 5, change->service);
    sql_bind_text(st, 6, change->env);
    sql_bind_text(st, 7, change->rev);
    sql_bind_text(st, 8, change->source);
    sqlite3_bind_int(st, 9, (int)change->status);
    sqlite3_bind_int64(st, 10, change->start_ms);
    sqlite3_bind_int64(st, 11, change->end_ms);
    sqlite3_bind_int64(st, 12, expires_ms(change));
    sqlite3_bind_int(st, 13, change->is_retracted);
    return sql_finish(db, st, "keep a change", err);
}

static bool add_key(struct db *db, const char *source, const char *key, const char *id,
                    struct err *err)
{
    if (!key[0])
        return true;
    sqlite3_stmt *st = sql_prepare(db, add_key_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, source);
    sql_bind_text(st, 2, key);
    sql_bind_text(st, 3, id);
    return sql_finish(db, st, "keep a key", err);
}

static bool add_keys(struct db *db, const struct change *change, struct err *err)
{
    for (size_t i = 0; i < change->n_also; i++)
        if (!add_key(db, change->also[i].source, change->also[i].key, change->id, err))
            return false;
    return add_key(db, change->source, change->key, change->id, err);
}

static bool take_out(struct db *db, const struct entry *old, struct arena *arena, struct err *err)
{
    const struct terms terms = terms_of(&old->change, arena);
    sqlite3_stmt *st = sql_prepare(db, remove_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, old->ord);
    if (!sql_finish(db, st, "move a change", err))
        return false;
    /* What an unreadable one was found by is not known; it leads nowhere from now on. */
    return !old->is_readable ||
           (run_terms(db, drop_term_sql, &terms, old->ord, err) &&
            run_on(db, drop_words_sql, words_of(&old->change, arena), old->ord, err));
}

bool db_table_put(struct db *db, uint64_t seq, const struct change *change, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct entry old;
    int64_t ord;
    if (!find_entry(db, change->id, &arena, &old, err) ||
        (old.ord && !take_out(db, &old, &arena, err)) ||
        !ord_for(db, change->start_ms, seq, &ord, err))
        return false;
    const struct terms terms = terms_of(change, &arena);
    return put_row(db, ord, seq, change, err) && add_keys(db, change, err) &&
           run_terms(db, add_term_sql, &terms, ord, err) &&
           run_on(db, add_words_sql, words_of(change, &arena), ord, err);
}
