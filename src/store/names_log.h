/* names.log: every series' id, class and canonical name, and every class's rule, in the order of
 * creation. A writer flushes it before its batch, and it is synced before the log of points, so no
 * durable point lacks its name. Format: docs/formats/names.md. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "model/schema.h"

enum {
    /* 1 knew neither deleted, renamed nor moved series, nor what is on the disk; it is read, and written
     * anew */
    NAMES_LOG_VERSION = 2,
    NAMES_LOG_HEADER_BYTES = 32
};

/* What the log holds, in its order; all may refuse (false) what makes no sense: counted as damage.
 * A name for an id that has one is its new name. */
struct names_log_reader {
    void *self;
    bool (*on_class)(void *self, uint16_t no, const struct schema *schema, int64_t created_s);
    bool (*on_name)(void *self, uint32_t id, uint16_t class_no, struct str name);
    bool (*on_hidden)(void *self, uint32_t id, bool is_hidden);   /* see hidden.h */
    bool (*on_deleted)(void *self, uint32_t id);                  /* see removal.h */
    bool (*on_moved)(void *self, uint32_t id, uint16_t class_no); /* see reclass.h */
    /* every series that stands before it was in the class of its rule */
    bool (*on_rules)(void *self, uint64_t fingerprint);
    /* What may become a name some records later, or nothing, or rubbish; NULL: nobody wants to know. */
    void (*on_ahead)(void *self, struct str bytes);
};

/* Reads n bytes. Records behind bad bytes are found again by their checksums. What was never on the disk
 * as far as the log's own notes say is torn, not damaged.
 *   out_good_bytes  up to here sound records reach; what follows is a torn tail or nothing
 *   out_n_damaged   bad stretches and refused records that were on the disk once
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
 * first and written anew from what could be read; so is one of an older version or one with torn
 * stretches, in one step. */
MUST_CHECK bool names_log_open(const char *dir, const char *corrupt_dir,
                               const struct names_log_reader *reader, size_t *out_n_damaged,
                               struct names_log **out, struct err *err);
void names_log_close(struct names_log *log);

/* To memory. Thread: any; the order of calls is the order in the file. */
void names_log_add(struct names_log *log, uint32_t id, uint16_t class_no, struct str name);
void names_log_add_hidden(struct names_log *log, uint32_t id, bool is_hidden);
void names_log_add_deleted(struct names_log *log, uint32_t id);
void names_log_add_moved(struct names_log *log, uint32_t id, uint16_t class_no);
void names_log_add_rules(struct names_log *log, uint64_t fingerprint);
void names_log_add_class(struct names_log *log, uint16_t no, const struct schema *schema,
                         int64_t created_s);
/* More waits for the disk than should: no new names until less does. Thread: any. */
bool names_log_is_behind(const struct names_log *log);
/* Returns when the kernel has everything added before; cheap when it has it already. On false all of it
 * is kept for the next try. Thread: any. */
MUST_CHECK bool names_log_write(struct names_log *log, struct err *err);
/* Makes durable what was written. After a failure the next call writes everything since the last good
 * sync again: the kernel may have dropped it. Thread: the one that syncs. */
MUST_CHECK bool names_log_sync(struct names_log *log, struct err *err);
/* After the last sync: notes that all of it is on the disk. */
void names_log_end(struct names_log *log);
/* Bytes of the file that have been written and never change any more. Thread: any. */
uint64_t names_log_bytes(struct names_log *log);
/* Everything that was added is written and synced. Thread: any. */
bool names_log_is_synced(struct names_log *log);
