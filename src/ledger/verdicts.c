#include "ledger/verdicts.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/jsonw.h"
#include "ledger/db.h"
#include "ledger/work.h"

enum { DETAIL_BYTES_MAX = 16 * 1024 };

/* The newest row of each change and stage; and, as that of no change, of the self-check. */
const char verdicts_tables[] =
    "CREATE TABLE IF NOT EXISTS verdicts (change_id TEXT NOT NULL, stage INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (change_id, stage)) WITHOUT ROWID;";
static const char count_sql[] = "SELECT n FROM verdicts WHERE change_id = ?1 AND stage = ?2";
static const char put_sql[] =
    "INSERT INTO verdicts (change_id, stage, seq, n) VALUES (?1, ?2, ?3, 1)"
    " ON CONFLICT (change_id, stage) DO UPDATE SET seq = ?3, n = n + 1";
static const char list_sql[] =
    "SELECT r.body FROM verdicts v JOIN rows r ON r.seq = v.seq WHERE v.change_id = ?1"
    " ORDER BY v.stage";

static const struct audit no_audit = {"self_check", "", "", "", 0};

/* How many there were before of that stage. */
static bool count_before(struct db *db, const struct verdict *verdict, uint32_t *out,
                         struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, count_sql, err);
    bool has_row = false;
    if (!st)
        return false;
    sql_bind_text(st, 1, verdict->change);
    sqlite3_bind_int(st, 2, (int)verdict->stage);
    if (!sql_step(db, st, "count verdicts", &has_row, err))
        return false;
    *out = has_row ? (uint32_t)sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return true;
}

static bool put_place(struct db *db, const char *change_id, int stage, uint64_t seq,
                      struct err *err)
{
    sqlite3_stmt *st = sql_prepare(db, put_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change_id);
    sqlite3_bind_int(st, 2, stage);
    sqlite3_bind_int64(st, 3, (int64_t)seq);
    return sql_finish(db, st, "keep a verdict", err);
}

/* ---- putting ---- */

struct putting {
    const struct verdict *told;
    struct arena *arena;
    struct verdict kept;
    struct change change; /* as it then is */
};

/* What is kept of it: all but the far end of long lists. */
static struct verdict cut(const struct verdict *told, struct arena *arena)
{
    struct verdict kept = *told;
    kept.n_moved = min_size(told->n_moved, VERDICTS_MOVED_MAX);
    kept.n_moved_more = (uint32_t)(verdict_moved(told) - kept.n_moved);
    kept.n_unmoved = min_size(told->n_unmoved, VERDICTS_UNMOVED_MAX);
    kept.unmoved = arena_array(arena, kept.n_unmoved, struct verdict_metric);
    for (size_t i = 0; i < kept.n_unmoved; i++) {
        kept.unmoved[i] = told->unmoved[i];
        kept.unmoved[i].n_spark = kept.unmoved[i].spark_change = 0;
    }
    kept.n_no_data = min_size(told->n_no_data, VERDICTS_TEXTS_MAX);
    kept.n_overlaps = min_size(told->n_overlaps, VERDICTS_TEXTS_MAX);
    kept.n_reasons = min_size(told->n_reasons, VERDICTS_TEXTS_MAX);
    return kept;
}

static bool append_both(struct writer *writer, struct putting *putting, struct err *err)
{
    struct change *change = &putting->change;
    const struct verdict *kept = &putting->kept;
    const char *revised = kept->n_revised ? " (revised)" : "";
    const struct audit audit = {.what = "verdict",
                                .by = "",
                                .why = arena_printf(putting->arena, "%s: %s%s",
                                                    verdict_stage_name(kept->stage),
                                                    verdict_state_words(kept->state), revised),
                                .about = "",
                                .at_ms = writer->now_ms};
    if (!change->verdict || kept->stage >= change->verdict->stage)
        change->verdict = kept;
    return work_verdict(writer, kept, err) &&
           put_place(writer->db, change->id, (int)kept->stage, writer->seq, err) &&
           work_append(writer, change, &audit, err);
}

static bool put(void *self, struct writer *writer, struct err *err)
{
    struct putting *putting = self;
    struct verdict *kept = &putting->kept;
    if (!db_by_id(writer->db, putting->told->change, putting->arena, &putting->change, err))
        return false;
    *kept = cut(putting->told, putting->arena);
    kept->change = putting->change.id;
    if (!kept->made_ms)
        kept->made_ms = writer->now_ms;
    return count_before(writer->db, kept, &kept->n_revised, err) &&
           append_both(writer, putting, err);
}

bool ledger_verdict_put(struct ledger *ledger, const struct verdict *verdict, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct putting putting = {.told = verdict, .arena = &arena};
    if (verdict->stage == VERDICT_LIVE)
        return FAIL(err, ERR_INPUT, "a verdict on what still goes on is not kept");
    if (strlen(verdict->change) < 4)
        return FAIL(err, ERR_INPUT, "'%s' is too short for an id: at least 4 characters",
                    verdict->change);
    return work_write(ledger, put, &putting, err);
}

/* ---- listing ---- */

struct listing {
    const char *change_id;
    struct arena *arena;
    struct verdict *items;
    size_t n;
};

static bool list(void *self, struct db *db, struct err *err)
{
    struct listing *listing = self;
    struct change change;
    bool is_ok = true, has_row = true;
    if (!db_by_id(db, listing->change_id, listing->arena, &change, err))
        return false;
    sqlite3_stmt *st = sql_prepare(db, list_sql, err);
    if (!st)
        return false;
    sql_bind_text(st, 1, change.id);
    listing->items = arena_array(listing->arena, VERDICT_STAGES, struct verdict);
    while (is_ok && (is_ok = sql_step(db, st, "list verdicts", &has_row, err)) && has_row &&
           listing->n < VERDICT_STAGES) {
        const char *body = sql_text(st, 0);
        struct verdict *verdict = &listing->items[listing->n++];
        is_ok = row_decode_verdict(body, strlen(body), listing->arena, verdict, err);
    }
    sqlite3_reset(st);
    return is_ok;
}

bool ledger_verdict_list(struct ledger *ledger, const char *change_id, struct arena *arena,
                         struct verdict **out, size_t *out_n, struct err *err)
{
    struct listing listing = {.change_id = change_id, .arena = arena};
    if (strlen(change_id) < 4)
        return FAIL(err, ERR_INPUT, "'%s' is too short for an id: at least 4 characters",
                    change_id);
    if (!work_read(ledger, list, &listing, err))
        return false;
    *out = listing.items;
    *out_n = listing.n;
    return true;
}

/* ---- the self-check ---- */

/* The numbers are the audit's text: {"per_1000":2.9,"n":1000,"detail":"..."}. */
static const char *check_text(const struct ledger_self_check *check, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;
    struct jsonw json;
    buf_init(&text, 2 * DETAIL_BYTES_MAX);
    jsonw_init(&json, &text, 0);
    jsonw_object(&json);
    jsonw_put_f64(&json, "per_1000", isfinite(check->false_alarms) ? check->false_alarms : NAN);
    jsonw_put_i64(&json, "n", (int64_t)check->n_metrics);
    jsonw_put_text(&json, "detail", check->detail); /* as text: it comes back as it was */
    jsonw_end(&json);
    return arena_strdup(arena, buf_text(&text));
}

static bool put_check(void *self, struct writer *writer, struct err *err)
{
    return work_audit(writer, self, err) && put_place(writer->db, "", 0, writer->seq, err);
}

static bool is_json(const char *text)
{
    json_auto_t *root = json_loads(text, JSON_DECODE_ANY, NULL);
    return root != NULL;
}

bool ledger_self_check_put(struct ledger *ledger, const struct ledger_self_check *check,
                           struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    if (strlen(check->detail) > DETAIL_BYTES_MAX)
        return FAIL(err, ERR_INPUT, "the detail of a self-check is longer than %d bytes",
                    DETAIL_BYTES_MAX);
    if (check->detail[0] && !is_json(check->detail))
        return FAIL(err, ERR_INPUT, "the detail of a self-check is no JSON");
    struct audit audit = no_audit;
    audit.why = check_text(check, &arena);
    audit.at_ms = check->at_ms;
    return work_write(ledger, put_check, &audit, err);
}

struct checking {
    struct arena *arena;
    struct audit audit;
};

static bool get_check(void *self, struct db *db, struct err *err)
{
    struct checking *checking = self;
    sqlite3_stmt *st = sql_prepare(db, list_sql, err);
    bool has_row = false;
    if (!st)
        return false;
    sql_bind_text(st, 1, "");
    if (!sql_step(db, st, "read the self-check", &has_row, err))
        return false;
    if (!has_row)
        return FAIL(err, ERR_MISSING, "there was no self-check yet");
    const char *body = sql_text(st, 0);
    const bool is_ok = row_decode_audit(body, strlen(body), checking->arena, &checking->audit, err);
    sqlite3_reset(st);
    return is_ok;
}

bool ledger_self_check_get(struct ledger *ledger, struct arena *arena,
                           struct ledger_self_check *out, struct err *err)
{
    struct checking checking = {.arena = arena, .audit = no_audit};
    if (!work_read(ledger, get_check, &checking, err))
        return false;
    json_auto_t *root = json_loads(checking.audit.why, 0, NULL);
    const json_t *rate = json_object_get(root, "per_1000");
    const char *detail = json_string_value(json_object_get(root, "detail"));
    if (!root)
        return FAIL(err, ERR_CORRUPT, "the ledger's self-check cannot be read");
    *out = (struct ledger_self_check){
        .at_ms = checking.audit.at_ms,
        .false_alarms = json_is_number(rate) ? json_number_value(rate) : NAN,
        .n_metrics = (uint64_t)json_integer_value(json_object_get(root, "n")),
        .detail = detail ? arena_strdup(arena, detail) : "",
    };
    return true;
}
