/* The inside of `plumb verify`: what its parts share. verify.c goes through the folder, verify_names.c,
 * verify_block.c and verify_log.c look at one file each.
 *
 * A server may change the folder all the while. Nothing that looks wrong is told before it has been
 * looked at again: what is only being written is whole a moment later, and what was merged or reused
 * is no longer named by the manifest. */
#pragma once

#include "base/arena.h"
#include "store/block.h"
#include "store/manifest.h"
#include "store/store.h"

enum {
    VERIFY_TRIES = 4, /* of something that may be written to right now */
    VERIFY_WAIT_US = 100000,
};

/* What names.log tells. */
struct verify_names {
    bool is_unread;  /* it could not be read, which was told; then nothing is said of ids */
    uint64_t *known; /* a bit an id */
    size_t n_words;
    uint64_t *hashes; /* of the names by id, 0: none; to find those that are there twice */
    size_t n_hashes;
    bool has_class[HEAD_CLASSES_MAX];
    struct schema schemas[HEAD_CLASSES_MAX];
    int64_t created_s[HEAD_CLASSES_MAX];
    uint64_t n_names, n_classes;
};
static inline bool verify_names_have(const struct verify_names *names, uint32_t id)
{
    return names->is_unread || (id / 64 < names->n_words && (names->known[id / 64] >> id % 64 & 1));
}

struct verify {
    const char *dir;
    const struct store_verifier *verifier;
    struct store_verified *out;
    struct arena arena; /* texts of the file in hand */
    struct manifest_state *state;
    struct verify_names *names;
    uint64_t n_done, n_told, n_all; /* bytes, for the progress */
    uint64_t *lsns;                 /* of all batches of the log */
    size_t n_lsns, cap_lsns;
};

/* ---- verify.c ---- */

/* "<dir>/<name>", in the arena. */
char *verify_path(struct verify *v, const char *name);
void verify_tell(struct verify *v, const struct store_finding *finding);
void verify_progress(struct verify *v, uint64_t n_bytes);
/* Reads a file once from end to end, so that what the disk cannot give comes as an error. */
MUST_CHECK bool verify_touch(struct verify *v, const char *path, struct err *err);
/* "2026-11-27 10:40 UTC", in the arena. */
const char *verify_time(struct verify *v, int64_t at_s);
/* Reads the manifest again into *out (to be ended by verify_state_free). */
MUST_CHECK bool verify_state_read(struct verify *v, struct manifest_state **out, struct err *err);
void verify_state_free(struct manifest_state *state);

/* ---- the others ---- */

/* Reads names.log into v->names; tells what is wrong with it. */
MUST_CHECK bool verify_names_read(struct verify *v, struct err *err);
/* As it stands now, without telling: for ids that came since. */
MUST_CHECK bool verify_names_again(struct verify *v, struct err *err);
void verify_names_free(struct verify_names *names);
/* The name of an id, in the arena; NULL: it has none. Slow: reads names.log. */
const char *verify_names_text(struct verify *v, uint32_t id);

MUST_CHECK bool verify_block_file(struct verify *v, const struct manifest_file *file,
                                  struct err *err);
MUST_CHECK bool verify_log_segment(struct verify *v, const char *name, struct err *err);
/* Commits that are in no segment although their points may be in no file. */
void verify_log_gaps(struct verify *v);
