/* Python-flavoured regular expressions on PCRE2 with JIT and a match limit, so that no pattern from
 * outside can run away. A compiled regex may be shared by threads. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct regex;

/* err: ERR_INPUT with the position and reason. */
MUST_CHECK bool regex_compile(const char *pattern, struct regex **out, struct err *err);
void regex_free(struct regex *regex);

/* re.search / re.match (anchored at the start only). A run-away match counts as no match. */
bool regex_search(const struct regex *regex, const char *text, size_t n);
bool regex_match(const struct regex *regex, const char *text, size_t n);

/* re.sub: every match replaced; \1, \g<1>, \g<name> in replacement. Result in the arena.
 * err: ERR_INPUT for a group that does not exist, ERR_LIMIT past 1 MiB. */
MUST_CHECK bool regex_sub(const struct regex *regex, const char *replacement, const char *text,
                          struct arena *arena, const char **out, struct err *err);
