/* What IRC says of a change: Etsy's sentence, for each of its moments. Pure. */
#pragma once

#include "announce/channel.h"

/* "website PROD deployed by nora build: 4f2c1e9 took: 105 seconds diff: https://...". In the arena. */
const char *irc_text_message(const struct message *message);
/* "3m ago website PROD deploy 4f2c1e9 by nora, failed: fix login": a line of .last. In the arena. */
const char *irc_text_short(const struct change *change, int64_t now_ms, struct arena *arena);
