/* The C side of libstdc++'s <charconv>: correctly rounded, no locale. Private to num.c. Thread: any. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Each writes at most cap bytes, not ended by NUL, and returns how many; 0 if they do not fit. */

/* The shortest digits that read back the same, as d.ddde-XX. */
size_t num_chars_shortest(char *out, size_t cap, double value);
/* C's "%.<digits>g" and "%.<decimals>f". */
size_t num_chars_general(char *out, size_t cap, double value, int digits);
size_t num_chars_fixed(char *out, size_t cap, double value, int decimals);

enum num_chars_result { NUM_CHARS_OK, NUM_CHARS_INVALID, NUM_CHARS_OUT_OF_RANGE };

/* Reads all n bytes as a decimal number without a leading '+'. *out is untouched unless it is OK. */
enum num_chars_result num_chars_read(const char *text, size_t n, double *out);

#ifdef __cplusplus
}
#endif
