/* Any text is refused with its line, or commits that each have a name. */
#include "base/mem.h"
#include "cli/ingest_git.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct commit_list list = {0};
    struct err err;
    arena_init(&arena);
    if (ingest_git_read(str_make((const char *)bytes, n), "web", &arena, &list, &err)) {
        for (size_t i = 0; i < list.n; i++)
            BUG_IF(!list.items[i].sha[0]);
    } else {
        BUG_IF(err.kind != ERR_INPUT);
    }
    arena_done(&arena);
    return 0;
}
