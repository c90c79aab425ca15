/* A verdict in a few words, the same at the terminal and in a chat room. Pure. */
#pragma once

#include "base/buf.h"
#include "model/verdict.h"

/* How far it moved: "x37" of what was to be expected, "-31%", "from 0 to 44", "erratic". */
void verdict_text_effect(const struct verdict_metric *metric, struct buf *out);
/* "4%", "0.4%"; nothing for NAN. */
void verdict_text_share(double share, struct buf *out);
/* "harm", "no harm", ..., HARM in capitals: it must be seen among the others. */
const char *verdict_text_state(enum verdict_state state);
