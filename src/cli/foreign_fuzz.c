/* Any bytes are refused, or give whole lines. */
#include "cli/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(buf_done) struct buf out;
    struct err err;
    buf_init(&out, 1 << 20);
    if (foreign_lines((const char *)bytes, n, &out, &err))
        BUG_IF(out.n && out.at[out.n - 1] != '\n');
    return 0;
}
