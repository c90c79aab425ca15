#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

NO_RETURN static void out_of_memory(size_t bytes)
{
    fprintf(stderr, "<2>plumb: out of memory (%zu bytes asked for)\n", bytes);
    abort();
}

void *mem_alloc(size_t bytes)
{
    void *block = malloc(bytes ? bytes : 1);
    if (!block)
        out_of_memory(bytes);
    return block;
}

void *mem_zalloc(size_t bytes)
{
    void *block = calloc(1, bytes ? bytes : 1);
    if (!block)
        out_of_memory(bytes);
    return block;
}

void *mem_resize(void *block, size_t bytes)
{
    void *moved = realloc(block, bytes ? bytes : 1);
    if (!moved)
        out_of_memory(bytes);
    return moved;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t n)
{
    char *copy = mem_alloc(n + 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

void mem_free(void *block)
{
    free(block);
}

void mem_done(void *pointer_to_pointer)
{
    void *block;
    memcpy(&block, pointer_to_pointer, sizeof block);
    free(block);
}

size_t mul_size(size_t a, size_t b)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        out_of_memory(SIZE_MAX);
    return product;
}

void mem_grow(void *pointer_to_array, size_t *cap, size_t n, size_t item_bytes)
{
    if (n <= *cap)
        return;
    size_t wanted = *cap ? *cap * 2 : 16;
    if (wanted < n)
        wanted = n;
    void *block;
    memcpy(&block, pointer_to_array, sizeof block);
    block = mem_resize(block, mul_size(wanted, item_bytes));
    memcpy(pointer_to_array, &block, sizeof block);
    *cap = wanted;
}
