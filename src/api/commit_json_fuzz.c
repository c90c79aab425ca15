/* Any body is refused with its reason, or commits that are whole. */
#include <string.h>

#include "api/commit_json.h"
#include "base/mem.h"
#include "model/change.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct commit_list list = {0};
    struct err err;
    arena_init(&arena);
    if (commit_json_read((const char *)bytes, n, &arena, &list, &err)) {
        for (size_t i = 0; i < list.n; i++) {
            BUG_IF(!list.items[i].service[0] || strlen(list.items[i].sha) < 7);
            BUG_IF(strlen(list.items[i].title) > CHANGE_TEXT_MAX);
        }
    } else {
        BUG_IF(err.kind != ERR_INPUT && err.kind != ERR_LIMIT);
    }
    arena_done(&arena);
    return 0;
}
