/* Times as other programs write them. Pure. */
#pragma once

#include "base/base.h"

/* Milliseconds since 1970 of "2019-05-15T15:20:53Z", with a fraction, an offset (+02:00, +0200), of
 * GitLab's "2021-04-28 21:50:00 +0200" and "2016-08-12 15:23:28 UTC". Without a zone: UTC.
 * 0: it is none of these; a change is not refused for its time. */
int64_t stamp_ms(const char *text);
