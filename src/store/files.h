/* The block files that count, as versions: a version never changes and is kept by reference while
 * somebody reads, so readers and the keeper do not wait for each other. A dropped file is unlinked at
 * once; its mapping lives until the last version with it is gone. Thread: any, unless said. */
#pragma once

#include "base/err.h"
#include "store/block.h"
#include "store/manifest.h"

enum {
    FILES_PARTITION_SLOTS = 8640, /* of every archive: a day of 10 s, six days of minutes */
};

struct files_item {
    struct manifest_file info;
    struct block *block;
    const void *map;
    size_t n_bytes;
    char *path;
    unsigned n_refs; /* versions that hold it; under the lock of struct files */
    bool is_bad;     /* atomic: a reader met damage; the keeper looks after it */
    int64_t seen_us; /* when a merge first looked at it (merge.c); 0: not yet. Thread: keeper */
};

struct files_version {
    unsigned n_refs;
    size_t n;
    struct files_item **items;                /* by (class, level, partition, generation) */
    int64_t (*floors_s)[SCHEMA_ARCHIVES_MAX]; /* by class; 0: as the class was created */
};

struct files;

/* corrupt_dir NULL: to look only, what is damaged stays where it is. */
MUST_CHECK struct files *files_new(const char *dir, const char *corrupt_dir);
void files_free(struct files *files);

/* "<dir>/c<class>-a<level>-p<partition>-g<generation>.blk", freed by the caller. */
MUST_CHECK char *files_path(const struct files *files, const struct manifest_file *file);
/* What a name of that form means; false: it is none. */
MUST_CHECK bool files_parse_name(const char *name, struct manifest_file *out);

/* Maps a file. A damaged or missing one is moved to the corrupt folder, counted, and *out is NULL.
 *   err  ERR_IO; ERR_REFUSED a newer version wrote it */
MUST_CHECK bool files_open(struct files *files, const struct manifest_file *file,
                           struct files_item **out, struct err *err);
/* An item that was never installed. NULL is fine. */
void files_item_free(struct files_item *item);
/* Moves a file aside and counts it. */
void files_set_aside(struct files *files, const char *path);

/* The version becomes: without the generations in drop, with the n_add items (handed over).
 * floors of state's classes are copied. Thread: keeper. */
void files_install(struct files *files, struct files_item *const *add, size_t n_add,
                   const uint64_t *drop, size_t n_drop, const struct manifest_state *state);

MUST_CHECK struct files_version *files_ref(struct files *files);
void files_unref(struct files *files, struct files_version *version);
/* The items of one partition, oldest first: items[*out_first] and on. */
size_t files_range(const struct files_version *version, uint16_t class_no, uint8_t level,
                   int64_t partition, size_t *out_first);
/* All items of a level of a class, by partition: items[*out_first] and on. */
size_t files_level(const struct files_version *version, uint16_t class_no, uint8_t level,
                   size_t *out_first);

void files_mark_bad(struct files *files, struct files_item *item);
/* Items marked and not yet dropped. */
size_t files_n_bad(const struct files *files);
uint64_t files_n_corrupt(const struct files *files); /* set aside since the start */
uint64_t files_bytes(struct files *files, size_t *out_n);
