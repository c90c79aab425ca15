/* Hash map from bytes to a pointer; keys are copied. Insertion order is kept for walking.
 * Keyed hash (SipHash-1-3), so outside keys cannot flood it. One thread. */
#pragma once

#include "base/base.h"

struct map;

MUST_CHECK struct map *map_new(void);
void map_free(struct map *map); /* not the values */
/* For CLEANUP. */
void map_done(struct map **map);

/* Sets key to value; returns the value that was there, or NULL. */
void *map_put(struct map *map, const char *key, size_t n, void *value);
/* The value or NULL. */
void *map_get(const struct map *map, const char *key, size_t n);
size_t map_count(const struct map *map);
/* The i-th entry in insertion order, i < map_count. Key is lent, ended by NUL. */
const char *map_key(const struct map *map, size_t i);
void *map_value(const struct map *map, size_t i);
