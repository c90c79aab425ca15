/* Building the index; index_find.c and index_tagged.c search it, index_remove.c takes out of it. */
#include "store/index.h"

#include <string.h>

#include "base/mem.h"
#include "store/index_state.h"

enum {
    ROOT = 0,
    SLOTS_FIRST = 256,
    PIECE_NAMES = 64,
    WAITING_KEPT = 4096, /* names whose room is kept while none waits */
};

/* ---- life ---- */

struct index *index_new(void)
{
    struct index *index = mem_zalloc(sizeof *index);
    pthread_rwlockattr_t attr;
    index->lock = mem_alloc(sizeof *index->lock);
    pthread_rwlockattr_init(&attr);
    /* Else a stream of searches could keep new names out for ever. */
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    BUG_IF(pthread_rwlock_init(index->lock, &attr) != 0);
    pthread_rwlockattr_destroy(&attr);
    index->self = index;
    pthread_mutex_init(&index->waiting.lock, NULL);
    index->seed = hash_key_random();
    index->n_component_slots = SLOTS_FIRST;
    index->component_slots = mem_array(SLOTS_FIRST, uint64_t);
    mem_grow(&index->nodes, &index->cap_nodes, 1, sizeof *index->nodes);
    index->nodes[ROOT] = (struct node){.component = INDEX_STATE_NONE, .is_in_order = true};
    index->n_nodes = 1;
    index->tags = map_new();
    return index;
}

static void tags_free(struct map *tags)
{
    for (size_t k = 0; k < map_count(tags); k++) {
        struct map *values = map_value(tags, k);
        for (size_t v = 0; v < map_count(values); v++) {
            struct posting *posting = map_value(values, v);
            mem_free(posting->ids);
            mem_free(posting);
        }
        map_free(values);
    }
    map_free(tags);
}

void index_free(struct index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->n_nodes; i++) {
        mem_free(index->nodes[i].kids);
        mem_free(index->nodes[i].slots);
    }
    mem_free(index->nodes);
    for (size_t i = 0; i < index->n_chunks; i++)
        mem_free(index->chunks[i]);
    mem_free(index->chunks);
    mem_free(index->components);
    mem_free(index->component_slots);
    mem_free(index->hidden);
    tags_free(index->tags);
    mem_free(index->waiting.items);
    pthread_mutex_destroy(&index->waiting.lock);
    pthread_rwlock_destroy(index->lock);
    mem_free(index->lock);
    mem_free(index);
}

/* ---- the lock ---- */

void index_state_lock(const struct index *index)
{
    if (__atomic_load_n(&index->waiting.n_left, __ATOMIC_SEQ_CST) > 0) {
        index_state_lock_all(index->self);
        index_state_unlock(index);
    }
    BUG_IF(pthread_rwlock_rdlock(index->lock) != 0);
}

void index_state_unlock(const struct index *index)
{
    BUG_IF(pthread_rwlock_unlock(index->lock) != 0);
}

void index_state_breathe(const struct index *index, size_t *io_held)
{
    if (*io_held < INDEX_STATE_HOLD)
        return;
    *io_held = 0;
    index_state_unlock(index);
    index_state_lock(index);
}

/* ---- names ---- */

static void put_name(struct index *index, uint32_t id, const char *name)
{
    const size_t chunk = id / INDEX_STATE_NAMES;
    mem_grow(&index->chunks, &index->cap_chunks, chunk + 1, sizeof(void *));
    for (; index->n_chunks <= chunk; index->n_chunks++) {
        index->chunks[index->n_chunks] = mem_zalloc(sizeof *index->chunks[0]);
        index->bytes += sizeof *index->chunks[0];
    }
    const char **place = &index->chunks[chunk]->names[id % INDEX_STATE_NAMES];
    BUG_IF(*place != NULL);
    *place = name;
    index->n_series++;
}

/* ---- components ---- */

/* The slot that holds text, or the free one where it belongs. */
static size_t component_slot(const struct index *index, struct str text, uint32_t hash)
{
    const size_t mask = index->n_component_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        const uint64_t slot = index->component_slots[i];
        if (slot == 0)
            return i;
        const struct component *c = &index->components[(slot >> 32) - 1];
        if ((uint32_t)slot == hash && c->n == text.n && memcmp(c->at, text.at, text.n) == 0)
            return i;
    }
}

static uint32_t component_hash(const struct index *index, struct str text)
{
    return (uint32_t)hash_sip13(index->seed, text.at, text.n);
}

uint32_t index_state_component(const struct index *index, struct str text)
{
    const uint64_t slot =
        index->component_slots[component_slot(index, text, component_hash(index, text))];
    return slot ? (uint32_t)(slot >> 32) - 1 : INDEX_STATE_NONE;
}

static void grow_component_slots(struct index *index)
{
    const size_t n_before = index->n_component_slots;
    uint64_t *before = index->component_slots;
    index->n_component_slots *= 2;
    index->component_slots = mem_array(index->n_component_slots, uint64_t);
    const size_t mask = index->n_component_slots - 1;
    for (size_t k = 0; k < n_before; k++) {
        size_t i = before[k] & mask; /* the low half is the hash */
        while (before[k] && index->component_slots[i])
            i = (i + 1) & mask;
        if (before[k])
            index->component_slots[i] = before[k];
    }
    mem_free(before);
}

/* The number of text, a piece of a lent name. */
static uint32_t intern(struct index *index, struct str text)
{
    const uint32_t hash = component_hash(index, text);
    const size_t i = component_slot(index, text, hash);
    if (index->component_slots[i])
        return (uint32_t)(index->component_slots[i] >> 32) - 1;
    const size_t n = index->n_components + 1;
    mem_grow(&index->components, &index->cap_components, n, sizeof *index->components);
    index->components[n - 1] = (struct component){text.at, (uint32_t)text.n};
    index->n_components = n;
    index->component_slots[i] = (uint64_t)n << 32 | hash;
    if (n * 4 > index->n_component_slots * 3)
        grow_component_slots(index);
    return (uint32_t)n - 1;
}

/* ---- the trie ---- */

static uint32_t kid_hash(uint32_t component, bool is_series)
{
    return (component * 2 + is_series) * UINT32_C(2654435761) >> 7;
}

static bool is_series_kid(const struct kid *kid)
{
    return kid->ref & INDEX_STATE_SERIES;
}

uint32_t index_state_kid_hash(const struct kid *kid)
{
    return kid_hash(kid->component, is_series_kid(kid));
}

const struct kid *index_state_kid(const struct node *node, uint32_t component, bool is_series)
{
    if (!node->slots) {
        for (uint32_t k = 0; k < node->n; k++) {
            const struct kid *kid = &node->kids[k];
            if (kid->component == component && is_series_kid(kid) == is_series)
                return kid;
        }
        return NULL;
    }
    const uint32_t mask = node->n_slots - 1;
    for (uint32_t i = kid_hash(component, is_series) & mask; node->slots[i]; i = (i + 1) & mask) {
        const struct kid *kid = &node->kids[node->slots[i] - 1];
        if (kid->component == component && is_series_kid(kid) == is_series)
            return kid;
    }
    return NULL;
}

static void put_kid_slot(struct node *node, uint32_t k)
{
    const uint32_t mask = node->n_slots - 1;
    uint32_t i = index_state_kid_hash(&node->kids[k]) & mask;
    while (node->slots[i])
        i = (i + 1) & mask;
    node->slots[i] = k + 1;
}

static void grow_kid_slots(struct index *index, struct node *node)
{
    index->bytes -= node->n_slots * sizeof *node->slots;
    mem_free(node->slots);
    node->n_slots = node->n_slots ? node->n_slots * 2 : SLOTS_FIRST;
    node->slots = mem_array(node->n_slots, uint32_t);
    index->bytes += node->n_slots * sizeof *node->slots;
    for (uint32_t k = 0; k < node->n; k++)
        put_kid_slot(node, k);
}

/* Does b follow a, as a leaf, as a branch, and as what lies below it? What lies below "a" follows "a-b". */
static bool is_after(const struct index *index, const struct kid *a, const struct kid *b)
{
    const struct component *left = &index->components[a->component];
    const struct component *right = &index->components[b->component];
    const uint32_t n = left->n < right->n ? left->n : right->n;
    const int order = memcmp(left->at, right->at, n);
    if (order != 0)
        return order < 0;
    if (left->n == right->n)
        return is_series_kid(a);
    return left->n < right->n && (unsigned char)right->at[n] > '.';
}

static void add_kid(struct index *index, uint32_t parent, struct kid kid)
{
    struct node *node = &index->nodes[parent];
    if (node->is_in_order && node->n > 0)
        node->is_in_order = is_after(index, &node->kids[node->n - 1], &kid);
    if (node->n == node->cap) {
        const uint32_t cap = node->cap + node->cap / 2 + 2; /* most nodes stay small */
        node->kids = mem_resize(node->kids, cap * sizeof *node->kids);
        index->bytes += (cap - node->cap) * sizeof *node->kids;
        node->cap = cap;
    }
    node->kids[node->n++] = kid;
    const bool is_wide = node->slots || node->n > INDEX_STATE_KIDS_LINEAR; /* it may have shrunk */
    if (is_wide && (uint64_t)node->n * 4 > (uint64_t)node->n_slots * 3)
        grow_kid_slots(index, node);
    else if (is_wide)
        put_kid_slot(node, node->n - 1);
}

/* The branch below parent, made if it is not there. */
static uint32_t branch(struct index *index, uint32_t parent, uint32_t component)
{
    const struct kid *kid = index_state_kid(&index->nodes[parent], component, false);
    if (kid)
        return kid->ref;
    const uint32_t made = (uint32_t)index->n_nodes;
    mem_grow(&index->nodes, &index->cap_nodes, index->n_nodes + 1, sizeof *index->nodes);
    index->nodes[index->n_nodes++] =
        (struct node){.parent = parent, .component = component, .is_in_order = true};
    add_kid(index, parent, (struct kid){component, made});
    return made;
}

/* How many branches of the last path this one begins with. */
static uint32_t shared_depth(const struct last_path *last, const char *path)
{
    uint32_t depth = 0, at = 0;
    for (; depth < last->n; depth++) {
        while (at < last->ends[depth] && path[at] == last->path[at])
            at++;
        if (at < last->ends[depth])
            break;
    }
    return depth;
}

static void add_path(struct index *index, uint32_t id, const char *path)
{
    struct last_path *last = &index->last;
    uint32_t depth = shared_depth(last, path);
    uint32_t node = depth ? last->nodes[depth - 1] : ROOT;
    size_t from = depth ? last->ends[depth - 1] : 0;
    last->path = path;
    last->n = depth;
    for (;; depth++) {
        const char *at = path + from, *end = strchrnul(at, '.');
        const uint32_t component = intern(index, str_make(at, (size_t)(end - at)));
        if (*end == '\0') {
            BUG_IF(index_state_kid(&index->nodes[node], component, true) != NULL);
            add_kid(index, node, (struct kid){component, id | INDEX_STATE_SERIES});
            return;
        }
        node = branch(index, node, component);
        from = (size_t)(end - path) + 1;
        if (depth < INDEX_STATE_LAST_DEPTH) {
            last->ends[depth] = (uint32_t)from;
            last->nodes[depth] = node;
            last->n = depth + 1;
        }
    }
}

uint32_t index_state_path(const struct index *index, const char *path)
{
    uint32_t node = ROOT;
    for (;;) {
        const size_t n = strcspn(path, ".");
        const bool is_last = path[n] == '\0';
        const uint32_t component = index_state_component(index, str_make(path, n));
        if (component == INDEX_STATE_NONE)
            return INDEX_STATE_NONE;
        const struct kid *kid = index_state_kid(&index->nodes[node], component, is_last);
        if (!kid)
            return INDEX_STATE_NONE;
        if (is_last)
            return kid->ref & ~INDEX_STATE_SERIES;
        node = kid->ref;
        path += n + 1;
    }
}

/* ---- tags ---- */

static void *map_get_or_put(struct index *index, struct map *map, struct str key, size_t bytes,
                            void *(*make)(void))
{
    void *value = map_get(map, key.at, key.n);
    if (value)
        return value;
    value = make();
    (void)map_put(map, key.at, key.n, value);
    index->bytes += key.n + bytes + 64; /* about what an entry of the map takes */
    return value;
}

static void *make_values(void)
{
    return map_new();
}

static void *make_posting(void)
{
    return mem_zalloc(sizeof(struct posting));
}

static void add_tag(struct index *index, uint32_t id, struct str key, struct str value)
{
    struct map *values =
        map_get_or_put(index, index->tags, key, sizeof(struct posting), make_values);
    struct posting *posting =
        map_get_or_put(index, values, value, sizeof(struct posting), make_posting);
    if (posting->n == posting->cap) {
        const uint32_t cap = posting->cap ? posting->cap * 2 : 1; /* many values have one series */
        posting->ids = mem_resize(posting->ids, cap * sizeof *posting->ids);
        index->bytes += (cap - posting->cap) * sizeof *posting->ids;
        posting->cap = cap;
    }
    posting->ids[posting->n++] = id;
}

static void add_tags(struct index *index, uint32_t id, const char *name)
{
    struct str rest = str_of(name), piece;
    if (!str_split(&rest, ';', &piece))
        return;
    add_tag(index, id, str_of("name"), piece);
    while (str_split(&rest, ';', &piece)) {
        struct str key;
        if (str_split(&piece, '=', &key))
            add_tag(index, id, key, piece);
    }
}

/* ---- all of it ---- */

void index_add(struct index *index, uint32_t id, const char *name)
{
    struct waiting *waiting = &index->waiting;

    BUG_IF(id >= INDEX_ID_MAX);
    pthread_mutex_lock(&waiting->lock);
    mem_grow(&waiting->items, &waiting->cap, waiting->n + 1, sizeof *waiting->items);
    waiting->items[waiting->n++] = (struct waiting_name){id, name};
    __atomic_fetch_add(&waiting->n_left, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&waiting->lock);
}

/* The oldest names that wait, in their order; n = 0: none does. */
struct piece {
    struct waiting_name items[PIECE_NAMES];
    size_t n;
};

static void waiting_take(struct waiting *waiting, struct piece *out)
{
    pthread_mutex_lock(&waiting->lock);
    out->n = min_size(waiting->n - waiting->from, PIECE_NAMES);
    if (out->n > 0)
        memcpy(out->items, waiting->items + waiting->from, out->n * sizeof out->items[0]);
    waiting->from += out->n;
    if (waiting->from == waiting->n) {
        waiting->from = waiting->n = 0;
        if (waiting->cap > WAITING_KEPT) {
            mem_free(waiting->items);
            waiting->items = NULL;
            waiting->cap = 0;
        }
    }
    pthread_mutex_unlock(&waiting->lock);
}

/* Returns how many; with the index locked for writing. */
static size_t settle_piece(struct index *index)
{
    struct piece piece;

    waiting_take(&index->waiting, &piece);
    for (size_t i = 0; i < piece.n; i++) {
        const struct waiting_name *at = &piece.items[i];
        put_name(index, at->id, at->name);
        if (strchr(at->name, ';'))
            add_tags(index, at->id, at->name);
        else
            add_path(index, at->id, at->name);
    }
    __atomic_fetch_sub(&index->waiting.n_left, piece.n, __ATOMIC_SEQ_CST);
    return piece.n;
}

void index_state_lock_all(struct index *index)
{
    BUG_IF(pthread_rwlock_wrlock(index->lock) != 0);
    while (settle_piece(index) > 0)
        continue;
}

void index_settle(struct index *index, size_t n_max)
{
    for (size_t n = 0; n < n_max;) {
        if (__atomic_load_n(&index->waiting.n_left, __ATOMIC_RELAXED) == 0 ||
            pthread_rwlock_trywrlock(index->lock) != 0)
            return;
        n += settle_piece(index);
        index_state_unlock(index);
    }
}

bool index_state_is_hidden(const struct index *index, uint32_t id)
{
    return index->n_hidden && id / 64 < index->n_hidden_words &&
           (index->hidden[id / 64] >> id % 64 & 1);
}

void index_hide(struct index *index, uint32_t id, bool is_hidden)
{
    const size_t n_words = id / 64 + 1;
    BUG_IF(id >= INDEX_ID_MAX);
    BUG_IF(pthread_rwlock_wrlock(index->lock) != 0);
    if (is_hidden && n_words > index->n_hidden_words) {
        mem_grow(&index->hidden, &index->cap_hidden, n_words, sizeof *index->hidden);
        memset(index->hidden + index->n_hidden_words, 0,
               (n_words - index->n_hidden_words) * sizeof *index->hidden);
        index->n_hidden_words = n_words;
    }
    if (index_state_is_hidden(index, id) != is_hidden) {
        index->hidden[id / 64] ^= UINT64_C(1) << id % 64;
        index->n_hidden += is_hidden ? 1 : SIZE_MAX; /* or one less */
    }
    index_state_unlock(index);
}

bool index_is_hidden(const struct index *index, uint32_t id)
{
    index_state_lock(index);
    const bool is_hidden = index_state_is_hidden(index, id);
    index_state_unlock(index);
    return is_hidden;
}

size_t index_count(const struct index *index)
{
    index_state_lock(index);
    const size_t n = index->n_series;
    index_state_unlock(index);
    return n;
}

size_t index_bytes(const struct index *index)
{
    index_state_lock(index);
    const size_t bytes = index->bytes + index->cap_chunks * sizeof(void *) +
                         index->cap_components * sizeof *index->components +
                         index->n_component_slots * sizeof *index->component_slots +
                         index->cap_hidden * sizeof *index->hidden +
                         index->cap_nodes * sizeof *index->nodes;
    index_state_unlock(index);
    return bytes;
}
