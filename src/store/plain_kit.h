/* For the tests of the store only: what Graphite's rules make of points, kept in plain arrays and worked
 * out afresh at each question. It knows nothing of heads, logs and files; of the engine only this:
 *   1. a point goes to the finest archive for which it is not before the archive's floor, nor before
 *      the floor of a coarser one; the coarsest has none
 *   2. a slot holds the last value that was written to it
 *   3. a slot of a coarser archive is aggregated from the next finer one from that one's floor on, if
 *      enough is known there; else it holds what was written or rolled up into it
 *   4. a new class counts its floors from now: each archive reaches back as far as it is long, but at
 *      least over what is recent (32 slots, in windows of 64)
 *   5. when a floor rises, what lies below it is rolled up, once, and whole partitions below it go
 * A test includes plain_kit.c, which is part of no library. */
#pragma once

#include "model/schema.h"

enum {
    PLAIN_KIT_LEVELS = 4,
    PLAIN_KIT_CLASSES = 64,
    PLAIN_KIT_SERIES = 64,
    PLAIN_KIT_PARTITION_SLOTS = 8640, /* of which a floor takes whole ones */
};

struct plain_kit_class {
    struct schema schema;
    int64_t floors_s[PLAIN_KIT_LEVELS]; /* of all levels but the last */
    int64_t
        gone_s; /* what lies before it has left the last level and may be gone, wholly or in part */
};

/* The slots of one archive of one series: absolute slot numbers, so that no time is out of range. */
struct plain_kit_cells {
    double **blocks[1 << 13];
};

struct plain_kit_series {
    unsigned class_no;
    struct plain_kit_cells *levels[PLAIN_KIT_LEVELS];
};

struct plain_kit {
    struct plain_kit_class classes[PLAIN_KIT_CLASSES];
    struct plain_kit_series series[PLAIN_KIT_SERIES];
    unsigned n_classes, n_series;
};

void plain_kit_done(struct plain_kit *plain);

/* The class of this rule; a new one counts its floors from now_s. */
unsigned plain_kit_class(struct plain_kit *plain, const struct schema *schema, int64_t now_s);
unsigned plain_kit_series(struct plain_kit *plain, unsigned class_no);
const struct plain_kit_class *plain_kit_class_of(const struct plain_kit *plain, unsigned series);
int64_t plain_kit_retention_s(const struct schema *schema, size_t level);

/* Where a point of that time goes. */
size_t plain_kit_level(const struct plain_kit_class *of, int64_t at_s);
/* What was written or rolled up into a slot itself. */
double plain_kit_own(const struct plain_kit *plain, unsigned series, size_t level, int64_t slot);
void plain_kit_set(struct plain_kit *plain, unsigned series, size_t level, int64_t slot,
                   double value);
/* What a reader of this archive must get. */
double plain_kit_get(const struct plain_kit *plain, unsigned series, size_t level, int64_t slot);
/* The first second >= at_s about which a slot of this level or a finer one may know something;
 * INT64_MAX: none. A hint to where data is: it may be early. */
int64_t plain_kit_next_s(const struct plain_kit *plain, unsigned series, size_t level,
                         int64_t at_s);

/* The floor of a level rises to floor_s, a multiple of the next level's step. */
void plain_kit_floor_raise(struct plain_kit *plain, unsigned class_no, size_t level,
                           int64_t floor_s);
/* One value of n by Whisper's rules. */
double plain_kit_aggregate(const struct schema *schema, const double *values, size_t n);
