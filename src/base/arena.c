#include "base/arena.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum {
    CHUNK_BYTES_MIN = 8 * 1024,        /* a small request fits in one */
    CHUNK_BYTES_MAX = 4 * 1024 * 1024, /* chunks double up to here */
    ALIGN = 16,
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t bytes; /* of data */
    _Alignas(ALIGN) unsigned char data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_done(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = arena->chunks;
    if (!kept)
        return;
    struct arena rest = {.chunks = kept->next};
    arena_done(&rest);
    kept->next = NULL;
    *arena = (struct arena){.chunks = kept, .at = kept->data, .end = kept->data + kept->bytes};
}

/* Larger wishes get a chunk of their own behind the newest, so that its free part stays in use. */
static void *alloc_alone(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + bytes);
    chunk->bytes = bytes;
    if (arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = NULL;
        arena->chunks = chunk;
        arena->at = arena->end = chunk->data + bytes;
    }
    return chunk->data;
}

static void add_chunk(struct arena *arena)
{
    size_t bytes = CHUNK_BYTES_MIN;
    if (arena->chunks && arena->chunks->bytes < CHUNK_BYTES_MAX)
        bytes = max_size(CHUNK_BYTES_MIN, arena->chunks->bytes * 2);
    else if (arena->chunks)
        bytes = CHUNK_BYTES_MAX;
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + bytes);
    chunk->bytes = bytes;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = chunk->data;
    arena->end = chunk->data + bytes;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    BUG_IF(bytes > SIZE_MAX - ALIGN - sizeof(struct arena_chunk));
    bytes = max_size(bytes, 1); /* nothing, too, has an address of its own */
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    arena->bytes += bytes;
    if (bytes > (size_t)(arena->end - arena->at)) {
        if (bytes > CHUNK_BYTES_MIN / 2)
            return alloc_alone(arena, bytes);
        add_chunk(arena);
    }
    void *block = arena->at;
    arena->at += bytes;
    return block;
}

void *arena_zalloc(struct arena *arena, size_t bytes)
{
    return memset(arena_alloc(arena, bytes), 0, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t n)
{
    char *copy = arena_alloc(arena, n + 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    char none[1]; /* measured first: nothing fits, the length comes back */
    int n = vsnprintf(none, sizeof none, fmt, args);
    BUG_IF(n < 0);
    char *text = arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

void arena_grow(struct arena *arena, void *pointer_to_array, size_t *cap, size_t n,
                size_t item_bytes)
{
    if (n <= *cap)
        return;
    size_t wanted = max_size(n, *cap ? *cap * 2 : 16);
    void *old;
    memcpy(&old, pointer_to_array, sizeof old);
    void *grown = arena_alloc(arena, mul_size(wanted, item_bytes));
    if (old)
        memcpy(grown, old, *cap * item_bytes);
    memcpy(pointer_to_array, &grown, sizeof grown);
    *cap = wanted;
}
