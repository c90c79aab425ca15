/* Taking series out of the index. The numbers of nodes and components stay, as a search may hold some
 * (invariant 1): a branch without children is unlinked and empty, and never used again. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/index_state.h"

enum { ROOT = 0 };

/* ---- the trie ---- */

static uint32_t slot_find(const struct node *node, uint32_t k)
{
    const uint32_t mask = node->n_slots - 1;
    uint32_t i = index_state_kid_hash(&node->kids[k]) & mask;
    while (node->slots[i] != k + 1)
        i = (i + 1) & mask;
    return i;
}

/* Frees a slot; those behind it that would not be found any more move up. */
static void slot_clear(struct node *node, uint32_t hole)
{
    const uint32_t mask = node->n_slots - 1;
    for (uint32_t i = (hole + 1) & mask; node->slots[i]; i = (i + 1) & mask) {
        const uint32_t home = index_state_kid_hash(&node->kids[node->slots[i] - 1]) & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* it lies between the hole and where it is */
        node->slots[hole] = node->slots[i];
        hole = i;
    }
    node->slots[hole] = 0;
}

static void kid_remove(struct index *index, struct node *node, const struct kid *kid)
{
    const uint32_t k = (uint32_t)(kid - node->kids), last = node->n - 1;
    if (node->slots) {
        slot_clear(node, slot_find(node, k));
        if (k != last)
            node->slots[slot_find(node, last)] = k + 1;
    }
    node->kids[k] = node->kids[last];
    node->n = last;
    node->is_in_order = last == 0 || (node->is_in_order && k == last);
    if (node->n > 0)
        return;
    index->bytes -= node->cap * sizeof *node->kids + node->n_slots * sizeof *node->slots;
    mem_free(node->kids);
    mem_free(node->slots);
    node->kids = NULL;
    node->slots = NULL;
    node->cap = node->n_slots = 0;
}

/* The node that the last component of the path hangs below; *out_last: that component. */
static uint32_t parent_of(const struct index *index, const char *path, uint32_t *out_last)
{
    uint32_t node = ROOT;
    for (;;) {
        const size_t n = strcspn(path, ".");
        const uint32_t component = index_state_component(index, str_make(path, n));
        BUG_IF(component == INDEX_STATE_NONE);
        if (path[n] == '\0') {
            *out_last = component;
            return node;
        }
        const struct kid *kid = index_state_kid(&index->nodes[node], component, false);
        BUG_IF(kid == NULL);
        node = kid->ref;
        path += n + 1;
    }
}

/* What is remembered of the branches above may be this series. */
static void forget_alive(struct index *index, uint32_t node)
{
    for (; node != ROOT; node = index->nodes[node].parent)
        index->nodes[node].alive = 0;
}

static void remove_path(struct index *index, const char *path)
{
    uint32_t component;
    uint32_t at = parent_of(index, path, &component);
    const struct kid *kid = index_state_kid(&index->nodes[at], component, true);
    BUG_IF(kid == NULL);
    forget_alive(index, at);
    kid_remove(index, &index->nodes[at], kid);
    while (at != ROOT && index->nodes[at].n == 0) {
        const struct node *empty = &index->nodes[at];
        struct node *parent = &index->nodes[empty->parent];
        const uint32_t up = empty->parent;
        kid_remove(index, parent, index_state_kid(parent, empty->component, false));
        at = up;
    }
}

/* ---- tags ---- */

/* Postings that hold removed ids, each once or more often. */
struct touched {
    struct posting **items;
    size_t n, cap;
};

static void touch(const struct index *index, struct str key, struct str value,
                  struct touched *touched)
{
    struct map *values = map_get(index->tags, key.at, key.n);
    struct posting *posting = values ? map_get(values, value.at, value.n) : NULL;
    BUG_IF(posting == NULL);
    if (touched->n && touched->items[touched->n - 1] == posting)
        return;
    mem_grow(&touched->items, &touched->cap, touched->n + 1, sizeof(struct posting *));
    touched->items[touched->n++] = posting;
}

static void touch_tags(const struct index *index, const char *name, struct touched *touched)
{
    struct str rest = str_of(name), piece, key;
    if (!str_split(&rest, ';', &piece))
        return;
    touch(index, str_of("name"), piece, touched);
    while (str_split(&rest, ';', &piece))
        if (str_split(&piece, '=', &key))
            touch(index, key, piece, touched);
}

/* Keeps the ids that still have a name. */
static void sweep(struct index *index, struct posting *posting)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < posting->n; i++)
        if (index_state_name(index, posting->ids[i]))
            posting->ids[n++] = posting->ids[i];
    posting->n = n;
    if (n > 0)
        return;
    index->bytes -= posting->cap * sizeof *posting->ids;
    mem_free(posting->ids);
    posting->ids = NULL;
    posting->cap = 0;
}

static int by_address(const void *a, const void *b)
{
    const struct posting *x = *(struct posting *const *)a, *y = *(struct posting *const *)b;
    return x < y ? -1 : x > y;
}

static void sweep_all(struct index *index, struct touched *touched)
{
    if (touched->n > 1)
        qsort(touched->items, touched->n, sizeof(struct posting *), by_address);
    for (size_t i = 0; i < touched->n; i++)
        if (i == 0 || touched->items[i] != touched->items[i - 1])
            sweep(index, touched->items[i]);
    mem_free(touched->items);
}

/* ---- all of it ---- */

static const char *take_name(struct index *index, uint32_t id)
{
    const char **place = &index->chunks[id / INDEX_STATE_NAMES]->names[id % INDEX_STATE_NAMES];
    const char *name = *place;
    *place = NULL;
    index->n_series--;
    __atomic_store_n(&index->n_removals, index->n_removals + 1, __ATOMIC_SEQ_CST);
    if (index_state_is_hidden(index, id)) {
        index->hidden[id / 64] ^= UINT64_C(1) << id % 64;
        index->n_hidden--;
    }
    return name;
}

void index_remove(struct index *index, const uint32_t *ids, size_t n)
{
    struct touched touched = {0};
    index_state_lock_all(index);
    index->last.n = 0; /* its branches may go */
    for (size_t i = 0; i < n; i++) {
        BUG_IF(index_state_name(index, ids[i]) == NULL);
        const char *name = take_name(index, ids[i]);
        if (strchr(name, ';'))
            touch_tags(index, name, &touched);
        else
            remove_path(index, name);
    }
    sweep_all(index, &touched);
    index_state_unlock(index);
}
