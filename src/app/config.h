/* What a server is told: flags, then plumb.conf, then defaults. One table holds every key with its flag,
 * section, default and help text, so that --help, messages and docs cannot drift from the code. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ini.h"

struct config {
    const char *config_file; /* "" : none */
    const char *data, *http, *line, *pickle, *statsd, *schemas, *aggregation, *time_zone;
    const char *url, *open_read, *trust_loopback, *line_changes;
    const char *line_allow; /* CIDR ranges with blanks or commas between them; "": everybody */
    const char *cors, *events, *template_name, *collect_host, *collect_self;
    int64_t threads, fsync_interval_ms, max_creates_per_minute, max_series, max_points, max_time_ms;
    int64_t hide_idle_after_s; /* 0: off */
    int64_t statsd_interval_s;
    const char *statsd_percents; /* for config_percents */
    const char *statsd_delete_idle;
    /* The whole file, for the sections that their folders read themselves: [hook NAME], [announce NAME], [impact].
     * Without a file it has no sections. */
    struct ini ini;
};

/* Reads flags (argv[0] is the command) and the file that --config names; strings in the arena.
 *   err  ERR_INPUT: an unknown flag or key (with the nearest one), a bad value, file:line */
MUST_CHECK bool config_read(int argc, char **argv, struct arena *arena, struct config *out,
                            struct err *err);

/* "90, 99.9, -10": at most n_max numbers from -100 to 100, none of them 0. False: it is not that. */
MUST_CHECK bool config_percents(const char *text, double *out, size_t n_max, size_t *out_n);

/* The flags' part of `plumb serve --help`. */
const char *config_help(struct arena *arena);
