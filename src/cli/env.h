/* The environment that the program was started with. Thread: any; nobody here ever changes it. */
#pragma once

#include "base/base.h"

/* The variable's value; NULL when it is not set, or empty. Lent for the life of the process. */
const char *env_get(const char *name);
/* Is there a variable whose name begins with prefix, but with none of the n in `but`? */
bool env_has_prefix(const char *prefix, const char *const *but, size_t n);
