/* Who is at the keyboard, and which revision lies here. Nothing of this can fail, or take long. */
#pragma once

#include "base/arena.h"

/* $PLUMB_BY, git's user.name, $USER; "" when none is set. */
const char *origin_by(struct arena *arena);
/* The short name of HEAD when the current folder is in a git work tree, else "". */
const char *origin_rev(struct arena *arena);
