/* Reading other people's JSON: paths are names with dots ("deployment.creator.login"). What is missing,
 * null or of another type is "" or 0: only what a change cannot do without is worth a refusal. */
#pragma once

#include <jansson.h>

#include "hooks/hooks.h"

/* The call's JSON; of pick_parse only an object is right. For a json_auto_t, also on false. err:
 * ERR_INPUT, with line and column. */
MUST_CHECK bool pick_any(const struct hook_call *call, json_t **out, struct err *err);
MUST_CHECK bool pick_parse(const struct hook_call *call, json_t **out, struct err *err);

const json_t *pick_at(const json_t *from, const char *path); /* NULL: none. Lent */
/* A text, or a whole number or truth as one; in the arena. "" also for what a template writes where it
 * has nothing ("<no value>"). */
const char *pick_text(const struct hook_call *call, const json_t *from, const char *path);
/* The first of two that is not "". */
const char *pick_either(const struct hook_call *call, const json_t *from, const char *path,
                        const char *other);
/* The time there, as stamp.h reads it; 0 when there is no text. err: ERR_INPUT, naming the path. */
MUST_CHECK bool pick_time(const struct hook_call *call, const json_t *from, const char *path,
                          int64_t *out_ms, struct err *err);
int64_t pick_i64(const json_t *from, const char *path);
bool pick_is_true(const json_t *from, const char *path);
/* err: ERR_INPUT naming the path. */
MUST_CHECK bool pick_need(const struct hook_call *call, const json_t *from, const char *path,
                          const char **out, struct err *err);
