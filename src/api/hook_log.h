/* What arrived at the hooks, for whoever wonders why nothing did: the last deliveries of each, counts, and
 * which deliveries were taken already. In memory: a restart forgets. Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/base.h"

struct hook_log;

enum {
    HOOK_LOG_KEPT = 20,      /* deliveries of one hook */
    HOOK_LOG_IDS_MAX = 8,    /* changes named of one delivery */
    HOOK_LOG_HOOKS_MAX = 64, /* past it, the one silent for longest is forgotten */
};

enum hook_log_fate {
    HOOK_LOG_TAKEN,
    HOOK_LOG_IGNORED,
    HOOK_LOG_SEEN,    /* the same delivery was taken before */
    HOOK_LOG_REFUSED, /* the signature */
    HOOK_LOG_FAILED,  /* it could not be read, or kept */
    HOOK_LOG_FATES
};

/* Longer texts are cut. */
struct hook_log_entry {
    int64_t at_ms;
    enum hook_log_fate fate;
    char peer[64], event[80], delivery[80], reason[320];
    char ids[HOOK_LOG_IDS_MAX][27];
    size_t n_ids;
};

struct hook_log_hook {
    const char *source, *name;
    uint64_t counts[HOOK_LOG_FATES];
    struct hook_log_entry *entries; /* newest first */
    size_t n_entries;
};

MUST_CHECK struct hook_log *hook_log_new(void);
void hook_log_free(struct hook_log *log); /* NULL is fine */

const char *hook_log_fate_name(enum hook_log_fate fate);
/* Copies it. Names longer than 63 bytes are not to be given. */
void hook_log_add(struct hook_log *log, const char *source, const char *name,
                  const struct hook_log_entry *entry);
/* A copy of one in the arena, or of all of them without their entries. False, and no entries: nothing
 * arrived there. */
bool hook_log_get(struct hook_log *log, const char *source, const char *name, struct arena *arena,
                  struct hook_log_hook *out);
size_t hook_log_all(struct hook_log *log, struct arena *arena, struct hook_log_hook **out);

/* A delivery of a hook ("github/main") that was taken in the last 7 days (of the last 32,768)? */
bool hook_log_was_taken(struct hook_log *log, const char *hook, const char *delivery,
                        int64_t now_ms);
void hook_log_take(struct hook_log *log, const char *hook, const char *delivery, int64_t now_ms);
