/* One change, all of it, for people. Pure. */
#pragma once

#include "cli/log_text.h"

/* A line a fact, what is not known left out; data at the end, indented. Nothing of what others wrote can
 * move the cursor. Of the look only has_colour, has_utf8, tz and now_ms count. */
void show_text(const struct change *change, const struct log_text_look *look, struct buf *out);
/* What log --full shows below a change's line: message, verdict and data, indented. */
void show_text_below(const struct change *change, const struct log_text_look *look,
                     struct buf *out);
