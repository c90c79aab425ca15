/* How a source puts together what it read. */
#pragma once

#include "hooks/hooks.h"

/* Nothing yet. event is kept, not copied. */
void result_begin(struct hook_result *out, const char *event, const char *delivery);
/* True, so that `return result_ignore(out, "...")` reads as one thought. */
bool result_ignore(struct hook_result *out, const char *reason);
/* One more change: blank but for its kind and source. Lent until the next. */
struct change *result_change(const struct hook_call *call, struct hook_result *out,
                             enum change_kind kind, const char *source);
/* Copies both. Not for "", which says nothing; nor for more than a change takes. */
void result_tag(const struct hook_call *call, struct change *change, const char *key,
                const char *value);
/* One more commit, the newest so far; message: whole. Not for one without a sha. */
void result_commit(const struct hook_call *call, struct hook_result *out, const char *sha,
                   const char *message, int64_t at_ms);
