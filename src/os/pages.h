/* Memory straight from the kernel: zeroed, only there where it was touched, and what is no longer needed
 * can be given back piece by piece. For big tables; base/mem.h serves the rest. Pages of 2 MB are not asked
 * for: where a host lends memory to a virtual machine page by page, they cost some four times as much a byte
 * (docs/performance.md, "What memory costs"). Thread: any. */
#pragma once

#include <stddef.h>

/* At least bytes (> 0) that read as zero, from the edge of a page on; never NULL. */
void *pages_new(size_t bytes);
/* NULL is fine; bytes as they were asked for. */
void pages_free(void *at, size_t bytes);
/* Makes bytes at `at` (inside one piece of pages_new) read as zero again and gives whole pages of it
 * back. A load at the same time sees the old byte or zero. */
void pages_zero(void *at, size_t bytes);
/* Makes the pages of it be there, all at once: half of what it costs one by one. A hint. */
void pages_touch(void *at, size_t bytes);
