/* The sections [hook SOURCE/NAME] of plumb.conf. At start. */
#pragma once

#include "base/ini.h"
#include "hooks/hooks.h"

/* All of them, in the arena; secrets named as file:PATH are read now.
 *   err  ERR_INPUT "file:line: ...": an unknown source or key (with the nearest one), a bad glob or
 *        value; ERR_IO a file of secrets */
MUST_CHECK bool hook_config_read(const struct ini *ini, struct arena *arena, struct hook **out,
                                 size_t *out_n, struct err *err);
