#include "store/idle.h"

#include "base/mem.h"
#include "store/shared.h"

enum {
    CHUNK = 1 << 16,      /* ids */
    CHUNKS_MAX = 1 << 15, /* ids below 2^31 */
};

struct idle {
    uint32_t **chunks; /* CHUNKS_MAX; published before an id in them is */
    bool is_loaded;    /* atomic */
};

struct idle *idle_new(void)
{
    struct idle *idle = mem_zalloc(sizeof(struct idle));
    idle->chunks = mem_array(CHUNKS_MAX, uint32_t *);
    return idle;
}

void idle_free(struct idle *idle)
{
    if (!idle)
        return;
    for (size_t i = 0; i < CHUNKS_MAX; i++)
        mem_free(idle->chunks[i]);
    mem_free(idle->chunks);
    mem_free(idle);
}

/* NULL: nobody told of such an id. */
static uint32_t *last_of(const struct idle *idle, uint32_t id)
{
    if (id / CHUNK >= CHUNKS_MAX)
        return NULL;
    uint32_t *chunk = __atomic_load_n(&idle->chunks[id / CHUNK], __ATOMIC_ACQUIRE);
    return chunk ? &chunk[id % CHUNK] : NULL;
}

static uint32_t seconds(int64_t at_s)
{
    return (uint32_t)max_i64(0, min_i64(at_s, UINT32_MAX));
}

void idle_add(struct idle *idle, uint32_t id, int64_t at_s)
{
    BUG_IF(id / CHUNK >= CHUNKS_MAX);
    if (!last_of(idle, id)) {
        uint32_t *chunk = mem_array(CHUNK, uint32_t);
        __atomic_store_n(&idle->chunks[id / CHUNK], chunk, __ATOMIC_RELEASE);
    }
    __atomic_store_n(last_of(idle, id), seconds(at_s), __ATOMIC_RELAXED);
}

void idle_raise(struct idle *idle, uint32_t id, int64_t at_s)
{
    uint32_t *last = last_of(idle, id);
    if (last && seconds(at_s) > __atomic_load_n(last, __ATOMIC_RELAXED))
        __atomic_store_n(last, seconds(at_s), __ATOMIC_RELAXED);
}

void idle_load(struct store *store)
{
    if (__atomic_load_n(&store->idle->is_loaded, __ATOMIC_RELAXED))
        return;
    struct files_version *version = files_ref(store->files);
    for (size_t i = 0; i < version->n; i++) {
        const struct block *block = version->items[i]->block;
        const struct block_info *info = block_info(block);
        const int64_t end_s = (info->first_slot + info->n_slots) * info->step_s;
        for (uint32_t row = 0; row < info->n_series; row++)
            idle_raise(store->idle, block_id(block, row), end_s);
    }
    files_unref(store->files, version);
    __atomic_store_n(&store->idle->is_loaded, true, __ATOMIC_RELEASE);
}

bool idle_ask_init(struct idle_ask *ask, struct store *store, const struct source_span *span)
{
    const int64_t since_s = min_i64(span->from_s, span->now_s - store->hide_idle_after_s);
    *ask = (struct idle_ask){store, seconds(since_s), !late_is_empty(store->late)};
    return store->hide_idle_after_s > 0 && since_s > 0 &&
           __atomic_load_n(&store->idle->is_loaded, __ATOMIC_ACQUIRE);
}

bool idle_is_alive(void *self, uint32_t id)
{
    const struct idle_ask *ask = self;
    const struct store *store = ask->store;
    const uint32_t *last = last_of(store->idle, id);

    if (!last || LIKELY(__atomic_load_n(last, __ATOMIC_ACQUIRE) >= ask->since_s))
        return true;
    /* again at the end: what left memory in between is noted before it leaves */
    return head_has(store->head, id) || (ask->has_late && late_has(store->late, id)) ||
           __atomic_load_n(last, __ATOMIC_ACQUIRE) >= ask->since_s;
}
