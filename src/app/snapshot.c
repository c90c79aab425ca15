/* It is made beside its place, as DIR.part, and gets its name when all of it is on disk: whatever bears the
 * name is whole, also after a crash. */
#include "app/snapshot.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "os/file.h"
#include "os/realtime.h"

static bool has_entry(void *self, const char *name, struct err *err)
{
    bool *found = self;
    (void)name, (void)err;
    *found = true;
    return true;
}

/* The folder that dir is to be made in, without links and "..". */
static bool parent_of(const char *dir, struct arena *arena, const char **out, struct err *err)
{
    const char *slash = strrchr(dir, '/');

    if (!slash || dir[0] != '/' || !slash[1] || strcmp(slash, "/.") == 0 ||
        strcmp(slash, "/..") == 0)
        return FAIL(err, ERR_INPUT, "'%.300s' is no absolute path of a new folder", dir);
    const char *parent = slash == dir ? "/" : arena_strndup(arena, dir, (size_t)(slash - dir));
    if (dir_real(parent, arena, out, err))
        return true;
    if (err->kind == ERR_MISSING)
        err_set(err, ERR_INPUT, "there is no folder '%.300s' to make it in", parent);
    return false;
}

/* Is path the folder or inside it? Both without links. */
static bool is_inside(const char *path, const char *folder)
{
    const size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool check(const struct snapshot *snapshot, const char *dir, struct arena *arena,
                  const char **out_place, struct err *err)
{
    const char *parent, *data;
    bool found = false;

    if (!parent_of(dir, arena, &parent, err) || !dir_real(snapshot->data, arena, &data, err))
        return false;
    const char *place =
        arena_printf(arena, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, file_name(dir));
    if (is_inside(place, data))
        return FAIL(err, ERR_INPUT, "'%.300s' lies in the data folder itself", dir);
    if (file_exists(place) && !dir_each(place, has_entry, &found, err))
        return FAIL(err, ERR_INPUT, "'%.300s' is there and is no folder", dir);
    if (found)
        return FAIL(err, ERR_INPUT, "'%.300s' is not empty; nothing is overwritten", dir);
    *out_place = place;
    return true;
}

static bool fill(const struct snapshot *snapshot, const char *part, struct arena *arena,
                 struct store_copy *out, struct err *err)
{
    const char *store = arena_printf(arena, "%s/store", part);
    const char *ledger = arena_printf(arena, "%s/ledger.db", part);
    struct sink sink = store_sink(snapshot->store);
    return sink.ops->barrier(sink.self, err) && ledger_barrier(snapshot->ledger, err) &&
           store_snapshot(snapshot->store, store, out, err) &&
           ledger_snapshot(snapshot->ledger, ledger, err) && dir_sync(part, err);
}

static void tell(const char *place, const struct store_copy *copy, int64_t took_us,
                 struct jsonw *json)
{
    jsonw_object(json);
    jsonw_put_text(json, "dir", place);
    jsonw_put_i64(json, "files", (int64_t)copy->n_files);
    jsonw_put_i64(json, "linked", (int64_t)copy->n_files_linked);
    jsonw_put_i64(json, "bytes", (int64_t)copy->n_bytes);
    jsonw_put_i64(json, "ms", took_us / 1000);
    jsonw_end(json);
}

bool snapshot_make(const struct snapshot *snapshot, const char *dir, struct jsonw *json,
                   struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    const int64_t begun_us = monotonic_us();
    struct store_copy copy;
    const char *place;

    arena_init(&arena);
    /* "/backup/x/" is "/backup/x" */
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (!check(snapshot, arena_strndup(&arena, dir, n), &arena, &place, err))
        return false;
    const char *part = arena_printf(&arena, "%s.part", place);
    if (!dir_make_new(part, err)) {
        err_hint(err, "a snapshot is being made there, or one was broken off: then remove it");
        return false;
    }
    if (!fill(snapshot, part, &arena, &copy, err) || !file_rename(part, place, err)) {
        (void)!dir_remove(part, NULL);
        return false;
    }
    tell(place, &copy, monotonic_us() - begun_us, json);
    return dir_sync(dir_above(place, &arena), err);
}
