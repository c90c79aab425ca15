/* names.log: every series' id, class and canonical name, and every class's rule, in the order of
 * creation. A writer flushes it before its batch, and it is synced before the log of points, so no
 * durable point lacks its name. Format: docs/formats/names.md. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "model/schema.h"

enum { NAMES_LOG_VERSION = 1, NAMES_LOG_HEADER_BYTES = 32 };

/* What the log holds, in its order; both may refuse (false) what makes no sense: counted as damage. */
struct names_log_reader {
    void *self;
    bool (*on_class)(void *self, uint16_t no, const struct schema *schema, int64_t created_s);
    bool (*on_name)(void *self, uint32_t id, uint16_t class_no, struct str name);
    bool (*on_hidden)(void *self, uint32_t id, bool is_hidden); /* see hidden.h */
};

/* Reads n bytes. Records behind damage are found again by their checksums.
 *   out_good_bytes  up to here everything is sound; what follows is a torn tail or nothing
 *   out_n_damaged   bad stretches with sound records behind them, and refused records
 *   err             ERR_CORRUPT the header; ERR_REFUSED a newer version */
MUST_CHECK bool names_log_parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                                size_t *out_good_bytes, size_t *out_n_damaged, struct err *err);

/* Where the first bytes are that belong to no sound record; n: there are none. */
size_t names_log_first_bad(const void *bytes, size_t n);

/* names_log_parse on dir/names.log; nothing there is changed. err: also ERR_MISSING, ERR_IO. */
MUST_CHECK bool names_log_read(const char *dir, const struct names_log_reader *reader,
                               size_t *out_n_damaged, struct err *err);

struct names_log;

/* Opens or creates dir/names.log, reads it, cuts a torn tail. A damaged one is copied to corrupt_dir
 * first and written anew from what could be read. */
MUST_CHECK bool names_log_open(const char *dir, const char *corrupt_dir,
                               const struct names_log_reader *reader, size_t *out_n_damaged,
                               struct names_log **out, struct err *err);
void names_log_close(struct names_log *log);

/* To memory. Thread: any; the order of calls is the order in the file. */
void names_log_add(struct names_log *log, uint32_t id, uint16_t class_no, struct str name);
void names_log_add_hidden(struct names_log *log, uint32_t id, bool is_hidden);
void names_log_add_class(struct names_log *log, uint16_t no, const struct schema *schema,
                         int64_t created_s);
/* More waits for the disk than should: no new names until it works again. Thread: any. */
bool names_log_is_behind(struct names_log *log);
/* Returns when the kernel has everything added before; cheap when it has it already. On false all of it
 * is kept for the next try. Thread: any. */
MUST_CHECK bool names_log_write(struct names_log *log, struct err *err);
/* Makes durable what was written. After a failure the next call writes everything since the last good
 * sync again: the kernel may have dropped it. Thread: the one that syncs. */
MUST_CHECK bool names_log_sync(struct names_log *log, struct err *err);
/* Bytes of the file that have been written and never change any more. Thread: any. */
uint64_t names_log_bytes(struct names_log *log);
/* Everything that was added is written and synced. Thread: any. */
bool names_log_is_synced(struct names_log *log);
