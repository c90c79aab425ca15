#include "ledger/tokens.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/mem.h"
#include "ledger/work.h"
#include "model/scope.h"

/* Invariants
 * 1. An entry stands in memory only once its row is on disk.
 * 2. Entries are added and changed, never taken away: a revoked one is told apart from an unknown one.
 * 3. The lock is not held while SQL runs. */

#define PREFIX "plb_"

enum {
    HASH_BYTES = 32,
    SECRET_BITS_BYTES = 20, /* 160 bits */
    USED_EVERY_MS = 60000,  /* a token's last use is written this often at most */
};

static const int64_t REVOKED_KEPT_MS = INT64_C(30) * 86400 * 1000;

static const char table_sql[] =
    "CREATE TABLE IF NOT EXISTS tokens (hash BLOB PRIMARY KEY, name TEXT NOT NULL, can TEXT NOT "
    "NULL,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL,"
    " revoked_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX IF NOT EXISTS tokens_by_name ON tokens (name) WHERE revoked_ms = 0;";
static const char all_sql[] =
    "SELECT hash, name, can, created_ms, expires_ms, used_ms, revoked_ms FROM tokens"
    " WHERE revoked_ms = 0 OR revoked_ms > ?1";
static const char taken_sql[] = "SELECT 1 FROM tokens WHERE name = ?1 AND revoked_ms = 0";
static const char count_sql[] = "SELECT count(*) FROM tokens WHERE revoked_ms = 0";
static const char add_sql[] =
    "INSERT INTO tokens (hash, name, can, created_ms, expires_ms, used_ms, revoked_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)";
static const char revoke_sql[] =
    "UPDATE tokens SET revoked_ms = ?2 WHERE name = ?1 AND revoked_ms = 0";
static const char used_sql[] = "UPDATE tokens SET used_ms = ?2 WHERE hash = ?1";

struct entry {
    unsigned char hash[HASH_BYTES];
    char *name, *can;
    int64_t created_ms, expires_ms, revoked_ms;
    int64_t used_ms, kept_ms; /* in memory, and as the table has it */
};

struct tokens {
    struct clock clock;
    pthread_mutex_t mutex;
    struct entry *entries;
    size_t n, cap;
    atomic_bool is_keeping; /* the last uses are on their way to the table */
};

static int64_t now_ms(const struct tokens *tokens)
{
    return clock_us(&tokens->clock) / 1000;
}

/* ---- memory ---- */

static void add(struct tokens *tokens, const struct entry *entry)
{
    pthread_mutex_lock(&tokens->mutex);
    mem_grow(&tokens->entries, &tokens->cap, tokens->n + 1, sizeof *tokens->entries);
    tokens->entries[tokens->n++] = *entry;
    pthread_mutex_unlock(&tokens->mutex);
}

void tokens_free(struct tokens *tokens)
{
    if (!tokens)
        return;
    for (size_t i = 0; i < tokens->n; i++) {
        mem_free(tokens->entries[i].name);
        mem_free(tokens->entries[i].can);
    }
    mem_free(tokens->entries);
    pthread_mutex_destroy(&tokens->mutex);
    mem_free(tokens);
}

static bool load(struct tokens *tokens, struct db *db, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, all_sql, err);
    bool has_row = false;
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, now_ms(tokens) - REVOKED_KEPT_MS);
    while (sql_step(db, st, "read the tokens", &has_row, err)) {
        if (!has_row)
            return true;
        if (sqlite3_column_bytes(st, 0) != HASH_BYTES)
            continue; /* nothing has that hash */
        struct entry entry = {.name = mem_strdup(sql_text(st, 1)),
                              .can = mem_strdup(sql_text(st, 2)),
                              .created_ms = sqlite3_column_int64(st, 3),
                              .expires_ms = sqlite3_column_int64(st, 4),
                              .used_ms = sqlite3_column_int64(st, 5),
                              .kept_ms = sqlite3_column_int64(st, 5),
                              .revoked_ms = sqlite3_column_int64(st, 6)};
        memcpy(entry.hash, sqlite3_column_blob(st, 0), HASH_BYTES);
        add(tokens, &entry);
    }
    return false;
}

bool tokens_open(struct db *db, struct clock clock, struct tokens **out, struct err *err)
{
    struct tokens *tokens = mem_zalloc(sizeof *tokens);
    tokens->clock = clock;
    pthread_mutex_init(&tokens->mutex, NULL);
    if (!sql_exec(db, table_sql, err) || !load(tokens, db, err)) {
        tokens_free(tokens);
        return false;
    }
    *out = tokens;
    return true;
}

/* ---- secrets ---- */

static void hash_of(const char *secret, unsigned char out[HASH_BYTES])
{
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, secret, strlen(secret), out) != 0);
}

static void make_secret(char out[LEDGER_SECRET_BYTES])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bits[SECRET_BITS_BYTES];
    BUG_IF(getrandom(bits, sizeof bits, 0) != sizeof bits);
    char *at = out + strlen(PREFIX);
    memcpy(out, PREFIX, strlen(PREFIX));
    for (size_t bit = 0; bit < 8 * sizeof bits; bit += 5) {
        unsigned value = 0;
        for (size_t k = bit; k < bit + 5; k++)
            value = value << 1 | (bits[k / 8] >> (7 - k % 8) & 1u);
        *at++ = digits[value];
    }
    *at = '\0';
}

/* ---- making and revoking: on the ledger's thread ---- */

struct wish {
    struct entry entry; /* strings are the caller's */
    const char *by;
};

static bool is_taken(struct db *db, const char *name, bool *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, taken_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, name);
    const bool is_ok = sql_step(db, st, "look for a token", out, err);
    sqlite3_reset(st);
    return is_ok;
}

static bool count(struct db *db, int64_t *out, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, count_sql, err);
    bool has_row = false;
    if (!st || !sql_step(db, st, "count the tokens", &has_row, err))
        return false;
    *out = has_row ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return true;
}

/* Nothing is written before all is checked: a refusal does not undo what others wrote with it. */
static bool check_room(struct db *db, const char *name, struct err *err)
{
    bool has_name = false;
    int64_t n = 0;
    if (!is_taken(db, name, &has_name, err) || !count(db, &n, err))
        return false;
    if (has_name) {
        err_set(err, ERR_INPUT, "there is a token '%s' already", name);
        err_hint(err, "take another name, or revoke that one: plumb token revoke %s", name);
        return false;
    }
    if (n < LEDGER_TOKENS_MAX)
        return true;
    err_set(err, ERR_LIMIT, "there are %d tokens, which is the most", LEDGER_TOKENS_MAX);
    err_hint(err, "plumb token list shows which have expired or are not used; revoke those");
    return false;
}

static bool write_new(void *self, struct writer *writer, struct err *err)
{
    const struct wish *wish = self;
    const struct entry *entry = &wish->entry;
    if (!check_room(writer->db, entry->name, err))
        return false;
    sqlite3_stmt *st = sql_prepare(writer->db, add_sql, err);
    if (!st)
        return false;
    sqlite3_bind_blob(st, 1, entry->hash, HASH_BYTES, SQLITE_STATIC);
    sql_bind_text(st, 2, entry->name);
    sql_bind_text(st, 3, entry->can);
    sqlite3_bind_int64(st, 4, entry->created_ms);
    sqlite3_bind_int64(st, 5, entry->expires_ms);
    const struct audit audit = {"token", wish->by, entry->can, entry->name};
    return sql_finish(writer->db, st, "keep a token", err) && work_audit(writer, &audit, err);
}

static bool write_revoked(void *self, struct writer *writer, struct err *err)
{
    const struct wish *wish = self;
    bool has_name = false;
    if (!is_taken(writer->db, wish->entry.name, &has_name, err))
        return false;
    if (!has_name)
        return FAIL(err, ERR_MISSING, "there is no token '%s'", wish->entry.name);
    sqlite3_stmt *st = sql_prepare(writer->db, revoke_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, wish->entry.name);
    sqlite3_bind_int64(st, 2, wish->entry.revoked_ms);
    const struct audit audit = {"token", wish->by, "revoked", wish->entry.name};
    return sql_finish(writer->db, st, "revoke a token", err) && work_audit(writer, &audit, err);
}

/* ---- last uses ---- */

struct use {
    unsigned char hash[HASH_BYTES];
    int64_t used_ms;
};

/* Those that the table does not have; the caller frees them. */
static struct use *take_uses(struct tokens *tokens, size_t *out_n)
{
    pthread_mutex_lock(&tokens->mutex);
    struct use *uses = mem_array(tokens->n, struct use);
    size_t n = 0;
    for (size_t i = 0; i < tokens->n; i++) {
        struct entry *entry = &tokens->entries[i];
        if (entry->used_ms == entry->kept_ms)
            continue;
        memcpy(uses[n].hash, entry->hash, HASH_BYTES);
        uses[n++].used_ms = entry->kept_ms = entry->used_ms;
    }
    pthread_mutex_unlock(&tokens->mutex);
    *out_n = n;
    return uses;
}

/* A last use that a full disk loses is made good by the next one. */
static bool write_uses(void *self, struct writer *writer, struct err *err)
{
    struct tokens *tokens = self;
    size_t n;
    atomic_store(&tokens->is_keeping, false);
    CLEANUP(mem_done) struct use *uses = take_uses(tokens, &n);
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *st = sql_prepare(writer->db, used_sql, err);
        if (!st)
            return false;
        sqlite3_bind_blob(st, 1, uses[i].hash, HASH_BYTES, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, uses[i].used_ms);
        if (!sql_finish(writer->db, st, "keep a token's last use", err))
            return false;
    }
    return true;
}

/* ---- for others ---- */

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    const size_t n = strlen(name);
    return n > 0 && n <= LEDGER_TOKEN_NAME_MAX && strspn(name, allowed) == n;
}

bool ledger_token_new(struct ledger *ledger, const struct ledger_token *token, const char *by,
                      char out_secret[LEDGER_SECRET_BYTES], struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf can;
    arena_init(&arena);
    buf_init(&can, 2 * SCOPES_TEXT_MAX);
    struct tokens *tokens = work_tokens(ledger);
    struct scopes scopes;
    const int64_t created_ms = now_ms(tokens);
    if (!is_name(token->name))
        return FAIL(err, ERR_INPUT, "'%.100s' is no name: up to %d of letters, digits, . _ -",
                    token->name, LEDGER_TOKEN_NAME_MAX);
    if (!scope_parse(token->can, &arena, &scopes, err))
        return false;
    if (token->expires_ms && token->expires_ms <= created_ms)
        return FAIL(err, ERR_INPUT, "a token that has expired already is of no use");
    scope_format(&scopes, &can);
    char secret[LEDGER_SECRET_BYTES];
    make_secret(secret);
    struct wish wish = {.by = by};
    struct entry *entry = &wish.entry;
    hash_of(secret, entry->hash);
    entry->name = arena_strdup(&arena, token->name);
    entry->can = arena_strdup(&arena, buf_text(&can));
    entry->created_ms = created_ms;
    entry->expires_ms = token->expires_ms;
    if (!work_write(ledger, write_new, &wish, err))
        return false;
    entry->name = mem_strdup(entry->name);
    entry->can = mem_strdup(entry->can);
    add(tokens, entry);
    memcpy(out_secret, secret, sizeof secret);
    return true;
}

bool ledger_token_revoke(struct ledger *ledger, const char *name, const char *by, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct tokens *tokens = work_tokens(ledger);
    struct wish wish = {.by = by, .entry.revoked_ms = now_ms(tokens)};
    if (!is_name(name))
        return FAIL(err, ERR_MISSING, "there is no token '%.100s'", name);
    wish.entry.name = arena_strdup(&arena, name);
    if (!work_write(ledger, write_revoked, &wish, err))
        return false;
    pthread_mutex_lock(&tokens->mutex);
    for (size_t i = 0; i < tokens->n; i++) {
        struct entry *entry = &tokens->entries[i];
        if (!entry->revoked_ms && strcmp(entry->name, name) == 0)
            entry->revoked_ms = wish.entry.revoked_ms;
    }
    pthread_mutex_unlock(&tokens->mutex);
    return true;
}

static struct ledger_token token_of(const struct entry *entry, struct arena *arena)
{
    return (struct ledger_token){.name = arena_strdup(arena, entry->name),
                                 .can = arena_strdup(arena, entry->can),
                                 .created_ms = entry->created_ms,
                                 .expires_ms = entry->expires_ms,
                                 .revoked_ms = entry->revoked_ms,
                                 .used_ms = entry->used_ms};
}

static enum ledger_token_state state_of(const struct entry *entry, int64_t at_ms)
{
    if (entry->revoked_ms)
        return LEDGER_TOKEN_REVOKED;
    return entry->expires_ms && at_ms >= entry->expires_ms ? LEDGER_TOKEN_EXPIRED
                                                           : LEDGER_TOKEN_GOOD;
}

/* The entry of that hash, or NULL. Each is compared, and in the same time whatever it holds. */
static struct entry *find(struct tokens *tokens, const unsigned char hash[HASH_BYTES])
{
    struct entry *found = NULL;
    for (size_t i = 0; i < tokens->n; i++)
        if (gnutls_memcmp(tokens->entries[i].hash, hash, HASH_BYTES) == 0)
            found = &tokens->entries[i];
    return found;
}

enum ledger_token_state ledger_token_find(struct ledger *ledger, const char *secret,
                                          struct arena *arena, struct ledger_token *out)
{
    struct tokens *tokens = work_tokens(ledger);
    unsigned char hash[HASH_BYTES];
    const int64_t at_ms = now_ms(tokens);
    enum ledger_token_state state = LEDGER_TOKEN_UNKNOWN;
    bool is_due = false;
    hash_of(secret, hash);
    pthread_mutex_lock(&tokens->mutex);
    struct entry *entry = find(tokens, hash);
    if (entry) {
        state = state_of(entry, at_ms);
        is_due = state == LEDGER_TOKEN_GOOD && at_ms - entry->used_ms >= USED_EVERY_MS;
        if (is_due)
            entry->used_ms = at_ms;
        *out = token_of(entry, arena);
    }
    pthread_mutex_unlock(&tokens->mutex);
    struct err err;
    if (is_due && !atomic_exchange(&tokens->is_keeping, true) &&
        !work_post(ledger, write_uses, tokens, &err))
        atomic_store(&tokens->is_keeping, false); /* the next use is another chance */
    return state;
}

static int by_name(const void *a, const void *b)
{
    const struct ledger_token *left = a, *right = b;
    const int order = strcmp(left->name, right->name);
    return order ? order
                 : (left->created_ms > right->created_ms) - (left->created_ms < right->created_ms);
}

const struct ledger_token *ledger_token_list(struct ledger *ledger, struct arena *arena,
                                             size_t *out_n)
{
    struct tokens *tokens = work_tokens(ledger);
    const int64_t since_ms = now_ms(tokens) - REVOKED_KEPT_MS;
    pthread_mutex_lock(&tokens->mutex);
    struct ledger_token *list = arena_array(arena, tokens->n, struct ledger_token);
    size_t n = 0;
    for (size_t i = 0; i < tokens->n; i++)
        if (!tokens->entries[i].revoked_ms || tokens->entries[i].revoked_ms > since_ms)
            list[n++] = token_of(&tokens->entries[i], arena);
    pthread_mutex_unlock(&tokens->mutex);
    qsort(list, n, sizeof *list, by_name);
    *out_n = n;
    return list;
}

size_t ledger_token_count(struct ledger *ledger)
{
    struct tokens *tokens = work_tokens(ledger);
    const int64_t at_ms = now_ms(tokens);
    size_t n = 0;
    pthread_mutex_lock(&tokens->mutex);
    for (size_t i = 0; i < tokens->n; i++)
        n += state_of(&tokens->entries[i], at_ms) == LEDGER_TOKEN_GOOD;
    pthread_mutex_unlock(&tokens->mutex);
    return n;
}
