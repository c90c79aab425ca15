/* Verdicts in sentences, for whoever tells people of them. Names of metrics stand as they are: who shows them
 * on a terminal or in a chat cleans them. Pure. */
#pragma once

#include "base/buf.h"
#include "model/verdict.h"

/* Three digits or so: "0.35", "412", "12.3k", "4.1M", "-7"; "?" for a gap. */
void verdict_say_number(double value, struct buf *out);
/* Of what it was before, the smallest effect that would have been seen: "4%"; "+3" of a level of 0; "?" when
 * that is not known. */
void verdict_say_power(const struct verdict_metric *metric, struct buf *out);
/* One sentence, without a name before and a point behind it: "harm: php.warnings x37, logins.ok -31%",
 * "no harm: 42 metrics checked, would have seen 4% on logins.ok", "pending: nothing has moved so far, 42 metrics
 * checked", "cannot tell: REASON". */
void verdict_say(const struct verdict *verdict, struct buf *out);
