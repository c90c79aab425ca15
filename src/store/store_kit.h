/* For the tests of the store only: a store beside the plain array it must agree with. A test includes
 * store_kit.c, which is part of no library. */
#pragma once

#include "store/shared.h"

enum { STORE_KIT_SERIES = 12 };

struct store_kit {
    const char *dir;
    struct schemas *schemas;
    struct shared_tuning tuning;
    struct store *store;
    struct sink_writer *writer;
    uint32_t ids[STORE_KIT_SERIES];
    uint32_t step_s, first_slot, n_slots; /* of the array */
    double *values[STORE_KIT_SERIES];     /* gaps NaN */
};

/* retentions as in storage-schemas.conf; the array begins at first_s. Ended by store_kit_done. */
void store_kit_init(struct store_kit *kit, const char *retentions, const char *aggregation,
                    int64_t first_s, uint32_t n_slots);
void store_kit_done(struct store_kit *kit);
/* Opens kit->dir and resolves the series; bare: only opens it, with the writer. */
bool store_kit_open(struct store_kit *kit);
bool store_kit_open_bare(struct store_kit *kit);
struct store_options store_kit_options(const struct store_kit *kit);
void store_kit_close(struct store_kit *kit);
/* Kills the process, as far as the disk is concerned: kit->dir is a copy of the folder, which a crash opens. */
void store_kit_kill(struct store_kit *kit);
void store_kit_crash(struct store_kit *kit);

/* Puts a point into both; the fate. Not committed. */
enum sink_fate store_kit_put(struct store_kit *kit, size_t series, int64_t at_s, double value);
void store_kit_commit(struct store_kit *kit);
/* Values as tests like them: short decimals, counters, full doubles, negatives, repeats. */
double store_kit_value(void);
/* Reads all series whole and compares; true if they agree. Prints the first difference. */
bool store_kit_agrees(struct store_kit *kit);
/* Values of one series; n_out at most n. */
struct series *store_kit_read(struct store_kit *kit, size_t series, int64_t from_s, int64_t until_s,
                              int64_t age_s);
/* All series of the store, each read alone; NULL where one has nothing. */
struct series **store_kit_read_all(const struct store_kit *kit, const struct source_span *span,
                                   size_t *out_n);
/* Copies a folder with its folders. */
void store_kit_copy(const char *from, const char *to);
/* What `plumb verify` says of a folder; prints what is wrong. */
bool store_kit_is_sound(const char *dir);
int64_t store_kit_now_s(void);
