/* What IRC says besides text.h's sentences. Pure. */
#pragma once

#include "announce/channel.h"

/* "3m ago website PROD deploy 4f2c1e9 by nora, failed: fix login": a line of .last. In the arena. */
const char *irc_text_short(const struct change *change, int64_t now_ms, struct arena *arena);
