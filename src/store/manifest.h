/* MANIFEST: which block files count, how far each class is sealed, and which part of the log they
 * cover. A log of edits, each with a checksum and applied whole or not at all; a bad tail is cut.
 * Format: docs/formats/manifest.md. Thread: the keeper (and whoever opens the store). */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "store/head.h"

enum { MANIFEST_VERSION = 1, MANIFEST_HEADER_BYTES = 32 };

struct manifest_file {
    uint64_t generation; /* unique; later wins where files overlap */
    uint64_t bytes;
    int64_t partition;
    uint16_t class_no;
    uint8_t level;
};

/* Points of a class with slot >= sealed were head points as long as their lsn is at least `lsn` and
 * below that of the next entry. */
struct manifest_seal {
    uint32_t sealed;
    uint64_t lsn;
};

struct manifest_class {
    struct manifest_seal
        *seals; /* by lsn; the last one holds now. Empty: as the class was created */
    size_t n_seals, cap_seals;
    uint64_t checkpoint_lsn;              /* head points below are in files */
    int64_t floor_s[SCHEMA_ARCHIVES_MAX]; /* level i holds nothing below; 0: as created */
};

struct manifest_state {
    struct manifest_file *files; /* by (class, level, partition, generation) */
    size_t n_files, cap_files;
    struct manifest_class classes[HEAD_CLASSES_MAX];
    uint64_t late_lsn; /* late points below are in files */
    uint64_t next_generation;
};

/* One group of changes. */
struct manifest_edit {
    struct buf ops; /* private */
};
void manifest_edit_init(struct manifest_edit *edit);
void manifest_edit_done(struct manifest_edit *edit);
void manifest_add_file(struct manifest_edit *edit, const struct manifest_file *file);
void manifest_drop_file(struct manifest_edit *edit, uint64_t generation);
void manifest_set_sealed(struct manifest_edit *edit, uint16_t class_no, uint32_t sealed,
                         uint64_t lsn);
void manifest_set_checkpoint(struct manifest_edit *edit, uint16_t class_no, uint64_t lsn);
void manifest_set_floor(struct manifest_edit *edit, uint16_t class_no, uint8_t level,
                        int64_t floor_s);
void manifest_set_late(struct manifest_edit *edit, uint64_t lsn);

void manifest_state_done(struct manifest_state *state);

/* Applies the edits in n bytes to a zeroed state. Sound edits behind damage are applied too.
 *   out_good_bytes  up to here the last sound edit reaches; what follows is a torn tail or nothing
 *   out_is_damaged  there is a bad stretch before that
 *   err  ERR_CORRUPT the header; ERR_REFUSED a newer version wrote it (the text says which) */
MUST_CHECK bool manifest_parse(const void *bytes, size_t n, struct manifest_state *state,
                               size_t *out_good_bytes, bool *out_is_damaged, struct err *err);

/* Where the first bytes are that belong to no sound edit; n: there are none. */
size_t manifest_first_bad(const void *bytes, size_t n);

struct manifest;

/* Opens or creates dir/MANIFEST; a bad tail is cut off. *out_is_damaged: edits are missing, so files
 * that it does not know may count all the same; the file itself was copied to corrupt_dir.
 *   err  as manifest_parse; ERR_IO */
MUST_CHECK bool manifest_open(const char *dir, const char *corrupt_dir, bool *out_is_damaged,
                              struct manifest **out, struct err *err);
/* Of this generation on it is not known what was there: its end was cut off. */
uint64_t manifest_unknown(const struct manifest *manifest);
/* To look at it only: a bad tail stays, nothing may be committed. err: also ERR_MISSING. */
MUST_CHECK bool manifest_open_read(const char *dir, bool *out_is_damaged, struct manifest **out,
                                   struct err *err);
void manifest_close(struct manifest *manifest);
/* Writes a new file, synced, that holds the state as it is now. */
MUST_CHECK bool manifest_copy(const struct manifest *manifest, const char *path, struct err *err);
const struct manifest_state *manifest_state(const struct manifest *manifest);
/* A generation for a new file. */
uint64_t manifest_generation(struct manifest *manifest);

/* Appends the edit, syncs, applies it to the state. On false nothing was applied; the next commit
 * first writes the whole state anew. */
MUST_CHECK bool manifest_commit(struct manifest *manifest, const struct manifest_edit *edit,
                                struct err *err);
/* Forgets seals that no batch at or above low_lsn needs. */
void manifest_prune(struct manifest *manifest, uint16_t class_no, uint64_t low_lsn);
