/* `plumb serve`: everything wired together, until a signal ends it. */
#pragma once

#include "cli/cli.h"

extern const struct command serve_command;
