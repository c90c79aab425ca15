/* Which change moved a metric, in one line for a chat. Pure. */
#pragma once

#include "base/tz.h"
#include "impact/impact.h"

/* "logins.ok fell 31% at 14:06 (412 -> 284): website 4f2c1e9 by nora 86%, checkout new_cart by sam 11%",
 * or that none of our changes explains it, that it did not move, that there is not enough data. In the arena. */
const char *why_line(const struct why *why, const struct tz *tz, struct arena *arena);
