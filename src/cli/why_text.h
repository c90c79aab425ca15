/* The answer of /api/v1/why in words that people read. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/tz.h"

struct why_look {
    bool is_tty; /* else a tab-separated row for each suspect, without heading */
    bool has_colour;
    const struct tz *tz;
    int64_t window_s; /* in which changes were looked for */
};

/* json, n: what the server answered. On a terminal: what the metric did, the suspects with their reasons or
 * that none of our changes explains it, what could not be looked at, and what to type next. In a pipe: score,
 * id, kind, service, rev, by, start (UTC, ISO 8601), reasons; last a row for "none", of which only the score is
 * there. err: ERR_INPUT when it is something else */
MUST_CHECK bool why_text(const char *json, size_t n, const struct why_look *look,
                         struct arena *arena, struct buf *out, struct err *err);
