/* `plumb dump`: what the data folder holds of a series. */
#pragma once

#include "cli/cli.h"

extern const struct command dump_command;
