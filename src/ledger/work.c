/* Rows of the chain that are no changes. */
#include "ledger/work.h"

#include <string.h>

#include "base/jsonw.h"

enum { AUDIT_BYTES_MAX = 64 * 1024 };

static const char add_audit_sql[] =
    "INSERT INTO rows (seq, change_id, body, hash) VALUES (?1, '', ?2, ?3)";

static void encode(const struct audit *audit, int64_t now_ms, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "audit", audit->what);
    jsonw_put_text(&json, "by", audit->by);
    jsonw_put_text(&json, "why", audit->why);
    jsonw_put_text(&json, "about", audit->about);
    jsonw_put_i64(&json, "at_ms", now_ms);
    jsonw_end(&json);
}

bool work_audit(struct writer *writer, const struct audit *audit, struct err *err)
{
    CLEANUP(buf_done) struct buf body;
    unsigned char hash[ROW_HASH_BYTES];
    buf_init(&body, AUDIT_BYTES_MAX);
    encode(audit, writer->now_ms, &body);
    if (body.is_full)
        return FAIL(err, ERR_LIMIT, "an audit of more than %d bytes", AUDIT_BYTES_MAX);
    row_hash(writer->hash, writer->seq + 1, body.at, body.n, hash);
    sqlite3_stmt *st = sql_prepare(writer->db, add_audit_sql, err);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 1, (int64_t)writer->seq + 1);
    sql_bind_text(st, 2, body.at);
    sqlite3_bind_blob(st, 3, hash, sizeof hash, SQLITE_STATIC);
    if (!sql_finish(writer->db, st, "add a row", err))
        return false;
    memcpy(writer->hash, hash, sizeof hash);
    writer->seq++;
    return true;
}
