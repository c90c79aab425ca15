/* This machine's own metrics from /proc, and plumb's own, every 10 s, into the sink. One thread. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "model/sink.h"

struct collect;

struct collect_value {
    const char *name;
    double value;
};

struct collect_options {
    struct sink sink;
    struct clock clock;
    bool host;            /* servers.<hostname>.{load,cpu,...}: see sampler.h */
    bool self;            /* plumb.<hostname>... from self_values */
    int64_t interval_s;   /* 10 */
    const char *proc_dir; /* "/proc"; tests give their own */
    const char *hostname; /* NULL: the machine's, dots as underscores */
    /* Fills at most n_max values; returns how many. */
    size_t (*self_values)(void *self, struct collect_value *out, size_t n_max);
    void *self_values_self;
};

/* The first sample is taken at once (rates come with the second), the next ones at whole multiples of the
 * interval. A sink without a writer for us is logged: metrics of our own never stop the program.
 * err: ERR_IO (no thread). The strings are borrowed until collect_stop. */
MUST_CHECK bool collect_start(const struct collect_options *options, struct collect **out,
                              struct err *err);
void collect_stop(struct collect *collect); /* NULL is fine */
