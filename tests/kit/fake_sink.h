/* A sink that remembers all it was given, refuses what a test tells it to, and can be waited for. Any
 * number of writers on any threads. */
#pragma once

#include "model/sink.h"

struct fake_sink;

/* The next calls that meet a full disk, and what else is refused. Zeroed: nothing is. */
struct fake_sink_faults {
    unsigned n_resolves, n_puts, n_commits; /* so many calls in a row from now on */
    size_t put_keeps;                       /* points that a failing put still takes */
    uint32_t oldest_s;                      /* points before it are SINK_TOO_OLD */
    size_t n_names_max;                     /* 0: any number; else SINK_NAME_LIMIT past it */
};

struct fake_sink_stats {
    size_t n_points, n_names, n_writers; /* writers open now */
    size_t n_resolves, n_resolved, n_puts, n_commits;
    size_t n_uncommitted; /* points since the writer's last good commit */
    size_t n_disk_fates;
};

MUST_CHECK struct fake_sink *fake_sink_new(void);
void fake_sink_free(struct fake_sink *fake);
struct sink fake_sink(struct fake_sink *fake);

void fake_sink_set_faults(struct fake_sink *fake, const struct fake_sink_faults *faults);
struct fake_sink_stats fake_sink_stats(struct fake_sink *fake);
/* Waits until at least n points are stored and everything is committed. False: not within 10 s. */
MUST_CHECK bool fake_sink_wait(struct fake_sink *fake, size_t n);

/* Deletes a series: its id is gone, its name free. is_told: n_renamings counts it; else not yet, as for
 * lines that were read before. */
void fake_sink_delete(struct fake_sink *fake, const char *name, bool is_told);

/* The i-th point stored; its canonical name is lent. */
struct fake_sink_point {
    const char *name;
    uint32_t at_s;
    double value;
};
struct fake_sink_point fake_sink_at(struct fake_sink *fake, size_t i);
/* Points of that name so far; *out_sum (may be NULL) adds up their values. */
size_t fake_sink_count(struct fake_sink *fake, const char *name, double *out_sum);
