/* Manual pages from the table of commands. Pure. */
#pragma once

#include "base/buf.h"
#include "cli/cli.h"

/* plumb.1 */
void man_text_all(const struct cli_table *all, struct buf *out);
/* plumb-NAME.1 */
void man_text_one(const struct command *command, struct buf *out);
