/* Which changes have to do with which metrics: what a graph of them is to show. Pure; thread: any. */
#pragma once

#include "impact/rules.h"
#include "model/change.h"

/* Metrics, by their names; some may be there more than once. And the targets that were made of them, as
 * typed: a verdict may name a target. */
struct concerns_metrics {
    const char *const *names;
    size_t n_names;
    const char *const *targets;
    size_t n_targets;
};

/* For each change of the list: is one of the metrics its service's own, or among those that its newest
 * verdict says moved, or is it of no service at all, and so of all of them? One for each, in the arena.
 * Series of changes (events.deploy.website) are no metrics. */
bool *concerns_find(const struct impact_rules *rules, const struct concerns_metrics *metrics,
                    const struct change_list *changes, struct arena *arena);
