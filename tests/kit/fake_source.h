/* A source and changes made of arrays, for tests of whatever reads through the seams. Series are
 * given as tables; the counters say how often the source was asked. One thread. */
#pragma once

#include "model/change.h"
#include "model/source.h"

struct fake_series {
    const char *name; /* canonical; with tags it is found by tag only */
    int64_t start_s;  /* a multiple of step_s */
    int64_t step_s;
    const double *values; /* NAN: nothing stored */
    size_t n;
};

struct fake_source {
    const struct fake_series *items; /* any order; borrowed */
    size_t n;
    int64_t kept_s; /* how far back from now_s it keeps; 0: for ever */
    /* A second, coarser archive for asks whose age_s is greater than fine_s; 0: there is none.
     * Values of a coarse slot are the averages of the known fine ones. */
    int64_t fine_s, coarse_step_s;
    size_t n_finds, n_reads, n_leaves_read; /* calls so far, and series read */
};

/* Lent: fake must outlive it. */
struct source fake_source(struct fake_source *fake);

struct fake_changes {
    const struct change
        *items; /* any order; borrowed. Followers want each to have an id and a seq */
    size_t n;
    size_t n_lists;
};

struct changes fake_changes(struct fake_changes *fake);
