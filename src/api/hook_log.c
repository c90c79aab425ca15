#include "api/hook_log.h"

#include <pthread.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    NAME_BYTES = 64,
    TAKEN_MAX = 32768, /* half a megabyte */
};
static const int64_t TAKEN_FOR_MS = INT64_C(7) * 86400 * 1000; /* GitHub sends again for 3 days */

struct kept {
    char source[NAME_BYTES], name[NAME_BYTES];
    uint64_t counts[HOOK_LOG_FATES];
    struct hook_log_entry entries[HOOK_LOG_KEPT]; /* a ring: the newest is before `next` */
    size_t n, next;
    int64_t last_ms;
};

struct taken {
    uint64_t hash;
    int64_t at_ms;
};

struct hook_log {
    pthread_mutex_t mutex; /* of all that follows */
    struct kept *hooks[HOOK_LOG_HOOKS_MAX];
    size_t n_hooks;
    struct hash_key key;
    struct taken *taken; /* a ring of TAKEN_MAX */
    size_t next_taken;
};

struct hook_log *hook_log_new(void)
{
    struct hook_log *log = mem_zalloc(sizeof *log);
    pthread_mutex_init(&log->mutex, NULL);
    log->key = hash_key_random();
    log->taken = mem_array(TAKEN_MAX, struct taken);
    return log;
}

void hook_log_free(struct hook_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < log->n_hooks; i++)
        mem_free(log->hooks[i]);
    mem_free(log->taken);
    pthread_mutex_destroy(&log->mutex);
    mem_free(log);
}

const char *hook_log_fate_name(enum hook_log_fate fate)
{
    static const char *const names[HOOK_LOG_FATES] = {
        [HOOK_LOG_TAKEN] = "taken",      [HOOK_LOG_IGNORED] = "ignored",
        [HOOK_LOG_SEEN] = "seen before", [HOOK_LOG_REFUSED] = "refused",
        [HOOK_LOG_FAILED] = "failed",
    };
    BUG_IF((unsigned)fate >= HOOK_LOG_FATES);
    return names[fate];
}

static struct kept *find(const struct hook_log *log, const char *source, const char *name)
{
    for (size_t i = 0; i < log->n_hooks; i++)
        if (strcmp(log->hooks[i]->source, source) == 0 && strcmp(log->hooks[i]->name, name) == 0)
            return log->hooks[i];
    return NULL;
}

/* The hook's place; anybody may make up names, so the one silent for longest makes room. */
static struct kept *place(struct hook_log *log, const char *source, const char *name)
{
    struct kept *kept = find(log, source, name);
    if (kept)
        return kept;
    if (log->n_hooks < HOOK_LOG_HOOKS_MAX) {
        kept = log->hooks[log->n_hooks++] = mem_zalloc(sizeof *kept);
    } else {
        kept = log->hooks[0];
        for (size_t i = 1; i < log->n_hooks; i++)
            if (log->hooks[i]->last_ms < kept->last_ms)
                kept = log->hooks[i];
        *kept = (struct kept){0};
    }
    BUG_IF(!text_copy(kept->source, sizeof kept->source, source));
    BUG_IF(!text_copy(kept->name, sizeof kept->name, name));
    return kept;
}

void hook_log_add(struct hook_log *log, const char *source, const char *name,
                  const struct hook_log_entry *entry)
{
    pthread_mutex_lock(&log->mutex);
    struct kept *kept = place(log, source, name);
    kept->entries[kept->next] = *entry;
    kept->next = (kept->next + 1) % HOOK_LOG_KEPT;
    kept->n = min_size(kept->n + 1, HOOK_LOG_KEPT);
    kept->counts[entry->fate]++;
    kept->last_ms = entry->at_ms;
    pthread_mutex_unlock(&log->mutex);
}

static struct hook_log_hook copy(const struct kept *kept, size_t n_entries, struct arena *arena)
{
    struct hook_log_hook out = {.source = arena_strdup(arena, kept->source),
                                .name = arena_strdup(arena, kept->name),
                                .entries = arena_array(arena, n_entries, struct hook_log_entry),
                                .n_entries = n_entries};
    memcpy(out.counts, kept->counts, sizeof out.counts);
    for (size_t i = 0; i < n_entries; i++)
        out.entries[i] = kept->entries[(kept->next + HOOK_LOG_KEPT - 1 - i) % HOOK_LOG_KEPT];
    return out;
}

bool hook_log_get(struct hook_log *log, const char *source, const char *name, struct arena *arena,
                  struct hook_log_hook *out)
{
    *out = (struct hook_log_hook){.source = source, .name = name};
    pthread_mutex_lock(&log->mutex);
    const struct kept *kept = find(log, source, name);
    if (kept)
        *out = copy(kept, kept->n, arena);
    pthread_mutex_unlock(&log->mutex);
    return kept != NULL;
}

size_t hook_log_all(struct hook_log *log, struct arena *arena, struct hook_log_hook **out)
{
    *out = arena_array(arena, HOOK_LOG_HOOKS_MAX, struct hook_log_hook);
    pthread_mutex_lock(&log->mutex);
    const size_t n = log->n_hooks;
    for (size_t i = 0; i < n; i++)
        (*out)[i] = copy(log->hooks[i], 0, arena);
    pthread_mutex_unlock(&log->mutex);
    return n;
}

/* ---- what was taken ---- */

static uint64_t hash_of(const struct hook_log *log, const char *hook, const char *delivery)
{
    const uint64_t first = hash_sip13(log->key, hook, strlen(hook));
    const struct hash_key key = {log->key.k0 ^ first, log->key.k1};
    return hash_sip13(key, delivery, strlen(delivery));
}

bool hook_log_was_taken(struct hook_log *log, const char *hook, const char *delivery,
                        int64_t now_ms)
{
    const uint64_t hash = hash_of(log, hook, delivery);
    bool was = false;
    pthread_mutex_lock(&log->mutex);
    for (size_t i = 0; i < TAKEN_MAX && !was; i++)
        was = log->taken[i].hash == hash && log->taken[i].at_ms > now_ms - TAKEN_FOR_MS;
    pthread_mutex_unlock(&log->mutex);
    return was;
}

void hook_log_take(struct hook_log *log, const char *hook, const char *delivery, int64_t now_ms)
{
    const struct taken taken = {hash_of(log, hook, delivery), now_ms};
    pthread_mutex_lock(&log->mutex);
    log->taken[log->next_taken] = taken;
    log->next_taken = (log->next_taken + 1) % TAKEN_MAX;
    pthread_mutex_unlock(&log->mutex);
}
