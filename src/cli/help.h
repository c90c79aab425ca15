/* The help texts, from the table of commands. */
#pragma once

#include "base/buf.h"
#include "cli/cli.h"

/* `plumb --help`: the commands under their headings. */
void help_all(const struct command *const *commands, size_t n, struct buf *out);
/* `plumb NAME --help`. */
void help_one(const struct command *command, struct buf *out);
