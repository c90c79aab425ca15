/* When did one metric move, and which changes explain it. Thread: any. */
#pragma once

#include "impact/impact.h"

/* As impact_why says. */
MUST_CHECK bool why_ask(const struct impact_options *options, const struct why_question *question,
                        struct arena *arena, struct why *out, struct err *err);
