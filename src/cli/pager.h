/* Long text a screen at a time. */
#pragma once

#include "base/base.h"

/* All of text to stdout: through $PLUMB_PAGER, $PAGER or `less -FRX` when stdout is a terminal and
 * wanted, else as it is ("cat" and "" are no pager). False: it could not be written, which has been told.
 *   command  for what is told */
MUST_CHECK bool pager_out(const char *command, const char *text, bool is_wanted);
