/* Time zones by name from the system's zoneinfo. Loaded once, kept for the life of the process.
 * Thread: any. */
#pragma once

#include "base/err.h"
#include "base/tz.h"

/* NULL when there is no such zone (names with ".." or a leading '/' never exist). */
const struct tz *zone_find(const char *name);
/* $TZ, else /etc/localtime, else UTC. */
const struct tz *zone_local(void);
