/* Which way is bad, which metrics matter most, which are one question: the words of names, and before them
 * [impact] of plumb.conf. Pure; thread: any once read. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ini.h"
#include "model/glob.h"
#include "model/verdict.h"

struct impact_glob {
    const char *text;
    struct glob_path path; /* over the whole name without its tags; '*' crosses no dot */
};

struct impact_globs {
    const struct impact_glob *items;
    size_t n;
};

enum impact_bad { IMPACT_BAD_UNKNOWN, IMPACT_BAD_UP, IMPACT_BAD_DOWN };

struct impact_vital {
    struct impact_glob glob;
    enum impact_bad bad; /* unknown: as its name says */
};

struct impact_scope {
    const char *service;
    struct impact_globs globs; /* its own metrics */
};

struct impact_rules {
    const struct impact_vital *vitals; /* judged first and always listed */
    size_t n_vitals;
    const char *const
        *groups; /* targets like sumSeries(web.*.errors): one question instead of many */
    size_t n_groups;
    struct impact_globs members; /* paths in them: not asked one by one */
    struct impact_globs bad_up, bad_down, ignore;
    const struct impact_scope *scopes;
    size_t n_scopes;
    size_t n_metrics_max; /* of one change */
    double cpu_share;     /* of one core, at most, for the judge; 0: it is off */
};

/* No [impact]: 10,000 metrics, 5 %. */
struct impact_rules rules_default(void);

/* From the section [impact], if there is one; in the arena.
 *   err  ERR_INPUT "file:line: [impact] key: ...": what is allowed instead, or the nearest key */
MUST_CHECK bool rules_read(const struct ini *ini, struct arena *arena, struct impact_rules *out,
                           struct err *err);

/* "glob" or "glob:up" or "glob:down": which way is bad. err: ERR_INPUT. */
MUST_CHECK bool rules_parse_vital(const char *text, struct arena *arena, struct impact_vital *out,
                                  struct err *err);
/* A glob, or a tagged series' whole name. err: ERR_INPUT. */
MUST_CHECK bool rules_parse_glob(const char *text, struct arena *arena, struct impact_glob *out,
                                 struct err *err);

bool rules_glob_fits(const struct impact_glob *glob, const char *name);
bool rules_globs_fit(const struct impact_globs *globs, const char *name);
/* The first of them that fits, or NULL. */
const struct impact_vital *rules_find_vital(const struct impact_vital *vitals, size_t n,
                                            const char *name);

/* Is it harm that the metric (a name or a target) moved that way? vital: what fits it, or NULL. */
enum verdict_harm rules_harm(const struct impact_rules *rules, const struct impact_vital *vital,
                             const char *name, enum verdict_direction direction);

/* Is the metric the service's own? By scope.SERVICE; without one, one of its name's parts, or its tag
 * service, is the service or the last part of it. */
bool rules_in_scope(const struct impact_rules *rules, const char *service, const char *name);

/* The service that a metric belongs to: its tag service, else the second part of its name, or of two parts
 * the first. Lent from the name. */
struct str rules_service_of(const char *name);
