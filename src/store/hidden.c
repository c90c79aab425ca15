#include "store/hidden.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "store/shared.h"
#include "store/writer.h"

enum { LOOKED_AT_ONCE = 4096 /* series of one keeper's pass: about a millisecond */ };

struct hidden {
    pthread_mutex_t lock;
    struct map *since; /* id -> the second it was hidden, as a pointer's number; NULL: no longer */
    size_t next;       /* where the keeper's next look begins */
};

struct hidden *hidden_new(void)
{
    struct hidden *hidden = mem_zalloc(sizeof(struct hidden));
    pthread_mutex_init(&hidden->lock, NULL);
    hidden->since = map_new();
    return hidden;
}

void hidden_free(struct hidden *hidden)
{
    if (!hidden)
        return;
    map_free(hidden->since);
    pthread_mutex_destroy(&hidden->lock);
    mem_free(hidden);
}

/* With the lock held. */
static void mark(struct store *store, uint32_t id, bool is_hidden)
{
    const uintptr_t since_s = is_hidden ? (uintptr_t)max_i64(1, clock_s(&store->clock)) : 0;
    (void)map_put(store->hidden->since, (const char *)&id, sizeof id, (void *)since_s);
    index_hide(store->index, id, is_hidden);
}

/* With the lock held, so that the log has the order in which things were. */
static void mark_and_log(struct store *store, uint32_t id, bool is_hidden)
{
    if (!names_text(store->names, id) || index_is_hidden(store->index, id) == is_hidden)
        return;
    mark(store, id, is_hidden);
    names_log_add_hidden(store->names_log, id, is_hidden);
}

bool hidden_load(struct store *store, uint32_t id, bool is_hidden)
{
    if (!names_text(store->names, id))
        return false;
    mark(store, id, is_hidden); /* nobody else is there yet */
    return true;
}

void hidden_forget(struct store *store, uint32_t id)
{
    struct hidden *hidden = store->hidden;
    pthread_mutex_lock(&hidden->lock);
    if (map_get(hidden->since, (const char *)&id, sizeof id))
        (void)map_put(hidden->since, (const char *)&id, sizeof id, NULL);
    pthread_mutex_unlock(&hidden->lock);
}

/* The id of a name that has one. */
static bool find(struct store *store, const struct sink_writer *writer, struct str name,
                 uint32_t *out_id)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n;
    if (name_normalise(name, canonical, &n) != NAME_OK)
        return false;
    epoch_enter(&store->epochs.of[writer->no]);
    const bool is_there = names_find(store->names, str_make(canonical, n), out_id);
    epoch_leave(&store->epochs.of[writer->no]);
    return is_there;
}

static bool check(const struct str *names, size_t n, struct err *err)
{
    char canonical[NAME_BYTES_MAX + 1];
    for (size_t i = 0; i < n; i++) {
        size_t length;
        const enum name_fault fault = name_normalise(names[i], canonical, &length);
        if (fault != NAME_OK)
            return FAIL(err, ERR_INPUT, "'%.*s': %s", (int)min_size(names[i].n, 200), names[i].at,
                        name_fault_text(fault));
    }
    return true;
}

bool hidden_set(struct store *store, const struct str *names, size_t n, bool is_hidden,
                struct err *err)
{
    struct hidden *hidden = store->hidden;
    struct sink_writer *writer;
    if (!check(names, n, err) || !writer_sink_ops.writer_open(store, &writer, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t id;
        if (!find(store, writer, names[i], &id))
            continue;
        pthread_mutex_lock(&hidden->lock);
        mark_and_log(store, id, is_hidden);
        pthread_mutex_unlock(&hidden->lock);
    }
    const bool is_ok = writer_sink_ops.commit(writer, err);
    writer_sink_ops.writer_close(writer);
    return is_ok;
}

/* Is there a point of a slot that began after that second? */
static bool has_later_point(const struct store *store, uint32_t id, int64_t since_s)
{
    struct head_recent recent;
    const struct head_class *of = head_class(store->head, names_class(store->names, id));
    const int64_t step_s = of->schema.archives[0].step_s;
    head_read(store->head, id, &recent);
    for (uint32_t i = 0; i < recent.n; i++)
        if (((int64_t)recent.first + i) * step_s > since_s && !isnan(recent.values[i]))
            return true;
    return false;
}

void hidden_keep(struct store *store)
{
    struct hidden *hidden = store->hidden;
    pthread_mutex_lock(&hidden->lock);
    const size_t n = map_count(hidden->since);
    for (size_t i = 0; i < min_size(n, LOOKED_AT_ONCE); i++) {
        const size_t at = (hidden->next + i) % n;
        const uintptr_t since_s = (uintptr_t)map_value(hidden->since, at);
        uint32_t id;
        memcpy(&id, map_key(hidden->since, at), sizeof id);
        if (since_s && has_later_point(store, id, (int64_t)since_s))
            mark_and_log(store, id, false);
    }
    hidden->next = n ? (hidden->next + LOOKED_AT_ONCE) % n : 0;
    pthread_mutex_unlock(&hidden->lock);
}
