/* A copy of a running store. On the keeper's thread, so that no file comes or goes meanwhile: links to all
 * block files, which never change, the manifest's state, and a hold on the log. Then, beside everything
 * else, what can only be copied: the log and names.log, each as far as it was written at that moment.
 *
 * Invariants:
 *   1. what the manifest of the copy says is not in files is in the log of the copy: the segments are
 *      listed after the manifest was written, and none is reclaimed until they are copied
 *   2. every id in the copy's files and log has its name: names are written before anything that needs
 *      them, and names.log is measured last
 *   3. the log of the copy ends between two commits: none is missing before one that is there
 *   4. no byte of the copy is shared with a file that is written to: of those there is no link */
#include <fcntl.h>

#include "base/mem.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/shared.h"

struct snapshot {
    struct store *store;
    const char *dir;
    struct files_version *version;
    bool *is_linked; /* by item of the version */
    struct wal_part *parts;
    size_t n_parts;
    uint64_t names_bytes;
};

/* "<copy>/data/<name of the block file>" */
static char *item_path(const struct snapshot *snapshot, const struct files_item *item)
{
    struct buf path;
    size_t n;

    buf_init(&path, 8192);
    buf_printf(&path, "%s/data/%s", snapshot->dir, file_name(item->path));
    return buf_take(&path, &n);
}

/* ---- on the keeper's thread ---- */

static bool freeze(void *self, struct err *err)
{
    struct snapshot *snapshot = self;
    struct store *store = snapshot->store;
    CLEANUP(mem_done) char *manifest = file_join(snapshot->dir, "MANIFEST");

    if (!names_log_write(store->names_log, err) || !manifest_copy(store->manifest, manifest, err))
        return false;
    snapshot->version = files_ref(store->files);
    snapshot->is_linked = mem_array(snapshot->version->n + 1, bool);
    for (size_t i = 0; i < snapshot->version->n; i++) {
        CLEANUP(mem_done) char *to = item_path(snapshot, snapshot->version->items[i]);
        /* another file system, or one without links: copied later */
        snapshot->is_linked[i] = file_link(snapshot->version->items[i]->path, to, NULL);
    }
    wal_hold(store->wal);
    snapshot->parts = wal_list(store->wal, &snapshot->n_parts);
    snapshot->names_bytes = names_log_bytes(store->names_log);
    return true;
}

/* ---- beside everything else ---- */

/* From the mapping: the file itself may be gone from its folder by now. */
static bool item_copy(const struct files_item *item, const char *to, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    return file_open(to, O_WRONLY | O_CREAT | O_EXCL, &fd, err) &&
           file_write(fd, to, item->map, item->n_bytes, err) && file_sync(fd, to, err);
}

static bool items_copy(const struct snapshot *snapshot, struct store_copy *out, struct err *err)
{
    for (size_t i = 0; i < snapshot->version->n; i++) {
        const struct files_item *item = snapshot->version->items[i];
        CLEANUP(mem_done) char *to = item_path(snapshot, item);
        if (!snapshot->is_linked[i] && !item_copy(item, to, err))
            return false;
        out->n_files++;
        out->n_files_linked += snapshot->is_linked[i];
        out->n_bytes += item->n_bytes;
    }
    return true;
}

static bool logs_copy(const struct snapshot *snapshot, struct store_copy *out, struct err *err)
{
    const struct store *store = snapshot->store;
    CLEANUP(mem_done) char *names = file_join(store->dir, "names.log");
    CLEANUP(mem_done) char *names_to = file_join(snapshot->dir, "names.log");
    CLEANUP(mem_done) char *wal_dir = file_join(snapshot->dir, "wal");

    for (size_t i = 0; i < snapshot->n_parts; i++) {
        const struct wal_part *part = &snapshot->parts[i];
        CLEANUP(mem_done) char *from = wal_path(store->wal_dir, part->segment);
        CLEANUP(mem_done) char *to = wal_path(wal_dir, part->segment);
        if (!file_copy(from, to, part->bytes, err))
            return false;
        out->n_bytes += part->bytes;
    }
    out->n_bytes += snapshot->names_bytes;
    return file_copy(names, names_to, snapshot->names_bytes, err);
}

static bool dirs_sync(const char *dir, struct err *err)
{
    CLEANUP(mem_done) char *data = file_join(dir, "data");
    CLEANUP(mem_done) char *wal = file_join(dir, "wal");
    return dir_sync(data, err) && dir_sync(wal, err) && dir_sync(dir, err);
}

static bool fill(struct snapshot *snapshot, struct store_copy *out, struct err *err)
{
    if (!keeper_call(snapshot->store, freeze, snapshot, err))
        return false;
    bool is_ok = items_copy(snapshot, out, err) && logs_copy(snapshot, out, err) &&
                 dirs_sync(snapshot->dir, err);
    wal_let_go(snapshot->store->wal);
    files_unref(snapshot->store->files, snapshot->version);
    mem_free(snapshot->is_linked);
    mem_free(snapshot->parts);
    return is_ok;
}

bool store_snapshot(struct store *store, const char *dir, struct store_copy *out, struct err *err)
{
    struct snapshot snapshot = {.store = store, .dir = dir};
    CLEANUP(mem_done) char *data = file_join(dir, "data");
    CLEANUP(mem_done) char *wal = file_join(dir, "wal");

    *out = (struct store_copy){0};
    return dir_make_new(dir, err) && dir_make_new(data, err) && dir_make_new(wal, err) &&
           fill(&snapshot, out, err);
}
