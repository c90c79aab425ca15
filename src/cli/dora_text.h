/* The answer of /api/v1/dora in words that people read. Pure. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/tz.h"

struct dora_text_look {
    bool is_tty;   /* else a table of services is tab-separated, without heading */
    bool has_utf8; /* else plain dashes */
    bool has_rows; /* the changes that were counted, too */
    const struct tz *tz;
};

/* json, n: what the server answered, for one service or by service. err: ERR_INPUT when it is something
 * else. */
MUST_CHECK bool dora_text(const char *json, size_t n, const struct dora_text_look *look,
                          struct buf *out, struct err *err);
