/* Retention and aggregation rules, as carbon's storage-schemas.conf and storage-aggregation.conf say
 * them: first match wins, in file order. Pure once read; thread: any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { SCHEMA_ARCHIVES_MAX = 8 };

enum aggregation {
    AGGREGATE_AVERAGE = 0,
    AGGREGATE_SUM,
    AGGREGATE_LAST,
    AGGREGATE_MAX,
    AGGREGATE_MIN,
    AGGREGATE_AVG_ZERO,
    AGGREGATE_ABSMAX,
    AGGREGATE_ABSMIN,
};

struct archive {
    uint32_t step_s;
    uint32_t n_points; /* retention = step_s * n_points */
};

/* What one series is kept as. */
struct schema {
    struct archive archives[SCHEMA_ARCHIVES_MAX]; /* finest first */
    size_t n_archives;
    enum aggregation aggregation;
    double x_files_factor;
};

struct schemas;

/* Reads both files' texts (NULL: that file is not given; built-in default 10s:2d,1m:60d,10m:5y,
 * average, xFilesFactor 0). A name that no section matches has the default too, but with carbon's
 * xFilesFactor 0.5 once an aggregation file is given. File names are for messages. Memory: heap,
 * schemas_free.
 *   err  ERR_INPUT "file:line: what": bad pattern, unit, retention that does not divide, ... */
MUST_CHECK bool schemas_parse(const char *schemas_file, const char *schemas_text,
                              const char *aggregation_file, const char *aggregation_text,
                              struct schemas **out, struct err *err);
void schemas_free(struct schemas *schemas);

/* The rule for a canonical name. *out_is_default (may be NULL): no [section] of the
 * schemas file matched, or there is none. */
struct schema schemas_find(const struct schemas *schemas, struct str name, bool *out_is_default);

/* Tells two sets of rules apart: the same for the same patterns, rules and order, whatever else the files
 * say. Never 0. It is stored, so its making must not change. */
uint64_t schemas_fingerprint(const struct schemas *schemas);

/* "10s:2d,1m:60d", by whisper's rules, into io's archives; the rest of io stays. err: ERR_INPUT. */
MUST_CHECK bool schema_parse_retentions(const char *text, struct schema *io, struct err *err);
bool schema_equal(const struct schema *a, const struct schema *b);
/* "10s:2d,1m:60d average 0.5", as short as the rules can be written, in the arena. */
const char *schema_text(const struct schema *schema, struct arena *arena);
const char *aggregation_name(enum aggregation how);
/* One value of n (gaps are NaN) by that rule and xFilesFactor, as whisper makes a coarser point of
 * finer ones; a gap when none or too few are known. */
double aggregate(const struct schema *schema, const double *values, size_t n);
