#include "os/pages.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"

static size_t whole(size_t bytes)
{
    return (bytes + PAGES_ALIGN - 1) / PAGES_ALIGN * PAGES_ALIGN;
}

void *pages_new(size_t bytes)
{
    const size_t n = whole(bytes), n_all = n + PAGES_ALIGN;
    char *all = mmap(NULL, n_all, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    BUG_IF(all == MAP_FAILED); /* out of address space: as mem_alloc */

    const size_t before = whole((uintptr_t)all) - (uintptr_t)all;
    if (before > 0)
        (void)munmap(all, before);
    if (n_all - before > n)
        (void)munmap(all + before + n, n_all - before - n);
    return all + before;
}

void pages_free(void *at, size_t bytes)
{
    if (at)
        (void)munmap(at, whole(bytes));
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
