/* Push trains, one row each: what its topic says is all there is to it. */
#include "ledger/trains.h"

#include <string.h>

#include "base/str.h"
#include "ledger/work.h"

enum {
    NAME_BYTES_MAX = 64,
    TRAINS_MAX = 1000, /* a script with a bug makes no more */
    WHY_BYTES_MAX = 300,
};

const char trains_tables[] =
    "CREATE TABLE IF NOT EXISTS trains (name TEXT PRIMARY KEY, topic TEXT NOT NULL,"
    " by TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;";
static const char get_sql[] = "SELECT topic, by, at_ms, name FROM trains WHERE name = ?1";
static const char all_sql[] = "SELECT topic, by, at_ms, name FROM trains ORDER BY name";
static const char count_sql[] = "SELECT count(*) FROM trains";
static const char put_sql[] = "INSERT INTO trains (topic, by, at_ms, name) VALUES (?1, ?2, ?3, ?4)"
                              " ON CONFLICT (name) DO UPDATE SET topic = ?1, by = ?2, at_ms = ?3";

/* The name in lower case, in the arena. */
static bool clean_name(const char *name, struct arena *arena, const char **out, struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-";
    char *lower = arena_strndup(arena, name, strnlen(name, NAME_BYTES_MAX + 1));
    text_lower(lower);
    const size_t n = strlen(lower);
    if (n == 0 || n > NAME_BYTES_MAX || strspn(lower, allowed) != n)
        return FAIL(err, ERR_INPUT,
                    "'%.80s' is no name of a train: up to %d of a-z, 0-9, '.', '_', '/' and '-'",
                    name, NAME_BYTES_MAX);
    *out = lower;
    return true;
}

static bool take_row(sqlite3_stmt *st, struct arena *arena, struct ledger_train *out,
                     struct err *err)
{
    out->by = arena_strdup(arena, sql_text(st, 1));
    out->at_ms = sqlite3_column_int64(st, 2);
    out->name = arena_strdup(arena, sql_text(st, 3));
    const char *topic = arena_strdup(arena, sql_text(st, 0));
    if (train_parse(topic, arena, &out->train, err))
        return true;
    err_set(err, ERR_CORRUPT, "the ledger's train '%.80s' cannot be read", out->name);
    return false;
}

static bool get(struct db *db, const char *name, struct arena *arena, struct ledger_train *out,
                struct err *err)
{
    bool has_row;
    sqlite3_stmt *st = sql_prepare(db, get_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, name);
    *out = (struct ledger_train){.name = name, .train = train_clear(), .by = ""};
    if (!sql_step(db, st, "read a train", &has_row, err))
        return false;
    const bool is_ok = !has_row || take_row(st, arena, out, err);
    out->train.is_new = !has_row;
    sqlite3_reset(st);
    return is_ok;
}

static bool check_room(struct db *db, struct err *err)
{
    bool has_row;
    sqlite3_stmt *st = sql_prepare(db, count_sql, err);
    if (!st || !sql_step(db, st, "count trains", &has_row, err))
        return false;
    const int64_t n = has_row ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return n < TRAINS_MAX || FAIL(err, ERR_LIMIT, "there are %d trains already", TRAINS_MAX);
}

static bool put(struct db *db, const struct ledger_train *train, const char *topic, struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, put_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, topic);
    sql_bind_text(st, 2, train->by);
    sqlite3_bind_int64(st, 3, train->at_ms);
    sql_bind_text(st, 4, train->name);
    return sql_finish(db, st, "keep a train", err);
}

/* What is asked, and where the answer goes. */
struct ask {
    const char *name;
    const struct train_wish *wish;
    struct arena *arena;
    struct ledger_train *out;
    size_t n; /* of out, with all of them */
};

static bool look(void *self, struct db *db, struct err *err)
{
    const struct ask *ask = self;
    return get(db, ask->name, ask->arena, ask->out, err);
}

static bool audit(const struct ask *ask, struct writer *writer, struct err *err)
{
    const struct train_wish *wish = ask->wish;
    const struct audit audit = {
        .what = "train",
        .by = ask->out->by,
        .why = arena_printf(ask->arena, "%s%s%.*s", train_verb_name(wish->verb),
                            wish->arg[0] ? " " : "", WHY_BYTES_MAX, wish->arg),
        .about = ask->name,
    };
    return work_audit(writer, &audit, err);
}

static bool act(void *self, struct writer *writer, struct err *err)
{
    const struct ask *ask = self;
    struct ledger_train train;
    struct train after;
    if (!get(writer->db, ask->name, ask->arena, &train, err) ||
        !train_apply(&train.train, ask->wish, ask->arena, &after, err))
        return false;
    const char *before_text = train_format(&train.train, ask->arena);
    const char *after_text = train_format(&after, ask->arena);
    *ask->out = train;
    if (strcmp(before_text, after_text) == 0)
        return true;
    if (!train.at_ms && !check_room(writer->db, err))
        return false;
    train.train = after;
    train.by = train_name(ask->wish->who, ask->arena);
    train.at_ms = writer->now_ms;
    *ask->out = train;
    return put(writer->db, &train, after_text, err) && audit(ask, writer, err);
}

bool ledger_train(struct ledger *ledger, const char *name, const struct train_wish *wish,
                  struct arena *arena, struct ledger_train *out, struct err *err)
{
    struct ledger_train found;
    struct ask ask = {.wish = wish, .arena = arena, .out = &found};
    if (!clean_name(name, arena, &ask.name, err))
        return false;
    const bool is_ok =
        wish ? work_write(ledger, act, &ask, err) : work_read(ledger, look, &ask, err);
    if (is_ok)
        *out = found;
    return is_ok;
}

static bool list(void *self, struct db *db, struct err *err)
{
    struct ask *ask = self;
    bool has_row;
    sqlite3_stmt *st = sql_prepare(db, all_sql, err);
    if (!st)
        return false;
    ask->out = arena_array(ask->arena, TRAINS_MAX, struct ledger_train);
    for (ask->n = 0; ask->n < TRAINS_MAX; ask->n++) {
        if (!sql_step(db, st, "list trains", &has_row, err))
            return false;
        if (!has_row)
            return true;
        if (!take_row(st, ask->arena, &ask->out[ask->n], err))
            break;
    }
    sqlite3_reset(st);
    return ask->n == TRAINS_MAX;
}

bool ledger_trains(struct ledger *ledger, struct arena *arena, struct ledger_train **out,
                   size_t *out_n, struct err *err)
{
    struct ask ask = {.arena = arena};
    if (!work_read(ledger, list, &ask, err))
        return false;
    *out = ask.out;
    *out_n = ask.n;
    return true;
}
