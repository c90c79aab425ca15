/* The inside of struct index. Private to index*.c.
 *
 * Invariants, under the lock:
 *   1. nodes, components and ids keep their numbers, which get no other meaning, also when a branch
 *      or a series is removed; so a search may let go of the lock and go on with the numbers it has
 *   2. strings are pieces of names, which are lent for ever, or keys of the maps, which never move;
 *      they may be read without the lock. Postings never go away either
 *   3. a node has at most one child of each component and kind (series or branch) */
#pragma once

#include <pthread.h>

#include "base/hash.h"
#include "base/map.h"
#include "store/index.h"

#define INDEX_STATE_NONE UINT32_MAX

enum {
    INDEX_STATE_NAMES = 4096,     /* of one chunk */
    INDEX_STATE_KIDS_LINEAR = 64, /* more children get a hash table */
    INDEX_STATE_LAST_DEPTH = 16,
    INDEX_STATE_HOLD = 4096, /* entries looked at before the lock is let go once */
};
#define INDEX_STATE_SERIES 0x80000000u /* in kid.ref: a series id, not a node */

struct component {
    const char *at;
    uint32_t n;
};

struct kid {
    uint32_t component;
    uint32_t ref; /* a node, or a series id with INDEX_STATE_SERIES */
};

struct node {
    struct kid *kids;
    uint32_t *slots; /* kid + 1, 0: free; NULL while there are few */
    uint32_t n, cap;
    uint32_t n_slots; /* a power of two */
    bool is_in_order; /* kids are sorted as a search gives them, whatever it asks for */
    uint32_t parent, component;
    uint32_t
        alive; /* a series below, + 1, that was alive when last looked for one; atomic; 0: none */
};

/* The way to the last path that was added: the next one usually shares most of it. */
struct last_path {
    const char *path;
    uint32_t n;                             /* branches of it that are remembered */
    uint32_t ends[INDEX_STATE_LAST_DEPTH];  /* bytes of the path up to a branch, with its dot */
    uint32_t nodes[INDEX_STATE_LAST_DEPTH]; /* invariant 1: they stay right */
};

struct posting {
    uint32_t *ids;
    uint32_t n, cap;
};

struct name_chunk {
    const char *names[INDEX_STATE_NAMES]; /* NULL: no such id */
};

/* Names that wait for the next search, or for settling by hand. */
struct waiting {
    pthread_mutex_t lock; /* inside the index's, never around it */
    struct waiting_name {
        uint32_t id;
        const char *name;
    } * items;
    size_t from, n, cap; /* items[from .. n) wait */
    size_t n_left;       /* atomic, changed with the index locked for writing or by index_add */
};

struct index {
    pthread_rwlock_t *lock;
    struct index *self; /* what a search may write: it settles first what waits */
    struct waiting waiting;
    struct name_chunk **chunks;
    size_t n_chunks, cap_chunks;
    size_t n_series;
    uint64_t n_removals; /* ever; atomic */

    struct component *components;
    size_t n_components, cap_components;
    uint64_t *component_slots; /* (component + 1) << 32 | low half of its hash; 0: free */
    size_t n_component_slots;
    struct hash_key seed;

    struct last_path last;
    struct node *nodes; /* 0: the root */
    size_t n_nodes, cap_nodes;
    struct map *tags; /* key -> map of value -> struct posting */
    uint64_t *hidden; /* a bit for each id below 64 * n_hidden_words */
    size_t n_hidden_words, cap_hidden;
    size_t n_hidden; /* series */
    size_t bytes;    /* of what hangs below the arrays */
};

/* For reading; everything that index_add was given before is in. */
void index_state_lock(const struct index *index);
/* For writing, the same. */
void index_state_lock_all(struct index *index);
void index_state_unlock(const struct index *index);

/* ---- all below: with the lock held ---- */

/* Lets a waiting index_add in once *io_held entries were looked at. Node and series numbers stay valid,
 * and so do the strings. */
void index_state_breathe(const struct index *index, size_t *io_held);

/* INDEX_STATE_NONE: there is none. */
uint32_t index_state_component(const struct index *index, struct str text);
/* The child of that component; is_series picks the kind. NULL: none. */
const struct kid *index_state_kid(const struct node *node, uint32_t component, bool is_series);
uint32_t index_state_kid_hash(const struct kid *kid); /* its place in a node's slots */
bool index_state_is_hidden(const struct index *index, uint32_t id);
/* The name of id, or NULL. */
static inline const char *index_state_name(const struct index *index, uint32_t id)
{
    const size_t chunk = id / INDEX_STATE_NAMES;
    return chunk < index->n_chunks ? index->chunks[chunk]->names[id % INDEX_STATE_NAMES] : NULL;
}
/* The plain series of that very path, or INDEX_STATE_NONE. */
uint32_t index_state_path(const struct index *index, const char *path);

/* Looking below branches for one that is alive (index_alive.c). Its owner frees the stack. */
struct index_descent {
    const struct index *index;
    const struct index_alive *alive;
    uint32_t *stack;
    size_t n, cap;
};
/* May let go of the lock for a moment, as index_state_breathe. */
bool index_state_branch_is_alive(struct index_descent *descent, uint32_t branch, size_t *io_held);
