/* Invariants:
 *   1. an id is marked dead before its lane is dropped (see shared_lane_take), so no put that begins
 *      later stores anything for it
 *   2. the names log has deletions, renamings and creations in the order in which they were: a name is
 *      freed before it is given again */
#include "store/removal.h"

#include "base/mem.h"
#include "store/hidden.h"
#include "store/shared.h"
#include "store/sync.h"

enum { AT_ONCE = 1024 /* names deleted while creation waits: about a millisecond */ };

/* ---- under the creation lock ---- */

void removal_deleted(void *self, const uint32_t *ids, size_t n)
{
    struct store *store = self;
    index_remove(store->index, ids, n);
    for (size_t i = 0; i < n; i++) {
        hidden_forget(store, ids[i]);
        names_log_add_deleted(store->names_log, ids[i]);
    }
}

void removal_renamed(void *self, const uint32_t *ids, size_t n)
{
    struct store *store = self;
    index_remove(store->index, ids, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = names_text(store->names, ids[i]);
        hidden_forget(store, ids[i]);
        index_add(store->index, ids[i], name);
        names_log_add(store->names_log, ids[i], names_class(store->names, ids[i]), str_of(name));
    }
}

/* ---- at start ---- */

bool removal_load_delete(struct store *store, uint32_t id)
{
    if (!names_load_delete(store->names, id))
        return false;
    index_remove(store->index, &id, 1);
    hidden_forget(store, id);
    return true;
}

bool removal_load_rename(struct store *store, uint32_t id, uint16_t class_no, struct str name)
{
    if (class_no != names_class(store->names, id) || !names_load_rename(store->names, id, name))
        return false;
    index_remove(store->index, &id, 1);
    index_add(store->index, id, names_text(store->names, id));
    hidden_forget(store, id);
    store->rules = 0; /* another rule may hold for its new name */
    return true;
}

/* ---- for those who ask ---- */

/* Canonical, in the arena. */
static bool canonical_of(struct str name, struct arena *arena, struct str *out, struct err *err)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n;
    const enum name_fault fault = name_normalise(name, canonical, &n);
    if (fault != NAME_OK)
        return FAIL(err, ERR_INPUT, "'%.*s': %s", (int)min_size(name.n, 200), name.at,
                    name_fault_text(fault));
    *out = str_make(arena_strndup(arena, canonical, n), n);
    return true;
}

/* Receivers forget their ids; then all that was done is made durable. */
static bool settle(struct store *store, struct err *err)
{
    __atomic_fetch_add(&store->n_renamings, 1, __ATOMIC_SEQ_CST);
    return names_log_write(store->names_log, err) && sync_wait(store, err);
}

bool removal_delete(struct store *store, const struct str *names, size_t n, size_t *out_n,
                    struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    uint32_t ids[AT_ONCE];

    arena_init(&arena);
    *out_n = 0;
    struct str *canonical = arena_array(&arena, n, struct str);
    for (size_t i = 0; i < n; i++)
        if (!canonical_of(names[i], &arena, &canonical[i], err))
            return false;
    for (size_t i = 0; i < n; i += AT_ONCE) {
        const size_t n_deleted =
            names_delete(store->names, canonical + i, min_size(n - i, AT_ONCE), ids);
        for (size_t k = 0; k < n_deleted; k++)
            head_lane_drop(store->head, ids[k]);
        *out_n += n_deleted;
    }
    /* one that is not there may be gone for lack of a sync only: an earlier call's failed, or runs */
    return (*out_n == 0 && names_log_is_synced(store->names_log)) || settle(store, err);
}

bool removal_rename(struct store *store, const struct name_change *renames, size_t n,
                    struct err *err)
{
    CLEANUP(arena_done) struct arena arena;

    arena_init(&arena);
    struct name_change *canonical = arena_array(&arena, n, struct name_change);
    for (size_t i = 0; i < n; i++)
        if (!canonical_of(renames[i].from, &arena, &canonical[i].from, err) ||
            !canonical_of(renames[i].to, &arena, &canonical[i].to, err))
            return false;
    return names_rename(store->names, canonical, n, err) && (n == 0 || settle(store, err));
}
