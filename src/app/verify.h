/* `plumb verify`: is what the data folder holds what was written? */
#pragma once

#include "cli/cli.h"

extern const struct command verify_command;
