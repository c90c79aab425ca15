#include "os/disk.h"

#include <sys/statvfs.h>

bool disk_usage(const char *path, struct disk_usage *out, struct err *err)
{
    struct statvfs st;
    if (statvfs(path, &st) != 0)
        return FAIL(err, ERR_IO, "room on '%s'", path);
    const uint64_t block = st.f_frsize;
    *out = (struct disk_usage){
        .total_bytes = block * st.f_blocks,
        .free_bytes = block * st.f_bavail,
        .used_bytes = block * (st.f_blocks - st.f_bfree),
    };
    return true;
}
