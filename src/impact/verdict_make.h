/* From what was found of each metric to the verdict on the change. Pure. */
#pragma once

#include "model/change.h"
#include "model/verdict.h"

enum {
    VERDICT_MAKE_MOVED_MAX = 100,
    VERDICT_MAKE_UNMOVED_MAX = 50,
    VERDICT_MAKE_TEXTS_MAX = 100, /* names without data, ids of others */
};

/* Why one metric was not judged; as panel.h has it, and what weigh.h refuses. */
enum verdict_make_lack {
    LACK_NONE = 0,
    LACK_UNKNOWN,   /* there is no such series */
    LACK_NO_POINTS, /* before the change */
    LACK_SHORT,     /* under two hours of them */
    LACK_SILENT,    /* none since the change */
    LACK_WAITING,   /* none since the change yet */
    LACK_GAPS,
    LACKS
};

struct verdict_make_item {
    struct verdict_metric metric;
    enum verdict_make_lack lack; /* then of metric only the name and is_vital are set */
    bool is_asked; /* by name: its lack is told; of others only that they fell silent */
    bool has_moved;
    bool rings;                 /* the live gate's alarm, which is sure enough by itself */
    double chance;              /* that this change moved it, 0..1 */
    const struct change *rival; /* one that explains it about as well, or NULL */
};

struct verdict_make_facts {
    const struct change *change;
    struct verdict_make_item *items; /* sorted by the call */
    size_t n;
    const struct change *neighbours; /* in its windows, nearest first */
    size_t n_neighbours;
    int64_t span_s, history_s; /* how long it took; points before it, the most of all metrics */
    bool is_over, has_begun, is_running; /* its horizon; the change */
    bool is_broad;                       /* most metrics of others moved at one time */
    bool is_late_only; /* it took so long that only what came after its end was looked at */
    size_t n_looked_at, n_known; /* metrics; of those that are known */
    bool is_too_many;            /* to look at all names */
    double false_alarms;
};

/* Fills state, lists and reasons; the rest of io is left. Strings lent from the facts or in the arena. */
void verdict_make(const struct verdict_make_facts *facts, struct arena *arena, struct verdict *io);
