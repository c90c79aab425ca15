/* What a server is told: flags, then plumb.conf, then defaults. One table holds every key with its flag,
 * section, default and help text, so that --help, messages and docs cannot drift from the code. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ini.h"

struct config {
    const char *config_file; /* "" : none */
    const char *data, *http, *line, *pickle, *statsd, *schemas, *aggregation, *time_zone;
    const char *url; /* where people reach this server; "" at its http address */
    const char *cors, *events, *template_name, *collect_host, *collect_self;
    int64_t threads, fsync_interval_ms, max_creates_per_minute, max_series, max_points, max_time_ms;
    int64_t hide_idle_after_s; /* 0: off */
    /* The whole file, for the sections that their folders read themselves: [hook NAME], [announce NAME].
     * Without a file it has no sections. */
    struct ini ini;
};

/* Reads flags (argv[0] is the command) and the file that --config names; strings in the arena.
 *   err  ERR_INPUT: an unknown flag or key (with the nearest one), a bad value, file:line */
MUST_CHECK bool config_read(int argc, char **argv, struct arena *arena, struct config *out,
                            struct err *err);

/* The flags' part of `plumb serve --help`. */
const char *config_help(struct arena *arena);
