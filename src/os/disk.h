/* Room on a mounted file system. Thread: any. */
#pragma once

#include "base/err.h"

struct disk_usage {
    uint64_t total_bytes;
    uint64_t free_bytes; /* for everybody, the part that only root may use left out */
    uint64_t used_bytes;
};

/* Of the file system that path lies on. err: ERR_IO with the path. */
MUST_CHECK bool disk_usage(const char *path, struct disk_usage *out, struct err *err);
