/* Memory of one request, batch or assessment: taken piece by piece, dropped at once.
 * Nothing in it is freed alone. One thread at a time. */
#pragma once

#include <stdarg.h>

#include "base/mem.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    unsigned char *at, *end;    /* free part of the newest chunk */
    size_t bytes;               /* handed out so far */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena); /* frees everything; the arena may be used again */
/* Drops everything but keeps one chunk for the next use. */
void arena_reset(struct arena *arena);

/* 16-byte aligned. Never NULL. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t bytes);
MUST_CHECK void *arena_zalloc(struct arena *arena, size_t bytes);
MUST_CHECK char *arena_strdup(struct arena *arena, const char *text);
MUST_CHECK char *arena_strndup(struct arena *arena, const char *text, size_t n);
MUST_CHECK PRINTF_LIKE(2, 3) char *arena_printf(struct arena *arena, const char *fmt, ...);
MUST_CHECK PRINTF_LIKE(2, 0) char *arena_vprintf(struct arena *arena, const char *fmt,
                                                 va_list args);

/* n items, not zeroed / zeroed. */
#define arena_array(arena, n, type)  ((type *)arena_alloc((arena), mul_size((n), sizeof(type))))
#define arena_zarray(arena, n, type) ((type *)arena_zalloc((arena), mul_size((n), sizeof(type))))

/* Makes room for at least n items in an arena array: the old one is copied and stays behind. */
void arena_grow(struct arena *arena, void *pointer_to_array, size_t *cap, size_t n,
                size_t item_bytes);
