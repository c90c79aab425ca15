/* The JSON of changes as clients send it. */
#include "api/change_json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    struct change change = change_blank();
    struct err err;
    if (change_json_read((const char *)bytes, n, &arena, &change, &err)) {
        BUG_IF(change.n_tags > CHANGE_TAGS_MAX);
        if (change_check(&change, 1700000000000, &arena, &err)) {
            struct buf out;
            buf_init(&out, 1 << 20);
            struct jsonw json;
            jsonw_init(&json, &out, 0);
            change_json_write(&json, &change);
            buf_done(&out);
        }
    }
    struct change whole = change_blank();
    if (change_json_read_whole((const char *)bytes, n, &arena, &whole, &err)) {
        BUG_IF(whole.id[0] && strlen(whole.id) != 26);
        BUG_IF(whole.n_also > CHANGE_TELLINGS_MAX);
        if (change_check(&whole, 1700000000000, &arena, &err))
            BUG_IF(!whole.start_ms);
    }
    arena_done(&arena);
    return 0;
}
