/* The heap. Running out of memory ends the program, so no call here returns NULL: a size that comes
 * from outside meets a named limit first. Thread: any. */
#pragma once

#include "base/base.h"

MUST_CHECK void *mem_alloc(size_t bytes);
MUST_CHECK void *mem_zalloc(size_t bytes);              /* zeroed */
MUST_CHECK void *mem_resize(void *block, size_t bytes); /* block may be NULL */
MUST_CHECK char *mem_strdup(const char *text);
MUST_CHECK char *mem_strndup(const char *text, size_t n); /* adds the ending NUL */
void mem_free(void *block);                               /* NULL is fine */

/* For CLEANUP(mem_done) on any pointer variable. */
void mem_done(void *pointer_to_pointer);

/* a * b; a broken product ends the program. */
size_t mul_size(size_t a, size_t b);

/* A zeroed array of n items. */
#define mem_array(n, type) ((type *)mem_zalloc(mul_size((n), sizeof(type))))

/* Makes room for at least n items in a growing array: doubles *cap as needed. */
void mem_grow(void *pointer_to_array, size_t *cap, size_t n, size_t item_bytes);
