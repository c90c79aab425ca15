/* What git would say in the current folder, read from its files: starting git twice takes longer than all else
 * that a deploy does. Only where its files are plain and nothing is set that could make git answer otherwise:
 * false means "ask git". A wrong revision is worse than a slow one. Tells nothing. Thread: main. */
#pragma once

#include "base/arena.h"

/* As `git config user.name`; never empty. */
MUST_CHECK bool git_here_name(struct arena *arena, const char **out);
/* As `git rev-parse --short HEAD`; "" outside of a work tree. */
MUST_CHECK bool git_here_rev(struct arena *arena, const char **out);
