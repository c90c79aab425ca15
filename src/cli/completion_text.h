/* The scripts by which shells complete plumb's command line, from the table of commands. Pure. */
#pragma once

#include "base/buf.h"
#include "cli/cli.h"

void completion_text_bash(const struct cli_table *all, struct buf *out);
void completion_text_zsh(const struct cli_table *all, struct buf *out);
void completion_text_fish(const struct cli_table *all, struct buf *out);
