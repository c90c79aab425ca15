#include "base/map.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

struct entry {
    char *key;
    size_t n;
    uint64_t hash;
    void *value;
};

struct map {
    struct entry *entries; /* in insertion order */
    size_t n, cap;
    uint32_t *slots; /* index of an entry + 1; 0: free */
    size_t n_slots;  /* a power of two, at least 4/3 of n */
    struct hash_key seed;
};

struct map *map_new(void)
{
    struct map *map = mem_zalloc(sizeof *map);
    map->n_slots = 16;
    map->slots = mem_array(map->n_slots, uint32_t);
    map->seed = hash_key_random();
    return map;
}

void map_free(struct map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->n; i++)
        mem_free(map->entries[i].key);
    mem_free(map->entries);
    mem_free(map->slots);
    mem_free(map);
}

void map_done(struct map **map)
{
    map_free(*map);
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t slot_of(const struct map *map, const char *key, size_t n, uint64_t hash)
{
    size_t mask = map->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        if (!map->slots[i])
            return i;
        const struct entry *entry = &map->entries[map->slots[i] - 1];
        if (entry->hash == hash && entry->n == n && memcmp(entry->key, key, n) == 0)
            return i;
    }
}

static void rehash(struct map *map)
{
    mem_free(map->slots);
    map->n_slots *= 2;
    map->slots = mem_array(map->n_slots, uint32_t);
    for (size_t i = 0; i < map->n; i++) {
        const struct entry *entry = &map->entries[i];
        map->slots[slot_of(map, entry->key, entry->n, entry->hash)] = (uint32_t)(i + 1);
    }
}

void *map_put(struct map *map, const char *key, size_t n, void *value)
{
    uint64_t hash = hash_sip13(map->seed, key, n);
    size_t slot = slot_of(map, key, n, hash);
    if (map->slots[slot]) {
        struct entry *entry = &map->entries[map->slots[slot] - 1];
        void *before = entry->value;
        entry->value = value;
        return before;
    }
    mem_grow(&map->entries, &map->cap, map->n + 1, sizeof *map->entries);
    map->entries[map->n++] = (struct entry){mem_strndup(key, n), n, hash, value};
    map->slots[slot] = (uint32_t)map->n;
    if (map->n * 4 > map->n_slots * 3)
        rehash(map);
    return NULL;
}

void *map_get(const struct map *map, const char *key, size_t n)
{
    size_t slot = slot_of(map, key, n, hash_sip13(map->seed, key, n));
    return map->slots[slot] ? map->entries[map->slots[slot] - 1].value : NULL;
}

size_t map_count(const struct map *map)
{
    return map->n;
}

const char *map_key(const struct map *map, size_t i)
{
    BUG_IF(i >= map->n);
    return map->entries[i].key;
}

void *map_value(const struct map *map, size_t i)
{
    BUG_IF(i >= map->n);
    return map->entries[i].value;
}
