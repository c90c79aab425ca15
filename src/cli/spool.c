#include "cli/spool.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/str.h"
#include "cli/env.h"
#include "cli/record.h"
#include "os/file.h"

#define SUFFIX ".json"

bool spool_open(const char *dir, struct arena *arena, struct spool *out, struct err *err)
{
    const char *state = env_get("XDG_STATE_HOME"), *home = env_get("HOME");
    const bool has_state = state && state[0] == '/'; /* the standard: relative ones do not count */
    if (!dir && !has_state && !(home && home[0] == '/'))
        return FAIL(err, ERR_MISSING, "no place for a spool: HOME is not set");
    if (!dir && has_state)
        dir = arena_printf(arena, "%s/plumb/spool", state);
    else if (!dir)
        dir = arena_printf(arena, "%s/.local/state/plumb/spool", home);
    *out = (struct spool){.dir = arena_strdup(arena, dir),
                          .refused_dir = arena_printf(arena, "%s/refused", dir),
                          .records_max = SPOOL_RECORDS_MAX};
    return true;
}

/* Names of records, oldest first. */
struct names {
    struct arena *arena;
    const char **items;
    size_t n, cap;
};

static bool is_record(const char *name)
{
    return name[0] != '.' && text_ends(name, SUFFIX);
}

static bool add_name(void *self, const char *name, struct err *err)
{
    (void)err;
    struct names *names = self;
    if (!is_record(name))
        return true;
    arena_grow(names->arena, &names->items, &names->cap, names->n + 1, sizeof names->items[0]);
    names->items[names->n++] = arena_strdup(names->arena, name);
    return true;
}

/* A folder that does not exist is empty. */
static bool list_records(const char *dir, struct arena *arena, struct names *out, struct err *err)
{
    struct err why = {0};
    *out = (struct names){.arena = arena};
    if (dir_each(dir, add_name, out, &why) || why.kind == ERR_MISSING)
        return true;
    *err = why;
    return false;
}

bool spool_count(const struct spool *spool, struct arena *arena, size_t *out_waiting,
                 size_t *out_refused, struct err *err)
{
    struct names waiting, refused;
    if (!list_records(spool->dir, arena, &waiting, err) ||
        !list_records(spool->refused_dir, arena, &refused, err))
        return false;
    *out_waiting = waiting.n;
    *out_refused = refused.n;
    return true;
}

/* Nobody else's business: messages may name what is not public. */
static bool make_private(const char *dir, struct err *err)
{
    if (!dir_make(dir, err))
        return false;
    if (chmod(dir, 0700) != 0)
        return FAIL(err, ERR_IO, "make '%s' private", dir);
    return true;
}

bool spool_add(const struct spool *spool, const struct buf *record, int64_t now_ms, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct names names;
    if (!make_private(spool->dir, err) || !list_records(spool->dir, &arena, &names, err))
        return false;
    if (names.n >= spool->records_max)
        return FAIL(err, ERR_LIMIT, "%s is full: %zu records wait there", spool->dir, names.n);
    /* The time first, so that names sort by age; then what no other process comes up with. */
    const char *path = arena_printf(&arena, "%s/%013lld-%016llx" SUFFIX, spool->dir,
                                    (long long)now_ms, (unsigned long long)hash_key_random().k0);
    return file_replace(path, record->at, record->n, err);
}

/* Keeps room in the folder of the refused: the oldest goes, with its reason. */
static bool prune_refused(const struct spool *spool, struct arena *arena, struct err *err)
{
    struct names names;
    if (!list_records(spool->refused_dir, arena, &names, err))
        return false;
    for (size_t i = 0; i + SPOOL_REFUSED_MAX <= names.n; i++) {
        const char *path = arena_printf(arena, "%s/%s", spool->refused_dir, names.items[i]);
        if (!file_unlink(path, err) || !file_unlink(arena_printf(arena, "%s.why", path), err))
            return false;
    }
    return true;
}

static bool set_aside(const struct spool *spool, const char *name, const struct err *why,
                      struct arena *arena, struct err *err)
{
    const char *from = arena_printf(arena, "%s/%s", spool->dir, name);
    const char *to = arena_printf(arena, "%s/%s", spool->refused_dir, name);
    const char *reason =
        arena_printf(arena, "%s\n%s%s", why->text, why->hint, why->hint[0] ? "\n" : "");
    /* The reason first: a record there is never without one. */
    return make_private(spool->refused_dir, err) && prune_refused(spool, arena, err) &&
           file_replace(arena_printf(arena, "%s.why", to), reason, strlen(reason), err) &&
           file_rename(from, to, err);
}

struct delivery {
    const struct spool *spool;
    spool_send send;
    void *self;
    struct spool_report *report;
};

/* Reads the record and asks send. */
static enum spool_fate try_one(const struct delivery *d, const char *path, struct err *why)
{
    CLEANUP(buf_done) struct buf record;
    buf_init(&record, RECORD_BYTES_MAX);
    if (!file_read_all(path, &record, why))
        return why->kind == ERR_MISSING ? SPOOL_SENT : SPOOL_REFUSED; /* gone: by another process */
    if (!record_is_whole(buf_text(&record), record.n)) {
        err_set(why, ERR_CORRUPT, "the file is damaged: it holds no change");
        return SPOOL_REFUSED;
    }
    return d->send(d->self, &record, why);
}

/* One of the names; *out_goes_on false: no use in trying another now. */
static bool deliver_one(const struct delivery *d, const char *name, bool *out_goes_on,
                        struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct err why = {0};
    const char *path = arena_printf(&arena, "%s/%s", d->spool->dir, name);
    const enum spool_fate fate = try_one(d, path, &why);
    *out_goes_on = fate != SPOOL_LATER;
    if (fate == SPOOL_LATER) {
        d->report->later = why;
        return true;
    }
    d->report->n_waiting--;
    if (fate == SPOOL_SENT) {
        d->report->n_sent++;
        return file_unlink(path, err);
    }
    d->report->n_refused++;
    d->report->refused = why;
    return set_aside(d->spool, name, &why, &arena, err);
}

bool spool_deliver(const struct spool *spool, spool_send send, void *self, struct spool_report *out,
                   struct err *err)
{
    *out = (struct spool_report){0};
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct names names;
    if (!list_records(spool->dir, &arena, &names, err))
        return false;
    if (!names.n)
        return true;

    CLEANUP(fd_done) int lock = -1;
    struct err why = {0};
    out->n_waiting = names.n;
    if (!file_lock(arena_printf(&arena, "%s/.lock", spool->dir), &lock, &why)) {
        out->is_busy = why.kind == ERR_BUSY;
        *err = why;
        return out->is_busy;
    }
    /* Again, now that nobody else takes any away. */
    if (!list_records(spool->dir, &arena, &names, err))
        return false;
    out->n_waiting = names.n;
    const struct delivery delivery = {spool, send, self, out};
    bool goes_on = true;
    for (size_t i = 0; i < names.n && goes_on; i++)
        if (!deliver_one(&delivery, names.items[i], &goes_on, err))
            return false;
    return true;
}
