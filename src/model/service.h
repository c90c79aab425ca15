/* How a service may be called, where others named it. Pure. */
#pragma once

#include "base/arena.h"

/* A name in letters that a change's service may have, of at most CHANGE_FIELD_MAX bytes: lower case, one
 * '-' for each run of others; "" when nothing is left. Slashes stay: "Web Shop/API" is "web-shop/api". */
const char *service_slug(const char *name, struct arena *arena);
