/* The records of names.log (docs/formats/names.md): how they are put and how they are read. Pure; the file
 * itself is names_log.c's. */
#pragma once

#include "base/buf.h"
#include "store/names_log.h"

enum {
    NAMES_SUSPECTS_MAX = 64, /* bad places that may be torn; what comes behind counts with them */
};

/* ---- putting: at the end of out ---- */

void names_record_header(uint8_t out[NAMES_LOG_HEADER_BYTES]);
void names_record_name(struct buf *out, uint32_t id, uint16_t class_no, struct str name);
/* A mark is a name record without a name; its class says which. */
enum names_mark { NAMES_SHOWN = 0, NAMES_HIDDEN = 1, NAMES_DELETED = 2 };
void names_record_mark(struct buf *out, uint32_t id, enum names_mark mark);
void names_record_moved(struct buf *out, uint32_t id, uint16_t class_no);
void names_record_rules(struct buf *out, uint64_t fingerprint);
/* A note: so many bytes of the file are on the disk. */
void names_record_synced(struct buf *out, uint64_t n_bytes);
void names_record_class(struct buf *out, uint16_t no, const struct schema *schema,
                        int64_t created_s);

/* ---- reading ---- */

/* The stretches of records that were taken, to write them anew. */
struct names_run {
    size_t from, until;
};

struct names_runs {
    struct names_run *items;
    size_t n, cap;
};

/* Bad stretches and refused records, until a note behind them says that they were on the disk once: sectors
 * go there in any order, so after a power cut sound records may stand behind torn ones. */
struct names_suspects {
    size_t at[NAMES_SUSPECTS_MAX];
    size_t n, n_all, n_damaged;
    uint64_t noted;   /* what the last note says */
    size_t names_end; /* behind the last record that is no note */
};

/* What a reading leaves. */
struct names_reading {
    struct names_suspects suspects;
    struct names_runs runs;
};
void names_record_done(struct names_reading *reading);

uint32_t names_record_version(const uint8_t *bytes);
/* The header, or records that speak for themselves: a damaged header costs nothing. Before
 * names_record_parse. err: as names_log_parse. */
MUST_CHECK bool names_record_begin(const void *bytes, size_t n, struct names_reading *reading,
                                   struct err *err);
/* The records: those behind damage are found again. Returns up to where sound ones reach. */
size_t names_record_parse(const void *bytes, size_t n, const struct names_log_reader *reader,
                          struct names_reading *reading);
/* The records of the runs, each class twice. */
void names_record_copy(const void *bytes, const struct names_runs *runs, struct buf *out);
