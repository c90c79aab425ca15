#include "store/files.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"

struct files {
    char *dir, *corrupt_dir;
    pthread_mutex_t lock; /* current and all counts of references */
    struct files_version *current;
    size_t n_bad;       /* atomic */
    uint64_t n_corrupt; /* atomic */
};

static struct files_version *version_new(size_t n)
{
    struct files_version *version = mem_zalloc(sizeof(struct files_version));
    version->n_refs = 1;
    version->items = mem_array(n + 1, struct files_item *);
    version->floors_s = mem_zalloc(HEAD_CLASSES_MAX * sizeof *version->floors_s);
    return version;
}

struct files *files_new(const char *dir, const char *corrupt_dir)
{
    struct files *files = mem_zalloc(sizeof(struct files));
    files->dir = mem_strdup(dir);
    files->corrupt_dir = corrupt_dir ? mem_strdup(corrupt_dir) : NULL;
    files->current = version_new(0);
    pthread_mutex_init(&files->lock, NULL);
    return files;
}

void files_item_free(struct files_item *item)
{
    if (!item)
        return;
    block_close(item->block);
    file_unmap(item->map, item->n_bytes);
    mem_free(item->path);
    mem_free(item);
}

/* Nobody holds it any more. The caller does not hold the lock. */
static void version_free(struct files *files, struct files_version *version)
{
    for (size_t i = 0; i < version->n; i++) {
        pthread_mutex_lock(&files->lock);
        bool is_last = --version->items[i]->n_refs == 0;
        pthread_mutex_unlock(&files->lock);
        if (is_last)
            files_item_free(version->items[i]);
    }
    mem_free(version->items);
    mem_free(version->floors_s);
    mem_free(version);
}

void files_free(struct files *files)
{
    if (!files)
        return;
    files_unref(files, files->current);
    pthread_mutex_destroy(&files->lock);
    mem_free(files->dir);
    mem_free(files->corrupt_dir);
    mem_free(files);
}

char *files_path(const struct files *files, const struct manifest_file *file)
{
    struct buf path;
    size_t n;

    buf_init(&path, 8192);
    buf_printf(&path, "%s/c%u-a%u-p%" PRId64 "-g%" PRIu64 ".blk", files->dir, file->class_no,
               file->level, file->partition, file->generation);
    return buf_take(&path, &n);
}

bool files_parse_name(const char *name, struct manifest_file *out)
{
    unsigned class_no, level;
    int end = 0;
    struct manifest_file file = {0};

    if (strlen(name) > 80)
        return false;
    const int n_read =
        /* Widths bound the numbers, so nothing overflows. */
        sscanf(name, "c%4u-a%1u-p%12" SCNd64 "-g%19" SCNu64 ".blk%n", /* NOLINT(cert-err34-c) */
               &class_no, &level, &file.partition, &file.generation, &end);
    if (n_read != 4)
        return false;
    if (end == 0 || name[end] != '\0' || class_no >= HEAD_CLASSES_MAX ||
        level >= SCHEMA_ARCHIVES_MAX)
        return false;
    file.class_no = (uint16_t)class_no;
    file.level = (uint8_t)level;
    *out = file;
    return true;
}

/* ---- opening ---- */

void files_set_aside(struct files *files, const char *path)
{
    struct err err;

    __atomic_fetch_add(&files->n_corrupt, 1, __ATOMIC_RELAXED);
    if (!files->corrupt_dir)
        return;
    CLEANUP(mem_done) char *to = file_join(files->corrupt_dir, file_name(path));
    err_clear(&err);
    if (!file_rename(path, to, &err))
        log_warn("a damaged file stays where it is: %s", err.text);
}

static bool item_open(struct files_item *item, struct err *err)
{
    if (!file_map(item->path, &item->map, &item->n_bytes, err))
        return false;
    return block_open(item->map, item->n_bytes, item->path, &item->block, err);
}

bool files_open(struct files *files, const struct manifest_file *file, struct files_item **out,
                struct err *err)
{
    struct files_item *item = mem_zalloc(sizeof(struct files_item));

    item->info = *file;
    item->path = files_path(files, file);
    *out = NULL;
    if (item_open(item, err)) {
        *out = item;
        return true;
    }
    bool is_lost = !file_exists(item->path) || err->kind == ERR_CORRUPT;
    if (is_lost) {
        log_warn("%s: %s", files->corrupt_dir ? "set aside" : "left out", err->text);
        if (file_exists(item->path))
            files_set_aside(files, item->path);
        else
            __atomic_fetch_add(&files->n_corrupt, 1, __ATOMIC_RELAXED);
        err_clear(err);
    }
    files_item_free(item);
    return is_lost;
}

/* ---- versions ---- */

static bool is_dropped(const struct files_item *item, const uint64_t *drop, size_t n_drop)
{
    for (size_t i = 0; i < n_drop; i++)
        if (drop[i] == item->info.generation)
            return true;
    return false;
}

static int by_place(const struct manifest_file *a, const struct manifest_file *b)
{
    if (a->class_no != b->class_no)
        return a->class_no < b->class_no ? -1 : 1;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return a->generation < b->generation ? -1 : a->generation > b->generation;
}

static void version_add(struct files_version *version, struct files_item *item)
{
    size_t i = version->n++;
    for (; i > 0 && by_place(&item->info, &version->items[i - 1]->info) < 0; i--)
        version->items[i] = version->items[i - 1];
    version->items[i] = item;
}

static void item_unlink(struct files *files, struct files_item *item)
{
    struct err err;

    if (__atomic_exchange_n(&item->is_bad, false, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_sub(&files->n_bad, 1, __ATOMIC_SEQ_CST);
        files_set_aside(files, item->path);
        return;
    }
    err_clear(&err);
    if (!file_unlink(item->path, &err))
        log_warn("a dropped file stays until the next start: %s", err.text);
}

void files_install(struct files *files, struct files_item *const *add, size_t n_add,
                   const uint64_t *drop, size_t n_drop, const struct manifest_state *state)
{
    struct files_version *old = files->current; /* only the keeper changes it */
    struct files_version *version = version_new(old->n + n_add);

    for (size_t i = 0; i < old->n; i++) {
        if (is_dropped(old->items[i], drop, n_drop))
            item_unlink(files, old->items[i]);
        else
            version->items[version->n++] = old->items[i];
    }
    for (size_t i = 0; i < n_add; i++)
        version_add(version, add[i]);
    for (size_t i = 0; i < HEAD_CLASSES_MAX; i++)
        memcpy(version->floors_s[i], state->classes[i].floor_s, sizeof version->floors_s[i]);

    pthread_mutex_lock(&files->lock);
    for (size_t i = 0; i < version->n; i++)
        version->items[i]->n_refs++;
    files->current = version;
    pthread_mutex_unlock(&files->lock);
    files_unref(files, old);
}

struct files_version *files_ref(struct files *files)
{
    pthread_mutex_lock(&files->lock);
    struct files_version *version = files->current;
    version->n_refs++;
    pthread_mutex_unlock(&files->lock);
    return version;
}

void files_unref(struct files *files, struct files_version *version)
{
    pthread_mutex_lock(&files->lock);
    bool is_last = --version->n_refs == 0;
    pthread_mutex_unlock(&files->lock);
    if (is_last)
        version_free(files, version);
}

/* The first item that does not come before the key. */
static size_t lower_bound(const struct files_version *version, const struct manifest_file *key)
{
    size_t low = 0, high = version->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (by_place(&version->items[mid]->info, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t files_level(const struct files_version *version, uint16_t class_no, uint8_t level,
                   size_t *out_first)
{
    const struct manifest_file key = {0, 0, INT64_MIN, class_no, level};
    const struct manifest_file next = {0, 0, INT64_MIN, class_no, (uint8_t)(level + 1)};

    *out_first = lower_bound(version, &key);
    return lower_bound(version, &next) - *out_first;
}

size_t files_range(const struct files_version *version, uint16_t class_no, uint8_t level,
                   int64_t partition, size_t *out_first)
{
    const struct manifest_file key = {0, 0, partition, class_no, level};
    const size_t low = lower_bound(version, &key);
    size_t n = 0;

    while (low + n < version->n && version->items[low + n]->info.class_no == class_no &&
           version->items[low + n]->info.level == level &&
           version->items[low + n]->info.partition == partition)
        n++;
    *out_first = low;
    return n;
}

/* ---- damage and counts ---- */

void files_mark_bad(struct files *files, struct files_item *item)
{
    if (!__atomic_exchange_n(&item->is_bad, true, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&files->n_bad, 1, __ATOMIC_SEQ_CST);
}

size_t files_n_bad(const struct files *files)
{
    return __atomic_load_n(&files->n_bad, __ATOMIC_SEQ_CST);
}

uint64_t files_n_corrupt(const struct files *files)
{
    return __atomic_load_n(&files->n_corrupt, __ATOMIC_RELAXED);
}

uint64_t files_bytes(struct files *files, size_t *out_n)
{
    struct files_version *version = files_ref(files);
    uint64_t bytes = 0;

    for (size_t i = 0; i < version->n; i++)
        bytes += version->items[i]->n_bytes;
    *out_n = version->n;
    files_unref(files, version);
    return bytes;
}
