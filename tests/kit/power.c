#include "kit/power.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"

enum {
    SECTOR_BYTES = 512,
    FILE_BYTES_MAX = 64 << 20,
    PATH_BYTES = 1024,
    IS_DIR = -1, /* a name's file, when it is a folder */
    NO_FILE = -2,
};

/* One change. Paths are relative to the folder; "" is the folder itself. */
struct op {
    enum file_event_kind kind;
    int file; /* that is written to, or gets the name; IS_DIR */
    char *path, *to;
    char *bytes;
    size_t n, at;
    size_t
        safe_from; /* of a name: the number of changes after which it cannot be undone; 0: none */
};

struct name {
    char *path;
    int file;
};

struct names {
    struct name *items;
    size_t n, cap;
};

/* A file as it is now, with its identity outside. */
struct known {
    dev_t dev;
    ino_t ino;
    struct buf base; /* its bytes when the recording began */
};

struct power {
    char *dir;
    struct op *ops;
    size_t n, cap;
    struct known *files;
    size_t n_files, cap_files;
    struct names base, now;
    void (*then)(void *self, size_t i);
    void *then_self;
};

/* ---- names ---- */

static size_t names_find(const struct names *names, const char *path)
{
    size_t i = 0;
    while (i < names->n && strcmp(names->items[i].path, path) != 0)
        i++;
    return i;
}

static int names_get(const struct names *names, const char *path)
{
    size_t i = names_find(names, path);
    return i < names->n ? names->items[i].file : NO_FILE;
}

static void names_remove(struct names *names, const char *path)
{
    size_t i = names_find(names, path);
    if (i == names->n)
        return;
    mem_free(names->items[i].path);
    names->items[i] = names->items[--names->n];
}

static void names_set(struct names *names, const char *path, int file)
{
    names_remove(names, path);
    mem_grow(&names->items, &names->cap, names->n + 1, sizeof(struct name));
    names->items[names->n++] = (struct name){mem_strdup(path), file};
}

static void names_done(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        mem_free(names->items[i].path);
    mem_free(names->items);
    *names = (struct names){0};
}

/* What a change does to the names. */
static void names_apply(struct names *names, const struct op *op)
{
    if (op->kind == FILE_EVENT_RENAMED) {
        names_remove(names, op->path);
        names_set(names, op->to, op->file);
    } else if (op->kind == FILE_EVENT_UNLINKED) {
        names_remove(names, op->path);
    } else {
        names_set(names, op->path, op->file);
    }
}

static bool is_of_names(const struct op *op)
{
    return op->kind == FILE_EVENT_RENAMED || op->kind == FILE_EVENT_UNLINKED ||
           op->kind == FILE_EVENT_DIR_MADE || op->kind == FILE_EVENT_OPENED;
}

/* Is path an entry of the folder dir? */
static bool is_in(const char *path, const char *dir)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!path)
        return false;
    const size_t n = slash ? (size_t)(slash - path) : 0;
    return n == strlen(dir) && strncmp(path, dir, n) == 0;
}

/* ---- recording ---- */

/* The path inside the folder, or NULL when it is outside. */
static const char *inside(const struct power *power, const char *path)
{
    const size_t n = strlen(power->dir);
    if (!path || strncmp(path, power->dir, n) != 0 || (path[n] != '/' && path[n] != '\0'))
        return NULL;
    path += n;
    while (*path == '/')
        path++;
    return path;
}

static int file_new(struct power *power, const struct stat *about)
{
    /* the number of a file that is gone may be given to a new one */
    for (size_t i = 0; i < power->n_files; i++)
        if (power->files[i].ino == about->st_ino && power->files[i].dev == about->st_dev)
            power->files[i].ino = 0;
    mem_grow(&power->files, &power->cap_files, power->n_files + 1, sizeof(struct known));
    struct known *file = &power->files[power->n_files];
    *file = (struct known){.dev = about->st_dev, .ino = about->st_ino};
    buf_init(&file->base, FILE_BYTES_MAX);
    return (int)power->n_files++;
}

static int file_of(const struct power *power, int fd)
{
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0)
        return NO_FILE;
    for (size_t i = 0; i < power->n_files; i++)
        if (power->files[i].ino == about.st_ino && power->files[i].dev == about.st_dev)
            return (int)i;
    return NO_FILE;
}

static struct op *op_add(struct power *power, enum file_event_kind kind, int file)
{
    mem_grow(&power->ops, &power->cap, power->n + 1, sizeof(struct op));
    struct op *op = &power->ops[power->n++];
    *op = (struct op){.kind = kind, .file = file};
    return op;
}

static void on_opened(struct power *power, const struct file_event *event, const char *path)
{
    struct stat about;
    if (fstat(event->fd, &about) != 0)
        return;
    int file = names_get(&power->now, path);
    if (file == NO_FILE) {
        file = file_new(power, &about);
        struct op *op = op_add(power, FILE_EVENT_OPENED, file);
        op->path = mem_strdup(path);
        names_apply(&power->now, op);
    }
    if (event->n)
        op_add(power, FILE_EVENT_TRUNCATED, file);
}

static void on_names(struct power *power, const struct file_event *event, const char *path)
{
    const char *to = inside(power, event->to);
    const int was = names_get(&power->now, path);
    const bool is_nothing =
        event->kind == FILE_EVENT_DIR_MADE ? was == IS_DIR || path[0] == '\0' : was == NO_FILE;
    if (is_nothing || (event->kind == FILE_EVENT_RENAMED && !to))
        return;
    struct op *op = op_add(power, event->kind, event->kind == FILE_EVENT_DIR_MADE ? IS_DIR : was);
    op->path = mem_strdup(path);
    op->to = to ? mem_strdup(to) : NULL;
    names_apply(&power->now, op);
}

static void on_bytes(struct power *power, const struct file_event *event)
{
    const int file = file_of(power, event->fd);
    if (file == NO_FILE)
        return;
    struct op *op = op_add(power, event->kind, file);
    op->at = (size_t)event->at;
    op->n = event->n;
    if (event->kind != FILE_EVENT_WRITTEN)
        return;
    if (event->at < 0)
        op->at = (size_t)lseek(event->fd, 0, SEEK_CUR) - event->n;
    op->bytes = mem_alloc(event->n + 1);
    memcpy(op->bytes, event->bytes, event->n);
}

/* Names are safe once a folder they touch is. */
static void on_dir_synced(struct power *power, const char *dir)
{
    op_add(power, FILE_EVENT_DIR_SYNCED, IS_DIR)->path = mem_strdup(dir);
    for (size_t i = 0; i < power->n; i++) {
        struct op *op = &power->ops[i];
        if (is_of_names(op) && op->safe_from == 0 && (is_in(op->path, dir) || is_in(op->to, dir)))
            op->safe_from = power->n;
    }
}

static void record(struct power *power, const struct file_event *event)
{
    const char *path = inside(power, event->path);

    if (!event->path)
        on_bytes(power, event);
    else if (path && event->kind == FILE_EVENT_OPENED)
        on_opened(power, event, path);
    else if (path && event->kind == FILE_EVENT_DIR_SYNCED)
        on_dir_synced(power, path);
    else if (path)
        on_names(power, event, path);
}

static void on_event(void *self, const struct file_event *event)
{
    struct power *power = self;
    const size_t n = power->n;
    void (*then)(void *self, size_t i) = power->then;

    record(power, event);
    if (!then || power->n == n)
        return;
    power->then = NULL;
    then(power->then_self, power->n - 1);
    power->then = then;
}

static void base_add(struct power *power, const char *path);

static void base_add_all(struct power *power, const char *path)
{
    char child[PATH_BYTES];
    DIR *dir = opendir(kit_path(power->dir, path));
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(child, sizeof child, "%s%s%s", path, path[0] ? "/" : "", entry->d_name);
        base_add(power, child);
    }
    if (dir)
        closedir(dir);
}

static void base_add(struct power *power, const char *path)
{
    const char *full = kit_path(power->dir, path);
    struct stat about;
    struct err err;

    if (stat(full, &about) != 0)
        return;
    if (S_ISDIR(about.st_mode)) {
        names_set(&power->base, path, IS_DIR);
        names_set(&power->now, path, IS_DIR);
        base_add_all(power, path);
        return;
    }
    const int file = file_new(power, &about);
    EXPECT(file_read_all(full, &power->files[file].base, &err));
    names_set(&power->base, path, file);
    names_set(&power->now, path, file);
}

struct power *power_begin(const char *dir)
{
    struct power *power = mem_zalloc(sizeof(struct power));
    power->dir = mem_strdup(dir);
    base_add_all(power, "");
    file_watch(on_event, power);
    return power;
}

void power_then(struct power *power, void (*then)(void *self, size_t i), void *self)
{
    power->then = then;
    power->then_self = self;
}

void power_stop(struct power *power UNUSED)
{
    file_watch(NULL, NULL);
}

void power_end(struct power *power)
{
    if (!power)
        return;
    power_stop(power);
    for (size_t i = 0; i < power->n; i++) {
        mem_free(power->ops[i].path);
        mem_free(power->ops[i].to);
        mem_free(power->ops[i].bytes);
    }
    for (size_t i = 0; i < power->n_files; i++)
        buf_done(&power->files[i].base);
    names_done(&power->base);
    names_done(&power->now);
    mem_free(power->ops);
    mem_free(power->files);
    mem_free(power->dir);
    mem_free(power);
}

size_t power_count(const struct power *power)
{
    return power->n;
}

static const char *name_of_file(const struct power *power, size_t until, int file)
{
    const char *found = "?";
    for (size_t i = 0; i < power->base.n; i++)
        if (power->base.items[i].file == file)
            found = power->base.items[i].path;
    for (size_t i = 0; i < until; i++) {
        const struct op *op = &power->ops[i];
        if (op->file == file && (op->kind == FILE_EVENT_OPENED || op->kind == FILE_EVENT_RENAMED))
            found = op->to ? op->to : op->path;
    }
    return found;
}

const char *power_text(const struct power *power, size_t i)
{
    static const char *const words[] = {"make",   "write",       "truncate",
                                        "sync",   "failed sync", "rename",
                                        "unlink", "make folder", "sync folder"};
    static char text[3 * PATH_BYTES];

    if (i >= power->n)
        return "the end";
    const struct op *op = &power->ops[i];
    const char *path = op->path ? op->path : name_of_file(power, i, op->file);
    if (op->kind == FILE_EVENT_WRITTEN)
        (void)snprintf(text, sizeof text, "write %zu at %zu of %s", op->n, op->at, path);
    else
        (void)snprintf(text, sizeof text, "%s %s%s%s", words[op->kind], path, op->to ? " to " : "",
                       op->to ? op->to : "");
    return text;
}

/* ---- the cut ---- */

/* Which of what is not safe is kept. */
enum keep { KEEP_NONE, KEEP_ALL, KEEP_FIRST, KEEP_ANY };

struct cut {
    const struct power *power;
    size_t n;
    uint64_t random;
    enum keep data, names;
    size_t names_until; /* KEEP_FIRST: those before this change */
};

static uint64_t below(struct cut *cut, uint64_t n)
{
    uint64_t z = cut->random += 0x9E3779B97F4A7C15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % n;
}

static void choose(struct cut *cut, uint64_t seed)
{
    static const struct {
        enum keep data, names;
    } plain[POWER_PLAIN_SEEDS] = {
        {KEEP_NONE, KEEP_NONE}, {KEEP_ALL, KEEP_ALL}, {KEEP_NONE, KEEP_ALL}, {KEEP_ALL, KEEP_NONE}};
    cut->random = (seed + 1) * 0xBF58476D1CE4E5B9u ^ (cut->n + 1) * 0x94D049BB133111EBu;
    if (seed < POWER_PLAIN_SEEDS) {
        cut->data = plain[seed].data;
        cut->names = plain[seed].names;
        return;
    }
    cut->data = KEEP_ANY;
    cut->names = (enum keep)below(cut, 4);
    cut->names_until = below(cut, cut->n + 1);
}

static bool is_kept_name(struct cut *cut, size_t i)
{
    const size_t safe_from = cut->power->ops[i].safe_from;
    if ((safe_from > 0 && safe_from <= cut->n) || cut->names == KEEP_ALL)
        return true;
    if (cut->names == KEEP_FIRST)
        return i < cut->names_until;
    return cut->names == KEEP_ANY && below(cut, 2) == 0;
}

static struct names names_after(struct cut *cut)
{
    const struct power *power = cut->power;
    struct names names = {0};

    for (size_t i = 0; i < power->base.n; i++)
        names_set(&names, power->base.items[i].path, power->base.items[i].file);
    for (size_t i = 0; i < power->n && i <= cut->n; i++)
        if (is_of_names(&power->ops[i]) && is_kept_name(cut, i))
            names_apply(&names, &power->ops[i]);
    return names;
}

static void bytes_apply(struct buf *bytes, const struct op *op)
{
    const size_t end = op->kind == FILE_EVENT_WRITTEN ? op->at + op->n : op->at;
    if (end > bytes->n) {
        char *more = buf_room(bytes, end - bytes->n);
        memset(more, 0, end - bytes->n);
        bytes->n = end;
    }
    if (op->kind == FILE_EVENT_WRITTEN)
        memcpy(bytes->at + op->at, op->bytes, op->n);
    else
        bytes->n = end;
}

/* The changes to one file that may or may not be on the disk. */
struct pending {
    const struct op **items;
    size_t n, cap;
};

/* A sector is as after any of the writes; so is the length. */
static void pending_apply(struct cut *cut, const struct pending *pending, struct buf *bytes)
{
    size_t longest = bytes->n;
    for (size_t i = 0; i < pending->n; i++)
        longest = max_size(longest, pending->items[i]->at + pending->items[i]->n);
    const size_t n_sectors = longest / SECTOR_BYTES + 1;
    size_t *turns = mem_array(n_sectors, size_t);
    char *out = mem_zalloc(n_sectors * SECTOR_BYTES);
    size_t length = bytes->n;
    const size_t length_turn = below(cut, pending->n + 1);

    for (size_t s = 0; s < n_sectors; s++)
        turns[s] = below(cut, 2) ? below(cut, pending->n + 1) : below(cut, 2) * pending->n;
    for (size_t turn = 0; turn <= pending->n; turn++) {
        if (turn > 0)
            bytes_apply(bytes, pending->items[turn - 1]);
        if (turn == length_turn)
            length = bytes->n;
        for (size_t s = 0; s < n_sectors; s++)
            if (turns[s] == turn && s * SECTOR_BYTES < bytes->n)
                memcpy(out + s * SECTOR_BYTES, bytes->at + s * SECTOR_BYTES,
                       min_size(SECTOR_BYTES, bytes->n - s * SECTOR_BYTES));
    }
    buf_clear(bytes);
    buf_add(bytes, out, length);
    mem_free(out);
    mem_free(turns);
}

static void file_after(struct cut *cut, int file, struct buf *out)
{
    const struct power *power = cut->power;
    struct pending pending = {0};
    size_t n_failed = 0; /* the first of pending that a failed sync has made doubtful */

    buf_add(out, power->files[file].base.at, power->files[file].base.n);
    for (size_t i = 0; i < power->n && i <= cut->n; i++) {
        const struct op *op = &power->ops[i];
        if (op->file != file || is_of_names(op))
            continue;
        if (op->kind == FILE_EVENT_SYNC_FAILED) {
            n_failed = pending.n;
        } else if (op->kind == FILE_EVENT_SYNCED) {
            if (i == cut->n)
                continue; /* under way */
            for (size_t k = 0; k < pending.n; k++)
                if (k >= n_failed || below(cut, 2))
                    bytes_apply(out, pending.items[k]);
            pending.n = n_failed = 0;
        } else {
            mem_grow(&pending.items, &pending.cap, pending.n + 1, sizeof *pending.items);
            pending.items[pending.n++] = op;
        }
    }
    if (cut->data == KEEP_ANY)
        pending_apply(cut, &pending, out);
    for (size_t k = 0; k < pending.n && cut->data == KEEP_ALL; k++)
        bytes_apply(out, pending.items[k]);
    mem_free(pending.items);
}

static void file_put(struct cut *cut, const struct name *name, const char *to)
{
    char path[2 * PATH_BYTES];
    struct buf bytes;
    struct err err;
    CLEANUP(fd_done) int fd = -1;

    (void)snprintf(path, sizeof path, "%s/%s", to, name->path);
    buf_init(&bytes, FILE_BYTES_MAX);
    file_after(cut, name->file, &bytes);
    /* false: its folder did not survive */
    if (file_open(path, O_WRONLY | O_CREAT | O_TRUNC, &fd, &err))
        EXPECT(file_write(fd, path, bytes.at, bytes.n, &err));
    buf_done(&bytes);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

void power_cut(const struct power *power, size_t n, uint64_t seed, const char *to)
{
    struct cut cut = {.power = power, .n = n};
    char path[2 * PATH_BYTES];

    choose(&cut, seed);
    struct names names = names_after(&cut);
    if (names.n > 1)
        qsort(names.items, names.n, sizeof(struct name),
              by_path); /* folders before what is in them */
    for (size_t i = 0; i < names.n; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", to, names.items[i].path);
        if (names.items[i].file == IS_DIR)
            (void)mkdir(path, 0755);
        else
            file_put(&cut, &names.items[i], to);
    }
    names_done(&names);
}
