/* Keeps signals from the calling thread, and from threads it starts meanwhile. */
#pragma once

#include <signal.h>

#include "base/base.h"

struct hold {
    sigset_t before;
    bool had_pipe;
};

void hold_begin(struct hold *hold);
/* A peer that went away mid-sentence is an error of that exchange, not the end of the process: a SIGPIPE
 * of meanwhile is forgotten. What else came is delivered now. */
void hold_end(const struct hold *hold);
