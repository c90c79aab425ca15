/* Values in words, as Python formats them in names. Texts are in the arena. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* Characters, not bytes. */
size_t words_length(const char *text);
/* Blanks behind the text up to that many characters. */
const char *words_pad(struct arena *arena, const char *text, size_t width);

/* "12.50", or "12.50 req" with units (NULL or "": none). */
const char *words_fixed(struct arena *arena, double value, const char *units);
/* "1.20k", "2.89 MiB": system "si" or "binary". units NULL: none, and no blank before the prefix; "" the
 * same. */
const char *words_units(struct arena *arena, double value, const char *system, const char *units);

/* Python's format % value for one float: %d %i %u %s %r %f %F %g %G with flags, width and precision.
 *   err  ERR_INPUT: another conversion, or not exactly one */
MUST_CHECK bool words_percent(struct arena *arena, const char *format, double value,
                              const char **out, struct err *err);
