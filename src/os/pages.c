#include "os/pages.h"

#include <string.h>
#include <sys/mman.h>

#include "base/base.h"

void *pages_new(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    BUG_IF(at == MAP_FAILED); /* out of address space: as mem_alloc */
    return at;
}

void pages_free(void *at, size_t bytes)
{
    if (at)
        (void)munmap(at, bytes);
}

void pages_zero(void *at, size_t bytes)
{
    if (bytes > 0 && madvise(at, bytes, MADV_DONTNEED) != 0)
        memset(at, 0, bytes); /* not on the edge of a page of this machine */
}

void pages_touch(void *at, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    (void)madvise(at, bytes, MADV_POPULATE_WRITE);
#else
    (void)at, (void)bytes;
#endif
}
