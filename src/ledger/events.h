/* The event series: every change's time and value in memory, by events.<kind>.<service>, so that a graph's
 * change lines cost no SQL. About 150 bytes a change. The ledger's writer puts, anyone reads.
 * Thread: any; one private lock, held for copying only. */
#pragma once

#include "model/change.h"
#include "model/schema.h"
#include "model/source.h"

struct events;

/* schemas: NULL or lent for the life of it. posted_apart: see ledger.h. */
MUST_CHECK struct events *events_new(const struct schemas *schemas, bool posted_apart);
void events_free(struct events *events);

/* A change as it now is: adds it, or moves the one of that id. */
void events_put(struct events *events, const struct change *change);

/* Has a change been put into the series of that name? */
bool events_has(struct events *events, const char *name);

struct source events_source(struct events *events);
