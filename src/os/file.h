/* Files and folders. Every system call on files goes through here, so that tests can make the n-th
 * one fail (file_faults). Errors are ERR_IO with the path unless said otherwise. Thread: any. */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

void fd_done(int *fd);           /* for CLEANUP: closes if >= 0 */
MUST_CHECK int take_fd(int *fd); /* hands it over and leaves -1 */
/* A closed stdin, stdout or stderr would be the next file or connection that is opened, and a warning would
 * be written into that: they become /dev/null. For main. */
void fd_fill_streams(void);

/* flags as open(2); O_CLOEXEC is added. ERR_MISSING when it does not exist. */
MUST_CHECK bool file_open(const char *path, int flags, int *out_fd, struct err *err);
MUST_CHECK bool file_size(int fd, const char *path, int64_t *out_bytes, struct err *err);
/* All n bytes or false; a short write on a full disk is ERR_IO (ENOSPC). path is for the message. */
MUST_CHECK bool file_write(int fd, const char *path, const void *bytes, size_t n, struct err *err);
MUST_CHECK bool file_write_at(int fd, const char *path, const void *bytes, size_t n, int64_t at,
                              struct err *err);
/* Reads up to n; *out_n is less only at the end of the file. */
MUST_CHECK bool file_read_at(int fd, const char *path, void *bytes, size_t n, int64_t at,
                             size_t *out_n, struct err *err);
MUST_CHECK bool file_sync(int fd, const char *path, struct err *err); /* fdatasync */
MUST_CHECK bool file_truncate(int fd, const char *path, int64_t bytes, struct err *err);
MUST_CHECK bool file_rename(const char *from, const char *to, struct err *err);
MUST_CHECK bool file_unlink(const char *path, struct err *err); /* a missing file is fine */
bool file_exists(const char *path);
/* What follows the last '/', lent. */
const char *file_name(const char *path);
/* dir/name; the caller frees it. */
MUST_CHECK char *file_join(const char *dir, const char *name);
/* A second name for the same file. False also where the file system cannot: copy it then. */
MUST_CHECK bool file_link(const char *from, const char *to, struct err *err);
/* The first n bytes of a file as a new one, synced. err: ERR_IO, also when it has fewer, and when
 * there is a file `to`. */
MUST_CHECK bool file_copy(const char *from, const char *to, uint64_t n, struct err *err);

/* The whole file, appended to out (whose maximum is the limit: ERR_LIMIT past it). */
MUST_CHECK bool file_read_all(const char *path, struct buf *out, struct err *err);
/* Writes path.tmp, syncs it, renames it over path and syncs the folder. */
MUST_CHECK bool file_replace(const char *path, const void *bytes, size_t n, struct err *err);

/* Read-only mapping of a whole file (NULL and 0 for an empty one). */
MUST_CHECK bool file_map(const char *path, const void **out, size_t *out_n, struct err *err);
void file_unmap(const void *at, size_t n);

MUST_CHECK bool dir_make(const char *path,
                         struct err *err); /* and its parents; fine if it exists */
/* One folder that was not there before. err: ERR_REFUSED there is something of that name. */
MUST_CHECK bool dir_make_new(const char *path, struct err *err);
/* The absolute path without links, "." and "..", in the arena. err: ERR_MISSING, ERR_INPUT no folder. */
MUST_CHECK bool dir_real(const char *path, struct arena *arena, const char **out, struct err *err);
/* The folder that path lies in ("." when it has none), in the arena. */
const char *dir_above(const char *path, struct arena *arena);
MUST_CHECK bool dir_sync(const char *path, struct err *err);
/* Calls fn for each entry but . and .., in name order. */
typedef bool (*dir_fn)(void *self, const char *name, struct err *err);
MUST_CHECK bool dir_each(const char *path, dir_fn fn, void *self, struct err *err);
MUST_CHECK bool dir_remove(const char *path, struct err *err); /* with everything in it */

/* An exclusive lock held until the descriptor is closed or the process ends.
 * ERR_BUSY when another process holds it. */
MUST_CHECK bool file_lock(const char *path, int *out_fd, struct err *err);

/* Does some process hold the lock of that file now? Changes nothing; no file: no. */
MUST_CHECK bool file_is_locked(const char *path, bool *out, struct err *err);

/* ---- for tests: what may go wrong, and what was done ---- */

enum file_call {
    FILE_CALL_OPEN = 1,
    FILE_CALL_READ = 2,
    FILE_CALL_WRITE = 4,
    FILE_CALL_SYNC = 8, /* of files and folders */
    FILE_CALL_MAP = 16,
    FILE_CALL_OTHER = 32, /* names, lengths, locks, lists */
    FILE_CALL_ANY = 63,
};

struct file_fault {
    uint64_t first,
        n; /* the first-th call of these kinds from now (1 = the next) and the n - 1 after */
    unsigned kinds; /* of file_call */
    int errno_value;
    bool is_short; /* a write that fails has written half before */
};
/* NULL: no faults. Returns how many calls of the last plan's kinds were made since it was given. */
uint64_t file_fault_plan(const struct file_fault *plan);
/* The n-th call from now fails with errno_value, once; n = 0: never. Returns as file_fault_plan. */
uint64_t file_faults(uint64_t n, int errno_value);

/* A change that was made. at -1: where the descriptor stands now, n bytes further on. */
struct file_event {
    enum file_event_kind {
        FILE_EVENT_OPENED, /* to be made or emptied; n: O_TRUNC was given */
        FILE_EVENT_WRITTEN,
        FILE_EVENT_TRUNCATED, /* to `at` bytes */
        FILE_EVENT_SYNCED,
        FILE_EVENT_SYNC_FAILED,
        FILE_EVENT_RENAMED,
        FILE_EVENT_UNLINKED, /* or a folder removed */
        FILE_EVENT_DIR_MADE,
        FILE_EVENT_DIR_SYNCED,
    } kind;
    int fd; /* or -1 */
    const char *path, *to;
    const void *bytes;
    size_t n;
    int64_t at;
};
typedef void (*file_event_fn)(void *self, const struct file_event *event);
/* Tells fn of every change from now on; NULL: nobody. Thread: no other may be changing files. */
void file_watch(file_event_fn fn, void *self);
