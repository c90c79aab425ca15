/* Targets in, series out: the target grammar, the function table, the evaluator, and the time grammar
 * of from and until. Pure but for the source and the changes handed in. Thread: any; one request is
 * one thread with its own arena. */
#pragma once

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/tz.h"
#include "model/change.h"
#include "model/source.h"

struct query_limits {
    size_t n_series_max;     /* "query.max-series" */
    size_t n_points_max;     /* "query.max-points": all values alive at once */
    unsigned n_depth_max;    /* "query.max-depth": nesting of calls */
    size_t target_bytes_max; /* "query.max-target-bytes" */
    int64_t time_us_max;     /* "query.max-time" */
};
struct query_limits query_limits_default(void);

/* What outlives a request. */
struct query_env {
    struct source source;
    struct changes changes;
    struct query_limits limits;
    struct clock clock; /* only for the time limit; now comes with the request */
};

struct query_template {
    const char *key, *value;
};

/* Names of the series that were read, in the order of reading; one may be there more than once. */
struct query_leaves {
    const char **items;
    size_t n, cap;
};

struct query_request {
    int64_t from_s, until_s, now_s; /* Graphite's: points with from < t <= until */
    const struct tz *tz;
    double x_files_factor; /* xFilesFactor= of the request; NaN: not given */
    const char *const *targets;
    size_t n_targets;
    const struct query_template *templates; /* template[key]=value */
    size_t n_templates;
    /* Has whoever asked gone? Looked at where the time limit is. NULL: stays. */
    bool (*is_gone)(const void *self);
    const void *is_gone_self;
    struct query_leaves *leaves; /* gets what the targets read, in the arena; NULL: not wanted */
};

/* All targets' series, in order.
 *   err  ERR_INPUT: where and why ("target 1, position 7: expected ')'"), unknown function with the
 *        nearest name in the hint; ERR_LIMIT with the limit's name; ERR_BUSY: nobody waits any more */
MUST_CHECK bool query_run(const struct query_env *env, const struct query_request *request,
                          struct arena *arena, struct series_list *out, struct err *err);

/* Some series have no name in Graphite (verticalLine without a label): JSON shows null. */
bool query_is_unnamed(const struct series *series);

/* Graphite's time grammar: epoch, -1h, now-1d, noon_yesterday, 20260301, ... Result in seconds.
 * err: ERR_INPUT with the text and what was expected. */
MUST_CHECK bool query_parse_time(const char *text, const struct tz *tz, int64_t now_s,
                                 int64_t *out_s, struct err *err);

/* maxDataPoints as Graphite's JSON does it (its first bucket is lost, see docs/graphite.md); series
 * are replaced by consolidated copies. n_max >= 1. */
void query_consolidate(struct series_list *list, size_t n_max, struct arena *arena);

/* /functions: all (grouped or not), one, or false when there is none of that name. */
void query_write_functions(struct jsonw *json, bool is_grouped, const char *group);
MUST_CHECK bool query_write_function(struct jsonw *json, const char *name);
/* Names of all functions, sorted; lent for ever. */
const char *const *query_function_names(size_t *out_n);
