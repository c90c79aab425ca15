#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    READ_CHUNK_BYTES = 256 * 1024,
    PATH_BYTES_MAX = 4096, /* the kernel's own */
};

/* Calls made, and which ones fail. Counters only. */
static _Atomic uint64_t n_calls, fail_first, fail_n;
static _Atomic int fail_errno;
static _Atomic unsigned fail_kinds = FILE_CALL_ANY;
static _Atomic bool fail_is_short;

static file_event_fn watch_fn; /* tests only: set while nothing else runs */
static void *watch_self;

uint64_t file_fault_plan(const struct file_fault *plan)
{
    static const struct file_fault none = {.kinds = FILE_CALL_ANY};
    const struct file_fault *now = plan ? plan : &none;

    atomic_store(&fail_first, 0);
    atomic_store(&fail_errno, now->errno_value);
    atomic_store(&fail_kinds, now->kinds);
    atomic_store(&fail_is_short, now->is_short);
    atomic_store(&fail_n, now->n);
    uint64_t made = atomic_exchange(&n_calls, 0);
    atomic_store(&fail_first, now->first);
    return made;
}

uint64_t file_faults(uint64_t n, int errno_value)
{
    return file_fault_plan(&(struct file_fault){n, 1, FILE_CALL_ANY, errno_value, false});
}

/* True at the calls that a test chose. */
static bool fault(enum file_call kind)
{
    if (!(atomic_load_explicit(&fail_kinds, memory_order_relaxed) & kind))
        return false;
    uint64_t first = atomic_load_explicit(&fail_first, memory_order_relaxed);
    uint64_t now = atomic_fetch_add_explicit(&n_calls, 1, memory_order_relaxed) + 1;
    if (LIKELY(first == 0 || now < first || now - first >= atomic_load(&fail_n)))
        return false;
    errno = atomic_load(&fail_errno);
    return true;
}

void file_watch(file_event_fn fn, void *self)
{
    watch_fn = fn;
    watch_self = self;
}

/* errno stays as it was. */
static void tell(const struct file_event *event)
{
    if (LIKELY(!watch_fn))
        return;
    const int kept = errno;
    watch_fn(watch_self, event);
    errno = kept;
}

static void tell_path(enum file_event_kind kind, const char *path, const char *to)
{
    tell(&(struct file_event){.kind = kind, .fd = -1, .path = path, .to = to});
}

void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

void fd_fill_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR); /* not close-on-exec: children have streams, too */
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

bool file_open(const char *path, int flags, int *out_fd, struct err *err)
{
    int fd = fault(FILE_CALL_OPEN) ? -1 : open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0 && errno == ENOENT)
        return FAIL(err, ERR_MISSING, "'%s' does not exist", path);
    if (fd < 0)
        return FAIL(err, ERR_IO, "open '%s'", path);
    if (flags & (O_CREAT | O_TRUNC))
        tell(&(struct file_event){
            .kind = FILE_EVENT_OPENED, .fd = fd, .path = path, .n = (flags & O_TRUNC) != 0});
    *out_fd = fd;
    return true;
}

bool file_size(int fd, const char *path, int64_t *out_bytes, struct err *err)
{
    struct stat st;
    if (fault(FILE_CALL_OTHER) || fstat(fd, &st) != 0)
        return FAIL(err, ERR_IO, "size of '%s'", path);
    *out_bytes = st.st_size;
    return true;
}

/* at < 0: where the descriptor stands. */
static ssize_t write_once(int fd, const void *bytes, size_t n, int64_t at)
{
    const bool is_fault = fault(FILE_CALL_WRITE);
    const int fault_errno = errno;
    ssize_t done = -1;

    if (is_fault)
        n = atomic_load(&fail_is_short) ? n / 2 : 0;
    if (n > 0)
        done = at < 0 ? write(fd, bytes, n) : pwrite(fd, bytes, n, at);
    if (done > 0)
        tell(&(struct file_event){
            .kind = FILE_EVENT_WRITTEN, .fd = fd, .bytes = bytes, .n = (size_t)done, .at = at});
    if (!is_fault)
        return done;
    errno = fault_errno;
    return -1;
}

static bool write_all(int fd, const char *path, struct str bytes, int64_t at, struct err *err)
{
    while (bytes.n) {
        ssize_t done = write_once(fd, bytes.at, bytes.n, at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return FAIL(err, ERR_IO, "write '%s'", path);
        at = at < 0 ? at : at + done;
        bytes.at += done;
        bytes.n -= (size_t)done;
    }
    return true;
}

bool file_write(int fd, const char *path, const void *bytes, size_t n, struct err *err)
{
    return write_all(fd, path, (struct str){bytes, n}, -1, err);
}

bool file_write_at(int fd, const char *path, const void *bytes, size_t n, int64_t at,
                   struct err *err)
{
    return write_all(fd, path, (struct str){bytes, n}, at, err);
}

bool file_read_at(int fd, const char *path, void *bytes, size_t n, int64_t at, size_t *out_n,
                  struct err *err)
{
    char *to = bytes;
    size_t got = 0;
    while (got < n) {
        ssize_t done = fault(FILE_CALL_READ) ? -1 : pread(fd, to + got, n - got, at + (int64_t)got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return FAIL(err, ERR_IO, "read '%s'", path);
        if (done == 0)
            break;
        got += (size_t)done;
    }
    *out_n = got;
    return true;
}

bool file_sync(int fd, const char *path, struct err *err)
{
    const bool is_ok = !fault(FILE_CALL_SYNC) && fdatasync(fd) == 0;
    tell(
        &(struct file_event){.kind = is_ok ? FILE_EVENT_SYNCED : FILE_EVENT_SYNC_FAILED, .fd = fd});
    return is_ok || FAIL(err, ERR_IO, "sync '%s'", path);
}

bool file_truncate(int fd, const char *path, int64_t bytes, struct err *err)
{
    if (fault(FILE_CALL_OTHER) || ftruncate(fd, bytes) != 0)
        return FAIL(err, ERR_IO, "truncate '%s'", path);
    tell(&(struct file_event){.kind = FILE_EVENT_TRUNCATED, .fd = fd, .at = bytes});
    return true;
}

bool file_rename(const char *from, const char *to, struct err *err)
{
    if (fault(FILE_CALL_OTHER) || rename(from, to) != 0)
        return FAIL(err, ERR_IO, "rename '%s' to '%s'", from, to);
    tell_path(FILE_EVENT_RENAMED, from, to);
    return true;
}

bool file_unlink(const char *path, struct err *err)
{
    if (fault(FILE_CALL_OTHER) || (unlink(path) != 0 && errno != ENOENT))
        return FAIL(err, ERR_IO, "remove '%s'", path);
    tell_path(FILE_EVENT_UNLINKED, path, NULL);
    return true;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_read_all(const char *path, struct buf *out, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    if (!file_open(path, O_RDONLY, &fd, err))
        return false;
    for (int64_t at = 0;;) {
        size_t wanted = min_size(READ_CHUNK_BYTES, out->max - out->n);
        char *to = buf_room(out, wanted);
        size_t got = 0;
        if (!to || !file_read_at(fd, path, to, wanted, at, &got, err))
            return to ? false : FAIL(err, ERR_LIMIT, "'%s' is too large", path);
        out->n += got;
        out->at[out->n] = '\0';
        at += (int64_t)got;
        if (got < wanted)
            return true;
        if (out->n < out->max)
            continue;
        char beyond;
        if (!file_read_at(fd, path, &beyond, 1, at, &got, err))
            return false;
        return got == 0 || FAIL(err, ERR_LIMIT, "'%s' has more than %zu bytes", path, out->max);
    }
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *file_join(const char *dir, const char *name)
{
    const size_t n = strlen(dir) + 1 + strlen(name) + 1;
    char *path = mem_alloc(n);
    (void)snprintf(path, n, "%s/%s", dir, name);
    return path;
}

bool file_link(const char *from, const char *to, struct err *err)
{
    if (fault(FILE_CALL_OTHER) || link(from, to) != 0)
        return FAIL(err, ERR_IO, "link '%s' to '%s'", from, to);
    return true;
}

static bool copy_bytes(const char *from, const char *to, int from_fd, int to_fd, uint64_t n,
                       struct err *err)
{
    CLEANUP(mem_done) void *chunk = mem_alloc(READ_CHUNK_BYTES);
    for (uint64_t at = 0; at < n;) {
        size_t got;
        const size_t wanted = (size_t)(n - at < READ_CHUNK_BYTES ? n - at : READ_CHUNK_BYTES);
        if (!file_read_at(from_fd, from, chunk, wanted, (int64_t)at, &got, err))
            return false;
        if (got < wanted)
            return FAIL_SAID(err, "'%s' ends early", from);
        if (!file_write_at(to_fd, to, chunk, got, (int64_t)at, err))
            return false;
        at += got;
    }
    return true;
}

bool file_copy(const char *from, const char *to, uint64_t n, struct err *err)
{
    CLEANUP(fd_done) int from_fd = -1;
    CLEANUP(fd_done) int to_fd = -1;
    return file_open(from, O_RDONLY, &from_fd, err) &&
           file_open(to, O_WRONLY | O_CREAT | O_EXCL, &to_fd, err) &&
           copy_bytes(from, to, from_fd, to_fd, n, err) && file_sync(to_fd, to, err);
}

/* The folder part of path ("." when it has none). */
static void folder_of(const char *path, char out[PATH_BYTES_MAX])
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(out, PATH_BYTES_MAX, ".");
    else
        snprintf(out, PATH_BYTES_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static bool write_new(const char *path, const void *bytes, size_t n, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    return file_open(path, O_WRONLY | O_CREAT | O_TRUNC, &fd, err) &&
           file_write(fd, path, bytes, n, err) && file_sync(fd, path, err);
}

bool file_replace(const char *path, const void *bytes, size_t n, struct err *err)
{
    char temp[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
    if (snprintf(temp, sizeof temp, "%s.tmp", path) >= (int)sizeof temp)
        return FAIL(err, ERR_LIMIT, "path too long: '%.200s...'", path);
    folder_of(path, folder);
    if (!write_new(temp, bytes, n, err) || !file_rename(temp, path, err)) {
        if (unlink(temp) == 0)
            tell_path(FILE_EVENT_UNLINKED, temp, NULL);
        return false;
    }
    return dir_sync(folder, err);
}

bool file_map(const char *path, const void **out, size_t *out_n, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    int64_t bytes;
    if (!file_open(path, O_RDONLY, &fd, err) || !file_size(fd, path, &bytes, err))
        return false;
    void *at = NULL;
    if (bytes > 0) {
        at = fault(FILE_CALL_MAP) ? MAP_FAILED
                                  : mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            return FAIL(err, ERR_IO, "map '%s'", path);
    }
    *out = at;
    *out_n = (size_t)bytes;
    return true;
}

void file_unmap(const void *at, size_t n)
{
    union {
        const void *in;
        void *out;
    } address = {.in = at};
    if (at)
        munmap(address.out, n);
}

bool dir_make(const char *path, struct err *err)
{
    char part[PATH_BYTES_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return FAIL(err, ERR_LIMIT, "path too long: '%.200s...'", path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (fault(FILE_CALL_OTHER) || (mkdir(part, 0755) != 0 && errno != EEXIST))
            return FAIL(err, ERR_IO, "make folder '%s'", part);
        tell_path(FILE_EVENT_DIR_MADE, part, NULL);
    }
    return true;
}

bool dir_make_new(const char *path, struct err *err)
{
    if (!fault(FILE_CALL_OTHER) && mkdir(path, 0755) == 0)
        return true;
    if (errno == EEXIST)
        return FAIL(err, ERR_REFUSED, "'%s' is there already", path);
    return FAIL(err, ERR_IO, "make folder '%s'", path);
}

bool dir_real(const char *path, struct arena *arena, const char **out, struct err *err)
{
    char real[PATH_MAX];
    struct stat st;
    if (fault(FILE_CALL_OTHER) || !realpath(path, real) || stat(real, &st) != 0) {
        if (errno == ENOENT)
            return FAIL(err, ERR_MISSING, "there is no folder '%s'", path);
        return FAIL(err, ERR_IO, "find folder '%s'", path);
    }
    if (!S_ISDIR(st.st_mode))
        return FAIL(err, ERR_INPUT, "'%s' is no folder", path);
    *out = arena_strdup(arena, real);
    return true;
}

const char *dir_above(const char *path, struct arena *arena)
{
    char folder[PATH_BYTES_MAX];
    folder_of(path, folder);
    return arena_strdup(arena, folder);
}

bool dir_sync(const char *path, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    if (!file_open(path, O_RDONLY | O_DIRECTORY, &fd, err))
        return false;
    if (fault(FILE_CALL_SYNC) || fsync(fd) != 0)
        return FAIL(err, ERR_IO, "sync folder '%s'", path);
    tell_path(FILE_EVENT_DIR_SYNCED, path, NULL);
    return true;
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        mem_free(names[i]);
    mem_free(names);
}

bool dir_each(const char *path, dir_fn fn, void *self, struct err *err)
{
    struct dirent **names = NULL;
    int n = fault(FILE_CALL_OTHER) ? -1 : scandir(path, &names, NULL, alphasort);
    if (n < 0)
        return FAIL(err, errno == ENOENT ? ERR_MISSING : ERR_IO, "list folder '%s'", path);
    bool is_ok = true;
    for (int i = 0; i < n && is_ok; i++) {
        const char *name = names[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            is_ok = fn(self, name, err);
    }
    free_names(names, n);
    return is_ok;
}

static bool remove_entry(void *self, const char *name, struct err *err)
{
    const char *folder = self;
    char path[PATH_BYTES_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return FAIL(err, ERR_LIMIT, "path too long under '%.200s'", folder);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return dir_remove(path, err);
    return file_unlink(path, err);
}

bool dir_remove(const char *path, struct err *err)
{
    char copy[PATH_BYTES_MAX];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return FAIL(err, ERR_LIMIT, "path too long: '%.200s...'", path);
    if (!dir_each(path, remove_entry, copy, err))
        return err && err->kind == ERR_MISSING;
    if (fault(FILE_CALL_OTHER) || rmdir(path) != 0)
        return FAIL(err, ERR_IO, "remove folder '%s'", path);
    tell_path(FILE_EVENT_UNLINKED, path, NULL);
    return true;
}

bool file_lock(const char *path, int *out_fd, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    if (!file_open(path, O_RDWR | O_CREAT, &fd, err))
        return false;
    if (fault(FILE_CALL_OTHER) || flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return FAIL(err, ERR_BUSY, "'%s' is locked by another process", path);
        return FAIL(err, ERR_IO, "lock '%s'", path);
    }
    *out_fd = take_fd(&fd);
    return true;
}

bool file_is_locked(const char *path, bool *out, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    *out = false;
    if (!file_exists(path))
        return true;
    if (!file_open(path, O_RDONLY, &fd, err))
        return false;
    /* shared, and for an instant: two that look do not see each other */
    if (!fault(FILE_CALL_OTHER) && flock(fd, LOCK_SH | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return FAIL(err, ERR_IO, "look at the lock of '%s'", path);
    *out = true;
    return true;
}
