/* The ledger's SQLite file: its rows, and the tables that are made from them. One connection is one
 * struct db, used by one thread at a time; the writer has one with write = true, readers take others.
 * Format: docs/formats/ledger.md. */
#pragma once

#include "ledger/row.h"
#include "ledger/sql.h"
#include "model/change.h"

/* Opens; the writer creates the tables, and makes those of an older version anew from the rows.
 * err: ERR_REFUSED, ERR_IO, ERR_CORRUPT. */
MUST_CHECK bool db_open(const char *path, bool write, struct db **out, struct err *err);
void db_close(struct db *db); /* NULL is fine */

/* Writer: a group of rows is one transaction, on disk when db_commit returns. */
MUST_CHECK bool db_begin(struct db *db, struct err *err);
MUST_CHECK bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);

/* The number and hash of the last row; 0 and zeroes for none. */
MUST_CHECK bool db_last_row(struct db *db, uint64_t *out_seq, unsigned char out[ROW_HASH_BYTES],
                            struct err *err);
/* What a row says: a change, an audit or both; or a whole verdict, and nothing else. */
struct db_entry {
    const struct change *change;
    const struct audit *audit;
    const struct verdict *verdict; /* of the change whose whole id it has */
};
/* Appends a row, and brings the tables up to date with the change as it now is. */
MUST_CHECK bool db_append(struct db *db, uint64_t seq, const struct db_entry *entry,
                          unsigned char io_hash[ROW_HASH_BYTES], struct err *err);
/* Takes the text out of a change's rows before before_seq, and keeps their hashes: what was said is gone,
 * that something was said is not. Verdicts stay: they hold numbers and names of metrics. */
MUST_CHECK bool db_purge(struct db *db, const char *change_id, uint64_t before_seq,
                         struct err *err);
/* After a purge: nothing of the text stays in what is searched, nor (outside a transaction) in the log. */
MUST_CHECK bool db_forget_words(struct db *db, struct err *err);
MUST_CHECK bool db_empty_log(struct db *db, struct err *err);

/* Looking up; false with ERR_MISSING when there is none. */
MUST_CHECK bool db_by_key(struct db *db, const struct telling *telling, struct arena *arena,
                          struct change *out, struct err *err);
MUST_CHECK bool db_by_id(struct db *db, const char *id_prefix, struct arena *arena,
                         struct change *out, struct err *err);
/* The change that a row told of, as it now is. */
MUST_CHECK bool db_by_row(struct db *db, uint64_t seq, struct arena *arena, struct change *out,
                          struct err *err);

/* Kind, service and env that a look-up is about. */
struct db_place {
    enum change_kind kind;
    const char *service, *env;
};
/* The newest open one; or the newest of all, when its end was lost: it may be told of yet. */
MUST_CHECK bool db_newest_open(struct db *db, const struct db_place *place, struct arena *arena,
                               struct change *out, struct err *err);
/* The newest that succeeded and has a rev, started before at_ms; rev NULL: any, else that one. */
MUST_CHECK bool db_succeeded_before(struct db *db, const struct db_place *place, int64_t at_ms,
                                    const char *rev, struct arena *arena, struct change *out,
                                    struct err *err);
/* Those of a place that were under way at some time of from <= t < until, newest start first. */
struct db_near {
    struct db_place place;
    int64_t from_ms, until_ms;
    const char *not_source; /* first told of by another door than this; "": by any */
    size_t n_max;
};
MUST_CHECK bool db_near(struct db *db, const struct db_near *near, struct arena *arena,
                        struct change_list *out, struct err *err);
/* Open ones whose end is lost by now_ms; at most n_max. */
MUST_CHECK bool db_expired(struct db *db, int64_t now_ms, size_t n_max, struct arena *arena,
                           struct change_list *out, struct err *err);

/* By start; at most n_max. A change whose text cannot be read is logged and left out, here and in
 * db_each: one bad sector must not hide all the others. */
MUST_CHECK bool db_list(struct db *db, const struct change_query *query, size_t n_max,
                        struct arena *arena, struct change_list *out, struct err *err);
/* By their newest rows, those after after_seq. */
MUST_CHECK bool db_since(struct db *db, uint64_t after_seq, size_t n_max, struct arena *arena,
                         struct change_list *out, struct err *err);

/* Every change in start order, handed to fn without its strings' arena kept: for loading. */
typedef void (*db_each_fn)(void *self, const struct change *change);
MUST_CHECK bool db_each(struct db *db, db_each_fn fn, void *self, struct err *err);

/* The rows of a change but its verdicts' own, or (id "") those about no change, newest first; a purged one
 * has text "". */
struct db_row {
    uint64_t seq;
    const char *text;
};
MUST_CHECK bool db_rows(struct db *db, const char *change_id, size_t n_max, struct arena *arena,
                        struct db_row **out, size_t *out_n, struct err *err);
/* Has somebody taken its texts out for good? */
MUST_CHECK bool db_is_purged(struct db *db, const char *change_id, bool *out, struct err *err);

/* Walks the chain, and compares the tables with it. err: ERR_CORRUPT with the first row that does not
 * fit. */
MUST_CHECK bool db_verify(struct db *db, uint64_t *out_rows, struct err *err);
MUST_CHECK bool db_count(struct db *db, uint64_t *out_changes, struct err *err);
/* Copies all of it, as it is at one moment, to a new file; synced. Writing goes on meanwhile. */
MUST_CHECK bool db_copy(struct db *db, const char *path, struct err *err);
