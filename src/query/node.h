/* Nodes of series' names, for aliasByNode, groupByNode and their like. */
#pragma once

#include "base/str.h"
#include "query/function.h"

/* The first path expression inside a name such as "scale(sumSeries(a.b.*),2)": "a.b.*". NULL when the
 * first argument at some level is no path. A name that is no well-formed call counts as a path up to
 * its first parenthesis, quote or comma, as for Graphite's parser. In the arena. */
const char *node_first_path(struct arena *arena, const char *name);

/* Which nodes: the call's arguments from `first`, n of them; numbers (negative ones count from the end) or
 * tag names. */
struct node_args {
    size_t first, n;
};

/* Their texts joined by dots; a node or tag that there is not is "". In the arena. */
const char *node_key(struct call *call, const struct series *series, struct node_args args);

/* A list cut into groups of one key, in first-seen order. */
struct node_group {
    const char *key;
    struct series_list list;
};

struct node_groups {
    struct node_group *items; /* in the arena; moves when a group is added */
    size_t n, cap;
    struct map *numbers; /* by key: place in items, plus one */
};

void node_groups_init(struct node_groups *groups);
void node_groups_done(struct node_groups *groups);
/* The group of that key, made if it is new. */
struct node_group *node_groups_get(struct node_groups *groups, const char *key,
                                   struct arena *arena);
/* The group of that key or NULL. */
struct node_group *node_groups_find(const struct node_groups *groups, const char *key);
/* Groups a list by node_key. */
void node_groups_fill(struct node_groups *groups, struct call *call, const struct series_list *list,
                      struct node_args args);
