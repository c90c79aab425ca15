/* When each series last had a point in a file, so that a search may leave out what is silent. Four bytes a
 * series. What is in memory is looked at when it matters. From the files of an earlier run the keeper
 * takes it after the start, at the resolution of their windows; until then no series is left out.
 * Thread: any, unless said. */
#pragma once

#include "model/source.h"

struct idle;
struct store;

MUST_CHECK struct idle *idle_new(void);
void idle_free(struct idle *idle); /* NULL is fine */

/* A series that there is from now on; at_s: what it counts from, 0 when that is in the files. Under the
 * creation lock of the names. */
void idle_add(struct idle *idle, uint32_t id, int64_t at_s);
/* It had a point at that time. Without idle_add before, nothing happens. Thread: keeper. */
void idle_raise(struct idle *idle, uint32_t id, int64_t at_s);
/* Takes it from the files once. Thread: keeper. */
void idle_load(struct store *store);

/* A search over a span. */
struct idle_ask {
    struct store *store;
    uint32_t since_s;
    bool has_late; /* points in lists and panes to be looked at */
};
/* False: nothing is to be left out. */
MUST_CHECK bool idle_ask_init(struct idle_ask *ask, struct store *store,
                              const struct source_span *span);
/* self is a struct idle_ask: had the series a point since then, or one in memory? */
bool idle_is_alive(void *self, uint32_t id);
