/* Arguments to parameters: puts them into place and converts them as the descriptor says. */
#pragma once

#include "query/eval.h"

/* Room for the values of n_given positional arguments; call->function is set. */
void bind_init(struct call *call, size_t n_given);

/* The parameter's place for a keyword.
 *   err  ERR_INPUT: no such parameter (the nearest name in the hint), or it has a value already */
MUST_CHECK bool bind_keyword(const struct call *call, const char *keyword, size_t *out,
                             struct err *err);

/* The descriptor of value i. */
const struct param *bind_param(const struct function *function, size_t i);
/* How many parameters the function declares. */
size_t bind_n_params(const struct function *function);

/* Converts what is there and fills in the fallbacks.
 *   err  ERR_INPUT naming function, parameter, what is expected and what was there */
MUST_CHECK bool bind_finish(struct call *call, struct err *err);

/* What PARAM_AGG_FUNC takes, sorted. */
const char *const *bind_aggregations(size_t *out_n);

/* The value of a fallback's JSON text. */
struct value bind_fallback(const char *json, struct arena *arena);
