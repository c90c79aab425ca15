/* The JSON text of ledger rows: decoding what was damaged, and encoding what was decoded. */
#include "ledger/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    struct change change;
    struct err err;
    if (row_decode((const char *)bytes, n, &arena, &change, &err)) {
        struct buf out;
        buf_init(&out, 1 << 20);
        row_encode(&change, NULL, &out);
        struct change again;
        BUG_IF(!out.is_full && !row_decode(out.at, out.n, &arena, &again, &err));
        buf_done(&out);
    }
    arena_done(&arena);
    return 0;
}
